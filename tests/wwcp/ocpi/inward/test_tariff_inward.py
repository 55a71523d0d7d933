# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests import objects
from tests.wwcp.making import MONDAY
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.v2_3_0.tariffs import Tariff
from wwcp_ocpi.wwcp.ids.places import ChargingTariffId
from wwcp_ocpi.wwcp.model.energy import EnergyMix, EnergySource, EnergySourceCategory
from wwcp_ocpi.wwcp.model.tariff import (
    ChargingPriceComponent,
    ChargingTariff,
    ChargingTariffElement,
    ChargingTariffRestriction,
)
from wwcp_ocpi.wwcp.model.texts import PriceComponentType, Weekday
from wwcp_ocpi.wwcp.ocpi.inward.tariff import tariff_of
from wwcp_ocpi.wwcp.ocpi.tariff import tariff

RESTRICTIONS: dict[str, Any] = {
    "start_time": "08:00",
    "end_time": "18:00",
    "start_date": "2026-01-01",
    "end_date": "2027-01-01",
    "min_kwh": 1.5,
    "max_kwh": 20,
    "min_power": 11,
    "max_power": 22.5,
    "min_duration": 60,
    "max_duration": 3600,
    "day_of_week": ["MONDAY", "SUNDAY"],
}


def foreign_tariff(id: str = "DE*GEF*TAC1", **fields: Any) -> Tariff:
    return codec.decode(Tariff, codec.encode(objects.tariff("2.3.0", id, **fields)))


def element(price: float = 0.25, **restrictions: Any) -> dict[str, Any]:
    made = {"price_components": [{"type": "ENERGY", "price": price, "step_size": 10}]}
    return made | ({"restrictions": restrictions} if restrictions else {})


def test_a_tariff_is_a_charging_tariff_and_back() -> None:
    foreign = foreign_tariff(
        type="REGULAR",
        tariff_alt_text=[{"language": "de", "text": "Billig"}],
        tariff_alt_url="https://example.com",
        elements=[element(0.2, **RESTRICTIONS), element(0.5)],
        energy_mix={"is_green_energy": True, "energy_sources": [{"source": "WATER", "percentage": 100}]},
    )
    found = tariff_of(foreign)
    assert found.notes == []
    assert found.value == ChargingTariff(
        id=ChargingTariffId.parse("DE*GEF*TAC1"),
        description={"de": "Billig"},
        currency="EUR",
        url="https://example.com",
        elements=[
            ChargingTariffElement(
                price_components=[
                    ChargingPriceComponent(type=PriceComponentType.ENERGY, price=Decimal("0.2"), step_size=10)
                ],
                restrictions=[
                    ChargingTariffRestriction(
                        start_time="08:00",
                        end_time="18:00",
                        start_date="2026-01-01",
                        end_date="2027-01-01",
                        min_kwh=Decimal("1.5"),
                        max_kwh=Decimal(20),
                        min_power=Decimal(11),
                        max_power=Decimal("22.5"),
                        min_duration=60,
                        max_duration=3600,
                        days_of_week=[Weekday.MONDAY, Weekday.SUNDAY],
                    )
                ],
            ),
            ChargingTariffElement(
                price_components=[
                    ChargingPriceComponent(type=PriceComponentType.ENERGY, price=Decimal("0.5"), step_size=10)
                ]
            ),
        ],
        energy_mix=EnergyMix(energy_sources=[EnergySource(category=EnergySourceCategory.Water, percent=Decimal(100))]),
        last_change=DateTime.parse(objects.MIDDLE),
    )
    back = tariff(found.value, now=MONDAY)
    assert back.notes == []
    assert back.value == foreign


@pytest.mark.parametrize("name", ["min_current", "max_current"])
def test_an_element_whose_condition_wwcp_cannot_say_prices_nothing(name: str) -> None:
    found = tariff_of(foreign_tariff(elements=[element(0.2, **{name: 16}), element(0.5)]))
    assert found.value is not None
    assert [one.price_components[0].price for one in found.value.elements] == [Decimal("0.5")]
    assert [note.path for note in found.notes] == ["$.elements[0]"]


def test_prices_of_reservations_are_left_out() -> None:
    found = tariff_of(foreign_tariff(elements=[element(1, reservation="RESERVATION"), element(1, booking="BOOKING")]))
    assert found.value is not None
    assert (found.value.elements, len(found.notes)) == ([], 2)


def test_what_wwcp_does_not_say_is_noted() -> None:
    vat = {"price_components": [{"type": "TIME", "price": 1, "step_size": 1, "vat": 19}]}
    found = tariff_of(
        foreign_tariff(
            type="AD_HOC_PAYMENT",
            min_price={"before_taxes": 1},
            max_price={"before_taxes": 9},
            preauthorize_amount=50,
            start_date_time=objects.OLD,
            end_date_time=objects.NEW,
            tax_included="YES",
            elements=[vat],
        )
    )
    assert [note.path for note in found.notes] == [
        "$.min_price",
        "$.max_price",
        "$.preauthorize_amount",
        "$.start_date_time",
        "$.end_date_time",
        "$.type",
        "$.tax_included",
        "$.elements[0].price_components[0].vat",
    ]


def test_a_tariff_of_nobody_is_noted() -> None:
    found = tariff_of(foreign_tariff(country_code="XX"))
    assert (found.value, [note.path for note in found.notes]) == (None, ["$.party_id"])


def test_an_id_that_cannot_be_read_back_is_noted() -> None:
    found = tariff_of(foreign_tariff("(" * 36))
    assert found.value is not None
    assert str(found.value.id).startswith("DE*GEF*T_QH")
    assert [note.path for note in found.notes] == ["$.id"]
