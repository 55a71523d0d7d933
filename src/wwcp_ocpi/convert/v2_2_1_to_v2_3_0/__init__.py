# SPDX-License-Identifier: AGPL-3.0-or-later
"""The differences between OCPI 2.2.1 and 2.3.0."""

from __future__ import annotations

from wwcp_ocpi.convert.periods import dimensions
from wwcp_ocpi.convert.rules import Rule, Step, added
from wwcp_ocpi.convert.v2_2_1_to_v2_3_0 import credentials, prices, words
from wwcp_ocpi.registry import VERSIONS

_AFIR = "2.2.1 has no place for it."

_OBJECTS: dict[tuple[str, str], tuple[Rule, ...]] = {
    ("Location", "Location"): added("parking_places", "help_phone", why=_AFIR),
    ("EVSE", "EVSE"): added("parking", "accepted_service_providers", why=_AFIR),
    ("Connector", "Connector"): added("capabilities", why=_AFIR),
    ("CDR", "CDR"): added("booking_id", why="2.2.1 has no bookings."),
    ("ChargingPeriod", "ChargingPeriod"): (dimensions(up=False),),
}

STEP = Step(
    lower=VERSIONS["2.2.1"],
    upper=VERSIONS["2.3.0"],
    objects={**_OBJECTS, **prices.OBJECTS, **credentials.OBJECTS},
    words=words.WORDS,
    scopes={"Tariff": prices.of_tariff, "Credentials": credentials.of_hub},
)

__all__ = ["STEP"]
