# SPDX-License-Identifier: AGPL-3.0-or-later
"""The client's front door for scripts: a Peer over real HTTP in one line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from wwcp_ocpi import client
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security.tracebacks import without_values


class Peer(client.Peer):
    """A partner's platform, seen from outside."""

    @classmethod
    @asynccontextmanager
    async def connect(
        cls,
        versions_url: str,
        credentials_token: Secret | str,
        *,
        versions: Iterable[str] = tuple(VERSIONS),
        form: TokenForm | None = None,
    ) -> AsyncIterator[Peer]:
        """Connect, agree on the best common version, and disconnect at the end of the block.

        Raises:
            UsageError, NotAuthenticated, PartnerError: see `client.Peer.open`.
        """
        without_values()
        async with HTTPTransport() as transport:
            yield await cls.open(versions_url, credentials_token, transport, versions=versions, form=form)
