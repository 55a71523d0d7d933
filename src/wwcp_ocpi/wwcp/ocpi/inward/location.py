# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI 2.3.0 Locations to WWCP charging pools. Spec: mod_locations#mod_locations_location_object."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.v2_3_0.locations import Location
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.model.places import ChargingPool, ChargingStationOperator
from wwcp_ocpi.wwcp.ocpi.inward.names import NameBook, OCPIPlace
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy


class ForeignPool(msgspec.Struct, frozen=True, kw_only=True):
    """A Location of a partner as a pool, with its stations and their EVSEs, statuses inside.

    `operator` is what the Location tells of its operator, without pools: the id is that of the party of the Location.
    The id of an EVSE may have another operator in front, where a party speaks for several.
    """

    pool: ChargingPool
    operator: ChargingStationOperator
    place: OCPIPlace
    published: bool


def read_location(body: bytes) -> Location:
    """The Location in a stored or received body, with what a partner adds who is this software too.

    Raises:
        MalformedBody, InvalidParameters, TooLarge: as `codec.decode`.
    """
    raise NotImplementedError


def pool_of(
    location: Location,
    policy: MappingPolicy = DEFAULT_POLICY,
    *,
    now: DateTime,
    names: NameBook | None = None,
) -> Mapped[ForeignPool]:
    """The pool of a Location; None when no operator id can be made of its party.

    Args:
        location: best as `read_location` gives it: then stations are those that the partner named.
        names: the book of the network; a new one when it is None, which keeps ids apart within the Location only.
            Names of the Location that it held before are given anew.
    """
    raise NotImplementedError
