# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every operation that is served, in every version and every role, asked well, nearly well and badly.

Whatever comes: no 5xx, an answer that OCPI allows (tests/conftest.py holds every one against the tables), nothing
changed by what is refused, and what is taken stored whole, under the names that it has itself.

One example is one body and what can be made of it: `CASES` requests. The usual run asks the same questions each time.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

import msgspec
import pytest
import structlog
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.booking import BookingSystem
from tests.commanding import Operator
from tests.fuzz import strategies as some
from tests.objects import (
    NEW,
    OLD,
    booking,
    booking_location,
    cdr,
    client_info,
    confirmation,
    invoice,
    location,
    period,
    session,
    tariff,
    terminal,
    token,
)
from tests.platforms import CPO, EMSP, HUB, PTP, MemoryNet, platform
from tests.profiling import Station
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import Access, PartnerParty, Purpose
from wwcp_ocpi.partners.cdr_checks import CDRS, WAITING
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol.conformance import Severity, check
from wwcp_ocpi.protocol.credentials_token import TokenForm, authorization
from wwcp_ocpi.protocol.endpoint import Endpoint, Interface, Operation
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.protocol.shape import field_names, fields_of
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId, Secret
from wwcp_ocpi.server.bookings import booking_id
from wwcp_ocpi.server.decisions import ConnectorTariffs, TerminalAnswer, TerminalRequest
from wwcp_ocpi.server.extensions import EXTENSIONS
from wwcp_ocpi.server.open_marks import complete
from wwcp_ocpi.server.preferences import CAPABLE
from wwcp_ocpi.server.routing import Route
from wwcp_ocpi.store.memory import MemoryStore
from wwcp_ocpi.store.ports import Key, Side, Stored

EXAMPLES = 16
LONG_EXAMPLES = 300
CASES = 12
LEAST = 20_000

MODULES = frozenset(
    {
        "locations",
        "tariffs",
        "tokens",
        "sessions",
        "cdrs",
        "commands",
        "chargingprofiles",
        "bookings",
        "invoicereconciliation",
    }
)
BOOKED = booking_id(EMSP, "R1")
MAKE: Mapping[str, Callable[..., dict[str, Any]]] = {
    "locations": location,
    "tariffs": tariff,
    "tokens": token,
    "sessions": session,
    "cdrs": cdr,
    "bookings": lambda _: booking(BOOKED),
    "bookings/booking_locations": lambda _: booking_location(),
    "invoicereconciliation": invoice,
    "payments/terminals": terminal,
    "payments/financial-advice-confirmations": confirmation,
    "hubclientinfo": lambda version: client_info(version, HUB),
}
ASKED = "0" * 32
"""The id of what was asked of the partner and waits for its result."""
SAMPLE_IDS = {"locations": ("LOC1", "E1", "1"), "tariffs": ("T1",), "tokens": ("012345678",), "sessions": ("S1",),
              "cdrs": ("C1",), "commands": ("START_SESSION", ASKED), "chargingprofiles": ("S1",), "bookings": (BOOKED,),
              "bookings/booking_locations": ("BL1", "CAL1"), "invoicereconciliation": ("INV1",),
              "payments/terminals": ("TERM1",), "payments/financial-advice-confirmations": ("FAC1",),
              "hubclientinfo": ("",)}  # fmt: skip
"""By kind of object, or by module where none is kept."""
PARTIES = {"CPO": CPO, "EMSP": EMSP, "PTP": PTP, "HUB": HUB}


class Cast(NamedTuple):
    """Who we are and who calls in a world, and what is played there."""

    ours: str
    theirs: str
    modules: frozenset[str]


