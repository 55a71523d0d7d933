# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which networks a question came through, so that two nodes that ask each other do not ask for ever.

A node that passes a question on names itself in the header `x-wwcp-via`, behind those before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus

from wwcp_ocpi.protocol.errors import PartnerError

VIA = "x-wwcp-via"
MOST_HOPS = 8


class LoopDetected(PartnerError):
    """Nodes ask each other in a circle."""

    http_status = HTTPStatus.CONFLICT


_came_through: ContextVar[tuple[str, ...]] = ContextVar("wwcp_via", default=())


@contextmanager
def passing(header: str, own: str) -> Iterator[None]:
    """Remember, for what is asked from within, where a question has been.

    Raises:
        LoopDetected: it has been here, or came a long way already.
    """
    names = tuple(name.strip() for name in header.split(",") if name.strip())
    if own in names or len(names) >= MOST_HOPS:
        raise LoopDetected("this question has been here, or came a long way already")
    before = _came_through.set((*names, own))
    try:
        yield
    finally:
        _came_through.reset(before)


def header() -> str:
    """The header for a question that is passed on; empty where it began here."""
    return ", ".join(_came_through.get())
