# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every program in `examples` runs, and does for a partner over HTTP what it says that it does."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from examples import accept_cdrs, authorize_tokens, modify_partner, run_commands, wwcp_operator, wwcp_provider
from tests.cli.running import written
from tests.commanding import START, fields
from tests.gateway.gateways import DEADLINE_S, config
from tests.objects import cdr, evse, location
from tests.platforms import ALL_VERSIONS, CPO
from wwcp_ocpi import Gateway
from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.gateway.config import load
from wwcp_ocpi.gateway.opening import open_platform
from wwcp_ocpi.protocol.errors import Refused
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.server.decisions import CommandOutcome

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)
FOLDER = Path(__file__).parents[2] / "examples"
OTHER = {"CPO": "EMSP", "EMSP": "CPO"}
Main = Callable[[str], Awaitable[None]]


@asynccontextmanager
async def partner_of(
    main: Main, role: str, version: str, folder: Path, capsys: pytest.CaptureFixture[str], name: str = "acme"
) -> AsyncIterator[Gateway]:
    """A gateway that is registered with an example in that role, which it calls `example`."""
    file = written(folder, role=role, port=0)

    async def run() -> None:
        await main(str(file))

    example = asyncio.create_task(run())
    try:
        async with Gateway(config(folder, OTHER[role])) as partner, open_platform(load(file)) as beside:
            url = await _printed(example, capsys)
            token = await beside.registration.invite(name)
            await partner.platform.registration.join("example", url, token, versions=[version])
            yield partner
    finally:
        example.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await example


async def _printed(example: asyncio.Task[None], capsys: pytest.CaptureFixture[str]) -> str:
    """The versions URL that the example prints when it is ready."""
    said = ""
    async with asyncio.timeout(DEADLINE_S):
        while not (found := re.search(r"^http://\S+/ocpi/versions$", said, re.MULTILINE)):
            assert not example.done(), said
            await asyncio.sleep(0.005)
            said += capsys.readouterr().out
    return found[0]


def peer(partner: Gateway) -> Peer:
    return partner.platform.peer("example")


async def test_an_authorizer_knows_its_cards(version: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with partner_of(authorize_tokens.main, "EMSP", version, tmp_path, capsys) as cpo:
        found = await peer(cpo).authorize("04E7A1B2C3D480")
        assert found.allowed.value == "ALLOWED"
        with pytest.raises(Refused) as refusal:
            await peer(cpo).authorize("unknown")
        assert refusal.value.http_status == 404


async def test_a_commander_starts_a_session(version: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with partner_of(run_commands.main, "CPO", version, tmp_path, capsys) as emsp:
        sent = await emsp.platform.commands.send("example", START, fields(version, START))
        assert sent.is_accepted
        assert await sent.result() == CommandOutcome(result="ACCEPTED")
        unlock = await emsp.platform.commands.send("example", "UNLOCK_CONNECTOR", fields(version, "UNLOCK_CONNECTOR"))
        assert unlock.answer.result == "NOT_SUPPORTED"


async def test_a_clerk_takes_the_cdrs_of_its_drivers(
    version: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with partner_of(accept_cdrs.main, "EMSP", version, tmp_path, capsys) as cpo:
        cls, ours = VERSIONS[version].object_named("CDR"), json.dumps(cdr(version)).encode()
        url = await peer(cpo).post_bytes(cls, ours)
        assert url is not None
        assert url.endswith("/DE/GEF/C1")
        theirs = ours.replace(b"NL-EMP-C1", b"FR-OTH-C1").replace(b'"C1"', b'"C2"')
        with pytest.raises(Refused, match=r"2001 cdrs/C2: FR-OTH-C1 is no contract of ours"):
            await peer(cpo).post_bytes(cls, theirs)


async def test_modifiers_make_a_partner_understood(
    version: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with partner_of(modify_partner.main, "EMSP", version, tmp_path, capsys) as acme:
        seen: list[Request] = []
        respond = acme.platform.server.respond

        async def watched(request: Request) -> Response:
            seen.append(request)
            return await respond(request)

        monkeypatch.setattr(acme.platform.server, "respond", watched)
        cls = VERSIONS[version].object_named("Location")
        body: dict[str, Any] = location(version, evses=[evse(version, status="Available")])
        await peer(acme).put_bytes(cls, json.dumps(body).encode(), "LOC1", owner=CPO)
        stored: Any = await peer(acme).get(cls, "LOC1", owner=CPO)
        assert stored.evses[0].status.value == "AVAILABLE"
        await acme.platform.registration.renew("example", versions=[version])
        assert seen
        assert {request.headers["ocp-apim-subscription-key"] for request in seen} == {"our key at acme"}


def test_every_example_is_tried_and_short(version: str) -> None:
    assert version in ALL_VERSIONS
    here = (accept_cdrs, authorize_tokens, modify_partner, run_commands)
    in_their_room = (wwcp_operator, wwcp_provider)  # tests/wwcp/test_wwcp_examples.py
    tried = {module.__file__ for module in (*here, *in_their_room)}
    assert {str(path) for path in FOLDER.glob("*.py")} == tried
