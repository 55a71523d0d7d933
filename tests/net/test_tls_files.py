# SPDX-License-Identifier: AGPL-3.0-or-later
"""Certificates, keys, authorities and revocation lists that change while a server runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from tests.net.serving import DEADLINE_S
from tests.net.tls_setting import DAY, Files, Seen, certificate, der, serving_tls
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.net.tls.contexts import server_context
from wwcp_ocpi.net.tls.files import Reloaded
from wwcp_ocpi.net.tls.settings import ClientTLS, ServerTLS
from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.protocol.http import Channel, Request

SOON = 0.01


async def ask(server: HTTPServer, tls: ClientTLS) -> Channel | None:
    """A request on a connection of its own; what its client found at the other end."""
    found: list[Channel | None] = []

    def header_of(channel: Channel | None, request: Request) -> dict[str, str]:
        found.append(channel)
        return {}

    async with HTTPTransport(tls=tls) as transport:
        await transport.outbound(header_of=header_of)(Request(method="GET", url=server.base_url))
    return found[0]


async def is_accepted(server: HTTPServer, tls: ClientTLS) -> bool:
    try:
        await ask(server, tls)
    except Unreachable:
        return False
    return True


async def until(server: HTTPServer, tls: ClientTLS, expected: bool) -> None:
    """The server looks at its files again and again; so do we."""
    async with asyncio.timeout(DEADLINE_S):
        while await is_accepted(server, tls) is not expected:
            pass


async def test_a_new_certificate_is_shown_to_new_connections_and_old_ones_live_on(tmp_path: Path) -> None:
    files, seen = Files(tmp_path), Seen()
    tls = files.server(watch_s=SOON)
    before = der(tls.certificate)
    async with serving_tls(tls, seen) as server, HTTPTransport(tls=files.client()) as old:
        request = Request(method="GET", url=server.base_url)
        await old(request)
        files.server()
        async with asyncio.timeout(DEADLINE_S):
            while True:
                channel = await ask(server, files.client())
                assert channel is not None
                if channel.peer_chain[0] == der(tls.certificate):
                    break
                assert channel.peer_chain[0] == before
        await old(request)
    assert seen.channels[0] is seen.channels[-1]


async def test_a_file_that_is_broken_leaves_things_as_they_are_until_it_is_whole_again(tmp_path: Path) -> None:
    files = Files(tmp_path)
    tls = files.server()
    before = Path(tls.certificate).read_bytes()
    reloaded = reloading(tls)
    first = reloaded.value
    for broken in (b"", b"rubbish", before[: len(before) // 2], Path(files.ca).read_bytes()):
        Path(tls.certificate).write_bytes(broken)
        with capture_logs() as logs:
            assert not reloaded.refresh()
            assert not reloaded.refresh()
        assert [(entry["event"], entry["log_level"]) for entry in logs] == [("tls.files_refused", "error")]
        assert tls.certificate in logs[0]["error"]
        assert reloaded.value is first
    Path(tls.certificate).unlink()
    assert not reloaded.refresh()
    Path(tls.certificate).write_bytes(before)
    assert reloaded.refresh()
    assert reloaded.value is not first


async def test_a_certificate_and_its_key_are_replaced_one_after_the_other(tmp_path: Path) -> None:
    files = Files(tmp_path)

    def write(name: str) -> tuple[bytes, bytes]:
        issued = files.authority.issue_cert(name)
        return issued.cert_chain_pems[0].bytes(), issued.private_key_pem.bytes()

    chain, key = write("localhost")
    tls = ServerTLS(certificate=files.write("chain.pem", chain), key=files.write("key.pem", key))
    reloaded = reloading(tls)
    chain, key = write("localhost")
    files.write("chain.pem", chain)
    with capture_logs() as logs:
        assert not reloaded.refresh()
    assert "key.pem: expected the private key of the certificate in" in logs[0]["error"]
    files.write("key.pem", key)
    assert reloaded.refresh()


async def test_a_new_authority_lets_its_clients_in_and_an_old_one_keeps_them_out(tmp_path: Path) -> None:
    files, others = Files(tmp_path), Files(tmp_path, "others")
    accepted = files.write("accepted.pem", Path(files.ca).read_bytes())
    mine = files.client(certificate=files.issue("us.example"))
    theirs = files.client(certificate=others.issue("they.example"))
    tls = files.server(client_certificates="required", client_ca=accepted, watch_s=SOON)
    async with serving_tls(tls) as server:
        assert [await is_accepted(server, one) for one in (mine, theirs)] == [True, False]
        files.write("accepted.pem", Path(others.ca).read_bytes())
        await until(server, theirs, True)
        assert not await is_accepted(server, mine)


async def test_a_revoked_certificate_is_refused_from_the_next_connection_on(tmp_path: Path) -> None:
    files = Files(tmp_path)
    mine, other = files.issue("us.example"), files.issue("other.example")
    crl = files.revoke()
    tls = files.server(client_certificates="required", client_ca=files.ca, crl=crl, watch_s=SOON)
    async with serving_tls(tls) as server:
        assert await is_accepted(server, files.client(certificate=mine))
        assert files.revoke(mine) == crl
        await until(server, files.client(certificate=mine), False)
        with pytest.raises(Unreachable, match="certificate revoked"):
            await ask(server, files.client(certificate=mine))
        assert await is_accepted(server, files.client(certificate=other))


async def test_a_revocation_list_that_is_too_old_or_of_another_lets_nobody_in(tmp_path: Path) -> None:
    files, others = Files(tmp_path), Files(tmp_path, "others")
    mine = files.client(certificate=files.issue("us.example"))
    for crl in (others.revoke(), files.revoke(days=-0.5)):
        tls = files.server(client_certificates="required", client_ca=files.ca, crl=crl)
        async with serving_tls(tls) as server:
            assert not await is_accepted(server, mine)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(days=40), []),
        (timedelta(days=30), ["warning"]),
        (timedelta(days=6), ["warning"]),
        (timedelta(hours=5), ["warning"]),
        (timedelta(seconds=-1), ["error"]),
    ],
)
def test_what_expires_soon_is_said_once(tmp_path: Path, left: timedelta, said: list[str]) -> None:
    files = Files(tmp_path)
    reloaded = reloading(files.server())
    end = certificate(files.server().certificate).not_valid_after_utc
    with capture_logs() as logs:
        for _ in range(3):
            reloaded.refresh(end - left)
    assert [entry["log_level"] for entry in logs if entry["event"].startswith("tls.expire")] == said


def test_each_threshold_is_said_anew(tmp_path: Path) -> None:
    files = Files(tmp_path)
    path = files.issue("us.example", not_after=datetime(2040, 1, 1, tzinfo=UTC))
    reloaded = reloading(ServerTLS(certificate=path))
    with capture_logs() as logs:
        for days in (31.0, 29.0, 28.0, 6.5, 0.9, -1.0, -2.0):
            reloaded.refresh(datetime(2040, 1, 1, tzinfo=UTC) - days * DAY)
    assert [(entry["event"], entry.get("days_left"), entry["kind"]) for entry in logs] == [
        ("tls.expires_soon", 29.0, "certificate"),
        ("tls.expires_soon", 6.5, "certificate"),
        ("tls.expires_soon", 0.9, "certificate"),
        ("tls.expired", None, "certificate"),
    ]


@pytest.mark.parametrize(
    ("at", "kinds"),
    [(lambda crl: crl - 2 * DAY, []), (lambda crl: crl - 0.5 * DAY, ["CRL"]), (lambda crl: crl, ["CRL"])],
)
def test_a_revocation_list_is_spoken_of_on_its_last_day(
    tmp_path: Path, at: Callable[[datetime], datetime], kinds: list[str]
) -> None:
    files = Files(tmp_path)
    tls = files.server(client_certificates="required", client_ca=files.ca, crl=files.revoke(days=20))
    reloaded = reloading(tls)
    end = next(expiry.at for expiry in reloaded.value.expiries if expiry.kind == "CRL")
    with capture_logs() as logs:
        reloaded.refresh(at(end))
    assert [entry["kind"] for entry in logs] == kinds


def reloading(tls: ServerTLS) -> Reloaded:
    return Reloaded((tls.certificate, tls.key, tls.client_ca, tls.crl), lambda: server_context(tls))