CASTS = {
    "CPO": Cast("CPO", "EMSP", MODULES),
    "EMSP": Cast("EMSP", "CPO", MODULES),
    "PTP": Cast("PTP", "CPO", frozenset({"payments"})),
    "CPO-PTP": Cast("CPO", "PTP", frozenset({"payments"})),
    "HUB": Cast("HUB", "CPO", frozenset({"hubclientinfo"})),
    "CPO-HUB": Cast("CPO", "HUB", frozenset({"hubclientinfo"})),
}
WITH_CREDENTIALS = ("CPO", "EMSP")
"""Where versions and credentials are asked; they are the same for everybody."""
ACCESS, INVITATION = Secret("token-access"), Secret("token-invitation")
TERMINALS = frozenset({Operation.ACTIVATE, Operation.DEACTIVATE})
PARTIAL = frozenset({Operation.PATCH, Operation.POST_STATUS})
CHANGES = TERMINALS | PARTIAL | {Operation.PUT, Operation.POST, Operation.DELETE, Operation.DELETE_OF_PARTY}
PROFILES = frozenset({Operation.GET_PROFILE, Operation.SET_PROFILE, Operation.CLEAR_PROFILE, Operation.UPDATE_PROFILE})
TAKEN = (
    PROFILES
    | PARTIAL
    | TERMINALS
    | {
        Operation.PUT,
        Operation.POST,
        Operation.COMMAND,
        Operation.AUTHORIZE,
        Operation.SET_PREFERENCES,
        Operation.REQUEST_BOOKING,
    }
)
REQUIRED = {"DateTime": OLD, "int": "900", "URL": "https://partner.example/results?id=1"}
"""A value for a parameter that must be there, by its type."""


class Nowhere(MemoryNet):
    """A network in which every host is there and knows nothing, so that nothing is tried again."""

    async def __call__(self, request: Request) -> Response:
        return Response(status=404)


class Chooser:
    """Other Tariffs for every Connector."""

    def tariff_ids(self, asked: ConnectorTariffs) -> Sequence[str]:
        return () if asked.connector_id == "1" else (asked.partner[:36], *asked.tariff_ids)


class Shop:
    """A PTP's system that activates whatever is asked for."""

    async def activate(self, asked: TerminalRequest) -> TerminalAnswer:
        return TerminalAnswer(terminal_id=asked.terminal_id or "TERM1")

    deactivate = activate


class World:
    """A platform in one role with one partner in the other, and one object of each kind in one version."""

    def __init__(self, role: str, version: str) -> None:
        cast = CASTS[role]
        self.version = VERSIONS[version]
        self.ours, self.theirs = PARTIES[cast.ours], PARTIES[cast.theirs]
        self.store = MemoryStore()
        self.platform = _platform(role, self.store)
        self.platform.server.commander = Operator()
        self.platform.server.tariffs = Chooser()
        self.platform.server.profile_operator = Station()
        self.platform.server.booker = BookingSystem()
        self.platform.server.terminals = Shop()
        self.runner = asyncio.Runner()
        self.role_of_partner = cast.theirs
        self.runner.run(self._join(cast.theirs))
        self._seed()
        if role == "CPO":
            self.runner.run(self._plan())
        known = self.platform.settings
        self.runner.run(complete(self.store, known.open_kinds, known.party_ids))
        self._objects, self._documents = dict(self.store._objects), dict(self.store._documents)

    def may_ask(self, row: Endpoint) -> bool:
        """Whether the partner's role is the other side of the row."""
        return self.version.modules[row.module].callers(row.interface) >= {self.role_of_partner}

    async def _join(self, role: str) -> None:
        book = self.platform.book
        access = tuple(
            Access(hash=book._vault.hash_of(secret.reveal()), purpose=purpose)
            for secret, purpose in ((ACCESS, Purpose.ACCESS), (INVITATION, Purpose.INVITATION))
        )
        parties = (PartnerParty(id=self.theirs, role=role, name="partner"),)
        hub = self.theirs if role == "HUB" else None
        await book.change("partner", lambda known: replace(known, access=access, parties=parties, hub=hub))

    async def _plan(self) -> None:
        """Variants of a Tariff, before and after everything else."""
        version = self.version
        for price, start in ((1, None), (2, DateTime.parse(NEW)), (3, DateTime.parse("2099-01-01T00:00:00Z"))):
            element = {"price_components": [{"type": "FLAT", "price": price, "step_size": 1}]}
            body = json.dumps(tariff(version.number, "T2", elements=[element])).encode()
            thing = OwnObject(owner=self.ours, id="T2", last_updated=DateTime.parse(NEW).micros, body=body)
            await self.platform.timetables.plan(version, thing, not_before=start)

    def _seed(self) -> None:
        for name, make in MAKE.items():
            if name not in self.version.kinds:
                continue
            module, resource = self.version.kind(name)
            body = make(self.version.number)
            if name == "locations" and "chargingprofiles" in self.version.modules:
                body["evses"][0]["capabilities"] = [CAPABLE]
            for side, interface, owner in (
                (Side.OURS, Interface.SENDER, self.ours),
                (Side.THEIRS, Interface.RECEIVER, self.theirs),
            ):
                if (module.identifier, interface) in self.platform.server.served(self.version):
                    id = self.version.key_id(resource, SAMPLE_IDS[name][0], body.get("type"))
                    self.store._seq += 1
                    self.store._objects[Key(side, name, owner, id)] = Stored(
                        seq=self.store._seq,
                        version=self.version.number,
                        last_updated=DateTime.parse(body["last_updated"]).micros,
                        body=json.dumps(body).encode(),
                        source="partner" if side is Side.THEIRS else "",
                        audience="partner" if resource.is_private and side is Side.OURS else "",
                    )

        for kind, command in (("command", "START_SESSION"), ("profile", "get_profile")):
            asked = {"id": ASKED, "partner": "partner", "version": self.version.number, "command": command}
            self.store._documents[kind, ASKED] = json.dumps({**asked, "deadline": 1e12, "keep_until": 1e12}).encode()

    async def reset(self) -> None:
        """As it was in the beginning."""
        self.store._objects = dict(self._objects)
        if self.store._documents != self._documents:
            await self.platform.desk.stop()
            self.store._documents = dict(self._documents)
            self.store._revisions["partner"] += 1
            await self.platform.book.refresh()


