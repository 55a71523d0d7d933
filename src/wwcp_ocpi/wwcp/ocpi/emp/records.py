# SPDX-License-Identifier: AGPL-3.0-or-later
"""Partners' Sessions and CDRs as charging sessions and charge detail records of the network.

A Session is reported under the id of the session that we authorised or started (`matching`), else under one that
follows from its own; however often it comes, it is one session. A CDR goes to the provider whose driver it names, and
with it a session where none was told before. What became of each is kept beside it and goes with its state; records
that no provider takes are kept by the network and tried again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple

import msgspec
import structlog
from msgspec.structs import replace

from wwcp_ocpi.partners.charges import stored_by_id
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.coherence import NOT_AVAILABLE
from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.protocol.shape import field_names
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import DateTime, PartyId, fold
from wwcp_ocpi.scalars import now as system_now
from wwcp_ocpi.store.ports import Key, PageRequest, Side, Stored, Write
from wwcp_ocpi.v2_3_0.cdrs import CDR, CdrToken
from wwcp_ocpi.v2_3_0.sessions import Session
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord, ChargingSession, SessionStart, SessionStop
from wwcp_ocpi.wwcp.model.notes import Note
from wwcp_ocpi.wwcp.model.results import SendCDRResult
from wwcp_ocpi.wwcp.ocpi.emp.core import EMPCore
from wwcp_ocpi.wwcp.ocpi.emp.feed import CDRS, CHUNK, SESSIONS, Change, taken_of
from wwcp_ocpi.wwcp.ocpi.emp.matching import Matches, Seen, runs
from wwcp_ocpi.wwcp.ocpi.inward.cdr import cdr_of
from wwcp_ocpi.wwcp.ocpi.inward.session import (
    SessionState,
    session_id_of,
    session_keys,
    session_of,
    session_state,
)
from wwcp_ocpi.wwcp.routing.roaming import SessionReport

log = structlog.get_logger()

MOST_NOTES = 50
REFUSED, DROPPED = "refused", "dropped"


class Taken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a partner's Session or CDR.

    `outcome` is a `SessionReport`, or a SendCDRCode; "refused" where nothing could be made of it, "dropped" for a
    Session that came to nothing. `id` is the id in WWCP of the session or record, empty where there is none.
    """

    owner: str
    ocpi_id: str
    partner: str
    outcome: str
    id: str = ""
    session_id: str = ""
    notes: tuple[Note, ...] = ()
    at: str = ""


class _Made(NamedTuple):
    """A record of the network, made of a CDR, and what was lost or added on the way."""

    cdr: ChargeDetailRecord
    notes: list[Note]


