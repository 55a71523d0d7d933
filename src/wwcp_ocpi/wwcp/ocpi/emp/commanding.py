# SPDX-License-Identifier: AGPL-3.0-or-later
"""RemoteStart, RemoteStop, Reserve, CancelReservation and Unlock as commands to the CPO that runs the place.

A command is answered twice: at once by the CPO, later by the charge point. Between the two the WWCP result is
AsyncOperation, unless the adapter is told to wait. What comes later closes the loop in the network: the awaited session
begins or is dropped, the reservation ends. Which command was for what survives a restart.

Spec: mod_commands
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

import msgspec
import structlog

from wwcp_ocpi.partners.commands import Commands, Pending, SentCommand
from wwcp_ocpi.partners.waiting import wait
from wwcp_ocpi.protocol.endpoint import Interface
from wwcp_ocpi.protocol.errors import CannotConvert, NotFound, OCPIError
from wwcp_ocpi.protocol.shape import field_names, fields_of
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import DateTime, PartyId, fold
from wwcp_ocpi.server.asynchronous import name_of
from wwcp_ocpi.server.decisions import CommandOutcome
from wwcp_ocpi.store.ports import Side
from wwcp_ocpi.wwcp.ids.opaque import ChargingReservationId, ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import ChargingStationOperatorId, EMobilityProviderId
from wwcp_ocpi.wwcp.model.authentication import Authentication
from wwcp_ocpi.wwcp.model.base import I18NText
from wwcp_ocpi.wwcp.model.charging import ChargingSession, SessionStart
from wwcp_ocpi.wwcp.model.requests import CancelReservation, ChargingLocation, RemoteStart, RemoteStop, Reserve
from wwcp_ocpi.wwcp.model.result_codes import (
    CancellationReason,
    CancelReservationCode,
    RemoteStartCode,
    RemoteStopCode,
    ReservationCode,
)
from wwcp_ocpi.wwcp.model.results import (
    CancelReservationResult,
    RemoteStartResult,
    RemoteStopResult,
    ReservationResult,
)
from wwcp_ocpi.wwcp.model.station_verbs import Unlock, UnlockCode, UnlockResult
from wwcp_ocpi.wwcp.model.tokens import ListedToken, Whitelist
from wwcp_ocpi.wwcp.ocpi.emp import results
from wwcp_ocpi.wwcp.ocpi.emp.core import EMPCore
from wwcp_ocpi.wwcp.ocpi.emp.matching import Matches
from wwcp_ocpi.wwcp.ocpi.emp.results import Failure, failure_of, texts_of, word_in
from wwcp_ocpi.wwcp.ocpi.emp.tokens import Tokens, key_of, token_of
from wwcp_ocpi.wwcp.ocpi.inward.names import OCPIPlace

log = structlog.get_logger()

START, STOP, UNLOCK = "START_SESSION", "STOP_SESSION", "UNLOCK_CONNECTOR"
RESERVE, CANCEL = "RESERVE_NOW", "CANCEL_RESERVATION"
AHEAD_S = 60
"""How far ahead a reservation may begin: RESERVE_NOW has no beginning but now."""
MAX_ID = 36
_TRIES, _TRY_S = 3, 1.0
_MAY_HAVE_ARRIVED = frozenset({Failure.UNREACHABLE, Failure.NONSENSE})
"""Then the CPO may report the session after all, and it is the one that the provider asked for."""


class CommandFailed(Exception):
    """A command came to nothing before a CPO answered it."""

    def __init__(self, failure: Failure, reason: str) -> None:
        super().__init__(reason)
        self.failure = failure
        self.reason = reason


class Commanded(msgspec.Struct, frozen=True, kw_only=True):
    """What a command was for: the verb by its command, and the id of the session or reservation."""

    command: str
    subject: str
    at: float
    keep_until: float = 0.0


class Way(msgspec.Struct, frozen=True):
    """Who runs a place, and how it is called there."""

    partner: str
    version: Version
    place: OCPIPlace


class Commanding:
    """RemoteStarter, Reserver and Unlocker for the operators behind OCPI."""

    def __init__(self, core: EMPCore, commands: Commands, matches: Matches, tokens: Tokens) -> None:
        self._core = core
        self._commands = commands
        self._matches = matches
        self._tokens = tokens
        self._kind = f"wwcp.emp.commands.{core.network.id}"
        self._tasks: set[asyncio.Task[None]] = set()
        self._canceled_before = commands.canceled
        commands.canceled = self._canceled

    # Verbs

    async def remote_start(self, request: RemoteStart) -> RemoteStartResult:
        """START_SESSION."""
        assert request.session_id is not None, "the network gives one"
        table, failed = results.REMOTE_START, results.REMOTE_START_FAILED
        try:
            way = await self._way(request.location)
            token, named = await self._token(request.authentication, request.provider_id, way.version)
            reference = await self._matches.expect(request.session_id, way.partner, place=way.place, tokens=named)
            fields = {**_where(way.place, request.location), "token": token, "authorization_reference": reference}
            sent = await self._send(way, START, fields, request.provider_id, request.session_id.canonical)
        except CommandFailed as error:
            if error.failure not in _MAY_HAVE_ARRIVED:
                await self._matches.is_reported(request.session_id)
            return RemoteStartResult(result=failed[error.failure], description={"en": error.reason})
        word, description, is_final = await self._outcome(sent)
        code = word_in(table, word) if is_final else RemoteStartCode.AsyncOperation
        if is_final and word not in ("ACCEPTED", "TIMEOUT"):
            await self._matches.is_reported(request.session_id)
        return RemoteStartResult(result=code, description=description)

    async def remote_stop(self, request: RemoteStop) -> RemoteStopResult:
        """STOP_SESSION, by the id under which the CPO reported the session."""
        try:
            way, session_id = await self._way_to_session(request.session_id)
            sent = await self._send(
                way, STOP, {"session_id": session_id}, request.provider_id, request.session_id.canonical
            )
        except CommandFailed as error:
            code = results.REMOTE_STOP_FAILED[error.failure]
            if error.failure is Failure.UNKNOWN_PLACE:
                code = RemoteStopCode.InvalidSessionId
            return RemoteStopResult(result=code, description={"en": error.reason})
        word, description, is_final = await self._outcome(sent)
        stop = word_in(results.REMOTE_STOP, word) if is_final else RemoteStopCode.AsyncOperation
        return RemoteStopResult(result=stop, description=description)

    async def reserve(self, request: Reserve) -> ReservationResult:
        """RESERVE_NOW, which is from now on."""
        assert request.reservation_id is not None
        assert request.start_time is not None
        if request.start_time.micros > self._core.network.places.now.micros + AHEAD_S * 1_000_000:
            reason = f"expected a reservation from now on, got one from {request.start_time}: OCPI has no other"
            return ReservationResult(result=ReservationCode.Error, description={"en": reason})
        try:
            way = await self._way(request.location)
            token, _ = await self._token(request.authentication, request.provider_id, way.version)
            end = DateTime.from_micros(request.start_time.micros + request.duration_s * 1_000_000)
            place = _where(way.place, request.location)
            fields = {
                "location_id": place["location_id"],
                "evse_uid": place.get("evse_uid"),
                "token": token,
                "expiry_date": end,
                "reservation_id": _reservation_id(request.reservation_id, way.version),
            }
            sent = await self._send(
                way, RESERVE, fields, request.provider_id, request.reservation_id.canonical, until=end.timestamp()
            )
        except CommandFailed as error:
            return ReservationResult(result=results.RESERVE_FAILED[error.failure], description={"en": error.reason})
        word, description, is_final = await self._outcome(sent)
        code = word_in(results.RESERVE, word) if is_final else ReservationCode.AsyncOperation
        return ReservationResult(result=code, description=description)

    async def cancel_reservation(self, request: CancelReservation) -> CancelReservationResult:
        """CANCEL_RESERVATION, where the CPO's version has it."""
        known = self._core.network.reservation(request.reservation_id)
        failed = results.CANCEL_RESERVATION_FAILED
        if known is None:
            reason = f"there is no reservation {request.reservation_id}"
            return CancelReservationResult(
                result=CancelReservationCode.UnknownReservationId, description={"en": reason}
            )
        location = ChargingLocation(evse_id=known.evse_id, charging_pool_id=known.charging_pool_id)
        try:
            way = await self._way(location)
            fields = {"reservation_id": _reservation_id(known.id, way.version)}
            sent = await self._send(way, CANCEL, fields, request.provider_id or known.provider_id, known.id.canonical)
        except CommandFailed as error:
            return CancelReservationResult(result=failed[error.failure], description={"en": error.reason})
        word, description, is_final = await self._outcome(sent)
        code = word_in(results.CANCEL_RESERVATION, word) if is_final else CancelReservationCode.AsyncOperation
        return CancelReservationResult(result=code, description=description)

    async def unlock(self, request: Unlock) -> UnlockResult:
        """UNLOCK_CONNECTOR. Where no connector is named, the only one of the EVSE is meant."""
        try:
            way = await self._way(request.location)
            connector = request.location.connector_id or self._only_connector(request.location)
            if way.place.evse_uid is None or connector is None:
                return UnlockResult(
                    result=UnlockCode.UnknownConnector, description={"en": "expected an EVSE and one of its connectors"}
                )
            fields = {
                "location_id": way.place.location_id,
                "evse_uid": way.place.evse_uid,
                "connector_id": connector,
            }
            sent = await self._send(way, UNLOCK, fields, request.provider_id, str(request.location.evse_id))
        except CommandFailed as error:
            return UnlockResult(result=results.UNLOCK_FAILED[error.failure], description={"en": error.reason})
        word, description, is_final = await self._outcome(sent)
        code = word_in(results.UNLOCK, word) if is_final else UnlockCode.AsyncOperation
        return UnlockResult(result=code, description=description)

    def _only_connector(self, location: ChargingLocation) -> str | None:
        if location.evse_id is None:
            return None
        connectors = self._core.network.places.evse(location.evse_id).charging_connectors
        return connectors[0].id if len(connectors) == 1 else None

    # What comes later

    async def resume(self) -> None:
        """Wait on for what was accepted before a restart."""
        for id, body in await self._core.store.documents(self._kind):
            await self._resume(id, _read(body))

    async def sweep(self) -> None:
        """Forget reservations that are over."""
        for id, body in await self._core.store.documents(self._kind):
            keep_until = _read(body).keep_until
            if keep_until and self._core.clock() >= keep_until:
                await self._forget(id)

    async def stop(self) -> None:
        """Wait for nothing any more; what was accepted is taken up by the next `resume`."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._commands.canceled = self._canceled_before

    async def _resume(self, id: str, known: Commanded) -> None:
        if known.keep_until and self._core.clock() >= known.keep_until:
            await self._forget(id)
            return
        try:
            sent = await self._commands.recall(id)
        except NotFound:
            if not known.keep_until:
                # Too long ago for a result to come.
                await self._closed(id, known, CommandOutcome(result="TIMEOUT"))
            return
        self._follow(sent, known)

    def _follow(self, sent: SentCommand, known: Commanded) -> None:
        async def follow() -> None:
            try:
                await self._closed(sent.id, known, await sent.result())
            except Exception:
                # The edge of a background task.
                log.exception("wwcp.command_not_closed", command=sent.command, partner=sent.partner)

        self._spawn(follow())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _closed(self, id: str, known: Commanded, outcome: CommandOutcome) -> None:
        """The charge point has answered, or will not: what that means for the session or the reservation."""
        log.info("wwcp.command_closed", command=known.command, subject=known.subject, result=outcome.result)
        await _CLOSE[known.command](self, known, outcome)
        if known.command == RESERVE and outcome.result == "ACCEPTED" and known.keep_until:
            return  # until its end the CPO may give it up
        await self._forget(id)

    async def _start_closed(self, known: Commanded, outcome: CommandOutcome) -> None:
        network, id = self._core.network, ChargingSessionId.parse(known.subject)
        session = await network.session(id)
        if outcome.result == "ACCEPTED":
            if session is not None and session.is_awaited:
                begun = ChargingSession(id=id, start=SessionStart(timestamp=session.start.timestamp))
                await network.report_session(begun)
            if session is not None and session.reservation_id is not None:
                await network.end_reservation(session.reservation_id, CancellationReason.EndOfProcess)
        elif outcome.result != "TIMEOUT":
            # After a time-out it may have begun: it is awaited on, and dropped when it does not come.
            await network.drop_session(id)
            await self._matches.is_reported(id)

    async def _stop_closed(self, known: Commanded, outcome: CommandOutcome) -> None:
        if outcome.result not in ("ACCEPTED", "TIMEOUT"):
            log.warning("wwcp.session_not_stopped", session=known.subject, result=outcome.result)

    async def _reserve_closed(self, known: Commanded, outcome: CommandOutcome) -> None:
        if outcome.result not in ("ACCEPTED", "TIMEOUT"):
            id = ChargingReservationId.parse(known.subject)
            for _ in range(_TRIES):
                if await self._core.network.end_reservation(id, CancellationReason.Aborted):
                    return
                # The result was quicker than the network, which keeps the reservation when the verb has returned.
                await self._core.sleep(_TRY_S)

    async def _cancel_closed(self, known: Commanded, outcome: CommandOutcome) -> None:
        if outcome.result not in ("ACCEPTED", "TIMEOUT", "UNKNOWN_RESERVATION", "CANCELED_RESERVATION"):
            # It is over here already, and runs on at the charge point until it expires.
            log.warning("wwcp.reservation_not_canceled", reservation=known.subject, result=outcome.result)

    async def _unlock_closed(self, known: Commanded, outcome: CommandOutcome) -> None:
        if outcome.result not in ("ACCEPTED", "TIMEOUT"):
            log.warning("wwcp.connector_not_unlocked", evse=known.subject, result=outcome.result)

    async def _canceled(self, pending: Pending) -> None:
        """A CPO gives up a reservation that it had accepted (CMD-21)."""
        body = await self._core.store.document(self._kind, pending.id)
        if body is None:
            await self._canceled_before(pending)
            return
        id = ChargingReservationId.parse(_read(body).subject)
        await self._core.network.end_reservation(id, CancellationReason.Aborted)
        await self._forget(pending.id)

    async def _forget(self, id: str) -> None:
        await self._core.store.change_document(self._kind, id, lambda _: None)

    # Ways

    async def _way(self, location: ChargingLocation | None) -> Way:
        """Who runs a place.

        Raises:
            CommandFailed
        """
        id = None if location is None else location.evse_id or location.charging_station_id or location.charging_pool_id
        place = None if id is None else self._core.names.ocpi_place(id)
        if place is None:
            raise CommandFailed(Failure.UNKNOWN_PLACE, f"no OCPI partner has told of {id or 'the operator as a whole'}")
        return await self._reached(place)

    async def _reached(self, place: OCPIPlace) -> Way:
        book = self._core.book
        partner = book.find(book.way_to(place.party) or await self._source(place))
        if partner is None or partner.remote is None:
            raise CommandFailed(Failure.NO_WAY, f"we are not registered with a partner that has {place.party}")
        if partner.blocked:
            raise CommandFailed(Failure.BLOCKED, f"{partner.id} is blocked")
        return Way(partner.id, version_of(partner.remote.version), place)

    async def _source(self, place: OCPIPlace) -> str:
        """The partner that told us of a place: a hub may do so for parties that it does not list."""
        for spelled in dict.fromkeys((fold(place.location_id), place.location_id)):
            stored = await self._core.store.find(Side.THEIRS, "locations", spelled, [place.party])
            if stored is not None:
                return stored.source
        return ""

    async def _way_to_session(self, id: ChargingSessionId) -> tuple[Way, str]:
        """Who runs a session, and how it is called there."""
        session = await self._core.network.session(id)
        operator = session.charging_station_operator_id if session is not None else None
        if session is None or operator is None or session.cpo_partner_session_id is None:
            reason = f"no OCPI partner has reported a session {id}"
            raise CommandFailed(Failure.UNKNOWN_PLACE, reason)
        place = OCPIPlace(_party_of(operator), "")
        if session.evse_id is not None:
            place = self._core.names.ocpi_place(session.evse_id) or place
        return await self._reached(place), session.cpo_partner_session_id

    async def _token(
        self, authentication: Authentication | None, provider_id: EMobilityProviderId | None, version: Version
    ) -> tuple[msgspec.Raw, tuple[str, ...]]:
        """The Token of a driver in a version, and what its CPO may call him by.

        Raises:
            CommandFailed: nothing was shown that OCPI has a Token for, or none of our parties is that provider.
        """
        party = self._core.party_of(provider_id)
        if party is None:
            name = provider_id or "a provider that is not named"
            raise CommandFailed(Failure.NO_TOKEN, f"none of our parties stands for {name}")
        key = key_of(authentication) if authentication is not None else None
        if authentication is None or key is None:
            raise CommandFailed(Failure.NO_TOKEN, "expected a remote authentication that OCPI has a Token for")
        body = await self._tokens.known(key, party, version)
        if body is None:
            made = token_of(
                key,
                party,
                ListedToken(authentication=authentication, whitelist=Whitelist.NEVER),
                issuer=self._tokens.issuer_of(party),
                at=self._core.network.places.now,
            )
            try:
                body = await self._tokens.made(made, version)
            except CannotConvert as error:
                raise CommandFailed(Failure.NO_TOKEN, str(error)) from error
        return msgspec.Raw(body), self._tokens.names_in(body, version)

    # Sending

    async def _send(
        self,
        way: Way,
        command: str,
        fields: Mapping[str, object],
        provider_id: EMobilityProviderId | None,
        subject: str,
        *,
        until: float = 0.0,
    ) -> SentCommand:
        """Send a command, and follow what becomes of it unless the CPO refuses at once.

        Raises:
            CommandFailed
        """
        shape = _shape_of(way.version, command)
        if shape is None:
            number = way.version.number
            raise CommandFailed(Failure.NO_WAY, f"{way.partner} speaks OCPI {number}, which has no {command}")
        names = field_names(shape)
        said = {name: value for name, value in fields.items() if name in names and value is not None}
        known = Commanded(command=command, subject=subject, at=self._core.clock(), keep_until=until)
        try:
            sent = await self._commands.send(
                way.partner, command, said, ours=self._core.party_of(provider_id), theirs=way.place.party
            )
        except OCPIError as error:
            raise CommandFailed(failure_of(error), str(error)) from error
        if sent.is_accepted:
            await self._core.store.change_document(self._kind, sent.id, lambda _: _encode(known))
            self._follow(sent, known)
        return sent

    async def _outcome(self, sent: SentCommand) -> tuple[str, I18NText, bool]:
        """The word to be told, the reason for people, and whether it is the last word."""
        if not sent.is_accepted:
            word = sent.answer.result
            return word, texts_of(sent.partner, word, sent.answer.message), True
        outcome: asyncio.Future[Any] = asyncio.ensure_future(_result_of(sent.result))
        try:
            await asyncio.sleep(0)
            await asyncio.sleep(0)  # a result may have been quicker than the answer
            if await wait(outcome, self._core.options.await_result_s, self._core.sleep):
                found: CommandOutcome = outcome.result()
                return found.result, texts_of(sent.partner, found.result, found.message), True
        finally:
            outcome.cancel()
        return "ACCEPTED", texts_of(sent.partner, "ACCEPTED", sent.answer.message), False


async def _result_of(result: Callable[[], Awaitable[CommandOutcome]]) -> CommandOutcome:
    return await result()


_CLOSE: Mapping[str, Callable[[Commanding, Commanded, CommandOutcome], Awaitable[None]]] = {
    START: Commanding._start_closed,
    STOP: Commanding._stop_closed,
    RESERVE: Commanding._reserve_closed,
    CANCEL: Commanding._cancel_closed,
    UNLOCK: Commanding._unlock_closed,
}


def _shape_of(version: Version, command: str) -> Any:
    """The object of a command; None where the version has no such command."""
    rows = version.rows("commands", Interface.RECEIVER)
    return next((row.object for row in rows if name_of(row) == command and not row.extension), None)


def _where(place: OCPIPlace, location: ChargingLocation | None) -> dict[str, object]:
    """The place in the fields of a command. A connector is named with its EVSE only (CMD-23)."""
    evse_uid = place.evse_uid
    connector = location.connector_id if location is not None and evse_uid is not None else None
    return {"location_id": place.location_id, "evse_uid": evse_uid, "connector_id": connector}


def _party_of(operator: ChargingStationOperatorId) -> PartyId:
    return PartyId.of(operator.country_code, operator.suffix)


def _reservation_id(id: ChargingReservationId, version: Version) -> object:
    """How a CPO is told of a reservation: by its id, or by what always follows from it where that is too long.

    2.1.1 wants a number; one of 31 bits, which every CPO can store.
    """
    digest = hashlib.blake2b(id.canonical.encode(), digest_size=16)
    shape = _shape_of(version, RESERVE)
    (kind,) = (field.type for field in fields_of(shape) if field.name == "reservation_id")
    if kind is int:
        return int.from_bytes(digest.digest()[:4], "big") & 0x7FFFFFFF
    text = str(id)
    return text if len(text) <= MAX_ID and text.isascii() and text.isprintable() else digest.hexdigest()


_encode = msgspec.json.encode
_decoder = msgspec.json.Decoder(Commanded)


def _read(body: bytes) -> Commanded:
    return _decoder.decode(body)