def _platform(role: str, store: MemoryStore | None = None) -> Platform:
    """A platform with everything switched on that its cast plays."""
    cast = CASTS[role]
    party = PARTIES[cast.ours]
    return platform(
        Nowhere(),
        "here.example",
        party,
        cast.ours,
        store=store,
        modules=cast.modules,
        extensions=EXTENSIONS,
        open_versions=True,
        open_locations=True,
        open_tariffs=True,
        cors=True,
    )


WORLDS: dict[tuple[str, str], World] = {}


def world(role: str, version: str) -> World:
    """The one world of that role and version, made when it is first asked for."""
    if (role, version) not in WORLDS:
        WORLDS[role, version] = World(role, version)
    return WORLDS[role, version]


@pytest.fixture(scope="module", autouse=True)
def _quiet() -> Iterator[None]:
    """Thousands of lines of log, each about a mistake made here on purpose."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    yield
    structlog.reset_defaults()
    for made in WORLDS.values():
        made.runner.run(made.platform.desk.stop())
        made.runner.close()
    WORLDS.clear()


def rows() -> list[tuple[str, str, int]]:
    """Role, version and number among the routes of that role's platform."""
    found = []
    for role in CASTS:
        routes = _platform(role).server.router.routes
        found += [
            (role, route.version.number, index)
            for index, route in enumerate(routes)
            if role in WITH_CREDENTIALS or not route.is_open
        ]
    return found


def route_of(role: str, version: str, index: int) -> Route:
    return world(role, version).platform.server.router.routes[index]


# ------------------------------------------------------------------------------------------------------- the request


class Plan(NamedTuple):
    """All that is drawn for one example."""

    body: dict[str, Any] | None
    mistakes: Sequence[tuple[int, str, int]]
    twists: Sequence[tuple[int, int]]
    segments: Sequence[tuple[int, str, bool]]
    queries: Sequence[Sequence[tuple[str, str]]]
    headers: Sequence[Sequence[tuple[str, str]]]
    method: str


