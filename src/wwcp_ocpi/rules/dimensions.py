# SPDX-License-Identifier: AGPL-3.0-or-later
"""What can be billed, as a table: a line joins a volume of the CDR with the price components that price it.

Spec: mod_tariffs#mod_tariffs_tariffdimensiontype_enum, mod_cdrs#mod_cdrs_cdrdimensiontype_enum. Tariffs and
CDRs use different words for bookings (defect 48); here each word has its row.
"""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec


class Purpose(Enum):
    """What a tariff element prices: its `reservation` or `booking` restriction, else the charging itself."""

    CHARGING = "CHARGING"
    RESERVATION = "RESERVATION"
    RESERVATION_EXPIRES = "RESERVATION_EXPIRES"
    BOOKING = "BOOKING"
    BOOKING_EXPIRES = "BOOKING_EXPIRES"
    BOOKING_CANCELLATION_FEES = "BOOKING_CANCELLATION_FEES"
    BOOKING_OVERTIME = "BOOKING_OVERTIME"


class Bucket(Enum):
    """Which total of the CDR a cost belongs to."""

    FIXED = "total_fixed_cost"
    ENERGY = "total_energy_cost"
    TIME = "total_time_cost"
    PARKING = "total_parking_cost"
    RESERVATION = "total_reservation_cost"


class Line(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One row: `unit` is that of the price, `divisor` how much of the volume that is; None for 1.

    Volumes are kept in kWh and seconds. `step` is the size of one `step_size` in the unit of the volume. Lines of
    one `group` share one rounding to `step_size` (CDR-15). `otherwise` is the line that prices the volume when no
    component of this one does (TAR-24).
    """

    name: str
    component: str
    purposes: frozenset[Purpose]
    bucket: Bucket
    unit: str = "h"
    divisor: Decimal | None = Decimal(3600)
    step: Decimal = Decimal(1)
    group: str = ""
    otherwise: Line | None = None


def _fee(name: str, *purposes: Purpose, bucket: Bucket = Bucket.RESERVATION) -> Line:
    return Line(name=name, component="FLAT", purposes=frozenset(purposes), bucket=bucket, unit="", divisor=None)


def _time(name: str, *purposes: Purpose, otherwise: Line | None = None) -> Line:
    return Line(
        name=name,
        component="TIME",
        purposes=frozenset(purposes),
        bucket=Bucket.RESERVATION,
        group=name,
        otherwise=otherwise,
    )


_CHARGING = frozenset({Purpose.CHARGING})
ENERGY = Line(
    name="ENERGY",
    component="ENERGY",
    purposes=_CHARGING,
    bucket=Bucket.ENERGY,
    unit="kWh",
    divisor=None,
    step=Decimal("0.001"),
    group="energy",
)
TIME = Line(name="TIME", component="TIME", purposes=_CHARGING, bucket=Bucket.TIME, group="time")
PARKING_TIME = Line(
    name="PARKING_TIME", component="PARKING_TIME", purposes=_CHARGING, bucket=Bucket.PARKING, group="time"
)
FLAT = _fee("FLAT", Purpose.CHARGING, bucket=Bucket.FIXED)
RESERVATION_TIME = _time("RESERVATION_TIME", Purpose.RESERVATION, Purpose.BOOKING)
RESERVATION_FLAT = _fee("RESERVATION_FLAT", Purpose.RESERVATION, Purpose.BOOKING)
RESERVATION_EXPIRES = _time(
    "RESERVATION_EXPIRES", Purpose.RESERVATION_EXPIRES, Purpose.BOOKING_EXPIRES, otherwise=RESERVATION_TIME
)
RESERVATION_EXPIRES_FLAT = _fee("RESERVATION_EXPIRES_FLAT", Purpose.RESERVATION_EXPIRES, Purpose.BOOKING_EXPIRES)
RESERVATION_OVERTIME = _time("RESERVATION_OVERTIME", Purpose.BOOKING_OVERTIME)
RESERVATION_OVERTIME_FLAT = _fee("RESERVATION_OVERTIME_FLAT", Purpose.BOOKING_OVERTIME)
CANCELLATION_FLAT = _fee("CANCELLATION_FLAT", Purpose.BOOKING_CANCELLATION_FEES)

LINES = (
    ENERGY,
    TIME,
    PARKING_TIME,
    FLAT,
    RESERVATION_TIME,
    RESERVATION_FLAT,
    RESERVATION_EXPIRES,
    RESERVATION_EXPIRES_FLAT,
    RESERVATION_OVERTIME,
    RESERVATION_OVERTIME_FLAT,
    CANCELLATION_FLAT,
)
"""All of them. Within one charging period, parking comes after charging."""

CHARGING_LINES = frozenset({ENERGY, TIME, PARKING_TIME})

VOLUMES = {line.name: line for line in (ENERGY, TIME, PARKING_TIME, RESERVATION_TIME, RESERVATION_EXPIRES)} | {
    "RESERVATION_OVERTIME": RESERVATION_OVERTIME
}
"""The CdrDimensionTypes that are billed."""

GAUGES = {
    "MIN_CURRENT": "least_current",
    "MAX_CURRENT": "most_current",
    "MIN_POWER": "least_power",
    "MAX_POWER": "most_power",
}
"""The CdrDimensionTypes that restrictions are held against: A and kW."""

AVERAGES = {"CURRENT": ("least_current", "most_current"), "POWER": ("least_power", "most_power")}
"""What a Session says instead; stands for both ends where these are not given. In the order of the Period's fields."""

PASSED_OVER = frozenset({"FLAT", "ENERGY_EXPORT", "ENERGY_IMPORT", "STATE_OF_CHARGE"})
"""Known, and without influence on the price."""

SESSION_ONLY = frozenset({"CURRENT", "ENERGY_EXPORT", "ENERGY_IMPORT", "POWER", "STATE_OF_CHARGE"})
"""Not for CDRs (CDR-23)."""
