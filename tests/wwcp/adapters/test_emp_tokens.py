# SPDX-License-Identifier: AGPL-3.0-or-later
"""The list of tokens that a provider tells is published as our OCPI Tokens, and kept up to date."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.platforms import ALL_VERSIONS
from tests.rules import rule
from tests.wwcp.adapters.emp_world import CARD, EMP, World, world
from wwcp_ocpi.store.ports import PageRequest, Side
from wwcp_ocpi.wwcp.ids.contracts import EMobilityAccountId
from wwcp_ocpi.wwcp.ids.places import EMobilityProviderId
from wwcp_ocpi.wwcp.model.authentication import Authentication, remote, rfid
from wwcp_ocpi.wwcp.model.tokens import ListedToken, Whitelist
from wwcp_ocpi.wwcp.routing.token_source import TokenSource

versions = pytest.mark.parametrize("version", ALL_VERSIONS)
CONTRACT = EMobilityAccountId.parse("NL-EMP-C12345678")


class Listing:
    """A list of tokens; it breaks off after so many where `breaks` is set."""

    def __init__(self, *listed: ListedToken) -> None:
        self.listed = list(listed)
        self.breaks: int | None = None

    async def tokens(self) -> AsyncIterator[ListedToken]:
        for index, one in enumerate(self.listed):
            if index == self.breaks:
                raise ConnectionError("the database is gone")
            yield one


def card(uid: str = CARD, **more: Any) -> ListedToken:
    return ListedToken(authentication=rfid(uid), contract_id="NL-EMP-C1", **more)


async def ours(here: World) -> dict[str, dict[str, Any]]:
    """Our Tokens by uid, as they are stored."""
    page = await here.emsp.store.page(PageRequest(side=Side.OURS, module="tokens", limit=1000))
    return {one["uid"]: one for one in map(json.loads, page.bodies)}


async def theirs(here: World) -> dict[str, dict[str, Any]]:
    """What the CPO has of them after all was delivered."""
    while await here.emsp.courier.round():
        pass
    page = await here.cpo.store.page(PageRequest(side=Side.THEIRS, module="tokens", limit=1000))
    return {one["uid"]: one for one in map(json.loads, page.bodies)}


@rule("TOK-01")
@versions
async def test_tokens_are_added_changed_and_when_they_are_gone_not_valid(version: str) -> None:
    here = await world(version)
    source = Listing(card(visual_number="1"), card("77", whitelist=Whitelist.NEVER, issuer="Example"))
    assert isinstance(source, TokenSource)
    here.adapter.listen_to(EMP, source)
    assert await here.adapter.tokens.refresh() == 2
    found = await theirs(here)
    assert {uid: (one["valid"], one["whitelist"], one["issuer"]) for uid, one in found.items()} == {
        CARD: (True, "ALLOWED", "emsp.example"),
        "77": (True, "NEVER", "Example"),
    }
    assert await here.adapter.tokens.refresh() == 0

    source.listed[0] = card(visual_number="2")
    assert await here.adapter.tokens.refresh() == 1
    assert (await theirs(here))[CARD]["visual_number"] == "2"

    del source.listed[1]
    assert await here.adapter.tokens.refresh() == 1
    assert {uid: one["valid"] for uid, one in (await theirs(here)).items()} == {CARD: True, "77": False}
    assert await here.adapter.tokens.refresh() == 0

    source.listed.append(card("77"))
    assert await here.adapter.tokens.refresh() == 1
    assert (await theirs(here))["77"]["valid"] is True


async def test_what_did_not_change_keeps_its_moment_over_a_restart() -> None:
    here = await world()
    source = Listing(card())
    here.adapter.listen_to(EMP, source)
    await here.adapter.tokens.refresh()
    before = await ours(here)
    await here.timer.advance(3600)
    await here.restart()
    here.adapter.listen_to(EMP, source)
    assert await here.adapter.tokens.refresh() == 0
    assert await ours(here) == before


async def test_a_list_that_breaks_off_takes_nothing_away() -> None:
    here = await world()
    source = Listing(card(), card("77"))
    here.adapter.listen_to(EMP, source)
    await here.adapter.tokens.refresh()
    before = await ours(here)
    source.breaks = 1
    with pytest.raises(ConnectionError):
        await here.adapter.tokens.refresh()
    assert await ours(here) == before


async def test_every_way_to_charge_that_ocpi_has_a_token_for_is_listed() -> None:
    here = await world()
    pin = ListedToken(authentication=Authentication(pin="1234"))
    long = ListedToken(authentication=Authentication(auth_token="x" * 40))
    source = Listing(
        card(),
        pin,
        ListedToken(authentication=remote(CONTRACT), language="nl", group_id="G1"),
        long,
        ListedToken(authentication=Authentication(plug_and_charge_identification=CONTRACT), language="dutch"),
    )
    here.adapter.listen_to(EMP, source)
    assert await here.adapter.tokens.refresh() == 3
    page = await here.emsp.store.page(PageRequest(side=Side.OURS, module="tokens", limit=10))
    found = [json.loads(body) for body in page.bodies]
    assert sorted((one["type"], one["contract_id"], one.get("language"), one.get("group_id")) for one in found) == [
        ("APP_USER", str(CONTRACT), "nl", "G1"),
        ("EMAID", str(CONTRACT), None, None),
        ("RFID", "NL-EMP-C1", None, None),
    ]
    (notes,) = here.adapter.tokens.notes.values()
    assert [note.path for note in notes] == ["$[1].authentication", "$[3].authentication"]


async def test_the_last_of_two_entries_with_one_uid_counts() -> None:
    here = await world()
    here.adapter.listen_to(EMP, Listing(card(visual_number="1"), card(visual_number="2")))
    assert await here.adapter.tokens.refresh() == 1
    assert (await ours(here))[CARD]["visual_number"] == "2"


async def test_a_provider_for_which_no_party_stands_cannot_list_tokens() -> None:
    here = await world()
    with pytest.raises(KeyError):
        here.adapter.listen_to(EMobilityProviderId.parse("FR-XYZ"), Listing())


async def test_a_list_of_thousands_is_published_in_pieces() -> None:
    here = await world()
    here.adapter.listen_to(EMP, Listing(*(card(f"{number:08d}") for number in range(1001))))
    assert await here.adapter.tokens.refresh() == 1001
    assert len(await ours(here)) == 1000
    assert await here.emsp.store.count(Side.OURS, "tokens") == 1001


async def test_in_the_background_the_list_is_read_now_and_then() -> None:
    here = await world(tokens_every_s=0.001)
    source = Listing(card())
    source.breaks = 0
    here.adapter.listen_to(EMP, source)
    task = asyncio.create_task(here.adapter.tokens.run())
    await asyncio.sleep(0.01)
    assert not task.done()
    task.cancel()
    source.breaks = None
    task = asyncio.create_task(here.adapter.tokens.run())
    for _ in range(200):
        if await ours(here):
            break
        await asyncio.sleep(0.005)
    assert list(await ours(here)) == [CARD]
    task.cancel()
