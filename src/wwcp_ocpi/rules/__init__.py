# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pricing: what a charge costs and why, whether a CDR is right, whether a tariff is sound, and what to tell a driver.

Pure functions: no files, no sockets, no clock. The semantics, and what was decided where the specification is silent,
are in docs/pricing.md.

    price(cdr, time_zone="Europe/Amsterdam")          what it costs
    explain(...), explanation_table(...)              and why
    check(cdr, time_zone="Europe/Amsterdam")          whether its totals are right
    metered(readings, prepare(tariff), ...)           charging periods from meter readings
    report(...), check_report(...)                    both as plain values, to keep or to send
    cdr_totals(...), charging_periods(...)            the fields of a CDR of each version
    lint(tariff, now=now()), tell(tariff, "nl"), picture(tariff, today=...), estimate(tariff, ...)
"""

from wwcp_ocpi.rules.billing import Steps
from wwcp_ocpi.rules.bookings import price_booking
from wwcp_ocpi.rules.charge import Charge, Reserved
from wwcp_ocpi.rules.checking import Checked, Difference, Tolerance, Verdict, check
from wwcp_ocpi.rules.cutting import Reading, expired_reservation, metered
from wwcp_ocpi.rules.errors import BadCharge, BadTariff, NoTariff, PricingError, TimeZoneMissing
from wwcp_ocpi.rules.estimating import Estimate, estimate
from wwcp_ocpi.rules.explaining import (
    EXPLANATION_HEAD,
    Explained,
    Explanation,
    Tried,
    explain,
    explanation_rows,
    explanation_table,
)
from wwcp_ocpi.rules.linting import Finding, lint, lint_body
from wwcp_ocpi.rules.money import FOUR_DECIMALS, Amount, Rounding, in_currency
from wwcp_ocpi.rules.notes import Note, NoteCode
from wwcp_ocpi.rules.picture import picture, price_over_week
from wwcp_ocpi.rules.plan import Plan, Tax, prepare
from wwcp_ocpi.rules.pricing import Cost, Priced, price
from wwcp_ocpi.rules.reading import AnyTariff, read_tariff
from wwcp_ocpi.rules.reading_charges import AnyCDR, AnySession, read_charge
from wwcp_ocpi.rules.reasons import Reason
from wwcp_ocpi.rules.reporting import check_report, notes_report, report
from wwcp_ocpi.rules.stating import cdr_totals, charging_periods
from wwcp_ocpi.rules.taxes import TaxShare, taxes_of
from wwcp_ocpi.rules.telling import tell
from wwcp_ocpi.rules.words import LANGUAGES

__all__ = [
    "EXPLANATION_HEAD",
    "FOUR_DECIMALS",
    "LANGUAGES",
    "Amount",
    "AnyCDR",
    "AnySession",
    "AnyTariff",
    "BadCharge",
    "BadTariff",
    "Charge",
    "Checked",
    "Cost",
    "Difference",
    "Estimate",
    "Explained",
    "Explanation",
    "Finding",
    "NoTariff",
    "Note",
    "NoteCode",
    "Plan",
    "Priced",
    "PricingError",
    "Reading",
    "Reason",
    "Reserved",
    "Rounding",
    "Steps",
    "Tax",
    "TaxShare",
    "TimeZoneMissing",
    "Tolerance",
    "Tried",
    "Verdict",
    "cdr_totals",
    "charging_periods",
    "check",
    "check_report",
    "estimate",
    "expired_reservation",
    "explain",
    "explanation_rows",
    "explanation_table",
    "in_currency",
    "lint",
    "lint_body",
    "metered",
    "notes_report",
    "picture",
    "prepare",
    "price",
    "price_booking",
    "price_over_week",
    "read_charge",
    "read_tariff",
    "report",
    "taxes_of",
    "tell",
]
