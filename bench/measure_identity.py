# SPDX-License-Identifier: AGPL-3.0-or-later
"""What it costs to know who calls: token, one-time password, certificate rule. In process, by computing time."""

from __future__ import annotations

import time
from collections.abc import Sequence

from bench.load import quantile
from bench.plan import Plan
from bench.report import Report
from wwcp_ocpi.protocol.credentials_token import TokenForm, authorization
from wwcp_ocpi.protocol.http import Channel, Request
from wwcp_ocpi.scalars import Secret
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


def measure(report: Report, plan: Plan) -> None:
    """A bare token, and with a password that is raw or bound to one of many connections, beyond the bare token."""
    way = configured("a-secret-for-the-bench-alone")
    bare = _us(plan, None, [_request({})])
    report.add("know a caller by its token", bare, "us", details="by computing time")
    slot = way.slot_at(time.time())
    raw = [_request({"totp": f"0 {way.password(slot)}"})]
    bound = []
    for number in range(CONNECTIONS):
        channel = Channel(tls_version="TLSv1.3", exporter=number.to_bytes(32, "big"))
        bound.append(_request({"totp": f"1 {way.password(slot, channel.exporter or b'')}"}, channel))
    for name, requests in (("raw", raw), (f"bound to one of {CONNECTIONS} connections", bound)):
        beyond = _us(plan, way, requests) - bare
        report.add(f"its one-time password, {name}", beyond, "us", at_most=MOST_US, details="beyond the token alone")


def _request(headers: dict[str, str], channel: Channel | None = None) -> Request:
    sent = {"authorization": authorization(_TOKEN, TokenForm.BASE64), **headers}
    return Request(method="GET", url="/ocpi/versions", headers=sent, source="192.0.2.1", channel=channel)


def _us(plan: Plan, way: TOTP | None, requests: Sequence[Request]) -> float:
    """Microseconds a request, in the middle of many rounds."""
    at = time.time()
    identity = Identity(_Directory(way), clock=lambda: at)
    count = max(plan.priced, len(requests))
    for request in requests:
        identity.identify(request)
    taken = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for number in range(count):
            identity.identify(requests[number % len(requests)])
        taken.append((time.process_time() - began) / count * 1e6)
    return quantile(sorted(taken), 0.5)
