# SPDX-License-Identifier: AGPL-3.0-or-later
"""The table of permissions against the rows of every version."""

from __future__ import annotations

import pytest

from scripts.generate_docs import ROOT
from wwcp_ocpi.protocol.endpoint import Interface
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.security.pki.oids import DEFAULT_ARC, Arc, arc
from wwcp_ocpi.security.pki.parties import certified, environment
from wwcp_ocpi.security.pki.permissions import (
    ALL,
    FREE,
    SUBJECTS,
    Direction,
    identifiers,
    permission,
    permission_of,
    permissions_in,
)

ROWS = [row for version in VERSIONS.values() for row in version.endpoints]


def test_every_row_of_every_version_has_a_permission_or_is_free() -> None:
    assert {row.module for row in ROWS} == set(SUBJECTS) | FREE
    for row in ROWS:
        assert (permission_of(row) is None) == (row.module in FREE)


def test_the_sender_interface_is_the_receivers_to_use() -> None:
    for row in ROWS:
        found = permission_of(row)
        if row.interface is Interface.SENDER:
            assert found is not None
            assert found.direction is Direction.RECEIVER


@pytest.mark.parametrize(
    ("module", "interface", "operation", "expected"),
    [
        ("cdrs", "RECEIVER", "POST", "CDR-SENDER"),
        ("cdrs", "RECEIVER", "GET_BY_URL", "CDR-OWNER"),
        ("cdrs", "RECEIVER", "DELETE_OF_PARTY", "CDR-OWNER"),
        ("cdrs", "SENDER", "LIST", "CDR-RECEIVER"),
        ("locations", "RECEIVER", "PATCH", "LOCATION-SENDER"),
        ("locations", "RECEIVER", "GET", "LOCATION-OWNER"),
        ("tariffs", "RECEIVER", "DELETE", "TARIFF-SENDER"),
        ("tokens", "SENDER", "AUTHORIZE", "TOKEN-RECEIVER"),
        ("commands", "RECEIVER", "COMMAND", "COMMAND-SENDER"),
        ("commands", "SENDER", "RESULT", "COMMAND-RECEIVER"),
        ("sessions", "SENDER", "SET_PREFERENCES", "SESSION-RECEIVER"),
        ("chargingprofiles", "RECEIVER", "SET_PROFILE", "CHARGINGPROFILE-SENDER"),
        ("credentials", "BOTH", "REGISTER", "CREDENTIALS-SENDER"),
        ("credentials", "BOTH", "GET_CREDENTIALS", "CREDENTIALS-RECEIVER"),
    ],
)
def test_a_row_needs(module: str, interface: str, operation: str, expected: str) -> None:
    rows = [r for r in ROWS if (r.module, r.interface.name, r.operation.name) == (module, interface, operation)]
    assert {str(permission_of(row)) for row in rows} == {expected}


def test_numbers_under_the_arc_are_one_to_one_and_stay() -> None:
    numbers = [number for _, number in SUBJECTS.values()]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))
    assert identifiers([permission("CDR-SENDER")], Arc())[0].dotted_string == f"{DEFAULT_ARC}.9.4.1"
    assert identifiers([permission("PAYMENT-OWNER")], Arc())[0].dotted_string == f"{DEFAULT_ARC}.9.12.3"


def test_permissions_come_back_from_their_identifiers() -> None:
    assert permissions_in(identifiers(ALL, Arc()), Arc()) == ALL
    assert permissions_in(identifiers(ALL, Arc()), arc("1.3.6.1.4.1.99999")) == frozenset()


@pytest.mark.parametrize("text", ["", "CDR", "CDR-", "CDRS-SENDER", "CDR-WRITER", "CDR-SENDER\n", "VERSION-SENDER"])
def test_what_is_no_permission_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected a permission like CDR-SENDER"):
        permission(text)


@pytest.mark.parametrize("text", ["", "1", "3.1", "1.2.", "1.02", "1.40", "a.b", "1." + "9" * 12, "1.2 "])
def test_what_is_no_arc_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="expected an arc like"):
        arc(text)


def test_what_is_no_party_or_environment_is_refused() -> None:
    for text in ("", "DE*GEF", "CPO:", "KING:DE*GEF", "CPO:DE*GEFX"):
        with pytest.raises(UsageError, match=r"like CPO:DE\*GEF"):
            certified(text)
    with pytest.raises(UsageError, match="prod, staging, test"):
        environment("production")
    assert str(certified("cpo:de-gef")) == "CPO:DE*GEF"


def test_the_page_of_certificates_names_every_number() -> None:
    page = " ".join((ROOT / "docs" / "pki.md").read_text("utf-8").split())
    assert ", ".join(f"{number} {subject}" for subject, number in SUBJECTS.values()) in page
    assert ", ".join(f"{one.value} {one.name}" for one in Direction) in page
