# SPDX-License-Identifier: AGPL-3.0-or-later
"""Several Tariffs under one id, each valid for a time of its own: an extension.

What partners are shown without being asked is an object like any other, and holds the one that is valid now. Beside
it, in a list of its own, stands the timetable: all variants with their times. `partners.timetable` writes both; here
it is read, for a partner that asks what is valid at another time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.errors import InvalidParameters
from wwcp_ocpi.protocol.paging import read_moment, read_whole
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.server.call import Call
from wwcp_ocpi.server.extensions import TIMESTAMP, TOLERANCE
from wwcp_ocpi.server.headers import addressed_parties

ALWAYS = -(2**63)
FOR_EVER = 2**63 - 1
_SECOND = 1_000_000


class Variant(msgspec.Struct, frozen=True, kw_only=True):
    """One body and when it is valid: from `not_before` on, until before `not_after`; microseconds since 1970."""

    not_before: int = ALWAYS
    not_after: int = FOR_EVER
    body: msgspec.Raw

    def is_valid_at(self, moment: int, tolerance: int = 0) -> bool:
        """Whether it is valid then, or so many microseconds before or after."""
        return self.not_before - tolerance <= moment < self.not_after + tolerance


class Timetable(msgspec.Struct, frozen=True, kw_only=True):
    """All variants of one object in the order of time. One without an end is valid until the next one begins.

    `concerns` is the party that alone may see them, if there is one. `shown` is the `not_before` of the variant that
    was published last (None: it was withdrawn), `is_settled` whether that is so since the timetable was changed.
    """

    owner: str
    id: str
    concerns: str = ""
    is_settled: bool = False
    shown: int | None = None
    variants: tuple[Variant, ...] = ()

    @property
    def in_turn(self) -> tuple[Variant, ...]:
        """The variants, each with an end where the next one begins."""
        begins = [one.not_before for one in self.variants[1:]] + [FOR_EVER]
        turns = zip(self.variants, begins, strict=False)
        return tuple(replace(one, not_after=min(one.not_after, begin)) for one, begin in turns)

    @property
    def published(self) -> Variant | None:
        """The one that partners are shown without being asked."""
        return next((one for one in self.in_turn if one.not_before == self.shown), None)

    def at(self, moment: int, tolerance: int = 0) -> Variant | None:
        """The one that is valid at a moment; else the latest of those that nearly are."""
        latest_first = self.in_turn[::-1]
        exact = (one for one in latest_first if one.is_valid_at(moment))
        near = (one for one in latest_first if one.is_valid_at(moment, tolerance))
        return next(exact, None) or next(near, None)


_timetables = msgspec.json.Decoder(Timetable)


def kind_of_timetables(kind: str) -> str:
    """The name under which the timetables of a kind of object are kept."""
    return f"{kind}/timetables"


def read_timetable(body: bytes) -> Timetable:
    """The timetable in a stored body."""
    return _timetables.decode(body)


def validity(fields: RawObject) -> tuple[int, int]:
    """When an object is valid by its own word: `start_date_time` and `end_date_time`, where the version has them."""
    start, end = (patch.moment_of(fields, name) for name in ("start_date_time", "end_date_time"))
    return start.micros if start else ALWAYS, end.micros if end else FOR_EVER


class Moment(msgspec.Struct, frozen=True):
    """For which time a partner asks, and how exact; in microseconds."""

    at: int
    tolerance: int

    def is_valid(self, body: bytes) -> bool:
        """Whether an object without a timetable is valid then, by its own word."""
        start, end = validity(patch.split(body))
        return Variant(not_before=start, not_after=end, body=msgspec.Raw(body)).is_valid_at(self.at, self.tolerance)

    def of(self, timetable: Timetable) -> Variant | None:
        """The variant that is valid then."""
        return timetable.at(self.at, self.tolerance)


def plain_at(call: Call, moment: Moment) -> Callable[[bytes], Awaitable[bytes | None]]:
    """What to show of objects of ours without a timetable: those that are valid then."""

    async def show(body: bytes) -> bytes | None:
        return body if moment.is_valid(body) and await timetable_of(call, body) is None else None

    return show


def timetable_at(call: Call, moment: Moment) -> Callable[[bytes], Awaitable[bytes | None]]:
    """What to show of timetables: the variant that is valid then."""

    async def show(body: bytes) -> bytes | None:
        timetable = read_timetable(body)
        found = moment.of(timetable) if _is_seen(call, timetable) else None
        return None if found is None else bytes(found.body)

    return show


def asked_moment(wishes: Mapping[str, str]) -> Moment | None:
    """What `timestamp` and `tolerance` (seconds) ask for; None: for now.

    Raises:
        InvalidParameters: no DateTime, no whole number, or a tolerance without a timestamp.
    """
    moment = read_moment(wishes, TIMESTAMP)
    tolerance = read_whole(wishes, TOLERANCE, 0, 0)
    if moment is None:
        if tolerance:
            raise InvalidParameters(f"{TOLERANCE}: expected {TIMESTAMP} beside it", path=TOLERANCE)
        return None
    return Moment(moment.micros, tolerance * _SECOND)


async def timetable_of(call: Call, body: bytes) -> Timetable | None:
    """The timetable of an object of ours; None: it has none."""
    return await find_timetable(call, patch.text_of(patch.split(body), call.resource.id_field) or "")


async def find_timetable(call: Call, id: str) -> Timetable | None:
    """The timetable of the object of ours with this id, if this partner may see it."""
    key_id = call.version.key_id(call.resource, id)
    owners = sorted(addressed_parties(call))
    found = await call.server.store.find(call.side, kind_of_timetables(call.kind), key_id, owners)
    if found is None or found.version != call.version.number:
        return None
    timetable = read_timetable(found.body)
    return timetable if _is_seen(call, timetable) else None


def _is_seen(call: Call, timetable: Timetable) -> bool:
    return not timetable.concerns or PartyId.parse(timetable.concerns) in call.caller.parties


def bounds(variant: Variant) -> Iterator[tuple[str, DateTime]]:
    """The names and values under which a partner that asks is told when a variant is valid."""
    if variant.not_before != ALWAYS:
        yield "not_before", DateTime.from_micros(variant.not_before)
    if variant.not_after != FOR_EVER:
        yield "not_after", DateTime.from_micros(variant.not_after)
