# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an operator's modifiers see and change of the traffic with one partner, and what happens when they fail."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from tests.command_pair import linked as command_pair
from tests.commanding import START, fields
from tests.objects import MIDDLE, location
from tests.platforms import ALL_VERSIONS, CPO, EMSP, Caller, MemoryNet, envelope_of, platform, register
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import Access, Purpose
from wwcp_ocpi.partners.calling import hosts
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol.http import AUTHORIZATION, Request, Response
from wwcp_ocpi.protocol.modifiers import ModifierFailed, Modifiers
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, Secret
from wwcp_ocpi.store.ports import Key, Side

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)
KEY = {"x-api-key": "k"}


def with_key(request: Request) -> Request:
    return replace(request, headers={**request.headers, **KEY})


def broken(*_: object) -> Any:
    raise ZeroDivisionError("in the operator's own code")


def nothing(*_: object) -> Any:
    return None


async def linked(version: str, modifiers: Modifiers) -> tuple[MemoryNet, Platform, Platform]:
    """A CPO that has these modifiers for an eMSP, registered."""
    net = MemoryNet()
    cpo, emsp = platform(net, "cpo.example", CPO, "CPO"), platform(net, "emsp.example", EMSP, "EMSP")
    await register(cpo, emsp, (version,))
    cpo.modifiers["emsp.example"] = modifiers
    net.requests.clear()
    return net, cpo, emsp


async def publish(cpo: Platform, version: str) -> None:
    body = json.dumps(location(version)).encode()
    thing = OwnObject(owner=CPO, id="LOC1", last_updated=DateTime.parse(MIDDLE).micros, body=body)
    await cpo.publisher.publish(VERSIONS[version], "locations", [thing])


async def calls(cpo: Platform) -> Caller:
    """The calls of the eMSP at the CPO."""
    secret = Secret("emsp-token")
    access = Access(hash=cpo.book._vault.hash_of(secret.reveal()), purpose=Purpose.ACCESS)
    await cpo.book.change("emsp.example", lambda known: replace(known, access=(*known.access, access)))
    return Caller(cpo, secret)


async def test_what_goes_to_a_partner_is_changed_before_it_is_sent(version: str) -> None:
    net, cpo, emsp = await linked(version, Modifiers(request_to=with_key))
    await publish(cpo, version)
    assert await cpo.courier.round() == 1
    assert [request.headers["x-api-key"] for request in net.requests] == ["k"]
    assert await emsp.store.get(Key(Side.THEIRS, "locations", CPO, "LOC1")) is not None


async def test_other_partners_get_what_they_always_got(version: str) -> None:
    net, cpo, _ = await linked(version, Modifiers())
    cpo.modifiers["somebody.else"] = Modifiers(request_to=with_key, request_from=broken)
    await publish(cpo, version)
    await cpo.courier.round()
    assert [request.headers.get("x-api-key") for request in net.requests] == [None]
    assert (await (await calls(cpo))("GET", f"/ocpi/{version}/sender/locations")).status == 200


async def test_what_a_partner_answers_is_changed_before_it_is_read(version: str) -> None:
    net, cpo, emsp = await linked(version, Modifiers())
    await publish(cpo, version)
    handle = net.hosts["cpo.example"]

    async def odd(request: Request) -> Response:
        answer = await handle(request)
        return replace(answer, body=answer.body.replace(b'"city"', b'"town"'))

    def mended(request: Request, answer: Response) -> Response:
        assert request.url.startswith("https://cpo.example/")
        return replace(answer, body=answer.body.replace(b'"town"', b'"city"'))

    net.hosts["cpo.example"] = odd
    assert (await emsp.pull("cpo.example", "locations")).rejected == 1
    emsp.modifiers["cpo.example"] = Modifiers(answer_from=mended)
    assert (await emsp.pull("cpo.example", "locations")).stored == 1


async def test_the_handshake_is_modified_too(version: str) -> None:
    net = MemoryNet()
    cpo, emsp = platform(net, "cpo.example", CPO, "CPO"), platform(net, "emsp.example", EMSP, "EMSP")
    for made, id in ((cpo, "emsp.example"), (emsp, "cpo.example")):
        made.modifiers[id] = Modifiers(request_to=with_key)
    await register(cpo, emsp, (version,))
    await emsp.registration.renew("cpo.example")
    assert len(net.requests) >= 8
    assert all(request.headers["x-api-key"] == "k" for request in net.requests)


async def test_what_a_partner_asks_is_changed_before_it_is_understood(version: str) -> None:
    seen: list[Request] = []

    def mended(request: Request) -> Request:
        seen.append(request)
        return replace(request, url=request.url.replace("offset=first", "offset=0"))

    _, cpo, _ = await linked(version, Modifiers(request_from=mended))
    call = await calls(cpo)
    response = await call("GET", f"/ocpi/{version}/sender/locations?offset=first", headers={"x-request-id": "R1"})
    assert (response.status, envelope_of(response)) == (200, {"status_code": 1000, "data": []})
    assert response.headers["x-request-id"] == "R1"
    assert [AUTHORIZATION in request.headers for request in seen] == [False], "a modifier has no need of the secret"


