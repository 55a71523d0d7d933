# SPDX-License-Identifier: AGPL-3.0-or-later
"""A process that publishes one large WWCP network to fifty partners and changes its statuses, each into the outbox.

Nothing is delivered: what partners must hear is on the disk, and that is what is measured.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from pathlib import Path

from bench.children import only_warnings, pin
from bench.load import quantile
from wwcp_ocpi.client.peer import RemoteEndpoint
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.model import Partner, PartnerParty, Remote
from wwcp_ocpi.partners.publish import Publisher
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.security import Vault
from wwcp_ocpi.store.sqlite import SQLiteStore
from wwcp_ocpi.wwcp import EVSEStatus, RoamingNetwork, load
from wwcp_ocpi.wwcp.ocpi.publish import NetworkPublisher

PARTNERS = 50
_STATUSES = (EVSEStatus.charging, EVSEStatus.available)
_AWAITED = 5
"""One of so many changes is waited for alone, the others are sent as they come."""


def main() -> None:
    """`python -m bench.network_outbox FILE CHANGES CORE DATABASE`."""
    only_warnings()
    file, changes, core, database = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4])
    pin(int(core) if core else None)
    network = RoamingNetwork(load(file.read_bytes()).value)
    print(json.dumps(asyncio.run(_measure(network, changes, database))))


async def _measure(network: RoamingNetwork, count: int, database: Path) -> dict[str, float]:
    store = await SQLiteStore.open(database)
    book = PartnerBook(store, Vault(bytes(32)))
    for number in range(PARTNERS):
        await book.change(f"emsp{number}", _registered)
    publisher = NetworkPublisher(network.places, Publisher(store, book))
    await publisher.publish_all()
    task = asyncio.create_task(publisher.run())
    try:
        ids = [evse.id for evse in network.places.evses()]
        alone = [ids[number * 7919 % len(ids)] for number in range(count)]
        times, computed = [], []
        for number in range(count // _AWAITED):
            start, cpu = time.perf_counter(), time.process_time()
            network.places.set_evse_status(alone[number], EVSEStatus.faulted)
            await publisher.settle()
            times.append(time.perf_counter() - start)
            computed.append(time.process_time() - cpu)
        before = await store.waiting()
        began, cpu = time.perf_counter(), time.process_time()
        for number, id in enumerate(alone):
            network.places.set_evse_status(id, _STATUSES[number // len(ids) % 2])
            if number % 100 == 0:
                await asyncio.sleep(0)  # as changes that come from outside
        await publisher.settle()
        took, cpu = time.perf_counter() - began, time.process_time() - cpu
        heard = (await store.waiting() - before) / PARTNERS
        figures = {
            "p50_ms": quantile(times, 0.5) * 1000,
            "p99_ms": quantile(times, 0.99) * 1000,
            "p99_cpu_ms": quantile(computed, 0.99) * 1000,
            "heard": heard,
            "changes_per_s": heard / took,
            "changes_per_cpu_s": heard / cpu,
        }
        return figures | await _spread(store)
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await store.close()


async def _spread(store: SQLiteStore) -> dict[str, float]:
    """What it costs to make one row for each partner, some at a time, as the courier has it done."""
    rows, cpu, took = 0, 0.0, []
    for _ in range(50):
        began, computed = time.perf_counter(), time.process_time()
        due = await store.due(64)
        took.append(time.perf_counter() - began)
        cpu += time.process_time() - computed
        rows += len(due)
        await store.done([one.number for one in due])
    return {"due_ms": quantile(took, 0.99) * 1000, "spread_us": cpu / rows * 1e6}


def _registered(partner: Partner) -> Partner:
    """An eMSP that takes Locations by PATCH."""
    number = int(partner.id.removeprefix("emsp"))
    endpoint = RemoteEndpoint(identifier="locations", role="RECEIVER", url=f"https://{partner.id}.example/locations")
    return Partner(
        id=partner.id,
        parties=(PartnerParty(id=PartyId("DE", f"E{number:02}"), role="EMSP", name=""),),
        remote=Remote(
            versions_url=f"https://{partner.id}.example/versions",
            token="",
            form=TokenForm.BASE64,
            version="2.3.0",
            endpoints=(endpoint,),
        ),
    )


if __name__ == "__main__":
    main()
