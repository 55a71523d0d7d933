# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is open to everybody: published Locations and Tariffs of our own, where that is switched on, to read."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from tests.anybody import PARTNERS_TARIFF, SOURCE, Anybody, data_of, filled, open_cpo, publish, unpublished
from tests.objects import MIDDLE, NEW, OLD, evse, location, tariff
from tests.platforms import ALL_VERSIONS, CPO, EMSP, HUB, Caller, MemoryNet, envelope_of, platform
from tests.rules import rule
from tests.server.test_modules import at, own, served
from wwcp_ocpi.convert import Context
from wwcp_ocpi.protocol.credentials_token import authorization
from wwcp_ocpi.protocol.http import Request
from wwcp_ocpi.protocol.paging import read_next
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.security import Vault
from wwcp_ocpi.server import OwnParty
from wwcp_ocpi.server.decisions import ConnectorTariffs
from wwcp_ocpi.server.extensions import EXTENSIONS, MATCH, WITH_EXTENSIONS
from wwcp_ocpi.server.open_marks import complete, list_of_open
from wwcp_ocpi.store.memory import MemoryStore
from wwcp_ocpi.store.ports import Delete, Key, Side

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


# ---------------------------------------------------------------------------------------------------- what is shown


@rule("LOC-19")
async def test_published_locations_are_read_without_a_token_and_unpublished_ones_are_not(version: str) -> None:
    _, nobody, call = await filled(version)
    path = at(version, "locations", side="sender")
    response = await nobody(path)
    assert [one["id"] for one in data_of(response)] == ["OPEN1", "OPEN2"]
    assert response.headers["x-total-count"] == "2"
    assert data_of(await nobody(f"{path}/OPEN2")) == data_of(response)[1]
    evse = data_of(await nobody(f"{path}/OPEN2/E1"))
    assert evse == data_of(response)[1]["evses"][0]
    assert data_of(await nobody(f"{path}/OPEN2/E1/1")) == evse["connectors"][0]
    for below in ("HIDDEN", "HIDDEN/E1", "HIDDEN/E1/1"):
        response = await nobody(f"{path}/{below}")
        assert (response.status, envelope_of(response)["status_code"]) == (404, 2003)
    listed = await call("GET", path)
    assert listed.headers["x-total-count"] == "3", "a partner is told of all"


async def test_to_partners_nothing_changes(version: str) -> None:
    closed, _, asks_closed = await filled(version, open_locations=False, open_tariffs=False)
    opened, _, asks_open = await filled(version)
    paths = [at(version, kind, *ids, side="sender") for kind, ids in (("locations", ()), ("tariffs", ()))]
    paths += [at(version, "locations", "HIDDEN", side="sender"), f"/ocpi/{version}", "/ocpi/versions"]
    for path in paths:
        one, other = await asks_closed("GET", path), await asks_open("GET", path)
        assert (one.status, one.headers, envelope_of(one)) == (other.status, other.headers, envelope_of(other))
    assert await closed.store.count(Side.OURS, list_of_open("locations")) == 0, "nobody marks what is closed"
    assert await opened.store.count(Side.OURS, list_of_open("locations")) == 2


async def test_tariffs_for_everybody_are_read_and_those_for_one_partner_are_not(version: str) -> None:
    _, nobody, call = await filled(version)
    path = at(version, "tariffs", side="sender")
    assert (await nobody.crawl(path))[0] == [["T1"]]
    assert (await nobody(path)).headers["x-total-count"] == "1"
    assert data_of(await nobody(f"{path}/T1"))["id"] == "T1"
    response = await nobody(f"{path}/{PARTNERS_TARIFF}")
    assert (response.status, envelope_of(response)["status_code"]) == (404, 2001)
    assert (await call("GET", f"{path}/{PARTNERS_TARIFF}")).status == 200


