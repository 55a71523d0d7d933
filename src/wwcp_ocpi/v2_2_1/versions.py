# SPDX-License-Identifier: AGPL-3.0-or-later
"""Versions and version details of OCPI 2.2.1."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import NonEmpty
from wwcp_ocpi.scalars.text import URL
from wwcp_ocpi.v2_2_1.enums import InterfaceRole, ModuleID, VersionNumber


class Version(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version that a platform speaks, and where its details are.

    Spec: version_information_endpoint#version_information_endpoint_version_class
    """

    version: VersionNumber
    url: URL


class VersionDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The endpoints of one version.

    Spec: version_information_endpoint#version_information_get_details_endpoint_data
    """

    version: VersionNumber
    endpoints: NonEmpty[Endpoint]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One module of a version and its URL.

    Spec: version_information_endpoint#version_information_endpoint_endpoint_class
    """

    identifier: ModuleID
    role: InterfaceRole
    url: URL
