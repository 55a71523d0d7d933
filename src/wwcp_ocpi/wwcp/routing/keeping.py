# SPDX-License-Identifier: AGPL-3.0-or-later
"""What must survive a restart: sessions, reservations, charge detail records, each a document of the store.

A call returns when what it wrote is durable. The ones used last are in memory, too.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from enum import Enum
from typing import Generic, NamedTuple, TypeVar

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.store.ports import Documents
from wwcp_ocpi.wwcp.ids.parties import Id
from wwcp_ocpi.wwcp.jsonld.wire import from_wire, to_wire
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord
from wwcp_ocpi.wwcp.model.results import SendCDRResult

_V = TypeVar("_V", bound=msgspec.Struct)

_IN_A_ROW = 200
_encoder = msgspec.json.Encoder(enc_hook=to_wire, decimal_format="number")


class Changed(NamedTuple, Generic[_V]):
    """What there was, and what there is now."""

    before: _V | None
    after: _V | None


class Kept(Generic[_V]):
    """Values by id.

    Args:
        kind: under which the documents are kept; one for each network and each kind of value.
        in_memory: how many of them are kept in memory.
    """

    def __init__(self, documents: Documents, kind: str, cls: type[_V], *, in_memory: int = 10_000) -> None:
        self._documents = documents
        self._kind = kind
        self._decoder = msgspec.json.Decoder(cls, dec_hook=from_wire, float_hook=Decimal)
        self._size = in_memory
        self._known: OrderedDict[str, _V] = OrderedDict()
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}

    async def get(self, id: Id) -> _V | None:
        """One of them, or None."""
        key = id.canonical
        found = self._known.get(key)
        if found is not None:
            self._known.move_to_end(key)
            return found
        async with self._one_at_a_time(key):
            body = await self._documents.document(self._kind, key)
            if body is None:
                return None
            return self._remember(key, self._decoder.decode(body))

    async def change(self, id: Id, decide: Callable[[_V | None], _V | None]) -> Changed[_V]:
        """Read, decide, write; deciding None removes it. What `decide` raises is raised, and nothing is written.

        `decide` may run in another thread, and twice.
        """
        key = id.canonical
        seen: list[Changed[_V]] = []

        def decide_bytes(body: bytes | None) -> bytes | None:
            before = None if body is None else self._decoder.decode(body)
            after = decide(before)
            seen.append(Changed(before, after))
            if after is before:
                return body
            return None if after is None else _encoder.encode(after)

        async with self._one_at_a_time(key):
            await self._documents.change_document(self._kind, key, decide_bytes)
            change = seen[-1]
            if change.after is None:
                self._known.pop(key, None)
            else:
                self._remember(key, change.after)
        return change

    async def all(self) -> list[_V]:
        """All of them, in the order of their ids: for a start, and for lists."""
        return [self._decoder.decode(body) for _, body in await self._documents.documents(self._kind)]

    async def each(self) -> AsyncIterator[_V]:
        """The same one by one; now and then others have their turn."""
        for number, (_, body) in enumerate(await self._documents.documents(self._kind)):
            yield self._decoder.decode(body)
            if number % _IN_A_ROW == _IN_A_ROW - 1:
                await asyncio.sleep(0)

    def _remember(self, key: str, value: _V) -> _V:
        self._known[key] = value
        self._known.move_to_end(key)
        while len(self._known) > self._size:
            self._known.popitem(last=False)
        return value

    @asynccontextmanager
    async def _one_at_a_time(self, key: str) -> AsyncIterator[None]:
        """What is in memory follows what is stored only when the changes of one value come one after the other."""
        lock, users = self._locks.get(key) or (asyncio.Lock(), 0)
        self._locks[key] = lock, users + 1
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks.pop(key)
            if users > 1:
                self._locks[key] = lock, users - 1


class CDRState(Enum):
    """How far a record came."""

    RECEIVED = "received"
    """Nobody has taken it yet: it is tried again."""
    DELIVERED = "delivered"
    FILTERED = "filtered"
    """The network was told not to send it."""


class KeptCDR(msgspec.Struct, frozen=True, kw_only=True):
    """A charge detail record as it came, and what became of it."""

    cdr: ChargeDetailRecord
    state: CDRState = CDRState.RECEIVED
    result: SendCDRResult | None = None
    attempts: int = 0
    received_at: DateTime
