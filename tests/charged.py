# SPDX-License-Identifier: AGPL-3.0-or-later
"""CDRs that say what they cost, rightly or not."""

from __future__ import annotations

from typing import Any

from tests.objects import cdr
from wwcp_ocpi.store.ports import Decide, Write

START, END = "2026-01-12T10:00:00Z", "2026-01-12T11:00:00Z"
MONEY = {"2.1.1": None, "2.2.1": "excl_vat", "2.3.0": "before_taxes"}
"""The field of a price before taxes; None: it is a number."""


def charged(
    version: str, total: float, *tariffs: dict[str, Any], id: str = "C1", tariff_id: str | None = None, **more: Any
) -> dict[str, Any]:
    """A CDR of an hour and 10 kWh that says that it costs so much."""
    stop = "stop_date_time" if version == "2.1.1" else "end_date_time"
    period: dict[str, Any] = {
        "start_date_time": START,
        "dimensions": [{"type": "ENERGY", "volume": 10}, {"type": "TIME", "volume": 1}],
    }
    if tariff_id is not None:
        period["tariff_id"] = tariff_id
    money = MONEY[version]
    fields: dict[str, Any] = {"start_date_time": START, stop: END, "total_energy": 10, "charging_periods": [period]}
    fields["total_cost"] = total if money is None else {money: total}
    return cdr(version, id, **{**fields, **({"tariffs": list(tariffs)} if tariffs else {}), **more})


def written(body: bytes, version: str = "2.2.1") -> Decide:
    """A CDR comes without a request, as from another process or an older program."""
    return lambda before: Write(version=version, last_updated=1, body=body, source="cpo")
