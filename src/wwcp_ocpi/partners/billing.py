# SPDX-License-Identifier: AGPL-3.0-or-later
"""From one of our Sessions that has ended to its CDR, in the version of the Session.

    bill = await platform.billing.cdr_of(owner, "S1")
    await platform.publisher.publish(bill.version, "cdrs", [bill.cdr])

The CDR takes over what the Session says, the Location and the Tariffs as they are stored (CDR-13), and the price, which
a `Pricer` makes. Nothing is stored or sent here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import structlog

from wwcp_ocpi import rules
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.charges import (
    Whereabouts,
    connector_tariffs,
    holding,
    stored_by_id,
    time_zone_of,
    whereabouts,
)
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.coherence import NOT_AVAILABLE
from wwcp_ocpi.protocol.errors import NotFound, PartnerError, UsageError
from wwcp_ocpi.protocol.shape import field_names, fields_of
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.rules import AnyCDR, AnySession, AnyTariff, Reading, Verdict
from wwcp_ocpi.rules.reading_charges import FORMS
from wwcp_ocpi.scalars import DateTime, PartyId, fold, now
from wwcp_ocpi.server.bridge import Bridge
from wwcp_ocpi.server.decisions import TARIFF_PRICER, ConnectorTariffs, Pricer, PricingRequest, TariffChooser
from wwcp_ocpi.server.variants import kind_of_timetables, read_timetable
from wwcp_ocpi.store.ports import Objects, Side, Stored

log = structlog.get_logger()

COMPLETED = "COMPLETED"


class Bill(NamedTuple):
    """A CDR, ready to be published, and the version that it is in."""

    version: Version
    cdr: OwnObject


class Billing:
    """Makes CDRs. `pricer` may be replaced by one of the operator's own."""

    def __init__(
        self,
        store: Objects,
        book: PartnerBook,
        bridge: Bridge,
        *,
        tariffs: Callable[[], TariffChooser | None] = lambda: None,
    ) -> None:
        self._store = store
        self._book = book
        self._bridge = bridge
        self._chooser = tariffs
        self.pricer: Pricer = TARIFF_PRICER

    async def cdr_of(
        self,
        owner: PartyId,
        session_id: str,
        *,
        id: str | None = None,
        readings: Sequence[Reading] = (),
        parking_from: dt.datetime | None = None,
        tariff_ids: Sequence[str] | None = None,
        fields: Mapping[str, Any] | None = None,
    ) -> Bill:
        """The CDR of a completed Session.

        Args:
            id: of the CDR; by default that of the Session.
            readings: the meter, in kWh, the first and the last within the Session; by default the charging periods of
                the Session count.
            parking_from: when the vehicle stopped to ask for power.
            tariff_ids: of our own Tariffs. By default those that the charging periods name, else those of the Connector
                that held when the Session began, chosen as for this partner.
            fields: what else is known of the CDR: `meter_id`, `signed_data`, `remark`. They win.

        Raises:
            NotFound: we have no such Session, Location, EVSE or Tariff.
            UsageError: the Session is not completed or does not tell its end, or a field cannot be that of a CDR.
            CannotConvert: the Location or a Tariff is stored in another version and cannot be told in this one.
            PricingError: there is no price; by its type NoTariff, TimeZoneMissing, BadTariff or BadCharge.
        """
        stored = await stored_by_id(self._store, Side.OURS, "sessions", owner, session_id)
        if stored is None:
            raise NotFound(f"sessions/{session_id}: {owner} has no such Session")
        version = version_of(stored.version)
        session = cast(AnySession, codec.decode(version.object_named("Session"), stored.body))
        start, end = _times(session, readings)
        place = whereabouts(session)
        location = await self._location(owner, version, place)
        tariffs = await self._tariffs(owner, version, session, stored, place, location, start, tariff_ids)
        told = patch.text_of(patch.split(location), "time_zone")
        time_zone = time_zone_of(told, self._bridge.defaults.time_zone)
        asked = PricingRequest(
            partner=stored.audience,
            version=version.number,
            session=session,
            start=start,
            end=end,
            tariffs=tuple(tariffs),
            time_zone=time_zone,
            readings=tuple(readings),
            parking_from=parking_from,
        )
        made = {
            **_taken_over(version, session, start, end),
            **_place(version, session, place, location),
            "id": id or session.id,
            "tariffs": tariffs or None,
            **await self.pricer.price(asked),
            "last_updated": max(now(), end),
            **(fields or {}),
        }
        return Bill(version, self._sealed(version, owner, stored, made, time_zone))

    async def _location(self, owner: PartyId, version: Version, place: Whereabouts) -> bytes:
        if place.location is not None:
            return place.location
        found = await stored_by_id(self._store, Side.OURS, "locations", owner, place.location_id)
        if found is None:
            raise NotFound(f"locations/{place.location_id}: {owner} has no such Location", path="$.location_id")
        return await self._bridge.body(Side.OURS, "locations", owner, found, version)

    async def _tariffs(
        self,
        owner: PartyId,
        version: Version,
        session: AnySession,
        stored: Stored,
        place: Whereabouts,
        location: bytes,
        start: DateTime,
        tariff_ids: Sequence[str] | None,
    ) -> list[AnyTariff]:
        """The Tariffs of the Session, in its version, as they were at its start.

        Raises:
            NotFound: there is none of such an id.
        """
        periods: Sequence[Any] = session.charging_periods or ()
        named = [str(id) for one in periods if (id := getattr(one, "tariff_id", None)) is not None]
        ids = tuple(dict.fromkeys(named if tariff_ids is None else tariff_ids))
        if ids:
            return [await self._tariff(owner, version, id, start) for id in ids]
        ids = connector_tariffs(location, place)
        chooser = self._chooser()
        if chooser is not None and place.evse_uid is not None and place.connector_id is not None:
            ids = tuple(
                chooser.tariff_ids(
                    ConnectorTariffs(
                        partner=stored.audience,
                        version=version.number,
                        location_id=place.location_id,
                        evse_uid=place.evse_uid,
                        connector_id=place.connector_id,
                        tariff_ids=ids,
                    )
                )
            )
        return holding([await self._tariff(owner, version, id, start) for id in ids], start)

    async def _tariff(self, owner: PartyId, version: Version, id: str, start: DateTime) -> AnyTariff:
        found = await self._variant(owner, id, start) or await stored_by_id(
            self._store, Side.OURS, "tariffs", owner, id
        )
        if found is None:
            raise NotFound(f"tariffs/{id}: {owner} has no such Tariff", path="$.tariff_ids")
        body = await self._bridge.body(Side.OURS, "tariffs", owner, found, version)
        return cast(AnyTariff, codec.decode(version.object_named("Tariff"), body))

    async def _variant(self, owner: PartyId, id: str, start: DateTime) -> Stored | None:
        """The variant of a Tariff that held then, where it has several in turn."""
        found = await stored_by_id(self._store, Side.OURS, kind_of_timetables("tariffs"), owner, id)
        variant = None if found is None else read_timetable(found.body).at(start.micros)
        if found is None or variant is None:
            return None
        return Stored(seq=0, version=found.version, last_updated=found.last_updated, body=bytes(variant.body))

    def _sealed(
        self, version: Version, owner: PartyId, session: Stored, made: Mapping[str, Any], time_zone: str | None
    ) -> OwnObject:
        """The CDR as an object of its version, or the reason why it is none.

        Raises:
            UsageError
        """
        cls = version.object_named("CDR")
        unknown = [name for name in made if name not in field_names(cls)]
        if unknown:
            raise UsageError(
                f"$.{unknown[0]}: expected a field of a CDR of OCPI {version.number}", path=f"$.{unknown[0]}"
            )
        body = codec.encode({name: made[name] for name in cls.__struct_fields__ if made.get(name) is not None})
        try:
            cdr = cast(AnyCDR, codec.decode(cls, body))
        except PartnerError as error:  # ours, not a partner's: a pricer or a caller said something else
            raise UsageError(f"cdrs/{made['id']}: {error}", path=error.path) from error
        self._look(cdr, time_zone)
        id = str(cdr.id)
        return OwnObject(
            owner=owner, id=id, last_updated=cdr.last_updated.micros, body=body, concerns=self._concerns(session)
        )

    def _look(self, cdr: AnyCDR, time_zone: str | None) -> None:
        """Check it as its receiver will. What a pricer of the operator's own makes is its own; a doubt is logged."""
        found = rules.check(cdr, time_zone=time_zone)
        if found.verdict is not Verdict.OK:
            notes = [note.code.value for note in found.notes]
            differences = [one.path for one in found.differences]
            log.warning(
                "cdr.made_differs", cdr=cdr.id, verdict=found.verdict.value, differences=differences, notes=notes
            )

    def _concerns(self, session: Stored) -> PartyId | None:
        """The party that the CDR is for: that of the Session, where a version does not name it."""
        found = self._bridge.driver_of(Side.OURS, session)
        if found is not None:
            return found
        if session.audience.startswith("?"):
            return PartyId.parse(session.audience[1:]) if session.audience[1:] else None
        partner = self._book.find(session.audience)
        return min(partner.party_ids, default=None) if partner is not None else None


