# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is to be priced, in one form: a CDR, a Session or metered values of any version.

`reading_charges` makes it from the objects of the versions, `cutting` from meter readings.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from enum import Enum

import msgspec

from wwcp_ocpi.rules.dimensions import Line
from wwcp_ocpi.rules.money import ZERO
from wwcp_ocpi.rules.notes import Note
from wwcp_ocpi.rules.reading import AnyTariff


class Reserved(Enum):
    """What became of a reservation or booking: the driver came, it expired, or it was canceled."""

    USED = "USED"
    EXPIRED = "EXPIRED"
    CANCELED = "CANCELED"


class Period(msgspec.Struct, frozen=True, gc=False):
    """A charging period. Volumes in kWh and seconds, only those above zero; currents in A, powers in kW.

    `index` is its place in the list that it came in. `fees` are the flat lines that may become due in this period.
    `clock` is when the duration began that restrictions ask for: that of the session, or of the reservation.
    """

    index: int
    start: dt.datetime
    end: dt.datetime
    clock: dt.datetime
    volumes: tuple[tuple[Line, Decimal], ...]
    fees: tuple[Line, ...]
    tariff_id: str | None = None
    least_current: Decimal | None = None
    most_current: Decimal | None = None
    least_power: Decimal | None = None
    most_power: Decimal | None = None

    @property
    def path(self) -> str:
        """Its JSON path."""
        return f"$.charging_periods[{self.index}]"

    def volume(self, line: Line) -> Decimal:
        """The volume of that line in kWh or seconds; 0 where there is none."""
        return next((volume for one, volume in self.volumes if one is line), ZERO)


class Charge(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A session, a reservation, or both, with its charging periods in order.

    `time_slack_s` is how exact its times are: OCPI writes hours with four decimals, so that 10 minutes read as 600.12
    seconds. By that much, and no more, a total may exceed a multiple of `step_size` without another step.
    """

    start: dt.datetime
    end: dt.datetime
    currency: str | None
    periods: tuple[Period, ...]
    tariffs: tuple[AnyTariff, ...] = ()
    time_zone: str | None = None
    credit: bool = False
    reserved: Reserved | None = None
    time_slack_s: Decimal = ZERO
    notes: tuple[Note, ...] = ()

    @property
    def has_charging(self) -> bool:
        """Whether there was a session at all, and not only a reservation."""
        return self.reserved is None or self.reserved is Reserved.USED

    def total(self, line: Line) -> Decimal:
        """The volume of all periods, in kWh or seconds."""
        return sum((period.volume(line) for period in self.periods), ZERO)
