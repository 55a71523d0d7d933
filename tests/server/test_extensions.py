# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the server offers beyond the specification: asked for, not asked for, and switched off."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.objects import MIDDLE, NEW, cdr, evse, location, session, tariff, token
from tests.platforms import ALL_VERSIONS, CPO, EMSP, Caller, envelope_of
from tests.rules import rule
from tests.server.test_lists import crawl, ids
from tests.server.test_modules import _registered, at, receiver, refused, served
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol.http import Request
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId, Secret
from wwcp_ocpi.server.extensions import DEFAULT, EXTENSIONS, STATUS_CODES
from wwcp_ocpi.store import matching

OTHER = PartyId("FR", "OTH")
pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


async def publish(made: Platform, version: str, kind: str, *bodies: dict[str, Any], **more: Any) -> None:
    owner = EMSP if kind == "tokens" else CPO
    things = [
        OwnObject(
            owner=owner,
            id=body.get("id") or body["uid"],
            last_updated=DateTime.parse(body["last_updated"]).micros,
            body=json.dumps(body).encode(),
            qualifier=body["type"] if kind == "tokens" else None,
            **more,
        )
        for body in bodies
    ]
    for outcome in await made.publisher.publish(VERSIONS[version], kind, things):
        assert not isinstance(outcome, Exception), outcome


async def cpo(version: str, **settings: Any) -> tuple[Platform, Caller]:
    made, (call,) = await served("CPO", ("emsp", EMSP, "EMSP"), **settings)
    return made, call


async def two_partners(version: str) -> tuple[Platform, Caller, Caller]:
    """A CPO with two registered eMSPs."""
    made, (emsp, other) = await served("CPO", ("emsp", EMSP, "EMSP"), ("other", OTHER, "EMSP"))
    for name in ("emsp", "other"):
        await made.book.change(name, _registered)
    return made, emsp, other


# ------------------------------------------------------------------------------------------------------------- match


async def test_a_list_can_be_searched_and_its_links_keep_the_text(version: str) -> None:
    made, call = await cpo(version)
    cities = ["Jena", "Weimar", "JENA Ost", "Bad Jenaburg", "Gera"]
    await publish(made, version, "locations", *(location(version, f"L{n}", city=city) for n, city in enumerate(cities)))
    path = at(version, "locations", side="sender")
    pages, responses = await crawl(call, f"{path}?match=jena&limit=2")
    assert pages == [["L0", "L2"], ["L3"]]
    assert [one.headers["x-total-count"] for one in responses] == ["5", "5"]
    assert [one.headers["x-filtered-count"] for one in responses] == ["3", "3"]
    assert "match=jena" in responses[0].headers["link"]
    assert ids(await call("GET", f"{path}?match=bad+JENA")) == ["L3"]
    assert ids(await call("GET", f"{path}?match=.*")) == []
    assert ids(await call("GET", f"{path}?match=%20")) == ["L0", "L1", "L2", "L3", "L4"]
    plain = await call("GET", path)
    assert "x-filtered-count" not in plain.headers


