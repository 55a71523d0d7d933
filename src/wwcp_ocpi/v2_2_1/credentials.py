# SPDX-License-Identifier: AGPL-3.0-or-later
"""Credentials of OCPI 2.2.1: how two platforms know each other."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import NonEmpty
from wwcp_ocpi.scalars.text import URL, CiString2, CiString3, String64
from wwcp_ocpi.v2_2_1.enums import Role
from wwcp_ocpi.v2_2_1.locations import BusinessDetails


class Credentials(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one platform tells another: the credentials token to use, where its versions are, who it is.

    Spec: credentials#credentials_credentials_object
    """

    token: String64
    url: URL
    roles: NonEmpty[CredentialsRole]


class CredentialsRole(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One party of a platform and the role it plays. Spec: credentials#credentials_credentials_role_class."""

    role: Role
    business_details: BusinessDetails
    party_id: CiString3
    country_code: CiString2
