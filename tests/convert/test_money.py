# SPDX-License-Identifier: AGPL-3.0-or-later
"""What becomes of Tariffs and prices."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.convert.telling import V1, V2, V3, also, refused, told
from tests.objects import tariff
from tests.rules import rule
from wwcp_ocpi.convert import Context, convert
from wwcp_ocpi.scalars import PartyId

OWN = Context(owner=PartyId("DE", "GEF"))


def component(**more: Any) -> dict[str, Any]:
    return {"type": "ENERGY", "price": 0.25, "step_size": 1, **more}


def element(*components: Any, **more: Any) -> dict[str, Any]:
    return {"price_components": list(components) or [component()], **more}


@rule("TAR-26")
def test_prices_before_2_3_0_are_without_tax_and_that_is_said() -> None:
    assert told(tariff(V1), "Tariff", V1, V3, OWN) == (tariff(V3), {})
    assert told(tariff(V2), "Tariff", V2, V3, Context(tax_included="N/A"))[0]["tax_included"] == "N/A"
    assert told(tariff(V3), "Tariff", V3, V1) == (tariff(V1), {})


@rule("TAR-26")
def test_prices_with_tax_are_told_without_it() -> None:
    value = tariff(V3, tax_included="YES", elements=[element(component(price=1.19, vat=19), component(price=1, vat=7))])
    found, losses = told(value, "Tariff", V3, V2)
    assert found["elements"] == [element(component(price=1, vat=19), component(price=0.9346, vat=7))]
    assert losses == {
        "$.tax_included": "prices of OCPI 2.2.1 are without tax; it is taken out of them",
        "$.elements[0].price_components[1].price": "OCPI 2.2.1 has the price without tax, rounded to 0.9346",
    }
    unsaid = tariff(V3, tax_included="YES", elements=[element()])
    assert refused(unsaid, "Tariff", V3, V2)[:2] == ("$.elements[0].price_components[0].price", "vat")
    found, _ = told(unsaid, "Tariff", V3, V2, Context(vat=Decimal(25)))
    assert found["elements"] == [element(component(price=0.2, vat=25))]


@pytest.mark.parametrize(("price", "vat"), [(1, -100), (1e40, 19)])
def test_a_price_beyond_measure_is_refused(price: float, vat: int) -> None:
    value = tariff(V3, tax_included="YES", elements=[element(component(price=price, vat=vat))])
    assert refused(value, "Tariff", V3, V2)[:2] == ("$.elements[0].price_components[0].price", None)


def test_a_setting_puts_the_tax_into_the_prices() -> None:
    value = tariff(V2, elements=[element(component(price=1, vat=19))])
    found, _ = told(value, "Tariff", V2, V3, Context(tax_included="YES"))
    assert found["tax_included"] == "YES"
    assert found["elements"] == [element(component(price=1.19, vat=19))]
    assert told(found, "Tariff", V3, V2)[0] == value


def test_what_an_older_tariff_says_of_tax_by_itself_changes_no_price() -> None:
    value = tariff(V2, tax_included="YES", elements=[element(component(price=1, vat=19))])
    found, losses = told(value, "Tariff", V2, V3)
    assert (found["tax_included"], found["elements"], losses) == ("NO", value["elements"], {})
    assert told(found, "Tariff", V3, V2) == (value, {})


def test_not_applicable_is_a_loss_below() -> None:
    assert set(told(tariff(V3, tax_included="N/A"), "Tariff", V3, V2)[1]) == {"$.tax_included"}


@pytest.mark.parametrize(
    ("source", "target", "restriction"),
    [
        (V2, V1, {"reservation": "RESERVATION"}),
        (V2, V1, {"min_current": 5}),
        (V2, V1, {"max_current": 5}),
        (V3, V2, {"booking": "BOOKING"}),
        (V3, V1, {"booking": "BOOKING"}),
    ],
)
def test_an_element_whose_restriction_cannot_be_told_is_left_out(source: str, target: str, restriction: Any) -> None:
    odd = element(restrictions=restriction)
    found, losses = told(tariff(source, elements=[odd, element()]), "Tariff", source, target)
    assert found["elements"] == [element()]
    assert set(losses) == {"$.elements[0]"}
    assert refused(tariff(source, elements=[odd]), "Tariff", source, target)[:2] == ("$.elements", None)


def test_what_a_tariff_has_more_is_lost_below() -> None:
    value = tariff(
        V3, type="REGULAR", min_price={"before_taxes": 1}, preauthorize_amount=5, end_date_time="2026-01-01T00:00:00Z"
    )
    assert set(told(value, "Tariff", V3, V2)[1]) == {"$.preauthorize_amount"}
    assert set(told(value, "Tariff", V3, V1)[1]) == {
        "$.type", "$.min_price", "$.preauthorize_amount", "$.end_date_time",
    }  # fmt: skip


def test_limits_of_a_price_are_renamed() -> None:
    below = also(tariff(V2), min_price={"excl_vat": 1, "incl_vat": 1.19})
    above = also(tariff(V3), min_price={"before_taxes": 1, "after_taxes": 1.19})
    assert told(below, "Tariff", V2, V3) == (above, {})
    assert told(above, "Tariff", V3, V2) == (below, {})


def test_vat_is_one_tax_and_taxes_are_one_vat() -> None:
    vat = {"name": "VAT", "amount": 1.9}
    below, above = {"excl_vat": 10, "incl_vat": 11.9}, {"before_taxes": 10, "taxes": [vat]}
    assert told(below, "Price", V2, V3) == (above, {})
    assert told(above, "Price", V3, V2) == (below, {})
    taxes = [{"name": "State", "amount": 1.0, "percentage": 10}, {"name": "City", "amount": 0.9, "account_number": "4"}]
    found, losses = told({"before_taxes": 10, "taxes": taxes}, "Price", V3, V2)
    assert found == below
    assert set(losses) == {
        "$.taxes[0].name", "$.taxes[0].percentage", "$.taxes[1].name", "$.taxes[1].account_number",
    }  # fmt: skip
    assert told({"before_taxes": 10, "taxes": []}, "Price", V3, V2) == ({"excl_vat": 10}, {})


@pytest.mark.parametrize(
    "price",
    [
        b'{"excl_vat":12.50,"incl_vat":15}',
        b'{"excl_vat":1e2,"incl_vat":119.000}',
        b'{"excl_vat":0.1,"incl_vat":0.10000000000000000000000000000000000001}',
        b'{"excl_vat":1e300,"incl_vat":1e-300}',
        b'{"excl_vat":1,"incl_vat":1e-999999}',
        b'{"incl_vat":null,"excl_vat":1}',
    ],
)
def test_digits_of_a_price_come_back(price: bytes) -> None:
    up = convert(price, "Price", V2, V3)
    down = convert(up.body, "Price", V3, V2)
    assert (up.losses, down.losses) == ((), ())
    assert _fields(down.body) == _fields(price)


def _fields(body: bytes) -> list[bytes]:
    return sorted(body.strip(b"{}").split(b","))
