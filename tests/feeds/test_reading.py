# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files in every shape that real feeds have, and in those that cannot be read."""

from __future__ import annotations

import gzip
import io
import json
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wwcp_ocpi.feeds.reading import Entry, read, read_file
from wwcp_ocpi.protocol.errors import UsageError

A, B = b'{"id":"A","power":22.10}', b'{"id": "B", "name": "\xc3\xa9"}'
BOTH = [Entry(0, A), Entry(1, B)]
BOM = b"\xef\xbb\xbf"


def entries(content: bytes) -> list[Entry]:
    return list(read(content, "feed.json"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (A, BOTH[:1]),
        (b"[" + A + b"," + B + b"]", BOTH),
        (b" \r\n[ " + A + b" ,\r\n\t" + B + b" ] \n", BOTH),
        (b'{"data":[' + A + b"," + B + b'],"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}', BOTH),
        (b'{"status_code":1000,"data":' + A + b"}", BOTH[:1]),
        (b'{"data":[' + A + b"," + B + b"]}", BOTH),
        (b'{"data": ' + A + b"}", BOTH[:1]),
        (b'{"data":null,"status_code":1000}', []),
        (b'{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}', []),
        (b'{"data":[]}', []),
        (b"[]", []),
        (b'{"id":"X","data":[1]}', [Entry(0, b'{"id":"X","data":[1]}')]),
        (A + b"\n" + B, BOTH),
        (A + b"\r\n" + B + b"\r\n", BOTH),
        (A + b"\n\n  \n" + B + b"\n\n", BOTH),
        (A + b"\n" + B + b'\n{"id":"C"', [*BOTH, Entry(2, b'{"id":"C"', "expected a JSON object on this line")]),
        (b"# made by hand\n" + A, [Entry(0, b"# made by hand", "expected a JSON object on this line"), Entry(1, A)]),
        (A + b"\n17", [BOTH[0], Entry(1, b"17", "expected a JSON object on this line")]),
        (b"[17,null," + A + b"]", [Entry(0, b"17"), Entry(1, b"null"), Entry(2, A)]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("bom", [b"", BOM], ids=["plain", "bom"])
def test_every_shape_gives_the_objects_with_their_bytes(content: bytes, expected: list[Entry], bom: bytes) -> None:
    assert entries(bom + content) == expected


@pytest.mark.parametrize("content", [b"", b" \r\n ", BOM, BOM + b"\n"])
def test_an_empty_file_is_said_to_be_empty(content: bytes) -> None:
    with pytest.raises(UsageError, match=r"feed\.json: expected JSON, got an empty file"):
        entries(content)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>", "malformed"),
        (b"id;name\n1;x", "got `int`|malformed|trailing"),
        (b"42", "got `int`"),
        (b'"text"', "got `str`"),
        (b"null", "got `null`"),
        (b'[{"id":"A"},{"id":', "truncated"),
        (b'{\n  "id": "A",\n  "na', "truncated"),
        (b'\xff\xfe{\x00"\x00', "malformed"),
        (b"[" * 100_000, "recursion|depth"),
    ],
)
def test_what_holds_no_objects_is_refused_with_the_reason(content: bytes, reason: str) -> None:
    with pytest.raises(UsageError, match=r"feed\.json: expected a JSON object, an array, an OCPI envelope or") as no:
        entries(content)
    assert no.match(reason)


@given(st.binary(max_size=80) | st.text(max_size=40).map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with suppress(UsageError):
        found = entries(content)
        assert [entry.index for entry in found] == list(range(len(found)))


@given(st.lists(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), min_size=1), max_size=6))
def test_an_array_and_json_lines_of_the_same_objects_are_the_same(objects: list[dict[str, object]]) -> None:
    bodies = [json.dumps({"id": "x", **found}).encode() for found in objects]
    whole = entries(b"[" + b",".join(bodies) + b"]")
    assert [entry.body for entry in whole] == bodies
    if bodies:
        assert entries(b"\n".join(bodies)) == whole


def test_plain_and_gzip_files_are_read_alike(tmp_path: Path) -> None:
    content = BOM + b"[" + A + b"," + B + b"]"
    plain, packed = tmp_path / "feed.json", tmp_path / "feed.bin"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    assert list(read_file(str(plain))) == list(read_file(str(packed))) == BOTH


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_a_dash_is_standard_input(pack: type[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO(pack(A + b"\n" + B))

    monkeypatch.setattr(sys, "stdin", Input)
    assert list(read_file("-")) == BOTH


def test_a_large_feed_is_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "large.jsonl.gz"
    file.write_bytes(gzip.compress(b"".join(b'{"id":"%d"}\n' % number for number in range(100_000)), 1))
    assert sum(1 for _ in read_file(str(file))) == 100_000


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda packed: packed[:-9], "ended before the end-of-stream marker"),
        (lambda packed: packed[:-8] + b"\xff" * 8, "CRC check failed"),
        (lambda packed: packed[:2] + b"\x00" * 20, "Unknown compression method"),
        (lambda packed: packed + b"more", "Not a gzipped file"),
    ],
)
def test_a_damaged_gzip_file_is_refused(damage: object, reason: str, tmp_path: Path) -> None:
    file = tmp_path / "feed.gz"
    assert callable(damage)
    file.write_bytes(damage(gzip.compress(A * 100)))
    with pytest.raises(UsageError, match=r"feed\.gz: cannot be read: ") as no:
        list(read_file(str(file)))
    assert no.match(reason)


def test_a_file_that_is_not_there_is_named_once(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none.json", "No such file or directory"), (tmp_path, "Is a directory")):
        with pytest.raises(UsageError) as no:
            list(read_file(str(path)))
        assert str(no.value) == f"{path}: cannot be read: {reason}"
