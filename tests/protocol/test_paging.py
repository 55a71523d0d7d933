# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pages: what may be asked, and how the next page is named and found."""

from __future__ import annotations

import contextlib
import string
import time
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules import rule
from wwcp_ocpi.protocol.errors import BadAnswer, InvalidParameters
from wwcp_ocpi.protocol.http import Request
from wwcp_ocpi.protocol.paging import MAX_OFFSET, PageQuery, next_link, read_next, read_query
from wwcp_ocpi.scalars import DateTime

BASE = "https://partner.example/ocpi/2.2.1/locations?limit=10"


def read(**query: str) -> PageQuery:
    return read_query(query, default_limit=50, max_limit=100)


@rule("TRN-12")
def test_nothing_asked_is_the_first_page_of_the_usual_size() -> None:
    assert read() == PageQuery(offset=0, limit=50)


@rule("TRN-12")
def test_all_that_may_be_asked_is_read() -> None:
    assert read(
        date_from="2019-01-28T00:00:00Z", date_to="2019-01-29T00:00:00Z", offset="20", limit="10", after="abc"
    ) == PageQuery(
        date_from=DateTime.parse("2019-01-28T00:00:00Z"),
        date_to=DateTime.parse("2019-01-29T00:00:00Z"),
        offset=20,
        limit=10,
        after="abc",
    )


def test_empty_parameters_count_as_not_given() -> None:
    assert read(date_from="", date_to="", offset="", limit="", after="") == read()


@rule("TRN-20")
@pytest.mark.parametrize(("limit", "given_limit"), [("1", 1), ("100", 100), ("101", 100), (str(MAX_OFFSET), 100)])
def test_a_high_limit_is_capped_and_not_refused(limit: str, given_limit: int) -> None:
    assert read(limit=limit).limit == given_limit


@pytest.mark.parametrize("name", ["limit", "offset"])
@pytest.mark.parametrize(
    "text", ["-1", "1.5", "ten", "0x10", " 1", "1e3", "٣", "9" * 17, str(MAX_OFFSET + 1), "9" * 100_000]
)
def test_what_is_no_whole_number_is_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidParameters, match=f"^{name}: expected a whole number from [01] on, got") as caught:
        read(**{name: text})
    assert caught.value.path == name
    assert len(str(caught.value)) < 120


def test_a_page_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidParameters, match="limit: expected a whole number from 1 on, got '0'"):
        read(limit="0")


@pytest.mark.parametrize("name", ["date_from", "date_to"])
@pytest.mark.parametrize("text", ["yesterday", "2019-01-28", "2019-13-28T00:00:00Z", "0"])
def test_what_is_no_moment_is_refused(name: str, text: str) -> None:
    with pytest.raises(InvalidParameters, match=f"^{name}: expected a DateTime like") as caught:
        read(**{name: text})
    assert caught.value.path == name


@pytest.mark.parametrize(
    "text",
    ["2019-01-28T01:30:00+01:30", "2019-01-28T01:30:00 01:30", "2019-01-28 01:30:00 0130", "2019-01-28 00:00:00"],
)
def test_an_offset_that_lost_its_plus_is_understood(text: str) -> None:
    assert read(date_from=text).date_from == DateTime.parse("2019-01-28T00:00:00Z")


def link(query: PageQuery, others: dict[str, str] | None = None, count: int = 10) -> dict[str, str]:
    """What the next page is asked with."""
    header = next_link("https://we.example/locations", query, others or {}, "c0ffee", count)
    url = read_next(header, "https://elsewhere.example/")
    assert url is not None
    assert urlsplit(url)[:3] == ("https", "we.example", "/locations")
    return dict(parse_qsl(urlsplit(url).query, strict_parsing=True))


@rule("TRN-14")
def test_the_next_page_starts_where_this_one_ended() -> None:
    assert link(PageQuery(offset=20, limit=10), count=10) == {"offset": "30", "limit": "10", "after": "c0ffee"}
    assert link(PageQuery(offset=20, limit=10), count=7)["offset"] == "27"


