# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why something has no price. Each error names the field, and tells by its type whose mistake it is.

There is no price that is nearly right: what cannot be priced is refused.
"""

from __future__ import annotations

from wwcp_ocpi.protocol.errors import OCPIError, PartnerError, UsageError


class PricingError(OCPIError):
    """Base of all refusals to price; `.path` is the JSON path of the field in question."""


class BadTariff(PricingError, PartnerError):
    """The Tariff contradicts itself, or holds what no price can be made of."""


class BadCharge(PricingError, PartnerError):
    """The CDR, the Session or the meter readings contradict themselves, or lack what their tariff asks for."""


class NoTariff(PricingError, UsageError):
    """There is no tariff for a charging period, or several and nothing tells which."""


class TimeZoneMissing(PricingError, UsageError):
    """The tariff goes by the local time of the Location, and no time zone, or none that is known, was given."""
