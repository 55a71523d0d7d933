# SPDX-License-Identifier: AGPL-3.0-or-later
"""A partner with token, bound password and certificate on real connections, and who captured all that it ever sent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.identity_setting import SECRET, TOKEN, Setting, setting, totp
from tests.net.serving import DEADLINE_S, serving
from tests.net.tls_setting import Files, certificate, serving_tls
from wwcp_ocpi.client import Retries
from wwcp_ocpi.client.passwords import Passwords
from wwcp_ocpi.client.wire import Wire
from wwcp_ocpi.gateway.config import Config, ServerSection
from wwcp_ocpi.gateway.trusting import certificate_reader
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.protocol.errors import NotAuthenticated, Unreachable
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.security.audit import Reason
from wwcp_ocpi.security.certificates import CertificateRule
from wwcp_ocpi.security.pki.keys import pin_of


class Served(NamedTuple):
    """A platform on a port of TLS 1.3, what it was asked, and the files of its authority."""

    made: Setting
    url: str
    asked: list[Request]
    files: Files

    def wire(self, transport: HTTPTransport, *, bound: bool = True) -> Wire:
        passwords = Passwords(totp=totp(SECRET), is_bound=bound, clock=self.made.clock)
        return Wire(transport, TOKEN, TokenForm.BASE64, retries=Retries(attempts=1), passwords=passwords)

    def transport(self, **tls: str) -> HTTPTransport:
        return HTTPTransport(tls=self.files.client(**tls))


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Served]:
    files, asked = Files(folder), list[Request]()
    made = await setting()
    await made.demand(must_bind=True)

    async def handler(request: Request) -> Response:
        asked.append(request)
        return await made.made.server.handle(request)

    ca = {"client_certificates": "optional", "client_ca": files.ca}
    made.made.server.identity.certificates = certificate_reader(Config(server=ServerSection(client_ca=files.ca)))
    async with serving_tls(files.server(**ca), handler) as server:
        yield Served(made, f"https://localhost:{server.port}/ocpi/versions", asked, files)


async def test_twenty_requests_at_once_each_with_the_password_of_its_connection(tmp_path: Path) -> None:
    async with asyncio.timeout(DEADLINE_S), served(tmp_path) as here, here.transport() as transport:
        wire = here.wire(transport)
        answers = await asyncio.gather(*(wire.send("GET", here.url) for _ in range(20)))
        assert {answer.status for answer in answers} == {200}
        passwords = {(one.headers["totp"], one.channel.exporter if one.channel else None) for one in here.asked}
        assert len({password for password, _ in passwords}) == len({exporter for _, exporter in passwords}) > 1


async def test_what_was_captured_is_worth_nothing_on_another_connection(tmp_path: Path) -> None:
    async with asyncio.timeout(DEADLINE_S), served(tmp_path) as here, here.transport() as transport:
        await here.wire(transport).send("GET", here.url)
        (captured,) = here.asked
        replay = Request(method="GET", url=here.url, headers=dict(captured.headers) | {"host": "localhost"})
        async with here.transport() as thief:
            response = await thief(replay)
        assert response.status == 401
        assert response.headers["www-authenticate"] == "Token"
        assert here.made.audit.taken() == [Reason.INVALID_TOTP]
        await here.wire(transport).send("GET", here.url)


async def test_a_raw_password_is_refused_where_it_must_be_bound(tmp_path: Path) -> None:
    async with asyncio.timeout(DEADLINE_S), served(tmp_path) as here, here.transport() as transport:
        with pytest.raises(NotAuthenticated):
            await here.wire(transport, bound=False).send("GET", here.url)
        assert here.made.audit.taken() == [Reason.UNBOUND_TOTP]
        await here.made.demand(must_bind=False)
        assert (await here.wire(transport, bound=False).send("GET", here.url)).status == 200


async def test_without_tls_nothing_is_sent_that_must_be_bound(tmp_path: Path) -> None:
    asked: list[Request] = []

    async def handler(request: Request) -> Response:
        asked.append(request)
        return Response(status=200)

    async with served(tmp_path) as here, serving(handler) as plain, HTTPTransport() as transport:
        with pytest.raises(Unreachable, match="not TLS"):
            await here.wire(transport).send("GET", plain.base_url)
    assert asked == []


async def test_a_token_and_its_password_with_another_certificate_are_refused(tmp_path: Path) -> None:
    async with asyncio.timeout(DEADLINE_S), served(tmp_path) as here:
        own, other = here.files.issue("partner.example"), here.files.issue("other.example")
        pin = pin_of(certificate(own).public_key())
        await here.made.change("partner", certificate=CertificateRule(pins=(pin,)))
        for file, reason in ((own, None), (other, Reason.WRONG_CERTIFICATE), (None, Reason.MISSING_CERTIFICATE)):
            async with here.transport(**({"certificate": file} if file else {})) as transport:
                send = here.wire(transport).send("GET", here.url)
                if reason is None:
                    assert (await send).status == 200
                else:
                    with pytest.raises(NotAuthenticated):
                        await send
                    assert here.made.audit.taken() == [reason]
        authority = pin_of(certificate(here.files.ca).public_key())
        await here.made.change("partner", certificate=CertificateRule(issuers=(authority,)))
        async with here.transport(certificate=other) as transport:
            assert (await here.wire(transport).send("GET", here.url)).status == 200
