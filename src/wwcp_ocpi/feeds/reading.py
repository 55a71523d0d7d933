# SPDX-License-Identifier: AGPL-3.0-or-later
"""The objects in a file, whatever shape it has: one object, an array, an OCPI envelope, or JSON lines; plain or gzip.

Real feeds begin with a byte order mark, end with a blank line, or break off. What can be read is read; the rest
is reported with its place.
"""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from wwcp_ocpi.protocol.errors import UsageError

_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_array = msgspec.json.Decoder(list[msgspec.Raw])
_object = msgspec.json.Decoder(dict[str, msgspec.Raw])


class Entry(msgspec.Struct, frozen=True):
    """One object of a file: its place, counted from 0, and its bytes; or why there is none."""

    index: int
    body: bytes
    error: str | None = None


def read_file(path: str) -> Iterator[Entry]:
    """The objects of a file; `-` is standard input.

    Raises:
        UsageError: the file cannot be read, or holds nothing that could be objects.
    """
    yield from read(_content(path), path)


def _content(path: str) -> bytes:
    try:
        raw = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return gzip.decompress(raw) if raw.startswith(_GZIP) else raw
    except (OSError, EOFError, zlib.error) as error:
        raise UsageError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from error


def read(content: bytes, name: str) -> Iterator[Entry]:
    """The objects in the content of a file.

    Raises:
        UsageError: there is nothing that could be objects.
    """
    content = content.removeprefix(_BOM).strip()
    if not content:
        raise UsageError(f"{name}: expected JSON, got an empty file")
    try:
        whole = _whole(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        lines = [line for line in content.splitlines() if line.strip()]
        if not any(_is_json(line) for line in lines[:2]):
            raise UsageError(
                f"{name}: expected a JSON object, an array, an OCPI envelope or JSON lines: {error}"
            ) from error
        for index, line in enumerate(lines):
            yield Entry(index, line) if _is_json(line) else Entry(index, line, "expected a JSON object on this line")
        return
    yield from (Entry(index, bytes(raw)) for index, raw in enumerate(whole))


def _whole(content: bytes) -> list[msgspec.Raw]:
    """The objects in one JSON value. An envelope is what has `data` and no id of its own; some have nothing else."""
    if content.startswith(b"["):
        return _array.decode(content)
    fields = _object.decode(content)
    if "id" in fields or not {"data", "status_code"} & fields.keys():
        return [msgspec.Raw(content)]
    data = bytes(fields.get("data", b"null"))
    if data == b"null":
        return []
    return _array.decode(data) if data.startswith(b"[") else [msgspec.Raw(data)]


def _is_json(line: bytes) -> bool:
    try:
        _object.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True
