# SPDX-License-Identifier: AGPL-3.0-or-later
"""Objects that came in one version, read and changed in another."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest
from msgspec.structs import replace

from tests.known import known, publish
from tests.objects import MIDDLE, NEW, OLD, cdr, evse, location, session, tariff, token
from tests.platforms import ALL_VERSIONS, CPO, EMSP, Caller, MemoryNet, envelope_of, platform
from tests.rules import rule
from wwcp_ocpi.convert import Context
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.protocol.errors import CannotConvert, NotFound
from wwcp_ocpi.protocol.joined import Joined
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.bridge import Bridge, Unsaid
from wwcp_ocpi.store.memory import MemoryStore
from wwcp_ocpi.store.ports import Key, Page, Side, Stored

MODULES = frozenset({"locations", "tariffs", "tokens", "sessions", "cdrs"})
KNOWN = Context(time_zone="Europe/Berlin", postal_code="07749", traces=False)
OTHER = PartyId("FR", "BEN")
ASKED = {"convert": KNOWN}
pairs = pytest.mark.parametrize(("came", "asked"), list(permutations(ALL_VERSIONS, 2)))


async def emsp(**settings: Any) -> tuple[Platform, Caller]:
    """An eMSP, and the calls of a CPO."""
    made = platform(MemoryNet(), "emsp.example", EMSP, "EMSP", modules=MODULES, **(ASKED | settings))
    return made, await known(made, "cpo", (CPO,))


async def cpo(**settings: Any) -> tuple[Platform, Caller]:
    """A CPO, and the calls of an eMSP."""
    made = platform(MemoryNet(), "cpo.example", CPO, "CPO", modules=MODULES, **(ASKED | settings))
    return made, await known(made, "emsp", (EMSP,))


def at(version: str, module: str, *ids: str, side: str = "receiver") -> str:
    return "/".join((f"/ocpi/{version}/{side}/{module}", *ids))


async def kept(made: Platform, module: str, id: str, side: Side = Side.THEIRS, owner: PartyId = CPO) -> Stored:
    found = await made.store.get(Key(side, module, owner, id))
    assert found is not None
    return found


async def data(call: Caller, url: str) -> Any:
    response = await call("GET", url)
    assert response.status == 200, response
    return envelope_of(response)["data"]


@rule("TYP-15")
@pairs
async def test_an_object_is_read_in_every_version_whole_and_in_parts(came: str, asked: str) -> None:
    made, call = await emsp()
    assert (await call("PUT", at(came, "locations", *CPO, "LOC1"), location(came))).status == 201
    url = at(asked, "locations", *CPO, "LOC1")
    whole = await data(call, url)
    assert whole["evses"] == [evse(asked)]
    assert await data(call, f"{url}/E1") == evse(asked)
    assert await data(call, f"{url}/E1/1") == evse(asked)["connectors"][0]
    assert await data(call, at(asked, "locations", *CPO)) == [whole]
    assert (await kept(made, "locations", "LOC1")).version == came


@pairs
async def test_a_list_holds_what_came_in_any_version(came: str, asked: str) -> None:
    made, call = await cpo()
    for number, version in enumerate((came, asked, came)):
        await publish(made, version, "locations", location(version, f"LOC{number}"))
    totals = set()
    for limit in (1, 2, 5):
        url, found = f"{at(asked, 'locations', side='sender')}?limit={limit}", []
        while url:
            response = await call("GET", url)
            found += [one["id"] for one in envelope_of(response)["data"]]
            totals.add(response.headers["x-total-count"])
            link = response.headers.get("link", "")
            url = link[1 : link.index(">")].removeprefix("https://cpo.example") if link else ""
        assert found == ["LOC0", "LOC1", "LOC2"]
    assert totals == {"3"}


@pairs
async def test_a_patch_changes_what_it_names_in_the_version_that_is_stored(came: str, asked: str) -> None:
    made, call = await emsp()
    await call("PUT", at(came, "locations", *CPO, "LOC1"), location(came, help="me"))
    url = at(asked, "locations", *CPO, "LOC1")
    change = {"status": "CHARGING", "last_updated": NEW}
    assert (await call("PATCH", f"{url}/E1", change)).status == 200
    stored = await kept(made, "locations", "LOC1")
    expected = location(came, help="me", evses=[{**evse(came), **change}], last_updated=NEW)
    assert (stored.version, json.loads(stored.body)) == (came, expected)
    assert (await data(call, f"{url}/E1"))["status"] == "CHARGING"


@pairs
async def test_a_part_is_put_in_another_version(came: str, asked: str) -> None:
    made, call = await emsp()
    await call("PUT", at(came, "locations", *CPO, "LOC1"), location(came))
    new = evse(asked, "E2", NEW)
    assert (await call("PUT", at(asked, "locations", *CPO, "LOC1", "E2"), new)).status == 201
    stored = json.loads((await kept(made, "locations", "LOC1")).body)
    assert [one["uid"] for one in stored["evses"]] == ["E1", "E2"]
    assert stored["evses"][0] == evse(came)
    assert await data(call, at(asked, "locations", *CPO, "LOC1", "E2")) == new


@pairs
async def test_a_state_that_was_read_in_another_version_can_be_named(came: str, asked: str) -> None:
    _, call = await emsp()
    await call("PUT", at(came, "locations", *CPO, "LOC1"), location(came))
    url = at(asked, "locations", *CPO, "LOC1")
    tag = (await call("GET", url)).headers["etag"]
    assert (await call("GET", url, headers={"if-none-match": tag})).status == 304
    change = {"name": "new", "last_updated": NEW}
    assert (await call("PATCH", url, change, headers={"if-match": '"other"'})).status == 412
    assert (await call("PATCH", url, change, headers={"if-match": tag})).status == 200
    assert (await call("PUT", url, location(asked, last_updated=NEW), headers={"if-match": tag})).status == 412


@pairs
async def test_what_is_older_is_older_in_every_version(came: str, asked: str) -> None:
    made, call = await emsp()
    await call("PUT", at(came, "locations", *CPO, "LOC1"), location(came))
    url = at(asked, "locations", *CPO, "LOC1")
    assert (await call("PUT", url, location(asked, last_updated=OLD))).status == 200
    assert (
        envelope_of(await call("PATCH", f"{url}/E1", {"status": "CHARGING", "last_updated": OLD}))["status_code"] > 2000
    )
    assert (await kept(made, "locations", "LOC1")).version == came
    assert (await call("PUT", url, location(asked, last_updated=NEW))).status == 200
    assert (await kept(made, "locations", "LOC1")).version == asked


@pairs
async def test_a_tariff_and_a_token_are_withdrawn_and_asked_for_in_another_version(came: str, asked: str) -> None:
    made, call = await emsp()
    await call("PUT", at(came, "tariffs", *CPO, "T1"), tariff(came))
    assert (await data(call, at(asked, "tariffs", *CPO, "T1")))["currency"] == "EUR"
    assert (await call("DELETE", at(asked, "tariffs", *CPO, "T1"))).status == 200
    assert (await call("GET", at(came, "tariffs", *CPO, "T1"))).status == 404
    thing = token(came)
    stored = Stored(seq=1, version=came, last_updated=0, body=json.dumps(thing).encode())
    assert isinstance(made.store, MemoryStore)
    made.store._objects[Key(Side.OURS, "tokens", EMSP, "012345678|RFID" if came != "2.1.1" else "012345678")] = stored
    url = f"{at(asked, 'tokens', '012345678', side='sender')}/authorize"
    assert envelope_of(await call("POST", url))["data"]["allowed"] == "ALLOWED"
    assert (await call("POST", f"{url}?type=OTHER")).status == 404


@pytest.mark.parametrize("id", ["Loc-a", "LOC-A", "loc-a"])
@pairs
async def test_an_id_is_found_though_versions_compare_it_differently(came: str, asked: str, id: str) -> None:
    made, call = await emsp()
    await call("PUT", at(came, "locations", *CPO, id), location(came, id))
    url = at(asked, "locations", *CPO, id)
    assert (await data(call, url))["id"] == id
    assert (await call("PATCH", url, {"name": "new", "last_updated": NEW})).status == 200
    assert (await call("PUT", url, location(asked, id, last_updated=NEW))).status == 200
    assert await made.store.count(Side.THEIRS, "locations") == 1


async def test_what_a_version_must_not_be_told_is_not_there_and_stays_stored() -> None:
    made, call = await cpo()
    await publish(made, "2.2.1", "locations", location("2.2.1", "LOC1", publish=False), location("2.2.1", "LOC2"))
    url = at("2.1.1", "locations", side="sender")
    response = await call("GET", url)
    assert [one["id"] for one in envelope_of(response)["data"]] == ["LOC2"]
    assert response.headers["x-total-count"] == "2"
    assert (await call("GET", f"{url}/LOC1")).status == 404
    assert len(await data(call, at("2.3.0", "locations", side="sender"))) == 2
    assert [(place.target, place.path) for place in made.bridge.refused] == [("2.1.1", "$.publish")]
    made, call = await cpo(convert=replace(KNOWN, unpublished=True))
    await publish(made, "2.2.1", "locations", location("2.2.1", "LOC1", publish=False))
    assert len(await data(call, at("2.1.1", "locations", side="sender"))) == 1


async def test_what_is_left_unsaid_is_counted_once_for_each_state() -> None:
    made, call = await cpo()
    connectors = [{**evse("2.2.1")["connectors"][0], "max_electric_power": 22000}]
    await publish(made, "2.2.1", "locations", location("2.2.1", evses=[evse("2.2.1", connectors=connectors)]))
    for _ in range(3):
        await data(call, at("2.1.1", "locations", side="sender"))
    place = Unsaid("locations", "2.2.1", "2.1.1", "$.evses[].connectors[].max_electric_power")
    assert made.bridge.lost[place] == 1


async def test_a_session_and_a_cdr_are_told_with_their_location() -> None:
    made, call = await cpo()
    await publish(made, "2.3.0", "locations", location("2.3.0"))
    await publish(made, "2.3.0", "sessions", session("2.3.0"))
    await publish(made, "2.3.0", "cdrs", cdr("2.3.0"))
    query = "?date_from=2020-01-01T00:00:00Z"
    (told,) = await data(call, at("2.1.1", "sessions", side="sender") + query)
    assert (told["auth_id"], told["location"]["evses"][0]["uid"]) == ("NL-EMP-C1", "E1")
    (told,) = await data(call, at("2.1.1", "cdrs", side="sender"))
    assert (told["stop_date_time"], told["location"]["id"]) == (MIDDLE, "LOC1")


async def test_a_session_of_2_1_1_is_in_the_list_of_the_partner_whose_driver_it_is() -> None:
    made, call = await cpo(convert=replace(KNOWN, token_uid="012345678", token_type="RFID"))
    await publish(made, "2.1.1", "sessions", session("2.1.1"))
    query = "?date_from=2020-01-01T00:00:00Z"
    (told,) = await data(call, at("2.2.1", "sessions", side="sender") + query)
    assert (told["cdr_token"]["country_code"], told["cdr_token"]["party_id"]) == EMSP


async def test_the_same_bytes_of_two_owners_are_two_objects() -> None:
    made, call = await emsp()
    other = await known(made, "other", (OTHER,))
    for who, owner in ((call, CPO), (other, OTHER)):
        assert (await who("PUT", at("2.1.1", "locations", *owner, "LOC1"), location("2.1.1"))).status == 201
    for who, owner in ((call, CPO), (other, OTHER)):
        (told,) = await data(who, at("2.2.1", "locations", *owner))
        assert (told["country_code"], told["party_id"]) == owner


async def test_the_losses_of_one_object_are_told_by_its_id() -> None:
    made, _ = await cpo()
    await publish(made, "2.3.0", "locations", location("2.3.0", help_phone="+49 3641 1"))
    await publish(made, "2.3.0", "locations", location("2.3.0", "HID", publish=False))
    losses = made.bridge.losses
    (found,) = await losses(Side.OURS, "locations", CPO, "Loc1", VERSIONS["2.2.1"])
    assert (found.path, found.text) == ("$.help_phone", "OCPI 2.2.1 has no such field here")
    assert await losses(Side.OURS, "locations", CPO, "LOC1", VERSIONS["2.3.0"]) == ()
    with pytest.raises(CannotConvert) as refused:
        await losses(Side.OURS, "locations", CPO, "HID", VERSIONS["2.1.1"])
    assert (refused.value.path, refused.value.setting) == ("$.publish", "unpublished")
    with pytest.raises(NotFound, match="locations/LOC2: no such object of DE\\*GEF"):
        await losses(Side.OURS, "locations", CPO, "LOC2", VERSIONS["2.2.1"])


@pytest.mark.parametrize("came", ALL_VERSIONS)
async def test_the_losses_of_a_token_are_found_by_its_uid(came: str) -> None:
    made, call = await cpo()
    body = token(came)
    assert (await call("PUT", at(came, "tokens", *EMSP, body["uid"]), body)).status == 201
    for version in VERSIONS.values():
        assert await made.bridge.losses(Side.THEIRS, "tokens", EMSP, body["uid"], version) == ()


async def test_a_cdr_that_is_posted_again_in_another_version_is_known() -> None:
    made, call = await emsp()
    assert (await call("POST", at("2.2.1", "cdrs"), cdr("2.2.1"))).status == 201
    assert (await call("POST", at("2.3.0", "cdrs"), cdr("2.3.0"))).status == 200
    refused = await call("POST", at("2.3.0", "cdrs"), cdr("2.3.0", total_energy=9))
    assert envelope_of(refused)["status_code"] == 2001
    assert (await kept(made, "cdrs", "C1")).version == "2.2.1"


async def test_a_patch_that_the_stored_version_cannot_hold_is_refused_with_its_place() -> None:
    made, call = await emsp()
    await call("PUT", at("2.1.1", "locations", *CPO, "LOC1"), location("2.1.1"))
    before = await kept(made, "locations", "LOC1")
    change = {"publish": False, "last_updated": NEW}
    refused = await call("PATCH", at("2.3.0", "locations", *CPO, "LOC1"), change)
    assert envelope_of(refused)["status_code"] == 2001
    assert "$.publish" in envelope_of(refused)["status_message"]
    assert await kept(made, "locations", "LOC1") == before


async def test_pages_are_remembered_and_their_room_is_bounded() -> None:
    store = MemoryStore()
    bridge = Bridge(store, KNOWN, room_bytes=200_000)
    body = json.dumps(location("2.1.1")).encode()

    def page(number: int) -> Page:
        bodies = tuple(body.replace(b"LOC1", b"LOC%d-%d" % (number, one)) for one in range(5))
        return Page(joined=Joined(bodies), versions=("2.1.1",) * 5, owners=(CPO,) * 5, total=5)

    for number in range(60):
        asked = page(number)
        first = await bridge.bodies(Side.OURS, "locations", asked, VERSIONS["2.3.0"])
        again = await bridge.bodies(Side.OURS, "locations", asked, VERSIONS["2.3.0"])
        assert again is first, "converted once"
        assert all(one is not None and b"country_code" in one for one in first)
    assert bridge._pages._bytes <= 100_000
    assert bridge._objects._bytes <= 100_000


class Reads(MemoryStore):
    """A store that remembers which objects it was asked for outside of a change."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Key] = []

    async def get(self, key: Key) -> Stored | None:
        self.asked.append(key)
        return await super().get(key)


@pytest.mark.parametrize("asked", ["2.2.1", "2.1.1"])
async def test_a_change_reads_nothing_beside_its_transaction_unless_another_version_is_stored(asked: str) -> None:
    store = Reads()
    made, call = await emsp(store=store)
    assert (await call("PUT", at("2.2.1", "locations", *CPO, "LOC1"), location("2.2.1"))).status == 201
    assert (await call("PUT", at("2.2.1", "sessions", *CPO, "S1"), session("2.2.1"))).status == 201
    store.asked.clear()
    change = {"kwh": 2.5, "last_updated": NEW}
    assert (await call("PATCH", at(asked, "sessions", *CPO, "S1"), change)).status == 200
    assert [key.module for key in store.asked] == ([] if asked == "2.2.1" else ["sessions"])
    assert json.loads((await kept(made, "sessions", "S1")).body)["kwh"] == 2.5
