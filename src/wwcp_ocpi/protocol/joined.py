# SPDX-License-Identifier: AGPL-3.0-or-later
"""The objects of a page as one piece of bytes: joined once, and sent as often as anybody asks for the page.

Fifty objects that lie apart in memory cost a page more to visit than to send, and a piece of some bytes before them
costs a write of its own: so the beginning of the envelope is joined with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Self, overload

OPENING = b'{"data":['
"""How the envelope of a page begins. Spec: transport_and_format#transport_and_format_response_format."""


class Joined(Sequence[bytes]):
    """JSON values with a comma between them behind `OPENING`: `opened`. One of them is cut out when asked."""

    __slots__ = ("_starts", "opened")

    def __init__(self, values: Iterable[bytes] = ()) -> None:
        entries = list(values)
        self.opened = OPENING + b",".join(entries)
        self._starts = tuple(accumulate((len(entry) + 1 for entry in entries), initial=len(OPENING)))
        """Where each value begins, and where one more would."""

    def __len__(self) -> int:
        return len(self._starts) - 1

    @overload
    def __getitem__(self, index: int) -> bytes: ...

    @overload
    def __getitem__(self, index: slice) -> Self: ...

    def __getitem__(self, index: int | slice) -> bytes | Self:
        if isinstance(index, slice):
            return type(self)([self[number] for number in range(*index.indices(len(self)))])
        at = range(len(self))[index]
        return self.opened[self._starts[at] : self._starts[at + 1] - 1]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Joined):
            return NotImplemented
        return self.opened == other.opened and self._starts == other._starts

    def __hash__(self) -> int:
        return hash(self.opened)  # which bytes remember

    def __repr__(self) -> str:
        return f"Joined({list(self)!r})"