def plans(route: Route) -> st.SearchStrategy[Plan]:
    row = route.endpoint
    body: st.SearchStrategy[Any] = st.none()
    if row.object is not None and row.request is not None:
        body = (some.patches if row.is_partial else some.objects)(row.object)
    elif row.request is not None:
        body = st.one_of(*map(some.objects, row.request))
    has_body = row.request is not None
    odd, wrong = (1, 3) if has_body else (3, 0)
    segment = st.one_of(st.sampled_from(some.ODD_SEGMENTS), st.text(max_size=8))
    value = st.one_of(st.sampled_from(some.ODD_VALUES), st.text(max_size=8))
    name = st.sampled_from([*some.ODD_NAMES, *(one.name for one in row.query), *(one.name for one in route.added)])

    def exactly(drawn: st.SearchStrategy[Any], count: int) -> st.SearchStrategy[list[Any]]:
        return st.lists(drawn, min_size=count, max_size=count)

    return st.builds(
        Plan,
        body,
        some.mistakes(wrong),
        exactly(st.tuples(st.integers(0, 999), st.integers(0, 9999)), wrong),
        exactly(st.tuples(st.integers(0, 9), segment, st.booleans()), odd),
        exactly(st.lists(st.tuples(name, value), min_size=1, max_size=3), odd),
        exactly(st.lists(st.sampled_from(some.ODD_HEADERS), min_size=1, max_size=3), odd),
        st.sampled_from(some.ODD_METHODS),
    )


class Asking:
    """The requests of one example on one route."""

    def __init__(self, made: World, route: Route) -> None:
        self.world = made
        self.route = route
        self.row = route.endpoint
        self.secret = INVITATION if self.row.operation is Operation.REGISTER else ACCESS
        self.ids = SAMPLE_IDS.get(route.kind, ())
        owner = made.theirs if self.row.interface is Interface.RECEIVER else made.ours
        self.owner = owner
        ids = iter(self.ids)
        self.segments = [
            segment
            if segment[0] != "{"
            else {"{country_code}": owner.country_code, "{party_id}": owner.party_id, "{request_id}": ASKED}.get(
                segment
            )
            or next(ids)
            for segment in route.segments
        ]
        self.names = [index for index, segment in enumerate(route.segments) if segment[0] == "{"]
        self.query = [(one.name, REQUIRED[one.type]) for one in self.row.query if one.required]

    def request(
        self,
        body: bytes,
        *,
        method: str = "",
        segments: Sequence[str] | None = None,
        query: Sequence[tuple[str, str]] = (),
        headers: Sequence[tuple[str, str]] = (),
    ) -> Request:
        pairs = "&".join(f"{name}={value}" for name, value in [*self.query, *query])
        path = "/" + "/".join(segments if segments is not None else self.segments)
        sent = {"authorization": authorization(self.secret, TokenForm.BASE64), "x-request-id": "R1"}
        sent |= {"content-type": "application/json"} if body else {}
        url = f"{path}?{pairs}" if pairs else path
        return Request(method=method or self.row.method, url=url, headers={**sent, **dict(headers)}, body=body)

    def named(self, drawn: Mapping[str, Any], id: str | None = None) -> dict[str, Any]:
        """A drawn body with the names that its path has, and newer than what is stored."""
        row, made = self.row, dict(drawn)
        kind = row.object or row.request[0]
        is_patch = row.is_partial
        wanted: dict[str, Any] = {}
        resource = self.route.resource
        if resource is not None and row.operation in CHANGES:
            ids = [name for name in row.params if name not in ("country_code", "party_id")]
            fields = [resource.id_field, *(part.id_field for part in resource.parts)]
            at = max(len(ids) - 1, 0)
            known = id if id is not None else "NEW1" if row.operation is Operation.POST else self.ids[at]
            wanted = {fields[at]: known, "last_updated": NEW}
            if at == 0:
                named = self.world.theirs if resource.party_is_audience else self.owner
                wanted |= {"country_code": named.country_code, "party_id": named.party_id}
            if is_patch and resource.qualifier:
                wanted[resource.qualifier] = "RFID"
            if row.operation is Operation.POST_STATUS:
                wanted = {name: value for name, value in (("id", known), ("timestamp", NEW)) if name in made}
        if row.operation is Operation.COMMAND:
            if "token" in made:
                made["token"] = {**made["token"], **self._of_partner(made["token"])}
            if "evse_uid" not in made:
                made.pop("connector_id", None)
        if row.operation is Operation.REQUEST_BOOKING:
            made.pop("canceled", None)
            if len(made.get("request_id", "")) % 2:
                made["request_id"] = "R1"  # a change of what is booked
            wanted = {**self._of_partner(made), "booking_location_id": "BL1", "location_id": "LOC1", "period": period()}
        names = field_names(kind)
        wanted = {
            name: value
            for name, value in wanted.items()
            if name in names and (not is_patch or name in made or name == "last_updated")
        }
        return {**made, **wanted}

    def _of_partner(self, token: Mapping[str, Any]) -> dict[str, str]:
        theirs = self.world.theirs
        return {name: getattr(theirs, name) for name in ("country_code", "party_id") if name in token}

    def requests(self, plan: Plan) -> Iterator[tuple[Request, bool]]:
        """Every request, and whether it is as specified; where data are open, each without its token, too."""
        is_open = self.world.platform.server.opens(self.route)
        for number, (request, is_sound) in enumerate(self._with_token(plan)):
            yield request, is_sound
            if is_open or number == 0:
                headers = {name: value for name, value in request.headers.items() if name != "authorization"}
                yield replace(request, headers=headers), False

    def _with_token(self, plan: Plan) -> Iterator[tuple[Request, bool]]:
        sound = self.named(plan.body) if plan.body is not None else None
        body = json.dumps(sound).encode() if sound is not None else b""
        yield self.request(body), True
        for where, what, which in plan.mistakes:
            yield self.request(_written(some.spoiled(sound or {}, where, what, which))), False
        for how, at in plan.twists:
            yield self.request(some.twisted(body, how, at)), False
        for where, segment, both in plan.segments:
            segments = list(self.segments)
            at = self.names[where % len(self.names)] if self.names else where % len(segments)
            segments[at] = segment
            odd = body
            if both and plan.body is not None and self.names and at == self.names[-1]:
                odd = _written(self.named(plan.body, unquote(segment)))
            yield self.request(odd, segments=segments), False
        for query in plan.queries:
            yield self.request(body, query=query), False
        for headers in plan.headers:
            yield self.request(body, headers=headers), False
        yield self.request(body, method=plan.method), False


