# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tariffs, CDRs and Sessions to price, written as short as the examples of the specification are told."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from tests.objects import cdr as any_cdr
from tests.objects import session as any_session
from tests.objects import tariff as any_tariff
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.rules.pricing import Priced, price
from wwcp_ocpi.scalars import DateTime

D = Decimal
PRICE = {"2.1.1": None, "2.2.1": ("excl_vat", "incl_vat"), "2.3.0": ("before_taxes", "after_taxes")}


def component(type: str, price: str, vat: str | None = None, step: int = 1) -> dict[str, Any]:
    """A price component; numbers as text, so that their digits stay."""
    return {"type": type, "price": D(price), **({} if vat is None else {"vat": D(vat)}), "step_size": step}


def element(*components: dict[str, Any], **restrictions: Any) -> dict[str, Any]:
    """A tariff element."""
    return {"price_components": list(components), **({"restrictions": restrictions} if restrictions else {})}


def tariff(*elements: dict[str, Any], version: Any = "2.2.1", id: Any = "T1", **more: Any) -> Any:
    """A Tariff of that version; what is no element is a component, or a further field."""
    listed = [one if "price_components" in one else element(one) for one in elements]
    return decoded(version, "Tariff", any_tariff(version, id, elements=listed, **more))


def limit(version: str, before: str, after: str | None = None) -> dict[str, Any]:
    """A min_price or max_price."""
    names = PRICE[version]
    assert names is not None
    return {names[0]: D(before), **({} if after is None else {names[1]: D(after)})}


def at(text: str) -> DateTime:
    """A moment of 2026-01-12, a Monday: "10:30" in UTC; or a whole DateTime."""
    if "T" in text:
        return DateTime.parse(text)
    return DateTime.parse(f"2026-01-12T{text if text.count(':') == 2 else text + ':00'}Z")


def period(start: str, tariff_id: Any = None, **volumes: Any) -> dict[str, Any]:
    """A charging period: `period("10:30", ENERGY="1.5", TIME="0.5")`."""
    dimensions = [{"type": type, "volume": D(volume)} for type, volume in volumes.items()]
    return {
        "start_date_time": str(at(start)),
        "dimensions": dimensions,
        **({} if tariff_id is None else {"tariff_id": tariff_id}),
    }


def cdr(
    periods: Sequence[dict[str, Any]],
    tariffs: Sequence[Any] = (),
    *,
    version: str = "2.2.1",
    start: str | None = None,
    end: str = "23:00",
    **more: Any,
) -> Any:
    """A CDR with these periods. Its totals are those of nobody: `stated` fields are given in `more`."""
    stop = "stop_date_time" if version == "2.1.1" else "end_date_time"
    times = {"start_date_time": (start and str(at(start))) or periods[0]["start_date_time"], stop: str(at(end))}
    plain = any_cdr(version, **times, charging_periods=list(periods), **more)
    plain["tariffs"] = [json.loads(codec.encode(one), parse_float=D) for one in tariffs]
    return decoded(version, "CDR", plain)


def session(periods: Sequence[dict[str, Any]], *, version: str = "2.2.1", start: str = "10:00", **more: Any) -> Any:
    """A Session with these periods."""
    name = "start_datetime" if version == "2.1.1" else "start_date_time"
    plain = any_session(version, charging_periods=list(periods), **{name: str(at(start))}, **more)
    return decoded(version, "Session", plain)


def decoded(version: str, name: str, plain: dict[str, Any]) -> Any:
    """The object, through its JSON, with every digit."""
    return codec.decode(version_of(version).object_named(name), codec.encode(plain))


def cost(priced: Priced) -> Any:
    """The total before and after taxes."""
    return priced.total_cost.before_taxes, priced.total_cost.after_taxes


def priced(*periods: dict[str, Any], by: Any, zone: str | dt.tzinfo | None = "UTC", **more: Any) -> Priced:
    """The price of a CDR with these periods by this tariff."""
    return price(cdr(periods, [by], **more), time_zone=zone)


def same(found: Decimal | None, expected: str | None) -> bool:
    """Whether an amount is that, whatever zeros it ends with."""
    return (found is None) == (expected is None) and (found is None or found == D(str(expected)))