async def test_a_modifier_does_not_change_who_is_calling(version: str) -> None:
    def other(request: Request) -> Request:
        return replace(request, headers={**request.headers, AUTHORIZATION: "Token b3RoZXI="})

    _, cpo, _ = await linked(version, Modifiers(request_from=other))
    assert (await (await calls(cpo))("GET", f"/ocpi/{version}/sender/locations")).status == 200


async def test_what_a_partner_is_answered_is_changed_before_it_is_sent(version: str) -> None:
    def told(request: Request, answer: Response) -> Response:
        return replace(answer, headers={**answer.headers, "x-asked": request.path})

    _, cpo, _ = await linked(version, Modifiers(answer_to=told))
    call = await calls(cpo)
    for path in (f"/ocpi/{version}/sender/locations", f"/ocpi/{version}/nowhere"):
        assert (await call("GET", path)).headers["x-asked"] == path


async def test_a_modifier_sees_the_whole_page_and_may_write_another(version: str) -> None:
    def indented(request: Request, answer: Response) -> Response:
        return replace(answer, body=answer.body.replace(b'"data":[', b'"data": [ '))

    _, cpo, _ = await linked(version, Modifiers(answer_to=indented))
    await publish(cpo, version)
    response = await (await calls(cpo))("GET", f"/ocpi/{version}/sender/locations")
    assert response.body.startswith(b'{"data": [ {')
    assert [one["id"] for one in envelope_of(response)["data"]] == ["LOC1"]


async def test_who_is_not_known_meets_no_modifier(version: str) -> None:
    _, cpo, _ = await linked(version, Modifiers(request_from=broken, answer_to=broken))
    call = Caller(cpo, Secret("nobody"))
    assert (await call("GET", f"/ocpi/{version}/sender/locations")).status == 401
    nobody = Request(method="GET", url=f"/ocpi/{version}/sender/locations")
    assert (await cpo.server.handle(nobody)).status == 401


@pytest.mark.parametrize("modifier", [broken, nothing])
async def test_where_a_modifier_fails_nothing_goes_out_and_nothing_is_lost(version: str, modifier: Any) -> None:
    net, cpo, _ = await linked(version, Modifiers(request_to=modifier))
    await publish(cpo, version)
    with capture_logs() as logs:
        await cpo.courier.round()
    assert (net.requests, await cpo.store.waiting()) == ([], 1)
    assert [line["modifier"] for line in logs if line["event"] == "modifier.failed"] == [modifier.__qualname__]


@pytest.mark.parametrize("modifier", [broken, nothing])
async def test_an_answer_that_could_not_be_modified_is_not_read(version: str, modifier: Any) -> None:
    net, cpo, _ = await linked(version, Modifiers(answer_from=modifier))
    with pytest.raises(ModifierFailed):
        await cpo.peer("emsp.example").credentials()
    assert len(net.requests) == 1


@pytest.mark.parametrize("modifier", [broken, nothing])
@pytest.mark.parametrize("place", ["request_from", "answer_to"])
async def test_a_partner_hears_of_a_modifier_that_fails_only_that_we_failed(
    version: str, place: str, modifier: Any
) -> None:
    _, cpo, _ = await linked(version, Modifiers(**{place: modifier}))
    response = await (await calls(cpo))(
        "GET", f"/ocpi/{version}/sender/locations", headers={"x-request-id": "R1", "x-correlation-id": "C1"}
    )
    assert (response.status, response.headers["x-request-id"]) == (500, "R1")
    assert envelope_of(response) == {"status_code": 3000, "status_message": "a modifier of this platform failed"}


async def test_a_response_url_at_another_host_of_the_partner_has_its_modifiers(version: str) -> None:
    pair = await command_pair(version)
    pair.cpo.modifiers["emsp.example"] = Modifiers(request_to=with_key)
    await pair.cpo.securing.call_at("emsp.example", hosts(["elsewhere.example"], only=False))
    call = await calls(pair.cpo)
    pair.net.hosts["elsewhere.example"] = pair.net.hosts["emsp.example"]
    for host in ("elsewhere.example", "emsp.example"):
        body = {"response_url": f"https://{host}/results/1", **fields(version, START)}
        await call("POST", f"/ocpi/{version}/receiver/commands/{START}", body)
        await pair.report()
    sent = {request.url: request.headers.get("x-api-key") for request in pair.net.requests if "results" in request.url}
    assert sent == {"https://elsewhere.example/results/1": "k", "https://emsp.example/results/1": "k"}
    await pair.close()


async def test_where_there_is_no_modifier_everything_stays_as_it_is(version: str) -> None:
    chosen = Modifiers(answer_to=lambda request, answer: answer)
    request = Request(method="GET", url=f"/{version}")
    assert chosen.request_to(request) is request
    assert chosen.request_from(request) is request