async def test_each_switch_opens_its_own_and_the_versions(version: str) -> None:
    for kind, other in (("locations", "tariffs"), ("tariffs", "locations")):
        made, nobody, _ = await open_cpo(version, **{f"open_{other}": False})
        assert (await nobody(at(version, kind, side="sender"))).status == 200
        assert (await nobody(at(version, other, side="sender"))).status == 401
        assert [one["version"] for one in data_of(await nobody("/ocpi/versions"))] == list(ALL_VERSIONS)
        endpoints = data_of(await nobody(f"/ocpi/{version}"))["endpoints"]
        url = f"https://here.example/ocpi/{version}"
        assert [(one["identifier"], one["url"]) for one in endpoints] == [
            ("credentials", f"{url}/credentials"),
            (kind, f"{url}/sender/{kind}"),
        ]
        assert {one["role"] for one in endpoints if "role" in one} <= {"SENDER"}
        assert made.settings.open_modules == {kind, "versions"}


async def test_nothing_is_open_unless_it_is_switched_on(version: str) -> None:
    _, nobody, _ = await filled(version, open_locations=False, open_tariffs=False)
    for path in (
        "/ocpi/versions",
        f"/ocpi/{version}",
        *(at(version, k, side="sender") for k in ("locations", "tariffs")),
    ):
        assert (await nobody(path)).status == 401


async def test_open_versions_alone_tell_where_credentials_are_and_nothing_else(version: str) -> None:
    _, nobody, _ = await open_cpo(version, open_locations=False, open_tariffs=False, open_versions=True)
    endpoints = data_of(await nobody(f"/ocpi/{version}"))["endpoints"]
    assert [one["identifier"] for one in endpoints] == ["credentials"]


async def test_whoever_has_no_such_role_has_nothing_to_open(version: str) -> None:
    made, _ = await served("EMSP", ("cpo", CPO, "CPO"), open_locations=True, open_tariffs=True)
    nobody = Anybody(made)
    assert (await nobody(at(version, "locations", side="sender"))).status == 401
    endpoints = data_of(await nobody(f"/ocpi/{version}"))["endpoints"]
    assert [one["identifier"] for one in endpoints] == ["credentials"]


async def test_what_partners_sent_is_not_open(version: str) -> None:
    party = OwnParty(id=CPO, role="CPO", name="x")
    made, (call,) = await served("EMSP", ("cpo", PartyId("FR", "CPO"), "CPO"), more=(party,), open_locations=True)
    theirs = at(version, "locations", "FR", "CPO", "LOC1")
    body = location(version, "LOC1", owner=("FR", "CPO"))
    assert (await call("PUT", theirs, body)).status == 201
    nobody = Anybody(made)
    assert await nobody.ids(at(version, "locations", side="sender")) == []
    assert (await nobody(at(version, "locations", "LOC1", side="sender"))).status == 404
    assert (await nobody(theirs)).status == 401


@rule("LOC-03")
async def test_what_is_stored_in_a_version_that_cannot_say_it_is_published(version: str) -> None:
    made, nobody, _ = await open_cpo(version)
    await publish(made, "2.1.1", "locations", location("2.1.1", "PLAIN", time_zone="Europe/Berlin", type="UNKNOWN"))
    marked = location("2.1.1", "MARKED", time_zone="Europe/Berlin", publish=False)
    await publish(made, "2.1.1", "locations", marked)
    path = at(version, "locations", side="sender")
    assert await nobody.ids(path) == ["PLAIN"], "who says it nevertheless is believed"
    assert (await nobody(f"{path}/MARKED")).status == 404


@rule("LOC-19")
async def test_drivers_who_may_see_a_location_are_no_public(version: str) -> None:
    made, nobody, _ = await open_cpo(version)
    allowed = [{"visual_number": "12345-67", "issuer": "NewMotion"}]
    await publish(made, "2.3.0", "locations", unpublished("2.3.0", "HOME", publish_allowed_to=allowed))
    assert await nobody.ids(at(version, "locations", side="sender")) == []


async def test_what_2_1_1_is_told_of_unpublished_locations_is_told_to_partners(version: str) -> None:
    _, nobody, call = await filled(version, convert=Context(unpublished=True, traces=False))
    path = at(version, "locations", side="sender")
    assert (await call("GET", f"{path}/HIDDEN")).status == 200
    assert (await nobody(f"{path}/HIDDEN")).status == 404
    assert await nobody.ids(path) == ["OPEN1", "OPEN2"]


