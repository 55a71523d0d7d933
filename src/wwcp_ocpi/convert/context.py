# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an object does not say of itself in one version and must say in another."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

import msgspec

from wwcp_ocpi.scalars import PartyId


class Known(msgspec.Struct, frozen=True):
    """An object that is known beside the one that is converted, in whichever version it is kept."""

    version: str
    body: bytes


class ConnectorKind(NamedTuple):
    """What a CDR says of the connector that was used."""

    standard: str
    format: str
    power_type: str


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Facts from outside the body. All are optional; one that is needed and missing is named by the refusal."""

    owner: PartyId | None = None
    """Whose object this is. OCPI 2.1.1 names no owner in Locations, Tariffs, Sessions, CDRs and Tokens. For a
    command it is the owner of the Token in it, the eMSP. Goes before what the body itself says of its owner."""
    publish: bool = True
    """`publish` of a Location of 2.1.1, which knows none but published ones."""
    unpublished: bool = False
    """Whether a Location with `publish` false may be told to 2.1.1, where everybody may show it to the public."""
    time_zone: str | None = None
    """IANA name for Locations of 2.1.1 that name no time zone."""
    postal_code: str | None = None
    """What 2.1.1 is told where an address has no postal code; may be empty."""
    tax_included: str | None = None
    """`tax_included` of a Tariff of 2.1.1 or 2.2.1, whose prices are without tax: `NO` if nothing is said, `N/A` where
    no tax applies; with `YES` its prices are told with tax."""
    vat: Decimal | None = None
    """Percent. Of costs and prices of 2.1.1, which say nothing of VAT; also what is taken out of prices of 2.3.0 that
    contain tax and do not say how much."""
    role: str | None = None
    """The role of a platform with Credentials of 2.1.1: `CPO` or `EMSP`. Of several roles, 2.1.1 is told this one."""
    token: Known | None = None
    """The driver's Token: that of an AuthorizationInfo, and that of a Session or CDR of 2.1.1."""
    driver: PartyId | None = None
    """The eMSP of the driver of a Session or CDR of 2.1.1, where `token` is not known."""
    token_uid: str | None = None
    """The `uid` in the `cdr_token` of such a Session or CDR, where `token` is not known."""
    token_type: str | None = None
    """The `type` beside it, as `RFID`."""
    location: Known | None = None
    """The Location of a Session or CDR that is told to 2.1.1, which wants more of it than later versions repeat."""
    connector: ConnectorKind | None = None
    """The connector of a CDR of 2.1.1 that names none, or several that differ."""
    timeout: int | None = None
    """Seconds in a CommandResponse of 2.1.1, which gives none."""
    reservation_id: int | None = None
    """The number that stands for a reservation towards 2.1.1, where its id is none."""
    traces: bool = True
    """Whether an object that goes up takes along, in a field of ours, what the upper version cannot say."""


NOTHING_KNOWN = Context()
"""Nothing but the body."""
