# SPDX-License-Identifier: AGPL-3.0-or-later
"""No row of the tables is only written down: each is served, and version details list exactly what is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.known import known
from tests.platforms import ALL_VERSIONS, CPO, EMSP, HUB, PTP, MemoryNet, envelope_of, platform
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.protocol.endpoint import Interface, Operation
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server import OwnParty
from wwcp_ocpi.server.dispatch import BEHAVIOURS
from wwcp_ocpi.server.extensions import EXTENSIONS

MODULES = frozenset(name for version in VERSIONS.values() for name in version.modules)
ROLES = {"EMSP": EMSP, "PTP": PTP, "HUB": HUB, "SCSP": PartyId("NL", "SCS"), "NAP": PartyId("NL", "NAP")}


def everyone(**settings: Any) -> Platform:
    """A platform that plays every role and offers everything."""
    more = tuple(OwnParty(id=party, role=role, name=role) for role, party in ROLES.items())
    return platform(MemoryNet(), "all.example", CPO, "CPO", more=more, modules=MODULES, **settings)


def test_every_operation_has_a_behaviour() -> None:
    assert set(BEHAVIOURS) == set(Operation)


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_every_row_is_served(version: str) -> None:
    routes = everyone(extensions=EXTENSIONS).server.router.routes
    served = {(one.endpoint.module, one.endpoint.interface, one.method, one.endpoint.path) for one in routes
              if one.version.number == version}  # fmt: skip
    rows = [row for row in VERSIONS[version].endpoints if row.operation is not Operation.VERSIONS]  # one for all
    wanted = {(row.module, row.interface, row.method, row.path) for row in rows}
    assert wanted - served == set()


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_version_details_list_what_is_served_and_nothing_else(version: str) -> None:
    made = everyone()
    call = await known(made, "partner", (PartyId("FR", "ABC"),))
    details = envelope_of(await call("GET", f"/ocpi/{version}"))["data"]["endpoints"]
    listed = {(one["identifier"], one.get("role")) for one in details} - {
        ("credentials", "SENDER"),
        ("credentials", None),
    }
    rows = [row for row in VERSIONS[version].endpoints if row.interface is not Interface.BOTH and not row.extension]
    callers = {role for partner in made.book.all() for role in partner.roles}
    has_roles = VERSIONS[version].facts.endpoints_have_roles
    expected = {
        (row.module, row.interface.value if has_roles else None)
        for row in rows
        if not callers or VERSIONS[version].modules[row.module].callers(row.interface) & callers
    }
    assert listed == expected
