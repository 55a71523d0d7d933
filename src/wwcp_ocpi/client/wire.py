# SPDX-License-Identifier: AGPL-3.0-or-later
"""One call on the wire: the headers a partner expects, retries where they are safe, and its answer understood."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from urllib.parse import urlsplit

import msgspec
import stamina
from msgspec.structs import replace

from wwcp_ocpi.client.passwords import Passwords
from wwcp_ocpi.client.way import ANY_WAY, Way
from wwcp_ocpi.protocol import envelope
from wwcp_ocpi.protocol.credentials_token import TokenForm, authorization
from wwcp_ocpi.protocol.envelope import Envelope
from wwcp_ocpi.protocol.errors import BadAnswer, NotAuthenticated, Refused, Unreachable
from wwcp_ocpi.protocol.http import (
    AUTHORIZATION,
    CORRELATION_ID,
    FROM_COUNTRY_CODE,
    FROM_PARTY_ID,
    JSON,
    REQUEST_ID,
    TO_COUNTRY_CODE,
    TO_PARTY_ID,
    Channel,
    ChannelTransport,
    Request,
    Response,
    Transport,
)
from wwcp_ocpi.protocol.modifiers import NO_MODIFIERS, Modifiers, modified_answer, modified_request
from wwcp_ocpi.protocol.status import is_success
from wwcp_ocpi.scalars import PartyId, Secret
from wwcp_ocpi.security.outbound import OutboundRefused

SAFE = frozenset({"GET", "HEAD"})
"""Only these are tried again by themselves: for the others the specification says no (TRN-58)."""

_TRY_AGAIN = frozenset({429, 502, 503, 504})
_BOM = b"\xef\xbb\xbf"
_SECONDS = re.compile(r"([0-9]{1,9})[0-9]*\s*(?:,.*)?")
"""A header that came twice arrives as `2, 2`."""


class Retries(msgspec.Struct, frozen=True, kw_only=True):
    """How often a safe call is tried, and how long all tries may take together, in seconds.

    `longest_wait_s` caps what a partner's `Retry-After` can make us wait.
    """

    attempts: int = 4
    total_s: float = 60.0
    first_wait_s: float = 0.2
    longest_wait_s: float = 30.0


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """A success: its envelope and its headers."""

    envelope: Envelope
    headers: Mapping[str, str]
    status: int


class _Busy(Exception):
    """The partner cannot answer now; carries what to raise when it never can, and how long it asked us to wait."""

    def __init__(self, error: Unreachable | Refused, wait_s: float | None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait_s = wait_s


class Wire:
    """Sends requests to one partner on its way, with its credentials token, the parties on both sides, its modifiers.

    One-time passwords are made anew for each try and each connection, behind the modifiers.
    """

    def __init__(
        self,
        transport: Transport,
        token: Secret,
        form: TokenForm,
        *,
        retries: Retries,
        ours: PartyId | None = None,
        theirs: PartyId | None = None,
        modifiers: Modifiers = NO_MODIFIERS,
        passwords: Passwords | None = None,
        way: Way = ANY_WAY,
    ) -> None:
        """Nothing is sent yet.

        Raises:
            UsageError: the certificate or key of the way cannot be used.
        """
        self.transport = transport
        """The way out as it was given, which shows no one-time passwords and goes to everybody alike."""
        self.way = way
        self.passwords = passwords
        self.token = token
        self.form = form
        self.retries = retries
        self.ours = ours
        self.theirs = theirs
        self.modifiers = modifiers
        self.correlation_id: str | None = None
        """That of the request which is passed on by what is sent (TRN-56); None makes a new one for each."""
        self._carry = transport if passwords is None and way.tls is None else self._own_transport()

    def header_of(self, channel: Channel | None, request: Request) -> Mapping[str, str]:
        """The headers that depend on the connection and the time; a transport asks for them when it sends.

        Raises:
            Unreachable: the partner must be shown what this connection cannot give.
        """
        return self.passwords.headers(self.token, channel) if self.passwords is not None else {}

    def _own_transport(self) -> Transport:
        if isinstance(self.transport, ChannelTransport):
            header_of = self.header_of if self.passwords is not None else None
            return self.transport.outbound(tls=self.way.tls, header_of=header_of)

        async def send(request: Request) -> Response:
            headers = {**request.headers, **self.header_of(None, request)}
            return await self.transport(replace(request, headers=headers))

        return send

    async def send(
        self,
        method: str,
        url: str,
        body: bytes | None = None,
        *,
        routed: bool = False,
        tracked: bool = True,
        once: bool = False,
    ) -> Answered:
        """Make the call and understand the answer.

        Args:
            routed: whether the OCPI-to and OCPI-from headers belong here (functional modules, 2.2.1 on).
            tracked: whether X-Request-ID and X-Correlation-ID do (2.2.1 on).
            once: whether it must not be tried again though its method is safe: a GET that makes something happen.

        Raises:
            Unreachable: no answer came.
            OutboundRefused: nothing was sent, because the URL, or the address that it leads to, must not be called.
            NotAuthenticated: HTTP 401.
            Refused: an OCPI error, or an HTTP error that is none of the above.
            BadAnswer: something came that is not OCPI, or the partner named a URL that is none.
            ModifierFailed: nothing was sent, or nobody read the answer.
        """
        if not can_be_called(url):
            raise BadAnswer(f"expected an absolute http or https URL, got {url.partition('?')[0][:120]!r}")
        headers = {AUTHORIZATION: authorization(self.token, self.form), "accept": JSON}
        if body is not None:
            headers["content-type"] = JSON
        if tracked:
            headers |= {REQUEST_ID: str(uuid.uuid4()), CORRELATION_ID: self.correlation_id or str(uuid.uuid4())}
        if routed and self.ours is not None:
            headers |= {FROM_COUNTRY_CODE: self.ours.country_code, FROM_PARTY_ID: self.ours.party_id}
        if routed and self.theirs is not None:
            headers |= {TO_COUNTRY_CODE: self.theirs.country_code, TO_PARTY_ID: self.theirs.party_id}
        request = Request(method=method, url=url, headers=headers, body=body or b"")
        if once or method not in SAFE:
            try:
                return await self._once(request)
            except _Busy as busy:
                raise busy.error from busy
        return await self._again(request)

    async def _again(self, request: Request) -> Answered:
        retries = self.retries

        def wait(error: Exception) -> bool | float:
            if not isinstance(error, _Busy):
                return False
            return True if error.wait_s is None else min(error.wait_s, retries.longest_wait_s)

        try:
            async for attempt in stamina.retry_context(
                on=wait, attempts=retries.attempts, timeout=retries.total_s, wait_initial=retries.first_wait_s
            ):
                with attempt:
                    return await self._once(request)
        except _Busy as busy:
            raise busy.error from busy
        raise AssertionError("a retry loop ends with an answer or an error")

    async def _once(self, request: Request) -> Answered:
        request = modified_request(self.modifiers.request_to, request)
        try:
            self.way.check(request.url)
            response = await self._carry(request)
        except OutboundRefused as error:
            self.way.refused(error)
            raise
        except Unreachable as error:
            raise _Busy(error, None) from error
        response = modified_answer(self.modifiers.answer_from, request, response)
        if response.status in _TRY_AGAIN:
            raise _Busy(_refusal(request, response), _retry_after(response))
        return _understand(request, response)


def can_be_called(url: str) -> bool:
    """Whether this is an absolute URL with a host and a scheme that we speak (CRD-07)."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _where(request: Request) -> str:
    """The call without its query: what a message may show."""
    return f"{request.method} {request.url.partition('?')[0]}"


