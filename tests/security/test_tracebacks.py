# SPDX-License-Identifier: AGPL-3.0-or-later
"""A program that uses the library and never heard of structlog: what its standard error shows of a failed request."""

from __future__ import annotations

import subprocess
import sys

TOKEN = "a-token-that-nobody-may-read"

PROGRAM = """
import structlog
from wwcp_ocpi.gateway.config import Config
from wwcp_ocpi.gateway.gateway import Gateway

{before}
log = structlog.get_logger()

def fail(headers):
    raise RuntimeError("broken")

try:
    fail({{"authorization": "Token {token}"}})
except RuntimeError:
    log.exception("request.failed")
"""


def _printed(before: str) -> str:
    code = PROGRAM.format(before=before, token=TOKEN)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    return done.stdout + done.stderr


def test_as_structlog_comes_the_traceback_shows_the_token() -> None:
    assert TOKEN in _printed("").replace("\n", "")


def test_with_a_gateway_the_traceback_shows_no_values() -> None:
    printed = _printed("Gateway(Config())")
    assert "RuntimeError: broken" in printed
    assert "in fail" in printed
    assert TOKEN not in printed


def test_who_configures_structlog_decides() -> None:
    printed = _printed("structlog.configure(processors=[structlog.processors.JSONRenderer()]); Gateway(Config())")
    assert printed.splitlines()[-1] == '{"exc_info": true, "event": "request.failed"}'
