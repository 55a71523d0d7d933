# SPDX-License-Identifier: AGPL-3.0-or-later
"""Words of enums that only one of OCPI 2.2.1 and 2.3.0 has. Enums that 2.3.0 opened may hold words that none has."""

from __future__ import annotations

from wwcp_ocpi.convert.rules import Words

WORDS: dict[tuple[str, str], Words] = {
    ("ConnectorType", "ConnectorType"): Words(
        down={"SAE_J3400": "TESLA_S", "MCS": None},
        why="The plug of SAE J3400 is that of TESLA_S. A plug that cannot be named is not told as another one: "
        "the Connector is left out, and an EVSE that has no other with it.",
    ),
    ("ParkingRestriction", "ParkingRestriction"): Words(
        down=dict.fromkeys(("EMPLOYEES", "TAXIS", "TENANTS")), why="A restriction that cannot be named is left out."
    ),
    ("TokenType", "TokenType"): Words(
        down={"EMAID": "OTHER"}, otherwise="OTHER", why="OTHER is the word of 2.2.1 for all that it does not name."
    ),
    ("ImageCategory", "ImageCategory"): Words(
        otherwise="OTHER", why="OTHER is the word of 2.2.1 for all that it does not name."
    ),
    ("CdrDimensionType", "CdrDimensionType"): Words(
        down=dict.fromkeys(("RESERVATION_EXPIRES", "RESERVATION_OVERTIME")),
        why="A dimension that cannot be named is left out; see `ChargingPeriod.dimensions` for what a period "
        "holds then.",
    ),
    ("Role", "Role"): Words(
        up={"HUB": "OTHER"},
        why="2.3.0 has no role HUB: a hub is named by `hub_party_id`. The word comes back on the way down.",
    ),
}
