# SPDX-License-Identifier: AGPL-3.0-or-later
"""HubClientInfo of OCPI 2.3.0: who is connected to a hub."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.scalars.text import CiString2, CiString3
from wwcp_ocpi.v2_3_0.enums import ConnectionStatus, Role


class ClientInfo(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One party behind a hub, and whether it can be reached.

    Spec: mod_hub_client_info#mod_hub_client_info_hub_client_info_object
    """

    party_id: CiString3
    country_code: CiString2
    role: Role
    status: ConnectionStatus
    last_updated: DateTime
