# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import gzip
import re
import zlib

import pytest

from wwcp_ocpi.net.encoding import unpacked

TEXT = b'{"status_code": 1000}' * 50
BARE = zlib.compress(TEXT, wbits=-15)


@pytest.mark.parametrize(
    ("encoding", "packed"),
    [
        ("", TEXT),
        ("identity", TEXT),
        ("gzip", gzip.compress(TEXT, mtime=0)),
        (" X-GZIP ", gzip.compress(TEXT, mtime=0)),
        ("deflate", zlib.compress(TEXT)),
        ("deflate", BARE),
    ],
)
def test_the_usual_encodings_are_undone(encoding: str, packed: bytes) -> None:
    assert unpacked(packed, encoding, len(TEXT)) == TEXT


def test_an_empty_body_is_empty_in_every_encoding() -> None:
    assert unpacked(b"", "gzip", 10) == b""


@pytest.mark.parametrize(
    ("encoding", "packed", "message"),
    [
        ("br", b"x", "Content-Encoding: expected gzip, deflate, got 'br'"),
        ("gzip, gzip", gzip.compress(gzip.compress(TEXT, mtime=0), mtime=0), "Content-Encoding: expected"),
        ("gzip", gzip.compress(b" " * 2000, mtime=0), "body: expected at most 1050 bytes when unpacked, got more"),
        ("gzip", gzip.compress(TEXT, mtime=0)[:-9], "body: expected gzip, got something else or not all of it"),
        ("gzip", gzip.compress(TEXT, mtime=0) + b"more", "body: expected gzip"),
        ("gzip", TEXT, "body: expected gzip"),
        ("deflate", b"\xff" * 20, "body: expected deflate"),
    ],
)
def test_what_cannot_be_undone_within_bounds_is_refused(encoding: str, packed: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        unpacked(packed, encoding, 1050)
