# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import msgspec
import pytest

from tests.mock.asking import BASE, IDS, LOCATIONS, PAGES, ask, authorized, data, ids, platform
from wwcp_ocpi.mock.platform import JSONObject, Platform
from wwcp_ocpi.protocol.paging import read_next

CREDENTIALS = {"token": "theirs", "url": "https://us.example/ocpi/versions", "roles": []}


async def test_the_versions_list_takes_a_credentials_token_in_either_form() -> None:
    served = platform(versions=("2.1.1", "2.2.1"))
    for raw in (True, False):
        response = await ask(served, f"{BASE}/versions", headers=authorized(raw=raw))
        assert data(response) == [
            {"version": "2.1.1", "url": f"{BASE}/2.1.1"},
            {"version": "2.2.1", "url": f"{BASE}/2.2.1"},
        ]


async def test_details_name_the_sides_of_a_module_from_2_2_1_on() -> None:
    served = platform(versions=("2.1.1", "2.2.1"), receives=("tokens",))
    old = await ask(served, f"{BASE}/2.1.1", headers=authorized(raw=True))
    assert data(old)["endpoints"] == [
        {"identifier": "credentials", "url": f"{BASE}/2.1.1/credentials"},
        {"identifier": "locations", "url": f"{BASE}/2.1.1/sender/locations"},
        {"identifier": "tokens", "url": f"{BASE}/2.1.1/receiver/tokens"},
    ]
    assert data(await ask(served, f"{BASE}/2.2.1"))["endpoints"] == [
        {"identifier": "credentials", "role": "SENDER", "url": f"{BASE}/2.2.1/credentials"},
        {"identifier": "locations", "role": "SENDER", "url": f"{BASE}/2.2.1/sender/locations"},
        {"identifier": "tokens", "role": "RECEIVER", "url": f"{BASE}/2.2.1/receiver/tokens"},
    ]


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("versions", {}),
        ("versions", authorized("wrong")),
        ("2.2.1", authorized(raw=True)),
        ("2.1.1", authorized()),
    ],
)
async def test_a_wrong_credentials_token_or_form_is_refused(path: str, headers: dict[str, str]) -> None:
    response = await ask(platform(versions=("2.1.1", "2.2.1")), f"{BASE}/{path}", headers=headers)
    assert response.status == 401


@pytest.mark.parametrize(
    "path", ["", "9.9", "2.2.1/sender/cdrs", "2.2.1/receiver/tokens/DE/MCK/1", "2.2.1/x", "2.2.1/sender/locations/X"]
)
async def test_what_is_not_there_is_not_found(path: str) -> None:
    assert (await ask(platform(), f"{BASE}/{path}")).status == 404


async def test_pages_lead_to_all_objects() -> None:
    served, url, found = platform(), f"{PAGES}?date_from=2024-01-02T00:00:00Z", []
    while url:
        response = await ask(served, url)
        assert response.headers["x-total-count"] == "4"
        assert response.headers["x-limit"] == "2"
        found += ids(response)
        url = read_next(response.headers.get("link"), url) or ""
    assert found == IDS[1:]


async def test_the_end_of_a_period_is_not_part_of_it() -> None:
    assert ids(await ask(platform(), f"{PAGES}?date_to=2024-01-02T00:00:00Z")) == ["LOC1"]


async def test_one_object_and_its_parts_have_addresses() -> None:
    served = platform()
    assert data(await ask(served, f"{PAGES}/LOC2")) == LOCATIONS[1]
    assert data(await ask(served, f"{PAGES}/LOC2/E2")) == {"uid": "E2", "connectors": [{"id": "1"}]}
    assert data(await ask(served, f"{PAGES}/LOC2/E2/1")) == {"id": "1"}
    assert (await ask(served, f"{PAGES}/LOC2/E1")).status == 404


async def test_registration_renewal_and_its_end_change_the_credentials_token() -> None:
    served = platform()
    url = f"{BASE}/2.2.1/credentials"
    party = {
        "role": "CPO",
        "country_code": "DE",
        "party_id": "MCK",
        "business_details": {"name": "Mock Charging"},
    }

    def answer(token: str) -> object:
        return {"token": token, "url": f"{BASE}/versions", "roles": [party]}

    assert data(await ask(served, url)) == answer("token-a")
    assert (await ask(served, url, "PUT", CREDENTIALS)).status == 405
    assert (await ask(served, url, "DELETE")).status == 405
    assert data(await ask(served, url, "POST", CREDENTIALS)) == answer("token-c-1")
    assert sent_by_partner(served) == CREDENTIALS
    assert (await ask(served, url)).status == 401
    assert (await ask(served, url, "POST", CREDENTIALS, authorized("token-c-1"))).status == 405
    renewed = await ask(served, url, "PUT", {**CREDENTIALS, "token": "new"}, authorized("token-c-1"))
    assert data(renewed) == answer("token-c-2")
    assert sent_by_partner(served) == {**CREDENTIALS, "token": "new"}
    ended = await ask(served, url, "DELETE", headers=authorized("token-c-2"))
    assert msgspec.json.decode(ended.body)["status_code"] == 1000
    assert sent_by_partner(served) is None
    assert (await ask(served, url, headers=authorized("token-c-2"))).status == 401


def sent_by_partner(served: Platform) -> JSONObject | None:
    return served.partner


async def test_the_credentials_of_2_1_1_hold_one_party() -> None:
    response = await ask(platform(versions=("2.1.1",)), f"{BASE}/2.1.1/credentials", headers=authorized(raw=True))
    assert data(response) == {
        "token": "token-a",
        "url": f"{BASE}/versions",
        "country_code": "DE",
        "party_id": "MCK",
        "business_details": {"name": "Mock Charging"},
    }


async def test_credentials_that_are_none_are_refused() -> None:
    served = platform()
    response = await ask(served, f"{BASE}/2.2.1/credentials", "POST", [1])
    assert msgspec.json.decode(response.body)["status_code"] == 2001
    assert served.partner is None


async def test_what_the_partner_puts_is_kept() -> None:
    served = platform(receives=("tokens",))
    path = "2.2.1/receiver/tokens/NL/TNM/012"
    assert (await ask(served, f"{BASE}/{path}")).status == 404
    await ask(served, f"{BASE}/{path}", "PUT", {"uid": "012", "valid": True})
    await ask(served, f"{BASE}/{path}", "PATCH", {"valid": False})
    assert served.received == {path: {"uid": "012", "valid": False}}
    assert data(await ask(served, f"{BASE}/{path}")) == {"uid": "012", "valid": False}
    await ask(served, f"{BASE}/{path}", "DELETE")
    assert served.received == {}


async def test_the_base_may_be_set_when_the_port_is_known() -> None:
    served = platform()
    served.base = "http://127.0.0.1:8000/x"
    response = await ask(served, "/x/versions")
    assert data(response) == [{"version": "2.2.1", "url": "http://127.0.0.1:8000/x/2.2.1"}]
