# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whoever has no token reads what is not public, or writes, on a platform whose data are open.

Each request is first made with the token of a partner, or for what is public, and works.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote

import pytest
from msgspec.structs import replace

from tests.anybody import PARTNERS_TARIFF, Anybody, data_of, filled, publish, unpublished
from tests.attacks.listed import attack
from tests.attacks.wired import DEADLINE_S
from tests.identity_setting import Noted
from tests.net.serving import serving
from tests.objects import MIDDLE, NEW, OLD, cdr, location, session
from tests.platforms import ALL_VERSIONS, EMSP, Caller, envelope_of
from tests.rules import rule
from tests.server.test_modules import at
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.protocol.credentials_token import authorization
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.security.audit import Reason
from wwcp_ocpi.server.extensions import EXTENSIONS


@asynccontextmanager
async def opened(version: str, **settings: Any) -> AsyncIterator[tuple[Platform, Anybody, Caller]]:
    """A platform with open data behind a port, whoever comes there without a token, and a partner of it."""
    made, nobody, call = await filled(version, **settings)
    made.server.identity.failures.per_minute = 0
    async with serving(made.server.handle) as server, HTTPTransport() as transport, asyncio.timeout(DEADLINE_S):

        async def send(request: Request) -> Response:
            return await transport(replace(request, url=server.base_url + request.url))

        nobody.send = send
        yield made, nobody, call


pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


@attack("open-unpublished")
@rule("LOC-19")
async def test_what_is_unpublished_and_what_is_not_there_look_alike(version: str) -> None:
    async with opened(version) as (_, nobody, _):
        path = at(version, "locations", side="sender")
        for below, tail in (("OPEN1", ""), ("OPEN1", "/E1"), ("OPEN1", "/E1/1"), ("OPEN1", "?with_extensions=true")):
            assert (await nobody(f"{path}/{below}{tail}")).status == 200
            answers = [await nobody(f"{path}/{id}{tail}") for id in ("HIDDEN", "ABSENT")]
            told = [(one.status, _kept(one), envelope_of(one)) for one in answers]
            assert json.loads(json.dumps(told[0]).replace("HIDDEN", "ABSENT")) == json.loads(json.dumps(told[1]))
        for header in ({"if-match": "*"}, {"if-none-match": "*"}):
            assert (await nobody(f"{path}/HIDDEN", headers=header)).status == 404
        tariffs = at(version, "tariffs", side="sender")
        answers = [await nobody(f"{tariffs}/{id}") for id in (PARTNERS_TARIFF, "ABSENT")]
        told = [(one.status, _kept(one), envelope_of(one)) for one in answers]
        assert json.loads(json.dumps(told[0]).replace(PARTNERS_TARIFF, "ABSENT")) == json.loads(json.dumps(told[1]))


@attack("open-counts")
@pytest.mark.parametrize("kind", ["locations", "tariffs"])
async def test_counts_links_and_filters_are_the_same_with_and_without_what_is_not_public(
    version: str, kind: str
) -> None:
    """Two platforms, of which one has much to hide, answer alike."""
    async with opened(version) as (made, hides, _), opened(version) as (_, has_nothing, _):
        hidden = [unpublished("2.3.0", f"H{n}", last_updated=moment) for n in range(7) for moment in (OLD, MIDDLE, NEW)]
        await publish(made, "2.3.0", "locations", *hidden)
        path = at(version, kind, side="sender")
        dates = (
            f"date_from={OLD}",
            f"date_from={MIDDLE}",
            f"date_to={MIDDLE}",
            f"date_from={NEW}&date_to=2027-01-01T00:00:00Z",
        )
        for query in ("", *dates):
            for page in ("", "limit=1", "limit=1&offset=1", "offset=1", "offset=99", "limit=1000"):
                answers = [await one(f"{path}?{query}&{page}") for one in (hides, has_nothing)]
                told = [
                    (
                        one.status,
                        one.headers.get("link", "").partition("&after=")[0].rpartition("/ocpi")[2],
                        _kept(one),
                        data_of(one),
                    )
                    for one in answers
                ]
                assert told[0] == told[1], (query, page)
                assert len({len(unquote(one.headers.get("link", ""))) for one in answers}) == 1


def _kept(response: Response) -> dict[str, str]:
    """The headers but for those that differ anyway."""
    return {name: value for name, value in response.headers.items() if name not in ("link", "date", "content-length")}


@attack("open-private")
async def test_no_other_module_and_no_private_list(version: str) -> None:
    async with opened(version, extensions=EXTENSIONS) as (made, nobody, call):
        for kind, body in (("sessions", session(version)), ("cdrs", cdr(version))):
            await publish(made, version, kind, body, concerns=EMSP)
            path = at(version, kind, side="sender") + f"?date_from={OLD}"
            assert (await call("GET", path)).status == 200
            assert (await nobody(path)).status == 401
        for route in made.server.router.routes:
            if made.server.opens(route):
                continue
            path = "/" + "/".join(segment.strip("{}") for segment in route.segments)
            if route.method == "GET" or not made.server.is_open(Request(method="GET", url=path)):
                for method in (route.method, "GET", "OPTIONS"):
                    assert (await nobody(path, method)).status == 401, (method, path)


