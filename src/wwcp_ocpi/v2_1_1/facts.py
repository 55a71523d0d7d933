# SPDX-License-Identifier: AGPL-3.0-or-later
"""What OCPI 2.1.1 does differently from other versions."""

from __future__ import annotations

from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.protocol.facts import CredentialsShape, Facts
from wwcp_ocpi.protocol.status import StatusCode

FACTS = Facts(
    token_form=TokenForm.RAW,
    credentials_shape=CredentialsShape.ONE_PARTY,
    endpoints_have_roles=False,
    objects_name_owner=False,
    ids_fold=False,
    patch_needs_last_updated=False,
    routed=False,
    unknown_token_status=StatusCode.INVALID_PARAMETERS,
    has_hub_role=False,
    failed_command="REJECTED",
)
