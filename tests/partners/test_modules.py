# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tariffs, tokens, sessions and CDRs on their way between two registered platforms."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.objects import MIDDLE, NEW, cdr, session, tariff, token
from tests.platforms import ALL_VERSIONS, CPO, EMSP, MemoryNet, platform, register
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.partners.pull import Pulled
from wwcp_ocpi.protocol.errors import NotFound, Refused, UnknownToken
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.store.ports import PageRequest, Side

MODULES = frozenset({"locations", "tariffs", "tokens", "sessions", "cdrs"})
pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


async def linked(version: str) -> tuple[MemoryNet, Platform, Platform]:
    net = MemoryNet()
    cpo = platform(net, "cpo.example", CPO, "CPO", modules=MODULES)
    emsp = platform(net, "emsp.example", EMSP, "EMSP", modules=MODULES)
    await register(cpo, emsp, (version,))
    return net, cpo, emsp


def own(body: dict[str, Any], owner: PartyId, **more: Any) -> OwnObject:
    moment = DateTime.parse(body["last_updated"]).micros
    raw = json.dumps(body).encode()
    return OwnObject(owner=owner, id=body.get("id") or body["uid"], last_updated=moment, body=raw, **more)


async def deliver(made: Platform) -> None:
    for _ in range(100):
        if await made.courier.round() == 0:
            return
    raise AssertionError("delivery does not come to an end")


async def theirs(made: Platform, version: str, module: str) -> list[Any]:
    page = await made.store.page(PageRequest(side=Side.THEIRS, module=module, limit=100))
    return [json.loads(body) for body in page.bodies]


async def test_a_tariff_is_pushed_and_withdrawn(version: str) -> None:
    _, cpo, emsp = await linked(version)
    await cpo.publisher.publish(VERSIONS[version], "tariffs", [own(tariff(version), CPO)])
    await deliver(cpo)
    assert await theirs(emsp, version, "tariffs") == [tariff(version)]
    await cpo.publisher.withdraw(VERSIONS[version], "tariffs", CPO, "T1")
    await deliver(cpo)
    assert await theirs(emsp, version, "tariffs") == []


async def test_tokens_are_pushed_and_pulled_each_with_its_type(version: str) -> None:
    _, cpo, emsp = await linked(version)
    both = [token(version), token(version, type="OTHER", visual_number="2")]
    if not VERSIONS[version].modules["tokens"].resource.qualifier:  # type: ignore[union-attr]
        both = both[:1]
    things = [own(one, EMSP, qualifier=one["type"]) for one in both]
    await emsp.publisher.publish(VERSIONS[version], "tokens", things)
    await deliver(emsp)
    assert await theirs(cpo, version, "tokens") == both
    await emsp.publisher.change(
        VERSIONS[version], "tokens", EMSP, ["012345678"], {"valid": False}, qualifier=both[-1]["type"]
    )
    await deliver(emsp)
    assert [one["valid"] for one in await theirs(cpo, version, "tokens")] == [True, False][-len(both) :]
    assert await cpo.pull("emsp.example", "tokens") == Pulled(pages=1, received=len(both), unchanged=len(both))


async def test_a_session_reaches_its_driver_s_provider_and_grows_there(version: str) -> None:
    _, cpo, emsp = await linked(version)
    periods = [{"start_date_time": MIDDLE, "dimensions": [{"type": "ENERGY", "volume": 1.0}]}]
    body = session(version, charging_periods=periods)
    await cpo.publisher.publish(VERSIONS[version], "sessions", [own(body, CPO, concerns=EMSP)])
    await deliver(cpo)
    assert await theirs(emsp, version, "sessions") == [body]
    await cpo.publisher.change(
        VERSIONS[version], "sessions", CPO, ["S1"], {"kwh": 2.5, "last_updated": DateTime.parse(NEW)}
    )
    await deliver(cpo)
    assert await theirs(emsp, version, "sessions") == [{**body, "kwh": 2.5, "last_updated": NEW}]


async def test_both_sides_hold_the_same_periods_after_a_change(version: str) -> None:
    _, cpo, emsp = await linked(version)
    first, second = (
        [{"start_date_time": day, "dimensions": [{"type": "ENERGY", "volume": 1}]}] for day in (MIDDLE, NEW)
    )
    body = session(version, charging_periods=first)
    await cpo.publisher.publish(VERSIONS[version], "sessions", [own(body, CPO, concerns=EMSP)])
    await deliver(cpo)
    change = {"charging_periods": second, "last_updated": DateTime.parse(NEW)}
    await cpo.publisher.change(VERSIONS[version], "sessions", CPO, ["S1"], change)
    await deliver(cpo)
    page = await cpo.store.page(PageRequest(side=Side.OURS, module="sessions", audience="emsp.example", limit=10))
    resource = VERSIONS[version].modules["sessions"].resource
    assert resource is not None
    expected = {**body, "last_updated": NEW, "charging_periods": [*first, *second] if resource.appended else second}
    assert [json.loads(one) for one in page.bodies] == await theirs(emsp, version, "sessions") == [expected]


