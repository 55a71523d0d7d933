# SPDX-License-Identifier: AGPL-3.0-or-later
"""A booking by itself: used, not used, canceled in time or too late."""

from __future__ import annotations

from typing import Any

import pytest

from tests.pricing.charging import at, component, cost, decoded, element, tariff
from tests.rules import rule
from wwcp_ocpi.rules import BadCharge, price_booking

BY = tariff(
    element(component("FLAT", "1"), component("TIME", "2", step=60), booking="BOOKING"),
    element(component("FLAT", "10"), component("TIME", "20"), booking="BOOKING_EXPIRES"),
    element(component("FLAT", "1000"), booking="BOOKING_CANCELLATION_FEES"),
    element(component("ENERGY", "5000")),
    version="2.3.0",
    min_price={"before_taxes": 9999},
)
TERMS = {"supported_access_methods": ["OPEN"], "change_until_minutes": 60, "cancel_until_minutes": 30}
REQUEST = {
    "country_code": "NL", "party_id": "EMP", "request_id": "R1", "location_id": "L1", "booking_location_id": "BL1",
    "period": {"start_date_time": str(at("10:00")), "end_date_time": str(at("12:00"))}, "authorization_reference": "A1",
}  # fmt: skip


def booking(status: str, *, start: Any = "10:00", end: Any = "12:00", terms: Any = None, **more: Any) -> Any:
    period = {"start_date_time": str(at(start)), "end_date_time": str(at(end))}
    asked = {"request_status": "ACCEPTED", "booking_request": REQUEST, "request_received": str(at("08:00"))}
    plain = {
        "id": "B1", "country_code": "DE", "party_id": "GEF", "request_id": "R1", "location_id": "L1", "period": period,
        "reservation_status": status, "authorization_reference": "A1", "booking_terms": {**TERMS, **(terms or {})},
        "booking_requests": [asked], "last_updated": str(at("09:00")), **more,
    }  # fmt: skip
    return decoded("2.3.0", "Booking", plain)


def costs(record: Any, **more: Any) -> Any:
    found = price_booking(record, BY, **more)
    return None if found is None else cost(found)[0]


@rule("TAR-27")
def test_a_booking_costs_by_what_became_of_it() -> None:
    assert costs(booking("FULFILLED")) == 1 + 4
    assert costs(booking("NO_SHOW")) == 1 + 10 + 40
    for status in ("PENDING", "RESERVED", "REJECTED", "FAILED", "UNKNOWN"):
        assert costs(booking(status)) is None


def test_who_does_not_come_pays_until_the_place_is_released() -> None:
    assert costs(booking("NO_SHOW", terms={"noshow_timeout": 30})) == 1 + 10 + 10
    assert costs(booking("NO_SHOW", terms={"noshow_timeout": 999})) == 1 + 10 + 40
    assert costs(booking("NO_SHOW", terms={"noshow_fee": False, "noshow_timeout": 30})) == 1 + 1


def test_a_cancellation_costs_when_it_is_late_and_not_by_the_cpo() -> None:
    assert costs(booking("CANCELED")) is None  # an hour before; the terms allow it until half an hour
    assert costs(booking("CANCELED"), canceled_at=at("09:30")) is None
    assert costs(booking("CANCELED"), canceled_at=at("09:30:01")) == 1000
    by = {"canceled": {"cancellation_reason": "BROKEN_CHARGER", "who_canceled": "CPO"}}
    assert costs(booking("CANCELED", **by), canceled_at=at("09:59")) is None


def test_a_slot_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(BadCharge, match=r"\$\.period\.end_date_time"):
        costs(booking("FULFILLED", start="12:00", end="10:00"))
