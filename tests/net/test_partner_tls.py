# SPDX-License-Identifier: AGPL-3.0-or-later
"""One way out and several partners on real TLS: each sees the certificate that is for it, and is known by its own."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.net.serving import DEADLINE_S
from tests.net.tls_setting import Files, Seen, certificate, der, self_signed, serving_tls
from tests.objects import token
from tests.partners.test_securing import own
from tests.platforms import CPO, EMSP, MemoryNet, platform
from wwcp_ocpi.gateway.expiring import PartnerCertificates
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.net import client as client_module
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.partners.calling import TLSWish, hosts
from wwcp_ocpi.protocol.errors import Unreachable, UsageError
from wwcp_ocpi.protocol.http import PartnerTLS, Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security.audit import Event, Reason
from wwcp_ocpi.security.outbound import OutboundPolicy, OutboundRefused
from wwcp_ocpi.security.pki.keys import KeyType, new_key, pin_of


def shown(path: str) -> dict[str, Any]:
    """The fields of what is shown, from a file with key and chain."""
    text = Path(path).read_text()
    begin = text.index("-----BEGIN CERTIFICATE")
    return {"certificate": text[begin:], "key": Secret(text[:begin])}


async def get(transport: HTTPTransport, url: str, tls: PartnerTLS | None = None) -> Response:
    async with asyncio.timeout(DEADLINE_S):
        return await transport.outbound(tls=tls)(Request(method="GET", url=url))


async def test_two_partners_with_authorities_of_their_own_each_see_another_certificate(tmp_path: Path) -> None:
    one, two, us = Files(tmp_path, "one"), Files(tmp_path, "two"), Files(tmp_path, "us")
    seen_one, seen_two = Seen(), Seen()
    for_one, for_two, for_all = one.issue("us.example"), two.issue("us.example"), us.issue("us.example")
    here = one.server(client_certificates="required", client_ca=one.ca)
    localhost = two.authority.issue_cert("localhost").private_key_and_cert_chain_pem.bytes()
    there = two.server(
        client_certificates="required", client_ca=two.ca, certificate=two.write("two-server.pem", localhost)
    )
    async with (
        serving_tls(here, seen_one) as first,
        serving_tls(there, seen_two) as second,
        HTTPTransport(tls=us.client(certificate=for_all)) as transport,
    ):
        a, b = f"https://localhost:{first.port}/", f"https://localhost:{second.port}/"
        to_one = PartnerTLS(partner="one", authorities=Path(one.ca).read_text(), **shown(for_one))
        to_two = PartnerTLS(partner="two", authorities=Path(two.ca).read_text(), **shown(for_two))
        for _ in range(2):
            await get(transport, a, to_one)
            await get(transport, b, to_two)
        for url, tls in ((a, to_two), (b, to_one), (a, None), (b, None)):
            with pytest.raises(Unreachable):
                await get(transport, url, tls)
    assert [channel.peer_chain[0] for channel in seen_one.channels] == [der(for_one)] * 2
    assert [channel.peer_chain[0] for channel in seen_two.channels] == [der(for_two)] * 2
    assert len({channel.exporter for channel in seen_one.channels}) == 1  # one connection for both


async def test_a_self_signed_server_is_known_by_its_key_whatever_others_are_trusted_for(tmp_path: Path) -> None:
    files, seen = Files(tmp_path), Seen()
    lone = self_signed(tmp_path / "lone.pem", "lone.example")
    pin = pin_of(certificate(lone).public_key())
    async with serving_tls(files.server(certificate=lone), seen) as server, HTTPTransport(tls=files.client()) as way:
        url = f"https://localhost:{server.port}/"
        with pytest.raises(Unreachable, match="certificate"):
            await get(way, url)
        with pytest.raises(Unreachable, match="expected a pinned key"):
            await get(way, url, PartnerTLS(partner="p", pins=("00" * 32,)))
        assert (await get(way, url, PartnerTLS(partner="p", pins=(pin.upper(),)))).status == 200
        both = PartnerTLS(partner="p", pins=(pin,), authorities=Path(files.ca).read_text())
        with pytest.raises(Unreachable, match="certificate"):  # the key fits, and nobody vouches for it
            await get(way, url, both)


@pytest.mark.parametrize("kind", [KeyType.P384, KeyType.ED25519])
async def test_keys_in_memory_may_be_of_any_kind(tmp_path: Path, kind: KeyType) -> None:
    files, seen = Files(tmp_path), Seen()
    own_file = self_signed(tmp_path / "own.pem", "us.example", new_key(kind))
    tls = files.server(client_certificates="required", client_ca=own_file)
    async with serving_tls(tls, seen) as server, HTTPTransport(tls=files.client()) as way:
        await get(way, f"https://localhost:{server.port}/", PartnerTLS(partner="p", **shown(own_file)))
    assert [channel.peer_chain[0] for channel in seen.channels] == [der(own_file)]


async def test_a_key_that_does_not_fit_is_said_without_showing_it(tmp_path: Path) -> None:
    files = Files(tmp_path)
    mine, other = shown(files.issue("a.example")), shown(files.issue("b.example"))
    async with HTTPTransport(tls=files.client()) as way:
        with pytest.raises(UsageError, match="certificate for partner p: expected the private key") as refused:
            way.outbound(tls=PartnerTLS(partner="p", certificate=mine["certificate"], key=other["key"]))
    assert other["key"].reveal().splitlines()[1] not in str(refused.value)


async def test_ways_that_were_changed_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "_MOST_PROFILES", 3)
    files = Files(tmp_path)
    async with HTTPTransport(tls=files.client()) as way:
        for number in range(9):
            way.outbound(tls=PartnerTLS(partner="p", pins=(f"{number:064x}",)))
        assert len(way._profiles) == 3


class Certified:
    """An eMSP on TLS that asks for certificates, and a CPO that is registered there, by one real way out."""

    def __init__(self, folder: Path) -> None:
        self.files = Files(folder)
        self.net = MemoryNet()
        self.seen: list[bytes] = []
        self.emsp: Platform
        self.cpo: Platform

    async def hear(self, request: Request) -> Response:
        """The eMSP's own handler, which remembers whose certificate came."""
        assert request.channel is not None
        self.seen.append(request.channel.peer_chain[0])
        return await self.emsp.server.handle(request)


