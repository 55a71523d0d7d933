# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import pytest

from wwcp_ocpi.net.redirects import next_hop
from wwcp_ocpi.protocol.http import Response

HERE = "https://partner.example/ocpi/versions"


def moved(location: str, status: int = 302) -> Response:
    return Response(status=status, headers={"location": location})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "target"),
    [
        ("/ocpi/versions/", "https://partner.example/ocpi/versions/"),
        ("new?x=1", "https://partner.example/ocpi/new?x=1"),
        ("https://PARTNER.example:443/v", "https://PARTNER.example:443/v"),
    ],
)
def test_a_get_goes_on_at_the_same_place(status: int, location: str, target: str) -> None:
    assert next_hop("GET", HERE, moved(location, status)) == target


@pytest.mark.parametrize(
    "location",
    [
        "https://elsewhere.example/ocpi/versions",
        "//elsewhere.example/ocpi/versions",
        "https://partner.example:8443/ocpi/versions",
        "http://partner.example/ocpi/versions",
        "https://partner.example.evil.example/",
        "ftp://partner.example/",
        "https://[broken/",
        "https://partner.example:99999/",
        "",
    ],
)
def test_a_get_does_not_go_on_elsewhere(location: str) -> None:
    assert next_hop("GET", HERE, moved(location)) is None


def test_a_get_goes_on_over_tls() -> None:
    target = "https://partner.example/ocpi/versions"
    assert next_hop("GET", "http://partner.example/ocpi/versions", moved(target)) == target
    assert next_hop("GET", "http://partner.example:8080/ocpi/versions", moved(target)) is None


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_what_changes_something_is_not_sent_again(method: str) -> None:
    assert next_hop(method, HERE, moved("/ocpi/versions/", 307)) is None


@pytest.mark.parametrize("response", [Response(status=200, headers={"location": "/x"}), Response(status=302)])
def test_other_answers_are_answers(response: Response) -> None:
    assert next_hop("GET", HERE, response) is None
