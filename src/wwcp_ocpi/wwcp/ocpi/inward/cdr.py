# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI 2.3.0 CDRs to WWCP charge detail records. Spec: mod_cdrs#mod_cdrs_cdr_object.

What OCPI says and WWCP does not stays in the custom data, under keys that begin with `OCPI.`: a credit CDR is known by
`OCPI.Credit` and `OCPI.CreditReferenceId`, and its price has the sign that it came with.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec

from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.v2_3_0.cdrs import CDR
from wwcp_ocpi.v2_3_0.types import Price
from wwcp_ocpi.wwcp.ids.opaque import ChargeDetailRecordId, ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import EVSEId
from wwcp_ocpi.wwcp.model.base import Extra
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord, ChargingPrice, SessionTime
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.model.tariff import ChargingTariff
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.inward.metering import metering_values, signature_scheme, signed
from wwcp_ocpi.wwcp.ocpi.inward.names import NameBook, operator_id_of, provider_id_of, text_id_of
from wwcp_ocpi.wwcp.ocpi.inward.session import NOT_APPLICABLE, as_data, placed, session_id_of
from wwcp_ocpi.wwcp.ocpi.inward.tariff import tariff_of
from wwcp_ocpi.wwcp.ocpi.inward.token import authentication_of
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy

_SECONDS = Decimal(3600)
_KEPT = {
    "booking_id": "OCPI.BookingId",
    "authorization_reference": "OCPI.AuthorizationReference",
    "cdr_token": "OCPI.CdrToken",
    "total_fixed_cost": "OCPI.TotalFixedCost",
    "total_energy_cost": "OCPI.TotalEnergyCost",
    "total_time_cost": "OCPI.TotalTimeCost",
    "remark": "OCPI.Remark",
    "invoice_reference_id": "OCPI.InvoiceReferenceId",
    "credit": "OCPI.Credit",
    "credit_reference_id": "OCPI.CreditReferenceId",
    "home_charging_compensation": "OCPI.HomeChargingCompensation",
}
"""Fields of a CDR that travel in the custom data, by their keys there."""


def cdr_of(
    cdr: CDR,
    policy: MappingPolicy = DEFAULT_POLICY,
    *,
    names: NameBook | None = None,
    session_id: ChargingSessionId | None = None,
) -> Mapped[ChargeDetailRecord]:
    """The charge detail record. It always has a value.

    Args:
        names: the book in which the EVSE is looked up; without it the evse_id of the CDR counts.
        session_id: of the session that was found by `session_keys`; otherwise it is made of the CDR.
    """
    context = Context(cdr.last_updated, policy)
    party = PartyId.of(cdr.country_code, cdr.party_id)
    provider = PartyId.of(cdr.cdr_token.country_code, cdr.cdr_token.party_id)
    where = cdr.cdr_location
    place = placed(party, where.id, where.evse_uid, where.evse_id, names, context)
    authentication = authentication_of(cdr.cdr_token, method=cdr.auth_method)
    context.notes += [
        msgspec.structs.replace(note, path=f"$.cdr_token{note.path[1:]}") for note in authentication.notes
    ]
    provider_id = provider_id_of(provider)
    if provider_id is None:
        context.note("$.cdr_token.party_id", f"no provider of WWCP can be made of {provider}")
    if cdr.end_date_time < cdr.start_date_time:
        context.note("$.end_date_time", f"{cdr.end_date_time} is before the begin")
    values = metering_values(
        cdr.charging_periods,
        cdr.start_date_time,
        max(cdr.end_date_time, cdr.start_date_time),
        cdr.total_energy,
        "$.charging_periods",
        context,
    )
    made = ChargeDetailRecord(
        id=text_id_of(ChargeDetailRecordId, party, cdr.id, policy, provider=provider),
        session_id=session_id or session_id_of(party, cdr.session_id or cdr.id, policy, provider=provider),
        session_time=SessionTime(start=cdr.start_date_time, end=cdr.end_date_time),
        duration_s=cdr.total_time * _SECONDS,
        authentication_start=authentication.value,
        provider_id_start=provider_id,
        charging_station_operator_id=operator_id_of(party, policy),
        charging_pool_id=place.pool_id if place else None,
        charging_station_id=place.station_id if place else None,
        evse_id=place.evse_id if place else EVSEId.try_parse(where.evse_id),
        charging_connector_id=None if where.connector_id.upper() == NOT_APPLICABLE else where.connector_id,
        charging_tariff=_tariff(cdr, policy, context),
        charging_price=_price(cdr.total_cost, cdr.currency),
        parking_time_s=None if cdr.total_parking_time is None else cdr.total_parking_time * _SECONDS,
        parking_fee=_price(cdr.total_parking_cost, cdr.currency),
        reservation_fee=_price(cdr.total_reservation_cost, cdr.currency),
        energy_meter_id=cdr.meter_id,
        energy_metering_values=signed(values, cdr.signed_data, "$.signed_data", context),
        consumed_energy_kwh=cdr.total_energy,
        public_key=cdr.signed_data.public_key if cdr.signed_data else None,
        last_change=cdr.last_updated,
        custom_data=_kept(cdr),
    )
    return Mapped(cdr.id, made, context.notes)


def _price(price: Price | None, currency: str) -> ChargingPrice | None:
    """Without tax, and the sum of all taxes; no taxes told is something else than none."""
    if price is None:
        return None
    vat = None if price.taxes is None else sum((tax.amount for tax in price.taxes), Decimal(0))
    return ChargingPrice(base=price.before_taxes, vat=vat, currency=currency)


def _tariff(cdr: CDR, policy: MappingPolicy, context: Context) -> ChargingTariff | None:
    """WWCP has one tariff a record: the first. All of them are in the CDR, which the gateway keeps as it came."""
    if not cdr.tariffs:
        return None
    if len(cdr.tariffs) > 1:
        context.note("$.tariffs", f"only {cdr.tariffs[0].id} of {len(cdr.tariffs)} Tariffs is kept")
    found = tariff_of(cdr.tariffs[0], policy)
    context.notes += [msgspec.structs.replace(note, path=f"$.tariffs[0]{note.path[1:]}") for note in found.notes]
    return found.value


def _kept(cdr: CDR) -> Extra:
    kept: Extra = {}
    for name, key in _KEPT.items():
        value = getattr(cdr, name)
        if value is not None:
            kept[key] = as_data(value) if isinstance(value, msgspec.Struct) else value
    kept["OCPI.Location"] = as_data(cdr.cdr_location)
    scheme = signature_scheme(cdr.signed_data)
    if scheme is not None:
        kept["OCPI.SignedData"] = scheme
    return kept
