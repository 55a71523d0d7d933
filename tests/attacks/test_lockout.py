# SPDX-License-Identifier: AGPL-3.0-or-later
"""A stranger is refused again and again, so that a partner is not listened to any more. It must not work.

The stranger calls from loopback addresses of its own. It works where everybody has the same address and the partner
was never here: behind a proxy that is not said to be one. What is counted for whom is in tests/server/test_identity.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.attacks.hostile import spoken
from tests.attacks.listed import attack
from tests.identity_setting import TOKEN, Setting, setting
from wwcp_ocpi.net.asgi import asgi_app
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.protocol.credentials_token import TokenForm, authorization
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security.audit import Reason

STRANGER, PARTNER, PROXY = "127.0.0.66", "127.0.0.2", "127.0.0.3"
PER_MINUTE = 5


class Door:
    """A platform with a partner that must show passwords, and who knocks."""

    def __init__(self, made: Setting, server: HTTPServer) -> None:
        self.made = made
        self.server = server

    async def knock(self, source: str, token: Secret, password: str = "", forwarded: str = "") -> int:
        """The status for a caller at an address, with a token and a password, perhaps through a proxy."""
        headers = {"host": "h", "authorization": authorization(token, TokenForm.BASE64), "connection": "close"}
        if password:
            headers["totp"] = f"0 {password}"
        if forwarded:
            headers["x-forwarded-for"] = forwarded
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        said = await spoken(self.server.port, f"GET /ocpi/versions HTTP/1.1\r\n{head}\r\n".encode(), source=source)
        return int(said.split(b" ", 2)[1])


@asynccontextmanager
async def door(*, per_minute: int = PER_MINUTE, proxies: tuple[str, ...] = ()) -> AsyncIterator[Door]:
    made = await setting(refusals_per_minute=per_minute)
    await made.demand()
    limits = ServerLimits()
    async with HTTPServer(asgi_app(made.made.server.handle, limits), limits, trusted_proxies=proxies) as server:
        yield Door(made, server)


@attack("lock-out")
async def test_refusals_of_a_stranger_behind_the_same_proxy() -> None:
    for proxies, status in (((), 429), ((PROXY,), 200)):
        async with door(proxies=proxies) as here:
            for _ in range(2 * PER_MINUTE):
                await here.knock(PROXY, Secret("guess"), forwarded="203.0.113.9")
            now = here.made.now()
            assert await here.knock(PROXY, TOKEN, now, forwarded="192.0.2.1") == status


@attack("lock-out")
async def test_refusals_of_a_stranger_at_an_address_of_its_own_with_the_token_of_the_partner() -> None:
    """Without a limit it could guess for ever; with one, it loses only itself."""
    async with door(per_minute=0) as here:
        assert [await here.knock(STRANGER, TOKEN, "guess") for _ in range(4 * PER_MINUTE)] == [401] * 4 * PER_MINUTE
    async with door() as here:
        statuses = [await here.knock(STRANGER, TOKEN, "guess") for _ in range(2 * PER_MINUTE)]
        assert statuses == [401] * PER_MINUTE + [429] * PER_MINUTE
        assert Reason.REPEATED_FAILURES in here.made.audit.taken()
        assert await here.knock(STRANGER, TOKEN, here.made.now()) == 429
        assert await here.knock(PARTNER, TOKEN, here.made.now()) == 200


@attack("lock-out")
async def test_refusals_of_many_strangers_with_the_token_of_the_partner() -> None:
    async with door() as here:
        for last in range(100, 100 + 4 * PER_MINUTE):
            assert await here.knock(f"127.0.0.{last}", TOKEN, "guess") == 401
        assert Reason.REPEATED_FAILURES in here.made.audit.taken()
        assert await here.knock(PARTNER, TOKEN, here.made.now()) == 200


@attack("lock-out")
async def test_refusals_of_a_stranger_at_the_address_of_the_partner() -> None:
    """It works only against a partner that did not succeed from there within a day."""
    for was_here, status in ((False, 429), (True, 200)):
        async with door() as here:
            if was_here:
                assert await here.knock(PARTNER, TOKEN, here.made.now()) == 200
            for number in range(3 * PER_MINUTE):
                assert await here.knock(PARTNER, Secret(f"guess {number}")) in (401, 429)
            assert await here.knock(PARTNER, TOKEN, here.made.now()) == status


@attack("lock-out")
async def test_an_address_in_a_header_that_no_proxy_has_sent() -> None:
    """A stranger blames the partner's address; where everybody counts as a proxy, that works."""
    for proxies, status in ((("127.0.0.0/8",), 429), ((PROXY,), 200)):
        async with door(proxies=proxies) as here:
            for _ in range(2 * PER_MINUTE):
                await here.knock(STRANGER, Secret("guess"), forwarded=PARTNER)
            assert await here.knock(PARTNER, TOKEN, here.made.now()) == status
