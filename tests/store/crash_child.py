# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes to a store until it is killed, and says after each acknowledgement what was acknowledged.

Arguments: the file, and a number that tells this run's objects from those of earlier runs. Each worker goes
through the numbers 1, 2, 3 ... of its own object and document; `state_at` says what each number leaves behind.
"""

from __future__ import annotations

import asyncio
import os
import sys

from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store.ports import Decision, Delete, Key, Push, Side, Stored, Write
from wwcp_ocpi.store.sqlite import SQLiteStore

WORKERS = 12
PARTNERS = ("emsp", "hub", "third")
"""Each hears the same; what one worker's object has them hear is delivered to all of them in one transaction."""
OWNER = PartyId("NL", "TNM")


def name(run: int, worker: int) -> str:
    return f"run {run} worker {worker}"


def state_at(number: int) -> bytes | None:
    """What the object and the document are after step `number`: every fifth step removes them."""
    return None if number % 5 == 0 else str(number).encode() + b"." * (number * 37 % 3000)


def audience_of(state: bytes) -> str:
    """Whom an object in this state is for: each one moves between three lists."""
    return ("", "emsp", "?NL*EMP")[int(state.partition(b".")[0]) % 3]


async def work(store: SQLiteStore, run: int, worker: int) -> None:
    id = name(run, worker)
    number = 0
    while True:
        number += 1
        state = state_at(number)
        sent = str(number).encode()
        pushes = tuple(
            Push(partner=partner, module="locations", version="2.2.1", method="PUT", owner=OWNER, id=id, body=sent)
            for partner in PARTNERS
        )

        def decide(before: Stored | None) -> Decision:
            if state is None:  # noqa: B023  # awaited before the next turn
                return Delete(pushes=pushes)  # noqa: B023
            audience = audience_of(state)  # noqa: B023
            return Write(version="2.2.1", last_updated=number, body=state, audience=audience, pushes=pushes)  # noqa: B023

        await store.change(Key(Side.THEIRS, "locations", OWNER, id), decide)
        say("object", worker, number)
        await store.change_document("crash", id, lambda before: state)  # noqa: B023
        say("document", worker, number)
        if number % 3 == 0:
            await store.due(2)
        if number % 7 == 0:
            due = [delivery for delivery in await store.due(1000) if delivery.push.id == id]
            await store.done([delivery.number for delivery in due])
            assert {delivery.push.partner for delivery in due} == set(PARTNERS)
            say("delivered", worker, int(due[0].push.body))


def say(what: str, worker: int, number: int) -> None:
    os.write(1, f"{what} {worker} {number}\n".encode())


async def main() -> None:
    store = await SQLiteStore.open(sys.argv[1])
    say("ready", 0, 0)
    await asyncio.gather(*(work(store, int(sys.argv[2]), worker) for worker in range(WORKERS)))


if __name__ == "__main__":
    asyncio.run(main())
