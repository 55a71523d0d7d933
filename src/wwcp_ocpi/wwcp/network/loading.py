# SPDX-License-Identifier: AGPL-3.0-or-later
"""From JSON to a living network in one go, so that a large one is in memory once only."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.scalars import now as system_clock
from wwcp_ocpi.wwcp.jsonld.reading import Reader
from wwcp_ocpi.wwcp.model.notes import Loaded
from wwcp_ocpi.wwcp.model.places import ChargingStationOperator, RoamingNetworkData
from wwcp_ocpi.wwcp.network.places import LiveNetwork


def load(body: bytes, *, clock: Callable[[], DateTime] = system_clock) -> Loaded[LiveNetwork]:
    """The living network in a JSON text, pool by pool, and notes on what was not understood.

    The same as `LiveNetwork(read_network(body))`, in half the memory.

    Raises:
        MalformedBody: not JSON.
        InvalidParameters: JSON that is no network; `.path` names the place of the first mistake.
        TooLarge: nested deeper than we read.
        IdTaken, UnknownId: as `LiveNetwork`.
    """
    reader = Reader()
    live: LiveNetwork | None = None
    with _undisturbed():
        for part in reader.parts(body):
            if isinstance(part, RoamingNetworkData):
                live = LiveNetwork(part, clock=clock)
                continue
            assert live is not None
            if isinstance(part, ChargingStationOperator):
                live.upsert_operator(part)
            else:
                if part.id.operator not in live.operators:
                    live.upsert_operator(ChargingStationOperator(id=part.id.operator))
                live.upsert_pool(part)
    assert live is not None
    return Loaded(live, reader.notes)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without the garbage collector, which would look at all there is again and again while none of it is garbage.

    What is there afterwards is frozen: a full collection, which stops everything, need not look at it either.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_enabled:
            gc.enable()
