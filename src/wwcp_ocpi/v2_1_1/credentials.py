# SPDX-License-Identifier: AGPL-3.0-or-later
"""Credentials of OCPI 2.1.1: how two platforms know each other."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars.text import URL, String2, String3, String64
from wwcp_ocpi.v2_1_1.locations import BusinessDetails


class Credentials(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one platform tells another: the credentials token to use, where its versions are, who it is.

    Spec: credentials#21-credentials-object
    """

    token: String64
    url: URL
    business_details: BusinessDetails
    party_id: String3
    country_code: String2
