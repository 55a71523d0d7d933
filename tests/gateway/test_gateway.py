# SPDX-License-Identifier: AGPL-3.0-or-later
"""One gateway: its own pages, its start and stop, and what it notices of commands beside it."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from tests.gateway.gateways import config, kept, publish, until
from tests.net.tls_setting import Files
from tests.platforms import ALL_VERSIONS
from wwcp_ocpi import Gateway, Peer
from wwcp_ocpi.gateway import gateway as gateway_module
from wwcp_ocpi.gateway.config import PartySection
from wwcp_ocpi.gateway.opening import open_platform
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.protocol.errors import NotAuthenticated, Unreachable, UsageError
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.store.errors import StoreFailed
from wwcp_ocpi.store.ports import Side
from wwcp_ocpi.wwcp import LiveNetwork, read_network
from wwcp_ocpi.wwcp.sample.network import sample_json


async def got(url: str) -> tuple[int, Any]:
    async with HTTPTransport() as transport:
        response = await transport(Request(method="GET", url=url))
    return response.status, json.loads(response.body)


@pytest.mark.parametrize("is_shared", [False, True])
async def test_scripts_may_read_its_open_pages_where_that_is_switched_on(tmp_path: Path, is_shared: bool) -> None:
    preflight = {"origin": "https://app.example", "access-control-request-method": "GET"}
    async with Gateway(config(tmp_path, cors=is_shared)) as gateway, HTTPTransport() as transport:
        for path in ("/-/health", "/-/openapi.json"):
            url = f"{gateway.base_url}{path}"
            read = await transport(Request(method="GET", url=url))
            asked = await transport(Request(method="OPTIONS", url=url, headers=preflight))
            expected = "*" if is_shared else None
            assert read.status == 200
            assert (asked.status == 204) is is_shared
            assert read.headers.get("access-control-allow-origin") == expected
            assert asked.headers.get("access-control-allow-origin") == expected
        url = f"{gateway.base_url}/ocpi/versions"
        closed = await transport(Request(method="OPTIONS", url=url, headers=preflight))
        assert closed.status == 401
        assert not any(name.startswith("access-control") for name in closed.headers)


async def test_a_gateway_tells_whether_it_lives_and_whether_it_works(tmp_path: Path) -> None:
    async with Gateway(config(tmp_path)) as gateway:
        assert gateway.versions_url == f"{gateway.base_url}/ocpi/versions"
        assert await got(f"{gateway.base_url}/-/health") == (200, {"status": "ok"})
        assert await got(f"{gateway.base_url}/-/ready") == (200, {"ready": True})
        status, document = await got(f"{gateway.base_url}/-/openapi.json")
        assert (status, document["servers"]) == (200, [{"url": gateway.base_url}])
        assert await got(f"{gateway.base_url}/-/other") == (404, {"error": "no such page"})
        assert (await got(gateway.versions_url))[0] == 401


async def test_before_it_is_ready_a_gateway_asks_for_patience(tmp_path: Path) -> None:
    async with Gateway(config(tmp_path)) as gateway:
        gateway._ready = False
        assert await got(f"{gateway.base_url}/-/ready") == (503, {"ready": False})
        async with HTTPTransport() as transport:
            response = await transport(Request(method="GET", url=gateway.versions_url))
        assert (response.status, response.headers["retry-after"]) == (503, "1")
        assert json.loads(response.body)["status_code"] == 3000


async def test_a_configured_base_url_is_what_partners_are_told(tmp_path: Path) -> None:
    async with Gateway(config(tmp_path, base_url="https://ocpi.example/")) as gateway:
        assert gateway.versions_url == "https://ocpi.example/ocpi/versions"
        assert gateway.http.base_url.startswith("http://127.0.0.1:")


async def test_a_configuration_that_cannot_be_used_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="expected at least one"):
        await Gateway(replace(config(tmp_path), party=())).start()
    assert list(tmp_path.iterdir()) == []


async def test_a_gateway_asks_its_callers_for_certificates(tmp_path: Path) -> None:
    files = Files(tmp_path)
    tls: dict[str, Any] = {
        "certificate": files.server().certificate,
        "client_certificates": "required",
        "client_ca": files.ca,
    }
    async with Gateway(config(tmp_path, **tls)) as gateway, HTTPTransport(tls=files.client()) as transport:
        assert gateway.base_url.startswith("https://")
        request = Request(method="GET", url=f"{gateway.base_url}/-/health")
        ours = transport.outbound(tls=files.client(certificate=files.issue("partner.example")))
        assert (await ours(request)).status == 200
        with pytest.raises(Unreachable, match="certificate required"):
            await transport(request)


async def test_a_certificate_that_cannot_be_used_is_refused_before_anything_is_opened(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        await Gateway(config(tmp_path, certificate=str(tmp_path / "none.pem"))).start()
    assert list(tmp_path.iterdir()) == []


async def test_a_port_that_is_taken_is_an_error_and_lets_go_of_the_database(tmp_path: Path) -> None:
    async with Gateway(config(tmp_path)) as gateway:
        taken = gateway.http.port
        with pytest.raises(OSError, match="in use"):
            await Gateway(config(tmp_path, "EMSP", port=taken)).start()
    async with Gateway(config(tmp_path, "EMSP")):
        pass


async def test_a_network_that_is_attached_becomes_locations(tmp_path: Path) -> None:
    network = LiveNetwork(read_network(sample_json(7)))
    own = tuple(PartySection(id=str(operator), role="CPO") for operator in network.operators)
    async with Gateway(replace(config(tmp_path), party=own)) as gateway:
        roaming = await gateway.attach(network)
        assert gateway.roaming is roaming
        assert roaming.adapters.cso is not None
        publisher = roaming.adapters.cso.publisher
        published = sum([len(await kept(gateway, version, Side.OURS)) for version in ALL_VERSIONS])
        assert published >= len(publisher.published) == 200


async def test_operators_without_a_party_of_ours_are_not_published(tmp_path: Path) -> None:
    network = LiveNetwork(read_network(sample_json(7)))
    first, *_ = network.operators
    own = (PartySection(id=str(first), role="CPO"),)
    async with Gateway(replace(config(tmp_path), party=own)) as gateway:
        roaming = await gateway.attach(network)
        assert roaming.adapters.cso is not None
        of_first = [pool.id for pool in network.static_pools() if pool.id.operator == first]
        assert roaming.adapters.cso.publisher.published == {str(id) for id in of_first}


async def test_an_invitation_made_by_a_command_beside_works_at_its_first_use(tmp_path: Path) -> None:
    made = config(tmp_path)
    async with Gateway(made) as gateway:
        async with open_platform(made) as command:
            token = await command.registration.invite("partner")
        async with Peer.connect(gateway.versions_url, token) as peer:
            assert peer.version.number == "2.3.0"
        with pytest.raises(NotAuthenticated):
            async with Peer.connect(gateway.versions_url, Secret("guess")):
                raise AssertionError("connected")


async def test_a_partner_blocked_by_a_command_beside_is_soon_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_module, "REFRESH_S", 0.01)
    made = config(tmp_path)
    async with Gateway(made) as gateway:
        token = await gateway.platform.registration.invite("partner")
        async with Peer.connect(gateway.versions_url, token) as peer:
            async with open_platform(made) as command:
                await command.book.change("partner", lambda known: replace(known, blocked=True))

            async def is_refused() -> bool:
                try:
                    await peer.wire.send("GET", gateway.versions_url)
                except NotAuthenticated:
                    return True
                return False

            await until(is_refused)


async def test_looking_for_changes_survives_a_database_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_module, "REFRESH_S", 0.001)
    async with Gateway(config(tmp_path)) as gateway:
        calls = []

        async def refresh() -> None:
            calls.append(1)
            if len(calls) == 1:
                raise StoreFailed("busy")

        with capture_logs() as logs:
            monkeypatch.setattr(gateway.platform.book, "refresh", refresh)

            async def went_on() -> bool:
                return len(calls) > 2

            await until(went_on)
        assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["partners.refresh_failed"]


async def test_stopping_finishes_a_request_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gateway = await Gateway(config(tmp_path)).start()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: Request) -> Response:
        begun.set()
        await go_on.wait()
        return Response(status=200, body=b'"done"')

    monkeypatch.setattr(gateway.platform.server, "respond", slow)
    asked = asyncio.create_task(got(gateway.versions_url))
    await begun.wait()
    stopping = asyncio.create_task(gateway.stop())
    go_on.set()
    assert await asked == (200, "done")
    await stopping


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_what_was_published_is_there_again_after_a_restart(tmp_path: Path, version: str) -> None:
    async with Gateway(config(tmp_path)) as gateway:
        await publish(gateway, version, "L1", "L2")
        before = await kept(gateway, version, Side.OURS)
    async with Gateway(config(tmp_path)) as gateway:
        assert await kept(gateway, version, Side.OURS) == before
        assert list(before) == ["L1", "L2"]