def _understand(request: Request, response: Response) -> Answered:
    if response.status == HTTPStatus.UNAUTHORIZED:
        raise NotAuthenticated(f"{_where(request)}: the partner does not accept our credentials token (HTTP 401)")
    if not 200 <= response.status < 300:
        raise _refusal(request, response)
    try:
        found = envelope.read(response.body.removeprefix(_BOM))
    except BadAnswer as error:
        raise BadAnswer(f"{_where(request)}: {error.message}", http_status=response.status) from error
    if not is_success(found.status_code):
        raise Refused(
            f"{_where(request)}: the partner answered {found.status_code} {found.status_message or ''}".rstrip(),
            ocpi_status=found.status_code,
            http_status=response.status,
        )
    return Answered(envelope=found, headers=response.headers, status=response.status)


def _refusal(request: Request, response: Response) -> Refused:
    try:
        found = envelope.read(response.body.removeprefix(_BOM))
        said, status = f" {found.status_code} {found.status_message or ''}".rstrip(), found.status_code
    except BadAnswer:
        said, status = "", 2000 if response.status < 500 else 3000
    return Refused(
        f"{_where(request)}: the partner answered HTTP {response.status}{said}",
        ocpi_status=status,
        http_status=response.status,
    )


def _retry_after(response: Response) -> float | None:
    """Seconds that the partner asks us to wait: a number, or a date (RFC 9110 10.2.3)."""
    text = response.headers.get("retry-after", "").strip()
    seconds = _SECONDS.fullmatch(text)
    if seconds is not None:
        return float(seconds[1])
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return max(0.0, (moment - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):  # what the standard library has for odd dates
        return None
