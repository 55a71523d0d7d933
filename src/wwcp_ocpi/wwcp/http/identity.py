# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who calls the WWCP HTTP API: `Authorization: Bearer TOKEN`, or Basic with the client's id and the token.

What is wrong is an event for us and the same 401 for whoever asks. Refusals count against the caller's address.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NoReturn

from wwcp_ocpi.protocol.credentials_token import is_valid_token
from wwcp_ocpi.protocol.errors import NotAllowed, NotAuthenticated, TooManyRefusals
from wwcp_ocpi.protocol.http import AUTHORIZATION, REQUEST_ID, Request
from wwcp_ocpi.security.audit import Event, Reason
from wwcp_ocpi.security.carriers import read_basic
from wwcp_ocpi.security.failures import Failures
from wwcp_ocpi.server.audit import Audit, LoggedAudit
from wwcp_ocpi.wwcp.http.clients import Client, ClientBook

CHALLENGE = 'Bearer realm="wwcp", Basic realm="wwcp"'


class Identity:
    """Finds the client behind a request."""

    def __init__(
        self,
        book: ClientBook,
        *,
        failures: Failures | None = None,
        audit: Audit | None = None,
        anonymous: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Nothing is known yet of anybody.

        Args:
            failures: Counts refusals by address; share it with whatever else the address is refused by.
            audit: Takes the events; the log, unless it is given.
            anonymous: Whether who shows nothing may read what is public.
        """
        self.book = book
        self.failures = failures or Failures()
        self.audit: Audit = audit or LoggedAudit()
        self.anonymous = anonymous
        self.clock = clock

    async def identify(self, request: Request, *, is_read: bool) -> Client | None:
        """The client; None is somebody who shows nothing and wants to read what is public.

        Raises:
            NotAuthenticated: no credentials, or none that are valid here.
            TooManyRefusals: this address was refused too often lately.
        """
        header = request.headers.get(AUTHORIZATION, "")
        if not header and is_read and self.anonymous:
            return None
        now = self.clock()
        login, token = _shown(header)
        client = self._found(login, token)
        if client is None and token and await self.book.refresh():
            client = self._found(login, token)
        self._check_patience(request, client, now)
        if client is None:
            self._refuse(request, Reason.UNKNOWN_TOKEN, None, now)
        if client.blocked:
            self._refuse(request, Reason.BLOCKED, client, now)
        self.failures.succeeded(request.source, _name(client), now)
        return client

    def violation(self, request: Request, client: Client | None, error: NotAllowed) -> None:
        """Note that a known client asked for what is not its own."""
        self._note(request, Reason.PARTY_VIOLATION, client, str(error))

    def _found(self, login: str | None, token: str) -> Client | None:
        client = self.book.find(token) if token else None
        return client if client is not None and login in (None, client.id) else None

    def _check_patience(self, request: Request, client: Client | None, now: float) -> None:
        wait_s = self.failures.wait_s(request.source, _name(client), now)
        if wait_s:
            raise TooManyRefusals(
                "too many refusals from this address", headers={"retry-after": str(max(1, math.ceil(wait_s)))}
            )

    def _refuse(self, request: Request, reason: Reason, client: Client | None, now: float) -> NoReturn:
        self._note(request, reason, client, "")
        if self.failures.failed(request.source, _name(client), now):
            self._note(request, Reason.REPEATED_FAILURES, client, "")
        raise NotAuthenticated("expected credentials that are valid here", headers={"www-authenticate": CHALLENGE})

    def _note(self, request: Request, reason: Reason, client: Client | None, detail: str) -> None:
        self.audit.append(
            Event(
                reason,
                partner=_name(client),
                source=request.source,
                request=f"{request.method} {request.path[:200]}",
                request_id=request.headers.get(REQUEST_ID, ""),
                detail=detail,
            )
        )


def _name(client: Client | None) -> str:
    """As events and counters call it; no partner has a colon in its id."""
    return f"wwcp:{client.id}" if client else ""


def _shown(header: str) -> tuple[str | None, str]:
    """Login, None where there is none, and token, empty where it is none."""
    scheme, _, value = header.strip().partition(" ")
    if scheme.lower() == "basic":
        try:
            shown = read_basic(header)
        except NotAuthenticated:
            return None, ""
        return shown.login, shown.password if is_valid_token(shown.password) else ""
    token = value.strip() if scheme.lower() == "bearer" else ""
    return None, token if is_valid_token(token) else ""
