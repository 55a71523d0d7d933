# SPDX-License-Identifier: AGPL-3.0-or-later
"""Parties in certificates: `urn:ocpi:<environment>:<role>:<CC>*<PID>` among the alternative names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import Enum
from typing import NamedTuple

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import PartyId

ROLES = ("CPO", "EMSP", "HUB", "NAP", "NSP", "SCSP", "PTP", "OTHER")
URN = "urn:ocpi:"
_URN = re.compile(rf"urn:ocpi:(prod|staging|test):({'|'.join(ROLES)}):([A-Z]{{2}})\*([A-Z0-9]{{3}})")


class Environment(Enum):
    """What a certificate is good for: one of staging opens nothing in production."""

    PROD = "prod"
    STAGING = "staging"
    TEST = "test"


class CertifiedParty(NamedTuple):
    """A party in one of its roles, written `CPO:DE*GEF`."""

    role: str
    id: PartyId

    def urn(self, environment: Environment) -> str:
        """As an alternative name of a certificate."""
        return f"{URN}{environment.value}:{self.role}:{self.id}"

    def __str__(self) -> str:
        return f"{self.role}:{self.id}"


def environment(text: str) -> Environment:
    """Read the name of an environment.

    Raises:
        UsageError
    """
    try:
        return Environment(text.lower())
    except ValueError as error:
        names = ", ".join(one.value for one in Environment)
        raise UsageError(f"expected an environment of {names}, got {text[:32]!r}") from error


def certified(text: str) -> CertifiedParty:
    """Read `CPO:DE*GEF`.

    Raises:
        UsageError
    """
    role, _, id = text.upper().partition(":")
    try:
        if role in ROLES:
            return CertifiedParty(role, PartyId.parse(id))
    except ValueError:
        pass
    raise UsageError(f"expected a role and a party like CPO:DE*GEF, got {text[:64]!r}")


def named_in(uris: Iterable[str]) -> tuple[Environment | None, frozenset[CertifiedParty]]:
    """The environment and the parties that alternative names speak of. Names that are not OCPI's are passed over.

    Raises:
        ValueError: one begins like ours and is none, or they speak of several environments.
    """
    parties, environments = set(), set()
    for uri in uris:
        if not uri.lower().startswith(URN):
            continue
        match = _URN.fullmatch(uri)
        if match is None:
            raise ValueError(f"expected {URN}<environment>:<role>:<CC>*<PID>, got {uri[:100]!r}")
        environments.add(Environment(match[1]))
        parties.add(CertifiedParty(match[2], PartyId.of(match[3], match[4])))
    if len(environments) > 1:
        raise ValueError("expected parties of one environment, got several")
    return next(iter(environments), None), frozenset(parties)
