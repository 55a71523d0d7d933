# SPDX-License-Identifier: AGPL-3.0-or-later
"""A password is shown that was made in a weaker or another way than the one that was agreed."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.listed import attack
from tests.attacks.wired import VERSIONS_PATH, Authority, Wired, wired
from tests.identity_setting import TOKEN, totp
from tests.net.tls_setting import said, stdlib_client
from wwcp_ocpi.protocol.credentials_token import TokenForm, authorization
from wwcp_ocpi.security.audit import Reason
from wwcp_ocpi.security.carriers import write_header


@attack("bound-to-raw")
async def test_a_raw_password_where_a_bound_one_is_agreed(tmp_path: Path) -> None:
    async with wired(Authority(tmp_path)) as here:
        thief = here.line()
        await here.made.demand()
        assert await here.ask(thief, totp(), bound=False) == 200
        await here.made.demand(must_bind=True)
        assert await here.ask(thief, totp(), bound=False) == 401
        assert here.made.audit.taken() == [Reason.UNBOUND_TOTP]
        assert await here.ask(thief, totp()) == 200


@attack("bound-to-raw")
async def test_a_raw_password_that_says_that_it_is_bound(tmp_path: Path) -> None:
    async with wired(Authority(tmp_path)) as here:
        thief = here.line()
        await here.made.demand()
        sent = {"authorization": authorization(TOKEN, TokenForm.BASE64)}
        raw, lie = ({**sent, "totp": write_header(here.made.now(), is_bound=bound)} for bound in (False, True))
        assert await here.ask(thief, headers=raw) == 200
        assert await here.ask(thief, headers=lie) == 401
        assert here.made.audit.taken() == [Reason.INVALID_TOTP]


async def over_tls_1_2(here: Wired, password: str) -> bytes:
    """What an attacker in the middle, or an old client, is told that speaks nothing newer.

    Raises:
        OSError: there is no connection.
    """
    context = stdlib_client(here.trust, maximum_version=ssl.TLSVersion.TLSv1_2)
    reader, writer = await asyncio.open_connection("127.0.0.1", here.port, ssl=context)
    token = authorization(TOKEN, TokenForm.BASE64)
    head = f"GET {VERSIONS_PATH} HTTP/1.1\r\nhost: h\r\nauthorization: {token}\r\ntotp: {password}\r\n"
    return await said(reader, writer, f"{head}connection: close\r\n\r\n".encode())


@attack("older-tls")
async def test_a_connection_of_an_older_tls(tmp_path: Path) -> None:
    async with wired(Authority(tmp_path / "weak"), least="1.2") as here:
        await here.made.demand()
        raw, bound = (write_header(here.made.now(), is_bound=bound) for bound in (False, True))
        assert (await over_tls_1_2(here, raw)).startswith(b"HTTP/1.1 200 ")
        assert (await over_tls_1_2(here, bound)).startswith(b"HTTP/1.1 401 ")
        assert here.made.audit.taken() == [Reason.NO_CHANNEL]
        await here.made.demand(must_bind=True)
        assert (await over_tls_1_2(here, raw)).startswith(b"HTTP/1.1 401 ")
        assert here.made.audit.taken() == [Reason.UNBOUND_TOTP]
    async with wired(Authority(tmp_path / "strong"), least="1.3") as here:
        await here.made.demand()
        with pytest.raises(ssl.SSLError, match="protocol version"):
            await over_tls_1_2(here, write_header(here.made.now(), is_bound=False))


async def _in_another_format(folder: Path, **other: Any) -> None:
    async with wired(Authority(folder)) as here:
        thief, weak = here.line(), totp(**other)
        await here.made.demand(weak)
        assert [await here.ask(thief, weak, bound=bound) for bound in (False, True)] == [200, 200]
        await here.made.demand(at_once=True)
        assert [await here.ask(thief, weak, bound=bound) for bound in (False, True)] == [401, 401]
        assert [await here.ask(thief, totp(), bound=bound) for bound in (False, True)] == [200, 200]


@attack("other-hash")
@pytest.mark.parametrize("hash", ["sha384", "sha512"])
async def test_another_hash(tmp_path: Path, hash: str) -> None:
    await _in_another_format(tmp_path, hash=hash)


@attack("other-length")
@pytest.mark.parametrize("length", [8, 11, 13])
async def test_another_length(tmp_path: Path, length: int) -> None:
    """The shorter ones are the beginning of the right one."""
    await _in_another_format(tmp_path, length=length)


@attack("other-alphabet")
@pytest.mark.parametrize("alphabet", ["0123456789abcdef", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"])
async def test_another_alphabet(tmp_path: Path, alphabet: str) -> None:
    await _in_another_format(tmp_path, alphabet=alphabet)


@attack("clock")
@pytest.mark.parametrize(("slots", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
@pytest.mark.parametrize("bound", [False, True])
async def test_another_time(tmp_path: Path, slots: int, status: int, *, bound: bool) -> None:
    """Where slots are ten minutes long, a password of two slots of thirty seconds away is good."""
    async with wired(Authority(tmp_path)) as here:
        now, thief = here.made.clock.at - here.made.clock.at % 600 + 300, here.line()
        long = totp(validity_s=600)
        for way, expected in ((long, 200), (totp(), status)):
            await here.made.demand(way, at_once=True)
            here.made.clock.at = now
            assert await here.ask(thief, way, bound=bound, clock=lambda: now + 30 * slots) == expected
