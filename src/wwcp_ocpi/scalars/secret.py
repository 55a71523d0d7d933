# SPDX-License-Identifier: AGPL-3.0-or-later
"""A text that must not be seen: it has no printed form, so that no log, error or page can show it."""

from __future__ import annotations

import hmac


class Secret:
    """Wraps a secret text. Only `reveal()` gives it out, and every call of that is worth a look in review."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the wire or for sealing."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not pickled")
