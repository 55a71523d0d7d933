# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments of OCPI 2.3.0: terminals and what they captured."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime, NonEmpty
from wwcp_ocpi.scalars.text import (
    URL,
    CiString2,
    CiString3,
    CiString10,
    CiString20,
    CiString36,
    CiString45,
    CiString255,
)
from wwcp_ocpi.v2_3_0.enums import CaptureStatusCode, InvoiceCreator
from wwcp_ocpi.v2_3_0.locations import GeoLocation
from wwcp_ocpi.v2_3_0.types import Price


class Terminal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A payment terminal and the EVSEs it serves. Spec: mod_payments#mod_payments_terminal_object."""

    terminal_id: CiString36
    customer_reference: CiString36 | None = None
    party_id: CiString3 | None = None
    country_code: CiString2 | None = None
    address: CiString45 | None = None
    city: CiString45 | None = None
    postal_code: CiString10 | None = None
    state: CiString20 | None = None
    country: CiString3 | None = None
    coordinates: GeoLocation | None = None
    invoice_base_url: URL | None = None
    invoice_creator: InvoiceCreator | None = None
    reference: CiString36 | None = None
    location_ids: list[CiString36] | None = None
    evse_uids: list[CiString36] | None = None
    last_updated: DateTime


class FinancialAdviceConfirmation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a payment terminal captured for a session.

    Spec: mod_payments#mod_financial_advice_confirmation_object
    """

    id: CiString36
    authorization_reference: CiString36
    total_costs: Price
    currency: CiString3
    eft_data: NonEmpty[CiString255]
    capture_status_code: CaptureStatusCode
    capture_status_message: CiString255 | None = None
    last_updated: DateTime