@pytest.mark.parametrize("said", [False, None, "true", 1, "yes"])
async def test_only_true_is_true(version: str, said: Any) -> None:
    """What else is stored got there past our checks, and is not shown."""
    made, nobody, _ = await open_cpo(version)
    body = json.dumps(location("2.3.0", "ODD") | {"publish": said}).encode()
    assert isinstance(made.store, MemoryStore)
    await publish(made, "2.3.0", "locations", location("2.3.0", "ODD", postal_code="07749"))
    key = Key(Side.OURS, "locations", CPO, "ODD")
    made.store._objects[key] = replace(made.store._objects[key], body=body)
    assert await nobody.ids(at(version, "locations", side="sender")) == [], "a mark that is out of date shows nothing"
    assert (await nobody(at(version, "locations", "ODD", side="sender"))).status == 404


async def test_publishing_and_withdrawing_is_seen_at_once(version: str) -> None:
    made, nobody, _ = await open_cpo(version)
    path, newest = at(version, "locations", side="sender"), VERSIONS["2.3.0"]
    body = location("2.3.0", "LOC1", postal_code="07749")
    await publish(made, "2.3.0", "locations", body)
    assert await nobody.ids(path) == ["LOC1"]
    await made.publisher.change(newest, "locations", CPO, ["LOC1"], {"publish": False})
    assert await nobody.ids(path) == []
    assert (await nobody(path)).headers["x-total-count"] == "0"
    assert (await nobody(f"{path}/LOC1")).status == 404
    await made.publisher.change(newest, "locations", CPO, ["LOC1"], {"publish": True})
    assert await nobody.ids(path) == ["LOC1"]
    await made.publisher.change(newest, "locations", CPO, ["LOC1", "E1"], {"status": "CHARGING"})
    assert data_of(await nobody(f"{path}/LOC1/E1"))["status"] == "CHARGING"
    await made.store.change(Key(Side.OURS, "locations", CPO, "LOC1"), lambda _: Delete())
    assert await nobody.ids(path) == []
    await publish(made, "2.3.0", "tariffs", tariff("2.3.0", "T1"))
    assert await nobody.ids(at(version, "tariffs", side="sender")) == ["T1"]
    await publish(made, "2.3.0", "tariffs", tariff("2.3.0", "T1", last_updated=NEW), concerns=EMSP)
    assert await nobody.ids(at(version, "tariffs", side="sender")) == []


async def test_a_connector_names_its_tariffs_as_stored_whatever_partners_are_told(version: str) -> None:
    made, nobody, call = await open_cpo(version)

    class Chooser:
        def tariff_ids(self, asked: ConnectorTariffs) -> list[str]:
            assert asked.partner, "nobody has no Tariffs of its own"
            return ["CHOSEN"]

    made.server.tariffs = Chooser()
    ids = {"tariff_id": "T1"} if version == "2.1.1" else {"tariff_ids": ["T1"]}
    one = evse(version)
    one["connectors"][0] |= ids
    await publish(made, version, "locations", location(version, evses=[one]))
    path = at(version, "locations", "LOC1", "E1", "1", side="sender")
    assert data_of(await nobody(path)).items() >= ids.items()
    assert "CHOSEN" in str(data_of(await call("GET", path)))
    assert "CHOSEN" not in (await nobody(at(version, "locations", side="sender"))).body.decode()


# ------------------------------------------------------------------------------------------------------------ pages


async def test_pages_and_counts_are_those_of_what_is_public(version: str) -> None:
    made, nobody, _ = await open_cpo(version)
    path = at(version, "locations", side="sender")
    bodies = [
        location("2.3.0", f"L{n}", postal_code="07749") if n % 3 else unpublished("2.3.0", f"L{n}") for n in range(12)
    ]
    await publish(made, "2.3.0", "locations", *bodies)
    pages, responses = await nobody.crawl(f"{path}?limit=3")
    assert pages == [["L1", "L2", "L4"], ["L5", "L7", "L8"], ["L10", "L11"]]
    assert [one.headers["x-total-count"] for one in responses] == ["8", "8", "8"]
    assert not any("x-filtered-count" in one.headers for one in responses)
    offsets = [url.partition("offset=")[2].partition("&")[0] for one in responses if (url := one.headers.get("link"))]
    assert offsets == ["3", "6"]
    assert await nobody.ids(f"{path}?limit=3&offset=4") == ["L7", "L8", "L10"]
    assert await nobody.ids(f"{path}?offset=8") == []


