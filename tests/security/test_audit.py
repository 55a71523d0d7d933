# SPDX-License-Identifier: AGPL-3.0-or-later
"""The chain: what was written is proven, and every way of changing it is found."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.generate_docs import ROOT
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security.audit import (
    LONGEST_TEXT,
    Chain,
    Checkpoint,
    Event,
    Line,
    Problem,
    Reason,
    Report,
    Severity,
    read,
    verify,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
AT = 1_790_000_000.25
EVENT = Event(Reason.INVALID_TOTP, partner="emp", source="192.0.2.7", request="PUT /ocpi/2.2.1/receiver/locations")


def log(count: int = 6, every: int = 3) -> tuple[list[bytes], list[Checkpoint]]:
    """Lines of a log that begins and ends with a checkpoint, and has one after every few records."""
    chain = Chain(KEY)
    first, kept = chain.checkpoint(AT)
    lines, checkpoints = [first], [kept]
    for number in range(1, count + 1):
        lines.append(chain.line(EVENT._replace(request_id=str(number)), AT + number))
        if number % every == 0:
            line, kept = chain.checkpoint(AT + number)
            lines.append(line)
            checkpoints.append(kept)
    return lines, checkpoints


def verified(lines: list[bytes], *kept: Checkpoint, begins_at: int = 1, key: Ed25519PrivateKey = KEY) -> Report:
    numbered = (Line("log", number, text.rstrip(b"\n")) for number, text in enumerate(lines, 1))
    return verify(numbered, key.public_key(), begins_at=begins_at, kept=kept)


def problems(lines: list[bytes], *kept: Checkpoint, **options: int) -> list[tuple[int, Problem]]:
    return [(one.line, one.problem) for one in verified(lines, *kept, **options).findings]  # type: ignore[arg-type]


def mended(lines: list[bytes], change: Callable[[int, dict[str, object]], None]) -> list[bytes]:
    """What a thief without the key makes of a log: every chain value is right again."""
    chain, made = Chain(Ed25519PrivateKey.generate()), []
    for index, text in enumerate(lines):
        fields = json.loads(text)
        change(index, fields)
        if fields["event"] == "checkpoint":
            fields["prev"] = chain.chain
        record = read(json.dumps({**fields, "chain": ""}).encode())
        assert record is not None
        chain.n = record.n
        made.append(chain._tied(record))
    return made


def test_a_log_that_nobody_touched_is_whole() -> None:
    lines, kept = log()
    assert verified(lines, *kept) == Report(records=9, checkpoints=3, first=1, last=9, unsigned=0, findings=())


def test_a_line_says_what_happened() -> None:
    line = Chain(KEY).line(EVENT._replace(login="l", certificate="c", detail="d", request_id="r"), AT)
    assert line.endswith(b"\n")
    fields = json.loads(line)
    assert len(bytes.fromhex(fields.pop("chain"))) == 32
    assert fields == {
        "n": 1,
        "at": "2026-09-21T14:13:20.250Z",
        "event": "invalid_totp",
        "severity": "warning",
        "partner": "emp",
        "login": "l",
        "source": "192.0.2.7",
        "request": "PUT /ocpi/2.2.1/receiver/locations",
        "request_id": "r",
        "certificate": "c",
        "detail": "d",
    }


def test_the_bytes_of_a_log_stay_as_they_are() -> None:
    """Of logs that exist: another form of the chain would make them all look forged."""
    line = Chain(KEY).line(Event(Reason.BLOCKED, partner="emp"), AT)
    assert line == (
        b'{"n":1,"at":"2026-09-21T14:13:20.250Z","event":"blocked","severity":"warning","partner":"emp",'
        b'"chain":"d77142465de7c0f1fd736c2b040f18e90872dae0631fd63d0a4ce9fd435078a5"}\n'
    )


def test_reason_codes_are_words_of_their_own() -> None:
    assert len({reason.code for reason in Reason}) == len(Reason)
    for reason in Reason:
        assert reason.code == reason.name.lower()
        assert isinstance(reason.severity, Severity)
        assert reason.meaning


# What a thief does


def test_an_edited_record_is_found() -> None:
    lines, _ = log()
    lines[2] = lines[2].replace(b"192.0.2.7", b"192.0.2.8")
    assert problems(lines) == [(3, Problem.EDITED)]


def test_an_edit_with_a_mended_chain_is_found_by_the_next_checkpoint() -> None:
    lines, _ = log()

    def change(index: int, fields: dict[str, object]) -> None:
        if index == 2:
            fields["source"] = "192.0.2.8"

    made = mended(lines, change)
    assert [one for one in problems(made) if one[1] is not Problem.BAD_SIGNATURE] == []
    assert problems(made) == [(5, Problem.BAD_SIGNATURE), (9, Problem.BAD_SIGNATURE)]


@pytest.mark.parametrize("index", range(8))
def test_a_removed_record_is_found(index: int) -> None:
    lines, _ = log()
    del lines[index]
    assert Problem.REMOVED in {problem for _, problem in problems(lines)}


def test_reordered_and_repeated_records_are_found() -> None:
    lines, _ = log()
    assert Problem.REORDERED in {one for _, one in problems([*lines[:1], lines[2], lines[1], *lines[3:]])}
    assert Problem.REORDERED in {one for _, one in problems([*lines[:2], *lines[1:]])}


def test_a_cut_end_is_found_with_a_checkpoint_that_was_kept() -> None:
    lines, kept = log()
    assert problems(lines[:5]) == []  # nobody can see it from the log alone
    assert problems(lines[:5], kept[-1]) == [(0, Problem.TRUNCATED)]


def test_what_lies_behind_the_last_checkpoint_is_counted_as_not_signed() -> None:
    lines, kept = log(count=8)
    assert verified(lines, *kept).unsigned == 2
    assert problems(lines[:-1], *kept) == []


def test_a_log_of_somebody_elses_key_is_none() -> None:
    lines, _ = log()
    found = verified(lines, key=Ed25519PrivateKey.generate())
    assert {one.problem for one in found.findings} == {Problem.BAD_SIGNATURE}
    assert found.unsigned == 9


def test_a_checkpoint_of_another_place_in_the_log_is_found() -> None:
    lines, _ = log()
    lines[8] = lines[4]
    assert {one for _, one in problems(lines)} == {Problem.REORDERED}


def test_another_history_than_the_kept_one_is_found() -> None:
    """Signed with the right key, as by somebody who has broken in: the copy elsewhere tells."""
    chain = Chain(KEY)
    lines = [chain.checkpoint(AT)[0], *(chain.line(EVENT, AT) for _ in range(3)), chain.checkpoint(AT)[0]]
    assert problems(lines) == []
    assert problems(lines, log()[1][1]) == [(5, Problem.EDITED)]


def test_lines_that_are_none_are_found() -> None:
    lines, _ = log()
    for text in (b"", b"{}", b"null", b"\xff\xfe", b'{"n":2}', lines[2][:-20], b"[" * 5000):
        assert (3, Problem.MALFORMED) in problems([*lines[:2], text, *lines[2:]])


def test_a_second_value_of_the_chain_in_a_line_is_found() -> None:
    """Readers of JSON differ in which one counts."""
    lines, _ = log()
    lines[2] = lines[2].rstrip()[:-1] + lines[2].rstrip()[-76:]
    assert problems(lines) == [(3, Problem.EDITED)]


def test_values_that_are_no_hash_are_found() -> None:
    lines, _ = log()
    lines[2] = lines[2].rstrip()[:-66] + b"z" * 64 + b'"}'
    assert problems(lines) == [(3, Problem.EDITED), (4, Problem.EDITED)]
    first = json.loads(lines[0])
    assert problems([json.dumps({**first, "prev": "zz"}, separators=(",", ":")).encode(), *lines[1:2]]) == [
        (1, Problem.EDITED),
        (1, Problem.BAD_SIGNATURE),
    ]


def test_an_empty_log_has_no_checkpoint() -> None:
    assert problems([]) == [(0, Problem.NO_CHECKPOINT)]
    assert problems(log()[0][1:3]) != []


def test_older_files_may_be_put_away_if_that_is_said() -> None:
    lines, kept = log()
    assert problems(lines[4:]) == [(1, Problem.REMOVED)]
    assert problems(lines[4:], *kept, begins_at=5) == []
    assert problems(lines[5:], begins_at=6) != []  # a file begins with a checkpoint


def test_damage_that_the_gateway_noted_itself_is_found() -> None:
    chain = Chain(KEY)
    lines = [chain.checkpoint(AT)[0], chain.line(Event(Reason.AUDIT_DAMAGED, detail="gone"), AT)]
    assert problems(lines) == [(2, Problem.DAMAGED)]


# What a caller puts into it

HOSTILE = [
    "a\nb",
    '"}\n{"n":99,"event":"partner_registered"}',
    "\x1b[2J\x1b]0;owned\x07",
    "\x7f\x9b31m",
    "\u202egnp.exe\u2028\u2029",
    "\ud800",
    "𝕏" * 50,
    "\x00",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_a_caller_sends_breaks_a_line_or_moves_a_cursor(text: str) -> None:
    chain = Chain(KEY)
    lines = [chain.checkpoint(AT)[0], chain.line(EVENT._replace(partner=text, login=text, detail=text), AT)]
    assert all(32 <= byte < 127 for byte in lines[1][:-1])
    assert lines[1].count(b"\n") == 1
    fields = json.loads(lines[1])
    assert fields["event"] == "invalid_totp"
    assert fields["detail"] == text.replace("\ud800", "\ufffd")
    assert problems(lines) == []


@settings(max_examples=200)
@given(st.text(), st.text(min_size=LONGEST_TEXT))
def test_any_text_is_one_line_of_bounded_length(some: str, long: str) -> None:
    chain = Chain(KEY)
    lines = [chain.checkpoint(AT)[0], chain.line(Event(Reason.UNKNOWN_TOKEN, some, some, long, long, some, long), AT)]
    assert lines[1].isascii()
    assert lines[1].count(b"\n") == 1
    assert len(lines[1]) < 7 * LONGEST_TEXT * 12 + 400
    assert problems(lines) == []


def test_a_secret_does_not_get_into_the_log() -> None:
    with pytest.raises(TypeError):
        Chain(KEY).line(Event(Reason.TOKEN_ISSUED, detail=Secret("hush")), AT)  # type: ignore[arg-type]


def test_the_page_of_the_audit_log_names_every_event() -> None:
    rows = {line for line in (ROOT / "docs" / "audit.md").read_text("utf-8").splitlines() if line.startswith("| `")}
    expected = {f"| `{reason.code}` | {reason.severity.value} | {reason.meaning} |" for reason in Reason}
    assert {row for row in rows if row.count("|") == 4} == expected