def _times(session: AnySession, readings: Sequence[Reading]) -> tuple[DateTime, DateTime]:
    """When the Session began and ended.

    Raises:
        UsageError: it has not.
    """
    if str(session.status) != COMPLETED:
        raise UsageError(f"$.status: expected {COMPLETED}, got {session.status}", path="$.status")
    form = FORMS[type(session)]
    start: DateTime = getattr(session, form.start)
    end: DateTime | None = getattr(session, form.end)
    if end is None and readings:
        end = DateTime.of(readings[-1].at)
    if end is None:
        raise UsageError(f"$.{form.end}: expected the end of the Session, or meter readings", path=f"$.{form.end}")
    return start, end


_OWN_TO_SESSIONS = frozenset({"id", "location", "charging_periods", "total_cost", "status", "last_updated"})
"""Fields of the same name that say something else in a CDR, or that are made anew."""


def _taken_over(version: Version, session: AnySession, start: DateTime, end: DateTime) -> dict[str, Any]:
    """What a Session and its CDR have in common, and the times under the CDR's names."""
    cdr = version.object_named("CDR")
    form = FORMS[cdr]
    common = (field_names(cdr) & field_names(type(session))) - _OWN_TO_SESSIONS
    found: dict[str, Any] = {name: getattr(session, name) for name in common}
    if "session_id" in field_names(cdr):
        found["session_id"] = session.id
    return {**found, form.start: start, form.end: end}