async def test_dates_filter_what_is_public_by_its_own_last_update(version: str) -> None:
    made, nobody, _ = await open_cpo(version)
    path = at(version, "locations", side="sender")
    for n, moment in enumerate((OLD, MIDDLE, NEW)):
        told = location("2.3.0", f"L{n}", last_updated=moment, postal_code="07749")
        await publish(made, "2.3.0", "locations", told, unpublished("2.3.0", f"H{n}", last_updated=moment))
    response = await nobody(f"{path}?date_from={MIDDLE}&limit=1")
    assert [one["id"] for one in data_of(response)] == ["L1"]
    assert response.headers["x-total-count"] == "2"
    assert (await nobody.crawl(f"{path}?date_from={MIDDLE}&limit=1"))[0] == [["L1"], ["L2"]]
    assert (await nobody.crawl(f"{path}?date_to={NEW}"))[0] == [["L0", "L1"]]
    await made.publisher.change(VERSIONS["2.3.0"], "locations", CPO, ["L0", "E1"], {"status": "CHARGING"})
    assert (await nobody.crawl(f"{path}?date_from={MIDDLE}"))[0] == [["L1", "L2", "L0"]]


async def test_a_cursor_tells_nothing_and_is_good_for_its_own_list_only(version: str) -> None:
    made, nobody, call = await filled(version)
    path = at(version, "locations", side="sender")
    links = [(await nobody(f"{path}?limit=1")).headers["link"] for _ in range(2)]
    assert links[0] != links[1], "the place in the order of all objects is sealed"
    url = (read_next(links[0], "") or "").removeprefix("https://here.example")
    assert await nobody.ids(url) == ["OPEN2"]
    partners = (read_next((await call("GET", f"{path}?limit=1")).headers["link"], "") or "").partition("after=")[2]
    after = url.partition("after=")[2]
    lists = [f"{path}?date_from={OLD}&after={after}", at(version, "tariffs", side="sender") + f"?after={after}"]
    token = base64.b64encode(b"x" * 40).decode()
    for wrong in (*lists, *(f"{path}?after={one}" for one in (partners, "x", "%00", token, after[:-4]))):
        response = await nobody(wrong)
        assert (response.status, envelope_of(response)["status_code"]) == (200, 2001), wrong
        assert "got" not in envelope_of(response)["status_message"]
    refused = await call("GET", f"{path}?after={after}")
    assert envelope_of(refused)["status_code"] == 2001
    again, _, _ = await open_cpo(version)
    again.server.vault, again.server.store = Vault(b"k" * 32), made.store
    assert await Anybody(again).ids(url) == ["OPEN2"], "a restart does not end a walk"


# ------------------------------------------------------------------------------------------------ extensions and HTTP


async def test_when_it_was_created_is_told_and_what_costs_or_plans_is_for_partners(version: str) -> None:
    made, nobody, _ = await filled(version)
    path = at(version, "locations", side="sender")
    for one in data_of(await nobody(f"{path}?{WITH_EXTENSIONS}=true")):
        assert datetime.now(UTC) - datetime.fromisoformat(one["created"]) < timedelta(minutes=1)
    assert "created" in data_of(await nobody(f"{path}/OPEN1?{WITH_EXTENSIONS}=true"))
    assert (await nobody(f"{path}?{MATCH}=x")).status == 401
    tariffs = at(version, "tariffs", side="sender")
    for query in (f"{MATCH}=T1", f"timestamp={NEW}", f"timestamp={NEW}&{WITH_EXTENSIONS}=true", "tolerance=1"):
        assert (await nobody(f"{tariffs}?{query}")).status == 401, query
    assert (await nobody(f"{tariffs}/T1?timestamp={NEW}")).status == 401
    now, later = (own(tariff(version, "T1", currency=currency), CPO) for currency in ("EUR", "USD"))
    await made.timetables.plan(VERSIONS[version], now)
    await made.timetables.plan(VERSIONS[version], later, not_before=DateTime.parse("2099-01-01T00:00:00Z"))
    assert data_of(await nobody(f"{tariffs}/T1"))["currency"] == "EUR"
    plain, nobody, _ = await filled(version, extensions=frozenset())
    assert await nobody.ids(f"{path}?{MATCH}=x") == ["OPEN1", "OPEN2"], "passed over, as for partners"
    assert plain.settings.extensions == frozenset()


