# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tariffs of OCPI 2.1.1 and 2.2.1."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from wwcp_ocpi.convert.rules import Rule, added, decisive, differs, essential, is_given, lose_if_said
from wwcp_ocpi.convert.v2_1_1_to_v2_2_1.owners import owned
from wwcp_ocpi.convert.work import Work
from wwcp_ocpi.protocol.patch import RawObject


def _vat(fields: RawObject, work: Work) -> RawObject:
    vat = work.context.vat
    return {} if vat is None or "vat" in fields else {"vat": number(vat)}


def _no_vat(fields: RawObject, work: Work) -> RawObject:
    lose_if_said(fields, "vat", work)
    return {}


def number(value: Decimal) -> msgspec.Raw:
    """A number as the value of a field."""
    return msgspec.Raw(str(value).encode())


def with_vat(amount: msgspec.Raw, vat: Decimal) -> msgspec.Raw:
    """An amount with tax on it. `vat` in percent."""
    return number(Decimal(bytes(amount).decode()) * (100 + vat) / 100)


def priced(name: str) -> Rule:
    """A cost that is a number below and a Price above."""

    def up(fields: RawObject, work: Work) -> RawObject:
        amount = fields.get(name)
        if amount is None or not is_given(amount):
            return {} if amount is None else {name: amount}
        price = {"excl_vat": amount}
        if work.context.vat is not None:
            price["incl_vat"] = with_vat(amount, work.context.vat)
        return {name: msgspec.Raw(msgspec.json.encode(price))}

    def down(fields: RawObject, work: Work) -> RawObject:
        value = fields.get(name)
        if value is None or not is_given(value):
            return {} if value is None else {name: value}
        price = msgspec.json.decode(value, type=RawObject)
        for other in price.keys() - {"excl_vat"}:
            if is_given(price[other]):
                work.lose(f".{name}.{other}", f"OCPI {work.target} has one number, without VAT")
        return {name: price["excl_vat"]}

    why = (
        "A number without VAT below. Above it is the price without VAT; the one with VAT is told if the setting"
        " `vat` is."
    )
    return differs(name, name, up=up, down=down, why=why, kind="price")


OBJECTS: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("Tariff", "Tariff"): (
        owned(),
        *added(
            "type",
            "min_price",
            "max_price",
            "start_date_time",
            "end_date_time",
            why="2.1.1 has no place for it: what a driver is told may differ from what is charged.",
        ),
    ),
    ("TariffElement", "TariffElement"): (
        essential(
            "restrictions",
            why="An element whose restrictions cannot be told is left out whole: without them its prices would "
            "hold where they do not.",
        ),
    ),
    ("PriceComponent", "PriceComponent"): (
        differs(
            "",
            "vat",
            up=_vat,
            down=_no_vat,
            why="Prices are without VAT in both; 2.1.1 does not say how much it is. The setting `vat` does.",
        ),
    ),
    ("TariffRestrictions", "TariffRestrictions"): decisive(
        "min_current",
        "max_current",
        "reservation",
        why="2.1.1 knows no such restriction. The element is left out.",
    ),
}
