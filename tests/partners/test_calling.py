# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a partner is called and where: in every request of every module, changed while the platform runs."""

from __future__ import annotations

import pytest
import trustme
from msgspec.structs import replace

from tests.identity_setting import Line, Noted
from tests.objects import token
from tests.partners.test_securing import Pair, own, use
from tests.platforms import ALL_VERSIONS, EMSP, MemoryNet, platform, register
from wwcp_ocpi.partners import Partner
from wwcp_ocpi.partners.calling import TLSWish, hosts
from wwcp_ocpi.protocol.errors import NotFound, PartnerError, Unreachable, UsageError
from wwcp_ocpi.protocol.http import HeaderOf, PartnerTLS, Request, Response, Transport
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security.audit import Reason
from wwcp_ocpi.security.outbound import OutboundRefused

AUTHORITY = trustme.CA()
PIN = "ab" * 32


def identity(authority: trustme.CA = AUTHORITY) -> tuple[str, Secret]:
    """A chain and its key."""
    made = authority.issue_cert("cpo.example")
    chain = "".join(blob.bytes().decode() for blob in made.cert_chain_pems)
    return chain, Secret(made.private_key_pem.bytes().decode())


class TLSLine(Line):
    """A way out that remembers how TLS was on it, for each request."""

    def __init__(self, net: MemoryNet) -> None:
        super().__init__(net)
        self.carried: list[PartnerTLS | None] = []

    async def __call__(self, request: Request) -> Response:
        self.carried.append(None)
        return await super().__call__(request)

    def outbound(self, *, tls: PartnerTLS | None = None, header_of: HeaderOf | None = None) -> Transport:
        inner = super().outbound(header_of=header_of)

        async def send(request: Request) -> Response:
            response = await inner(request)
            self.carried[-1] = tls
            return response

        return send


class TLSPair(Pair):
    """The same pair; what the CPO sends is watched."""

    def __init__(self) -> None:
        super().__init__()
        self.line = TLSLine(self.net)
        self.lines["cpo.example"] = self.line
        self.made["cpo.example"] = self._made("cpo.example")


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_each_partner_is_shown_its_own_certificate_in_every_request(version: str) -> None:
    pair = TLSPair()
    chain, key = identity()
    await pair.cpo.book.change("emsp.example", lambda known: known)
    await pair.cpo.securing.meet("emsp.example", TLSWish(certificate=(chain, key), pins=(PIN,)))
    await register(pair.cpo, pair.emsp, (version,))
    await use(pair, version)
    await pair.cpo.registration.renew("emsp.example", versions=[version])
    await use(pair, version)
    await pair.cpo.registration.leave("emsp.example")
    assert len(pair.line.carried) > 10
    assert set(pair.line.carried) == {PartnerTLS(partner="emsp.example", certificate=chain, key=key, pins=(PIN,))}


async def test_other_partners_do_not_see_it() -> None:
    pair = TLSPair()
    other = platform(pair.net, "other.example", EMSP, "EMSP")
    await register(pair.cpo, other)
    await pair.cpo.book.change("emsp.example", lambda known: known)
    await pair.cpo.securing.meet("emsp.example", TLSWish(certificate=identity()))
    pair.line.carried.clear()
    await pair.cpo.peer("other.example").wire.send("GET", other.settings.versions_url)
    assert pair.line.carried == [None]


async def test_a_new_certificate_is_shown_from_the_next_request_on_and_the_rest_stays() -> None:
    pair = TLSPair()
    await register(pair.cpo, pair.emsp)
    made = pair.cpo
    first, second = identity(), identity()
    pair.line.carried.clear()
    for wish in (
        TLSWish(certificate=first, pins=(PIN,)),
        TLSWish(certificate=second),
        TLSWish(authorities=first[0]),
        TLSWish(authorities="", pins=()),
        None,
    ):
        await made.securing.meet("emsp.example", wish)
        await made.peer("emsp.example").wire.send("GET", pair.emsp.settings.versions_url)
    own = PartnerTLS(partner="emsp.example", certificate=second[0], key=second[1])
    assert pair.line.carried == [
        replace(own, certificate=first[0], key=first[1], pins=(PIN,)),
        replace(own, pins=(PIN,)),
        replace(own, pins=(PIN,), authorities=first[0]),
        own,
        None,
    ]


async def test_a_key_is_sealed_at_rest_and_survives_a_restart() -> None:
    pair = TLSPair()
    await register(pair.cpo, pair.emsp)
    chain, key = identity()
    await pair.cpo.securing.meet("emsp.example", TLSWish(certificate=(chain, key)))
    for _, body in await pair.cpo.store.documents("partner"):
        assert b"PRIVATE KEY" not in body
        assert key.reveal().splitlines()[1].encode() not in body
    await pair.restart()
    tls = pair.cpo.peer("emsp.example").wire.way.tls
    assert tls == PartnerTLS(partner="emsp.example", certificate=chain, key=key)
    assert key.reveal() not in repr(tls)


async def test_what_cannot_be_shown_is_not_taken() -> None:
    made = TLSPair().cpo
    await made.book.change("emsp.example", lambda known: known)
    (chain, key), (_, other) = identity(), identity()
    wrong: list[tuple[TLSWish, str]] = [
        (TLSWish(certificate=(chain, other)), "private key of the first certificate"),
        (TLSWish(certificate=("none", key)), "expected certificates, PEM"),
        (TLSWish(certificate=(chain, Secret("none"))), "expected a private key"),
        (TLSWish(authorities="none"), "expected certificates, PEM"),
    ]
    for wish, message in wrong:
        with pytest.raises(UsageError, match=message):
            await made.securing.meet("emsp.example", wish)
    assert made.book.get("emsp.example").tls_to is None
    with pytest.raises(NotFound):
        await made.securing.meet("nobody", TLSWish(pins=(PIN,)))


