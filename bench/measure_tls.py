# SPDX-License-Identifier: AGPL-3.0-or-later
"""What TLS with exporter material costs: our server's beside uvicorn's own, by Python's `ssl`, on kept connections.

Both carry the bare application, so that what is compared is TLS and nothing else.
"""

from __future__ import annotations

import ssl
from pathlib import Path

import trustme

from bench import data, serve_bare
from bench.children import Child
from bench.measure_http import Contest, take_turns
from bench.plan import Plan
from bench.report import Report
from bench.serve_bare import Ready

PAGE = 50
_AT_LEAST = 60


async def measure(report: Report, plan: Plan, folder: Path, core: int | None) -> None:
    """A short answer, a page, and a request with a body."""
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    certificate = folder / "server.pem"
    certificate.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    load = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    place = data.encode(data.location(0))
    puts = [data.put(number) for number in range(plan.locations)]
    gets = [data.get("/ocpi/2.2.1/sender/locations/DE/GEF/1")]
    for name, requests, body in (
        ("GET one Location", lambda: data.repeat(gets), _answer(place)),
        (f"GET a page of {PAGE}", lambda: data.repeat(gets), _answer(b"[" + b",".join([place] * PAGE) + b"]")),
        ("PUT a Location", lambda: data.renewed(puts), _answer(b"null")),
    ):
        contest = Contest(f"TLS 1.3: {name}, bare application", requests, _AT_LEAST)
        serve_bare.write(folder / "tls.json", Ready(status=200, headers=_headers(body), body=body))
        with _server(folder, "ssl", core) as theirs, _server(folder, "ours", core) as ours:
            await take_turns(report, plan, theirs, ours, contest, len(body), tls=load, theirs_is="Python's ssl")


def _server(folder: Path, by: str, core: int | None) -> Child:
    certificate = str(folder / "server.pem")
    return Child("serve_bare", str(folder / "tls.json"), "--tls", by, "--certificate", certificate, core=core)


def _answer(found: bytes) -> bytes:
    return b'{"data":%s,"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}' % found


def _headers(body: bytes) -> list[tuple[str, str]]:
    return [("content-type", "application/json"), ("content-length", str(len(body)))]
