# SPDX-License-Identifier: AGPL-3.0-or-later
"""Step by step what a gateway is for, between A, the operator, and B, the provider. Nothing is faked.

A step whose parts are not built yet says so. A step that fails says why, and ends the job.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Self, cast

import msgspec

from wwcp_ocpi.demo import charging
from wwcp_ocpi.demo.networks import Changed, DemoNetwork, Published
from wwcp_ocpi.gateway.config import (
    Config,
    OutboundSection,
    PartySection,
    ServerSection,
    StoreSection,
)
from wwcp_ocpi.gateway.gateway import Gateway
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.protocol.etag import canonical
from wwcp_ocpi.scalars import PartyId, fold, now
from wwcp_ocpi.store.ports import Key, Objects, PageRequest, Side

PROVIDER = PartyId("NL", "EMP")
ARRIVAL_S = 30.0
PAGE = 500


class Result(Enum):
    """How a step ended."""

    OK = "ok"
    FAILED = "failed"
    NOT_YET = "not yet"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table at the end. `count` is of whatever the step is about, see `detail`."""

    name: str
    result: Result
    count: int = 0
    ms: float = 0.0
    detail: str = ""


class Report(msgspec.Struct, kw_only=True):
    """The whole demo."""

    network: str
    version: str
    published: Published | None = None
    steps: list[Step] = msgspec.field(default_factory=list)


class Failed(Exception):
    """A step did not come to what it promises; the message says what was expected."""


NOT_BUILT = (
    ("B starts a session by command", "commands"),
    ("B gets the asynchronous result", "commands"),
    ("B stops the session", "commands"),
    ("the CDR is priced at B", "pricing"),
)
"""Steps of the main job that wait for modules of later versions."""


