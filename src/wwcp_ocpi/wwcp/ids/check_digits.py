# SPDX-License-Identifier: AGPL-3.0-or-later
"""The check digits of contract ids, of ISO 15118-1 (Annex H) and of DIN SPEC 91286.

Pure arithmetic on upper-case letters and digits; separators are no part of it.
"""

from __future__ import annotations

_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ISO_LENGTH = 14


def iso_check_digit(text: str) -> str:
    """The fifteenth sign of an id: country, provider and the nine signs of the instance are the first fourteen.

    Each sign is a pair over Z2 and a pair over Z3 (36 = 4 x 9). The pairs are multiplied with powers of one matrix
    each; the check digit makes both sums vanish.

    Raises:
        ValueError: not fourteen upper-case letters and digits.
    """
    if len(text) != _ISO_LENGTH or any(sign not in _SIGNS for sign in text):
        raise ValueError(f"expected {_ISO_LENGTH} letters and digits, got {text[:80]!r}")
    # Horner from the last sign to the first: sum = (sum + sign) * matrix.
    two, three = (0, 0), (0, 0)
    for sign in reversed(text):
        number = _SIGNS.index(sign)
        a, b = two[0] + number // 18, two[1] + number // 9 % 2
        two = (b % 2, (a + b) % 2)
        c, d = three[0] + number % 9 // 3, three[1] + number % 3
        three = (d % 3, (c + 2 * d) % 3)
    # The matrix over Z2 has the order 3, that over Z3 the order 8: their fifteenth powers are the unit and the inverse.
    first, second = two
    third, fourth = -three[1] % 3, -(three[0] + 2 * three[1]) % 3
    return _SIGNS[(2 * first + second) * 9 + 3 * third + fourth]


def din_check_digit(text: str) -> str:
    """The last sign of an id: country, provider and six signs of the instance come before it; `X` stands for ten.

    Letters count as two digits, from 10 to 35; each digit is multiplied with the next power of two.

    Raises:
        ValueError: anything but upper-case letters and digits.
    """
    if not text or any(sign not in _SIGNS for sign in text):
        raise ValueError(f"expected letters and digits, got {text[:80]!r}")
    digits = "".join(str(_SIGNS.index(sign)) for sign in text)
    rest = sum(int(digit) << place for place, digit in enumerate(digits)) % 11
    return "X" if rest == 10 else str(rest)
