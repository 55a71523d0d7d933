# SPDX-License-Identifier: AGPL-3.0-or-later
"""`/-/metrics`: what a gateway did and what it holds, in the text format of Prometheus. See docs/metrics.md.

Counters live where things happen; here they get their names. Labels come from our tables and from the names that the
operator gave to partners: no id, no token, no text of a partner is in them.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from importlib.metadata import version as installed
from itertools import accumulate
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.gateway.traffic import BOUNDS_S, OTHER, Traffic
from wwcp_ocpi.protocol.shape import field_names
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.security.audit import Reason
from wwcp_ocpi.server.bridge import Unsaid
from wwcp_ocpi.store.ports import Side

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FRESH_S = 1.0
"""How long a page is shown again: whoever asks more often costs no more."""
_KINDS = sorted({kind for version in VERSIONS.values() for kind in version.kinds})
_FIELDS = frozenset(
    name for version in VERSIONS.values() for cls in version.objects.values() for name in field_names(cls)
)

NOTHING: Mapping[Reason, int] = MappingProxyType({})

_Values: TypeAlias = Iterable[tuple[Sequence[str], float]]


class Metrics:
    """Makes the page of one gateway. `files` are those of its database, `events` those of its audit log."""

    def __init__(
        self, platform: Platform, traffic: Traffic, files: Sequence[Path] = (), events: Mapping[Reason, int] = NOTHING
    ) -> None:
        self._platform = platform
        self._traffic = traffic
        self._files = files
        self._events = events
        self._lock = asyncio.Lock()
        self._page = b""
        self._until = 0.0

    async def page(self) -> bytes:
        """Everything as it is now, or was a second ago."""
        async with self._lock:
            if time.monotonic() >= self._until:
                registry = CollectorRegistry()
                registry.register(_Ready([family async for family in self._families()]))
                for made in (ProcessCollector, PlatformCollector, GCCollector):
                    made(registry=registry)
                self._page = generate_latest(registry)
                self._until = time.monotonic() + FRESH_S
            return self._page

    async def _families(self) -> AsyncIterator[Metric]:
        platform = self._platform
        yield _gauge("wwcp_ocpi_info", "The program.", ("version",), [((installed("wwcp-ocpi"),), 1)])
        yield _counter(
            "wwcp_ocpi_requests",
            "Requests of partners that were answered.",
            ("version", "module", "method", "status"),
            (((*kind[:3], f"{kind.status}xx"), sum(took.counts)) for kind, took in self._traffic.kinds.items()),
        )
        yield self._durations()
        states = Counter(partner.state() for partner in platform.book.all())
        yield _gauge(
            "wwcp_ocpi_partners", "Partners by state.", ("state",), (((state,), n) for state, n in states.items())
        )
        outcome = ("partner", "outcome")
        yield _counter("wwcp_ocpi_pushes", "What became of pushes.", outcome, platform.courier.counts.items())
        waiting = [((one.id,), await platform.store.waiting(one.id)) for one in platform.book.all()]
        yield _gauge("wwcp_ocpi_pushes_waiting", "Pushes that are not done yet.", ("partner",), waiting)
        yield _counter("wwcp_ocpi_pulls", "What became of pulls, by list.", outcome, platform.puller.counts.items())
        yield await self._pulled()
        noted = (((reason.code, reason.severity.value), count) for reason, count in self._events.items())
        yield _counter("wwcp_ocpi_security_events", "Events of the audit log.", ("event", "severity"), noted)
        found = platform.server.findings.items()
        yield _counter("wwcp_ocpi_findings", "Objects received that were not as specified.", ("partner", "rule"), found)
        checks = platform.cdr_checks
        verdicts = checks.verdicts.items()
        yield _counter("wwcp_ocpi_cdr_checks", "CDRs of partners that were checked.", ("partner", "verdict"), verdicts)
        doubts = checks.reasons.items()
        yield _counter("wwcp_ocpi_cdr_doubts", "Why they were not OK; several a CDR.", ("partner", "reason"), doubts)
        yield _conversions("losses", "Fields that a version could not be told.", platform.bridge.lost)
        yield _conversions("refusals", "Objects that a version could not be told at all.", platform.bridge.refused)
        asked = {
            (asking.module, *key): count
            for asking in (platform.commands, platform.profiles)
            for key, count in asking.counts.items()
        }
        what = ("module", "command", "outcome")
        yield _counter("wwcp_ocpi_asked", "What we asked partners to do, and what came of it.", what, asked.items())
        orders = platform.desk.counts.items()
        yield _counter("wwcp_ocpi_orders", "What partners asked us to do, and what came of it.", what, orders)
        stored = [
            ((side.value, kind), count)
            for side in Side
            for kind in _KINDS
            if (count := await platform.store.count(side, kind))
        ]
        yield _gauge("wwcp_ocpi_objects", "Objects that are stored.", ("side", "kind"), stored)
        size = sum(file.stat().st_size for file in self._files if file.exists())
        yield _gauge("wwcp_ocpi_store_bytes", "Size of the database files.", (), [((), size)] if self._files else ())

    def _durations(self) -> Metric:
        name, text = "wwcp_ocpi_request_duration_seconds", "How long answers to partners took."
        family = HistogramMetricFamily(name, text, labels=("module", "method"))
        ends = [*map(str, BOUNDS_S), "+Inf"]
        sums: dict[tuple[str, str], tuple[list[int], float]] = {}
        for kind, took in self._traffic.kinds.items():
            counts, sum_s = sums.get((kind.module, kind.method), ([0] * len(ends), 0.0))
            together = [one + other for one, other in zip(counts, took.counts, strict=True)]
            sums[kind.module, kind.method] = together, sum_s + took.sum_s
        for labels, (counts, sum_s) in sorted(sums.items()):
            family.add_metric(labels, list(zip(ends, map(float, accumulate(counts)), strict=True)), sum_s)
        return family

    async def _pulled(self) -> Metric:
        moments = [
            ((partner.id, kind), known.done / 1e6)
            for partner in self._platform.book.all()
            for kind, known in (await self._platform.puller.state(partner.id)).kinds.items()
            if known.done
        ]
        text = "When the last pull began that came to its end, in seconds since 1970."
        return _gauge("wwcp_ocpi_pulled_timestamp_seconds", text, ("partner", "kind"), moments)


class _Ready(Collector):
    """Families that were made already: what is in the store is read asynchronously, and Prometheus asks at once."""

    def __init__(self, families: Sequence[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterable[Metric]:
        """All of them."""
        return self._families


def _counter(name: str, text: str, labels: Sequence[str], values: _Values) -> Metric:
    family = CounterMetricFamily(name, text, labels=labels)
    for names, value in sorted(values):
        family.add_metric(names, value)
    return family


def _gauge(name: str, text: str, labels: Sequence[str], values: _Values) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for names, value in sorted(values):
        family.add_metric(names, value)
    return family


def _conversions(what: str, text: str, counted: Mapping[Unsaid, int]) -> Metric:
    sums: Counter[tuple[str, ...]] = Counter()
    for place, count in counted.items():
        sums[place.kind, place.source, place.target, _known_path(place.path)] += count
    return _counter(f"wwcp_ocpi_conversion_{what}", text, ("kind", "source", "target", "path"), sums.items())


def _known_path(path: str) -> str:
    """A path of fields that OCPI has; one with a name that a partner chose is told apart from none of its kind."""
    names = path.replace("[]", "").split(".")[1:]
    return path if path.startswith("$") and _FIELDS.issuperset(names) else OTHER
