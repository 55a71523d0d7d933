# SPDX-License-Identifier: AGPL-3.0-or-later
"""The primitive types of OCPI: text with a length, DateTime, Number, enums that keep unknown values.

Nothing here knows a version, an object or a byte on a socket. Spec: types.
"""

from wwcp_ocpi.scalars.datetime import DateTime, now
from wwcp_ocpi.scalars.enums import ClosedEnum, OCPIEnum, OpenEnum
from wwcp_ocpi.scalars.ids import PartyId
from wwcp_ocpi.scalars.numbers import Int, Number
from wwcp_ocpi.scalars.secret import Secret
from wwcp_ocpi.scalars.text import NonEmpty, Text, fold

__all__ = [
    "ClosedEnum",
    "DateTime",
    "Int",
    "NonEmpty",
    "Number",
    "OCPIEnum",
    "OpenEnum",
    "PartyId",
    "Secret",
    "Text",
    "fold",
    "now",
]