async def test_no_spelling_and_no_odd_path_leads_to_what_is_unpublished(version: str) -> None:
    _, nobody, _ = await filled(version)
    path = at(version, "locations", side="sender")
    for id in (
        "HIDDEN",
        "hidden",
        "%48IDDEN",
        "HIDDEN/",
        "OPEN1/../HIDDEN",
        "OPEN1%2F..%2FHIDDEN",
        "HIDDEN%00",
        "/HIDDEN",
    ):
        response = await nobody(f"{path}/{id}")
        assert response.status in (401, 404), id
        assert "data" not in json.loads(response.body)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST", "DELETE", "TRACE", "get", "CONNECT", "HEAD", ""])
async def test_every_method_but_get_and_options_needs_a_token(version: str, method: str) -> None:
    made, nobody, _ = await filled(version, extensions=EXTENSIONS)
    before = dict(made.store._objects)  # type: ignore[attr-defined]
    body = json.dumps(location(version, "OPEN1", last_updated=NEW)).encode()
    sent = {"content-type": "application/json", "x-http-method-override": "GET"}
    for path in ("locations", "locations/OPEN1", "locations/OPEN1/E1", "tariffs", "tariffs/T1"):
        response = await nobody(at(version, path, side="sender"), method, sent, body)
        assert response.status == 401, path
        assert "www-authenticate" in response.headers
    for path in ("/ocpi/versions", f"/ocpi/{version}", f"/ocpi/{version}/credentials"):
        assert (await nobody(path, method, sent, body)).status == 401
    assert made.store._objects == before  # type: ignore[attr-defined]


async def test_an_object_has_an_etag_and_is_not_sent_twice(version: str) -> None:
    _, nobody, _ = await filled(version)
    path = at(version, "locations", "OPEN1", side="sender")
    tag = (await nobody(path)).headers["etag"]
    assert (await nobody(path, headers={"if-none-match": tag})).status == 304
    assert (await nobody(path, headers={"if-match": '"other"'})).status == 412


async def test_options_tell_that_it_is_read_and_scripts_may_read_it_where_that_is_switched_on(version: str) -> None:
    path = at(version, "locations", side="sender")
    preflight = {"origin": "https://map.example", "access-control-request-method": "GET"}
    _, nobody, _ = await filled(version)
    asked = await nobody(path, "OPTIONS", preflight)
    assert (asked.status, asked.headers["allow"]) == (204, "GET, OPTIONS")
    assert not any(name.startswith("access-control") for name in asked.headers)
    _, nobody, call = await filled(version, cors=True)
    for below in ("", "/OPEN1", "/OPEN1/E1"):
        asked = await nobody(path + below, "OPTIONS", preflight)
        assert asked.headers["access-control-allow-methods"] == "GET"
        response = await nobody(path + below)
        assert response.headers["access-control-allow-origin"] == "*"
        assert "link" in response.headers["access-control-expose-headers"]
    assert (await nobody(f"{path}/HIDDEN")).headers["access-control-allow-origin"] == "*"
    for response in (await call("GET", path), await call("OPTIONS", path, headers=preflight)):
        assert not any(name.startswith("access-control") for name in response.headers), "what partners see is not open"


async def test_one_address_may_ask_so_often_and_others_and_partners_go_on(version: str) -> None:
    made, nobody, call = await filled(version, open_reads_per_minute=3)
    made.server.identity.clock = lambda: 1000.0
    path = at(version, "locations", side="sender")
    for _ in range(3):
        assert (await nobody(path)).status == 200
    response = await nobody(path)
    assert response.status == 429
    assert response.headers["retry-after"] == "20"
    assert (await Anybody(made, "198.51.100.1")(path)).status == 200
    assert (await call("GET", path)).status == 200
    assert (await made.server.handle(_with_source(call, path))).status == 200, "of the same address"
    made.server.identity.clock = lambda: 1021.0
    assert (await nobody(path)).status == 200


def _with_source(call: Caller, path: str) -> Request:
    headers = {"authorization": authorization(call.token, call.form)}
    return Request(method="GET", url=path, headers=headers, source=SOURCE)


# ---------------------------------------------------------------------------------------------------- what is marked


