# SPDX-License-Identifier: AGPL-3.0-or-later
"""Requests and headers as values."""

from __future__ import annotations

import pytest

from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.protocol.paging import by_name


@pytest.mark.parametrize(
    ("url", "path", "query"),
    [
        ("https://example.org/ocpi/versions", "/ocpi/versions", {}),
        ("https://example.org", "", {}),
        ("https://example.org/a%2Fb?x=1&y=a%20b", "/a%2Fb", {"x": "1", "y": "a b"}),
        ("/ocpi/2.2.1/locations?limit=5&limit=6&offset=", "/ocpi/2.2.1/locations", {"limit": "6", "offset": ""}),
        ("/a?date_from=2019-01-28T01:30:00%2B01:00", "/a", {"date_from": "2019-01-28T01:30:00+01:00"}),
        ("//evil.example/a", "//evil.example/a", {}),
        ("/a?", "/a", {}),
        ("/a?flag", "/a", {"flag": ""}),
        ("/a?x=1?y=2", "/a", {"x": "1?y=2"}),
        # Defect 17: a URL within a query is percent-encoded, or at least without a `&` of its own.
        (
            "/a?response_url=https%3A%2F%2Fx.example%2Fr%3Fa%3D1%26b",
            "/a",
            {"response_url": "https://x.example/r?a=1&b"},
        ),
        ("/a?response_url=https://x.example/r?a=1", "/a", {"response_url": "https://x.example/r?a=1"}),
    ],
)
def test_a_request_knows_its_path_and_query(url: str, path: str, query: dict[str, str]) -> None:
    request = Request(method="GET", url=url)
    assert (request.path, request.query) == (path, query)


def test_requests_and_responses_are_values() -> None:
    assert Request(method="GET", url="/") == Request(method="GET", url="/", headers={}, body=b"", source="")
    assert Response(status=200) == Response(status=200, headers={}, body=b"")


def test_headers_are_found_in_lower_case_and_repeated_ones_are_joined() -> None:
    assert by_name([("X-Limit", "5"), ("Link", "<a>"), ("LINK", "<b>")]) == {"x-limit": "5", "link": "<a>, <b>"}
    assert by_name([]) == {}
