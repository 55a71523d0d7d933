# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands: an eMSP asks a CPO to do something, now, and hears later what became of it. Spec: mod_commands.

The receiver answers at once for itself, and posts the result to the URL that came with the command when the charge
point has answered. Both ends outlive one request, so what keeps them is a floor above, behind two ports.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeAlias

import msgspec
import structlog
from msgspec.structs import replace

from wwcp_ocpi.protocol import codec, conformance, patch
from wwcp_ocpi.protocol.endpoint import Endpoint, Interface, Operation
from wwcp_ocpi.protocol.errors import InvalidParameters, NotAllowed, NotFound, PartnerError
from wwcp_ocpi.protocol.http import can_be_called
from wwcp_ocpi.protocol.patch import RawObject, Step
from wwcp_ocpi.protocol.shape import StructType, field_names, fields_of
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.scalars import DateTime, PartyId, fold
from wwcp_ocpi.server.call import Answer, Call, ok
from wwcp_ocpi.server.changes import check
from wwcp_ocpi.server.decisions import NO_COMMANDER, CommandAnswer, CommandRequest, Report
from wwcp_ocpi.server.headers import addressed_parties, from_party
from wwcp_ocpi.store.ports import Side

log = structlog.get_logger()

DECIDE_S = 10.0
"""How long the operator's system may think before the partner is answered for it."""
LONGEST_TIMEOUT_S = 3600

_NEEDS_CONNECTOR = "START_SESSION_CONNECTOR_REQUIRED"
_COMMON = ("location_id", "evse_uid", "evse_id", "connector_id", "session_id", "authorization_reference")
"""Fields that an operator is told of as they came."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A command as it came, and where its result goes: from which of our parties to which of theirs, if it said so.

    `reserved_until` is the end of a reservation, in microseconds.
    """

    id: str
    partner: str
    version: str
    command: str
    response_url: str
    ours: PartyId | None = None
    theirs: PartyId | None = None
    reserved_until: int | None = None


Ask: TypeAlias = Callable[[Report], Awaitable[CommandAnswer]]


