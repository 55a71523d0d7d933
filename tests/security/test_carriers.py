# SPDX-License-Identifier: AGPL-3.0-or-later
"""The three ways a one-time password travels."""

from __future__ import annotations

from typing import Any

import pytest

from tests.security.test_totp import vectors
from wwcp_ocpi.protocol.errors import NotAuthenticated
from wwcp_ocpi.security.carriers import (
    Carrier,
    Shown,
    read_basic,
    read_header,
    read_scheme,
    write_basic,
    write_header,
    write_scheme,
)

AUTH = "totp-http-auth-vectors.json"


@pytest.mark.parametrize("vector", vectors(AUTH))
def test_the_scheme_is_written_and_read_as_the_vectors_say(vector: dict[str, Any]) -> None:
    given, header = vector["input"], vector["expected"]["header"]
    assert write_scheme(given["login"], given["totp"], is_bound=given["tlscb"]) == header
    assert read_scheme(header) == Shown(
        carrier=Carrier.SCHEME, login=given["login"], password=given["totp"], is_bound=given["tlscb"]
    )


@pytest.mark.parametrize("vector", vectors(AUTH, "parseVectors"))
def test_other_spellings_of_the_scheme_are_understood(vector: dict[str, Any]) -> None:
    expected = vector["expected"]
    shown = read_scheme(vector["header"])
    assert (shown.login, shown.password, shown.is_bound) == (expected["login"], expected["totp"], expected["tlscb"])


@pytest.mark.parametrize("vector", vectors(AUTH, "invalidHeaders"))
def test_what_is_no_scheme_is_refused(vector: dict[str, Any]) -> None:
    with pytest.raises(NotAuthenticated):
        read_scheme(vector["header"])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "TOTP",
        "TOTP login=, totp=",
        'TOTP login="YQ==", totp="YQ=="; tlscb=true',
        'TOTP login="YQ==", totp="YQ==" junk',
        'TOTP login="YQ==", totp="/w=="',
        'TOTP login="YQ==", LOGIN="YQ==", totp="YQ=="',
        "TOTP " + "a=b," * 5000,
    ],
)
def test_the_scheme_takes_nothing_that_is_open_to_doubt(text: str) -> None:
    with pytest.raises(NotAuthenticated):
        read_scheme(text)


@pytest.mark.parametrize(("text", "is_bound"), [("0 CN63y502maVh", False), ("1 gAzxPfYtmRgd", True), (" 1  x ", True)])
def test_the_header_says_whether_it_is_bound(text: str, is_bound: bool) -> None:
    shown = read_header(text)
    assert (shown.carrier, shown.is_bound) == (Carrier.HEADER, is_bound)
    assert read_header(write_header(shown.password, is_bound=is_bound)) == shown


@pytest.mark.parametrize(
    "text", ["", "0", "2 abc", "01 abc", "-1 abc", "true abc", "CN63y502maVh", "1 a b", "1 " + "a" * 5000]
)
def test_a_header_without_its_digit_is_refused(text: str) -> None:
    with pytest.raises(NotAuthenticated):
        read_header(text)


def test_the_older_form_is_taken_where_it_is_switched_on_and_is_never_bound() -> None:
    assert read_header("CN63y502maVh", bare=True) == Shown(
        carrier=Carrier.HEADER, password="CN63y502maVh", is_bound=False
    )
    with pytest.raises(NotAuthenticated):
        read_header("2 abc", bare=True)


@pytest.mark.parametrize("login", ["partner", "EVSE:DE*GEF*E1234*1", "Süd"])
def test_basic_has_the_password_behind_the_last_colon(login: str) -> None:
    assert read_basic(write_basic(login, "CN63y502maVh")) == Shown(
        carrier=Carrier.BASIC, login=login, password="CN63y502maVh", is_bound=False
    )


@pytest.mark.parametrize(
    "text", ["", "Basic", "Basic YQ==", "Basic OmE=", "Basic YTo=", "Basic !!", "Bearer YTph", "Basic /w=="]
)
def test_what_is_no_basic_is_refused(text: str) -> None:
    with pytest.raises(NotAuthenticated):
        read_basic(text)
