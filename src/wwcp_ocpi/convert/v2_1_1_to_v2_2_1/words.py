# SPDX-License-Identifier: AGPL-3.0-or-later
"""Words of enums that only one of OCPI 2.1.1 and 2.2.1 has."""

from __future__ import annotations

from wwcp_ocpi.convert.rules import Words

_NEW_PLUGS = (
    "CHAOJI",
    "DOMESTIC_M",
    "DOMESTIC_N",
    "DOMESTIC_O",
    "GBT_AC",
    "GBT_DC",
    "NEMA_5_20",
    "NEMA_6_30",
    "NEMA_6_50",
    "NEMA_10_30",
    "NEMA_10_50",
    "NEMA_14_30",
    "NEMA_14_50",
    "PANTOGRAPH_BOTTOM_UP",
    "PANTOGRAPH_TOP_DOWN",
)
_NEW_CAPABILITIES = (
    "CHARGING_PREFERENCES_CAPABLE",
    "CHIP_CARD_SUPPORT",
    "CONTACTLESS_CARD_SUPPORT",
    "DEBIT_CARD_PAYABLE",
    "PED_TERMINAL",
    "START_SESSION_CONNECTOR_REQUIRED",
    "TOKEN_GROUP_CAPABLE",
)
_NEW_DIMENSIONS = (
    "CURRENT",
    "ENERGY_EXPORT",
    "ENERGY_IMPORT",
    "MAX_POWER",
    "MIN_POWER",
    "POWER",
    "RESERVATION_TIME",
    "STATE_OF_CHARGE",
)

WORDS: dict[tuple[str, str], Words] = {
    ("ConnectorType", "ConnectorType"): Words(
        down=dict.fromkeys(_NEW_PLUGS),
        why="A plug that cannot be named is not told as another one: the Connector is left out, and an EVSE that "
        "has no other with it.",
    ),
    ("PowerType", "PowerType"): Words(
        down={"AC_2_PHASE": "AC_1_PHASE", "AC_2_PHASE_SPLIT": "AC_1_PHASE"},
        why="Fewer phases promise less power than there is, never more.",
    ),
    ("Capability", "Capability"): Words(
        down=dict.fromkeys(_NEW_CAPABILITIES), why="A capability that cannot be named is left out."
    ),
    ("Facility", "Facility"): Words(
        down=dict.fromkeys(("BIKE_SHARING", "METRO_STATION", "PARKING_LOT", "TRAM_STOP")),
        why="A facility that cannot be named is left out; a tram stop is no bus stop.",
    ),
    ("TokenType", "TokenType"): Words(
        down={"AD_HOC_USER": "OTHER", "APP_USER": "OTHER"}, why="OTHER is the word of 2.1.1 for all that is no RFID."
    ),
    ("SessionStatus", "SessionStatus"): Words(
        down={"RESERVATION": "PENDING"}, why="Both say: not charging yet. 2.1.1 knows no session of a reservation."
    ),
    ("AuthMethod", "AuthMethod"): Words(
        down={"COMMAND": "AUTH_REQUEST"}, why="Who starts by command has been authorised by the eMSP, as by a request."
    ),
    ("CdrDimensionType", "CdrDimensionType"): Words(
        up={"FLAT": None},
        down=dict.fromkeys(_NEW_DIMENSIONS),
        why="A dimension that cannot be named is left out; see `ChargingPeriod.dimensions` for what a period "
        "holds then.",
    ),
    ("CommandResponseType", "CommandResponseType"): Words(
        up={"TIMEOUT": "REJECTED"},
        why="2.1.1 sends a late TIMEOUT in the same object; a direct answer has no such word.",
    ),
    ("CommandResponseType", "CommandResultType"): Words(
        up={"UNKNOWN_SESSION": "REJECTED"},
        down=dict.fromkeys(
            ("CANCELED_RESERVATION", "EVSE_INOPERATIVE", "EVSE_OCCUPIED", "FAILED", "UNKNOWN_RESERVATION"), "REJECTED"
        ),
        why="2.1.1 has one object for the answer and for the result. REJECTED is its word for all that came to "
        "nothing.",
    ),
}
