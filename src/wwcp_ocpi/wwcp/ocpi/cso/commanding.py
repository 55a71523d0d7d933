# SPDX-License-Identifier: AGPL-3.0-or-later
"""Commands of eMSPs, as verbs of the roaming network. Spec: mod_commands.

What can be seen at once is answered at once: a place that we do not offer, a session of another partner, an operator
who cannot do it. Everything else is accepted, done in the background, and its result reported, by the tables of
`charging_words`, with the operator's reason as text.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Protocol, TypeVar

import structlog

from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.decisions import CommandAnswer, CommandOutcome, CommandRequest, Report
from wwcp_ocpi.v2_3_0.enums import AuthMethod, CommandResultType
from wwcp_ocpi.v2_3_0.tokens import Token
from wwcp_ocpi.wwcp.ids.opaque import ChargingReservationId, ChargingSessionId
from wwcp_ocpi.wwcp.ids.parties import EMobilityProviderId
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, EVSEId
from wwcp_ocpi.wwcp.model.base import I18NText
from wwcp_ocpi.wwcp.model.charging import ChargingSession, ReservationLevel
from wwcp_ocpi.wwcp.model.requests import CancelReservation, ChargingLocation, RemoteStart, RemoteStop, Reserve
from wwcp_ocpi.wwcp.model.result_codes import (
    CancellationReason,
    CancelReservationCode,
    RemoteStartCode,
    ReservationCode,
)
from wwcp_ocpi.wwcp.model.station_verbs import Unlock
from wwcp_ocpi.wwcp.network.places import UnknownId
from wwcp_ocpi.wwcp.ocpi import charging_words as words
from wwcp_ocpi.wwcp.ocpi.cso.names import PublishedNames
from wwcp_ocpi.wwcp.ocpi.cso.payers import authentication_of, cdr_token, emsp_of, kept, payer_of, token_in
from wwcp_ocpi.wwcp.ocpi.cso.reserving import Held, Reservations
from wwcp_ocpi.wwcp.ocpi.cso.scope import Scope
from wwcp_ocpi.wwcp.ocpi.cso.session_ids import SessionIds
from wwcp_ocpi.wwcp.ocpi.inward.names import provider_id_of
from wwcp_ocpi.wwcp.ocpi.session import Payer
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork

log = structlog.get_logger()

GRACE_S = 5
"""How much longer than the network gives an operator a partner shall wait for the result."""
_MOST_TEXT = 512
_C = TypeVar("_C")
_R = TypeVar("_R", covariant=True)


class Refusal(Exception):
    """What a partner is answered at once. Never leaves this module."""

    def __init__(self, answer: CommandAnswer) -> None:
        super().__init__(answer.result)
        self.answer = answer


class Result(Protocol[_R]):
    """What every answer to a verb has."""

    @property
    def result(self) -> _R: ...

    @property
    def description(self) -> I18NText: ...


class Commanding:
    """The Commander of the adapter. `starting` are the sessions whose start has not been answered yet."""

    def __init__(
        self,
        name: str,
        network: RoamingNetwork,
        book: PartnerBook,
        names: PublishedNames,
        scope: Scope,
        ids: SessionIds,
        reservations: Reservations,
        started: Callable[[ChargingSessionId], None],
    ) -> None:
        self.starting: set[ChargingSessionId] = set()
        self._name = name
        self._network = network
        self._book = book
        self._names = names
        self._scope = scope
        self._ids = ids
        self._reservations = reservations
        self._started = started
        self._tasks: set[asyncio.Task[None]] = set()
        self._commands: Mapping[str, Callable[[CommandRequest, Report], Awaitable[None]]] = {
            "START_SESSION": self._start,
            "STOP_SESSION": self._stop,
            "RESERVE_NOW": self._reserve,
            "CANCEL_RESERVATION": self._cancel,
            "UNLOCK_CONNECTOR": self._unlock,
        }

    async def run(self, asked: CommandRequest, report: Report) -> CommandAnswer:
        """Answer at once; what is accepted is done in the background."""
        command = self._commands.get(asked.command)
        if command is None:
            return CommandAnswer(result="NOT_SUPPORTED")
        try:
            await command(asked, report)
        except Refusal as refusal:
            log.info("wwcp.command_refused", partner=asked.partner, command=asked.command, answer=refusal.answer.result)
            return refusal.answer
        return CommandAnswer(result="ACCEPTED", timeout_s=math.ceil(self._network.options.verb_timeout_s) + GRACE_S)

    async def settle(self) -> None:
        """Wait until all that was accepted is reported."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def stop(self) -> None:
        """Give up what is under way; partners hear of it when their time is over."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # The commands

    async def _start(self, asked: CommandRequest, report: Report) -> None:
        location = self._location(asked)
        token = self._token(asked)
        provider = _provider(token)
        held = self._reservations.of_driver(asked.partner, token.uid, _pool(location), location.evse_id)
        maker = provider or _pool(location).operator
        id = ChargingSessionId.of(maker)
        payer = Payer(
            partner=asked.partner,
            token=cdr_token(token),
            auth_method=AuthMethod.COMMAND,
            authorization_reference=asked.authorization_reference,
            group_id=token.group_id,
        )
        request = RemoteStart(
            location=location,
            authentication=authentication_of(token),
            provider_id=provider,
            session_id=id,
            reservation_id=held.id if held is not None else None,
            authentication_path=asked.partner,
            roaming_provider_id=self._name,
            additional_context=kept(payer),
        )

        async def start() -> CommandOutcome:
            self.starting.add(id)
            try:
                result = await self._network.remote_start(request)
            finally:
                self.starting.discard(id)
                self._started(id)
            outcome = _outcome(words.REMOTE_START, result)
            if held is not None and result.result is RemoteStartCode.Reserved:
                return _told(CommandResultType.UNKNOWN_RESERVATION, result.description)
            return outcome

        self._later(asked, report, start())

    async def _stop(self, asked: CommandRequest, report: Report) -> None:
        session = await self._session(asked)
        payer = payer_of(session)
        assert payer is not None
        request = RemoteStop(
            session_id=session.id,
            provider_id=provider_id_of(PartyId.of(payer.token.country_code, payer.token.party_id)),
            authentication_path=asked.partner,
            roaming_provider_id=self._name,
        )

        async def stop() -> CommandOutcome:
            return _outcome(words.REMOTE_STOP, await self._network.remote_stop(request))

        self._later(asked, report, stop())

    async def _reserve(self, asked: CommandRequest, report: Report) -> None:
        location = self._location(asked)
        token = self._token(asked)
        theirs, expiry = asked.reservation_id, asked.expiry_date
        now = self._network.places.now
        if theirs is None or expiry is None or expiry <= now:
            raise _refused("REJECTED", "expected a reservation with an expiry date in the future")
        provider = _provider(token)
        held = self._reservations.find(asked.partner, theirs)
        id = held.id if held is not None else ChargingReservationId.of(provider or _pool(location).operator)
        authentication = authentication_of(token)
        request = Reserve(
            location=location,
            level=ReservationLevel.EVSE if location.evse_id is not None else ReservationLevel.ChargingPool,
            start_time=now,
            duration_s=max(1, (expiry.micros - now.micros) // 1_000_000),
            reservation_id=id,
            provider_id=provider,
            authentication=authentication,
            authentication_path=asked.partner,
            roaming_provider_id=self._name,
            auth_tokens=[token.uid],
            emaids=[authentication.remote_identification] if authentication.remote_identification else [],
        )

        async def reserve() -> CommandOutcome:
            result = await self._network.reserve(request)
            made = result.reservation_id or id
            if result.result in _RESERVED:
                await self._reservations.keep(
                    Held(
                        partner=asked.partner,
                        theirs=theirs,
                        ours=str(made),
                        order=asked.id,
                        token_uid=token.uid,
                        pool=str(_pool(location)),
                        evse=str(location.evse_id) if location.evse_id is not None else None,
                    )
                )
            return _outcome(words.RESERVE, result)

        self._later(asked, report, reserve())

    async def _cancel(self, asked: CommandRequest, report: Report) -> None:
        held = self._reservations.find(asked.partner, asked.reservation_id or "")

        async def cancel() -> CommandOutcome:
            if held is None:
                return _told(CommandResultType.UNKNOWN_RESERVATION, {})
            self._reservations.cancelling(held)
            reserved = self._network.reservation(held.id)
            result = await self._network.cancel_reservation(
                CancelReservation(
                    reservation_id=held.id,
                    reason=CancellationReason.Deleted,
                    provider_id=reserved.provider_id if reserved is not None else None,
                    roaming_provider_id=self._name,
                )
            )
            if result.result is CancelReservationCode.UnknownReservationId:
                await self._reservations.forget(held)
            elif self._network.reservation(held.id) is not None:
                await self._reservations.keep(held)
            return _outcome(words.CANCEL_RESERVATION, result)

        self._later(asked, report, cancel())

    async def _unlock(self, asked: CommandRequest, report: Report) -> None:
        location = self._location(asked)
        if location.evse_id is None:
            raise _refused("REJECTED", "expected an EVSE")
        if not self._network.can_unlock(location):
            raise Refusal(CommandAnswer(result="NOT_SUPPORTED"))
        request = Unlock(location=location, roaming_provider_id=self._name)

        async def unlock() -> CommandOutcome:
            return _outcome(words.UNLOCK, await self._network.unlock(request))

        self._later(asked, report, unlock())

    # What they need

    def _location(self, asked: CommandRequest) -> ChargingLocation:
        """The place that is meant.

        Raises:
            Refusal: we offer none of that name; or it has no such EVSE or connector.
        """
        pool_id = self._names.pool(asked.parties, asked.location_id or "")
        if pool_id is None or not self._scope.has_pool(pool_id):
            raise Refusal(CommandAnswer(result="REJECTED", timeout_s=0, unknown_location=True))
        evse_id = self._evse(pool_id, asked.evse_uid) if asked.evse_uid is not None else None
        connector_id = asked.connector_id
        if connector_id is not None and evse_id is not None:
            known = [one.id for one in self._network.places.evse(evse_id).charging_connectors]
            connector_id = next((one for one in known if one.upper() == connector_id.upper()), None)
            if connector_id is None:
                raise _refused("REJECTED", f"the EVSE has no connector {asked.connector_id}")
        return ChargingLocation(charging_pool_id=pool_id, evse_id=evse_id, connector_id=connector_id)

    def _evse(self, pool_id: ChargingPoolId, uid: str) -> EVSEId:
        evse_id, places = self._names.evse(pool_id, uid), self._network.places
        try:
            is_there = evse_id is not None and places.pool_id_of(evse_id) == pool_id
        except UnknownId:
            is_there = False
        if evse_id is None or not is_there or not self._scope.has_evse(places, evse_id):
            raise _refused("REJECTED", f"the Location has no EVSE {uid}")
        return evse_id

    def _token(self, asked: CommandRequest) -> Token:
        partner = self._book.find(asked.partner)
        owner = asked.asking or (emsp_of(partner) if partner is not None else None)
        token = token_in(asked.token, asked.version, owner) if asked.token is not None else None
        if token is None or not token.uid.strip():
            raise _refused("REJECTED", "expected the Token of a party that is known")
        return token

    async def _session(self, asked: CommandRequest) -> ChargingSession:
        """The session that is meant.

        Raises:
            Refusal: there is none of that name, or it is another partner's: which of them is not for him to know.
        """
        id = await self._ids.session_id(asked.session_id or "")
        session = await self._network.session(id) if id is not None else None
        payer = payer_of(session)
        is_included = session is not None and self._scope.has(
            self._network.places, session.charging_pool_id, session.evse_id
        )
        if session is None or payer is None or payer.partner != asked.partner or not is_included:
            raise Refusal(CommandAnswer(result="UNKNOWN_SESSION", timeout_s=0))
        return session

    def _later(self, asked: CommandRequest, report: Report, work: Coroutine[Any, Any, CommandOutcome]) -> None:
        async def do() -> None:
            try:
                outcome = await work
            except Exception:
                # The edge of a background task: the partner hears that it failed, and not why.
                log.exception("wwcp.command_failed", partner=asked.partner, command=asked.command)
                outcome = CommandOutcome(result=CommandResultType.FAILED.value)
            try:
                await report(outcome)
            except Exception:
                log.exception("wwcp.result_not_reported", partner=asked.partner, command=asked.command)

        task = asyncio.get_running_loop().create_task(do())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_RESERVED = frozenset({ReservationCode.Success, ReservationCode.AsyncOperation, ReservationCode.Timeout})
"""After a time-out the network keeps it, so that it can be cancelled."""


def _pool(location: ChargingLocation) -> ChargingPoolId:
    assert location.charging_pool_id is not None
    return location.charging_pool_id


def _provider(token: Token) -> EMobilityProviderId | None:
    return provider_id_of(PartyId.of(token.country_code, token.party_id))


def _outcome(table: Mapping[_C, CommandResultType], result: Result[_C]) -> CommandOutcome:
    """By the table; a code that an operator made up is a failure, with his reason."""
    return _told(table.get(result.result, CommandResultType.FAILED), result.description)


def _told(word: CommandResultType, reason: I18NText) -> CommandOutcome:
    texts = tuple((language[:2].lower(), text[:_MOST_TEXT]) for language, text in reason.items() if text)
    return CommandOutcome(result=word.value, message=texts)


def _refused(word: str, reason: str) -> Refusal:
    return Refusal(CommandAnswer(result=word, timeout_s=0, message=(("en", reason[:_MOST_TEXT]),)))