@rule("TRN-19")
def test_all_filters_survive_in_the_link() -> None:
    query = read(date_from="2019-01-28T01:00:00+01:00", date_to="2019-01-29T00:00:00", limit="10")
    others = {"country_code": "NL", "a&b": "c=d ü", "offset": "7", "after": "old", "limit": "3", "date_from": "x"}
    assert link(query, others) == {
        "country_code": "NL",
        "a&b": "c=d ü",
        "date_from": "2019-01-28T01:00:00+01:00",
        "date_to": "2019-01-29T00:00:00",
        "offset": "10",
        "limit": "10",
        "after": "c0ffee",
    }


@given(
    st.builds(
        PageQuery,
        date_from=st.none() | st.just(DateTime.parse("2019-01-28T00:00:00.5Z")),
        offset=st.integers(0, 10**12),
        limit=st.integers(1, 100),
        after=st.text(min_size=1),
    ),
    st.text(alphabet=f"{string.ascii_letters}{string.digits}-._~", min_size=1),
    st.dictionaries(st.text(min_size=1).filter(lambda name: name not in PageQuery.__struct_fields__), st.text()),
)
def test_following_a_link_asks_what_was_asked_only_further_on(
    query: PageQuery, after: str, others: dict[str, str]
) -> None:
    url = read_next(next_link("/locations", query, others, after, 3), "https://we.example/")
    assert url is not None
    asked = Request(method="GET", url=url).query
    assert {name: value for name, value in asked.items() if name not in PageQuery.__struct_fields__} == others
    assert read_query(asked, default_limit=1, max_limit=100) == PageQuery(
        date_from=query.date_from, date_to=query.date_to, offset=query.offset + 3, limit=query.limit, after=after
    )


@rule("TRN-19")
@pytest.mark.parametrize(
    "header",
    [
        '<https://partner.example/ocpi/2.2.1/locations?offset=10>; rel="next"',
        "<https://partner.example/ocpi/2.2.1/locations?offset=10>; rel=next",
        "<https://partner.example/ocpi/2.2.1/locations?offset=10>;rel='next'",
        '<https://partner.example/ocpi/2.2.1/locations?offset=10> ; REL = "NEXT"',
        '</ocpi/2.2.1/locations?offset=10>; rel="next"',
        '<locations?offset=10>; rel="next"',
        '<?offset=10>; rel="next"',
        '< https://partner.example/ocpi/2.2.1/locations?offset=10 >; rel="next"',
        '<https://a.example>; rel="prev", <locations?offset=10>; rel="next"',
        '<locations?offset=10>; rel="next", <https://a.example>; rel="last"',
        '<locations?offset=10>; title="a, b; c"; rel="next"; type="application/json"',
        '<locations?offset=10>; rel="up next"',
        'locations?offset=10; rel="next"',
        '<locations?offset=10; rel="next"',
        'https://partner.example/ocpi/2.2.1/locations?offset=10; rel="next"',
    ],
)
def test_the_next_page_is_found_however_it_is_written(header: str) -> None:
    assert read_next(header, BASE) == "https://partner.example/ocpi/2.2.1/locations?offset=10"


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "garbage",
        "<https://a.example>",
        '<https://a.example>; rel="prev"',
        '<https://a.example>; rel="nextpage"',
        '<https://a.example>; title="next"',
        '<https://a.example>, rel="next"',
        ";;;,,,",
    ],
)
def test_a_header_without_a_next_page_is_the_last_page(header: str | None) -> None:
    assert read_next(header, BASE) is None


def test_a_next_page_with_an_impossible_url_is_a_bad_answer() -> None:
    with pytest.raises(BadAnswer, match="Link: expected the URL of the next page, got 'http://\\['"):
        read_next('<http://[>; rel="next"', BASE)


@pytest.mark.parametrize("piece", ["<", "<>", "<a>;", "<a>; a=", '"', ";", " ", ",", '<a>; rel="', "a;b;", "<a> ; "])
def test_a_hostile_header_costs_no_time(piece: str) -> None:
    started = time.process_time()
    read_next(piece * (65_536 // len(piece)), BASE)
    assert time.process_time() - started < 2


@given(st.text())
def test_any_header_is_a_url_nothing_or_a_bad_answer(header: str) -> None:
    with contextlib.suppress(BadAnswer):
        assert isinstance(read_next(header, BASE), str | None)
