# SPDX-License-Identifier: AGPL-3.0-or-later
"""Hashing and sealing with the server's key, and what must never come of a Secret."""

from __future__ import annotations

import base64
import copy
import logging
import pickle
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wwcp_ocpi.protocol.credentials_token import new_token
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security import Vault

KEY = bytes(range(32))
DAMAGED = "a stored secret does not open: another server key, or a damaged database"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_what_was_sealed_opens_with_the_same_key_also_after_a_restart(text: str) -> None:
    assert Vault(KEY).open(Vault(KEY).seal(Secret(text))) == Secret(text)


def test_what_was_sealed_for_one_use_opens_for_no_other() -> None:
    vault = Vault(KEY)
    for use, other in (("", "after"), ("after", ""), ("after", "before")):
        sealed = vault.seal(Secret("x"), use)
        assert vault.open(sealed, use) == Secret("x")
        with pytest.raises(UsageError, match=DAMAGED):
            vault.open(sealed, other)


def test_a_seal_does_not_show_what_is_in_it_and_is_another_each_time() -> None:
    vault = Vault(KEY)
    one, other = vault.seal(Secret("token")), vault.seal(Secret("token"))
    assert one != other
    assert b"token" not in base64.b64decode(one)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(UsageError, match=DAMAGED):
        Vault(Vault.new_key()).open(Vault(KEY).seal(Secret("token")))


@given(st.text(max_size=60))
def test_a_text_that_was_never_sealed_does_not_open(text: str) -> None:
    with pytest.raises(UsageError, match=DAMAGED):
        Vault(KEY).open(text)


def test_one_changed_bit_anywhere_is_noticed() -> None:
    sealed = base64.b64decode(Vault(KEY).seal(Secret("token")))
    for place in range(len(sealed)):
        damaged = bytearray(sealed)
        damaged[place] ^= 1
        with pytest.raises(UsageError, match=DAMAGED):
            Vault(KEY).open(base64.b64encode(damaged).decode())


def test_a_seal_that_was_cut_off_is_noticed() -> None:
    sealed = Vault(KEY).seal(Secret("token"))
    for length in range(0, len(sealed), 4):
        with pytest.raises(UsageError, match=DAMAGED):
            Vault(KEY).open(sealed[:length])


def test_a_hash_is_the_same_for_the_same_key_and_token_and_for_nothing_else() -> None:
    vault = Vault(KEY)
    assert vault.hash_of("token") == Vault(KEY).hash_of("token")
    others = [vault.hash_of("Token"), vault.hash_of("token "), vault.hash_of(""), Vault(bytes(32)).hash_of("token")]
    assert len({vault.hash_of("token"), *others}) == 5
    assert len(bytes.fromhex(vault.hash_of("token"))) == 32


def test_the_stored_forms_stay_as_they_are() -> None:
    """Of a database that exists: another form would lock every partner out."""
    vault = Vault(KEY)
    assert vault.hash_of("token-a") == "cf8bf161e7ff09af4d527fab728533b53443f6c3e3fae447f10c7d45cfe8630b"
    assert vault.open("bfRqcDjRscqZUpDTxtMpTtkfcNiKQGdJNeedJnHvWdQ9rCc=") == Secret("token-a")


def test_a_key_that_is_too_short_is_refused_by_its_length_alone() -> None:
    with pytest.raises(UsageError, match="at least 32 bytes, got 31") as refused:
        Vault(b"k" * 31)
    assert "kk" not in str(refused.value)


def test_new_keys_are_long_enough_and_differ() -> None:
    keys = {Vault.new_key() for _ in range(20)}
    assert len(keys) == 20
    assert {len(key) for key in keys} == {32}


@pytest.mark.parametrize(
    "shown",
    [str, repr, "{}".format, "%s".__mod__, lambda secret: f"{secret!r} {secret!s} {[secret]} { {'a': secret} }"],
    ids=["str", "repr", "format", "percent", "within"],
)
def test_a_secret_has_no_printed_form(shown: Callable[[object], str]) -> None:
    assert "hidden" not in shown(Secret("hidden"))
    assert "Secret(***)" in shown(Secret("hidden"))


def test_a_secret_does_not_reach_a_log(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("%s %r", Secret("hidden"), {"token": Secret("hidden")})
    assert "hidden" not in caplog.text


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_secret_is_not_pickled(protocol: int) -> None:
    with pytest.raises(TypeError, match="a Secret is not pickled"):
        pickle.dumps(Secret("hidden"), protocol)


@pytest.mark.parametrize("leave", [copy.copy, copy.deepcopy, msgspec.json.encode, msgspec.to_builtins, vars])
def test_a_secret_does_not_leave_by_copying_or_encoding(leave: Callable[[Any], object]) -> None:
    with pytest.raises(TypeError):
        leave(Secret("hidden"))


def test_secrets_compare_by_what_they_hold() -> None:
    assert Secret("a") == Secret("a")
    assert hash(Secret("a")) == hash(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"


def test_fresh_tokens_differ_and_hold_256_bits() -> None:
    tokens = {new_token().reveal() for _ in range(50)}
    assert len(tokens) == 50
    assert {len(token) for token in tokens} == {43}
