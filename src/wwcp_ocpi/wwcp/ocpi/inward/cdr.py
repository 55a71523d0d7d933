# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI 2.3.0 CDRs to WWCP charge detail records. Spec: mod_cdrs#mod_cdrs_cdr_object."""

from __future__ import annotations

from wwcp_ocpi.v2_3_0.cdrs import CDR
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.ocpi.inward.names import NameBook
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy


def cdr_of(
    cdr: CDR,
    policy: MappingPolicy = DEFAULT_POLICY,
    *,
    names: NameBook | None = None,
    session_id: ChargingSessionId | None = None,
) -> Mapped[ChargeDetailRecord]:
    """The charge detail record.

    Args:
        names: the book in which the EVSE is looked up; without it the evse_id of the CDR counts.
        session_id: of the session that was found by `session_keys`; otherwise it is made of the CDR.
    """
    raise NotImplementedError
