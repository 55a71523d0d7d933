# SPDX-License-Identifier: AGPL-3.0-or-later
"""Content-Encoding of answers, undone within bounds: a kilobyte can unpack to a gigabyte."""

from __future__ import annotations

import zlib

ACCEPTED = "gzip, deflate"

_GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
_DEFLATE = -zlib.MAX_WBITS
_WINDOWS = {
    "gzip": (_GZIP_OR_ZLIB,),
    "x-gzip": (_GZIP_OR_ZLIB,),
    "deflate": (_GZIP_OR_ZLIB, _DEFLATE),  # zlib by the book, bare deflate by some servers
}


def unpacked(body: bytes, encoding: str, limit: int) -> bytes:
    """The body behind its Content-Encoding, at most `limit` bytes of it.

    Raises:
        ValueError: an unknown encoding, broken data, or too much of it.
    """
    encoding = encoding.strip().lower()
    if encoding in {"", "identity"} or not body:
        return body
    if encoding not in _WINDOWS:
        raise ValueError(f"Content-Encoding: expected {ACCEPTED}, got {encoding[:32]!r}")
    for window in _WINDOWS[encoding]:
        engine = zlib.decompressobj(window)
        try:
            found = engine.decompress(body, limit + 1)
        except zlib.error:
            continue
        if len(found) > limit:
            raise ValueError(f"body: expected at most {limit} bytes when unpacked, got more")
        if not engine.eof or engine.unused_data:
            break
        return found
    raise ValueError(f"body: expected {encoding}, got something else or not all of it")
