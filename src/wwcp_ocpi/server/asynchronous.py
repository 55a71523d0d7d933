# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is asked now and done later: commands and charging profiles. Spec: mod_commands, mod_charging_profiles.

The receiver answers at once for itself, and posts the result to the URL that came with the request when the charge
point has answered. Both ends outlive one request, so what keeps them is a floor above, behind two ports. The modules
differ in the words and objects they use, and those are in tables.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, TypeAlias, TypeVar

import msgspec
import structlog
from msgspec.structs import replace

from wwcp_ocpi.protocol import codec, conformance
from wwcp_ocpi.protocol.endpoint import Endpoint, Interface, Operation
from wwcp_ocpi.protocol.errors import InvalidParameters, NotFound, PartnerError, UsageError
from wwcp_ocpi.protocol.http import can_be_called
from wwcp_ocpi.protocol.shape import StructType, field_names, fields_of
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.call import Answer, Call, ok
from wwcp_ocpi.server.decisions import CommandAnswer, CommandOutcome, Outcome, ProfileOutcome, Reply
from wwcp_ocpi.server.headers import addressed_parties, from_party

log = structlog.get_logger()

DECIDE_S = 10.0
"""How long the operator's system may think before the partner is answered for it."""
LONGEST_TIMEOUT_S = 3600

ReplyT = TypeVar("ReplyT", bound=Reply)
OutcomeT = TypeVar("OutcomeT", bound=Outcome)


class Matter(msgspec.Struct, frozen=True):
    """How a module speaks of what becomes of a request.

    `unheard` is the result that a partner is told when nobody reported in time. None: the module has no word for it,
    and its partner knows from the timeout (CHP-14).
    """

    outcome: type[Outcome]
    unheard: str | None


MATTERS: Mapping[str, Matter] = {
    "commands": Matter(CommandOutcome, "TIMEOUT"),
    "chargingprofiles": Matter(ProfileOutcome, None),
}
"""The modules in which things are asked now and done later."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A request as it came, and where its result goes: from which of our parties to which of theirs, if it said so.

    `command` is what was asked, by the name of its row: see `name_of`. `reserved_until` is the end of a reservation,
    in microseconds.
    """

    id: str
    partner: str
    version: str
    module: str = "commands"
    command: str
    response_url: str
    ours: PartyId | None = None
    theirs: PartyId | None = None
    reserved_until: int | None = None


Ask: TypeAlias = Callable[[Callable[[OutcomeT], Awaitable[None]]], Awaitable[ReplyT]]
"""Asks the operator's system, and gives it the way to report the outcome."""


class Desk(Protocol):
    """Keeps what was accepted until the partner knows its result."""

    async def run(self, order: Order, ask: Ask[OutcomeT, ReplyT]) -> ReplyT:
        """Give `ask` the way to report the outcome, and return its reply; if that is ACCEPTED, watch over the rest."""
        ...


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """A result that a partner posted. `names` are the values in the path."""

    partner: str
    version: str
    names: Mapping[str, str]
    body: bytes


class Results(Protocol):
    """Knows what we asked partners for, and waits for the results."""

    async def take(self, received: Received) -> bool:
        """Take a result, also a late or second one. False: this partner was never asked that.

        Raises:
            InvalidParameters, MalformedBody: it is no result of what was asked.
        """
        ...


def order_of(call: Call, response_url: str, at: str, reserved_until: int | None = None) -> Order:
    """A new order for what a row asks, with an id that nobody can guess. `at` is where the URL stood.

    Raises:
        InvalidParameters: the response URL cannot be called, or is not at the caller's platform.
    """
    if not can_be_called(response_url):
        raise InvalidParameters(f"{at}: expected an absolute http or https URL", path=at)
    if not call.server.may_call(call.caller.partner, response_url):
        raise InvalidParameters(f"{at}: expected a URL on a host of the platform that asks", path=at)
    ours = addressed_parties(call)
    return Order(
        id=secrets.token_hex(16),
        partner=call.caller.partner,
        version=call.version.number,
        module=call.endpoint.module,
        command=name_of(call.endpoint),
        response_url=response_url,
        ours=next(iter(ours)) if len(ours) == 1 else None,
        theirs=from_party(call.request.headers) if call.version.facts.routed else None,
        reserved_until=reserved_until,
    )


async def decide(call: Call, order: Order, ask: Ask[OutcomeT, ReplyT], undecided: ReplyT) -> ReplyT:
    """Ask the operator's system, for a while, and have what it accepts kept; the reply in the words of the version.

    Args:
        undecided: the reply when it does not decide in time.
    """

    async def in_time(report: Callable[[OutcomeT], Awaitable[None]]) -> ReplyT:
        try:
            async with asyncio.timeout(DECIDE_S):
                return _in_bounds(call, await ask(report))
        except TimeoutError:
            log.warning("order.undecided", partner=order.partner, module=order.module, command=order.command)
            return undecided

    desk = call.server.desk
    return await (in_time(_nobody_listens) if desk is None else desk.run(order, in_time))


