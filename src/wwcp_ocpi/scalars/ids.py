# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who a party is: a country code and a party id.

Spec: credentials#credentials_credentials_role_class; written `NL*TNM` as in EVSE ids.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TEXT = re.compile(r"([A-Za-z]{2})[*-]?([A-Za-z0-9]{3})")


class PartyId(NamedTuple):
    """One party, always in upper case, so that two spellings are one key."""

    country_code: str
    party_id: str

    @classmethod
    def of(cls, country_code: str, party_id: str) -> PartyId:
        """The party that these two wire fields name, whatever their case."""
        return cls(country_code.upper(), party_id.upper())

    @classmethod
    def parse(cls, text: str) -> PartyId:
        """Read `CC*PID`, `CC-PID` or `CCPID`.

        Raises:
            ValueError: the text is none of these.
        """
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"expected a party like NL*TNM (two letters, three letters or digits), got {text!r}")
        return cls.of(match[1], match[2])

    def __str__(self) -> str:
        return f"{self.country_code}*{self.party_id}"
