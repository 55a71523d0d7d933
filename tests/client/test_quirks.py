# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the client makes of every way in which the mock partner is awkward, in every version."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from tests.client.awkward import BASE, IDS, collect, connected, partner, read
from tests.platforms import ALL_VERSIONS
from tests.rules import rule
from wwcp_ocpi.client import BadObject
from wwcp_ocpi.mock import Quirk
from wwcp_ocpi.protocol.errors import BadAnswer, NotAuthenticated, OCPIError, Refused, Unreachable
from wwcp_ocpi.registry import VERSIONS

BORNE = [
    Quirk.SHUFFLED,
    Quirk.OVERLAPPING,
    Quirk.BAD_OBJECT,
    Quirk.NULL_FOR_EMPTY,
    Quirk.TOTAL_MISSING,
    Quirk.LINK_BEYOND_END,
    Quirk.LINK_RELATIVE,
    Quirk.LINK_UNQUOTED,
    Quirk.LINK_AMONG_OTHERS,
    Quirk.VERSIONS_UNKNOWN,
    Quirk.URL_OTHER_HOST,
    Quirk.URL_DEEP,
    Quirk.URL_QUERY,
    Quirk.URL_SLASH,
    Quirk.NO_TIMESTAMP,
    Quirk.BOM,
    Quirk.HUGE,
    Quirk.WRONG_CONTENT_TYPE,
    Quirk.HEADERS_TWICE,
    Quirk.HEADER_CASE,
    Quirk.SLASH_REDIRECT,
    Quirk.REDIRECT_SAME_HOST,
    Quirk.LATE,
]
"""With these everything arrives."""

SAID: dict[Quirk, tuple[type[OCPIError], str]] = {
    Quirk.LINK_LOOP: (BadAnswer, "the links between its pages go round in a circle"),
    Quirk.URL_NO_SCHEME: (BadAnswer, "expected an absolute http or https URL, got 'partner.example/ocpi/"),
    Quirk.TOKEN_NEWLINE: (NotAuthenticated, "does not accept our credentials token"),
    Quirk.NO_DATA: (BadAnswer, "versions: expected data, got nothing"),
    Quirk.STATUS_CODE_TEXT: (BadAnswer, "expected an OCPI envelope .*status_code"),
    Quirk.CLIENT_ERROR: (Refused, "answered 2001 Invalid or missing parameters"),
    Quirk.SERVER_ERROR: (Refused, "answered 3000 Generic server error"),
    Quirk.TRUNCATED: (BadAnswer, "expected an OCPI envelope"),
    Quirk.EMPTY_BODY: (BadAnswer, "expected an OCPI envelope"),
    Quirk.SLASH_REQUIRED: (Refused, "HTTP 404"),
    Quirk.REDIRECT_OTHER_HOST: (Refused, "HTTP 307"),
    Quirk.REDIRECT_LOOP: (Unreachable, "too many redirects"),
    Quirk.TOO_MANY_REQUESTS: (Refused, "HTTP 429"),
    Quirk.TOO_MANY_REQUESTS_UNTIL: (Refused, "HTTP 429"),
    Quirk.UNAVAILABLE: (Refused, "HTTP 503"),
    Quirk.HTML_ERROR: (Refused, "HTTP 500"),
    Quirk.HTML_PAGE: (BadAnswer, "expected an OCPI envelope"),
    Quirk.RESET: (Unreachable, "connection reset"),
}
"""With these nothing can be done; the error says what is wrong."""

NOT_ON_PAGES = {Quirk.URL_NO_SCHEME, Quirk.NO_DATA}

OF_ONE_VERSION = {Quirk.TOKEN_RAW: ("2.2.1", "2.3.0"), Quirk.TOKEN_BASE64: ("2.1.1",)}
"""Awkward only where the specification wants the other form."""

versions = pytest.mark.parametrize("version", ALL_VERSIONS)


def test_every_quirk_of_the_partner_is_tested() -> None:
    tested = [*BORNE, *SAID, *OF_ONE_VERSION, Quirk.LINK_MISSING]
    assert sorted(quirk.name for quirk in tested) == sorted(quirk.name for quirk in Quirk)


