# SPDX-License-Identifier: AGPL-3.0-or-later
"""The Authorization header in both forms, as it should be and as partners write it."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules import rule
from wwcp_ocpi.protocol.credentials_token import TokenForm, authorization, candidates, is_valid_token, new_token
from wwcp_ocpi.scalars import Secret

RAW, BASE64, EITHER = TokenForm.RAW, TokenForm.BASE64, TokenForm.EITHER

tokens = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=64)


@rule("TRN-02")
def test_from_2_2_1_on_the_token_is_sent_as_base64() -> None:
    assert authorization(Secret("example-token"), BASE64) == "Token ZXhhbXBsZS10b2tlbg=="
    assert authorization(Secret("example-token"), EITHER) == "Token ZXhhbXBsZS10b2tlbg=="


@rule("TRN-03")
def test_in_2_1_1_the_token_is_sent_as_it_is() -> None:
    assert authorization(Secret("example-token"), RAW) == "Token example-token"


@given(tokens, st.sampled_from([RAW, BASE64]), st.sampled_from(["", " "]))
def test_what_is_sent_is_understood_in_its_form_and_by_who_takes_either(text: str, form: TokenForm, blank: str) -> None:
    header = authorization(Secret(text), form) + blank
    assert candidates(header, form) == [text]
    assert text in candidates(header, EITHER)


def test_who_takes_either_form_tries_the_decoded_one_first() -> None:
    assert candidates("Token ZXhhbXBsZS10b2tlbg==", EITHER) == ["example-token", "ZXhhbXBsZS10b2tlbg=="]
    assert candidates("Token example-token", EITHER) == ["example-token"]


def test_the_newline_in_the_example_of_the_specification_is_dropped() -> None:
    assert candidates("Token ZXhhbXBsZS10b2tlbgo=", BASE64) == ["example-token"]


@pytest.mark.parametrize("header", ["token example-token", "TOKEN   example-token", "  Token example-token\t"])
def test_case_and_blanks_around_are_forgiven(header: str) -> None:
    assert candidates(header, RAW) == ["example-token"]


@rule("TRN-05")
@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Token",
        "Token ",
        "Bearer example-token",
        "Basic ZXhhbXBsZS10b2tlbg==",
        "example-token",
        "Tokenexample",
        "Token two words",
    ],
)
def test_a_header_without_a_token_means_none(header: str | None) -> None:
    for form in TokenForm:
        assert candidates(header, form) == []


@pytest.mark.parametrize(
    "value",
    [
        "not base64!",
        "ZXhhbXBsZS10b2tlbg",
        base64.b64encode(b"\xff\xfe").decode(),
        base64.b64encode(b"two words").decode(),
        base64.b64encode(b"x" * 65).decode(),
        "====",
        base64.b64encode("tökén".encode()).decode(),
        "ä",
        "A" * 1_000_000,
    ],
)
def test_what_does_not_decode_to_a_token_means_none_in_base64(value: str) -> None:
    assert candidates(f"Token {value}", BASE64) == []


@rule("CRD-23")
@pytest.mark.parametrize(
    ("text", "valid"),
    [
        ("a", True),
        ("!~", True),
        ("x" * 64, True),
        ("", False),
        ("x" * 65, False),
        ("a b", False),
        ("a\n", False),
        ("ä", False),
        ("\x7f", False),
    ],
)
def test_a_token_is_up_to_64_printable_characters_without_blanks(text: str, valid: bool) -> None:
    assert is_valid_token(text) is valid


@rule("CRD-23")
def test_new_tokens_are_valid_and_never_the_same() -> None:
    made = {new_token().reveal() for _ in range(1000)}
    assert len(made) == 1000
    assert all(is_valid_token(token) and len(token) == 43 for token in made)


@given(st.text(), st.sampled_from(list(TokenForm)))
def test_any_header_gives_valid_tokens_or_none(header: str, form: TokenForm) -> None:
    for text in (header, f"Token {header}"):
        assert all(is_valid_token(found) for found in candidates(text, form))