def _written(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")


# -------------------------------------------------------------------------------------------------------- the verdict


async def ask(made: World, row: Endpoint, request: Request, is_sound: bool) -> None:
    """Ask once and hold what happened against what may happen."""
    objects, documents = dict(made.store._objects), dict(made.store._documents)
    response = await made.platform.server.handle(request)
    assert response.status < 500, (request, response)
    if "authorization" not in request.headers:
        is_open = made.platform.server.is_open(request)
        assert (response.status == 401) is not is_open, (request, response)
    answer = json.loads(response.body) if response.body else {}
    is_done = response.status in (200, 201) and answer.get("status_code") == 1000
    if is_sound and row.operation in TAKEN and made.may_ask(row):
        assert is_done, (request, answer)
    if is_sound and row.operation is Operation.PUT:
        assert response.status in (200, 201)
    if made.store._objects != objects:
        assert is_done, ("refused, and changed", request, answer)
        found = made.platform.server.router.find(request.method, request.path)
        _changed(made, found.route, request, objects)
    if made.store._documents != documents:
        assert is_done, ("refused, and changed", request, answer)
        assert row.module in ("credentials", "commands", "chargingprofiles"), request
    if made.store._objects != objects or made.store._documents != documents:
        await made.reset()


def _changed(made: World, route: Route, request: Request, before: Mapping[Key, Stored]) -> None:
    """What may have changed: one object, whole, called what it calls itself, and still whose and for whom it was."""
    after, row = made.store._objects, route.endpoint
    assert route.resource is not None
    side = Side.OURS if row.operation is Operation.REQUEST_BOOKING else route.side
    owner = made.ours if side is Side.OURS else made.theirs
    touched = {key for key in before.keys() | after.keys() if before.get(key) is not after.get(key)}
    assert row.operation in CHANGES | {Operation.REQUEST_BOOKING}, request
    # The mark beside a CDR, that it is to be checked, is under the CDR's own key.
    touched = {key for key in touched if key.module != WAITING or key._replace(module=CDRS) not in touched}
    assert len(touched) == 1 or row.operation is Operation.DELETE_OF_PARTY, touched
    for key in touched:
        assert (key.side, key.module) == (side, route.kind), key
        assert key.owner == owner or route.resource.is_party, key
        stored = after.get(key)
        if stored is None:
            assert request.method == "DELETE", request
            continue
        _whole(made, route, key, stored)
        is_all = row.operation is Operation.POST or (
            row.operation is Operation.PUT
            and not row.is_amendment
            and len([name for name in row.params if name not in ("country_code", "party_id")]) <= 1
        )
        if is_all and stored.body != request.body:
            assert row.undated, "kept as it came"
            body = msgspec.json.decode(stored.body)
            del body["last_updated"]
            assert body == msgspec.json.decode(request.body), "kept as it came, with a date"


def _whole(made: World, route: Route, key: Key, stored: Stored) -> None:
    resource = route.resource
    assert resource is not None
    errors = [found for found in check(resource.type, stored.body) if found.severity is Severity.ERROR]
    assert not errors, (errors, stored)
    body = msgspec.json.decode(stored.body)
    id = "" if resource.is_party else body[resource.id_field]
    assert made.version.key_id(resource, id, body.get(resource.qualifier)) == key.id, (key, stored)
    if resource.names_owner:
        assert PartyId.of(body["country_code"], body["party_id"]) == key.owner, (key, stored)
    is_ours = key.side is Side.OURS
    assert stored.source == ("" if is_ours else "partner"), stored
    assert stored.audience == ("partner" if is_ours and resource.is_private else ""), stored
    assert stored.version == made.version.number, stored
    assert stored.last_updated == DateTime.parse(body["last_updated"]).micros, stored


def walk(role: str, version: str, index: int, examples: int, **more: Any) -> None:
    """Ask one row, with so many examples."""
    made, route = world(role, version), route_of(role, version, index)
    asking = Asking(made, route)

    async def example(plan: Plan) -> None:
        await made.reset()
        for request, is_sound in asking.requests(plan):
            await ask(made, route.endpoint, request, is_sound)

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        **more,
    )
    @given(plans(route))
    def run(plan: Plan) -> None:
        made.runner.run(example(plan))

    run()


