# SPDX-License-Identifier: AGPL-3.0-or-later
"""Agreeing on a version, and the typed calls on Locations, EVSEs and Connectors."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.client.awkward import BASE, IDS, OURS, THEIRS, TOKEN, VERSIONS_URL, cls, connected, partner, receiver
from tests.objects import MIDDLE, NEW, connector, evse, location
from tests.platforms import ALL_VERSIONS
from tests.rules import rule
from wwcp_ocpi.client import Peer
from wwcp_ocpi.client.peer import RemoteEndpoint
from wwcp_ocpi.mock import Quirk
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.protocol.endpoint import Interface, Operation
from wwcp_ocpi.protocol.errors import BadAnswer, InvalidParameters, NotAuthenticated, Refused, UsageError
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import Secret

versions = pytest.mark.parametrize("version", ALL_VERSIONS)
PARTS = [("Location", ()), ("EVSE", ("E1",)), ("Connector", ("E1", "1"))]
parts = pytest.mark.parametrize(("name", "below"), PARTS, ids=[name for name, _ in PARTS])


@rule("VER-01")
@rule("VER-02")
@pytest.mark.parametrize(
    ("theirs", "ours", "best"),
    [
        (ALL_VERSIONS, ALL_VERSIONS, "2.3.0"),
        (ALL_VERSIONS, ("2.1.1", "2.2.1"), "2.2.1"),
        (("2.1.1", "2.2.1", "2.4.0"), ALL_VERSIONS, "2.2.1"),
        (("2.0", "2.1.1", "2.2"), ALL_VERSIONS, "2.1.1"),
        (("2.3.0", "2.2.1"), ("2.2.1", "9.9.9"), "2.2.1"),
    ],
)
async def test_the_best_version_that_both_speak_is_chosen(
    theirs: tuple[str, ...], ours: tuple[str, ...], best: str
) -> None:
    made = partner(theirs, objects=[])
    peer = await connected(made, versions=ours)
    assert peer.version is VERSIONS[best]
    assert peer.offered == {number: f"{BASE}/{number}" for number in theirs}
    assert [request.url for request in made.requests] == [VERSIONS_URL, f"{BASE}/{best}"]


@pytest.mark.parametrize(
    ("theirs", "ours", "said"),
    [
        (("2.0", "9.9.9"), ALL_VERSIONS, "the partner offers 2.0, 9.9.9, we speak 2.1.1, 2.2.1, 2.3.0"),
        (("2.1.1",), ("2.2.1",), "the partner offers 2.1.1, we speak 2.2.1"),
        ((), ALL_VERSIONS, "the partner offers none"),
    ],
)
async def test_without_a_common_version_the_error_names_both_sides(
    theirs: tuple[str, ...], ours: tuple[str, ...], said: str
) -> None:
    with pytest.raises(UsageError, match=said) as refused:
        await connected(partner(theirs, objects=[]), versions=ours)
    assert refused.value.ocpi_status == 3002


@rule("TRN-03")
async def test_the_form_of_the_token_follows_the_version_that_was_chosen() -> None:
    made = partner("2.1.1")
    peer = await connected(made)
    assert peer.wire.form is TokenForm.RAW
    assert [request.headers["authorization"] for request in made.requests] == [
        "Token dG9rZW4tYQ==",
        f"Token {TOKEN}",
    ]


async def test_a_wrong_token_is_tried_in_both_forms_and_no_more() -> None:
    made = partner(ALL_VERSIONS)
    with pytest.raises(NotAuthenticated):
        await Peer.open(VERSIONS_URL, Secret("wrong"), made)
    assert [request.headers["authorization"] for request in made.requests] == ["Token d3Jvbmc=", "Token wrong"]


async def test_nobody_to_speak_for_means_base64() -> None:
    made = partner(ALL_VERSIONS)
    with pytest.raises(UsageError):
        await Peer.open(VERSIONS_URL, TOKEN, made, versions=["9.9.9"])
    assert made.requests[0].headers["authorization"] == "Token dG9rZW4tYQ=="


@rule("CRD-07")
@pytest.mark.parametrize("url", ["partner.example/versions", "file:///etc/passwd", "", "http://[::1/versions"])
async def test_a_versions_url_that_is_none_is_our_own_mistake(url: str) -> None:
    with pytest.raises(UsageError, match="expected an absolute http or https URL"):
        await Peer.open(url, TOKEN, partner("2.2.1"))


@pytest.mark.parametrize(
    ("path", "data", "message"),
    [
        ("/versions", {"version": "2.2.1"}, r"versions: .*array"),
        ("/versions", [{"version": 2.2, "url": f"{BASE}/2.2.1"}], r"versions: \$\[0\]\.version"),
        ("/versions", [{"version": "2.2.1"}], "versions: .*url"),
        ("/2.2.1", [], "version details: "),
        ("/2.2.1", {"version": "2.2.1"}, "version details: .*endpoints"),
        ("/2.2.1", None, "version details: expected data, got nothing"),
    ],
)
async def test_a_list_of_versions_or_endpoints_that_is_none_is_named(path: str, data: object, message: str) -> None:
    made = partner("2.2.1")

    async def transport(request: Request) -> Response:
        if not request.url.endswith(path):
            return await made(request)
        return Response(status=200, body=json.dumps({"status_code": 1000, "data": data}).encode())

    with pytest.raises(BadAnswer, match=message):
        await Peer.open(VERSIONS_URL, TOKEN, transport)


@versions
@parts
async def test_the_partners_own_objects_are_got_by_their_ids(version: str, name: str, below: tuple[str, ...]) -> None:
    peer = await connected(partner(version))
    whole = location(version, "LOC2", THEIRS)
    expected = {"Location": whole, "EVSE": evse(version), "Connector": connector(version)}[name]
    assert json.loads(await peer.get_bytes(cls(version, name), "LOC2", *below)) == expected
    got = await peer.get(cls(version, name), "LOC2", *below)
    assert got == codec.decode(cls(version, name), json.dumps(expected).encode())


@rule("TRN-25")
@versions
@parts
async def test_what_is_put_and_patched_can_be_read_back(version: str, name: str, below: tuple[str, ...]) -> None:
    made, platform = receiver(version)
    peer = await connected(made)
    kind = cls(version, name)
    body: dict[str, Any] = {
        "Location": location(version, "LOC1", OURS),
        "EVSE": evse(version),
        "Connector": connector(version),
    }[name]
    value = codec.decode(kind, json.dumps(body).encode())
    await peer.put(value, "LOC1", *below, owner=OURS)
    assert await peer.get(kind, "LOC1", *below, owner=OURS) == value
    await peer.patch(kind, {"last_updated": value.last_updated.parse(NEW)}, "LOC1", *below, owner=OURS)
    path = "/".join([version, "receiver/locations/NL/EMP/LOC1", *below])
    assert platform.received == {path: {**body, "last_updated": NEW}}
    assert [(request.method, request.url) for request in made.requests[2:]] == [
        (method, f"{BASE}/{path}") for method in ("PUT", "GET", "PATCH")
    ]


@versions
async def test_ids_with_odd_characters_stay_one_segment(version: str) -> None:
    made, platform = receiver(version)
    peer = await connected(made)
    await peer.put_bytes(cls(version), json.dumps(location(version)).encode(), "a/b ?#%é", owner=OURS)
    assert made.requests[-1].url.endswith("/locations/NL/EMP/a%2Fb%20%3F%23%25%C3%A9")
    assert len(platform.received) == 1


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_a_url_in_a_query_is_percent_encoded(version: str) -> None:
    """Defect 17: the specification's own example leaves it as it is."""
    made, _ = receiver(version)
    peer = await connected(made)
    row = peer.row(Operation.GET_PROFILE, "chargingprofiles", Interface.RECEIVER)
    peer.endpoints.append(RemoteEndpoint("chargingprofiles", f"{BASE}/profiles", "RECEIVER"))
    response_url = "https://emsp.example/r?a=1&b=ü"
    with pytest.raises(Refused):  # this partner has none
        await peer.call(row, "S1", query={"duration": "900", "response_url": response_url})
    request = made.requests[-1]
    assert request.url.endswith("response_url=https%3A%2F%2Femsp.example%2Fr%3Fa%3D1%26b%3D%C3%BC")
    assert request.query == {"duration": "900", "response_url": response_url}