async def test_what_was_written_while_it_was_closed_is_open_once_it_was_looked_for(version: str) -> None:
    closed, _, _ = await filled(version, open_locations=False, open_tariffs=False)
    opened = platform(
        MemoryNet(), "here.example", CPO, "CPO", store=closed.store, modules=frozenset({"locations", "tariffs"}),
        open_locations=True, open_tariffs=True,
    )  # fmt: skip
    nobody, path = Anybody(opened), at(version, "locations", side="sender")
    kinds, parties = opened.settings.open_kinds, opened.settings.party_ids
    assert await nobody.ids(path) == []
    assert (await nobody(f"{path}/OPEN1")).status == 200
    assert await complete(opened.store, kinds, parties) == 3
    assert await complete(opened.store, kinds, parties) == 0
    assert await nobody.ids(path) == ["OPEN1", "OPEN2"]
    assert await nobody.ids(at(version, "tariffs", side="sender")) == ["T1"]


async def test_what_ceased_to_be_public_while_nobody_marked_it_is_not_shown_and_then_not_counted(version: str) -> None:
    made, nobody, _ = await filled(version)
    assert isinstance(made.store, MemoryStore)
    path = at(version, "locations", side="sender")
    made.store._followed.clear()
    newest = VERSIONS["2.3.0"]
    await made.publisher.change(newest, "locations", CPO, ["OPEN1"], {"publish": False})
    await made.store.change(Key(Side.OURS, "locations", CPO, "OPEN2"), lambda _: Delete())
    await publish(made, "2.3.0", "tariffs", tariff("2.3.0", "T1", last_updated=NEW), concerns=EMSP)
    assert await nobody.ids(path) == await nobody.ids(at(version, "tariffs", side="sender")) == []
    assert await complete(made.store, made.settings.open_kinds, made.settings.party_ids) == 3
    for kind in ("locations", "tariffs"):
        assert (await nobody(at(version, kind, side="sender"))).headers["x-total-count"] == "0"


async def test_of_a_party_that_is_ours_no_more_nothing_is_shown(version: str) -> None:
    made, _, _ = await filled(version)
    other = PartyId("FR", "OTH")
    taken = platform(
        MemoryNet(),
        "here.example",
        other,
        "CPO",
        store=made.store,
        modules=frozenset({"locations"}),
        open_locations=True,
    )
    nobody, path = Anybody(taken), at(version, "locations", side="sender")
    assert await nobody.ids(path) == []
    assert (await nobody(f"{path}/OPEN1")).status == 404
    assert await complete(taken.store, taken.settings.open_kinds, taken.settings.party_ids) == 2


async def test_a_hub_opens_what_is_its_own(version: str) -> None:
    own_party = OwnParty(id=CPO, role="CPO", name="x")
    kinds = frozenset({"locations", "tariffs"})
    made = platform(
        MemoryNet(), "here.example", HUB, "HUB", more=(own_party,), modules=kinds, relays=kinds, open_locations=True,
        open_tariffs=True,
    )  # fmt: skip
    behind = PartyId("FR", "OTH")
    made.server.reachable = lambda: frozenset({behind})
    nobody, path = Anybody(made), at(version, "locations", side="sender")
    await publish(made, "2.3.0", "locations", location("2.3.0", "OWN", postal_code="07749"))
    others = location("2.3.0", "RELAYED", owner=("FR", "OTH"), postal_code="07749")
    await publish(made, "2.3.0", "locations", others, owner=behind)
    assert await nobody.ids(path) == ["OWN"]
    assert (await nobody(f"{path}/RELAYED")).status == 404
    if VERSIONS[version].facts.routed:
        to = {"ocpi-to-country-code": "FR", "ocpi-to-party-id": "OTH"}
        unknown = {"ocpi-to-country-code": "FR", "ocpi-to-party-id": "XXX"}
        answers = [await nobody(path, headers=headers) for headers in (to, unknown)]
        assert [one.status for one in answers] == [404, 404]
        named = [envelope_of(one)["status_message"].replace("XXX", "OTH") for one in answers]
        assert named[0] == named[1], "who is behind the hub is not told"
        for id, listed in ((CPO, ["OWN"]), (HUB, [])):
            to = {"ocpi-to-country-code": id.country_code, "ocpi-to-party-id": id.party_id}
            assert [one["id"] for one in data_of(await nobody(path, headers=to))] == listed
    assert made.server.heard == {}