def _name(row: tuple[str, str, int]) -> str:
    return "-".join(map(str, row))


@rule("STC-05")
@rule("STC-07")
@pytest.mark.parametrize("row", rows(), ids=_name)
def test_no_input_breaks_an_operation(row: tuple[str, str, int]) -> None:
    # Not made smaller when it fails: with bodies of this size that takes minutes. The long run does it.
    walk(*row, EXAMPLES, derandomize=True, phases=[Phase.generate])


@pytest.mark.fuzz_long
@pytest.mark.parametrize("row", rows(), ids=_name)
def test_no_input_breaks_an_operation_at_length(row: tuple[str, str, int]) -> None:
    walk(*row, LONG_EXAMPLES)


def test_the_walk_is_as_long_as_it_should_be() -> None:
    assert len(rows()) * EXAMPLES * CASES >= LEAST
    row = VERSIONS["2.2.1"].rows("locations", Interface.RECEIVER)
    for one in row:
        plan = some_plan(one)
        route = next(known for known in world("EMSP", "2.2.1").platform.server.router.routes if known.endpoint is one)
        assert len(list(Asking(world("EMSP", "2.2.1"), route).requests(plan))) == CASES


def some_plan(row: Endpoint) -> Plan:
    """The smallest plan of a row."""
    wrong, odd = (3, 1) if row.request is not None else (0, 3)
    body = {field.name: "x" for field in fields_of(row.object)} if row.request is not None and row.object else None
    return Plan(
        body, [(0, "remove", 0)] * wrong, [(0, 0)] * wrong, [(0, "", False)] * odd, [()] * odd, [()] * odd, "GET"
    )
