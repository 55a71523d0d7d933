# SPDX-License-Identifier: AGPL-3.0-or-later
"""Invoice reconciliation of OCPI 2.3.0: which CDRs an invoice covers."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime, NonEmpty
from wwcp_ocpi.scalars.text import CiString2, CiString3, CiString36, CiString255


class InvoiceReconciliationRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which CDRs stand behind one invoice.

    Spec: mod_invoice_reconciliation#mod_invoice_reconciliation_record_object
    """

    country_code: CiString2
    party_id: CiString3
    id: CiString36
    invoice_id: CiString255
    cdrs: NonEmpty[CiString36]
    last_updated: DateTime
