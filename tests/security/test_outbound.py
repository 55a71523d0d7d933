# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.security.outbound import OutboundPolicy, OutboundRefused, is_public, without_secrets

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
