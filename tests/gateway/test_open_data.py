# SPDX-License-Identifier: AGPL-3.0-or-later
"""Open data of a gateway: switched on later, written by a command beside it, and counted like everything else."""

from __future__ import annotations

import json
from pathlib import Path

from msgspec.structs import replace

from tests.gateway.gateways import config, publish, until
from tests.objects import MIDDLE, location
from tests.platforms import CPO
from wwcp_ocpi import Gateway
from wwcp_ocpi.gateway.config import Config
from wwcp_ocpi.gateway.opening import open_store, settings_of
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.partners import PartnerBook, Publisher
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol.http import Request
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.security.audit import Reason
from wwcp_ocpi.store.ports import Delete, Key, Side

PATH = "/ocpi/2.2.1/sender/locations"


async def listed(gateway: Gateway) -> list[str]:
    async with HTTPTransport() as transport:
        response = await transport(Request(method="GET", url=gateway.http.base_url + PATH))
    assert response.status == 200
    return [one["id"] for one in json.loads(response.body)["data"]]


async def beside(settings: Config, *bodies: dict[str, object]) -> None:
    """What a command does that imports into the folder of a gateway."""
    store, vault = await open_store(settings)
    at = DateTime.parse(MIDDLE).micros
    things = [
        OwnObject(owner=CPO, id=str(body["id"]), last_updated=at, body=json.dumps(body).encode()) for body in bodies
    ]
    await Publisher(store, PartnerBook(store, vault)).publish(VERSIONS["2.2.1"], "locations", things)
    await store.close()


async def test_what_is_stored_is_open_from_the_start_on_at_which_it_is_switched_on(tmp_path: Path) -> None:
    closed = config(tmp_path)
    async with Gateway(closed) as gateway:
        await publish(gateway, "2.2.1", "LOC1", "LOC2")
    opened = config(tmp_path, open_locations=True)
    async with Gateway(opened) as gateway:

        async def is_listed() -> bool:
            return await listed(gateway) == ["LOC1", "LOC2"]

        await until(is_listed)
    async with Gateway(closed) as gateway:
        key = Key(
            Side.OURS, "locations", CPO, VERSIONS["2.2.1"].key_id(VERSIONS["2.2.1"].kind("locations").resource, "LOC1")
        )
        await gateway.platform.store.change(key, lambda _: Delete())
        await publish(gateway, "2.2.1", "LOC3")
    async with Gateway(opened) as gateway:
        assert "LOC1" not in await listed(gateway), "what is gone is not shown, marked or not"

        async def is_listed_again() -> bool:
            return await listed(gateway) == ["LOC2", "LOC3"]

        await until(is_listed_again)


async def test_what_a_command_writes_beside_the_gateway_is_open_at_once(tmp_path: Path) -> None:
    opened = config(tmp_path, open_locations=True)
    async with Gateway(opened) as gateway:
        await beside(opened, location("2.2.1", "LOC1"), location("2.2.1", "LOC2", publish=False))
        assert await listed(gateway) == ["LOC1"]
        await beside(opened, location("2.2.1", "LOC1", publish=False))
        assert await listed(gateway) == []


async def test_who_reads_what_is_open_is_counted_and_is_no_event(tmp_path: Path) -> None:
    async with Gateway(config(tmp_path, open_locations=True)) as gateway, HTTPTransport() as transport:
        before = dict(gateway.audit.counts)
        assert await listed(gateway) == []
        page = await transport(Request(method="GET", url=f"{gateway.http.base_url}/-/metrics"))
        assert b'requests_total{method="GET",module="locations",status="2xx",version="2.2.1"} 1.0' in page.body
        assert dict(gateway.audit.counts) == before
        refused = await transport(Request(method="PUT", url=gateway.http.base_url + PATH))
        assert refused.status == 401
        assert gateway.audit.counts[Reason.UNKNOWN_TOKEN] == before.get(Reason.UNKNOWN_TOKEN, 0) + 1


def test_the_switches_are_told_to_the_server(tmp_path: Path) -> None:
    made = config(tmp_path, open_tariffs=True)
    made = replace(made, limits=replace(made.limits, open_reads_per_minute=7))
    settings = settings_of(made, "http://here")
    assert settings.open_kinds == {"tariffs"}
    assert settings.open_modules == {"tariffs", "versions"}
    assert settings.open_reads_per_minute == 7