class PartnerRecords:
    """Reports sessions to the network, and sends it records."""

    def __init__(self, core: EMPCore, matches: Matches) -> None:
        self._core = core
        self._matches = matches

    async def of(self, kind: str, owner: PartyId, id: str) -> Taken | None:
        """What became of a Session or CDR; None: there is none, or it waits still."""
        stored = await stored_by_id(self._core.store, Side.THEIRS, taken_of(kind), owner, id)
        return None if stored is None else _read(stored.body)

    async def all(self, kind: str) -> AsyncIterator[Taken]:
        """What became of all of them, in the order in which they came."""
        after: str | None = None
        while True:
            page = await self._core.store.page(
                PageRequest(side=Side.THEIRS, module=taken_of(kind), after=after, limit=CHUNK)
            )
            for body in page.bodies:
                yield _read(body)
            after = page.next
            if after is None:
                return

    # Sessions

    async def take_sessions(self, changes: Sequence[Change]) -> list[Write | None]:
        """Report Sessions as they are now. One that its CPO took away stays as it was told last."""
        return [await self._guarded_session(key, stored) if stored is not None else None for key, stored in changes]

    async def _guarded_session(self, key: Key, stored: Stored) -> Write:
        try:
            return await self._session(key, stored)
        except OCPIError as error:
            return self._refused(key, stored, error.path or "$", str(error))
        except Exception as error:
            # The edge of a background task: one Session that nobody thought of must not hold up all others.
            log.exception("wwcp.session_failed", owner=str(key.owner), session=key.id)
            return self._refused(key, stored, "$", f"{type(error).__name__}: {error}")

    async def _session(self, key: Key, stored: Stored) -> Write:
        core, network = self._core, self._core.network
        session = codec.decode(Session, await core.read(SESSIONS, key.owner, stored))
        keys = session_keys(session)
        if key.owner in core.settings.party_ids:
            reason = f"{key.owner} is a party of ours: its sessions are not a partner's to tell"
            return self._refused(key, stored, "$.party_id", reason)
        token = session.cdr_token
        seen = Seen(
            party=keys.party,
            provider=PartyId.of(token.country_code, token.party_id),
            source=stored.source,
            session_id=keys.session_id,
            reference=keys.authorization_reference,
            location_id=fold(session.location_id),
            evse_uid=_told(session.evse_uid),
            tokens=frozenset({fold(token.uid), fold(token.contract_id)}),
            named=tuple(text for text in (session.authorization_reference, session.id) if text),
        )
        id = await self._matches.session_of(seen) or await self._own_id(seen, session.id)
        mapped = session_of(session, core.policy, names=core.names, id=id)
        told = mapped.value
        if told is None:
            return self._refused(
                key, stored, "$", mapped.notes[0].text if mapped.notes else "nothing can be made of it"
            )
        notes = list(mapped.notes)
        if told.cpo_partner_session_id is None:
            told = replace(told, cpo_partner_session_id=session.id)
        state = session_state(session)
        if state is SessionState.RESERVED:
            notes.append(Note("$.status", "a reservation is no charging session: it is reported when it charges"))
            return self._taken(key, stored, session.id, "reservation", session_id=str(told.id), notes=notes)
        if state is SessionState.VOID:
            outcome = await self._void(told, session.last_updated)
            return self._taken(key, stored, session.id, outcome, id=str(told.id), notes=notes)
        report = await network.report_session(told)
        if report is SessionReport.UNKNOWN_LOCATION:
            notes.append(Note("$.location_id", f"left out: the network knows no EVSE {told.evse_id}"))
            report = await network.report_session(replace(told, evse_id=None))
        await self._matches.is_reported(told.id)
        if not _names_session(stored.version):
            await self._matches.link_begin(keys.party, _begun(token, session.start_date_time), told.id)
        return self._taken(key, stored, session.id, report.value, id=str(told.id), notes=notes)

    async def _own_id(self, seen: Seen, text: str) -> ChargingSessionId:
        """The id of a session that we did not begin. Nobody reports a session of another CPO, whatever he calls his."""
        id = session_id_of(seen.party, text, self._core.policy, provider=seen.provider)
        known = await self._core.network.session(id)
        if known is None or runs(seen.party, known.charging_station_operator_id):
            return id
        return session_id_of(seen.party, text, self._core.policy)

    async def _void(self, told: ChargingSession, at: DateTime) -> str:
        """It came to nothing; one that had begun is over."""
        network = self._core.network
        await self._matches.is_reported(told.id)
        if await network.drop_session(told.id):
            return DROPPED
        known = await network.session(told.id)
        if known is None:
            return DROPPED
        stop = told.stop or SessionStop(timestamp=max(at, known.start.timestamp))
        return (await network.report_session(replace(told, evse_id=known.evse_id, stop=stop, is_awaited=False))).value

    # CDRs

    async def take_cdrs(self, changes: Sequence[Change]) -> list[Write | None]:
        """Send CDRs on. All of a chunk are sent at once."""
        kept: list[Write | None] = [None] * len(changes)
        made: dict[int, _Made] = {}
        for index, (key, stored) in enumerate(changes):
            if stored is None:
                continue
            try:
                found = await self._cdr(key, stored)
            except OCPIError as error:
                found = self._refused(key, stored, error.path or "$", str(error))
            except Exception as error:
                # As above.
                log.exception("wwcp.cdr_failed", owner=str(key.owner), cdr=key.id)
                found = self._refused(key, stored, "$", f"{type(error).__name__}: {error}")
            if isinstance(found, _Made):
                made[index] = found
            else:
                kept[index] = found
        if made:
            sent = await self._core.network.send_cdrs([one.cdr for one in made.values()])
            for (index, (cdr, notes)), result in zip(made.items(), sent.results, strict=True):
                kept[index] = self._sent(*changes[index], cdr, notes, result)
        return kept

    def _sent(
        self, key: Key, stored: Stored | None, cdr: ChargeDetailRecord, notes: list[Note], result: SendCDRResult
    ) -> Write:
        assert stored is not None
        reasons = [Note("", text) for text in result.description.values()]
        return self._taken(
            key,
            stored,
            key.id,
            result.result.value,
            id=str(cdr.id),
            session_id=str(cdr.session_id),
            notes=[*reasons, *notes],
        )

    async def _cdr(self, key: Key, stored: Stored) -> _Made | Write:
        core = self._core
        if key.owner in core.settings.party_ids:
            reason = f"{key.owner} is a party of ours: its records are not a partner's to tell"
            return self._refused(key, stored, "$.party_id", reason)
        cdr = codec.decode(CDR, await core.read(CDRS, key.owner, stored))
        keys = session_keys(cdr)
        token, place = cdr.cdr_token, cdr.cdr_location
        seen = Seen(
            party=keys.party,
            provider=PartyId.of(token.country_code, token.party_id),
            source=stored.source,
            session_id=keys.session_id,
            reference=keys.authorization_reference,
            location_id=fold(place.id),
            evse_uid=_told(place.evse_uid),
            tokens=frozenset({fold(token.uid), fold(token.contract_id)}),
            named=tuple(text for text in (cdr.authorization_reference, cdr.session_id) if text),
            begun=_begun(token, cdr.start_date_time),
        )
        id = await self._matches.session_of(seen) or await self._own_id(seen, cdr.session_id or cdr.id)
        mapped = cdr_of(cdr, core.policy, names=core.names, session_id=id)
        if mapped.value is None:
            return self._refused(
                key, stored, "$", mapped.notes[0].text if mapped.notes else "nothing can be made of it"
            )
        record, notes = mapped.value, list(mapped.notes)
        if record.provider_id_start is None:
            owner = PartyId.of(token.country_code, token.party_id)
            record = replace(record, provider_id_start=core.provider_of(owner))
        notes += await self._session_of(record)
        return _Made(record, notes)

    async def _session_of(self, record: ChargeDetailRecord) -> list[Note]:
        """See to it that the session of a record is known, and over: its CDR is the last word."""
        network = self._core.network
        known = await network.session(record.session_id)
        await self._matches.is_reported(record.session_id)
        if known is not None and known.stop is not None:
            return []
        time = record.session_time
        made = ChargingSession(
            id=record.session_id,
            roaming_network_id=network.id,
            start=SessionStart(
                timestamp=time.start,
                provider_id=record.provider_id_start,
                authentication=record.authentication_start,
            ),
            stop=SessionStop(timestamp=time.end) if time.end is not None else None,
            charging_station_operator_id=record.charging_station_operator_id,
            charging_pool_id=record.charging_pool_id,
            charging_station_id=record.charging_station_id,
            evse_id=record.evse_id,
            charging_connector_id=record.charging_connector_id,
            energy_meter_id=record.energy_meter_id,
        )
        if await network.report_session(made) is SessionReport.UNKNOWN_LOCATION:
            await network.report_session(replace(made, evse_id=None))
        return [] if known is not None else [Note("$.session_id", "no Session was told: one was made of the CDR")]

    # What is kept

    def _refused(self, key: Key, stored: Stored, path: str, reason: str) -> Write:
        log.warning("wwcp.not_taken_over", kind=key.module, owner=str(key.owner), id=key.id, reason=reason)
        return self._taken(key, stored, key.id, REFUSED, notes=[Note(path, reason)])

    def _taken(
        self,
        key: Key,
        stored: Stored,
        ocpi_id: str,
        outcome: str,
        *,
        id: str = "",
        session_id: str = "",
        notes: Sequence[Note] = (),
    ) -> Write:
        at = system_now()
        made = Taken(
            owner=str(key.owner),
            ocpi_id=ocpi_id,
            partner=stored.source,
            outcome=outcome,
            id=id,
            session_id=session_id or id,
            notes=tuple(notes[:MOST_NOTES]),
            at=str(at),
        )
        return Write(version=stored.version, last_updated=at.micros, body=_encode(made), source=stored.source)


def _begun(token: CdrToken, at: DateTime) -> str:
    return f"{at.micros}/{fold(token.contract_id)}"


def _names_session(version: str) -> bool:
    """Whether the CDRs of a version say which Session they are of."""
    return "session_id" in field_names(version_of(version).kind(CDRS).resource.type)


def _told(uid: str) -> str | None:
    return None if uid == NOT_AVAILABLE else fold(uid)


_encode = msgspec.json.encode
_read = msgspec.json.Decoder(Taken).decode
