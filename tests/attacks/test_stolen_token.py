# SPDX-License-Identifier: AGPL-3.0-or-later
"""A thief has the token, or the token with a password, or the whole request, and a connection of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.attacks.listed import attack
from tests.attacks.wired import Authority, wired
from tests.identity_setting import totp
from wwcp_ocpi.security.audit import Reason
from wwcp_ocpi.security.passwords import SingleUse


@attack("stolen-token")
async def test_a_stolen_token(tmp_path: Path) -> None:
    async with wired(Authority(tmp_path)) as here:
        partner, thief = here.line(), here.line()
        assert await here.ask(thief) == 200
        await here.made.demand(must_bind=True)
        assert await here.ask(thief) == 401
        assert here.made.audit.taken() == [Reason.MISSING_TOTP]
        assert await here.ask(partner, totp()) == 200


@attack("captured-later")
async def test_token_and_password_ten_minutes_later(tmp_path: Path) -> None:
    async with wired(Authority(tmp_path)) as here:
        partner, thief = here.line(), here.line()
        hour_long = totp(validity_s=3600)
        await here.made.demand(hour_long)
        captured = await here.captured(partner, bound=False, password=hour_long)
        here.made.clock.at += 600
        assert await here.ask(thief, headers=captured) == 200

        await here.made.demand(at_once=True)
        captured = await here.captured(partner, bound=False)
        here.made.clock.at += 600
        assert await here.ask(thief, headers=captured) == 401
        assert await here.ask(partner, totp(), bound=False) == 200


@attack("captured-later")
async def test_token_and_password_in_the_third_slot_from_then(tmp_path: Path) -> None:
    async with wired(Authority(tmp_path)) as here:
        await here.made.demand()
        thief = here.line()
        here.made.clock.at -= here.made.clock.at % 30
        captured = await here.captured(here.line(), bound=False)
        here.made.clock.at += 59
        assert await here.ask(thief, headers=captured) == 200
        here.made.clock.at += 1
        assert await here.ask(thief, headers=captured) == 401
        assert here.made.audit.taken()[-1] is Reason.EXPIRED_TOTP


@attack("captured-at-once")
@pytest.mark.parametrize(
    ("protection", "bound", "reason"),
    [
        ({"must_bind": True}, True, Reason.INVALID_TOTP),
        ({"single_use": SingleUse.STRICT}, False, Reason.REPLAYED_TOTP),
    ],
)
async def test_token_and_password_at_once(
    tmp_path: Path, protection: dict[str, Any], reason: Reason, *, bound: bool
) -> None:
    async with wired(Authority(tmp_path)) as here:
        partner, thief = here.line(), here.line()
        await here.made.demand()
        captured = await here.captured(partner, bound=False)
        assert await here.ask(thief, headers=captured) == 200

        here.made.clock.at += 90
        await here.made.demand(**protection)
        captured = await here.captured(partner, bound=bound)
        assert await here.ask(thief, headers=captured) == 401
        assert here.made.audit.taken() == [reason]


@attack("captured-elsewhere")
async def test_the_whole_request_on_another_connection(tmp_path: Path) -> None:
    """Raw passwords are for the connection on which they were seen first; bound ones are for one connection anyway."""
    async with wired(Authority(tmp_path)) as here:
        partner, thief = here.line(), here.line()
        await here.made.demand()
        captured = await here.captured(partner, bound=False)
        assert await here.ask(thief, headers=captured) == 200

        here.made.clock.at += 90
        await here.made.demand(single_use=SingleUse.PER_CONNECTION)
        captured = await here.captured(partner, bound=False)
        assert await here.ask(partner, headers=captured) == 200
        assert await here.ask(thief, headers=captured) == 401
        assert here.made.audit.taken() == [Reason.REPLAYED_TOTP]
        captured = await here.captured(partner, bound=True)
        assert await here.ask(partner, headers=captured) == 200
        assert await here.ask(thief, headers=captured) == 401
        assert here.made.audit.taken() == [Reason.INVALID_TOTP]
        exporters = {one.channel.exporter for one in here.asked if one.channel is not None}
        assert len(exporters) == 2, "one TLS connection each"