async def test_a_registration_and_all_that_follows_use_the_partners_certificate_and_a_new_one_at_once(
    tmp_path: Path,
) -> None:
    world = Certified(tmp_path)
    files = world.files
    first, second = files.issue("first.example"), files.issue("second.example")
    tls = files.server(client_certificates="required", client_ca=files.ca)
    async with serving_tls(tls, world.hear) as server, HTTPTransport() as way:
        world.emsp = platform(
            world.net, f"localhost:{server.port}", EMSP, "EMSP", modules=frozenset({"tokens", "locations"})
        )
        world.cpo = platform(
            world.net, "cpo.example", CPO, "CPO", modules=frozenset({"tokens", "locations"}), way_out=way
        )
        await world.emsp.publisher.publish(
            VERSIONS["2.3.0"], "tokens", [own(token("2.3.0"), EMSP, qualifier="RFID")], push=False
        )
        invitation = await world.emsp.registration.invite("cpo")
        await world.cpo.book.change("emsp", lambda known: known)
        pem = shown(first)
        wish = TLSWish(certificate=(pem["certificate"], pem["key"]), authorities=Path(files.ca).read_text())
        await world.cpo.securing.meet("emsp", wish)
        await world.cpo.registration.join("emsp", world.emsp.settings.versions_url, invitation)
        await world.cpo.pull("emsp", "tokens")
        assert set(world.seen) == {der(first)}
        world.seen.clear()
        pem = shown(second)
        await world.cpo.securing.meet("emsp", TLSWish(certificate=(pem["certificate"], pem["key"])))
        assert (await world.cpo.pull("emsp", "tokens")).received == 1
        assert set(world.seen) == {der(second)}
        await world.cpo.securing.meet("emsp", TLSWish(authorities=""))  # the machine's, which do not know it
        with pytest.raises(Unreachable):
            await world.cpo.pull("emsp", "tokens")


async def test_a_name_that_leads_inside_is_a_refusal_that_is_noted_and_not_tried_again(tmp_path: Path) -> None:
    files, seen = Files(tmp_path), Seen()
    noted: list[Event] = []

    class Log:
        def append(self, event: Event) -> None:
            noted.append(event)

    policy = OutboundPolicy(allow_private=False)
    way = HTTPTransport(allow=policy.check_url, allow_address=policy.check_address, tls=files.client())
    async with serving_tls(files.server(), seen) as server, way:
        cpo = platform(MemoryNet(), "cpo.example", CPO, "CPO", way_out=way)
        cpo.note_in(Log())
        url = f"https://localhost:{server.port}/ocpi/versions"
        with pytest.raises(OutboundRefused, match="expected a public address"):
            await cpo.registration.join("emsp", url, Secret("invitation"))
    assert [(event.reason, event.partner) for event in noted] == [(Reason.OUTBOUND_REFUSED, "emsp")]
    assert seen.requests == []


async def test_certificates_of_partners_that_end_soon_are_events_once_a_threshold(tmp_path: Path) -> None:
    files = Files(tmp_path)
    lone = shown(self_signed(tmp_path / "lone.pem"))  # ends tomorrow
    cpo = platform(MemoryNet(), "cpo.example", CPO, "CPO")
    await cpo.book.change("emsp", lambda known: known)
    await cpo.book.change("quiet", lambda known: known)
    await cpo.securing.call_at("quiet", hosts(["a.example"], only=False))
    await cpo.securing.meet(
        "emsp", TLSWish(certificate=(lone["certificate"], lone["key"]), authorities=Path(files.ca).read_text())
    )
    noted: list[Event] = []

    class Log:
        def append(self, event: Event) -> None:
            noted.append(event)

    looker, at = PartnerCertificates(Log()), datetime.now(UTC)
    for moment in (at, at, at + timedelta(hours=30), at + timedelta(hours=30)):
        looker.look(cpo.book.all(), moment)
    assert {(event.reason, event.partner) for event in noted} == {(Reason.CERTIFICATE_EXPIRING, "emsp")}
    assert [event.detail.partition(" ")[0] for event in noted] == ["certificate"] * 2
    assert all(len(event.certificate) == 64 for event in noted)


async def test_the_log_warns_of_them_when_they_are_used(tmp_path: Path) -> None:
    files = Files(tmp_path)
    lone = shown(self_signed(tmp_path / "lone.pem"))
    with capture_logs() as logs:
        async with HTTPTransport(tls=files.client()) as way:
            way.outbound(tls=PartnerTLS(partner="acme", **lone))
    (warned,) = [line for line in logs if line["event"] == "tls.expires_soon"]
    assert warned["file"] == "certificate for partner acme"
