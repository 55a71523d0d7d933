# SPDX-License-Identifier: AGPL-3.0-or-later
"""The envelope around every answer. Spec: transport_and_format#transport_and_format_response_format.

`data` goes in and comes out as bytes, so that stored objects are joined, never encoded again.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from wwcp_ocpi.protocol.errors import BadAnswer
from wwcp_ocpi.protocol.joined import Joined
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.scalars import now

_HEAD = b'{"data":'
_OK = b',"status_code":1000,"timestamp":"'
_OK_ALONE = b'{"status_code":1000,"timestamp":"'
_END = b'"}'


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """What a partner answered. `data` is untouched JSON; absent and null are both None.

    A missing `timestamp` is forgiven: nothing depends on it.
    """

    status_code: int
    status_message: str | None = None
    timestamp: str | None = None
    data: msgspec.Raw | None = None


class _Wire(msgspec.Struct):
    """The same for the decoder, which takes no Raw in a union."""

    status_code: int
    status_message: str | None = None
    timestamp: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


_decoder = msgspec.json.Decoder(_Wire)


def _stamp() -> bytes:
    """This moment, to the millisecond; every answer needs one, so the text of its second is made once."""
    second, millisecond = divmod(time.time_ns() // 1_000_000, 1000)
    return b"%s%03dZ" % (_text_of(second), millisecond)


@lru_cache(maxsize=2)
def _text_of(second: int) -> bytes:
    return time.strftime("%Y-%m-%dT%H:%M:%S.", time.gmtime(second)).encode()


def success(data: bytes | None = None) -> bytes:
    """The envelope of a success; without `data` when the specification leaves it open (TRN-31)."""
    stamp = _stamp()
    if data is None:
        return _OK_ALONE + stamp + _END
    return b"".join((_HEAD, data, _OK, stamp, _END))


def success_list(bodies: Sequence[bytes]) -> tuple[bytes, bytes]:
    """The envelope of a page, in pieces: up to the last of its objects, which may be many, and what closes it."""
    listed = bodies if isinstance(bodies, Joined) else Joined(bodies)
    return listed.opened, b"".join((b"]", _OK, _stamp(), _END))


def failure(status_code: int, message: str) -> bytes:
    """The envelope of an error. It tells what, where and what was expected, and no more."""
    return msgspec.json.encode({"status_code": int(status_code), "status_message": message, "timestamp": now().wire})


def read(body: bytes) -> Envelope:
    """Take an answer apart.

    Raises:
        BadAnswer: no JSON object with an integer `status_code`.
    """
    try:
        wire = _decoder.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadAnswer(f"expected an OCPI envelope with data, status_code and timestamp: {error}") from error
    return Envelope(
        status_code=wire.status_code,
        status_message=wire.status_message,
        timestamp=wire.timestamp,
        data=None if is_null(wire.data) else wire.data,
    )


def is_null(data: msgspec.Raw | None) -> bool:
    """Whether the envelope carried no value."""
    return data is None or bytes(memoryview(data)[:5]).strip() == b"null"


__all__ = ["Envelope", "StatusCode", "failure", "is_null", "read", "success", "success_list"]