async def result(call: Call) -> Answer:
    """Take the result of something that we asked for.

    Whose it is not, and who made its id up, hears the same: there is no such thing.
    """
    body = call.body()
    shape = call.endpoint.object
    if shape is not None:
        check_result(shape, body, call.endpoint.module)
    taker = call.server.results.get(call.endpoint.module)
    received = Received(partner=call.caller.partner, version=call.version.number, names=dict(call.params), body=body)
    if taker is None or not await taker.take(received):
        raise NotFound(f"{call.endpoint.module}: no such request")
    return ok()


def check_result(shape: StructType, body: bytes, module: str) -> None:
    """Refuse what is no such result.

    Raises:
        InvalidParameters, MalformedBody
    """
    if not codec.conforms(shape, body):
        conformance.refuse_errors(conformance.check(shape, body), module)


def name_of(row: Endpoint) -> str:
    """What a row asks for, in one word: the command in its path, or its operation."""
    return row.path if row.operation is Operation.COMMAND else row.operation.value[0]


def result_row(version: Version, module: str) -> Endpoint:
    """The row by which results are posted."""
    return next(row for row in version.rows(module, Interface.SENDER) if row.operation is Operation.RESULT)


def result_shape(version: Version, module: str, name: str) -> StructType:
    """The object that is posted as the result of what was asked: it follows from the row, or all rows have the same."""
    rows = (row for row in version.rows(module, Interface.RECEIVER) if name_of(row) == name)
    shape = next((row.result for row in rows if row.result is not None), None) or result_row(version, module).object
    assert shape is not None, "a result has a body"
    return shape


def result_body(shape: StructType, outcome: Outcome, *otherwise: str) -> bytes:
    """A result in the shape of a version; a word that it has not becomes the first of the others that it has."""
    said: Outcome = replace(outcome, result=word_of(shape, outcome.result, *otherwise))
    return codec.encode(shaped(shape, said))


def lacks_profile(shape: StructType, outcome: Outcome) -> bool:
    """Whether an accepted question for the active profile is answered without one."""
    is_asked = "profile" in field_names(shape) and outcome.result == "ACCEPTED"
    return is_asked and isinstance(outcome, ProfileOutcome) and outcome.profile is None


def check_outcome(order: Order, outcome: Outcome) -> bytes:
    """The result as it will be posted.

    Raises:
        UsageError: no result of that order can be made of this outcome.
    """
    version, what = version_of(order.version), f"{order.module}/{order.command}"
    shape = result_shape(version, order.module, order.command)
    if not isinstance(outcome, MATTERS[order.module].outcome):
        raise UsageError(f"{what}: expected a {MATTERS[order.module].outcome.__name__}, got {type(outcome).__name__}")
    if lacks_profile(shape, outcome):
        raise UsageError(f"{what}: $.profile: required with ACCEPTED, but missing", path="$.profile")
    body = result_body(shape, outcome, version.facts.failed_command, "REJECTED")
    try:
        check_result(shape, body, what)
    except PartnerError as error:
        raise UsageError(str(error), path=error.path) from error
    return body


def word_of(shape: StructType, *words: str) -> str:
    """The first of these words that the version has for a result; the last one if it has none of them."""
    (kind,) = (field.type for field in fields_of(shape) if field.name == "result")
    return next((word for word in words if kind(word).is_known), words[-1])


def shaped(shape: Any, said: Reply | Outcome) -> dict[str, object]:
    """What is said, in the fields that a version has for it."""
    everything: dict[str, object] = {"result": said.result}
    if isinstance(said, Reply):
        everything["timeout"] = said.timeout_s
    if isinstance(said, CommandAnswer | CommandOutcome) and said.message:
        everything["message"] = [{"language": language, "text": text} for language, text in said.message]
    if isinstance(said, ProfileOutcome) and said.profile is not None:
        everything["profile"] = msgspec.Raw(said.profile)
    return {name: value for name, value in everything.items() if name in field_names(shape)}


async def _nobody_listens(_: object) -> None:
    """What there is to report to where no desk keeps orders."""


def _in_bounds(call: Call, reply: ReplyT) -> ReplyT:
    """The reply with a word that the version has, and a timeout that is one."""
    word = word_of(call.endpoint.response, reply.result, "REJECTED")
    timeout_s = max(1, min(reply.timeout_s, LONGEST_TIMEOUT_S)) if word == "ACCEPTED" else 0
    return replace(reply, result=word, timeout_s=timeout_s)