class Demo:
    """Two gateways, from start to stop. `say` is told of every step as it happens."""

    def __init__(self, network: DemoNetwork, folder: Path, say: Callable[[str], None]) -> None:
        self._network = network
        self._folder = folder
        self._say = say
        self._exit = AsyncExitStack()
        self._version = network.version
        self._changed: Changed | None = None
        self._reference: str | None = None
        self._session: OwnObject | None = None
        self._session_id = str(uuid.uuid4())
        self._began = now()
        self.gateways: dict[str, Gateway] = {}
        self.report = Report(network=network.title, version=network.version.number)

    async def __aenter__(self) -> Self:
        parties = tuple(PartySection(id=str(party), role="CPO") for party in self._network.parties)
        for name, own in (("A", parties), ("B", (PartySection(id=str(PROVIDER), role="EMSP", name="Provider B"),))):
            config = Config(
                server=ServerSection(port=0, page_size=100),
                store=StoreSection(folder=str(self._folder / name)),
                outbound=OutboundSection(allow_http=True, allow_private=True),
                party=own,
            )
            self.gateways[name] = await self._exit.enter_async_context(Gateway(config))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._exit.aclose()

    async def run(self) -> Report:
        """All steps in their order; the first that fails is the last that is tried."""
        self._say(
            f"A, the operator: {self.gateways['A'].versions_url}\nB, the provider: {self.gateways['B'].versions_url}"
        )
        for name, work in (
            ("A publishes its network", self._publish),
            ("A and B register, credentials both ways", self._register),
            ("B pulls every page", self._pull),
            ("an EVSE's status changes at A and arrives at B", self._change),
            ("B issues a Token and it arrives at A", self._issue_token),
            ("A asks B, and the Token is authorised", self._authorize),
            ("a Session begins at A and arrives at B", self._begin),
            ("updates of the Session arrive at B", self._update),
            ("the CDR arrives at B", self._bill),
        ):
            if not await self._step(name, work):
                return self.report
        for name, needs in NOT_BUILT:
            self._add(Step(name=name, result=Result.NOT_YET, detail=f"needs {needs}"))
        await self._step("both stores compared: nothing missing, nothing extra", self._compare)
        return self.report

    async def _step(self, name: str, work: Callable[[], Awaitable[tuple[int, str]]]) -> bool:
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
        a, b = self.gateways["A"].platform, self.gateways["B"].platform
        token = await a.registration.invite("B", name="Provider B")
        version = self._network.version.number
        await b.registration.join("A", a.settings.versions_url, token, name="Operator A", versions=[version])
        for here, there in ((a, "B"), (b, "A")):
            remote = here.book.get(there).remote
            if remote is None or remote.version != version:
                raise Failed(f"expected {there} to be registered in OCPI {version}")
            await here.peer(there).credentials()
        return 2, f"OCPI {version}; each has called the other with its new token"

    async def _pull(self) -> tuple[int, str]:
        done = await self.gateways["B"].platform.pull("A", "locations")
        if done.rejected or done.foreign:
            raise Failed(f"expected every object to be taken, {done.rejected} were rejected, {done.foreign} foreign")
        return done.received, f"Locations on {done.pages} pages"

    async def _change(self) -> tuple[int, str]:
        began = time.perf_counter()
        changed = self._changed = await self._network.change_status(self.gateways["A"])

        async def arrived() -> bool:
            return await self._status_at_b(changed) == changed.status

        await _until(arrived, f"{changed.evse_uid} to be {changed.status} at B")
        ms = (time.perf_counter() - began) * 1000
        return 1, f"{changed.evse_uid} is {changed.status} at B after {ms:.0f} ms"

    async def _issue_token(self) -> tuple[int, str]:
        made = charging.token(self._version, PROVIDER)
        await self.gateways["B"].platform.publisher.publish(self._version, "tokens", [made])
        key = self._key("tokens", made)

        async def arrived() -> bool:
            return await self.gateways["A"].platform.store.get(key) is not None

        await _until(arrived, "the Token to be at A")
        return 1, f"{made.id} of {PROVIDER}"

    async def _authorize(self) -> tuple[int, str]:
        assert self._changed is not None
        references = self._version.object_named("LocationReferences")
        at = references(location_id=self._changed.location_id, evse_uids=[self._changed.evse_uid])
        found = await self.gateways["A"].platform.peer("B").authorize(charging.TOKEN_UID, at=at)
        if found.allowed.value != "ALLOWED":
            raise Failed(f"expected ALLOWED, got {found.allowed}")
        self._reference = getattr(found, "authorization_reference", None)
        return 1, f"ALLOWED at {self._changed.evse_uid}"

    async def _begin(self) -> tuple[int, str]:
        place = await self._place()
        self._session = charging.session(self._version, PROVIDER, place, self._session_id, self._began, self._reference)
        await self.gateways["A"].platform.publisher.publish(self._version, "sessions", [self._session])
        await self._session_at_b("status", '"ACTIVE"')
        return 1, f"Session {self._session.id}"

    async def _update(self) -> tuple[int, str]:
        assert self._session is not None
        changes: list[dict[str, object]] = [{"kwh": Decimal("4.20")}, {"kwh": charging.KWH, "status": "COMPLETED"}]
        for change in changes:
            await self.gateways["A"].platform.publisher.change(
                self._version, "sessions", self._session.owner, [self._session.id], change
            )
        await self._session_at_b("status", '"COMPLETED"')
        await self._session_at_b("kwh", str(charging.KWH))
        return len(changes), f"{charging.KWH} kWh, COMPLETED"

    async def _bill(self) -> tuple[int, str]:
        made = charging.cdr(
            self._version, PROVIDER, await self._place(), self._session_id, self._began, self._reference
        )
        await self.gateways["A"].platform.publisher.publish(self._version, "cdrs", [made])
        key = self._key("cdrs", made)

        async def arrived() -> bool:
            stored = await self.gateways["B"].platform.store.get(key)
            return stored is not None and stored.body == made.body

        await _until(arrived, "the CDR to be at B")
        return 1, f"{charging.PRICE} EUR without tax, as A says"

    async def _place(self) -> charging.Place:
        """Where the driver charges: the EVSE whose status changed, as A has it."""
        assert self._changed is not None
        id = fold(self._changed.location_id) if self._version.facts.ids_fold else self._changed.location_id
        stored = await self.gateways["A"].platform.store.get(Key(Side.OURS, "locations", self._changed.owner, id))
        assert stored is not None
        location = codec.decode(cast(Any, self._version.object_named("Location")), stored.body)
        evse = next(one for one in location.evses if one.uid == self._changed.evse_uid)
        return charging.Place(owner=self._changed.owner, location=location, evse=evse)

    def _key(self, module: str, made: OwnObject) -> Key:
        resource = self._version.modules[module].resource
        assert resource is not None
        return Key(Side.THEIRS, module, made.owner, self._version.key_id(resource, made.id, made.qualifier))

    async def _session_at_b(self, field: str, value: str) -> None:
        assert self._session is not None
        key = self._key("sessions", self._session)

        async def arrived() -> bool:
            stored = await self.gateways["B"].platform.store.get(key)
            return stored is not None and bytes(patch.split(stored.body)[field]) == value.encode()

        await _until(arrived, f"the Session at B to have {field} {value}")

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

        await _until(delivered, "nothing to be left for delivery")
        at_a = await _everything(self.gateways["A"].platform.store, Side.OURS, self._network.version.number)
        at_b = await _everything(self.gateways["B"].platform.store, Side.THEIRS, self._network.version.number)
        missing, extra = at_a.keys() - at_b.keys(), at_b.keys() - at_a.keys()
        other = [key for key in at_a.keys() & at_b.keys() if at_a[key] != at_b[key]]
        if missing or extra or other:
            raise Failed(f"{len(missing)} missing at B, {len(extra)} extra, {len(other)} different")
        return len(at_a), "Locations equal at A and B, digit by digit"


async def _until(true: Callable[[], Awaitable[bool]], what: str) -> None:
    """Look again and again: the demo sees a gateway from outside, as a person would."""
    deadline = time.monotonic() + ARRIVAL_S
    while not await true():
        if time.monotonic() > deadline:
            raise Failed(f"expected {what} within {ARRIVAL_S:.0f} s")
        await asyncio.sleep(0.001)


async def _everything(store: Objects, side: Side, version: str) -> dict[tuple[str, str, str], bytes]:
    """Every Location of a side in its canonical form, by owner and id."""
    found: dict[tuple[str, str, str], bytes] = {}
    after: str | None = None
    while True:
        page = await store.page(PageRequest(side=side, module="locations", version=version, after=after, limit=PAGE))
        for body in page.bodies:
            fields = patch.split(body)
            names = [patch.text_of(fields, name) or "" for name in ("country_code", "party_id", "id")]
            found[names[0], names[1], names[2]] = canonical(body)
        after = page.next
        if after is None:
            return found
