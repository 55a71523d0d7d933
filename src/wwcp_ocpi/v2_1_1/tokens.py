# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tokens of OCPI 2.1.1: who may charge."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.scalars.text import String2, String36, String39, String64
from wwcp_ocpi.v2_1_1.enums import Allowed, TokenType, WhitelistType
from wwcp_ocpi.v2_1_1.types import DisplayText


class AuthorizationInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to: may this Token charge here, now? Spec: mod_tokens#31-authorizationinfo-object."""

    allowed: Allowed
    location: LocationReferences | None = None
    info: DisplayText | None = None


class Token(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a driver shows: a card, an app, a contract. Spec: mod_tokens#32-token-object."""

    uid: String36
    type: TokenType
    auth_id: String36
    visual_number: String64 | None = None
    issuer: String64
    valid: bool
    whitelist: WhitelistType
    language: String2 | None = None
    last_updated: DateTime


class LocationReferences(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Location and EVSEs in it, named by id. Spec: mod_tokens#42-locationreferences-class."""

    location_id: String39
    evse_uids: list[String39] | None = None
    connector_ids: list[String36] | None = None
