# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from wwcp_ocpi.protocol.errors import Unreachable, UsageError
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.security.outbound import OutboundPolicy, OutboundRefused, is_public, networks, without_secrets

OPEN = OutboundPolicy()
CLOSED = OutboundPolicy(allow_http=False, allow_private=False)


@pytest.mark.parametrize("url", ["https://partner.example/ocpi", "https://[2606:4700::1111]:8443/ocpi?x=1"])
def test_https_urls_are_allowed(url: str) -> None:
    OPEN.check_url(url)
    CLOSED.check_url(url)


def test_http_is_allowed_only_where_it_is_switched_on() -> None:
    OPEN.check_url("http://partner.example/ocpi")
    with pytest.raises(OutboundRefused, match=r"expected a URL with https$"):
        CLOSED.check_url("http://partner.example/ocpi")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("file:///etc/passwd", "file:///etc/passwd: expected a URL with http or https"),
        ("gopher://x/", "gopher://x/: expected a URL with http or https"),
        ("partner.example/ocpi", "partner.example/ocpi: expected a URL with http or https"),
        ("https:///ocpi", "https:///ocpi: expected a URL with a host"),
        ("https://me:hush@partner.example/", "https://partner.example/: expected a URL without a login in it"),
        ("https://partner.example:x/?t=hush", "https://partner.example:x/: expected a URL: "),
        ("https://[broken/?t=hush", "https://[broken/: expected a URL: "),
        ("", ": expected a URL with http or https"),
    ],
)
def test_what_is_no_http_url_is_refused_without_its_secrets(url: str, message: str) -> None:
    with pytest.raises(OutboundRefused) as caught:
        OPEN.check_url(url)
    assert str(caught.value).startswith(message)
    assert "hush" not in str(caught.value)
    assert isinstance(caught.value, Unreachable)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_public_addresses_are_allowed(address: str) -> None:
    assert is_public(address)
    CLOSED.check_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a9fe:a9fe",
        "::7f00:1",
        "::ffff:0:7f00:1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2600::5efe:7f00:1",
        "2600::200:5efe:a00:1",
        "fec0::1",
        "5f00::1",
        "100::1",
        "192.88.99.1",
        "192.0.0.8",
        "198.18.0.1",
        "240.0.0.1",
        "203.0.113.7",
        "3fff::1",
        "2001:db8::1",
    ],
)
def test_other_addresses_are_refused_where_only_public_ones_are_allowed(address: str) -> None:
    OPEN.check_address(address)
    with pytest.raises(OutboundRefused, match="expected a public address"):
        CLOSED.check_address(address)


@given(st.text(), st.text(alphabet="abcdef", min_size=8))
def test_no_query_fragment_or_login_is_ever_shown(text: str, secret: str) -> None:
    for url in (f"https://x/{text}?{secret}", f"https://x/{text}#{secret}", f"https://me:{secret}@x/{text}"):
        assert secret not in without_secrets(url) or secret in text
        assert without_secrets(url).isprintable()


# Hosts and ports

PARTNER = CLOSED.for_partner(["https://ocpi.partner.example/ocpi/versions", "https://API.partner.example:8443/x?y"])


@pytest.mark.parametrize(
    "url",
    [
        "https://ocpi.partner.example/ocpi/2.2.1/sender/locations?offset=50",
        "https://OCPI.partner.example./ocpi",
        "https://ocpi.partner.example:443/",
        "https://api.partner.example:8443/commands/START_SESSION/1",
    ],
)
def test_the_hosts_that_a_partner_registered_may_be_called(url: str) -> None:
    PARTNER.check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/ocpi",
        "https://partner.example/ocpi",
        "https://ocpi.partner.example.evil.example/",
        "https://xocpi.partner.example/",
        "https://ocpi.partner.example:8443/",
        "https://api.partner.example/",
        "https://8.8.8.8/",
    ],
)
def test_no_other_host_gets_a_call_that_carries_the_partners_token(url: str) -> None:
    CLOSED.check_url(url)  # a policy that knows no partner lets it pass
    with pytest.raises(OutboundRefused, match="expected a URL on a host of the partner"):
        PARTNER.check_url(url)


