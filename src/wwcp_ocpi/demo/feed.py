# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real OCPI feed as the operator's network: there is no WWCP behind it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from wwcp_ocpi.demo.charge import Charge
from wwcp_ocpi.demo.networks import Changed, Published
from wwcp_ocpi.demo.steps import Steps
from wwcp_ocpi.feeds.assumptions import OPEN_DATA, Assumptions, owner_of
from wwcp_ocpi.feeds.checking import Good, Rejected, check
from wwcp_ocpi.feeds.importing import import_objects
from wwcp_ocpi.feeds.reading import Entry, read_file
from wwcp_ocpi.gateway.gateway import Gateway
from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.errors import OCPIError, UsageError
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId, now
from wwcp_ocpi.store.ports import Side

NOBODY = PartyId("XX", "XXX")


class FeedNetwork:
    """A real OCPI feed, stored in its own version as the operator's own Locations."""

    def __init__(self, path: str) -> None:
        self._entries = list(read_file(path))
        self.losses: dict[str, int] = {}
        self.version, self._assumed, good = _recognise(self._entries)
        self.parties = sorted({found.owner for found in good})
        self._first = _with_evse(good)
        self.title = f"{path}: {len(self._entries)} objects, OCPI {self.version.number}"

    async def expect(self, gateway: Gateway, provider: PartyId) -> None:
        """Nothing: what is stored is all."""

    def charges(self, a: Gateway, b: Gateway, provider: PartyId, changed: Changed) -> Steps:
        """In OCPI on both sides, with somebody in the process who runs the charge points."""
        return Charge(a.platform, b.platform, self.version, provider, changed).steps()

    async def close(self) -> None:
        """Nothing was opened."""

    async def publish(self, gateway: Gateway) -> Published:
        """Import the feed."""
        rejected: list[Rejected] = []
        done = await import_objects(
            self._entries,
            self.version,
            "locations",
            gateway.platform.publisher,
            assumed=self._assumed,
            on_rejected=rejected.append,
        )
        reasons = Counter(_general(one.reasons[0]) for one in rejected)
        return Published(
            objects=await gateway.platform.store.count(Side.OURS, "locations"),
            rejected=done.rejected,
            reasons=dict(reasons.most_common()),
            assumed=done.assumed,
        )

    async def change_status(self, gateway: Gateway) -> Changed:
        """Change an EVSE of the feed through the gateway's own side; there is no WWCP network behind a feed."""
        evse = patch.children(patch.split(self._first.body), "evses")[0]
        uid = patch.text_of(evse, "uid") or ""
        status = "AVAILABLE" if patch.text_of(evse, "status") == "CHARGING" else "CHARGING"
        await gateway.platform.publisher.change(
            self.version,
            "locations",
            self._first.owner,
            [self._first.id, uid],
            {"status": status, "last_updated": now()},
        )
        return Changed(owner=self._first.owner, location_id=self._first.id, evse_uid=uid, status=status)


def _with_evse(good: Sequence[Good]) -> Good:
    for found in good:
        if patch.children(patch.split(found.body), "evses"):
            return found
    raise UsageError("feed: no Location in it has an EVSE")


def _recognise(entries: Sequence[Entry]) -> tuple[Version, Assumptions, list[Good]]:
    """The version in which most objects can be kept; of equals the oldest, for the feed needs no more.

    Raises:
        UsageError: no object can be kept in any version.
    """
    best: tuple[Version, Assumptions, list[Good]] | None = None
    for version in VERSIONS.values():
        assumed = _assumptions(version, entries)
        resource = version.kind("locations").resource
        good = [found for entry in entries if isinstance(found := check(resource, entry, assumed), Good)]
        if best is None or len(good) > len(best[2]):
            best = (version, assumed, good)
    if best is None or not best[2]:
        raise UsageError("feed: no object in it can be a Location of any version")
    return best


def _assumptions(version: Version, entries: Sequence[Entry]) -> Assumptions:
    """What is filled in for a public feed. Where objects name no owner, all belong to the commonest operator."""
    if version.facts.objects_name_owner:
        return OPEN_DATA
    operators = Counter(filter(None, (_operator(entry) for entry in entries)))
    commonest = operators.most_common(1)
    return replace(OPEN_DATA, party=commonest[0][0] if commonest else NOBODY, from_evse_ids=False)


def _operator(entry: Entry) -> PartyId | None:
    try:
        return owner_of(patch.split(entry.body), OPEN_DATA)
    except OCPIError:
        return None


def _general(reason: str) -> str:
    """A reason without the indices and values in it, so that equal ones can be counted together."""
    return re.sub(r"\[\d+\]", "[]", reason).partition(", got ")[0]
