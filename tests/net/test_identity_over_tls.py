# SPDX-License-Identifier: AGPL-3.0-or-later
"""A partner with bound passwords on real connections. What a thief tries there is in tests/attacks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.identity_setting import SECRET, TOKEN, Setting, setting, totp
from tests.net.serving import DEADLINE_S, serving
from tests.net.tls_setting import Files, serving_tls
from wwcp_ocpi.client import Retries
from wwcp_ocpi.client.passwords import Passwords
from wwcp_ocpi.client.wire import Wire
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.protocol.http import Request, Response


class Served(NamedTuple):
    """A platform on a port of TLS 1.3, what it was asked, and the files of its authority."""

    made: Setting
    url: str
    asked: list[Request]
    files: Files

    def wire(self, transport: HTTPTransport) -> Wire:
        passwords = Passwords(totp=totp(SECRET), is_bound=True, clock=self.made.clock)
        return Wire(transport, TOKEN, TokenForm.BASE64, retries=Retries(attempts=1), passwords=passwords)

    def transport(self) -> HTTPTransport:
        return HTTPTransport(tls=self.files.client())


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Served]:
    files, asked = Files(folder), list[Request]()
    made = await setting()
    await made.demand(must_bind=True)

    async def handler(request: Request) -> Response:
        asked.append(request)
        return await made.made.server.handle(request)

    async with serving_tls(files.server(), handler) as server:
        yield Served(made, f"https://localhost:{server.port}/ocpi/versions", asked, files)


async def test_twenty_requests_at_once_each_with_the_password_of_its_connection(tmp_path: Path) -> None:
    async with asyncio.timeout(DEADLINE_S), served(tmp_path) as here, here.transport() as transport:
        wire = here.wire(transport)
        answers = await asyncio.gather(*(wire.send("GET", here.url) for _ in range(20)))
        assert {answer.status for answer in answers} == {200}
        passwords = {(one.headers["totp"], one.channel.exporter if one.channel else None) for one in here.asked}
        assert len({password for password, _ in passwords}) == len({exporter for _, exporter in passwords}) > 1


async def test_without_tls_nothing_is_sent_that_must_be_bound(tmp_path: Path) -> None:
    asked: list[Request] = []

    async def handler(request: Request) -> Response:
        asked.append(request)
        return Response(status=200)

    async with served(tmp_path) as here, serving(handler) as plain, HTTPTransport() as transport:
        with pytest.raises(Unreachable, match="not TLS"):
            await here.wire(transport).send("GET", plain.base_url)
    assert asked == []
