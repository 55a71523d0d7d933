# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import msgspec
import pytest

from tests.mock.asking import BASE, IDS, PAGES, ask, data, ids, links, partner
from wwcp_ocpi.mock import MockPartner, Quirk
from wwcp_ocpi.mock.pages import BROKEN
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.protocol.paging import read_next

HONEST = [f'<{PAGES}?offset=2&limit=2>; rel="next"', f'<{PAGES}?offset=4&limit=2>; rel="next"', None]


async def follow(mock: MockPartner, most: int = 10) -> list[Response]:
    """All pages that the links lead to, as a client reads them."""
    found: list[Response] = []
    url: str | None = PAGES
    while url is not None and len(found) < most:
        found.append(await ask(mock, url))
        url = read_next(found[-1].headers.get("link"), url)
    return found


async def test_without_quirks_pages_are_honest() -> None:
    pages = await follow(partner())
    assert links(pages) == HONEST
    assert [ids(page) for page in pages] == [IDS[:2], IDS[2:4], IDS[4:]]


async def test_shuffled_pages_hold_the_same_objects_in_another_order() -> None:
    pages = await follow(partner(Quirk.SHUFFLED))
    assert [ids(page) for page in pages] == [["LOC2", "LOC1"], ["LOC4", "LOC3"], ["LOC5"]]


async def test_overlapping_pages_begin_with_what_was_there_last() -> None:
    mock = partner(Quirk.OVERLAPPING)
    for _ in range(2):
        pages = await follow(mock)
        assert [ids(page) for page in pages] == [IDS[:2], IDS[1:4], IDS[3:]]


async def test_overlapping_leaves_other_answers_alone() -> None:
    assert data(await ask(partner(Quirk.OVERLAPPING), f"{BASE}/versions")) == [
        {"version": "2.2.1", "url": f"{BASE}/2.2.1"}
    ]


async def test_a_bad_object_stands_amid_good_ones() -> None:
    bad = msgspec.json.decode(BROKEN)["id"]
    pages = await follow(partner(Quirk.BAD_OBJECT))
    assert [ids(page) for page in pages] == [["LOC1", bad, "LOC2"], ["LOC3", bad, "LOC4"], [bad, "LOC5"]]


async def test_an_empty_list_is_null_and_others_are_not() -> None:
    mock = partner(Quirk.NULL_FOR_EMPTY)
    empty = await ask(mock, f"{PAGES}?date_from=2030-01-01T00:00:00Z")
    assert msgspec.json.decode(empty.body)["data"] is None
    assert ids(await ask(mock, PAGES)) == IDS[:2]
    assert data(await ask(mock, f"{PAGES}/LOC1"))["id"] == "LOC1"


async def test_missing_totals_leave_the_link() -> None:
    for page in await follow(partner(Quirk.TOTAL_MISSING)):
        assert not {"x-total-count", "x-limit"} & page.headers.keys()


async def test_a_looping_link_leads_to_the_same_page() -> None:
    pages = await follow(partner(Quirk.LINK_LOOP), most=3)
    assert [ids(page) for page in pages] == [IDS[:2]] * 3


async def test_a_loop_has_no_place_on_the_last_page() -> None:
    assert links([await ask(partner(Quirk.LINK_LOOP), f"{PAGES}?offset=4")]) == [None]


async def test_a_missing_link_ends_after_the_first_page() -> None:
    [page] = await follow(partner(Quirk.LINK_MISSING))
    assert page.headers["x-total-count"] == "5"


async def test_a_link_beyond_the_end_leads_to_an_empty_page() -> None:
    pages = await follow(partner(Quirk.LINK_BEYOND_END))
    assert [ids(page) for page in pages] == [IDS[:2], IDS[2:4], IDS[4:], []]
    assert pages[2].headers["link"] == f'<{PAGES}?offset=5&limit=2>; rel="next"'


@pytest.mark.parametrize(
    ("quirk", "link"),
    [
        (Quirk.LINK_RELATIVE, '</ocpi/2.2.1/sender/locations?offset=2&limit=2>; rel="next"'),
        (Quirk.LINK_UNQUOTED, f"<{PAGES}?offset=2&limit=2>; rel=next"),
        (
            Quirk.LINK_AMONG_OTHERS,
            f'<{PAGES}?offset=0>; rel="first", <{PAGES}?offset=2&limit=2>; rel="next",'
            f' <{PAGES}?offset=999>; rel="last"',
        ),
    ],
)
async def test_an_awkward_link_still_leads_to_all_pages(quirk: Quirk, link: str) -> None:
    pages = await follow(partner(quirk))
    assert links(pages)[0] == link
    assert [ids(page) for page in pages] == [IDS[:2], IDS[2:4], IDS[4:]]