def test_further_hosts_and_single_ports_of_a_partner() -> None:
    policy = CLOSED.for_partner(["https://a.example/"], also=["B.example", "c.example:8443"])
    for url in ("https://a.example/", "https://b.example:9443/", "https://c.example:8443/"):
        policy.check_url(url)
    with pytest.raises(OutboundRefused):
        policy.check_url("https://c.example/")
    assert CLOSED.for_partner(["", "https://[broken", "no url", "https://x:y"]).hosts == frozenset()


@pytest.mark.parametrize(
    "url",
    [
        "https://ocpi.partner.example\\@evil.example/",
        "https://evil.example\\.ocpi.partner.example/",
        "https://ocpi.partner.example\t.evil.example/",
        "https://ocpi.partner.exam\nple/",
        "https://ocpi.partner.example /",
        "https://ocpi.partner.example%2eevil.example/",
        "https://stra\u00dfe.example/",
        "https://ocpi\uff0epartner.example/",
        "https://ocpi..partner.example/",
        "https://\x00ocpi.partner.example/",
        "https:/ocpi.partner.example/",
        "https:ocpi.partner.example/",
        "https:///ocpi.partner.example/",
        "//ocpi.partner.example/",
        "https://ocpi.partner.example/" + "x" * 8192,
    ],
)
def test_a_url_that_another_reader_may_read_otherwise_is_refused(url: str) -> None:
    with pytest.raises(OutboundRefused):
        PARTNER.check_url(url)


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "1.2.3.4.5", "0"])
def test_addresses_in_other_forms_are_refused_even_in_a_test_bed(host: str) -> None:
    with pytest.raises(OutboundRefused, match="expected a URL with "):
        OPEN.check_url(f"http://{host}/")


@pytest.mark.parametrize("port", [0, 22, 25, 53, 2375, 3306, 5432, 6379, 9200, 11211, 27017])
def test_ports_where_something_else_listens_are_refused(port: int) -> None:
    with pytest.raises(OutboundRefused, match=f"expected a URL with a port that serves HTTP, got {port}$"):
        OPEN.check_url(f"http://127.0.0.1:{port}/")
    OutboundPolicy(ports=frozenset({port})).check_url(f"http://127.0.0.1:{port}/")


def test_a_private_address_in_the_url_is_refused_before_any_connection() -> None:
    for url in ("https://169.254.169.254/latest", "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::7f00:1]/"):
        OutboundPolicy().check_url(url)
        with pytest.raises(OutboundRefused, match="expected a public address"):
            CLOSED.check_url(url)


def test_networks_of_ones_own_may_be_named_instead_of_allowing_all() -> None:
    policy = OutboundPolicy(allow_private=False, networks=("10.20.0.0/16", "fd00:20::/32"))
    for address in ("10.20.3.4", "::ffff:10.20.3.4", "fd00:20::1", "8.8.8.8"):
        policy.check_address(address)
    for address in ("10.21.0.1", "127.0.0.1", "fd00:21::1"):
        with pytest.raises(OutboundRefused):
            policy.check_address(address)
    with pytest.raises(UsageError, match=r"expected networks like 10\.20\.0\.0/16"):
        networks(["10.20.0.1/16"])


async def test_a_guarded_transport_sends_nothing_that_is_refused() -> None:
    sent: list[Request] = []

    async def transport(request: Request) -> Response:
        sent.append(request)
        return Response(status=200)

    request = Request(method="GET", url="https://evil.example/", headers={"authorization": "Token hush"})
    await CLOSED.guard(transport)(request)
    assert sent == [request]
    with pytest.raises(OutboundRefused) as refused:
        await PARTNER.guard(transport)(request)
    assert sent == [request]
    assert "hush" not in str(refused.value)


@given(st.text(max_size=80))
def test_any_text_is_a_url_of_the_partner_or_refused(text: str) -> None:
    for url in (text, f"https://{text}", f"https://ocpi.partner.example{text}"):
        try:
            PARTNER.check_url(url)
        except OutboundRefused:
            continue
        assert URL(url).host in {"ocpi.partner.example", "api.partner.example", "ocpi.partner.example."}
