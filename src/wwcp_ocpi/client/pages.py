# SPDX-License-Identifier: AGPL-3.0-or-later
"""Following the pages of a list to the end, past what partners do wrong. Spec: transport_and_format (pagination)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Generic, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec
import structlog

from wwcp_ocpi.client.wire import Answered
from wwcp_ocpi.protocol import codec, conformance, envelope, paging
from wwcp_ocpi.protocol.errors import BadAnswer, OCPIError
from wwcp_ocpi.protocol.http import LINK, TOTAL_COUNT

log = structlog.get_logger()

_S = TypeVar("_S", bound=msgspec.Struct)
_raws = msgspec.json.Decoder(list[msgspec.Raw])
_total = re.compile(r"\s*([0-9]{1,15})\s*(?:,.*)?")
"""A header that came twice arrives as `7, 7`."""
_offset = re.compile(r"[0-9]{1,15}")
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
    `total` is what the partner said last, `pages` how many were fetched, `entries` how many objects, good or bad,
    were in them. Only links are followed: where a partner leaves one out, `missing` tells.
    """

    def __init__(
        self,
        fetch: Callable[[str], Awaitable[Answered]],
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
        self.entries = 0
        self.rejected = 0

    @property
    def missing(self) -> int:
        """How many fewer objects came than the partner said that there are, once the list has been read."""
        return max(0, (self.total or 0) - self.entries)

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
            if url in seen or self.pages >= MAX_PAGES:
                raise BadAnswer(f"{url.partition('?')[0]}: the links between its pages go round in a circle")
            seen.add(url)
            answered = await self._fetch(url)
            self.pages += 1
            again = self._shrunk(url, answered)
            if again is not None:
                # TRN-17: objects vanished while we read; step back so that none slips through the gap.
                seen.clear()
                url = again
                continue
            raws = self._raws(url, answered)
            self.entries += len(raws)
            for index, raw in enumerate(raws):
                received = self._decode(url, index, bytes(raw))
                if received is not None:
                    yield received
            is_past_end = not raws and self.total is not None and (_offset_of(url) or 0) >= self.total
            url = None if is_past_end else paging.read_next(answered.headers.get(LINK), url)
        if self.missing:
            log.warning("list.incomplete", url=self._url.partition("?")[0], total=self.total, received=self.entries)

    def _shrunk(self, url: str, answered: Answered) -> str | None:
        """The URL to ask instead when the total has shrunk since the last page, if the page has an offset."""
        found = _total.fullmatch(answered.headers.get(TOTAL_COUNT, ""))
        before, self.total = self.total, int(found[1]) if found else self.total
        if before is None or self.total is None or self.total >= before:
            return None
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        offset = _offset_of(url)
        if not offset or "after" in query:
            return None
        query["offset"] = str(max(0, offset - (before - self.total)))
        return urlunsplit(parts._replace(query=urlencode(query)))

    def _raws(self, url: str, answered: Answered) -> list[msgspec.Raw]:
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


def _offset_of(url: str) -> int | None:
    """The offset that the URL of a page names, if it names one."""
    text = dict(parse_qsl(urlsplit(url).query)).get("offset", "")
    return int(text) if _offset.fullmatch(text) else None
