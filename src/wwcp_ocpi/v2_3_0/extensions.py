# SPDX-License-Identifier: AGPL-3.0-or-later
"""What OCPI 2.3.0 does not have and some platforms speak: each only where its switch is on, see docs/partners.md."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime, Int
from wwcp_ocpi.scalars.text import URL, CiString36, CiString48
from wwcp_ocpi.v2_3_0.enums import Status
from wwcp_ocpi.v2_3_0.types import DisplayText


class EVSEStatus(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The status of an EVSE and nothing else; `timestamp` is since when, `id` the uid again."""

    id: CiString36 | None = None
    status: Status
    timestamp: DateTime | None = None


class CustomData(msgspec.Struct, frozen=True, kw_only=True):
    """Any fields that two platforms agreed on."""


class NotifyWebPaymentStarted(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Command: somebody began to pay on a web page, keep the EVSE for that long (`timeout`, in seconds)."""

    response_url: URL
    location_id: CiString36
    evse_uid: CiString36
    evse_id: CiString48 | None = None
    connector_id: CiString36 | None = None
    timeout: Int
    custom_data: CustomData | None = None


class NotifyWebPaymentFailed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Command: nothing was paid, the EVSE is free again; `error_message` tells the driver why."""

    response_url: URL
    location_id: CiString36
    evse_uid: CiString36
    evse_id: CiString48 | None = None
    connector_id: CiString36 | None = None
    error_message: list[DisplayText] | None = None
    custom_data: CustomData | None = None
