# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from msgspec.structs import replace

from tests.wwcp import strategies
from tests.wwcp.making import MONDAY, TUESDAY, texts
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.conformance import check
from wwcp_ocpi.v2_3_0.enums import DayOfWeek, TariffDimensionType, TariffType, TaxIncluded
from wwcp_ocpi.v2_3_0.tariffs import PriceComponent, Tariff, TariffElement, TariffRestrictions
from wwcp_ocpi.v2_3_0.types import DisplayText
from wwcp_ocpi.wwcp.ids.places import ChargingTariffId
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.model.tariff import (
    ChargingPriceComponent,
    ChargingTariff,
    ChargingTariffElement,
    ChargingTariffRestriction,
)
from wwcp_ocpi.wwcp.model.texts import PriceComponentType, Weekday
from wwcp_ocpi.wwcp.ocpi.tariff import tariff
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy

PRICE = ChargingPriceComponent(type=PriceComponentType.ENERGY, price=Decimal("0.49"))
OCPI_PRICE = PriceComponent(type=TariffDimensionType.ENERGY, price=Decimal("0.49"), step_size=1)


def tariff_with(policy: MappingPolicy = DEFAULT_POLICY, **fields: Any) -> Mapped[Tariff]:
    made = ChargingTariff(
        id=ChargingTariffId.parse("DE*GEF*TAC"),
        currency="EUR",
        elements=[ChargingTariffElement(price_components=[PRICE])],
    )
    return tariff(replace(made, **fields), now=TUESDAY, policy=policy)


def restrictions_of(**fields: Any) -> Mapped[TariffRestrictions]:
    element = ChargingTariffElement(price_components=[PRICE], restrictions=[ChargingTariffRestriction(**fields)])
    found = tariff_with(elements=[element])
    assert found.value is not None
    return Mapped(found.id, found.value.elements[0].restrictions, found.notes)


def test_a_tariff_arrives_with_its_prices() -> None:
    found = tariff_with(name={"en": "AC"}, url="https://gef.example/ac", last_change=MONDAY)
    assert found == Mapped(
        "DE*GEF*TAC",
        Tariff(
            country_code="DE",
            party_id="GEF",
            id="DE*GEF*TAC",
            currency="EUR",
            type=TariffType.REGULAR,
            tariff_alt_text=[DisplayText(language="en", text="AC")],
            tariff_alt_url="https://gef.example/ac",
            elements=[TariffElement(price_components=[OCPI_PRICE])],
            tax_included=TaxIncluded.NO,
            last_updated=MONDAY,
        ),
        [],
    )


def test_whether_taxes_are_included_is_for_the_policy_to_say() -> None:
    found = tariff_with(MappingPolicy(tax_included=TaxIncluded.YES))
    assert found.value is not None
    assert found.value.tax_included is TaxIncluded.YES


def test_restrictions_arrive_one_to_one() -> None:
    found = restrictions_of(
        start_time="22:00",
        end_time="06:00",
        start_date="2026-01-01",
        end_date="2027-01-01",
        min_kwh=Decimal(1),
        max_kwh=Decimal(2),
        min_power=Decimal(3),
        max_power=Decimal(4),
        min_duration=5,
        max_duration=6,
        days_of_week=[Weekday.MONDAY, Weekday("Funday")],
    )
    assert found.value == TariffRestrictions(
        start_time="22:00",
        end_time="06:00",
        start_date="2026-01-01",
        end_date="2027-01-01",
        min_kwh=Decimal(1),
        max_kwh=Decimal(2),
        min_power=Decimal(3),
        max_power=Decimal(4),
        min_duration=5,
        max_duration=6,
        day_of_week=[DayOfWeek.MONDAY],
    )
    assert texts(found) == ["$.elements[0].restrictions[0].day_of_week: left out what is no day of the week"]


def test_times_and_dates_of_another_form_are_left_out_and_noted() -> None:
    found = restrictions_of(start_time="10pm", end_date="1.1.2027")
    assert found.value == TariffRestrictions()
    assert [note.path for note in found.notes] == [
        "$.elements[0].restrictions[0].startTime",
        "$.elements[0].restrictions[0].endDate",
    ]


def test_an_element_of_several_restrictions_is_as_many_elements() -> None:
    night, cheap = ChargingTariffRestriction(start_time="22:00"), ChargingTariffRestriction(max_kwh=Decimal(1))
    found = tariff_with(elements=[ChargingTariffElement(price_components=[PRICE], restrictions=[night, cheap])])
    assert found.value is not None
    assert found.value.elements == [
        TariffElement(price_components=[OCPI_PRICE], restrictions=TariffRestrictions(start_time="22:00")),
        TariffElement(price_components=[OCPI_PRICE], restrictions=TariffRestrictions(max_kwh=Decimal(1))),
    ]


@pytest.mark.parametrize("type", [PriceComponentType.MAX_CURRENT, PriceComponentType("WEATHER")])
def test_what_ocpi_does_not_price_is_left_out_and_noted(type: PriceComponentType) -> None:
    odd = ChargingPriceComponent(type=type, price=Decimal(1))
    found = tariff_with(elements=[ChargingTariffElement(price_components=[odd, PRICE])])
    assert found.value is not None
    assert found.value.elements[0].price_components == [OCPI_PRICE]
    assert texts(found) == [f"$.elements[0].priceComponents[0].type: left out: OCPI prices no {type}"]
    nothing = tariff_with(elements=[ChargingTariffElement(price_components=[odd])])
    assert nothing.value is None
    assert "$.elements: no Tariff without prices" in texts(nothing)


def test_a_step_of_zero_is_a_step_of_one() -> None:
    none = ChargingPriceComponent(type=PriceComponentType.ENERGY, price=Decimal("0.49"), step_size=0)
    found = tariff_with(elements=[ChargingTariffElement(price_components=[none])])
    assert found.value is not None
    assert found.value.elements[0].price_components == [OCPI_PRICE]
    assert texts(found) == ["$.elements[0].priceComponents[0].stepSize: sent as 1"]


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"currency": "Euro"}, "$.currency"),
        ({"currency": "€€€"}, "$.currency"),
        ({"id": ChargingTariffId.parse("+49*8221*T1")}, "$.@id"),
        ({"id": ChargingTariffId.parse("DE*GEF*TAC€")}, "$.@id"),
        ({"id": ChargingTariffId.parse("DE*GEF*T" + "1" * 40)}, "$.@id"),
        ({"elements": []}, "$.elements"),
    ],
)
def test_without_party_id_currency_or_price_there_is_no_tariff(fields: dict[str, Any], path: str) -> None:
    found = tariff_with(**fields)
    assert found.value is None
    assert [note.path for note in found.notes] == [path]


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.tariffs)
def test_any_tariff_becomes_a_tariff_without_findings_or_notes_that_say_why_not(wwcp: ChargingTariff) -> None:
    found = tariff(wwcp, now=TUESDAY)
    if found.value is None:
        assert found.notes
    else:
        assert check(Tariff, codec.encode(found.value)) == []
