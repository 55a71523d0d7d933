# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main job with a hub between: A and B have no version in common, and G speaks all.

At the end everything that A has is at B as `convert` makes it of what A said: nothing missing, nothing extra. What a
version could not say is in the report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple, Self, cast

from msgspec.structs import replace

from wwcp_ocpi.convert import convert
from wwcp_ocpi.demo.main_job import PROVIDER, Demo
from wwcp_ocpi.demo.networks import Changed, DemoNetwork
from wwcp_ocpi.demo.steps import Failed, Steps, until
from wwcp_ocpi.demo.through_charge import HUB, ThroughCharge
from wwcp_ocpi.gateway.config import (
    Config,
    ConvertSection,
    OutboundSection,
    PartySection,
    ServerSection,
    StoreSection,
)
from wwcp_ocpi.gateway.gateway import Gateway
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.errors import CannotConvert
from wwcp_ocpi.protocol.etag import canonical
from wwcp_ocpi.protocol.shape import field_names
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId, fold, now
from wwcp_ocpi.server.bridge import owned
from wwcp_ocpi.store.ports import PageRequest, Side, Stored

HUB_PARTY = PartyId("BE", "HUB")
CONVERT = ConvertSection(time_zone="Europe/Amsterdam", postal_code="#NA")
"""What the operators of A and G say of Locations that do not say it themselves."""
KINDS = ("locations", "tariffs", "sessions", "cdrs")
PAGE = 500


class Direction(NamedTuple):
    """The version that A speaks, and the one that B speaks."""

    a: str
    b: str


DIRECTIONS = (Direction("2.3.0", "2.1.1"), Direction("2.1.1", "2.3.0"))


class _Kept(NamedTuple):
    owner: PartyId
    id: str
    stored: Stored