@attack("open-write")
@pytest.mark.parametrize("method", ["PUT", "PATCH", "POST", "DELETE"])
async def test_nothing_is_written_without_a_token(version: str, method: str) -> None:
    async with opened(version, extensions=EXTENSIONS) as (made, nobody, _):
        before = dict(made.store._objects)  # type: ignore[attr-defined]
        body = json.dumps(location(version, "OPEN1", last_updated=NEW)).encode()
        sent = {"content-type": "application/json", "x-http-method-override": "GET"}
        for path in ("locations", "locations/OPEN1", "locations/OPEN1/E1", "tariffs", "tariffs/T1"):
            response = await nobody(at(version, path, side="sender"), method, sent, body)
            assert response.status == 401, path
            assert "www-authenticate" in response.headers
        for path in ("/ocpi/versions", f"/ocpi/{version}", f"/ocpi/{version}/credentials"):
            assert (await nobody(path, method, sent, body)).status == 401
        assert made.store._objects == before  # type: ignore[attr-defined]


@attack("open-downgrade")
@pytest.mark.parametrize(
    "shown",
    [
        {"authorization": ""},
        {"authorization": " "},
        {"authorization": "Token"},
        {"authorization": "Token "},
        {"authorization": "Token wrong"},
        {"authorization": "Basic eDp5"},
        {"authorization": "Bearer x"},
        {"totp": "0 123456"},
        {"totp": ""},
    ],
)
async def test_wrong_credentials_are_refused_and_never_taken_for_none(version: str, shown: Mapping[str, str]) -> None:
    async with opened(version) as (made, nobody, _):
        made.server.identity.audit = audit = Noted()
        paths = [at(version, kind, side="sender") for kind in ("locations", "locations/OPEN1", "tariffs")]
        for path in (*paths, "/ocpi/versions", f"/ocpi/{version}"):
            assert (await nobody(path)).status == 200
            assert audit.taken() == [], "who reads what is open is no event"
            for method in ("GET", "OPTIONS"):
                assert (await nobody(path, method, shown)).status == 401, path
                assert audit.taken() == [Reason.UNKNOWN_TOKEN]


@attack("open-downgrade")
async def test_a_blocked_partner_is_refused_with_its_token(version: str) -> None:
    made, _, call = await filled(version)
    path = at(version, "locations", side="sender")
    assert (await call("GET", path)).status == 200
    await made.book.change("emsp", lambda known: type(known)(id=known.id, access=()))
    assert (await call("GET", path)).status == 401


@attack("open-tenant")
async def test_by_the_name_of_a_party(version: str) -> None:
    """Whoever names the party that it speaks for shows a token; an address opens nothing."""
    async with opened(version) as (made, nobody, call):
        made.server.identity.audit = audit = Noted()
        path = at(version, "tariffs", side="sender")
        speaks = {"ocpi-from-country-code": "NL", "ocpi-from-party-id": "EMP"}
        assert [one["id"] for one in data_of(await call("GET", path, headers=speaks))] == ["T1", PARTNERS_TARIFF]
        is_routed = VERSIONS[version].facts.routed
        response = await nobody(path, headers=speaks)
        if is_routed:
            assert response.status == 401
            assert audit.taken() == [Reason.UNKNOWN_TOKEN], "counted as a refusal, not once more for each party"
        else:
            assert [one["id"] for one in data_of(response)] == ["T1"], "headers without a meaning in this version"
        to = {"ocpi-to-country-code": "DE", "ocpi-to-party-id": "GEF"}
        assert [one["id"] for one in data_of(await nobody(path, headers=to))] == ["T1"]
        to["ocpi-to-party-id"] = "XXX"
        assert (await nobody(path, headers=to)).status == (404 if is_routed else 200)


@attack("open-flood")
async def test_too_many_reads_of_one_address_do_not_lock_its_partner_out(version: str) -> None:
    path = at(version, "locations", side="sender")
    async with opened(version, open_reads_per_minute=0) as (_, nobody, _):
        assert {(await nobody(path)).status for _ in range(4)} == {200}
    async with opened(version, open_reads_per_minute=2) as (made, nobody, call):
        assert [(await nobody(path)).status for _ in range(3)] == [200, 200, 429]
        asked = Request(method="GET", url=path, headers={"authorization": authorization(call.token, call.form)})
        assert (await nobody.send(asked)).status == 200, "with a token, from the same address"
        assert made.server.identity.failures.is_quiet


@attack("open-write")
async def test_head_is_a_get_without_its_body(version: str) -> None:
    async with opened(version, open_tariffs=False) as (_, nobody, _):
        path = at(version, "locations", side="sender")
        for below, status in (("", 200), ("/OPEN1", 200), ("/HIDDEN", 404)):
            response = await nobody(path + below, "HEAD")
            assert (response.status, response.body) == (status, b"")
        assert (await nobody(at(version, "tariffs", side="sender"), "HEAD")).status == 401
