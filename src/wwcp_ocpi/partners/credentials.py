# SPDX-License-Identifier: AGPL-3.0-or-later
"""The Credentials object in the shape that the version has. Spec: credentials#credentials_credentials_object."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.partners.model import PartnerParty
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.credentials_token import is_valid_token
from wwcp_ocpi.protocol.errors import InvalidParameters
from wwcp_ocpi.protocol.facts import CredentialsShape
from wwcp_ocpi.protocol.http import can_be_called
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.scalars import PartyId, Secret
from wwcp_ocpi.server.settings import OwnParty, ServerSettings


class Theirs(msgspec.Struct, frozen=True, kw_only=True):
    """What a partner's credentials say, whatever the version."""

    token: Secret
    versions_url: str
    parties: tuple[PartnerParty, ...]
    hub: PartyId | None = None
    tells_hub: bool = True
    """Whether a hub could have said that it is one."""


def write(
    version: Version,
    settings: ServerSettings,
    token: Secret,
    roles: frozenset[str],
    reached: Sequence[PartnerParty] = (),
) -> bytes:
    """Our credentials for a partner in these roles, with the token that it shall use.

    `reached` are the parties that a hub reaches for it; they are listed where a version asks for that (CRD-29).
    """
    return codec.encode(
        {
            "token": token.reveal(),
            "url": settings.versions_url,
            **_WRITE[version.facts.credentials_shape](settings, roles, reached),
        }
    )


def read(version: Version, body: bytes, ours: frozenset[str], theirs: frozenset[str] = frozenset()) -> Theirs:
    """A partner's credentials.

    Args:
        ours: our roles: where a version tells none, the partner is the other.
        theirs: the roles that the partner was invited in. If it is one, it goes before.

    Raises:
        InvalidParameters: a token, URL or party that cannot be, or a role named twice (CRD-23, CRD-24).
    """
    credentials: Any = codec.decode(version.object_named("Credentials"), body)
    if not is_valid_token(credentials.token):
        raise InvalidParameters("$.token: expected 1 to 64 printable characters without blanks", path="$.token")
    if not can_be_called(credentials.url):
        raise InvalidParameters("$.url: expected an absolute http or https URL of a versions endpoint", path="$.url")
    parties, hub = _READ[version.facts.credentials_shape](credentials, ours, theirs)
    if len({(party.id, party.role) for party in parties}) < len(parties):
        raise InvalidParameters("$.roles: a role of a party is named twice", path="$.roles")
    return Theirs(
        token=Secret(credentials.token),
        versions_url=credentials.url,
        parties=parties,
        hub=hub,
        tells_hub=version.facts.credentials_shape is not CredentialsShape.ONE_PARTY,
    )


def _details(party: OwnParty) -> dict[str, str]:
    return {"name": party.name, **({"website": party.website} if party.website else {})}


def _write_one_party(
    settings: ServerSettings, roles: frozenset[str], reached: Sequence[PartnerParty]
) -> dict[str, object]:
    """2.1.1 has room for one party: the first whose role faces the partner's."""
    facing = [party for party in settings.parties if not roles or party.role not in roles] or settings.parties
    party = facing[0]
    return {
        "business_details": _details(party),
        "party_id": party.id.party_id,
        "country_code": party.id.country_code,
    }


def _write_roles(settings: ServerSettings, roles: frozenset[str], reached: Sequence[PartnerParty]) -> dict[str, object]:
    return {
        "roles": [
            {
                "role": party.role,
                "business_details": _details(party),
                "party_id": party.id.party_id,
                "country_code": party.id.country_code,
            }
            for party in settings.parties
        ]
    }


def _write_roles_and_hub(
    settings: ServerSettings, roles: frozenset[str], reached: Sequence[PartnerParty]
) -> dict[str, object]:
    """From 2.3.0 on a hub is no role (CRD-28). Without others to list it lists itself."""
    hub = settings.hub
    if hub is None:
        return _write_roles(settings, roles, ())
    known = {(one.id, one.role or ""): OwnParty(id=one.id, role=one.role or "OTHER", name=one.name) for one in reached}
    own = {(one.id, one.role): one for one in settings.parties if one.role != "HUB"}
    others = tuple({**known, **own}.values())
    listed = replace(settings, parties=others) if others else settings
    return {"hub_party_id": "".join(hub), **_write_roles(listed, roles, ())}


def _party(country_code: str, party_id: str, path: str) -> PartyId:
    try:
        return PartyId.parse(f"{country_code}*{party_id}")
    except ValueError as error:
        raise InvalidParameters(f"{path}: {error}", path=path) from error


Parties = tuple[tuple[PartnerParty, ...], PartyId | None]


def _read_one_party(credentials: Any, ours: frozenset[str], theirs: frozenset[str]) -> Parties:
    other = {"CPO": "EMSP", "EMSP": "CPO"}
    role = next(iter(theirs)) if len(theirs) == 1 else other.get(next(iter(ours))) if len(ours) == 1 else None
    id = _party(credentials.country_code, credentials.party_id, "$.party_id")
    return (PartnerParty(id=id, role=role, name=credentials.business_details.name),), None


def _read_roles(credentials: Any, ours: frozenset[str], theirs: frozenset[str]) -> Parties:
    parties = tuple(
        PartnerParty(
            id=_party(role.country_code, role.party_id, f"$.roles[{index}]"),
            role=str(role.role),
            name=role.business_details.name,
        )
        for index, role in enumerate(credentials.roles)
    )
    hub = next((party.id for party in parties if party.role == "HUB"), None)
    return parties, hub


def _read_roles_and_hub(credentials: Any, ours: frozenset[str], theirs: frozenset[str]) -> Parties:
    parties, _ = _read_roles(credentials, ours, theirs)
    hub = credentials.hub_party_id
    return parties, _party(hub[:2], hub[2:], "$.hub_party_id") if hub else None


_WRITE: Mapping[
    CredentialsShape, Callable[[ServerSettings, frozenset[str], Sequence[PartnerParty]], dict[str, object]]
] = {
    CredentialsShape.ONE_PARTY: _write_one_party,
    CredentialsShape.ROLES: _write_roles,
    CredentialsShape.ROLES_AND_HUB: _write_roles_and_hub,
}
_READ: Mapping[CredentialsShape, Callable[[Any, frozenset[str], frozenset[str]], Parties]] = {
    CredentialsShape.ONE_PARTY: _read_one_party,
    CredentialsShape.ROLES: _read_roles,
    CredentialsShape.ROLES_AND_HUB: _read_roles_and_hub,
}
