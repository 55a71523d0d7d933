# SPDX-License-Identifier: AGPL-3.0-or-later
"""From a path to an endpoint row: the tables of the versions are the router.

`/ocpi/versions`, `/ocpi/{version}`, `/ocpi/{version}/credentials`,
`/ocpi/{version}/{sender|receiver}/{module}/...`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from urllib.parse import unquote

import msgspec

from wwcp_ocpi.protocol.endpoint import Endpoint, Interface, Module, Operation, Parameter, Resource
from wwcp_ocpi.protocol.errors import MethodNotAllowed, NotFound
from wwcp_ocpi.protocol.patch import Step
from wwcp_ocpi.protocol.version import Kind, Version
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.extensions import added_to
from wwcp_ocpi.store.ports import Side

ROOT = "ocpi"
_REMEMBERED, _LONGEST_REMEMBERED = 4096, 256


class Route(msgspec.Struct, frozen=True, dict=True):
    """A row and the version it belongs to, with its path taken apart, and what follows from both for every request.

    `segments` are from the root on; a name stands as `{name}`.
    """

    version: Version
    endpoint: Endpoint
    segments: tuple[str, ...]
    extensions: frozenset[str] = frozenset()

    @cached_property
    def added(self) -> tuple[Parameter, ...]:
        """The query parameters that extensions add to the row."""
        whole = self.resource is not None and self.endpoint.response is self.resource.type
        return added_to(self.endpoint, self.kind, self.extensions) if whole else ()

    @cached_property
    def offers(self) -> frozenset[str]:
        """The names of these parameters; others are passed over."""
        return frozenset(parameter.name for parameter in self.added)

    @cached_property
    def method(self) -> str:
        """The HTTP method."""
        return self.endpoint.method

    @cached_property
    def is_open(self) -> bool:
        """Whether an invitation is enough: versions and credentials."""
        return self.endpoint.interface is Interface.BOTH

    @cached_property
    def module(self) -> Module:
        """The module of the row."""
        return self.version.modules[self.endpoint.module]

    @cached_property
    def resource(self) -> Resource | None:
        """The objects that the row is about, where there are any."""
        return self.module.resource_of(self.endpoint)

    @cached_property
    def kind(self) -> str:
        """The name of these objects in the store; of the module, where nothing is kept."""
        return self.module.kind(self.resource) if self.resource else self.module.identifier

    @cached_property
    def read_row(self) -> Endpoint | None:
        """The row by which one object of this kind is read at the same interface, if there is one."""
        if self.resource is None:
            return None
        rows = self.version.rows_of(Kind(self.module, self.resource), self.endpoint.interface)
        reads = (row for row in rows if row.operation in (Operation.GET, Operation.GET_BY_URL))
        return next((row for row in reads if row.object is self.resource.type), None)

    @cached_property
    def side(self) -> Side:
        """Whose objects: a sender shows its own, a receiver keeps those of others."""
        return Side.OURS if self.endpoint.interface is Interface.SENDER else Side.THEIRS

    @cached_property
    def audiences(self) -> tuple[tuple[str, ...], bool]:
        """Whose objects are shown: those for everybody (`""`), and whether those for the caller alone."""
        resource = self.resource
        if self.side is Side.THEIRS or resource is None:
            return ("",), False
        return (() if resource.is_private else ("",)), resource.is_private or resource.may_be_private

    @cached_property
    def callers(self) -> frozenset[str]:
        """The roles that are the other side of the row's interface."""
        return self.module.callers(self.endpoint.interface)

    @cached_property
    def is_routed(self) -> bool:
        """Whether the headers that name parties mean something here (TRN-34 to TRN-36)."""
        return self.module.is_functional and self.version.facts.routed

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The query parameters without which the row cannot be asked."""
        return tuple(parameter.name for parameter in self.endpoint.query if parameter.required)


class Found:
    """The route of a request and the values in its path, with what follows from both. Nobody changes it."""

    __slots__ = ("ids", "owner", "params", "route", "steps")

    def __init__(self, route: Route, params: Mapping[str, str]) -> None:
        self.route = route
        self.params = params
        country_code = params.get("country_code")
        self.owner = None if country_code is None else PartyId.of(country_code, params["party_id"])
        """The party in the path, if the path has one."""
        self.ids = tuple(params.values())[0 if self.owner is None else 2 :]
        """The ids below the owner: object, part, part of the part. What is a party itself has the id ""."""
        self.steps: list[Step] = []
        """The way from the object down to the part that the path names."""
        resource = route.resource
        if resource is not None and resource.is_party:
            self.ids = ("",)
        elif resource is not None and len(self.ids) > 1:
            folds = route.version.facts.ids_fold
            below = zip(resource.parts, self.ids[1:], strict=False)
            self.steps = [Step(part.field, part.id_field, id, folds) for part, id in below]


def base_segments(version: Version, module: str, interface: Interface) -> tuple[str, ...]:
    """Where a module of a version hangs, from the root of the server on."""
    if module == "versions":
        return (ROOT,)
    if interface is Interface.BOTH:
        return (ROOT, version.number, module)
    return (ROOT, version.number, interface.value.lower(), module)


def _segments(version: Version, row: Endpoint) -> tuple[str, ...]:
    if row.operation is Operation.VERSIONS:
        return (ROOT, "versions")
    if row.operation is Operation.VERSION_DETAILS:
        return (ROOT, version.number)
    return base_segments(version, row.module, row.interface) + row.segments


class Router:
    """Finds rows. They are grouped by length and fixed beginning, so that a look-up compares one or two."""

    def __init__(self, rows: Iterable[tuple[Version, Endpoint]], extensions: frozenset[str] = frozenset()) -> None:
        self._routes: dict[tuple[int, tuple[str, ...]], list[Route]] = {}
        for version, row in rows:
            route = Route(version, row, _segments(version, row), extensions)
            known = self._routes.setdefault(self._group(route.segments), [])
            if all(other.segments != route.segments or other.endpoint.method != row.method for other in known):
                known.append(route)
        for routes in self._routes.values():
            # Fixed words win over names: payments has terminals/activate beside terminals/{terminal_id}.
            routes.sort(key=lambda route: sum(segment.startswith("{") for segment in route.segments))
        self._remembered = lru_cache(_REMEMBERED)(self._look)

    @property
    def routes(self) -> list[Route]:
        """Every route that can be found, in the order of their paths."""
        return sorted((route for group in self._routes.values() for route in group), key=lambda route: route.segments)

    def methods(self, path: str) -> list[str]:
        """The methods that a path has, sorted; none if there is no such path."""
        segments = tuple(path.strip("/").split("/"))
        group = self._routes.get(self._group(segments), ())
        return sorted({route.endpoint.method for route in group if _match(route.segments, segments) is not None})

    @staticmethod
    def _group(segments: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
        return len(segments), segments[:4]

    def find(self, method: str, path: str) -> Found:
        """The row for a method and a path; one slash at the end is forgiven.

        Partners ask for the same again and again: what was found is remembered, the latest of it.

        Raises:
            NotFound: no row has this path.
            MethodNotAllowed: rows have it, but not with this method; `Allow` names those that exist.
        """
        return self._remembered(method, path) if len(path) <= _LONGEST_REMEMBERED else self._look(method, path)

    def _look(self, method: str, path: str) -> Found:
        segments = tuple(path.strip("/").split("/"))
        for route in self._routes.get(self._group(segments), ()):
            if route.method == method and (params := _match(route.segments, segments)) is not None:
                return Found(route, params)
        allowed = ", ".join(self.methods(path))
        if allowed:
            raise MethodNotAllowed(f"{method} is not defined here, only {allowed}", headers={"allow": allowed})
        raise NotFound(f"no such path: /{'/'.join(segments)[:200]}")


def _match(pattern: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    params: dict[str, str] = {}
    for expected, found in zip(pattern, segments, strict=True):
        if expected[0] == "{":
            value = unquote(found) if "%" in found else found
            if not value:
                return None
            params[expected[1:-1]] = value
        elif expected != found:
            return None
    return params