# Where a partner may be called


async def moved(pair: Pair, host: str) -> None:
    """What the eMSP registered at the CPO is at this host now, except for its versions."""

    def edit(partner: Partner) -> Partner:
        assert partner.remote is not None
        endpoints = tuple(replace(one, url=one.url.replace("emsp.example", host)) for one in partner.remote.endpoints)
        return replace(partner, remote=replace(partner.remote, endpoints=endpoints))

    await pair.cpo.book.change("emsp.example", edit)


async def test_a_url_at_another_host_gets_nothing_and_is_asked_once() -> None:
    pair = TLSPair()
    await register(pair.cpo, pair.emsp)
    noted = Noted()
    pair.cpo.note_in(noted)
    pair.net.hosts["evil.example"] = pair.net.hosts["emsp.example"]
    pair.line.carried.clear()
    with pytest.raises(OutboundRefused, match=r"https://evil\.example/x: expected a URL on a host of the partner"):
        await pair.cpo.peer("emsp.example").wire.send("GET", "https://evil.example/x?token=hush")
    assert pair.line.carried == []
    assert [(reason, event["partner"]) for reason, event in noted.events] == [(Reason.OUTBOUND_REFUSED, "emsp.example")]
    assert "hush" not in str(noted.events)


async def test_a_page_at_another_host_is_not_fetched() -> None:
    pair = TLSPair()
    await register(pair.cpo, pair.emsp)
    await pair.emsp.publisher.publish(VERSIONS["2.3.0"], "tokens", [own(token("2.3.0"), EMSP, qualifier="RFID")])
    handle = pair.net.hosts["emsp.example"]

    async def linking(request: Request) -> Response:
        response = await handle(request)
        link = '<https://evil.example/page2>; rel="next"'
        return replace(response, headers={**response.headers, "link": link})

    pair.net.hosts["emsp.example"] = linking
    asked = list[str]()

    async def evil(request: Request) -> Response:
        asked.append(request.url)
        return Response(status=200, body=b"{}")

    pair.net.hosts["evil.example"] = evil
    with pytest.raises(Unreachable):
        await pair.cpo.pull("emsp.example", "tokens")
    assert asked == []


async def test_endpoints_at_other_hosts_that_a_partner_registered_are_called() -> None:
    pair = TLSPair()
    await register(pair.cpo, pair.emsp)
    await moved(pair, "api.emsp.example")
    pair.net.hosts["api.emsp.example"] = pair.net.hosts["emsp.example"]
    await pair.cpo.pull("emsp.example", "tokens")


async def test_where_only_named_hosts_count_new_credentials_at_another_one_are_refused() -> None:
    """Who has stolen a token can have our messages sent to itself, unless the operator says where the partner is."""
    for named, is_taken in ((None, True), ("emsp.example", False)):
        pair = TLSPair()
        await register(pair.cpo, pair.emsp)
        if named:
            await pair.cpo.securing.call_at("emsp.example", hosts([named], only=True))
            await use(pair, "2.3.0")
        thief = platform(pair.net, "thief.example", EMSP, "EMSP")
        stolen = pair.emsp.book.get("cpo.example")
        await thief.book.change("cpo.example", lambda _, stolen=stolen: stolen)  # type: ignore[misc]
        noted = Noted()
        pair.cpo.note_in(noted)
        if is_taken:
            await thief.registration.renew("cpo.example")
            assert pair.cpo.book.get("emsp.example").urls[0] == thief.settings.versions_url
            continue
        with pytest.raises(PartnerError, match="expected a URL on a host of the partner"):
            await thief.registration.renew("cpo.example")
        assert pair.cpo.book.get("emsp.example").urls[0] == pair.emsp.settings.versions_url
        assert Reason.OUTBOUND_REFUSED in noted.reasons


async def test_an_endpoint_outside_of_the_named_hosts_keeps_a_partner_from_registering() -> None:
    pair = TLSPair()
    await pair.emsp.book.change("cpo.example", lambda known: known)
    await pair.emsp.securing.call_at("cpo.example", hosts(["cpo.example"], only=True))
    handle = pair.net.hosts["cpo.example"]

    async def elsewhere(request: Request) -> Response:
        response = await handle(request)
        if request.url.endswith("/2.3.0"):
            return replace(response, body=response.body.replace(b"cpo.example/ocpi/2.3.0/s", b"x.example/ocpi/2.3.0/s"))
        return response

    pair.net.hosts["cpo.example"] = elsewhere
    with pytest.raises(PartnerError, match=r"an endpoint of the partner: https://x\.example"):
        await register(pair.cpo, pair.emsp)
    assert not pair.emsp.book.get("cpo.example").is_registered


async def test_what_has_tls_is_not_called_without_it() -> None:
    pair = TLSPair()
    await register(pair.cpo, pair.emsp)
    await pair.cpo.securing.call_at("emsp.example", hosts(["results.example"], only=False))
    for url in ("http://emsp.example/x", "http://results.example/x", "http://emsp.example:443/x"):
        with pytest.raises(OutboundRefused):
            await pair.cpo.peer("emsp.example").wire.send("GET", url)


def test_hosts_are_understood_or_refused() -> None:
    assert hosts(["A.example.", "b.example:8443", "a.example", "[::1]:8443"], only=True).named == (
        "a.example",
        "b.example:8443",
        "::1:8443",
    )
    for wrong in ("https://a.example", "a.example/x", "a b", "", "*.example", "a.example:x"):
        with pytest.raises(UsageError, match="expected host or host:port"):
            hosts([wrong], only=False)
    with pytest.raises(UsageError, match="at least one host"):
        hosts([], only=True)
