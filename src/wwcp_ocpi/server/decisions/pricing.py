# SPDX-License-Identifier: AGPL-3.0-or-later
"""What did this Session cost? The question of the gateway to the CPO's own system, when a CDR is made.

Without one, it costs what its Tariffs say: `TariffPricer` is the pricing of this package (docs/pricing.md).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Protocol, cast

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.rules import (
    AnyCDR,
    AnySession,
    AnyTariff,
    BadCharge,
    Charge,
    NoTariff,
    Reading,
    cdr_totals,
    charging_periods,
    metered,
    prepare,
    price,
    read_charge,
)
from wwcp_ocpi.rules.dimensions import ENERGY

_WITHIN_KWH = Decimal("0.005")


class PricingRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A Session that has ended, with the Tariffs that held when it began, in its version.

    `end` is when it ended, `readings` what the meter told, in kWh; without any the Session's charging periods count.
    `parking_from` is when the vehicle stopped to ask for power. `time_zone` is that of the Location, where it is known.
    `partner` is whom the Session is for: its id, or `?` and the party as long as that is no partner's.
    """

    partner: str
    version: str
    session: AnySession
    start: dt.datetime
    end: dt.datetime
    tariffs: tuple[AnyTariff, ...]
    time_zone: str | None = None
    readings: tuple[Reading, ...] = ()
    parking_from: dt.datetime | None = None


class Pricer(Protocol):
    """Prices Sessions."""

    async def price(self, asked: PricingRequest) -> Mapping[str, Any]:
        """The fields of the CDR that are its price, in the version that is asked for.

        Those are `charging_periods`, `total_cost`, `total_energy` and `total_time`, and which of the other totals there
        are; `tariffs`, where others were used than those that are asked about. Values are objects of the version, or
        what stands in JSON. Times and ids are filled in around them.

        Raises:
            PricingError: it has no price; no CDR is made.
        """
        ...


class TariffPricer:
    """Prices by the Tariffs, exactly, rounded to four decimals at the end."""

    async def price(self, asked: PricingRequest) -> Mapping[str, Any]:
        """The price that this package computes.

        Raises:
            BadCharge, BadTariff: the Session, the readings or a Tariff contradict themselves; `.path` names the field.
            NoTariff: none, or several and nothing tells which.
            TimeZoneMissing: a Tariff goes by local time and the Location tells no time zone.
        """
        cdr = cast(type[AnyCDR], version_of(asked.version).object_named("CDR"))
        charge = charge_of(asked)
        found = price(charge, asked.tariffs, time_zone=asked.time_zone)
        return {"charging_periods": charging_periods(charge, cdr), **cdr_totals(found, cdr)}


def charge_of(asked: PricingRequest) -> Charge:
    """The Session in charging periods that hold one price each.

    A Session without charging periods and readings has two readings: nothing at its start, its `kwh` at its end. That
    is enough as long as no price changes in between.

    Raises:
        BadCharge, NoTariff, TimeZoneMissing: as in `TariffPricer.price`.
    """
    session, currency = asked.session, str(asked.session.currency).upper()
    if not asked.tariffs:
        raise NoTariff("$.tariffs: expected at least one tariff, got none", path="$.tariffs")
    only = asked.tariffs[0] if len(asked.tariffs) == 1 else None
    if session.charging_periods and not asked.readings:
        charge = read_charge(session, until=asked.end)
        energy = charge.total(ENERGY)
        if abs(energy - session.kwh) > _WITHIN_KWH:
            text = f"$.kwh: expected {energy} kWh, as the charging periods have it, got {session.kwh}"
            raise BadCharge(text, path="$.kwh")
        if only is None:
            return charge
        named = tuple(replace(one, tariff_id=str(only.id)) for one in charge.periods)
        return replace(charge, periods=named)
    if only is None:
        ids = ", ".join(str(one.id) for one in asked.tariffs)
        raise NoTariff(f"$.tariffs: expected one for the whole session, got {ids}", path="$.tariffs")
    readings = _whole(asked)
    charge = metered(readings, prepare(only), parking_from=asked.parking_from, time_zone=asked.time_zone)
    if not asked.readings and len(charge.periods) > (1 if asked.parking_from is None else 2):
        text = "$.charging_periods: expected charging periods or meter readings, for the price changes in the session"
        raise BadCharge(text, path="$.charging_periods")
    return replace(charge, currency=currency)


def _whole(asked: PricingRequest) -> Sequence[Reading]:
    """Readings from the start to the end; before the first and after the last the meter stood still."""
    given = asked.readings or (Reading(asked.start, Decimal(0)), Reading(asked.end, asked.session.kwh))
    first, last = given[0], given[-1]
    if first.at < asked.start or last.at > asked.end:
        text = f"readings: expected times from {asked.start} to {asked.end}, got {first.at} to {last.at}"
        raise BadCharge(text, path="readings")
    if first.at > last.at:
        return given  # refused as it is, with the place at which it was given
    before = [Reading(asked.start, first.kwh)] if first.at > asked.start else []
    after = [Reading(asked.end, last.kwh)] if last.at < asked.end else []
    return [*before, *given, *after]


TARIFF_PRICER = TariffPricer()
