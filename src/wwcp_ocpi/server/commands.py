# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands: an eMSP asks a CPO to do something, now, and hears later what became of it. Spec: mod_commands."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.errors import InvalidParameters, NotAllowed, PartnerError
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.protocol.shape import field_names
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.server.asynchronous import Order, decide, order_of, shaped
from wwcp_ocpi.server.call import Answer, Call, ok
from wwcp_ocpi.server.changes import check
from wwcp_ocpi.server.decisions import NO_COMMANDER, CommandAnswer, CommandRequest, Report
from wwcp_ocpi.server.headers import addressed_parties, passed_on
from wwcp_ocpi.server.own import is_capable, parties_with_session

_NEEDS_CONNECTOR = "START_SESSION_CONNECTOR_REQUIRED"
_COMMON = ("location_id", "evse_uid", "evse_id", "connector_id", "session_id", "authorization_reference")
"""Fields that an operator is told of as they came."""


async def command(call: Call) -> Answer:
    """Ask the operator's system to run a command, and tell the partner what it says (CMD-01, CMD-02).

    What we cannot do is answered in the protocol's words, never with ACCEPTED.
    """
    order, asked = await _read(call)
    commander = call.server.commander if call.server.desk is not None else NO_COMMANDER
    parties = asked.parties
    if asked.session_id is not None:
        parties = await parties_with_session(call, asked.session_id, asked.parties)
    if not parties and commander is not NO_COMMANDER:
        answer = CommandAnswer(result="UNKNOWN_SESSION", timeout_s=0)
    else:
        asked = replace(asked, parties=parties)

        async def ask(report: Report) -> CommandAnswer:
            return await commander.run(asked, report)

        answer = await decide(call, order, ask, CommandAnswer(result="REJECTED", timeout_s=0))
    if answer.unknown_location:
        raise PartnerError(
            "$.location_id: no such Location", path="$.location_id", ocpi_status=StatusCode.UNKNOWN_LOCATION
        )
    return ok(codec.encode(shaped(call.endpoint.response, answer)))


def expects_evse(body: Any) -> bool:
    """Whether a command names a connector without its EVSE (CMD-23)."""
    return getattr(body, "connector_id", None) is not None and body.evse_uid is None


async def _read(call: Call) -> tuple[Order, CommandRequest]:
    """The command in the body, if it can be run at all.

    Raises:
        InvalidParameters: the body is not of this command, or its response URL cannot be called.
        NotAllowed: the Token is another party's (CMD-13).
    """
    raw = call.body()
    shape = call.endpoint.object
    assert shape is not None, "every command has a body"
    check(call, shape, raw)
    body: Any = codec.decode(shape, raw)
    fields = patch.split(raw)
    expiry: DateTime | None = getattr(body, "expiry_date", None)
    order = order_of(call, body.response_url, "$.response_url", expiry.micros if expiry is not None else None)
    if expects_evse(body):
        raise InvalidParameters("$.evse_uid: required with connector_id, but missing", path="$.evse_uid")
    token = fields.get("token")
    if token is not None:
        _check_owner(call, patch.split(token))
    custom = fields.get("custom_data") if getattr(body, "custom_data", None) is not None else None
    reservation = getattr(body, "reservation_id", None)
    asked = CommandRequest(
        id=order.id,
        partner=order.partner,
        version=order.version,
        command=order.command,
        parties=tuple(sorted(addressed_parties(call))),
        token=bytes(token) if token is not None else None,
        reservation_id=None if reservation is None else str(reservation),
        expiry_date=expiry,
        timeout_s=getattr(body, "timeout", None),
        error_message=tuple((one.language, one.text) for one in getattr(body, "error_message", None) or ()),
        custom_data=bytes(custom) if custom is not None else None,
        **passed_on(call),
        **{name: getattr(body, name, None) for name in _COMMON},
    )
    await _check_connector(call, asked)
    return order, asked


def _check_owner(call: Call, token: RawObject) -> None:
    """A partner sends commands for its own Tokens only, where the version says whose they are (CMD-13)."""
    names = [patch.text_of(token, name) for name in ("country_code", "party_id")]
    if call.caller.is_hub or not call.version.facts.objects_name_owner:
        return
    owner = PartyId.of(names[0] or "", names[1] or "")
    if owner not in call.caller.parties:
        raise NotAllowed(f"$.token.party_id: {owner} is not a party of this partner", path="$.token.party_id")


async def _check_connector(call: Call, asked: CommandRequest) -> None:
    """Refuse a start without connector where our own EVSE asks for one (CMD-23)."""
    if asked.evse_uid is None or asked.connector_id is not None or asked.location_id is None or asked.token is None:
        return
    if "connector_id" not in field_names(call.endpoint.request):
        return
    if await is_capable(call, _NEEDS_CONNECTOR, asked.location_id, asked.evse_uid, asked.parties):
        raise InvalidParameters("$.connector_id: required by this EVSE, but missing", path="$.connector_id")
