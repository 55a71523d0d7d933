# SPDX-License-Identifier: AGPL-3.0-or-later
"""Short ids of Locations for one partner: both ways, in paths and bodies, and where one name means two places."""

from __future__ import annotations

import pytest

from tests.wwcp.making import MONDAY, evse, mapped, operator, pool, station
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.protocol.modifiers import Modifiers
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationOperatorId
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.cso.names import PublishedNames
from wwcp_ocpi.wwcp.ocpi.cso.partner_names import SuffixIds
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY


def book(*ids: str) -> PublishedNames:
    names = PublishedNames()
    for text in ids:
        pool_id = ChargingPoolId.parse(text)
        made = pool(station(evse()), id=pool_id)
        found = mapped(made, by=operator(id=ChargingStationOperatorId.parse(str(pool_id.operator)))).value
        assert found is not None
        names.note(made, found, Context(MONDAY, DEFAULT_POLICY))
    return names


def modifiers(*ids: str) -> Modifiers:
    return SuffixIds(book(*ids)).modifiers()


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://p/ocpi/2.2.1/locations/DE/GEF/DE*GEF*P77", "https://p/ocpi/2.2.1/locations/DE/GEF/77"),
        (
            "https://p/x/DE/GEF/DE%2AGEF%2AP77/DE*GEF*E77*1?a=DE*GEF*P77",
            "https://p/x/DE/GEF/77/DE*GEF*E77*1?a=DE*GEF*P77",
        ),
        ("https://p/locations/DE/GEF/de*gef*p77", "https://p/locations/DE/GEF/77"),
        ("https://p/locations/DE/GEF/OTHER", "https://p/locations/DE/GEF/OTHER"),
    ],
)
def test_what_goes_out_has_the_short_id(url: str, expected: str) -> None:
    sent = modifiers("DE*GEF*P77").request_to(
        Request(
            method="PUT", url=url, body=b'{"id": "DE*GEF*P77", "evses":[{"uid":"DE*GEF*E77*1"}],"name":"\\"id\\":"}'
        )
    )
    assert (sent.url, sent.body) == (
        expected,
        b'{"id": "77", "evses":[{"uid":"DE*GEF*E77*1"}],"name":"\\"id\\":"}',
    )


def test_what_comes_in_has_the_whole_id() -> None:
    made = modifiers("DE*GEF*P77")
    body = b'{"location_id":"77","token":{"uid":"77"},"id":"77"}'
    taken = made.request_from(Request(method="POST", url="/ocpi/2.3.0/receiver/commands/START_SESSION", body=body))
    assert taken.body == b'{"location_id":"DE*GEF*P77","token":{"uid":"77"},"id":"77"}'
    read = made.request_from(Request(method="GET", url="/ocpi/2.3.0/sender/locations/77/DE*GEF*E77*1?limit=1"))
    assert read.url == "/ocpi/2.3.0/sender/locations/DE*GEF*P77/DE*GEF*E77*1?limit=1"
    asked = Request(method="POST", url="https://p/tokens/77/authorize")
    answer = made.answer_from(asked, Response(status=200, body=b'{"data":{"location":{"location_id":"77"}}}'))
    assert answer.body == b'{"data":{"location":{"location_id":"DE*GEF*P77"}}}'
    told = made.answer_to(read, Response(status=200, body=b'{"data":[{"id":"DE*GEF*P77"},{"id":"X"}]}'))
    assert told.body == b'{"data":[{"id":"77"},{"id":"X"}]}'


def test_a_name_of_two_places_is_that_of_the_party_that_is_addressed_and_of_none_otherwise() -> None:
    made = modifiers("DE*GEF*P1", "NL*TNM*P1")
    body = b'{"location_id":"1"}'
    unclear = Request(method="POST", url="/ocpi/2.3.0/receiver/commands/START_SESSION", body=body)
    assert made.request_from(unclear).body == body
    headers = {"ocpi-to-country-code": "NL", "ocpi-to-party-id": "TNM"}
    clear = Request(method="POST", url="/ocpi/2.3.0/receiver/commands/START_SESSION", body=body, headers=headers)
    assert made.request_from(clear).body == b'{"location_id":"NL*TNM*P1"}'


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff\xfe", b'{"location_id":7}', b'{"location_id":"a\\"b"}'])
def test_what_is_no_such_id_is_left_alone(body: bytes) -> None:
    made = modifiers("DE*GEF*P1")
    request = Request(method="POST", url="/x", body=body)
    assert made.request_from(request).body == made.request_to(request).body == body
