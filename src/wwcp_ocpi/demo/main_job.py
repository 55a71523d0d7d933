# SPDX-License-Identifier: AGPL-3.0-or-later
"""Step by step what a gateway is for, between A, the operator, and B, the provider. Nothing is faked.

A step that fails says why, and ends the job.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

import msgspec

from wwcp_ocpi.demo.networks import Changed, DemoNetwork, Published
from wwcp_ocpi.demo.steps import Failed, Result, Step, Steps, Work, until
from wwcp_ocpi.gateway.config import (
    Config,
    OutboundSection,
    PartySection,
    PullSection,
    ServerSection,
    StoreSection,
)
from wwcp_ocpi.gateway.gateway import Gateway
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.protocol.etag import canonical
from wwcp_ocpi.scalars import PartyId, fold
from wwcp_ocpi.store.ports import Key, Objects, PageRequest, Side

PROVIDER = PartyId("NL", "EMP")
PAGE = 500
WHO = {"A": "operator", "G": "hub between", "B": "provider"}


class Report(msgspec.Struct, kw_only=True):
    """The whole demo."""

    network: str
    version: str
    published: Published | None = None
    steps: list[Step] = msgspec.field(default_factory=list)
    lost: dict[str, int] = msgspec.field(default_factory=dict)
    """What could not be said in another version, by object, versions and place; only where versions differ."""
    refused: dict[str, int] = msgspec.field(default_factory=dict)
    """What could not be told at all."""


class Demo:
    """Two gateways, from start to stop. `say` is told of every step as it happens."""

    def __init__(self, network: DemoNetwork, folder: Path, say: Callable[[str], None]) -> None:
        self._network = network
        self._folder = folder
        self._say = say
        self._exit = AsyncExitStack()
        self._version = network.version
        self._changed: Changed
        self.gateways: dict[str, Gateway] = {}
        self.report = Report(network=network.title, version=network.version.number)

    async def __aenter__(self) -> Self:
        parties = tuple(PartySection(id=str(party), role="CPO") for party in self._network.parties)
        for name, own in (("A", parties), ("B", (PartySection(id=str(PROVIDER), role="EMSP", name="Provider B"),))):
            config = Config(
                server=ServerSection(port=0, page_size=100),
                store=StoreSection(folder=str(self._folder / name)),
                outbound=OutboundSection(allow_http=True, allow_private=True),
                pull=PullSection(every_h=0),  # the demo shows each pull as a step
                party=own,
            )
            config = self._secured(name, config)
            self.gateways[name] = await self._exit.enter_async_context(Gateway(config))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._network.close()
        await self._exit.aclose()

    def _secured(self, name: str, config: Config) -> Config:
        """The configuration of a gateway with what protects it: here nothing, it is all on one machine."""
        return config

    async def run(self) -> Report:
        """All steps in their order; the first that fails is the last that is tried."""
        for name, gateway in self.gateways.items():
            self._say(f"{name}, the {WHO[name]}: {gateway.versions_url}")
        for name, work in self._steps():
            if not await self._step(name, work):
                return self.report
        await self._step("both stores compared: nothing missing, nothing extra", self._compare)
        self._tell_losses()
        return self.report

    def _tell_losses(self) -> None:
        """What is not the same at the end of the way, for the report."""
        self.report.lost.update(self._network.losses)
        for what, count in self._network.losses.items():
            self._say(f"         told otherwise {count}: {what}")

    def _steps(self) -> Steps:
        """One after the other: the later ones exist only when the earlier ones have gone well."""
        yield "A publishes its network", self._publish
        yield "A and B register, credentials both ways", self._register
        yield "B pulls every page", self._pull
        yield "an EVSE's status changes at A and arrives at B", self._change
        yield from self._network.charges(self.gateways["A"], self.gateways["B"], PROVIDER, self._changed)

    async def _step(self, name: str, work: Work) -> bool:
        began = time.perf_counter()
        try:
            count, detail = await work()
            result = Result.OK
        except (Failed, OCPIError, TimeoutError) as error:
            count, detail, result = 0, str(error) or type(error).__name__, Result.FAILED
        ms = round((time.perf_counter() - began) * 1000, 1)
        self._add(Step(name=name, result=result, count=count, ms=ms, detail=detail))
        return result is Result.OK

    def _add(self, step: Step) -> None:
        self.report.steps.append(step)
        self._say(f"{step.result.value:8} {step.name}" + (f" ({step.detail})" if step.detail else ""))

    async def _publish(self) -> tuple[int, str]:
        published = await self._network.publish(self.gateways["A"])
        self.report.published = published
        for reason, count in published.reasons.items():
            self._say(f"         rejected {count}: {reason}")
        for what, count in published.assumed.items():
            self._say(f"         assumed in {count}: {what}")
        if not published.objects:
            raise Failed("expected at least one Location, got none")
        return published.objects, f"Locations; {published.rejected} rejected"

    async def _register(self) -> tuple[int, str]:
        await self._network.expect(self.gateways["B"], PROVIDER)
        a, b = self.gateways["A"].platform, self.gateways["B"].platform
        token = await a.registration.invite("B", name="Provider B")
        version = self._network.version.number
        await b.registration.join("A", a.settings.versions_url, token, name="Operator A", versions=[version])
        for here, there in ((a, "B"), (b, "A")):
            await self._greet(here, there, version)
        return 2, f"OCPI {version}; each has called the other with its new token"

    async def _greet(self, here: Platform, there: str, version: str) -> None:
        """A call with the new token, in the version that was wanted."""
        remote = here.book.get(there).remote
        if remote is None or remote.version != version:
            raise Failed(f"expected {there} to be registered in OCPI {version}")
        await here.peer(there).credentials()

    async def _pull(self, name: str = "B", source: str = "A") -> tuple[int, str]:
        received, pages = {}, 0
        for module in ("tariffs", "locations"):
            done = await self.gateways[name].platform.pull(source, module)
            if done.rejected or done.foreign:
                problem = f"{done.rejected} were rejected, {done.foreign} foreign"
                raise Failed(f"expected every object of {module} to be taken, {problem}")
            received[module], pages = done.received, done.pages
        return received["locations"], f"Locations on {pages} pages, and {received['tariffs']} Tariffs"

    async def _change(self) -> tuple[int, str]:
        began = time.perf_counter()
        changed = await self._network.change_status(self.gateways["A"])
        self._changed = changed

        async def arrived() -> bool:
            return await self._status_at_b(changed) == changed.status

        await until(arrived, f"{changed.evse_uid} to be {changed.status} at B")
        ms = (time.perf_counter() - began) * 1000
        return 1, f"{changed.evse_uid} is {changed.status} at B after {ms:.0f} ms"

    async def _status_at_b(self, changed: Changed) -> str | None:
        folds = self._network.version.facts.ids_fold
        id = fold(changed.location_id) if folds else changed.location_id
        store = self.gateways["B"].platform.store
        stored = await store.get(Key(Side.THEIRS, "locations", changed.owner, id))
        if stored is None:
            return None
        step = patch.Step("evses", "uid", changed.evse_uid, folds)
        return patch.text_of(patch.descend(patch.split(stored.body), [step]), "status")

    async def _compare(self) -> tuple[int, str]:

        async def delivered() -> bool:
            return await self.gateways["A"].platform.store.waiting() == 0

        await until(delivered, "nothing to be left for delivery")
        at_a = await _everything(self.gateways["A"].platform.store, Side.OURS)
        at_b = await _everything(self.gateways["B"].platform.store, Side.THEIRS)
        missing, extra = at_a.keys() - at_b.keys(), at_b.keys() - at_a.keys()
        other = [key for key in at_a.keys() & at_b.keys() if at_a[key] != at_b[key]]
        if missing or extra or other:
            raise Failed(f"{len(missing)} missing at B, {len(extra)} extra, {len(other)} different")
        return len(at_a), "Locations equal at A and B, digit by digit"


async def _everything(store: Objects, side: Side) -> dict[tuple[str, str, str], bytes]:
    """Every Location of a side in its canonical form, by owner and id."""
    found: dict[tuple[str, str, str], bytes] = {}
    after: str | None = None
    while True:
        page = await store.page(PageRequest(side=side, module="locations", after=after, limit=PAGE))
        for body in page.bodies:
            fields = patch.split(body)
            names = [patch.text_of(fields, name) or "" for name in ("country_code", "party_id", "id")]
            found[names[0], names[1], names[2]] = canonical(body)
        after = page.next
        if after is None:
            return found
