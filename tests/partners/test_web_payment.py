# SPDX-License-Identifier: AGPL-3.0-or-later
"""NOTIFY_WEB_PAYMENT_STARTED and _FAILED between two platforms: an extension, refused where it is off."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.command_pair import linked
from tests.commanding import FAILED, STARTED
from tests.platforms import ALL_VERSIONS, CPO
from wwcp_ocpi.protocol.errors import Refused, UsageError
from wwcp_ocpi.server import Server
from wwcp_ocpi.server.decisions import CommandOutcome, CommandRequest

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)
CUSTOM: dict[str, Any] = {"order": 7, "shop": {"name": "Kiosk"}}


async def test_the_operator_hears_that_somebody_pays(version: str) -> None:
    pair = await linked(version)
    sent = await pair.send(STARTED, evse_id="DE*GEF*E1", connector_id="1", custom_data=CUSTOM)
    assert sent.is_accepted
    (asked,) = pair.operator.asked
    assert asked == CommandRequest(
        id=asked.id,
        partner="emsp.example",
        version=version,
        command=STARTED,
        parties=(CPO,),
        location_id="LOC1",
        evse_uid="E1",
        evse_id="DE*GEF*E1",
        connector_id="1",
        timeout_s=120,
        custom_data=asked.custom_data,
    )
    assert asked.custom_data is not None
    assert json.loads(asked.custom_data) == CUSTOM
    await pair.report()
    assert await sent.result() == CommandOutcome(result="ACCEPTED")
    await pair.close()


async def test_the_operator_hears_that_nothing_was_paid_and_why(version: str) -> None:
    pair = await linked(version)
    await pair.send(FAILED, error_message=[{"language": "en", "text": "Declined"}])
    (asked,) = pair.operator.asked
    assert (asked.command, asked.error_message, asked.timeout_s, asked.custom_data) == (
        FAILED,
        (("en", "Declined"),),
        None,
        None,
    )
    await pair.close()


@pytest.mark.parametrize(
    ("command", "more", "message"),
    [
        (STARTED, {"timeout": None}, r"\$\.timeout: required"),
        (STARTED, {"timeout": "long"}, r"\$\.timeout: expected a whole number"),
        (STARTED, {"custom_data": []}, r"\$\.custom_data: expected an object"),
        (FAILED, {"error_message": "no"}, r"\$\.error_message: expected an array"),
        (FAILED, {"evse_uid": None}, r"\$\.evse_uid: required"),
    ],
)
async def test_what_is_no_such_command_is_not_sent(
    version: str, command: str, more: dict[str, Any], message: str
) -> None:
    pair = await linked(version)
    with pytest.raises(UsageError, match=message):
        await pair.send(command, **more)
    assert pair.net.requests == []


@pytest.mark.parametrize("command", [STARTED, FAILED])
async def test_where_it_is_off_it_is_neither_sent_nor_known(version: str, command: str) -> None:
    pair = await linked(version)
    cpo = pair.cpo
    cpo.server = Server(replace(cpo.settings, extensions=frozenset()), cpo.store, cpo.book, cpo.registration)
    pair.net.hosts["cpo.example"] = cpo.server.handle
    with pytest.raises(Refused) as refusal:
        await pair.send(command)
    assert refusal.value.http_status == 404
    pair.emsp.commands._settings = replace(pair.emsp.settings, extensions=frozenset())
    with pytest.raises(UsageError, match=f"{command} is an extension that is off; switch on 'web_payment'"):
        await pair.send(command)
