# SPDX-License-Identifier: AGPL-3.0-or-later
"""Text of a caller that stands in logs and tables: it ends lines, forges records, moves cursors, turns text around.

The weak half is the line that a program writes which puts such a text into it as it is.
"""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.attacks.hostile import spoken
from tests.attacks.listed import attack
from tests.cli.running import CLI, written
from tests.objects import cdr
from tests.platforms import CPO
from wwcp_ocpi import Gateway
from wwcp_ocpi.cli.output import configuration
from wwcp_ocpi.gateway.config import load
from wwcp_ocpi.partners import Access, PartnerParty, Purpose
from wwcp_ocpi.security.audit_log import files

ESCAPE, C1, TURNED = "\x1b[2J\x1b[31m", "\x9b2J", "\u202e"
FORGED = '{"n":1,"at":"2026-01-01T00:00:00.000Z","event":"audit_opened","severity":"info"}'
HOSTILE = f"R1\r\n{FORGED}\n{ESCAPE}{C1}{TURNED}"
CONTROLS = frozenset("\x1b\x9b\u202e\r")


def weak_line(text: str) -> str:
    """What a log that trusts its callers writes."""
    return f"2026-01-01 refused, request {text}\n"


async def asked(port: int) -> list[bytes]:
    """What a stranger tries, and what it is told."""
    token = base64.b64encode(HOSTILE.encode())
    raw = HOSTILE.encode("utf-8")
    line = raw.replace(b"\r", b"").replace(b"\n", b"").replace(b"\x1b", b"")
    path = b"/ocpi/%0d%0a%1b%5b2J%c2%9b2J%e2%80%ae"
    end = b"\r\nhost: h\r\nconnection: close\r\n"
    tries = [
        b"GET /ocpi/versions HTTP/1.1" + end + b"x-request-id: " + raw + b"\r\n\r\n",
        b"GET /ocpi/versions HTTP/1.1" + end + b"x-request-id: " + line + b"\r\n\r\n",
        b"GET " + path + b" HTTP/1.1" + end + b"x-request-id: " + C1.encode("latin-1") + b"\r\n\r\n",
        b"GET /ocpi/\x1b[2J HTTP/1.1" + end + b"\r\n",
        b"GET /ocpi/versions HTTP/1.1" + end + b"authorization: Token " + token + b"\r\n\r\n",
        b"GET /ocpi/versions HTTP/1.1" + end + b"authorization: Token " + line + b"\r\n\r\n",
        b"GET /ocpi/versions?x=%0a" + b" HTTP/1.1" + end + b"authorization: Basic " + token + b"\r\n\r\n",
    ]
    return [await spoken(port, one) for one in tries]


@attack("log-injection")
@pytest.mark.parametrize("as_json", [False, True], ids=["for people", "JSON"])
async def test_headers_paths_and_tokens(
    cli: CLI, tmp_path: Path, capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    shown = weak_line(HOSTILE)
    assert FORGED in shown.splitlines()
    assert set(shown) >= CONTROLS

    path = written(tmp_path, port=0)
    path.write_text(path.read_text().replace('level = "warning"', f'level = "info"\njson = {str(as_json).lower()}'))
    configuration(path)
    async with Gateway(load(path)) as gateway:
        statuses = [int(said.split(b" ", 2)[1]) for said in await asked(gateway.http.port)]
    assert statuses == [400, 401, 401, 400, 401, 401, 401]
    log = capsys.readouterr().err
    assert not CONTROLS & set(log)
    assert FORGED not in log.splitlines()

    (file,) = files(gateway.audit.folder)
    records = [json.loads(line) for line in file.read_bytes().splitlines()]
    assert file.read_bytes().isascii()
    assert [one["event"] for one in records].count("audit_opened") == 1
    assert [one["event"] for one in records].count("unknown_token") == statuses.count(401)
    assert [one["n"] for one in records] == list(range(1, len(records) + 1))

    ran = cli("audit", "tail", "--config", path)
    assert not CONTROLS & set(ran.out + ran.err)
    ran = cli("audit", "tail", "--config", path, "--json")
    assert len(ran.out.splitlines()) == len(records)
    assert cli("audit", "verify", "--config", path).code == 0


@attack("log-injection")
async def test_the_name_of_a_partner_and_the_id_of_its_cdr(
    cli: CLI, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both are the partner's to choose, and stand in tables of the command line."""
    path = written(tmp_path, role="EMSP", port=0)
    path.write_text(path.read_text().replace('level = "warning"', 'level = "info"'))
    configuration(path)
    async with Gateway(load(path)) as gateway:
        await known(gateway)
        for id in (HOSTILE, f"C{C1}{TURNED}"):  # the second has nothing for which a renderer would quote it
            body = json.dumps(cdr("2.2.1", id=id)).encode()
            head = f"POST /ocpi/2.2.1/receiver/cdrs HTTP/1.1\r\nhost: h\r\ncontent-length: {len(body)}\r\n"
            head += "content-type: application/json\r\nauthorization: Token aHVzaA==\r\nconnection: close\r\n\r\n"
            said = await spoken(gateway.http.port, head.encode() + body)
            assert b"HTTP/1.1 201 " in said
            assert not {0x1B, 0x9B} & set(said)
        await gateway.platform.cdr_checks.settle()
    log = capsys.readouterr().err
    assert "cdr.checked" in log
    assert not CONTROLS & set(log)

    weak = weak_line(HOSTILE)
    assert set(weak) >= CONTROLS
    for command, json_has_it in (
        (("party", "list"), True),
        (("party", "show", "partner"), True),
        (("cdrs", "checks"), True),
        (("audit", "tail"), False),
    ):
        ran = await asyncio.to_thread(cli, *command, "--config", path)
        assert ran.code == 0, command
        assert not CONTROLS & set(ran.out + ran.err), command
        assert FORGED not in ran.out.splitlines()
        ran = await asyncio.to_thread(cli, *command, "--config", path, "--json")
        assert json_has_it == (HOSTILE in str_of(ran.lines)), command


async def known(gateway: Gateway) -> None:
    """A partner that is registered, with a name that it made up."""
    book = gateway.platform.book
    access = Access(hash=book._vault.hash_of("hush"), purpose=Purpose.ACCESS)
    party = PartnerParty(id=CPO, role="CPO", name=HOSTILE)
    await book.change("partner", lambda one: replace(one, name=HOSTILE, access=(access,), parties=(party,)))


def str_of(lines: list[Any]) -> str:
    """Every text in it, as it was before it was JSON."""
    found: list[str] = []
    waiting: list[Any] = list(lines)
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            found.append(one)
        elif isinstance(one, dict):
            waiting += one.values()
        elif isinstance(one, list):
            waiting += one
    return "|".join(found)
