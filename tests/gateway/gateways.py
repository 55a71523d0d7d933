# SPDX-License-Identifier: AGPL-3.0-or-later
"""Gateways with a real port and a real database file, in this process."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from tests.objects import MIDDLE, location
from tests.platforms import CPO, EMSP, HUB
from wwcp_ocpi import Gateway
from wwcp_ocpi.gateway.config import Config, OutboundSection, PartySection, PullSection, ServerSection, StoreSection
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.store.ports import PageRequest, Side

DEADLINE_S = 20.0


def config(folder: Path, role: str = "CPO", *, port: int = 0, **server: Any) -> Config:
    """A gateway of the CPO, the eMSP or the hub on loopback, with its data in a folder of that name."""
    return Config(
        server=ServerSection(port=port, page_size=3, **server),
        store=StoreSection(folder=str(folder / role)),
        outbound=OutboundSection(allow_http=True, allow_private=True),
        pull=PullSection(every_h=0),
        party=(PartySection(id=str({"CPO": CPO, "EMSP": EMSP, "HUB": HUB}[role]), role=role),),
    )


async def publish(gateway: Gateway, version: str, *ids: str, push: bool = True) -> None:
    """Make Locations the gateway's own."""
    at = DateTime.parse(MIDDLE).micros
    things = [
        OwnObject(owner=CPO, id=id, last_updated=at, body=json.dumps(location(version, id)).encode()) for id in ids
    ]
    await gateway.platform.publisher.publish(VERSIONS[version], "locations", things, push=push)


async def kept(
    gateway: Gateway, version: str, side: Side = Side.THEIRS, *, kind: str = "locations", id: str = "id"
) -> dict[str, Any]:
    """The objects of a kind on a side, by what names them."""
    page = await gateway.platform.store.page(PageRequest(side=side, module=kind, limit=1000))
    return {found[id]: found for found in map(json.loads, page.bodies)}


async def until(is_true: Callable[[], Awaitable[bool]]) -> None:
    """Look again and again: what happens in another task or process has no other sign."""
    async with asyncio.timeout(DEADLINE_S):
        while not await is_true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
