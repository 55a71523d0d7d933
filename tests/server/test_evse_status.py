# SPDX-License-Identifier: AGPL-3.0-or-later
"""What only some platforms speak, and only where it is switched on: the status of an EVSE by POST."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.objects import NEW, OLD, evse, location
from tests.platforms import ALL_VERSIONS, CPO, EMSP, Caller, MemoryNet, envelope_of, platform
from wwcp_ocpi.partners import Access, PartnerParty, Purpose
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.scalars import DateTime, Secret, now

TOKEN = Secret("cpo-token")
pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


async def receiver(version: str, *extensions: str) -> Caller:
    """An eMSP that has one Location of a CPO, and that CPO's calls."""
    made = platform(MemoryNet(), "emsp.example", EMSP, "EMSP", extensions=frozenset(extensions))
    access = Access(hash=made.book._vault.hash_of(TOKEN.reveal()), purpose=Purpose.ACCESS)
    parties = (PartnerParty(id=CPO, role="CPO", name="GEF"),)
    await made.book.change("cpo", lambda known: replace(known, access=(access,), parties=parties))
    call = Caller(made, TOKEN)
    assert (await call("PUT", url(version), location(version))).status == 201
    return call


def url(version: str, *ids: str) -> str:
    return "/".join((f"/ocpi/{version}/receiver/locations/DE/GEF/LOC1", *ids))


def status_url(version: str, uid: str = "E1") -> str:
    return url(version, uid, "status")


async def stored(call: Caller, version: str) -> Any:
    return envelope_of(await call("GET", url(version)))["data"]


def refused(response: Response) -> tuple[int, int]:
    return response.status, envelope_of(response)["status_code"]


async def test_a_posted_status_changes_the_status_and_the_stamps_and_nothing_else(version: str) -> None:
    call = await receiver(version, "evse_status")
    body = {"id": "E1", "status": "CHARGING", "timestamp": NEW}
    response = await call("POST", status_url(version), body)
    assert (response.status, envelope_of(response)) == (200, {"status_code": 1000})
    changed = {**evse(version), "status": "CHARGING", "last_updated": NEW}
    assert await stored(call, version) == location(version, evses=[changed], last_updated=NEW)


@pytest.mark.parametrize("more", [{}, {"id": None, "timestamp": None}])
async def test_a_posted_status_without_a_time_holds_from_now_on(version: str, more: dict[str, Any]) -> None:
    call = await receiver(version, "evse_status")
    before = now()
    assert (await call("POST", status_url(version), {"status": "CHARGING", **more})).status == 200
    found = await stored(call, version)
    assert found["evses"][0]["status"] == "CHARGING"
    assert found["evses"][0]["last_updated"] == found["last_updated"]
    assert DateTime.parse(found["last_updated"]).micros // 1000 >= before.micros // 1000


@pytest.mark.parametrize(
    ("uid", "body", "expected"),
    [
        ("E1", {}, (200, 2001)),
        ("E1", {"status": 7}, (200, 2001)),
        ("E1", {"status": "CHARGING", "id": "E2"}, (200, 2001)),
        ("E1", {"status": "CHARGING", "id": 1}, (200, 2001)),
        ("E1", {"status": "CHARGING", "timestamp": "soon"}, (200, 2001)),
        ("E1", {"status": "CHARGING", "timestamp": OLD}, (200, 2001)),
        ("E1", b"{", (400, 2001)),
        ("E9", {"status": "CHARGING"}, (404, 2003)),
    ],
)
async def test_a_status_that_cannot_be_meant_changes_nothing(
    version: str, uid: str, body: object, expected: tuple[int, int]
) -> None:
    call = await receiver(version, "evse_status")
    assert refused(await call("POST", status_url(version, uid), body)) == expected
    assert await stored(call, version) == location(version)


async def test_a_status_is_only_for_the_party_whose_evse_it_is(version: str) -> None:
    call = await receiver(version, "evse_status")
    foreign = status_url(version).replace("DE/GEF", "FR/ABC")
    assert refused(await call("POST", foreign, {"status": "CHARGING"})) == (403, 2001)


async def test_where_it_is_off_the_path_is_that_of_a_connector(version: str) -> None:
    call = await receiver(version)
    response = await call("POST", status_url(version), {"status": "CHARGING"})
    assert (response.status, response.headers["allow"]) == (405, "GET, PATCH, PUT")
    assert await stored(call, version) == location(version)


async def test_a_connector_of_that_name_is_still_one(version: str) -> None:
    call = await receiver(version, "evse_status")
    body = {**evse(version)["connectors"][0], "id": "status"}
    assert (await call("PUT", status_url(version), body)).status == 201
    assert envelope_of(await call("GET", status_url(version)))["data"] == body
    assert (await call("OPTIONS", status_url(version))).headers["allow"] == "GET, PATCH, POST, PUT, OPTIONS"