class Desk(Protocol):
    """Keeps the commands that were accepted until the partner knows their results."""

    async def run(self, order: Order, ask: Ask) -> CommandAnswer:
        """Give `ask` the way to report the outcome, and return its answer; if that is ACCEPTED, watch over the rest."""
        ...


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A result that a partner posted. `names` are the values in the path; the body has the shape of the row."""

    partner: str
    version: str
    names: Mapping[str, str]
    body: bytes


class Results(Protocol):
    """Knows what we asked partners for, and waits for the results."""

    async def take(self, received: Received) -> bool:
        """Take a result, also a late or second one. False: this partner was never asked that."""
        ...


async def command(call: Call) -> Answer:
    """Ask the operator's system to run a command, and tell the partner what it says (CMD-01, CMD-02).

    What we cannot do is answered in the protocol's words, never with ACCEPTED.
    """
    order, asked = await _read(call)
    commander, desk = call.server.commander, call.server.desk
    if desk is None:
        commander = NO_COMMANDER
    parties = await _parties_with_session(call, asked)
    if not parties and commander is not NO_COMMANDER:
        answer = CommandAnswer(result="UNKNOWN_SESSION", timeout_s=0)
    else:
        asked = replace(asked, parties=parties)

        async def ask(report: Report) -> CommandAnswer:
            try:
                async with asyncio.timeout(DECIDE_S):
                    return _in_bounds(call, await commander.run(asked, report))
            except TimeoutError:
                log.warning("command.undecided", partner=asked.partner, command=asked.command)
                return CommandAnswer(result="REJECTED", timeout_s=0)

        answer = await (ask(_nobody_listens) if desk is None else desk.run(order, ask))
    if answer.unknown_location:
        raise PartnerError(
            "$.location_id: no such Location", path="$.location_id", ocpi_status=StatusCode.UNKNOWN_LOCATION
        )
    return ok(codec.encode(_shaped(call.endpoint.response, answer)))


async def result(call: Call) -> Answer:
    """Take the result of something that we asked for.

    Whose it is not, and who made its id up, hears the same: there is no such thing.
    """
    body = call.body()
    shape = call.endpoint.object
    if shape is not None and not codec.conforms(shape, body):
        conformance.refuse_errors(conformance.check(shape, body), call.endpoint.module)
    taker = call.server.results.get(call.endpoint.module)
    received = Received(partner=call.caller.partner, version=call.version.number, names=dict(call.params), body=body)
    if taker is None or not await taker.take(received):
        raise NotFound(f"{call.endpoint.module}: no such request")
    return ok()


def result_row(version: Version) -> Endpoint:
    """The row by which results of commands are posted."""
    return next(row for row in version.rows("commands", Interface.SENDER) if row.operation is Operation.RESULT)


def result_shape(version: Version) -> StructType:
    """The object that is posted as a result: CommandResult, or the CommandResponse again where there is no other."""
    shape = result_row(version).object
    assert shape is not None, "a result has a body"
    return shape


def result_body(shape: StructType, result: str, message: tuple[tuple[str, str], ...], otherwise: str) -> bytes:
    """A result in the shape of a version; a word that it has not becomes `otherwise`."""
    said = CommandAnswer(result=word_of(shape, result, otherwise), message=message)
    return codec.encode(_shaped(shape, said))


def word_of(shape: StructType, word: str, otherwise: str) -> str:
    """The word itself where the version has it."""
    (kind,) = (field.type for field in fields_of(shape) if field.name == "result")
    return word if kind(word).is_known else otherwise


def expects_evse(body: Any) -> bool:
    """Whether a command names a connector without its EVSE (CMD-23)."""
    return getattr(body, "connector_id", None) is not None and body.evse_uid is None


def _shaped(shape: Any, answer: CommandAnswer) -> dict[str, object]:
    everything: dict[str, object] = {"result": answer.result, "timeout": answer.timeout_s}
    if answer.message:
        everything["message"] = [{"language": language, "text": text} for language, text in answer.message]
    return {name: value for name, value in everything.items() if name in field_names(shape)}


async def _nobody_listens(_: object) -> None:
    """What there is to report to where no desk keeps commands."""


def _in_bounds(call: Call, answer: CommandAnswer) -> CommandAnswer:
    """The answer with a word that the version has, and a timeout that is one."""
    result = word_of(call.endpoint.response, answer.result, "REJECTED")
    timeout_s = max(1, min(answer.timeout_s, LONGEST_TIMEOUT_S)) if result == "ACCEPTED" else 0
    return replace(answer, result=result, timeout_s=timeout_s)


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
    if not can_be_called(body.response_url):
        raise InvalidParameters("$.response_url: expected an absolute http or https URL", path="$.response_url")
    if expects_evse(body):
        raise InvalidParameters("$.evse_uid: required with connector_id, but missing", path="$.evse_uid")
    ours = addressed_parties(call)
    token = fields.get("token")
    if token is not None:
        _check_owner(call, patch.split(token))
    expiry: DateTime | None = getattr(body, "expiry_date", None)
    custom = fields.get("custom_data") if getattr(body, "custom_data", None) is not None else None
    order = Order(
        id=secrets.token_hex(16),
        partner=call.caller.partner,
        version=call.version.number,
        command=call.endpoint.path,
        response_url=body.response_url,
        ours=next(iter(ours)) if len(ours) == 1 else None,
        theirs=from_party(call.request.headers) if call.version.facts.routed else None,
        reserved_until=expiry.micros if expiry is not None else None,
    )
    reservation = getattr(body, "reservation_id", None)
    asked = CommandRequest(
        id=order.id,
        partner=order.partner,
        version=order.version,
        command=order.command,
        parties=tuple(sorted(ours)),
        token=bytes(token) if token is not None else None,
        reservation_id=None if reservation is None else str(reservation),
        expiry_date=expiry,
        timeout_s=getattr(body, "timeout", None),
        error_message=tuple((one.language, one.text) for one in getattr(body, "error_message", None) or ()),
        custom_data=bytes(custom) if custom is not None else None,
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
    locations = call.version.kind("locations").resource
    if "connector_id" not in field_names(call.endpoint.request):
        return
    id = call.version.key_id(locations, asked.location_id)
    stored = await call.server.store.find(Side.OURS, "locations", id, asked.parties)
    if stored is None:
        return
    step = Step("evses", "uid", asked.evse_uid, call.version.facts.ids_fold)
    for evse in patch.children(patch.split(stored.body), "evses"):
        if step.is_at(evse) and f'"{_NEEDS_CONNECTOR}"'.encode() in bytes(evse.get("capabilities", b"")):
            raise InvalidParameters("$.connector_id: required by this EVSE, but missing", path="$.connector_id")


async def _parties_with_session(call: Call, asked: CommandRequest) -> tuple[PartyId, ...]:
    """Which of the parties asked may be meant: those with this partner's Session; none, if it is another's.

    A Session that is not in the store is left to the operator's system. Its id is looked for in both spellings: it may
    be stored in a version in which ids are equal in any case, or in one in which they are not.
    """
    if asked.session_id is None:
        return asked.parties
    found = [
        (party, stored.audience)
        for party in asked.parties
        for id in sorted({asked.session_id, fold(asked.session_id)})
        if (stored := await call.server.store.find(Side.OURS, "sessions", id, [party])) is not None
    ]
    return tuple(party for party, audience in found if audience == asked.partner) if found else asked.parties
