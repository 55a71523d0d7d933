# SPDX-License-Identifier: AGPL-3.0-or-later
"""Versions and version details of OCPI 2.1.1."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import NonEmpty
from wwcp_ocpi.scalars.text import URL
from wwcp_ocpi.v2_1_1.enums import ModuleID, VersionNumber


class Version(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One version that a platform speaks, and where its details are.

    Spec: version_information_endpoint#version-class
    """

    version: VersionNumber
    url: URL


class VersionDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The endpoints of one version. Spec: version_information_endpoint#data-1."""

    version: VersionNumber
    endpoints: NonEmpty[Endpoint]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One module of a version and its URL. Spec: version_information_endpoint#endpoint-class."""

    identifier: ModuleID
    url: URL
