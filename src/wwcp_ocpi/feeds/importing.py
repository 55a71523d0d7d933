# SPDX-License-Identifier: AGPL-3.0-or-later
"""From a file into the store: our own objects, with a report of every one that was not taken."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from wwcp_ocpi.feeds.assumptions import NOTHING, Assumptions
from wwcp_ocpi.feeds.checking import Good, Rejected, check
from wwcp_ocpi.feeds.reading import Entry
from wwcp_ocpi.partners.publish import OwnObject, Publisher
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.scalars import PartyId, fold

CHUNK = 500


class Imported(msgspec.Struct, kw_only=True):
    """What an import did. `assumed` counts what was filled in, `warnings` what was kept though not as specified."""

    read: int = 0
    stored: int = 0
    unchanged: int = 0
    rejected: int = 0
    seconds: float = 0.0
    warnings: int = 0
    assumed: dict[str, int] = msgspec.field(default_factory=dict)


async def import_objects(
    entries: Iterable[Entry],
    version: Version,
    module: str,
    publisher: Publisher,
    *,
    assumed: Assumptions = NOTHING,
    push: bool = True,
    on_rejected: Callable[[Rejected], None] | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Imported:
    """Store the objects of a feed as our own.

    Of two objects with one id the first is taken, so that the same feed once more changes nothing.

    Args:
        push: whether partners hear of each at once.
        on_rejected: told of every object that was not taken.
        on_progress: told, now and then, how many were read since the last time.

    Raises:
        UsageError: the module keeps no objects.
    """
    resource = version.kind(module).resource
    result, counts, chunk = Imported(), Counter[str](), list[OwnObject]()
    seen: dict[tuple[PartyId, str], tuple[int, int]] = {}
    began = time.monotonic()
    for entry in entries:
        result.read += 1
        found = check(resource, entry, assumed)
        if isinstance(found, Good):
            id = fold(found.id) if version.facts.ids_fold else found.id
            first, body = seen.setdefault((found.owner, id), (found.index, hash(found.body)))
            if body != hash(found.body):
                reason = f"$.{resource.id_field}: {found.owner} {found.id} is object {first} of this feed already"
                found = Rejected(index=found.index, reasons=[reason], body=entry.body)
        if isinstance(found, Good):
            chunk.append(_own(found))
            result.warnings += len(found.warnings)
            counts.update(found.assumed)
        else:
            result.rejected += 1
            if on_rejected is not None:
                on_rejected(found)
        if len(chunk) >= CHUNK:
            await _flush(publisher, version, module, chunk, result, push)
        if on_progress is not None and result.read % CHUNK == 0:
            on_progress(CHUNK)
    await _flush(publisher, version, module, chunk, result, push)
    if on_progress is not None:
        on_progress(result.read % CHUNK)
    result.assumed = dict(sorted(counts.items()))
    result.seconds = round(time.monotonic() - began, 3)
    return result


def _own(found: Good) -> OwnObject:
    return OwnObject(owner=found.owner, id=found.id, last_updated=found.last_updated.micros, body=found.body)


async def _flush(
    publisher: Publisher, version: Version, module: str, chunk: list[OwnObject], result: Imported, push: bool
) -> None:
    for outcome in await publisher.publish(version, module, chunk, push=push) if chunk else ():
        if isinstance(outcome, Exception):
            raise outcome
        if outcome.changed:
            result.stored += 1
        else:
            result.unchanged += 1
    chunk.clear()
