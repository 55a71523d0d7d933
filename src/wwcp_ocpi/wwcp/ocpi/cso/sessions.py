# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sessions of the network to the eMSPs whose drivers they are, and their records as CDRs.

A session is published whenever it changes, for the one partner that pays, and waits in its outbox if that is away.
Sessions of drivers whom no partner knows are not published; `unaddressed` has them with the reason.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import structlog
from msgspec.structs import replace

from wwcp_ocpi.partners.publish import OwnObject, Publisher
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.rules import PricingError
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.server.decisions import Pricer
from wwcp_ocpi.store.ports import Outcome
from wwcp_ocpi.v2_3_0 import VERSION
from wwcp_ocpi.v2_3_0.enums import SessionStatus
from wwcp_ocpi.v2_3_0.sessions import Session
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, EVSEId
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord, ChargingSession, SessionStart, SessionStop
from wwcp_ocpi.wwcp.model.notes import Note
from wwcp_ocpi.wwcp.model.result_codes import SendCDRCode
from wwcp_ocpi.wwcp.model.results import SendCDRResult, said
from wwcp_ocpi.wwcp.network.places import UnknownId
from wwcp_ocpi.wwcp.ocpi.charge_detail_record import RecordedCharge, cdr, charge_of_record
from wwcp_ocpi.wwcp.ocpi.charged_at import ChargedAt, charged_at
from wwcp_ocpi.wwcp.ocpi.cso.names import PublishedNames
from wwcp_ocpi.wwcp.ocpi.cso.payers import Payers
from wwcp_ocpi.wwcp.ocpi.cso.scope import Scope
from wwcp_ocpi.wwcp.ocpi.cso.session_ids import SessionIds
from wwcp_ocpi.wwcp.ocpi.session import Payer, ocpi_id, session
from wwcp_ocpi.wwcp.routing.roaming import RoamingNetwork

log = structlog.get_logger()

_REMEMBERED = 1000