def _place(version: Version, session: AnySession, place: Whereabouts, location: bytes) -> dict[str, Any]:
    """The Location as a CDR holds it: as the Session has it, or an extract with the EVSE and its Connector.

    Raises:
        NotFound: the Location has no such EVSE or Connector.
    """
    held: Any = getattr(session, "location", None)
    if held is not None:
        return {"location": held}
    whole: Any = codec.decode(version.object_named("Location"), location)
    evse = _one(whole.evses or (), "uid", place.evse_uid, "$.evse_uid")
    connector = _one(evse.connectors, "id", place.connector_id, "$.connector_id")
    known = {
        "evse_uid": evse.uid,
        "evse_id": evse.evse_id or NOT_AVAILABLE,  # optional in an EVSE, required here
        "connector_id": connector.id,
        "connector_standard": connector.standard,
        "connector_format": connector.format,
        "connector_power_type": connector.power_type,
    }
    fields = fields_of(version.object_named("CdrLocation"))
    return {
        "cdr_location": {
            field.name: value[: field.max] if field.max is not None and isinstance(value, str) else value
            for field in fields
            if (value := known.get(field.name, getattr(whole, field.name, None))) is not None
        }
    }


def _one(entries: Sequence[Any], field: str, id: str | None, path: str) -> Any:
    for entry in entries:
        if id is not None and fold(getattr(entry, field)) == fold(id):
            return entry
    raise NotFound(f"{path}: the Location has no {id or NOT_AVAILABLE}", path=path)
