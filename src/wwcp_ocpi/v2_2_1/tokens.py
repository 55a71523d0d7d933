# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tokens of OCPI 2.2.1: who may charge."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.scalars.text import CiString2, CiString3, CiString36, String2, String64
from wwcp_ocpi.v2_2_1.enums import AllowedType, ProfileType, TokenType, WhitelistType
from wwcp_ocpi.v2_2_1.types import DisplayText


class AuthorizationInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to: may this Token charge here, now?

    Spec: mod_tokens#mod_tokens_authorizationinfo_object
    """

    allowed: AllowedType
    token: Token
    location: LocationReferences | None = None
    authorization_reference: CiString36 | None = None
    info: DisplayText | None = None


class Token(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a driver shows: a card, an app, a contract. Spec: mod_tokens#mod_tokens_token_object."""

    country_code: CiString2
    party_id: CiString3
    uid: CiString36
    type: TokenType
    contract_id: CiString36
    visual_number: String64 | None = None
    issuer: String64
    group_id: CiString36 | None = None
    valid: bool
    whitelist: WhitelistType
    language: String2 | None = None
    default_profile_type: ProfileType | None = None
    energy_contract: EnergyContract | None = None
    last_updated: DateTime


class EnergyContract(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The driver's own energy supplier and contract. Spec: mod_tokens#mod_tokens_energy_contract."""

    supplier_name: String64
    contract_id: String64 | None = None


class LocationReferences(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Location and EVSEs in it, named by id. Spec: mod_tokens#mod_tokens_locationreferences_class."""

    location_id: CiString36
    evse_uids: list[CiString36] | None = None