async def test_an_object_of_another_version_is_not_changed(version: str) -> None:
    _, cpo, _ = await linked(version)
    other = next(number for number in ALL_VERSIONS if number != version)
    await cpo.publisher.publish(VERSIONS[version], "tariffs", [own(tariff(version), CPO)])
    with pytest.raises(NotFound):
        await cpo.publisher.change(VERSIONS[other], "tariffs", CPO, ["T1"], {"currency": "USD"})


async def test_a_pull_of_sessions_says_since_when(version: str) -> None:
    _, cpo, emsp = await linked(version)
    await cpo.publisher.publish(VERSIONS[version], "sessions", [own(session(version), CPO, concerns=EMSP)], push=False)
    assert await emsp.pull("cpo.example", "sessions") == Pulled(pages=1, received=1, stored=1)


@rule("CDR-10")
async def test_a_cdr_is_posted_once_and_kept(version: str) -> None:
    net, cpo, emsp = await linked(version)
    await cpo.publisher.publish(VERSIONS[version], "cdrs", [own(cdr(version), CPO, concerns=EMSP)])
    net.requests.clear()
    await deliver(cpo)
    assert [(one.method, one.path) for one in net.requests] == [("POST", f"/ocpi/{version}/receiver/cdrs")]
    assert await theirs(emsp, version, "cdrs") == [cdr(version)]


async def test_what_was_stored_for_a_party_before_it_registered_is_the_partner_s_then(version: str) -> None:
    net = MemoryNet()
    cpo = platform(net, "cpo.example", CPO, "CPO", modules=MODULES)
    emsp = platform(net, "emsp.example", EMSP, "EMSP", modules=MODULES)
    await cpo.publisher.publish(VERSIONS[version], "cdrs", [own(cdr(version), CPO, concerns=EMSP)])
    await register(cpo, emsp, (version,))
    assert (await emsp.pull("cpo.example", "cdrs")).stored == 1


async def test_a_session_is_nobody_else_s_business(version: str) -> None:
    net, cpo, _ = await linked(version)
    other = platform(net, "other.example", PartyId("FR", "OTH"), "EMSP", modules=MODULES)
    await register(cpo, other, (version,))
    await cpo.publisher.publish(VERSIONS[version], "sessions", [own(session(version), CPO, concerns=EMSP)])
    assert [one.push.partner for one in await cpo.store.due(10)] == ["emsp.example"]
    assert (await other.pull("cpo.example", "sessions")).received == 0


@rule("TOK-03")
async def test_a_cpo_asks_whether_a_token_may_charge(version: str) -> None:
    _, cpo, emsp = await linked(version)
    await emsp.publisher.publish(VERSIONS[version], "tokens", [own(token(version), EMSP, qualifier="RFID")])
    peer = cpo.peer("emsp.example")
    references = VERSIONS[version].object_named("LocationReferences")
    found = await peer.authorize("012345678", at=references(location_id="LOC1", evse_uids=["E1"]))
    assert (str(found.allowed), found.location.location_id) == ("ALLOWED", "LOC1")
    with pytest.raises(UnknownToken) as unknown:
        await peer.authorize("unknown")
    assert (unknown.value.http_status, unknown.value.ocpi_status) == (404, 2001 if version == "2.1.1" else 2004)


@rule("TOK-12")
@pytest.mark.parametrize(
    ("http", "ocpi", "error"),
    [
        (404, 2004, UnknownToken),
        (404, 2001, UnknownToken),
        (404, 0, UnknownToken),
        (200, 2004, UnknownToken),
        (404, 2003, Refused),
        (200, 2003, Refused),
        (200, 2002, Refused),
        (200, 2001, Refused),
    ],
)
async def test_an_emsp_says_in_several_ways_that_it_does_not_know_a_token(
    version: str, http: int, ocpi: int, error: type[Refused]
) -> None:
    net, cpo, _ = await linked(version)
    body = json.dumps({"status_code": ocpi, "timestamp": NEW}).encode() if ocpi else b"<html>"

    async def answer(request: Request) -> Response:
        return Response(status=http, body=body)

    net.hosts["emsp.example"] = answer
    with pytest.raises(Refused) as refused:
        await cpo.peer("emsp.example").authorize("012345678")
    assert type(refused.value) is error
    assert refused.value.http_status == http
