# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who is calling: what the server needs to know of a partner, and the port it asks.

The partners themselves are kept a floor above; the server sees only this.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import inf
from typing import Protocol

import msgspec

from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.scalars import PartyId, Secret
from wwcp_ocpi.security.carriers import Carrier
from wwcp_ocpi.security.certificates import CertificateRule
from wwcp_ocpi.security.passwords import Expected


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """A partner, as seen through the credentials token it showed.

    `roles` are those that the token stands for; empty means that nobody has said yet, as before registration.
    `is_registering` tells that the token is an invitation (TOKEN_A): good for versions and credentials only.
    """

    partner: str
    token: Secret
    roles: frozenset[str] = frozenset()
    parties: frozenset[PartyId] = frozenset()
    played: tuple[tuple[PartyId, str | None], ...] = ()
    """Which of its parties plays which role, where the partner said so."""
    is_registering: bool = False
    is_hub: bool = False
    accepts_older: bool = False
    """Whether this partner may overwrite with an older last_updated."""
    certified: frozenset[PartyId] | None = None
    """The parties that the caller's certificate names, where it must name them."""
    permissions: frozenset[str] | None = None
    """What the caller's certificate allows, where it says so."""

    def may_take(self, audience: str) -> bool:
        """Whether one of our private objects is this partner's, or nobody's yet."""
        free = (unclaimed(None), *map(unclaimed, self.parties))
        return audience == self.partner or audience in free


ANONYMOUS = Caller(partner="", token=Secret(""))
"""Whoever asks without a token for what is open."""


def unclaimed(party: PartyId | None) -> str:
    """The audience of a private object whose party is no partner's yet; nobody sees it."""
    return f"?{party or ''}"


def party_as(roles: frozenset[str], played: Iterable[tuple[PartyId, str | None]]) -> PartyId | None:
    """Of a partner's parties the first that plays one of these roles, or the first of all.

    That is whose the objects are that name no owner, wherever they come from: a push or a pull.
    """
    found = sorted((role not in roles, id) for id, role in played)
    return found[0][1] if found else None


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a credentials token, and what must come with it. Times are Unix seconds.

    `id` names it in logs and is no secret.
    """

    id: str
    caller: Caller
    form: TokenForm = TokenForm.EITHER
    is_blocked: bool = False
    not_before: float = -inf
    not_after: float = inf
    passwords: Expected | None = None
    certificate: CertificateRule | None = None
    replaces_others: bool = False
    """Whether older tokens die when this one is used."""


class Directory(Protocol):
    """Knows the credentials tokens that partners may show."""

    @property
    def generation(self) -> int:
        """A number that grows whenever any answer of `login` may have changed."""
        ...

    @property
    def carriers(self) -> frozenset[Carrier]:
        """The ways in which one-time passwords of any partner may come."""
        ...

    def login(self, token: str) -> Login | None:
        """What is known of this token, be it valid now or not."""
        ...

    def used(self, login: Login, way: int) -> None:
        """A token was used that replaces others, or a secret (by its index in `ways`) that is not the oldest."""
        ...
