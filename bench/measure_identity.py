# SPDX-License-Identifier: AGPL-3.0-or-later
"""What it costs to know who calls: token, one-time password, audit. In process, by computing time.

A request that is let in is no record of the audit log; one that is refused, or the first from another network, is. So
there are rows without a record, and one in which every request is one: noted, told, chained and written.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bench.load import quantile
from bench.plan import Plan
from bench.report import Report
from wwcp_ocpi.gateway.events import EventFeed
from wwcp_ocpi.protocol.credentials_token import TokenForm, authorization
from wwcp_ocpi.protocol.errors import NotAuthenticated
from wwcp_ocpi.protocol.http import Channel, Request
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security.audit import Event, Reason
from wwcp_ocpi.security.audit_log import AuditLog
from wwcp_ocpi.security.carriers import Carrier
from wwcp_ocpi.security.passwords import Expected
from wwcp_ocpi.security.totp import TOTP, configured
from wwcp_ocpi.server.caller import Caller, Login
from wwcp_ocpi.server.identity import Identity

ROUNDS = 60
CONNECTIONS = 200
MOST_US = 15.0
_TOKEN = Secret("bench-token-of-43-characters-as-ours-are-00")


class _Directory:
    """One partner."""

    generation = 1
    carriers: frozenset[Carrier] = frozenset()

    def __init__(self, way: TOTP | None) -> None:
        expected = Expected(ways=(way,)) if way is not None else None
        self._login = Login(id="bench", caller=Caller(partner="bench", token=_TOKEN), passwords=expected)

    def login(self, token: str) -> Login | None:
        return self._login if token == _TOKEN.reveal() else None

    def used(self, login: Login, way: int) -> None:
        """Nothing is ever replaced here."""


def measure(report: Report, plan: Plan, folder: Path) -> None:
    """A bare token, and what a password and a record of the audit log cost beyond it."""
    log = AuditLog(folder / "audit", Ed25519PrivateKey.generate())
    try:
        _measure(report, plan, log)
    finally:
        log.close()


def _measure(report: Report, plan: Plan, log: AuditLog) -> None:
    feed = EventFeed(log)
    way = configured("a-secret-for-the-bench-alone")
    bare = _us(plan, None, [_request({})], feed)
    report.add("know a caller by its token", bare, "us", details="by computing time")
    slot = way.slot_at(time.time())
    raw = [_request({"totp": f"0 {way.password(slot)}"})]
    bound = []
    for number in range(CONNECTIONS):
        channel = Channel(tls_version="TLSv1.3", exporter=number.to_bytes(32, "big"))
        bound.append(_request({"totp": f"1 {way.password(slot, channel.exporter or b'')}"}, channel))
    for name, requests in (("raw", raw), (f"bound to one of {CONNECTIONS} connections", bound)):
        beyond = _us(plan, way, requests, feed) - bare
        report.add(f"its one-time password, {name}", beyond, "us", at_most=MOST_US, details="beyond the token alone")
    beyond = _us(plan, way, bound, feed, log) - bare
    details = "beyond the token alone; noted, told, chained, written"
    report.add("its bound password and a record of the audit log", beyond, "us", at_most=MOST_US, details=details)
    wrong = [_request({"totp": "0 AAAAAAAAAAAA"})]
    beyond = _us(plan, way, wrong, feed, log, is_refused=True) - bare
    report.add("a wrong password, refused and on record", beyond, "us", details=details)


def _request(headers: dict[str, str], channel: Channel | None = None) -> Request:
    sent = {"authorization": authorization(_TOKEN, TokenForm.BASE64), **headers}
    return Request(method="GET", url="/ocpi/versions", headers=sent, source="192.0.2.1", channel=channel)


def _us(
    plan: Plan,
    way: TOTP | None,
    requests: Sequence[Request],
    feed: EventFeed,
    log: AuditLog | None = None,
    *,
    is_refused: bool = False,
) -> float:
    """Microseconds a request, in the middle of many rounds. With a log, each one ends as a record that is on disk."""
    at = time.time()
    identity = Identity(_Directory(way), refusals_per_minute=0, clock=lambda: at)
    identity.audit = feed
    count = max(plan.priced, len(requests))
    record = Event(Reason.NEW_NETWORK, "bench", "bench", "192.0.2.1", "GET /ocpi/versions", "request-id")

    def ask(request: Request) -> None:
        if not is_refused:
            identity.identify(request)
            if log is not None:
                feed.append(record)
            return
        try:
            identity.identify(request)
        except NotAuthenticated:
            return
        raise AssertionError("a wrong password was taken")

    for request in requests:
        ask(request)
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for number in range(count):
            ask(requests[number % len(requests)])
        if log is not None:
            log.flush()
        taken.append((time.process_time() - began) / count * 1e6)
    return quantile(sorted(taken), 0.5)