@rule("STC-03")
@versions
async def test_an_object_that_is_not_there_is_a_refusal_with_404(version: str) -> None:
    peer = await connected(partner(version))
    with pytest.raises(Refused, match="HTTP 404 2003") as refused:
        await peer.get(cls(version), "LOC9")
    assert (refused.value.http_status, refused.value.ocpi_status) == (404, 2003)


@versions
async def test_an_answer_without_the_object_is_the_partners_fault(version: str) -> None:
    peer = await connected(partner(version, Quirk.NO_DATA.on("/sender/")))
    with pytest.raises(BadAnswer, match="locations: expected a Location in data, got nothing"):
        await peer.get(cls(version), "LOC1")
    peer = await connected(partner(version, objects=[{"id": "LOC1"}]))
    with pytest.raises(InvalidParameters, match=r"\$: Object missing required field"):
        await peer.get(cls(version), "LOC1")


@versions
async def test_credentials_are_read_as_bytes(version: str) -> None:
    made = partner(version)
    peer = await connected(made)
    assert json.loads(await peer.credentials())["token"] == TOKEN
    peer = await connected(partner(version, Quirk.NO_DATA.on("/credentials")))
    assert await peer.credentials() == b""


@rule("VER-06")
@pytest.mark.parametrize("role", ["SENDER", "RECEIVER", "BOTH", None])
async def test_the_role_of_a_credentials_endpoint_means_nothing(role: str | None) -> None:
    peer = await connected(partner("2.2.1"))
    peer.endpoints = [RemoteEndpoint("credentials", f"{BASE}/2.2.1/credentials", role)]
    assert json.loads(await peer.credentials())["token"] == TOKEN


