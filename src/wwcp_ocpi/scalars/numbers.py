# SPDX-License-Identifier: AGPL-3.0-or-later
"""Numbers: exact, with the digits they were written with.

Spec: types#types_number_type, types#types_int_type. Four decimals unless a field says otherwise.
"""

from decimal import Decimal
from typing import Annotated

import msgspec


class Digits(msgspec.Struct, frozen=True):
    """How many digits an `int` may have."""

    max: int


class Decimals(msgspec.Struct, frozen=True):
    """How many digits a number may have behind the point, where it is not four."""

    max: int


Number = Decimal
NumberOfOneDecimal = Annotated[Decimal, Decimals(1)]
Int = int
Int1 = Annotated[int, Digits(1)]
Int5 = Annotated[int, Digits(5)]
