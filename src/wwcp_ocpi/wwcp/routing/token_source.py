# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a provider may do besides: tell its tokens. The network itself asks for none; adapters to partners do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol, runtime_checkable

from wwcp_ocpi.wwcp.model.tokens import ListedToken


@runtime_checkable
class TokenSource(Protocol):
    """Tells which tokens a provider has, so that charge points know them without asking."""

    def tokens(self) -> AsyncIterator[ListedToken]:
        """All of them, in any order; one that is not told any more is not valid any more."""
        ...