@rule("CRD-12")
@versions
async def test_an_endpoint_that_the_partner_does_not_have_is_3003(version: str) -> None:
    peer = await connected(partner(version))
    other = VERSIONS[version].object_named("Tariff")
    assert not peer.offers("tariffs", Interface.SENDER)
    assert peer.offers("credentials", Interface.BOTH)
    with pytest.raises(Refused, match="the partner has no tariffs endpoint as SENDER") as refused:
        peer.pages(other)
    assert refused.value.ocpi_status == 3003


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_a_side_that_the_partner_does_not_have_is_3003(version: str) -> None:
    peer = await connected(partner(version))
    assert (peer.offers("locations", Interface.SENDER), peer.offers("locations", Interface.RECEIVER)) == (True, False)
    with pytest.raises(Refused, match="as RECEIVER"):
        await peer.put_bytes(cls(version), b"{}", "LOC1", owner=OURS)


@rule("CRD-07")
@versions
async def test_an_endpoint_whose_url_is_none_is_the_partners_fault(version: str) -> None:
    peer = await connected(partner(version))
    peer.endpoints = [RemoteEndpoint("locations", "partner.example/locations", "SENDER")]
    with pytest.raises(BadAnswer, match="locations as SENDER: expected an absolute URL"):
        await peer.get(cls(version), "LOC1")


@versions
async def test_an_endpoint_is_found_however_the_partner_writes_its_name(version: str) -> None:
    peer = await connected(partner(version))
    peer.endpoints = [RemoteEndpoint("Locations", f"{BASE}/{version}/sender/locations", "sender")]
    assert [found.id async for found in peer.locations()] == IDS


@versions
async def test_what_the_tables_do_not_have_cannot_be_called(version: str) -> None:
    peer = await connected(partner(version))
    kind = cls(version)
    with pytest.raises(UsageError, match="has no operation delete Location at the SENDER of locations"):
        peer.row(Operation.DELETE, "locations", Interface.SENDER, kind)
    with pytest.raises(UsageError, match="has no operation list commands"):
        peer.row(Operation.LIST, "commands", Interface.SENDER)
    with pytest.raises(UsageError, match="expected location_id, got 2 ids"):
        await peer.call(peer.row(Operation.GET, "locations", Interface.SENDER, kind), "LOC1", "E1")
    other = next(number for number in ALL_VERSIONS if number != version)
    with pytest.raises(UsageError, match=f"no module of OCPI {version} is about"):
        peer.pages(cls(other))


async def test_a_peer_made_from_memory_asks_nothing_first() -> None:
    made = partner("2.2.1")
    first = await connected(made)
    made.requests.clear()
    peer = Peer(first.wire, first.version, first.endpoints)
    assert [found.id async for found in peer.pages(cls("2.2.1"), limit=50)] == IDS
    assert [request.path.rpartition("/")[2] for request in made.requests] == ["locations"] * 3
    assert peer.offered == {}


async def test_digits_and_texts_of_objects_stay_as_the_partner_wrote_them() -> None:
    body = location("2.2.1", "LOC1", THEIRS, MIDDLE)
    body["evses"][0]["connectors"][0]["max_electric_power"] = 11000
    peer = await connected(partner("2.2.1", objects=[body], page_size=9))
    (received,) = [found async for found in peer.pages(cls("2.2.1")).received()]
    assert json.loads(received.body) == body