@versions
@pytest.mark.parametrize("quirk", BORNE, ids=lambda quirk: quirk.name)
async def test_everything_arrives_past_a_quirk_that_can_be_borne(version: str, quirk: Quirk) -> None:
    assert sorted(set(await read(version, quirk))) == IDS


@versions
@pytest.mark.parametrize("quirk", SAID, ids=lambda quirk: quirk.name)
async def test_what_cannot_be_borne_is_said_and_is_the_partners_fault(version: str, quirk: Quirk) -> None:
    kind, message = SAID[quirk]
    with pytest.raises(kind, match=message) as refused:
        await read(version, quirk)
    assert type(refused.value) is kind


@versions
@pytest.mark.parametrize("quirk", [quirk for quirk in SAID if quirk not in NOT_ON_PAGES], ids=lambda quirk: quirk.name)
async def test_objects_that_came_before_the_trouble_are_not_lost(version: str, quirk: Quirk) -> None:
    found: list[str] = []
    peer = await connected(partner(version, quirk.on("/sender/", skip=1)))
    with pytest.raises(SAID[quirk][0]):
        await collect(peer.locations(), found)
    assert found == IDS[: 4 if quirk is Quirk.LINK_LOOP else 2]


@rule("TRN-02")
@rule("TRN-03")
@pytest.mark.parametrize(
    ("quirk", "version"), [(quirk, version) for quirk, numbers in OF_ONE_VERSION.items() for version in numbers]
)
async def test_the_other_form_of_the_token_is_tried_when_one_is_refused(quirk: Quirk, version: str) -> None:
    assert await read(version, quirk) == IDS
    with pytest.raises(NotAuthenticated):
        await connected(partner(version, quirk), form=VERSIONS[version].facts.token_form)


@versions
async def test_two_quirks_at_once_are_borne(version: str) -> None:
    quirks = (Quirk.URL_QUERY, Quirk.URL_SLASH, Quirk.LINK_RELATIVE, Quirk.BOM, Quirk.HEADER_CASE, Quirk.SHUFFLED)
    assert sorted(await read(version, *quirks)) == IDS


@versions
async def test_a_list_is_asked_at_the_url_as_the_partner_wrote_it(version: str) -> None:
    made = partner(version, Quirk.URL_SLASH, Quirk.SLASH_REQUIRED.on("/sender/locations/", times=1))
    peer = await connected(made)
    async for _ in peer.locations():
        break
    assert made.requests[-1].url == f"{BASE}/{version}/sender/locations/"


@rule("TRN-11")
@versions
async def test_a_bad_object_is_reported_logged_counted_and_left_out(version: str) -> None:
    bad: list[BadObject] = []
    with capture_logs() as logs:
        assert await read(version, Quirk.BAD_OBJECT.on("/sender/", times=1), on_bad=bad) == IDS
    (reported,) = bad
    assert (reported.url, reported.index) == (f"{BASE}/{version}/sender/locations", 1)
    assert reported.body == b'{"id":17,"last_updated":false}'
    assert "$.id: expected a text, got 17" in reported.error
    (logged,) = [entry for entry in logs if entry["event"] == "object.rejected"]
    assert (logged["index"], logged["url"]) == (1, reported.url)


@versions
async def test_a_list_without_links_ends_after_its_first_page_and_says_how_many_are_missing(version: str) -> None:
    peer = await connected(partner(version, Quirk.LINK_MISSING))
    pages = peer.locations()
    with capture_logs() as logs:
        assert [location.id async for location in pages] == IDS[:2]
    assert (pages.total, pages.entries, pages.missing, pages.pages) == (5, 2, 3, 1)
    assert [entry for entry in logs if entry["event"] == "list.incomplete"] == [
        {
            "event": "list.incomplete",
            "log_level": "warning",
            "url": f"{BASE}/{version}/sender/locations",
            "total": 5,
            "received": 2,
        }
    ]


@versions
async def test_a_whole_list_misses_nothing_and_warns_of_nothing(version: str) -> None:
    peer = await connected(partner(version))
    pages = peer.locations()
    with capture_logs() as logs:
        assert [location.id async for location in pages] == IDS
    assert (pages.total, pages.entries, pages.missing, pages.pages, pages.rejected) == (5, 5, 0, 3, 0)
    assert logs == []
