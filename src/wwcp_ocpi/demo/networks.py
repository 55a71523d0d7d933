# SPDX-License-Identifier: AGPL-3.0-or-later
"""The operator's network that the demo moves: a roaming network made by a seed, or a real OCPI feed."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

import msgspec
from msgspec.structs import replace

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
from wwcp_ocpi.v2_3_0 import VERSION as V2_3_0
from wwcp_ocpi.wwcp import EVSEStatus, LiveNetwork, read_network
from wwcp_ocpi.wwcp.sample.network import sample_json

NOBODY = PartyId("XX", "XXX")


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the network at gateway A. `rejected` counts by reason."""

    objects: int
    rejected: int = 0
    reasons: dict[str, int] = {}
    assumed: dict[str, int] = {}


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """An EVSE whose status was changed at gateway A, as partners name it."""

    owner: PartyId
    location_id: str
    evse_uid: str
    status: str


class DemoNetwork(Protocol):
    """What the demo needs of a network, whatever is behind it."""

    @property
    def title(self) -> str:
        """In one line, for people."""
        ...

    @property
    def version(self) -> Version:
        """The version that its objects are in."""
        ...

    @property
    def parties(self) -> Sequence[PartyId]:
        """The operators."""
        ...

    async def publish(self, gateway: Gateway) -> Published:
        """Make the network the gateway's own."""
        ...

    async def change_status(self, gateway: Gateway) -> Changed:
        """Change the status of one EVSE, as its operator would."""
        ...


class SampleNetwork:
    """A WWCP roaming network of three operators, loaded from its JSON form."""

    def __init__(self, seed: int) -> None:
        self._live = LiveNetwork(read_network(sample_json(seed)))
        self.title = f"WWCP roaming network {self._live.id}, seed {seed}"
        self.version: Version = V2_3_0
        self.parties: Sequence[PartyId] = [PartyId.parse(str(operator)) for operator in self._live.operators]

    async def publish(self, gateway: Gateway) -> Published:
        """Attach the network; its pools become Locations."""
        attached = await gateway.attach(self._live)
        unmapped = Counter(
            note.text for id, notes in attached.notes.items() if id not in attached.published for note in notes[:1]
        )
        return Published(
            objects=len(attached.published), rejected=sum(unmapped.values()), reasons=dict(unmapped.most_common())
        )

    async def change_status(self, gateway: Gateway) -> Changed:
        """Set the status of an EVSE in the roaming network; all else follows from there."""
        evse = next(evse for evse in self._live.evses() if self._live.evse_status(evse.id) == EVSEStatus.available)
        pool = self._live.pool_of(evse.id)
        self._live.set_evse_status(evse.id, EVSEStatus.charging)
        assert gateway.network is not None
        await gateway.network.settle()
        return Changed(
            owner=PartyId.parse(str(pool.id.operator)),
            location_id=str(pool.id),
            evse_uid=str(evse.id),
            status="CHARGING",
        )


class FeedNetwork:
    """A real OCPI feed, stored in its own version as the operator's own Locations."""

    def __init__(self, path: str) -> None:
        self._entries = list(read_file(path))
        self.version, self._assumed, good = _recognise(self._entries)
        self.parties = sorted({found.owner for found in good})
        self._first = _with_evse(good)
        self.title = f"{path}: {len(self._entries)} objects, OCPI {self.version.number}"

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
