# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reading server-sent events: bytes as they come, events as they are whole. Never more of one than is bearable.

Spec: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from wwcp_ocpi.protocol.errors import BadAnswer

LARGEST = 16 * 1024 * 1024
_END = re.compile(rb"\r\n|\n|\r(?=.)", re.DOTALL)


class Received(NamedTuple):
    """One event: its id, its name, its data."""

    id: str
    name: str
    data: str


class Parser:
    """Feed it what comes; it gives what is complete."""

    def __init__(self) -> None:
        self._rest = b""
        self._id = ""
        self._name = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> Iterator[Received]:
        """The events that are complete with this.

        Raises:
            BadAnswer: an event is too large.
        """
        parts = _END.split(self._rest + chunk)
        self._rest = parts.pop()
        for line in parts:
            found = self._line(line)
            if found is not None:
                yield found
        if len(self._rest) + self._size > LARGEST:
            raise BadAnswer(f"events: expected at most {LARGEST} bytes in one, got more")

    def _line(self, line: bytes) -> Received | None:
        if not line:
            found = Received(self._id, self._name or "message", "\n".join(self._data)) if self._data else None
            self._name, self._data, self._size = "", [], 0
            return found
        field, _, value = line.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            self._data.append(value)
            self._size += len(line)
        elif field == "event":
            self._name = value
        elif field == "id" and "\0" not in value:
            self._id = value
        return None
