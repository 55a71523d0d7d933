# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many requests came, of which kind, how they ended and how long they took. Runs once a request: about 1 µs.

What is counted apart comes from our own tables, so that no caller can make the counters grow: a path that is none of
ours, and a method that is none, have one place together.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from wwcp_ocpi.protocol.http import Request
from wwcp_ocpi.server.routing import Route

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The upper ends of the classes of durations, in seconds; what took longer is in one more."""
OTHER = "other"
_METHODS = frozenset({"GET", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"})
_NOWHERE = (OTHER, OTHER)
_DEPTH = 5
"""Pieces of a path, the empty one before its first slash included, that say which version and module it is about."""


class Kind(NamedTuple):
    """What is counted together. `status` is the first digit of the HTTP status."""

    version: str
    module: str
    method: str
    status: int


class Durations:
    """How many requests fell into each class of `BOUNDS_S`, and the sum of all in seconds."""

    __slots__ = ("counts", "sum_s")

    def __init__(self) -> None:
        self.counts = [0] * (len(BOUNDS_S) + 1)
        self.sum_s = 0.0


class Traffic:
    """The counters of one server, by its routes."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.kinds: dict[Kind, Durations] = {}
        self._places = {("", *route.segments)[:_DEPTH]: _place(route) for route in routes}
        self._known: dict[tuple[str | int, ...], Durations] = {}

    def count(self, request: Request, status: int, seconds: float) -> None:
        """One request was answered."""
        pieces = request.url.partition("?")[0].split("/", _DEPTH)
        durations = self._known.get((request.method, status, *pieces[:_DEPTH]))
        if durations is None:
            durations = self._find(request.method, status, tuple(pieces[:_DEPTH]))
        durations.counts[bisect_left(BOUNDS_S, seconds)] += 1
        durations.sum_s += seconds

    def _find(self, method: str, status: int, pieces: tuple[str, ...]) -> Durations:
        place = self._places.get(pieces[:-1] if pieces[-1] == "" else pieces)
        is_method = method in _METHODS
        kind = Kind(*(place or _NOWHERE), method if is_method else OTHER, status // 100)
        durations = self.kinds.get(kind)
        if durations is None:
            durations = self.kinds[kind] = Durations()
        if place is not None and is_method:
            # Only words of ours: what callers make up is not remembered.
            self._known[method, status, *pieces] = durations
        return durations


def _place(route: Route) -> tuple[str, str]:
    """Version and module; the list of versions has no version."""
    number = route.version.number
    return number if number in route.segments else "", route.module.identifier
