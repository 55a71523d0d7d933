# SPDX-License-Identifier: AGPL-3.0-or-later
"""Prices and Tariffs of OCPI 2.2.1 and 2.3.0: with VAT, and with taxes of any kind."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, DecimalException

import msgspec

from wwcp_ocpi.convert.rules import Rule, added, decisive, differs, essential, is_given, plain, raw, renamed
from wwcp_ocpi.convert.work import Work
from wwcp_ocpi.protocol.patch import RawObject, children

VAT = "VAT"
"""The name of the one tax that 2.2.1 knows."""
_PRICE_DECIMALS = Decimal("0.0001")


def _number(value: msgspec.Raw) -> Decimal:
    return Decimal(bytes(value).decode())


def _written(value: Decimal) -> msgspec.Raw:
    return msgspec.Raw(str(value).encode())


def _taxes(fields: RawObject, work: Work) -> RawObject:
    made: RawObject = {"before_taxes": fields["excl_vat"]}
    gross = fields.get("incl_vat")
    if gross is not None and is_given(gross):
        amount = _written(_number(gross) - _number(fields["excl_vat"]))
        made["taxes"] = raw([{"name": VAT, "amount": amount}])
    return made


def _vat(fields: RawObject, work: Work) -> RawObject:
    made: RawObject = {"excl_vat": fields["before_taxes"]}
    taxes = children(fields, "taxes")
    if not taxes:
        return made
    for index, tax in enumerate(taxes):
        if plain(tax["name"]) != VAT or len(taxes) > 1:
            work.lose(f".taxes[{index}].name", f"OCPI {work.target} has one sum of all taxes")
        for name in ("account_number", "percentage"):
            if is_given(tax.get(name)):
                work.lose(f".taxes[{index}].{name}", f"OCPI {work.target} has one sum of all taxes")
    gross = sum((_number(tax["amount"]) for tax in taxes), _number(fields["before_taxes"]))
    return {**made, "incl_vat": _written(gross)}


def of_tariff(fields: RawObject, work: Work) -> Work:
    """Tell the prices of a Tariff whether they contain tax in 2.3.0."""
    included = None if work.is_up else fields.get("tax_included")
    return work.within(tax_included=plain(included) if included is not None else _included(work))


def _included(work: Work) -> str:
    return work.context.tax_included or "NO"


def _tax_included(fields: RawObject, work: Work) -> RawObject:
    return {"tax_included": raw(_included(work))}


def _net(fields: RawObject, work: Work) -> RawObject:
    word = plain(fields["tax_included"])
    if word == "YES":
        work.lose(".tax_included", f"prices of OCPI {work.target} are without tax; it is taken out of them")
    elif word != "NO":
        work.lose(".tax_included", f"OCPI {work.target} has no word for it; a component without `vat` says the same")
    return {}


def _percent(fields: RawObject, work: Work) -> Decimal:
    said = fields.get("vat")
    vat = _number(said) if said is not None and is_given(said) else work.context.vat
    if vat is None:
        raise work.refusal(".price", "vat", "has prices with tax or without, and this one does not say how much it is")
    return vat


def _price(fields: RawObject, work: Work, change: Callable[[Decimal, Decimal], Decimal]) -> RawObject:
    said: RawObject = {name: fields[name] for name in ("price", "vat") if name in fields}
    if work.scope.get("tax_included") != "YES":
        return said
    vat = _percent(fields, work)
    try:
        price = change(_number(said["price"]), vat)
    except DecimalException as error:
        raise work.refusal(".price", None, "has prices with tax or without, and this one is beyond measure") from error
    return {"price": _written(price), "vat": said["vat"] if is_given(said.get("vat")) else _written(vat)}


def _gross_price(fields: RawObject, work: Work) -> RawObject:
    return _price(fields, work, lambda net, vat: net + net * vat / 100)


def _net_price(fields: RawObject, work: Work) -> RawObject:
    def net_of(gross: Decimal, vat: Decimal) -> Decimal:
        exact = gross / (1 + vat / 100)
        rounded = exact.quantize(_PRICE_DECIMALS)
        if rounded == exact:
            return exact.normalize()
        work.lose(".price", f"OCPI {work.target} has the price without tax, rounded to {rounded}")
        return rounded

    return _price(fields, work, net_of)


OBJECTS: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("Price", "Price"): (
        differs(
            "excl_vat incl_vat",
            "before_taxes taxes",
            up=_taxes,
            down=_vat,
            kind="price",
            why="The difference between both prices below is the one tax above, named VAT. Below, the price with "
            "VAT is the sum of all.",
        ),
    ),
    ("Price", "PriceLimit"): (renamed("excl_vat", "before_taxes"), renamed("incl_vat", "after_taxes")),
    ("Tariff", "Tariff"): (
        differs(
            "",
            "tax_included",
            up=_tax_included,
            down=_net,
            why="Prices of 2.2.1 are without VAT, so it is NO above, or what the setting `tax_included` says.",
        ),
        *added("preauthorize_amount", why="2.2.1 has no payment terminals."),
    ),
    ("PriceComponent", "PriceComponent"): (
        differs(
            "price vat",
            "price vat",
            up=_gross_price,
            down=_net_price,
            kind="price",
            why="A price that contains tax (`tax_included` YES) is told below without it: divided by 1 + `vat` / "
            "100, to four decimals. Where `vat` is missing, the setting `vat` says it. Above it is as it "
            "came, unless the setting `tax_included` is YES.",
        ),
    ),
    ("TariffElement", "TariffElement"): (
        essential(
            "restrictions",
            why="An element whose restrictions cannot be told is left out whole: without them its prices would "
            "hold where they do not.",
        ),
    ),
    ("TariffRestrictions", "TariffRestrictions"): decisive(
        "booking", why="2.2.1 knows no such restriction. The element is left out."
    ),
}
