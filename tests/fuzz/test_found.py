# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the walk over all rows found once, each by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.fuzz.test_every_row import ACCESS, INVITATION, world
from tests.objects import NEW, tariff, token
from tests.platforms import ALL_VERSIONS, Caller, envelope_of
from wwcp_ocpi.protocol.codec import conforms
from wwcp_ocpi.registry import VERSIONS

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


@pytest.mark.parametrize("url", ["https://partne[r.example/", "https://user@partner.example/", "ftp://a.example", "/x"])
def test_credentials_with_a_url_that_is_none_are_refused(version: str, url: str) -> None:
    made = world("EMSP", version)
    party = {"country_code": "DE", "party_id": "GEF", "business_details": {"name": "GEF"}}
    roles = party if version == "2.1.1" else {"roles": [{**party, "role": "CPO"}]}
    body: dict[str, Any] = {"token": "x", "url": url, **roles}
    response = made.runner.run(Caller(made.platform, INVITATION)("POST", f"/ocpi/{version}/credentials", body))
    assert (response.status, envelope_of(response)["status_code"]) == (200, 2001)


def test_a_patch_never_makes_one_token_another(version: str) -> None:
    made = world("CPO", version)
    call = Caller(made.platform, ACCESS)
    url = f"/ocpi/{version}/receiver/tokens/NL/EMP/012345678"
    response = made.runner.run(call("PATCH", url, {"type": "OTHER", "last_updated": NEW}))
    resource = VERSIONS[version].modules["tokens"].resource
    assert resource is not None
    if resource.qualifier:
        # There is none of that type.
        assert response.status == 404
        assert envelope_of(made.runner.run(call("GET", url)))["data"] == token(version)
    made.runner.run(made.reset())


def test_a_number_beyond_all_doubles_does_not_conform(version: str) -> None:
    shape = VERSIONS[version].object_named("Tariff")
    body = tariff(version)
    price = body["elements"][0]["price_components"][0]
    for number, does in ((1, True), (-0.25, True), (2**63 - 1, True), (10**400, False), (-(10**400), False)):
        price["price"] = number
        assert conforms(shape, json.dumps(body).encode()) is does, number
