# SPDX-License-Identifier: AGPL-3.0-or-later
"""One entry of a feed: good, with what was noticed, or rejected with every reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.objects import MIDDLE, location, terminal
from tests.platforms import ALL_VERSIONS, CPO, PTP
from wwcp_ocpi.feeds.assumptions import NOTHING, OPEN_DATA, Assumptions
from wwcp_ocpi.feeds.checking import Good, Rejected, check
from wwcp_ocpi.feeds.reading import Entry
from wwcp_ocpi.protocol.conformance import Severity
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime

OWNED = Assumptions(party=CPO)
versions = pytest.mark.parametrize("version", ALL_VERSIONS)


def checked(version: str, body: object, assumed: Assumptions = OWNED, index: int = 3) -> Good | Rejected:
    resource = VERSIONS[version].modules["locations"].resource
    assert resource is not None
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return check(resource, Entry(index, raw), assumed)


def reasons(version: str, body: object, assumed: Assumptions = OWNED) -> list[str]:
    found = checked(version, body, assumed)
    assert isinstance(found, Rejected)
    assert found.body == (body if isinstance(body, bytes) else json.dumps(body).encode())
    return found.reasons


@versions
def test_a_whole_object_is_good_and_keeps_its_bytes(version: str) -> None:
    body = json.dumps(location(version), indent=2).encode()
    assert checked(version, body) == Good(
        index=3,
        owner=CPO,
        id="LOC1",
        last_updated=DateTime.parse(MIDDLE),
        body=body,
        warnings=[],
        assumed=[],
    )


def test_a_terminal_is_its_provider_s_though_it_names_a_cpo() -> None:
    resource = VERSIONS["2.3.0"].kind("payments/terminals").resource
    body = json.dumps(terminal("2.3.0", country_code="DE", party_id="GEF")).encode()
    found = check(resource, Entry(0, body), Assumptions(party=PTP))
    assert isinstance(found, Good)
    assert (found.owner, found.id) == (PTP, "TERM1")
    assert isinstance(check(resource, Entry(0, body), NOTHING), Rejected)


@versions
def test_what_is_kept_though_not_as_specified_is_a_warning_and_unknown_fields_are_none(version: str) -> None:
    found = checked(version, location(version, name="x" * 300, invented=1))
    assert isinstance(found, Good)
    assert [(one.path, one.severity) for one in found.warnings] == [("$.name", Severity.WARNING)]


@versions
def test_every_reason_is_told_with_its_path(version: str) -> None:
    body = location(version, city=None, address=7, last_updated=MIDDLE) | {"last_updated": "yesterday"}
    del body["coordinates"]
    assert [reason.partition(":")[0] for reason in reasons(version, body)] == [
        "$.address",
        "$.city",
        "$.coordinates",
        "$.last_updated",
    ]


@versions
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"17", "$: expected a JSON object"),
        (b"[]", "$: expected a JSON object"),
        (b'{"id":"\xff"}', "$: expected JSON"),
        (b'{"id":1e99999999999999999999}', "$: expected numbers of a sane size"),
        (b'{"a":' * 2000 + b"1" + b"}" * 2000, "$: nested too deep"),
        (b'{"evses":17}', "$.id: required in Location, but missing"),
    ],
    ids=range(6),
)
def test_what_is_no_object_is_rejected(version: str, body: bytes, reason: str) -> None:
    assert any(found.startswith(reason) for found in reasons(version, body, OPEN_DATA))


@versions
def test_an_entry_that_could_not_be_read_keeps_its_reason(version: str) -> None:
    resource = VERSIONS[version].modules["locations"].resource
    assert resource is not None
    assert check(resource, Entry(9, b"{", "expected a JSON object on this line"), NOTHING) == Rejected(
        index=9, reasons=["expected a JSON object on this line"], body=b"{"
    )


def test_an_object_that_names_no_owner_needs_one() -> None:
    assert reasons("2.1.1", location("2.1.1"), NOTHING) == [
        "$.party_id: nobody knows whose object this is; name a party"
    ]


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
def test_an_owner_that_cannot_be_is_a_reason(version: str) -> None:
    assert reasons(version, location(version, owner=("DE", "TOO LONG"))) == [
        "$.party_id: nobody knows whose object this is; name a party"
    ]


@versions
def test_an_empty_id_is_a_reason(version: str) -> None:
    assert reasons(version, location(version, id="")) == ["$.id: empty"]


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
def test_what_was_assumed_stands_in_the_object_and_in_the_report(version: str) -> None:
    body: dict[str, Any] = location(version)
    del body["publish"]
    found = checked(version, body, Assumptions(fields={"publish": False}))
    assert isinstance(found, Good)
    assert json.loads(found.body) == {**body, "publish": False}
    assert found.assumed == ["$.publish = false"]


def test_an_evses_field_that_is_no_list_rejects_the_object_and_nothing_else() -> None:
    body = location("2.1.1", evses="none")
    found = reasons("2.1.1", body, OPEN_DATA)
    assert found[0].startswith("$.evses: expected an array")
