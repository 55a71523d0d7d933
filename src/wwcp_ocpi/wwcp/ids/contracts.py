# SPDX-License-Identifier: AGPL-3.0-or-later
"""The id of a driver's contract: eMAID (ISO 15118-1) or EVCO-ID (DIN SPEC 91286), and its check digit.

ISO: `DE-GDF-C12345678-5`, with or without separators, with or without its check digit. DIN: `DE*GDF*0010LY*5`. A
digit that is wrong is kept and makes another id of it, so that a misprinted id is never taken for the right one;
strict readers refuse it.
"""

from __future__ import annotations

import re
from typing import Self

from wwcp_ocpi.wwcp.ids.check_digits import din_check_digit, iso_check_digit
from wwcp_ocpi.wwcp.ids.parties import EMobilityProviderId, Id

_ISO = re.compile(r"([A-Za-z]{2})([-*]?)([A-Za-z0-9]{3})[-*]?([A-Za-z0-9]{9})(?:[-*]?([A-Za-z0-9]))?")
_DIN = re.compile(r"([A-Za-z]{2})([-*]?)([A-Za-z0-9]{3})[-*]?([A-Za-z0-9]{6})[-*]?([0-9Xx])")


class EMobilityAccountId(Id):
    """A contract between a driver and a provider: `DE-GDF-C12345678-5`.

    Two ids are equal when provider and instance are, in whatever case and with whatever separators; the check digit
    says nothing more, unless it is wrong.
    """

    __slots__ = ("check_digit", "has_wrong_check_digit", "instance", "is_din", "provider")

    provider: EMobilityProviderId
    instance: str
    """Nine signs in ISO form, six in DIN form; upper case."""
    check_digit: str | None
    has_wrong_check_digit: bool
    is_din: bool
    example = "DE-GDF-C12345678"
    strict_form = re.compile(
        r"[A-Z]{2}(-?)[A-Z0-9]{3}\1[A-Z0-9]{9}(\1[A-Z0-9])?|[A-Z]{2}([-*]?)[A-Z0-9]{3}\3[A-Z0-9]{6}\3[0-9X]"
    )

    def __init__(self, provider: EMobilityProviderId, instance: str) -> None:
        """The id of this contract in ISO form, with its check digit.

        Raises:
            ValueError: the instance is not nine letters and digits.
        """
        bare = f"{provider.country_code}{provider.suffix}{instance.upper()}"
        made = self._read(bare + iso_check_digit(bare))
        assert made is not None
        self._become(made, f"{provider.canonical}-{made.instance}-{made.check_digit}")

    def _become(self, parts: EMobilityAccountId, text: str) -> None:
        for name in EMobilityAccountId.__slots__:
            object.__setattr__(self, name, getattr(parts, name))
        self._keep(text, parts.canonical)

    @classmethod
    def _read(cls, text: str) -> Self | None:
        iso = _ISO.fullmatch(text)
        match = iso or _DIN.fullmatch(text)
        provider = EMobilityProviderId.try_parse(f"{match[1]}{match[2]}{match[3]}") if match else None
        if match is None or provider is None:
            return None
        instance, digit = match[4].upper(), match[5].upper() if match[5] else None
        bare = f"{provider.country_code}{provider.suffix}{instance}"
        right = iso_check_digit(bare) if iso else din_check_digit(bare)
        is_wrong = digit not in (None, right)
        made = cls.__new__(cls)
        for name, value in {
            "provider": provider,
            "instance": instance,
            "check_digit": digit,
            "has_wrong_check_digit": is_wrong,
            "is_din": iso is None,
        }.items():
            object.__setattr__(made, name, value)
        shown = f"-{digit}" if is_wrong or iso is None else ""
        made._keep(text, f"{provider.canonical}-{instance}{shown}")
        return made

    @classmethod
    def _is_strict(cls, text: str) -> bool:
        if not super()._is_strict(text):
            return False
        found = cls._read(text)
        return found is not None and not found.has_wrong_check_digit
