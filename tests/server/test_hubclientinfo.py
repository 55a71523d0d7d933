# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who is connected to a hub: what a party that hears of it keeps, and what the hub lists."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from tests.objects import NEW, OLD, client_info, location
from tests.platforms import CPO, EMSP, HUB, Caller, MemoryNet, envelope_of, platform
from tests.rules import rule
from tests.server.test_dispatch import access
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import Partner, PartnerParty
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId, Secret

WITH_IT = ("2.2.1", "2.3.0")
MODULES = frozenset({"hubclientinfo", "locations"})
pytestmark = pytest.mark.parametrize("version", WITH_IT)


async def called(role: str, ours: PartyId, partner: PartnerParty, hub: PartyId | None) -> tuple[Platform, Caller]:
    """A platform in a role with one partner, which may be a hub."""
    made = platform(MemoryNet(), "here.example", ours, role, modules=MODULES)

    def edit(known: Partner) -> Partner:
        return replace(known, access=(access(made, "token"),), parties=(partner,), hub=hub)

    await made.book.change("partner", edit)
    return made, Caller(made, Secret("token"))


async def behind_hub(version: str) -> tuple[Platform, Caller]:
    """An eMSP whose partner is a hub, in the way of the version: by its role, or by its hub_party_id."""
    role = "HUB" if VERSIONS[version].facts.has_hub_role else "CPO"
    party = PartnerParty(id=HUB if role == "HUB" else PartyId("BE", "CPO"), role=role, name="hub")
    return await called("EMSP", EMSP, party, HUB)


def at(version: str, *path: str, side: str = "receiver") -> str:
    return "/".join((f"/ocpi/{version}/{side}/hubclientinfo", *path))


def told(response: Response) -> tuple[int, int]:
    return response.status, envelope_of(response)["status_code"]


@rule("HCI-01")
@rule("HCI-07")
async def test_a_hub_puts_and_reads_what_it_knows_of_any_party(version: str) -> None:
    _, call = await behind_hub(version)
    url = at(version, "DE", "GEF")
    assert told(await call("GET", url)) == (404, 2001)
    assert told(await call("PUT", url, client_info(version))) == (201, 1000)
    assert envelope_of(await call("GET", at(version, "de", "gef")))["data"] == client_info(version)
    gone = client_info(version, last_updated=NEW, status="SUSPENDED")
    assert told(await call("PUT", url, gone)) == (200, 1000)
    assert told(await call("PUT", url, client_info(version, last_updated=OLD))) == (200, 2001)
    assert envelope_of(await call("GET", url))["data"] == gone
    other = client_info(version, ("FR", "OTH"))
    assert told(await call("PUT", at(version, "FR", "OTH"), other)) == (201, 1000)
    assert envelope_of(await call("GET", url))["data"] == gone
    for method in ("PATCH", "DELETE", "POST"):
        assert (await call(method, url, {} if method != "DELETE" else None)).status == 405


@rule("HCI-02")
async def test_who_is_connected_is_heard_through_the_hub(version: str) -> None:
    _, call = await behind_hub(version)
    await call("PUT", at(version, "DE", "GEF"), client_info(version))
    url = f"/ocpi/{version}/receiver/locations/DE/GEF/LOC1"
    assert told(await call("PUT", url, location(version))) == (201, 1000)
    assert envelope_of(await call("GET", url))["data"] == location(version)


async def test_the_path_names_the_party_of_the_body(version: str) -> None:
    _, call = await behind_hub(version)
    assert told(await call("PUT", at(version, "DE", "XXX"), client_info(version))) == (200, 2001)
    assert told(await call("PUT", at(version, "FR", "GEF"), client_info(version))) == (200, 2001)
    for odd in (("D", "GEF"), ("DE", "GEFX"), ("D%20", "GEF"), ("DE", "%C3%9C%C3%9C%C3%9C")):
        assert told(await call("PUT", at(version, *odd), client_info(version))) == (200, 2001)
    body = client_info(version)
    del body["last_updated"]
    assert told(await call("PUT", at(version, "DE", "GEF"), body)) == (200, 2001)
    assert (await call("PUT", at(version, "DE"), client_info(version))).status == 404


async def test_only_a_hub_may_say_who_is_connected(version: str) -> None:
    _, call = await called("EMSP", EMSP, PartnerParty(id=CPO, role="CPO", name="x"), None)
    assert told(await call("PUT", at(version, "DE", "GEF"), client_info(version))) == (403, 2001)
    assert told(await call("GET", at(version, "DE", "GEF"))) == (403, 2001)
    endpoints = envelope_of(await call("GET", f"/ocpi/{version}"))["data"]["endpoints"]
    assert [one for one in endpoints if one["identifier"] == "hubclientinfo"] == []


async def test_details_list_the_side_that_is_served(version: str) -> None:
    for made, expected in ((await behind_hub(version), "RECEIVER"), (await hub(version), "SENDER")):
        endpoints = envelope_of(await made[1]("GET", f"/ocpi/{version}"))["data"]["endpoints"]
        assert [one["role"] for one in endpoints if one["identifier"] == "hubclientinfo"] == [expected]


async def hub(version: str) -> tuple[Platform, Caller]:
    """A hub with one CPO, and that CPO's calls."""
    return await called("HUB", HUB, PartnerParty(id=CPO, role="CPO", name="x"), None)


def own(version: str, party: tuple[str, str], last_updated: str) -> OwnObject:
    body = client_info(version, party, last_updated)
    moment = DateTime.parse(last_updated).micros
    return OwnObject(owner=PartyId(*party), id="", last_updated=moment, body=json.dumps(body).encode())


@rule("HCI-08")
async def test_a_hub_lists_everybody_page_by_page(version: str) -> None:
    made, call = await hub(version)
    things = [own(version, ("DE", f"P0{number}"), OLD if number else NEW) for number in range(5)]
    await made.publisher.publish(VERSIONS[version], "hubclientinfo", things)
    response = await call("GET", at(version, side="sender") + "?limit=2")
    assert [one["party_id"] for one in envelope_of(response)["data"]] == ["P00", "P01"]
    assert (response.headers["x-total-count"], "link" in response.headers) == ("5", True)
    response = await call("GET", at(version, side="sender") + f"?date_from={NEW}")
    assert [one["party_id"] for one in envelope_of(response)["data"]] == ["P00"]


@rule("TRN-36")
async def test_routing_headers_mean_nothing_here(version: str) -> None:
    made, call = await hub(version)
    await made.publisher.publish(VERSIONS[version], "hubclientinfo", [own(version, ("DE", "GEF"), NEW)])
    headers = {"ocpi-to-country-code": "XX", "ocpi-to-party-id": "XXX"}
    response = await call("GET", at(version, side="sender"), None, headers)
    assert envelope_of(response)["data"] == [client_info(version, last_updated=NEW)]