async def test_a_search_goes_on_where_it_looked_long_enough(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MOST_OBJECTS", 3)
    made, call = await cpo(version)
    await publish(
        made, version, "locations", *(location(version, f"L{n}", city="Jena" if n > 6 else "Gera") for n in range(8))
    )
    pages, responses = await crawl(call, at(version, "locations", side="sender") + "?match=jena")
    assert pages == [[], [], ["L7"]]
    assert [one.headers.get("x-filtered-count") for one in responses] == [None, None, "1"]


async def test_what_a_partner_sent_can_be_searched_too(version: str) -> None:
    _, call = await receiver(version)
    for id, city in (("L1", "Jena"), ("L2", "Gera")):
        await call("PUT", at(version, "locations", *CPO, id), location(version, id, city=city))
    assert ids(await call("GET", at(version, "locations", *CPO) + "?match=GERA")) == ["L2"]


async def test_a_text_that_is_too_long_is_refused(version: str) -> None:
    _, call = await cpo(version)
    path = at(version, "locations", side="sender")
    assert refused(await call("GET", f"{path}?match={'x' * 100}")) == (200, 1000)
    response = await call("GET", f"{path}?match={'x' * 101}")
    assert envelope_of(response)["status_message"] == "match: expected 100 characters at most, got 101"
    assert refused(response) == (200, 2001)


# --------------------------------------------------------------------------------------------------- with_extensions


async def test_created_is_told_to_whoever_asks(version: str) -> None:
    made, call = await cpo(version)
    body = location(version, "L1", x_vendor="kept")
    await publish(made, version, "locations", body)
    path = at(version, "locations", side="sender")
    (extended,) = envelope_of(await call("GET", f"{path}?with_extensions=true"))["data"]
    created = extended.pop("created")
    assert DateTime.parse(created).is_as_specified
    assert extended == body
    one = await call("GET", f"{path}/L1?with_extensions=true")
    assert envelope_of(one)["data"] == {"created": created, **body}
    plain = await call("GET", f"{path}/L1")
    assert envelope_of(plain)["data"] == body
    assert json.dumps(body).encode() in plain.body
    assert plain.headers["etag"] == one.headers["etag"], "the state is the same"
    await publish(made, version, "locations", {**body, "last_updated": NEW})
    changed = envelope_of(await call("GET", f"{path}/L1?with_extensions=true"))["data"]
    assert (changed["created"], changed["last_updated"]) == (created, NEW)
    assert envelope_of(await call("GET", f"{path}?with_extensions=false"))["data"] == [{**body, "last_updated": NEW}]
    assert refused(await call("GET", f"{path}?with_extensions=yes")) == (200, 2001)


async def test_what_an_object_says_of_its_creation_itself_is_kept(version: str) -> None:
    made, call = await cpo(version)
    await publish(made, version, "locations", location(version, "L1", created=MIDDLE))
    (found,) = envelope_of(await call("GET", at(version, "locations", side="sender") + "?with_extensions=true"))["data"]
    assert found["created"] == MIDDLE


# ------------------------------------------------------------------------------------------------------------- rows


async def test_a_sender_gives_single_tariffs_sessions_and_cdrs(version: str) -> None:
    made, emsp, other = await two_partners(version)
    bodies = {"tariffs": tariff(version), "sessions": session(version), "cdrs": cdr(version)}
    for kind, body in bodies.items():
        concerns = {} if kind == "tariffs" else {"concerns": EMSP}
        await publish(made, version, kind, body, **concerns)
        response = await emsp("GET", at(version, kind, body["id"], side="sender"))
        assert envelope_of(response)["data"] == body
        assert refused(await emsp("GET", at(version, kind, "NONE", side="sender"))) == (404, 2001)
    assert refused(await other("GET", at(version, "tariffs", "T1", side="sender"))) == (200, 1000)
    assert refused(await other("GET", at(version, "sessions", "S1", side="sender"))) == (404, 2001)
    assert refused(await other("GET", at(version, "cdrs", "C1", side="sender"))) == (404, 2001)


async def test_a_sender_gives_a_single_token_by_its_type(version: str) -> None:
    made, (call,) = await served("EMSP", ("cpo", CPO, "CPO"))
    await publish(made, version, "tokens", token(version))
    path = at(version, "tokens", "012345678", side="sender")
    assert envelope_of(await call("GET", path))["data"] == token(version)
    qualified = VERSIONS[version].kind("tokens").resource.qualifier
    assert refused(await call("GET", path + "?type=OTHER")) == ((404, 2001) if qualified else (200, 1000))


async def test_an_owner_takes_an_evse_away_and_then_a_connector(version: str) -> None:
    _, call = await receiver(version)
    two = evse(version, "E2")
    two["connectors"] = [*two["connectors"], {**two["connectors"][0], "id": "2"}]
    body = location(version, "L1", evses=[evse(version), two])
    path = at(version, "locations", *CPO, "L1")
    await call("PUT", path, body)
    assert refused(await call("DELETE", f"{path}/E1")) == (200, 1000)
    assert refused(await call("DELETE", f"{path}/E1")) == (404, 2003)
    assert refused(await call("DELETE", f"{path}/E2/1")) == (200, 1000)
    left = envelope_of(await call("GET", path))["data"]
    assert [one["uid"] for one in left["evses"]] == ["E2"]
    assert [one["id"] for one in left["evses"][0]["connectors"]] == ["2"]
    assert left["last_updated"] > MIDDLE
    assert left["evses"][0]["last_updated"] > MIDDLE
    last = await call("DELETE", f"{path}/E2/2")
    assert refused(last) == (200, 2001)
    assert envelope_of(last)["status_message"] == "$.connectors: expected one to be left, this is the last"
    assert refused(await call("DELETE", f"{path}/E2")) == (200, 1000)
    assert envelope_of(await call("GET", path))["data"]["evses"] == []
    assert refused(await call("DELETE", path)) == (200, 1000)
    assert refused(await call("GET", path)) == (404, 2003)


async def test_a_part_is_taken_away_only_in_the_state_that_was_read(version: str) -> None:
    _, call = await receiver(version)
    path = at(version, "locations", *CPO, "L1")
    await call("PUT", path, location(version, "L1"))
    assert (await call("DELETE", f"{path}/E1", headers={"if-match": '"other"'})).status == 412
    tag = (await call("GET", f"{path}/E1")).headers["etag"]
    assert (await call("DELETE", f"{path}/E1", headers={"if-match": tag})).status == 200


async def test_sessions_and_tokens_are_taken_back_by_their_owner(version: str) -> None:
    _, call = await receiver(version)
    await call("PUT", at(version, "sessions", *CPO, "S1"), session(version))
    assert refused(await call("DELETE", at(version, "sessions", *CPO, "S1"))) == (200, 1000)
    assert refused(await call("GET", at(version, "sessions", *CPO, "S1"))) == (404, 2001)
    _, (owner,) = await served("CPO", ("emsp", EMSP, "EMSP"))
    path = at(version, "tokens", *EMSP, "012345678")
    await owner("PUT", path, token(version))
    assert refused(await owner("DELETE", path)) == (200, 1000)
    assert refused(await owner("DELETE", path)) == (404, 2001)


@rule("VER-03")
async def test_without_extensions_nothing_of_them_is_there(version: str) -> None:
    made, call = await cpo(version, extensions=frozenset())
    everything, _ = await cpo(version)
    assert made.server.served(VERSIONS[version]) == everything.server.served(VERSIONS[version])
    await publish(made, version, "tariffs", tariff(version))
    path = at(version, "tariffs", side="sender")
    assert (await call("GET", f"{path}/T1")).status == 404
    response = await call("GET", f"{path}?match=nothing&with_extensions=true&timestamp=x&tolerance=x")
    assert envelope_of(response)["data"] == [tariff(version)]
    assert "x-filtered-count" not in response.headers
    options = await call("OPTIONS", at(version, "tokens", *EMSP, "1"))
    assert options.headers["allow"] == "GET, PATCH, PUT, OPTIONS"
    assert not any(route.endpoint.extension for route in made.server.router.routes)


async def test_one_extension_is_switched_on_without_the_others(version: str) -> None:
    made, call = await cpo(version, extensions=frozenset({"get"}))
    await publish(made, version, "tariffs", tariff(version))
    assert (await call("GET", at(version, "tariffs", "T1", side="sender"))).status == 200
    assert (await call("DELETE", at(version, "tokens", *EMSP, "1"))).status == 405


# ------------------------------------------------------------------------------------------------------ status codes


async def test_unknown_objects_have_codes_of_their_own_where_that_was_agreed(version: str) -> None:
    assert STATUS_CODES not in DEFAULT
    _, call = await cpo(version, extensions=EXTENSIONS)
    for kind, code in (("locations", 2003), ("tariffs", 2900), ("sessions", 2901), ("cdrs", 2902)):
        assert refused(await call("GET", at(version, kind, "NONE", side="sender"))) == (404, code)
    assert refused(await call("GET", at(version, "tokens", *EMSP, "NONE"))) == (404, 2001)


# ---------------------------------------------------------------------------------------------- Tariffs for one eMSP


async def test_a_tariff_for_one_partner_is_seen_by_no_other(version: str) -> None:
    made, emsp, other = await two_partners(version)
    path = at(version, "tariffs", side="sender")
    await publish(made, version, "tariffs", *(tariff(version, f"ALL{n}") for n in range(3)))
    await publish(made, version, "tariffs", *(tariff(version, f"OWN{n}") for n in range(2)), concerns=EMSP)
    everybody, own = ["ALL0", "ALL1", "ALL2"], ["OWN0", "OWN1"]
    assert ids(await emsp("GET", path)) == [*everybody, *own]
    assert ids(await other("GET", path)) == everybody
    for limit in range(1, 7):
        pages, responses = await crawl(emsp, f"{path}?limit={limit}")
        assert [id for page in pages for id in page] == [*everybody, *own], limit
        assert all(len(page) == limit for page in pages[:-1]), limit
        assert {one.headers["x-total-count"] for one in responses} == {"5"}
        pages, _ = await crawl(emsp, f"{path}?limit={limit}&date_from=2020-01-01T00:00:00Z&match=0")
        assert [id for page in pages for id in page] == [*everybody, *own], "0 stands in each"
    for offset in range(6):
        assert ids(await emsp("GET", f"{path}?offset={offset}")) == [*everybody, *own][offset:]
        assert ids(await emsp("GET", f"{path}?offset={offset}&match=own")) == own[offset:]
    found = await emsp("GET", f"{path}?match=OWN0")
    assert found.headers["x-filtered-count"] == "1"
    assert refused(await emsp("GET", f"{path}/OWN0")) == (200, 1000)
    assert refused(await other("GET", f"{path}/OWN0")) == (404, 2001)
    assert (await other("GET", path)).headers["x-total-count"] == "3"


@pytest.mark.parametrize("after", ["1.x", "2.", "9.x", "0.x", "x.y", ".", "1.1.1", "%C2%B2."])
async def test_a_cursor_that_was_made_up_is_refused(version: str, after: str) -> None:
    made, call = await cpo(version)
    await publish(made, version, "tariffs", tariff(version))
    assert refused(await call("GET", at(version, "tariffs", side="sender") + f"?after={after}")) == (200, 2001)


# ------------------------------------------------------------------------------------------- open versions, and CORS


async def test_versions_are_open_only_where_that_is_configured(version: str) -> None:
    made, _ = await cpo(version)
    asked = Request(method="GET", url="/ocpi/versions")
    assert (await made.server.handle(asked)).status == 401
    made, call = await cpo(version, open_versions=True)
    listed = json.loads((await made.server.handle(asked)).body)["data"]
    assert [one["version"] for one in listed] == list(ALL_VERSIONS)
    details = await made.server.handle(Request(method="GET", url=f"/ocpi/{version}/"))
    assert json.loads(details.body)["data"]["endpoints"]
    for path in (f"/ocpi/{version}/credentials", at(version, "locations", side="sender"), "/ocpi/nowhere"):
        assert (await made.server.handle(Request(method="GET", url=path))).status == 401
    wrong = Caller(made, Secret("wrong"))
    assert (await wrong("GET", "/ocpi/versions")).status == 401, "a wrong token is wrong here, too"
    assert (await call("GET", "/ocpi/versions")).status == 200


async def test_scripts_may_read_what_is_open_and_nothing_else(version: str) -> None:
    preflight = {"origin": "https://app.example", "access-control-request-method": "GET"}
    made, call = await cpo(version, open_versions=True, cors=True)
    for path in ("/ocpi/versions", f"/ocpi/{version}"):
        asked = await made.server.handle(Request(method="OPTIONS", url=path, headers=preflight))
        assert asked.status == 204
        assert asked.headers["access-control-allow-origin"] == "*"
        assert asked.headers["access-control-allow-methods"] == "GET"
        assert asked.headers["allow"] == "GET, OPTIONS"
        read = await made.server.handle(Request(method="GET", url=path))
        assert read.headers["access-control-allow-origin"] == "*"
    closed = at(version, "locations", side="sender")
    refusal = await made.server.handle(Request(method="OPTIONS", url=closed, headers=preflight))
    assert refusal.status == 401
    for response in (refusal, await call("GET", closed), await call("OPTIONS", closed, headers=preflight)):
        assert not any(name.startswith("access-control") for name in response.headers)
    for settings in ({"cors": True}, {"open_versions": True}):
        made, call = await cpo(version, **settings)
        response = await call("GET", "/ocpi/versions", headers=preflight)
        assert not any(name.startswith("access-control") for name in response.headers)
