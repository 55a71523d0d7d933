# SPDX-License-Identifier: AGPL-3.0-or-later
"""The states that an object goes through, as a table: which state may follow which."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.conformance import Finding, Severity


class Lifecycle(msgspec.Struct, frozen=True, kw_only=True):
    """`field` holds the state. `moves` names what may follow each state; nothing follows a final one.

    A state that the table does not have says nothing about what was before, so that anything may follow it.
    """

    field: str
    rule: str
    moves: Mapping[str, frozenset[str]]

    def is_final(self, state: str) -> bool:
        """Whether nothing can follow this state."""
        return self.moves.get(state) == frozenset()

    def allows(self, before: str, after: str) -> bool:
        """Whether a state may follow another, or stay what it is."""
        return before == after or before not in self.moves or after in self.moves[before]


def broken(lifecycle: Lifecycle, before: bytes, after: bytes) -> Finding | None:
    """What is wrong with the step from one state of an object to the next, both as JSON; None if nothing is."""
    was, becomes = (patch.text_of(patch.split(body), lifecycle.field) or "" for body in (before, after))
    if lifecycle.allows(was, becomes):
        return None
    then = "final" if lifecycle.is_final(was) else f"followed by {', '.join(sorted(lifecycle.moves[was]))}"
    return Finding(
        f"$.{lifecycle.field}", lifecycle.rule, Severity.WARNING, f"{becomes!r} after {was!r}, which is {then}"
    )
