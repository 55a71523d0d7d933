# SPDX-License-Identifier: AGPL-3.0-or-later
"""The gateway that is measured: its configuration, its one partner, its objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from msgspec.structs import replace

from bench.data import OURS, THEIRS, TOKEN, VERSION
from wwcp_ocpi.gateway.config import Config, PartySection, PullSection, ServerSection, StoreSection
from wwcp_ocpi.gateway.opening import open_store
from wwcp_ocpi.partners import Access, PartnerBook, PartnerParty, Purpose
from wwcp_ocpi.store.ports import Key, Side, Store, Stored, Write

CHUNK = 5000
PARTNER = "bench"


class Own(NamedTuple):
    """One of our own objects. `audience` is the partner that alone may see it."""

    module: str
    id: str
    body: bytes
    audience: str = ""
    version: str = VERSION


def configuration(folder: str) -> Config:
    """The defaults, but for the port: a free one."""
    return Config(
        server=ServerSection(port=0),
        store=StoreSection(folder=folder),
        pull=PullSection(every_h=0),
        party=(
            PartySection(id=str(OURS), role="CPO", name="Grand Electric Fuel"),
            PartySection(id=str(OURS), role="EMSP", name="Grand Electric Fuel"),
        ),
    )


async def prepare(folder: str, own: Iterable[Own] = ()) -> None:
    """Make a data folder with one registered partner and these objects of our own."""
    store, vault = await open_store(configuration(folder))
    try:
        access = Access(hash=vault.hash_of(TOKEN), purpose=Purpose.ACCESS)
        parties = tuple(PartnerParty(id=THEIRS, role=role, name=PARTNER) for role in ("CPO", "EMSP"))
        book = PartnerBook(store, vault)
        await book.load()
        await book.change(PARTNER, lambda known: replace(known, access=(access,), parties=parties))
        await fill(store, own)
    finally:
        await store.close()


async def fill(store: Store, own: Iterable[Own]) -> None:
    """Write objects of our own, some thousand in a transaction."""
    rest: Iterator[Own] = iter(own)
    while chunk := list(islice(rest, CHUNK)):
        await store.change_all(
            [(Key(Side.OURS, one.module, OURS, one.id), _Put(number, one)) for number, one in enumerate(chunk)]
        )


class _Put:
    def __init__(self, number: int, own: Own) -> None:
        at = 1_750_000_000_000_000 + number
        self._write = Write(version=own.version, last_updated=at, body=own.body, audience=own.audience)

    def __call__(self, stored: Stored | None) -> Write:
        return self._write
