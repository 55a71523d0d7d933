# SPDX-License-Identifier: AGPL-3.0-or-later
"""`serve` as a process of its own: it says where it is, drains when told to stop, and forgets nothing when killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from tests.cli.running import CLI, written
from tests.gateway.gateways import config as gateway_config
from tests.objects import location
from tests.platforms import CPO
from wwcp_ocpi import Gateway
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.protocol.http import Request
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.wwcp.sample.network import sample_json

DEADLINE_S = 60.0


@asynccontextmanager
async def serving(config: Path, *args: str) -> AsyncIterator[Process]:
    """The process; it is killed at the end if it is still there."""
    command = [sys.executable, "-m", "wwcp_ocpi", "serve", "--config", str(config), *args]
    process = await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, stderr=PIPE)
    try:
        async with asyncio.timeout(DEADLINE_S):
            yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def urls_of(process: Process) -> dict[str, str]:
    assert process.stdout is not None
    line = await process.stdout.readline()
    assert line, (await process.communicate())[1].decode()
    found: dict[str, str] = json.loads(line)
    return found


async def got(url: str) -> object:
    async with HTTPTransport() as transport:
        return json.loads((await transport(Request(method="GET", url=url))).body)


async def test_it_prints_its_urls_answers_and_stops_with_code_0(tmp_path: Path) -> None:
    async with serving(written(tmp_path, port=0), "--json") as process:
        urls = await urls_of(process)
        base = urls["health_url"].removesuffix("/-/health")
        assert urls == {"versions_url": f"{base}/ocpi/versions", "health_url": f"{base}/-/health"}
        assert await got(urls["health_url"]) == {"status": "ok"}
        process.terminate()
        out, err = await process.communicate()
        assert (process.returncode, out, err) == (0, b"", b"")
        with pytest.raises(Unreachable):
            await got(urls["health_url"])


async def test_for_people_the_urls_stand_on_standard_error_and_ctrl_c_stops_it(tmp_path: Path) -> None:
    async with serving(written(tmp_path, port=0)) as process:
        assert process.stderr is not None
        lines = [await process.stderr.readline(), await process.stderr.readline()]
        assert [line.split()[0] for line in lines] == [b"versions:", b"health:"]
        assert await got(lines[1].split()[1].decode()) == {"status": "ok"}
        process.send_signal(signal.SIGINT)
        out, err = await process.communicate()
        assert (process.returncode, out, err) == (0, b"", b"")


async def test_killed_at_any_moment_it_has_everything_that_it_acknowledged(cli: CLI, tmp_path: Path) -> None:
    version = VERSIONS["2.2.1"]
    cls = version.object_named("Location")
    bodies = {f"L{number}": json.dumps(location("2.2.1", f"L{number}")).encode() for number in range(2000)}
    acknowledged: list[str] = []
    config = written(tmp_path, role="EMSP", port=0)
    async with Gateway(gateway_config(tmp_path)) as cpo, serving(config, "--json") as process:
        urls = await urls_of(process)
        port = int(urls["versions_url"].split("/")[2].rpartition(":")[2])
        config = written(tmp_path, role="EMSP", port=port)
        invited = await asyncio.to_thread(cli, "party", "invite", "gef", "--json")
        token = Secret(invited.json["token"])
        await cpo.platform.registration.join("emp", urls["versions_url"], token, versions=["2.2.1"])
        peer = cpo.platform.peer("emp")

        async def push(id: str) -> None:
            await peer.put_bytes(cls, bodies[id], id, owner=CPO)
            acknowledged.append(id)
            if len(acknowledged) == 60:
                os.kill(process.pid, signal.SIGKILL)

        pushed = await asyncio.gather(*map(push, bodies), return_exceptions=True)
        assert all(isinstance(result, Unreachable) for result in pushed if result is not None)
        assert len(bodies) > len(acknowledged) >= 60
        await process.wait()
        assert process.returncode == -signal.SIGKILL

        async with serving(config, "--json") as again:
            assert await urls_of(again) == urls
            (partner,) = (await asyncio.to_thread(cli, "party", "list", "--json")).json
            assert (partner["id"], partner["state"], partner["version"]) == ("gef", "registered", "2.2.1")
            kept = [await peer.get_bytes(cls, id, owner=CPO) for id in acknowledged]
            assert kept == [bodies[id] for id in acknowledged]


def test_a_roaming_network_is_loaded_and_published_before_the_urls_are_printed(
    cli: CLI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "network.json").write_bytes(sample_json(7))
    monkeypatch.setenv("WWCP_OCPI_WWCP_NETWORK", "network.json")
    file = written(tmp_path, port=0)
    others = "".join(f'[[party]]\nid = "{id}"\nrole = "CPO"\n' for id in ("NL*VBL", "FR*EXR"))
    file.write_text(f"{file.read_text()}\n{others}")

    async def run_forever(self: HTTPServer) -> None:
        """Told to stop at once."""

    monkeypatch.setattr(HTTPServer, "run_forever", run_forever)
    for machine, stream in (["--json"], "out"), ([], "err"):
        ran = cli("serve", *machine)
        assert ran.code == 0
        assert getattr(ran, stream).count("/ocpi/versions") == 1
    assert len(cli("export", "--version", "2.3.0").lines) == 200


@pytest.mark.parametrize("machine", [[], ["--json"]], ids=["people", "json"])
def test_a_gateway_that_cannot_start_says_why_in_one_line(cli: CLI, tmp_path: Path, machine: list[str]) -> None:
    whole = written(tmp_path, port=0).read_text()
    for text, said in (
        (whole.partition("[[party]]")[0], "party: expected at least one [[party]] with id and role"),
        (f"{whole}[wwcp]\nnetwork = 'no.json'", "wwcp.network: no.json: No such file or directory"),
    ):
        (tmp_path / "wwcp-ocpi.toml").write_text(text)
        ran = cli("serve", *machine)
        assert (ran.code, ran.out, ran.err) == (2, "", f"wwcp-ocpi: {said}\n")


def test_the_effective_configuration_is_shown_with_secrets_named_by_their_place(
    cli: CLI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(tmp_path)
    monkeypatch.setenv("WWCP_OCPI_STORE_KEY", "env:THE_KEY")
    monkeypatch.setenv("THE_KEY", "ab" * 32)
    found = cli("config", "show", "--json").json
    assert (found["server"]["port"], found["store"]["key"]) == (2310, "env:THE_KEY")
    assert found["party"] == [{"id": "DE*GEF", "role": "CPO", "name": "", "website": ""}]
    ran = cli("config", "show")
    assert (ran.code, ran.err) == (0, "")
    for text in ("server.port", "2310", "env:THE_KEY", "DE*GEF as CPO"):
        assert text in ran.out
    assert "ab" * 32 not in ran.out
