# SPDX-License-Identifier: AGPL-3.0-or-later
"""What OCPI 2.3.0 does differently from other versions."""

from __future__ import annotations

from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.protocol.facts import CredentialsShape, Facts
from wwcp_ocpi.protocol.status import StatusCode

FACTS = Facts(
    token_form=TokenForm.BASE64,
    credentials_shape=CredentialsShape.ROLES_AND_HUB,
    endpoints_have_roles=True,
    objects_name_owner=True,
    ids_fold=True,
    patch_needs_last_updated=True,
    routed=True,
    unknown_token_status=StatusCode.UNKNOWN_TOKEN,
    has_hub_role=False,
    failed_command="FAILED",
)
