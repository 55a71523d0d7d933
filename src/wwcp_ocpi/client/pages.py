# SPDX-License-Identifier: AGPL-3.0-or-later
"""Following the pages of a list to the end, past what partners do wrong. Spec: transport_and_format (pagination)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import msgspec
import structlog

from wwcp_ocpi.client.wire import Answered
from wwcp_ocpi.protocol import codec, conformance, envelope, paging
from wwcp_ocpi.protocol.errors import BadAnswer, OCPIError
from wwcp_ocpi.protocol.http import LINK, TOTAL_COUNT

log = structlog.get_logger()

_S = TypeVar("_S", bound=msgspec.Struct)
_raws = msgspec.json.Decoder(list[msgspec.Raw])
MAX_PAGES = 1_000_000


class BadObject(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a page that is no such object: where it was, what is wrong, and its bytes."""

    url: str
    index: int
    error: str
    body: bytes


class Received(msgspec.Struct, Generic[_S], frozen=True, kw_only=True):
    """An entry of a page: the object, and the bytes it came as."""

    value: _S
    body: bytes


class Pages(Generic[_S]):
    """An asynchronous iterator over all objects of a list.

    One bad object does not spoil a page: it is reported to `on_bad`, logged, and counted in `rejected` (TRN-11).
    `total` is what the partner said last, `pages` how many were fetched.
    """

    def __init__(
        self,
        fetch: Callable[[str], object],
        url: str,
        cls: type[_S],
        *,
        on_bad: Callable[[BadObject], None] | None = None,
    ) -> None:
        self._fetch = fetch
        self._url = url
        self._cls = cls
        self._on_bad = on_bad
        self.total: int | None = None
        self.pages = 0
        self.rejected = 0

    async def __aiter__(self) -> AsyncIterator[_S]:
        async for received in self.received():
            yield received.value

    async def received(self) -> AsyncIterator[Received[_S]]:
        """The objects with the bytes they came as, for whoever keeps them.

        Raises:
            BadAnswer: `data` is no array, or the links go round in a circle.
        """
        url: str | None = self._url
        seen: set[str] = set()
        while url is not None:
            if url in seen or len(seen) >= MAX_PAGES:
                raise BadAnswer(f"{url.partition('?')[0]}: the links between its pages go round in a circle")
            seen.add(url)
            answered: Answered = await self._fetch(url)  # type: ignore[misc]
            again = self._shrunk(url, answered)
            if again is not None and again not in seen:
                # TRN-17: objects vanished while we read; step back so that none slips through the gap.
                url = again
                continue
            self.pages += 1
            for index, raw in enumerate(self._entries(url, answered)):
                received = self._decode(url, index, bytes(raw))
                if received is not None:
                    yield received
            url = paging.read_next(answered.headers.get(LINK), url)

    def _shrunk(self, url: str, answered: Answered) -> str | None:
        """The URL to ask instead when the total has shrunk since the last page, if the page has an offset."""
        text = answered.headers.get(TOTAL_COUNT, "").strip()
        before, self.total = self.total, int(text) if text.isdigit() else self.total
        if before is None or self.total is None or self.total >= before:
            return None
        parts = urlsplit(url)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        if "after" in query or not query.get("offset", "").isdigit():
            return None
        query["offset"] = str(max(0, int(query["offset"]) - (before - self.total)))
        return urlunsplit(parts._replace(query=urlencode(query)))

    def _entries(self, url: str, answered: Answered) -> list[msgspec.Raw]:
        if envelope.is_null(answered.envelope.data):
            return []
        assert answered.envelope.data is not None
        try:
            return _raws.decode(answered.envelope.data)
        except msgspec.DecodeError as error:
            raise BadAnswer(f"{url.partition('?')[0]}: $.data: expected an array: {error}") from error

    def _decode(self, url: str, index: int, body: bytes) -> Received[_S] | None:
        try:
            return Received(value=codec.decode(self._cls, body), body=body)
        except OCPIError as error:
            reasons = [str(error)]
            try:
                findings = conformance.check(self._cls, body)
            except OCPIError:
                findings = []
            reasons = [
                f"{finding.path}: {finding.message}"
                for finding in findings
                if finding.severity is conformance.Severity.ERROR
            ] or reasons
        self.rejected += 1
        bad = BadObject(url=url, index=index, error="; ".join(reasons), body=body)
        log.warning("object.rejected", url=url.partition("?")[0], index=index, error=bad.error[:500])
        if self._on_bad is not None:
            self._on_bad(bad)
        return None