class Untold(Exception):
    """Why a session or record cannot be told to anybody, as a code of SendCDR. Never leaves this module."""

    def __init__(self, code: SendCDRCode, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Sessions:
    """Publishes them.

    Args:
        pricer: what a session costs, where its record does not say so itself.
        currency: of a session at a connector without a tariff.
    """

    def __init__(
        self,
        network: RoamingNetwork,
        publisher: Publisher,
        payers: Payers,
        names: PublishedNames,
        scope: Scope,
        ids: SessionIds,
        pricer: Pricer,
        *,
        currency: str = "EUR",
    ) -> None:
        self.unaddressed: OrderedDict[str, str] = OrderedDict()
        """The last sessions and records that went to nobody, by id, with the reason."""
        self.notes: OrderedDict[str, list[Note]] = OrderedDict()
        """What OCPI cannot say of the last sessions and records, by id."""
        self._network = network
        self._publisher = publisher
        self._payers = payers
        self._names = names
        self._scope = scope
        self._ids = ids
        self._pricer = pricer
        self._currency = currency

    async def publish(self, id: ChargingSessionId, known: ChargingSession | None = None) -> bool:
        """Publish a session as it is now; False when there is nothing (new) to tell, or nobody to tell it to.

        Args:
            known: as it was, where the network has it no more: it came to nothing, and its Session is INVALID.
        """
        current = await self._network.session(id)
        wwcp = current or known
        if wwcp is None:
            return False
        try:
            payer = await self._payer(wwcp)
            at = self._at(wwcp.charging_pool_id, wwcp.evse_id, wwcp.charging_connector_id)
        except Untold as untold:
            self._remember(self.unaddressed, str(id), str(untold))
            log.info("wwcp.session_untold", session=str(id), reason=str(untold))
            return False
        self.unaddressed.pop(str(id), None)
        name = await self._ids.ocpi_id(id)
        stored = await self._publisher.stored(VERSION, "sessions", at.party, name)
        if current is None and stored is None:
            return False
        before = codec.decode(Session, stored.body) if stored is not None else None
        if before is not None and before.status is SessionStatus.COMPLETED:
            return False
        now = self._network.places.now
        moment = now if before is None else max(now, before.last_updated)
        mapped = session(
            wwcp, at, payer, id=name, currency=self._currency, last_updated=moment, policy=self._names.policy
        )
        self._remember(self.notes, str(id), mapped.notes)
        made = mapped.value
        assert made is not None
        if current is None:
            made = replace(made, status=SessionStatus.INVALID)
        if before is not None and replace(made, last_updated=before.last_updated) == before:
            return False
        outcome = await self._put("sessions", at.party, name, moment, codec.encode(made), payer)
        if isinstance(outcome, Exception):
            self._remember(self.notes, str(id), [*mapped.notes, Note("$", f"not published: {outcome}")])
            log.warning("wwcp.session_not_published", session=str(id), error=str(outcome))
            return False
        return outcome.changed

    async def send(self, record: ChargeDetailRecord) -> SendCDRResult:
        """Publish the CDR of a record; a result with the reason where there is none."""
        try:
            return await self._send(record)
        except Untold as untold:
            self._remember(self.unaddressed, str(record.id), str(untold))
            log.warning("wwcp.cdr_untold", cdr=str(record.id), result=untold.code.value, reason=str(untold))
            return SendCDRResult(result=untold.code, cdr_id=record.id, description=said(str(untold)))

    async def claims(self, record: ChargeDetailRecord) -> bool:
        """Whether a partner pays for it."""
        return await self._payers.of(await self._network.session(record.session_id), record) is not None

    async def _send(self, record: ChargeDetailRecord) -> SendCDRResult:
        known = await self._network.session(record.session_id)
        payer = await self._payer(known, record)
        pool_id = record.charging_pool_id or (known.charging_pool_id if known is not None else None)
        evse_id = record.evse_id or (known.evse_id if known is not None else None)
        connector_id = record.charging_connector_id or (known.charging_connector_id if known is not None else None)
        at = self._at(pool_id, evse_id, connector_id)
        name, id = await self._ids.ocpi_id(record.session_id), ocpi_id(record.id, 39)
        stored = await self._publisher.stored(VERSION, "cdrs", at.party, id)
        if stored is not None:
            return _taken(record, payer, [])
        mapped = charge_of_record(
            record, known, at, payer, session_id=name, currency=self._currency, policy=self._names.policy
        )
        charge = mapped.value
        if charge is None:
            raise Untold(SendCDRCode.CouldNotConvertCDRFormat, _reasons(mapped.notes))
        priced, why_not = await self._priced(charge)
        made = cdr(charge, priced, why_not, policy=self._names.policy)
        notes = [*mapped.notes, *made.notes]
        self._remember(self.notes, str(record.id), notes)
        if made.value is None:
            raise Untold(SendCDRCode.CouldNotConvertCDRFormat, _reasons(made.notes))
        await self._end(record, known, charge)
        body = codec.encode(made.value)
        outcome = await self._put("cdrs", at.party, id, made.value.last_updated, body, payer)
        if isinstance(outcome, Exception):
            raise Untold(SendCDRCode.CouldNotConvertCDRFormat, str(outcome))
        self.unaddressed.pop(str(record.id), None)
        return _taken(record, payer, notes)

    async def _priced(self, charge: RecordedCharge) -> tuple[Mapping[str, Any] | None, str]:
        """What it costs by the tariffs, or why there is no such price."""
        if not charge.tariffs:
            return None, "neither the record nor the connector names a tariff"
        try:
            return await self._pricer.price(charge.pricing_request), ""
        except PricingError as error:
            return None, str(error)

    async def _end(self, record: ChargeDetailRecord, known: ChargingSession | None, charge: RecordedCharge) -> None:
        """A session with a record is over; where its operator has not said so, the record does, meter values too."""
        if known is None or known.stop is not None:
            return
        await self._network.report_session(
            ChargingSession(
                id=known.id,
                start=SessionStart(timestamp=known.start.timestamp),
                stop=SessionStop(timestamp=charge.end, provider_id=record.provider_id_stop),
                energy_meter_values=record.energy_metering_values,
            )
        )

    async def _payer(self, known: ChargingSession | None, record: ChargeDetailRecord | None = None) -> Payer:
        payer = await self._payers.of(known, record)
        if payer is not None:
            return payer
        provider = record.provider_id_start if record is not None else None
        if provider is not None:
            raise Untold(SendCDRCode.UnknownProviderIdStart, f"the provider {provider} is no partner's party")
        code = SendCDRCode.UnknownSessionId if known is None else SendCDRCode.InvalidToken
        raise Untold(code, "no partner knows the driver: neither the session nor a Token tells who pays")

    def _at(self, pool_id: ChargingPoolId | None, evse_id: EVSEId | None, connector_id: str | None) -> ChargedAt:
        places = self._network.places
        try:
            found = places.pool_id_of(evse_id) if evse_id is not None else pool_id
            if found is None:
                raise Untold(SendCDRCode.UnknownLocation, "neither EVSE nor pool is told")
            if not self._scope.has(places, found, evse_id):
                raise Untold(SendCDRCode.Filtered, f"{evse_id or found} is not offered to partners of OCPI")
            mapped = charged_at(places, found, evse_id, connector_id, policy=self._names.policy)
        except UnknownId as error:
            raise Untold(SendCDRCode.UnknownLocation, str(error)) from error
        if mapped.value is None:
            raise Untold(SendCDRCode.UnknownLocation, f"partners see no {evse_id or found}: {_reasons(mapped.notes)}")
        return mapped.value

    async def _put(
        self, kind: str, owner: PartyId, id: str, moment: DateTime, body: bytes, payer: Payer
    ) -> Outcome | Exception:
        thing = OwnObject(
            owner=owner, id=id, last_updated=moment.micros, body=body, concerns=self._payers.concerns(payer)
        )
        try:
            (outcome,) = await self._publisher.publish(VERSION, kind, [thing])
        except OCPIError as error:
            return error
        return outcome

    @staticmethod
    def _remember(book: OrderedDict[str, Any], id: str, value: object) -> None:
        book[id] = value
        book.move_to_end(id)
        while len(book) > _REMEMBERED:
            book.popitem(last=False)


def _reasons(notes: list[Note]) -> str:
    return "; ".join(f"{note.path}: {note.text}" for note in notes[-3:])


def _taken(record: ChargeDetailRecord, payer: Payer, notes: list[Note]) -> SendCDRResult:
    return SendCDRResult(
        result=SendCDRCode.Enqueued,
        cdr_id=record.id,
        description=said(f"published for {payer.partner}"),
        warnings=[f"{note.path}: {note.text}" for note in notes],
    )
