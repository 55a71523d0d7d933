# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which state may follow which: the steps of the specification's diagram, and no other."""

from __future__ import annotations

import itertools
import json

from tests.rules import rule
from wwcp_ocpi.protocol.lifecycle import Lifecycle, broken
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.v2_3_0.enums import ReservationStatus

RESERVATION = VERSIONS["2.3.0"].kind("bookings").resource.lifecycle
STEPS = {
    ("PENDING", "RESERVED"), ("PENDING", "REJECTED"), ("PENDING", "FAILED"), ("PENDING", "CANCELED"),
    ("RESERVED", "PENDING"), ("RESERVED", "FULFILLED"), ("RESERVED", "NO_SHOW"), ("RESERVED", "CANCELED"),
}  # fmt: skip
FINAL = {"CANCELED", "FAILED", "FULFILLED", "NO_SHOW", "REJECTED"}


def reservation() -> Lifecycle:
    assert RESERVATION is not None
    return RESERVATION


@rule("BKG-01")
def test_a_reservation_takes_the_steps_of_the_diagram() -> None:
    words = [word.value for word in ReservationStatus]
    allowed = {step for step in itertools.product(words, words) if reservation().allows(*step)}
    stays = {(word, word) for word in words}
    from_unknown = {("UNKNOWN", word) for word in words}
    assert allowed == STEPS | stays | from_unknown
    assert {word for word in words if reservation().is_final(word)} == FINAL


def test_only_a_field_that_moved_wrongly_is_reported() -> None:
    def found(before: object, after: object) -> str | None:
        bodies = (json.dumps({"reservation_status": state}).encode() for state in (before, after))
        finding = broken(reservation(), *bodies)
        return None if finding is None else f"{finding.rule} {finding.path}: {finding.message}"

    assert found("PENDING", "RESERVED") is None
    assert found("NEW", "RESERVED") is None
    assert found("FAILED", "FAILED") is None
    assert found("FAILED", "RESERVED") == ("BKG-01 $.reservation_status: 'RESERVED' after 'FAILED', which is final")
    assert found("RESERVED", None) == (
        "BKG-01 $.reservation_status: '' after 'RESERVED', which is followed by CANCELED, FULFILLED, NO_SHOW, PENDING"
    )


def test_the_other_objects_have_no_states_of_this_kind() -> None:
    kinds = {name for version in VERSIONS.values() for name, kind in version.kinds.items() if kind.resource.lifecycle}
    assert kinds == {"bookings"}
