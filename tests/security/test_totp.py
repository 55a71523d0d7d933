# SPDX-License-Identifier: AGPL-3.0-or-later
"""One-time passwords: the published vectors where they are at hand, and their essence without them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.security.totp import TOTP, Window, configured

VECTORS = Path(__file__).parents[3] / "shared" / "vectors" / "totp"
SECRET = "secure!Charging!"
NOON = 1716423785.0


def vectors(file: str, key: str = "vectors") -> list[Any]:
    path = VECTORS / file
    if not path.exists():
        return [pytest.param({}, marks=pytest.mark.skip(reason="the shared vectors are not here"))]
    return [pytest.param(one, id=one["id"]) for one in json.loads(path.read_text("utf-8"))[key]]


def made(given: dict[str, Any]) -> TOTP:
    names = {"validityTimeSeconds": "validity_s", "totpLength": "length", "alphabet": "alphabet"}
    chosen = {mine: given[theirs] for theirs, mine in names.items() if theirs in given}
    return configured(given["sharedSecret"], hash=given.get("hashAlgorithm", "sha256"), **chosen)


@pytest.mark.parametrize("vector", vectors("totp-test-vectors.json"))
def test_passwords_are_those_of_the_vectors(vector: dict[str, Any]) -> None:
    given, expected = vector["input"], vector["expected"]
    exporter = bytes.fromhex(given.get("tlsExporterMaterialHex", ""))
    found = made(given).window(given["unixTimestampMillis"] / 1000, exporter)
    assert found == Window(
        expected["previous"], expected["current"], expected["next"], expected["remainingTimeSeconds"]
    )


@pytest.mark.parametrize("vector", vectors("totp-invalid-inputs.json"))
def test_what_the_format_does_not_allow_is_refused_in_its_words(vector: dict[str, Any]) -> None:
    given = vector["input"]
    with pytest.raises(UsageError) as refused:
        made(given).window(given["unixTimestampMillis"] / 1000)
    assert str(refused.value).startswith(vector["expectedError"])


def test_the_defaults_are_thirty_seconds_and_twelve_characters() -> None:
    assert configured(SECRET).window(NOON) == Window("MdPU0jCm5tXz", "CN63y502maVh", "dI54vnA25m2h", 25)


def test_a_bound_password_is_another_on_every_connection() -> None:
    totp = configured(SECRET)
    assert totp.window(NOON, bytes(range(32))).current == "gAzxPfYtmRgd"
    assert totp.window(NOON, bytes(32)).current != totp.window(NOON).current


@pytest.mark.parametrize(("seconds", "is_good"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_three_slots_are_good_and_no_more(seconds: int, is_good: bool) -> None:
    totp = configured(SECRET)
    shown = totp.window(NOON + seconds).current
    found = totp.matches(shown, NOON)
    assert (found is not None) is is_good
    assert found in (None, totp.slot_at(NOON) + seconds // 30)


@pytest.mark.parametrize("shown", ["", "CN63y502maVH", "CN63y502maV", "CN63y502maVh ", "ä" * 12, "\0" * 5000])
def test_nothing_else_is_good(shown: str) -> None:
    assert configured(SECRET).matches(shown, NOON) is None


def test_an_alphabet_may_not_leave_the_basic_plane() -> None:
    with pytest.raises(UsageError, match="U\\+FFFF"):
        configured(SECRET, alphabet="abcd\U0001f50c")


@given(
    st.integers(0, 2**40), st.binary(max_size=64), st.integers(4, 255), st.sampled_from(["sha256", "sha384", "sha512"])
)
def test_every_password_of_a_window_matches_its_slot(at: int, exporter: bytes, length: int, hash: str) -> None:
    totp = configured(SECRET, length=length, hash=hash)
    found = totp.window(at, exporter)
    for step, password in ((-1, found.previous), (0, found.current), (1, found.next)):
        assert len(password) == length
        assert totp.matches(password, at, exporter) == totp.slot_at(at) + step


def test_the_secret_is_in_no_text() -> None:
    assert SECRET not in repr(configured(SECRET))