class Through(Demo):
    """Three gateways, from start to stop: A and B with one version each, and G between them."""

    def __init__(self, network: DemoNetwork, folder: Path, say: Callable[[str], None], direction: Direction) -> None:
        super().__init__(network, folder, say)
        self._spoken = {"A": version_of(direction.a), "B": version_of(direction.b)}
        self.report.version = f"{direction.a} at A, {direction.b} at B"

    async def __aenter__(self) -> Self:
        operators = tuple(PartySection(id=str(party), role="CPO") for party in self._network.parties)
        made = {
            "A": (operators, (self._spoken["A"].number,)),
            HUB: ((PartySection(id=str(HUB_PARTY), role="HUB", name="Hub G"),), tuple(VERSIONS)),
            "B": ((PartySection(id=str(PROVIDER), role="EMSP", name="Provider B"),), (self._spoken["B"].number,)),
        }
        for name, (parties, versions) in made.items():
            config = Config(
                server=ServerSection(port=0, page_size=100, versions=versions),
                store=StoreSection(folder=str(self._folder / name)),
                outbound=OutboundSection(allow_http=True, allow_private=True),
                convert=CONVERT if len(parties) == 1 else replace(CONVERT, names_owners="always"),
                party=parties,
            )
            self.gateways[name] = await self._exit.enter_async_context(Gateway(config))
        return self

    def _steps(self) -> Steps:
        a, b = (self._spoken[name].number for name in ("A", "B"))
        yield "A publishes its network", self._publish
        yield f"A and the hub register in OCPI {a}", lambda: self._join("A", "CPO")
        yield "the hub pulls every page of A", lambda: self._pull(HUB, "A")
        yield f"B and the hub register in OCPI {b}", lambda: self._join("B", "EMSP")
        yield "B pulls every page of the hub", lambda: self._pull("B", HUB)
        yield "A publishes a Tariff and it arrives at B", self._tariff
        yield "an EVSE's status changes at A and arrives at B", self._change
        yield from self._charge().steps()

    def _platform(self, name: str) -> Platform:
        return self.gateways[name].platform

    async def _join(self, name: str, role: str) -> tuple[int, str]:
        hub, made = self._platform(HUB), self._platform(name)
        # 2.1.1 tells neither the role of a partner nor that the other is a hub: the operators say it.
        await made.book.change(HUB, lambda known: replace(known, hub=HUB_PARTY))
        parties, tells_owner = self._network.parties, self._spoken[name].facts.objects_name_owner
        if role == "CPO" and len(parties) > 1 and not tells_owner:
            # One platform of several operators, which 2.1.1 has no room for, says whose each object is as hubs do.
            await hub.book.change(name, lambda known: replace(known, hub=parties[0]))
        token = await hub.registration.invite(name, name=name, roles=[role])
        await made.registration.join(HUB, hub.settings.versions_url, token, name="Hub G")
        expected = self._spoken[name].number
        for here, there in ((hub, name), (made, HUB)):
            await self._greet(here, there, expected)
        return 2, "each has called the other with its new token"

    async def _tariff(self) -> tuple[int, str]:
        version, b = self._spoken["A"], self._spoken["B"]
        made = _tariff(version, self._network.parties[0])
        await self._platform("A").publisher.publish(version, "tariffs", [made])

        async def arrived() -> bool:
            ids = b.key_ids(b.kind("tariffs").resource, made.id)
            owners = [made.owner]
            found = [await self._platform("B").store.find(Side.THEIRS, "tariffs", id, owners) for id in ids]
            return any(found)

        await until(arrived, "the Tariff to be at B")
        return 1, f"Tariff {made.id}"

    def _charge(self) -> ThroughCharge:
        a, b = self._platform("A"), self._platform("B")
        return ThroughCharge(a, b, self._spoken["A"], self._spoken["B"], PROVIDER, self._changed)

    async def _status_at_b(self, changed: Changed) -> str | None:
        version = self._spoken["B"]
        for id in version.key_ids(version.kind("locations").resource, changed.location_id):
            stored = await self._platform("B").store.find(Side.THEIRS, "locations", id, [changed.owner])
            if stored is not None:
                evses = patch.children(patch.split(stored.body), "evses")
                named = [one for one in evses if fold(patch.text_of(one, "uid") or "") == fold(changed.evse_uid)]
                return patch.text_of(named[0], "status") if named else None
        return None

    async def _compare(self) -> tuple[int, str]:
        async def delivered() -> bool:
            waiting = [await gateway.platform.store.waiting() for gateway in self.gateways.values()]
            return sum(waiting) == 0

        await until(delivered, "nothing to be left for delivery")
        problems: list[str] = []
        compared = 0
        for kind in KINDS:
            for source, target in (("A", HUB), (HUB, "B")):
                expected = await self._expected(kind, source, self._spoken["A" if target == HUB else "B"])
                found = {
                    (one.owner, fold(one.id)): canonical(one.stored.body)
                    for one in await _all(self._platform(target), Side.THEIRS, kind)
                    if one.owner in self._network.parties
                }
                other = [key for key in expected.keys() & found.keys() if expected[key] != found[key]]
                missing, extra = expected.keys() - found.keys(), found.keys() - expected.keys()
                if missing or extra or other:
                    counts = f"{len(missing)} missing, {len(extra)} extra, {len(other)} different"
                    problems.append(f"{kind} at {target}: {counts}")
                compared += len(expected) if target == "B" else 0
        if problems:
            raise Failed("; ".join(problems))
        return compared, "objects of A are at B as they are converted, digit by digit"

    async def _expected(self, kind: str, source: str, version: Version) -> dict[tuple[PartyId, str], bytes]:
        """What a partner of `source` must have in its version: what can be told, converted."""
        platform = self._platform(source)
        names_owner = platform.bridge.names_owners and not version.facts.objects_name_owner
        expected = {}
        for one in await _all(platform, Side.OURS, kind):
            body, stored = one.stored.body, one.stored
            try:
                if stored.version != version.number:
                    context = await platform.bridge.context(Side.OURS, kind, one.owner, stored, version)
                    name = version.kind(kind).resource.name
                    body = convert(body, name, stored.version, version.number, context).body
            except CannotConvert:
                continue  # It is in the report.
            told = owned(body, one.owner) if names_owner else body
            expected[one.owner, fold(one.id)] = canonical(told)
        return expected

    def _tell_losses(self) -> None:
        """What the versions could not say, and what could not be told at all."""
        for what in ("lost", "refused"):
            total: Counter[str] = Counter()
            for name in ("A", HUB):
                for place, count in getattr(self._platform(name).bridge, what).items():
                    total[f"{place.kind} {place.source} to {place.target}: {place.path}"] += count
            found = getattr(self.report, what)
            found.update(total.most_common())
            for text, count in found.items():
                self._say(f"         {what} {count}: {text}")


async def _all(platform: Platform, side: Side, kind: str) -> list[_Kept]:
    """Every object of a kind on a side: the public ones, and those for each partner."""
    partners = [one.id for one in platform.book.all()] if side is Side.OURS else []
    found: list[_Kept] = []
    for audience in ("", *partners):
        after: str | None = None
        while True:
            page = await platform.store.page(
                PageRequest(side=side, module=kind, audience=audience, after=after, limit=PAGE)
            )
            for body, number, owner in zip(page.bodies, page.versions, page.owners, strict=True):
                id = patch.text_of(patch.split(body), "id") or ""
                found.append(_Kept(owner, id, Stored(seq=0, version=number, last_updated=0, body=body)))
            after = page.next
            if after is None:
                break
    return found


def _tariff(version: Version, owner: PartyId) -> OwnObject:
    """What the operator asks for a kWh."""
    at = now()
    price = {"type": "ENERGY", "price": Decimal("0.44"), "step_size": 1}
    everything = {
        "country_code": owner.country_code,
        "party_id": owner.party_id,
        "id": "T-DEMO",
        "currency": "EUR",
        "elements": [{"price_components": [price]}],
        "tax_included": "NO",
        "last_updated": at,
    }
    shape: Any = version.object_named("Tariff")
    body = codec.encode({name: value for name, value in everything.items() if name in field_names(shape)})
    codec.decode(cast(Any, shape), body)  # a demo must not send what it would refuse
    return OwnObject(owner=owner, id="T-DEMO", last_updated=at.micros, body=body)
