# SPDX-License-Identifier: AGPL-3.0-or-later
"""Connections of one address, counted. What an attacker does with them is in tests/attacks/test_floods.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.attacks.hostile import held, spoken
from tests.net.serving import echo
from tests.net.tls_setting import Files, serving_tls, stdlib_client
from wwcp_ocpi.net.asgi import asgi_app
from wwcp_ocpi.net.crowd import Crowd
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.server import HTTPServer

ASK = b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n"
ONE, OTHER = "127.0.0.66", "127.0.0.2"


def test_an_address_has_room_again_when_one_has_left() -> None:
    crowd = Crowd(2)
    assert [crowd.enter("192.0.2.1") for _ in range(3)] == [True, True, False]
    assert crowd.enter("192.0.2.2")
    for _ in range(2):
        crowd.leave("192.0.2.1")
    assert [crowd.enter("192.0.2.1") for _ in range(2)] == [True, False]


def test_a_network_of_ipv6_is_one_address() -> None:
    crowd = Crowd(1)
    assert [crowd.enter(f"2001:db8::{number}") for number in (1, 2)] == [True, False]
    assert crowd.enter("2001:db8:0:1::1")


def test_without_a_number_or_an_address_there_is_always_room() -> None:
    assert all(Crowd(0).enter("192.0.2.1") for _ in range(100))
    crowd = Crowd(1)
    assert all(crowd.enter("") for _ in range(100))


@pytest.mark.parametrize(
    ("proxies", "status"), [((), b"429"), (("127.0.0.0/24",), b"200"), (("*",), b"200"), (("192.0.2.1",), b"429")]
)
async def test_a_proxy_may_have_all_of_them(proxies: tuple[str, ...], status: bytes) -> None:
    limits = ServerLimits(connections_per_address=2)
    server = HTTPServer(asgi_app(echo, limits), limits, trusted_proxies=proxies)
    await server.start()
    async with held(server.port, 2, ONE):
        assert (await spoken(server.port, ASK, source=ONE)).split(b" ")[1] == status
    await server.stop()


async def test_over_tls_there_is_not_even_a_handshake(tmp_path: Path) -> None:
    files = Files(tmp_path)
    client = stdlib_client(files.ca, check_hostname=False)
    async with serving_tls(files.server(), limits=ServerLimits(connections_per_address=2, linger_s=0.1)) as server:
        async with held(server.port, 2, ONE):
            with pytest.raises(ConnectionError):
                await spoken(server.port, ASK, source=ONE, tls=client)
            assert (await spoken(server.port, ASK, source=OTHER, tls=client)).startswith(b"HTTP/1.1 200 ")
        assert (await spoken(server.port, ASK, source=ONE, tls=client)).startswith(b"HTTP/1.1 200 ")
