# SPDX-License-Identifier: AGPL-3.0-or-later
"""Location ids as single partners want them: what follows the `P` of the pool id, where all others have the whole id.

A Location is stored once, under the id of its pool. For such a partner the id is another one in everything that
passes: paths, Locations, Sessions, CDRs, commands, questions about Tokens. The stored objects stay as they are.

Two operators of one network may have pools with one suffix. Paths and headers tell which is meant; where nothing tells
it, neither is: the partner is answered that there is no such Location.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from msgspec.structs import replace

from wwcp_ocpi.protocol.http import TO_COUNTRY_CODE, TO_PARTY_ID, Request, Response
from wwcp_ocpi.protocol.modifiers import Modifiers
from wwcp_ocpi.scalars import PartyId, fold
from wwcp_ocpi.wwcp.ocpi.cso.names import PublishedNames
from wwcp_ocpi.wwcp.ocpi.location import location_id
from wwcp_ocpi.wwcp.ocpi.words import LocationIds, MappingPolicy

_SUFFIX = MappingPolicy(location_ids=LocationIds.SUFFIX)
_OUTGOING = re.compile(rb'("(?:id|location_id)"\s*:\s*")([^"\\]{1,64})(")')
_INCOMING = re.compile(rb'("location_id"\s*:\s*")([^"\\]{1,64})(")')
_MODULE = "locations"
_PARTY_AND_ID = 3


class SuffixIds:
    """Knows both names of every pool that partners know."""

    def __init__(self, names: PublishedNames) -> None:
        self._names = names
        self._seen = 0
        self._short: dict[str, str] = {}
        self._whole: dict[str, dict[PartyId, str]] = {}

    def short(self, id: str) -> str | None:
        """The short name; None for what is no Location of ours."""
        return self._refreshed()._short.get(fold(id))

    def whole(self, id: str, party: PartyId | None = None) -> str | None:
        """The id of the pool; None where there is none of that name, or several and no party is told."""
        found = self._refreshed()._whole.get(fold(id), {})
        if party is not None:
            return found.get(party)
        return next(iter(found.values())) if len(found) == 1 else None

    def modifiers(self) -> Modifiers:
        """What changes the traffic with a partner that wants short names."""
        return Modifiers(
            request_to=self._request_to,
            answer_from=self._answer_from,
            request_from=self._request_from,
            answer_to=self._answer_to,
        )

    def _refreshed(self) -> SuffixIds:
        if self._names.count != self._seen:
            self._seen = self._names.count
            for party, pool_id in self._names.published():
                whole, short = location_id(pool_id), location_id(pool_id, _SUFFIX)
                self._short[fold(whole)] = short
                self._whole.setdefault(fold(short), {})[party] = whole
        return self

    def _request_to(self, request: Request) -> Request:
        before, mark, query = request.url.partition("?")
        segments = [self._shortened(segment) for segment in before.split("/")]
        return replace(request, url="/".join(segments) + mark + query, body=self._outgoing(request.body))

    def _answer_from(self, request: Request, answer: Response) -> Response:
        return replace(answer, body=self._incoming(answer.body, None))

    def _request_from(self, request: Request) -> Request:
        before, mark, query = request.url.partition("?")
        segments = before.split("/")
        at = segments.index(_MODULE) + 1 if _MODULE in segments else len(segments)
        party = _addressed(request)
        if len(segments) > at:
            whole = self.whole(unquote(segments[at]), party)
            if whole is not None:
                segments[at] = quote(whole, safe="*")
        return replace(request, url="/".join(segments) + mark + query, body=self._incoming(request.body, party))

    def _answer_to(self, request: Request, answer: Response) -> Response:
        return replace(answer, body=self._outgoing(answer.body))

    def _shortened(self, segment: str) -> str:
        short = self.short(unquote(segment)) if len(segment) > _PARTY_AND_ID else None
        return segment if short is None else quote(short, safe="*")

    def _outgoing(self, body: bytes) -> bytes:
        def renamed(match: re.Match[bytes]) -> bytes:
            short = self.short(match[2].decode("utf-8", "replace"))
            return match[0] if short is None else match[1] + short.encode() + match[3]

        return _OUTGOING.sub(renamed, body) if body else body

    def _incoming(self, body: bytes, party: PartyId | None) -> bytes:
        def renamed(match: re.Match[bytes]) -> bytes:
            whole = self.whole(match[2].decode("utf-8", "replace"), party)
            return match[0] if whole is None else match[1] + whole.encode() + match[3]

        return _INCOMING.sub(renamed, body) if body else body


def after(ours: Modifiers, theirs: Modifiers | None) -> Modifiers:
    """Both, where the operator has modifiers of his own for the partner: those see what the partner sees."""
    if theirs is None:
        return ours
    other = theirs
    return Modifiers(
        request_to=lambda request: other.request_to(ours.request_to(request)),
        answer_from=lambda request, answer: ours.answer_from(request, other.answer_from(request, answer)),
        request_from=lambda request: ours.request_from(other.request_from(request)),
        answer_to=lambda request, answer: other.answer_to(request, ours.answer_to(request, answer)),
    )


def _addressed(request: Request) -> PartyId | None:
    """The party of ours that a request is for, where it says so."""
    country_code, party_id = (request.headers.get(name) for name in (TO_COUNTRY_CODE, TO_PARTY_ID))
    return PartyId.of(country_code, party_id) if country_code and party_id else None
