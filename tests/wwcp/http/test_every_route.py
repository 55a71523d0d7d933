# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every row of the table, asked for what it is for and for all kinds of nonsense: never a 5xx, always a reason."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.net.serving import exchange
from tests.wwcp.http.serving import CLIENTS, Node, node
from tests.wwcp.http.test_rights import PARAMS, path_of
from tests.wwcp.making import GEF
from tests.wwcp.roaming import GDF, Operator, Provider
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.wwcp.http.face import Face
from wwcp_ocpi.wwcp.http.routes import METHODS, ROUTES, Router, allow
from wwcp_ocpi.wwcp.model.result_codes import AuthStartCode

KEYS = [
    "@id",
    "authToken",
    "authTokenType",
    "eMAId",
    "ProviderId",
    "SessionId",
    "ReservationId",
    "ChargingProductId",
    "Duration",
    "StartTime",
    "AuthorizedIds",
    "IntendedCharging",
    "authentication",
    "remoteAuthentication",
    "chargingLocation",
    "chargingStations",
    "EVSEs",
    "socketOutlets",
    "name",
    "status",
    "adminStatus",
    "currentStatus",
    "statusList",
    "start",
    "stop",
    "EVSEId",
    "evseId",
    "sessionTime",
    "lastChange",
    "chargingStationOperators",
    "chargingPools",
    "chargingTariffs",
    "elements",
    "geoLocation",
    "address",
    "keepAlive",
    "customData",
    "@extra",
]
TEXTS = st.sampled_from(
    ["", "DE*GEF", "DE-GDF", "DE*GEF*P1", "DE*GEF*S1*A", "DE*GEF*E1*A*1", "DE-GDF-C12345678", "11223344", "available",
     "2026-08-03T08:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "\ud800", "\0", "x" * 300, "NaN", "1e999"]
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | TEXTS | st.text(max_size=8)
BODIES = st.recursive(
    LEAVES,
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | TEXTS, below, max_size=5),
    max_leaves=12,
)
ROWS = [(method, route) for route in ROUTES for method in route.methods]
SEGMENTS = st.sampled_from(["", "%00", "%FF", "..", "%2F", "DE*GEF*E1*A*1", "DE*GEF*P1", "DE-GDF", "x" * 500, "ü", "?"])
QUERIES = st.dictionaries(
    st.sampled_from(["skip", "take", "match", "expand", "showIds", "before", "after", "id", "status", "withMetadata"]),
    st.sampled_from(["", "0", "-1", "7", "99999999999", "true", "pools", "2026-08-03T08:00:00Z", "x", "\x00", "%"]),
    max_size=3,
)


def face() -> tuple[Node, Face]:
    """An API without a socket; everybody takes part."""
    made = Node()
    made.network.add_provider(GDF, Provider(tokens={"11223344": AuthStartCode.Authorized}))
    made.network.add_operator(GEF, Operator())
    return made, Face(made.network, made.identity, made.uploads)


def written(body: Any) -> bytes:
    return json.dumps(body).encode("utf-8", "surrogatepass")


async def asked(made: Node, api: Face, request: Request) -> Response:
    token = await made.book.add("all", *CLIENTS["all"])
    return await api.handle(
        Request(
            method=request.method,
            url=request.url,
            headers={"authorization": f"Bearer {token.reveal()}", **request.headers},
            body=request.body,
        )
    )


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(ROWS),
    BODIES.map(written) | st.binary(max_size=20),
    st.none() | SEGMENTS,
    QUERIES,
    st.dictionaries(
        st.sampled_from(["if-match", "if-none-match", "content-type", "last-event-id", "x-wwcp-via"]),
        st.sampled_from(["*", '"a"', "W/", "application/json", "text/html", "a-1", "", "x, y"]),
        max_size=2,
    ),
)
def test_no_row_answers_nonsense_with_a_5xx(
    row: tuple[str, Any], body: bytes, segment: str | None, query: dict[str, str], headers: dict[str, str]
) -> None:
    method, route = row
    path = path_of(route.path)
    if segment is not None:
        last = [name for name in PARAMS if name in route.path][-1:]
        path = path_of(route.path.replace(last[0], segment)) if last else path
    text = "&".join(f"{name}={quote(value)}" for name, value in query.items())
    made, api = face()
    response = asyncio.run(asked(made, api, Request(method=method, url=f"{path}?{text}", headers=headers, body=body)))
    assert response.status < 500
    if response.status >= 400:
        told = json.loads(response.body)
        assert told["description"] if "description" in told else told["result"], told


@pytest.mark.parametrize(
    "path",
    [
        "/wwcp",
        "/wwcp/",
        "/wwcp//",
        "/wwcp/RNs/",
        "/wwcp/RNs/test/",
        "/wwcp/rns",
        "/wwcp/RNs/test/EVSEs/a/b/c/d/e/f",
        "/wwcp/%ZZ",
    ],
)
async def test_paths_of_nothing_are_nothing(path: str) -> None:
    made, api = face()
    assert (await asked(made, api, Request(method="GET", url=path))).status in (200, 404)


async def test_every_row_is_reached_over_the_socket() -> None:
    """With a token that may everything, no row is 404 for want of a path or 405 for want of a method."""
    async with node() as here:
        for method, route in ROWS:
            if route.path.endswith("/events"):
                continue
            body: object = {} if method in ("PUT", "POST", "SET", "DELETE") or method in METHODS else None
            response = await here.ask(method, path_of(route.path), body)
            assert response.status < 500, f"{method} {route.path}"
            assert response.status != 405, f"{method} {route.path}"
            if response.status == 404:
                assert json.loads(response.body)["description"] != "no such path", f"{method} {route.path}"


async def test_a_huge_head_a_slow_body_and_half_a_request_hurt_nobody() -> None:
    async with node() as here:
        huge = f"GET /wwcp/RNs/test/EVSEs/{'x' * 100_000} HTTP/1.1\r\nhost: h\r\n\r\n".encode()
        assert b" 431 " in (await exchange(here.http, huge))[:20]
        assert (await here.ask("GET", f"/wwcp/RNs/test/EVSEs/{'x' * 5_000}")).status == 400
        _, writer = await asyncio.open_connection(here.http.host, here.http.port)
        writer.write(b"PUT /wwcp/RNs/test HTTP/1.1\r\nhost: h\r\ncontent-length: 10\r\n\r\n{")
        await writer.drain()
        writer.close()
        await writer.wait_closed()
        assert (await here.ask("GET", "/wwcp/RNs/test")).status == 200


def test_what_is_allowed_follows_from_the_table() -> None:
    found = Router().find("/RNs/test/EVSEs/DE*GEF*E1")
    assert found is not None
    assert allow(found.rows).split(", ") == sorted(
        {method for route in ROUTES if route.path == "/RNs/{RN}/EVSEs/{evseId}" for method in route.methods}
        | {"HEAD", "OPTIONS"}
    )
    assert len({(method, route.path) for method, route in ROWS}) == len(ROWS)
