# SPDX-License-Identifier: AGPL-3.0-or-later
"""Stored objects in the version in which somebody asks for them.

What was converted once is remembered as long as there is room: a stored body never changes, a changed object has
another body. What a version cannot say is counted by place; an object that it cannot be told at all is left out of
lists and counted as well, and stays stored as it is.
"""

from __future__ import annotations

import re
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeAlias, TypeVar

import msgspec
import structlog
from msgspec.structs import replace

from wwcp_ocpi.convert import NOTHING_KNOWN, Context, Converted, Known, Loss, convert, merge_back
from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.errors import CannotConvert, NotFound, OCPIError
from wwcp_ocpi.protocol.joined import Joined
from wwcp_ocpi.protocol.shape import field_names
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId, fold
from wwcp_ocpi.store.ports import Key, Objects, Side, Stored

log = structlog.get_logger()

ROOM_BYTES = 32 << 20
MOST_PLACES = 4096
"""How many places are counted; an unknown field may make new ones without end."""

_INDEX = re.compile(r"\[\d+\]")
_OVERHEAD = 512

_Place: TypeAlias = tuple[str, str, PartyId | None, tuple[PartyId, ...], Joined]

DriverOf: TypeAlias = Callable[[Side, Stored], PartyId | None]
"""The eMSP whose driver a Session or CDR is about, as far as it is known without looking into it."""


TokenOf: TypeAlias = Callable[[Side, str, Stored], Awaitable[Known | None]]
"""The Token behind a Session or CDR that names the contract alone, if it is known here."""


async def no_token(side: Side, kind: str, stored: Stored) -> Known | None:
    """None is known."""
    return None


class Unsaid(msgspec.Struct, frozen=True, order=True):
    """A place in objects that a version cannot say. Entries of lists are not told apart."""

    kind: str
    source: str
    target: str
    path: str


class Shown(Protocol):
    """Objects of a page, each with its version and owner."""

    @property
    def joined(self) -> Joined: ...

    @property
    def versions(self) -> tuple[str, ...]: ...

    @property
    def owners(self) -> tuple[PartyId, ...]: ...


class NotLookedUp(Exception):
    """A view was asked for what is known beside the body, and nobody has looked it up."""


class View(NamedTuple):
    """A stored object as a partner sees it. Pure: for decisions, which run in a thread.

    `known` is only needed where the object is stored in another version; None: nobody has looked it up.
    """

    kind: str
    version: Version
    owner: PartyId
    known: Context | None = None

    @property
    def context(self) -> Context:
        """What is known of the object beside its body.

        Raises:
            NotLookedUp
        """
        if self.known is None:
            raise NotLookedUp
        return replace(self.known, owner=self.owner)

    def of(self, stored: Stored) -> bytes:
        """What the partner sees.

        Raises:
            CannotConvert, NotLookedUp
        """
        if stored.version == self.version.number:
            return stored.body
        return _told(self.kind, stored, self.version, self.context).body

    def kept(self, stored: Stored, changed: bytes) -> tuple[str, bytes]:
        """What is stored after the partner changed what it saw, and in which version: that which it was stored in.

        Raises:
            CannotConvert, NotLookedUp
        """
        if stored.version == self.version.number:
            return stored.version, changed
        name, number = _name(self.kind, stored.version), self.version.number
        return stored.version, merge_back(stored.body, changed, name, stored.version, number, self.context).body


class Bridge:
    """Shows stored objects in any version.

    `defaults` is what the operator says about objects that do not say it themselves.
    """

    def __init__(
        self,
        store: Objects,
        defaults: Context = NOTHING_KNOWN,
        *,
        driver_of: DriverOf = lambda side, stored: None,
        token_of: TokenOf = no_token,
        names_owners: bool = False,
        room_bytes: int = ROOM_BYTES,
    ) -> None:
        self.defaults = defaults
        self.driver_of = driver_of
        self.token_of = token_of
        self.names_owners = names_owners
        """Whether what is told of ours names its owner also in a version that has no field for it, as a hub must."""
        self.lost: Counter[Unsaid] = Counter()
        """How often something was left unsaid, counted when an object is converted, not when it is read again."""
        self.refused: Counter[Unsaid] = Counter()
        """How often an object could not be told at all; the path says why not."""
        self._store = store
        self._objects: _Remembered[tuple[str, str, str, bytes, Context], Converted] = _Remembered(room_bytes // 2)
        self._pages: _Remembered[_Place, Sequence[bytes | None]] = _Remembered(room_bytes // 2)

    async def body(self, side: Side, kind: str, owner: PartyId, stored: Stored, target: Version) -> bytes:
        """One stored object in a version.

        Raises:
            CannotConvert: the version cannot be told this object; what is missing, and the setting that supplies it.
        """
        body = (await self.told(side, kind, owner, stored, target)).body
        return owned(body, owner) if self._adds_owner(side, kind, target) else body

    async def told(self, side: Side, kind: str, owner: PartyId, stored: Stored, target: Version) -> Converted:
        """The same with what that leaves unsaid.

        Raises:
            CannotConvert
        """
        if stored.version == target.number:
            return Converted(stored.body, ())
        return self.convert(kind, stored, target, await self.context(side, kind, owner, stored, target))

    async def losses(self, side: Side, kind: str, owner: PartyId, id: str, target: Version) -> tuple[Loss, ...]:
        """What a version cannot say of one stored object, each with its place there; nothing, where it says all.

        Args:
            id: as in the object. A Token is found by its uid; of several types with one uid one of them is meant.

        Raises:
            NotFound: there is no such object.
            CannotConvert: the version cannot be told this object at all.
        """
        sources = [known for known in VERSIONS.values() if kind in known.kinds]
        for key_id in dict.fromkeys(key for known in sources for key in known.key_ids(known.kind(kind).resource, id)):
            stored = await self._store.get(Key(side, kind, owner, key_id))
            if stored is not None:
                return (await self.told(side, kind, owner, stored, target)).losses
        raise NotFound(f"{kind}/{id}: no such object of {owner}")

    async def bodies(
        self, side: Side, kind: str, page: Shown, target: Version, audience: str = ""
    ) -> Sequence[bytes | None]:
        """The objects of a page in a version; None for those that it cannot be told.

        They are all for one audience, which says whose driver a Session or CDR is about.
        """
        is_as_stored = page.versions.count(target.number) == len(page.versions)
        if is_as_stored and not self._adds_owner(side, kind, target):
            return page.joined
        driver = self.driver_of(side, Stored(seq=0, version="", last_updated=0, body=b"", audience=audience))
        place = (kind, target.number, driver, page.owners, page.joined)
        known = self._pages.get(place)
        if known is not None:
            return known
        told: list[bytes | None] = []
        is_lasting = True
        for body, number, owner in zip(page.joined, page.versions, page.owners, strict=True):
            stored = Stored(seq=0, version=number, last_updated=0, body=body, audience=audience)
            is_lasting = is_lasting and not _leans_on_others(kind, version_of(number), target)
            try:
                told.append(await self.body(side, kind, owner, stored, target))
            except CannotConvert:
                told.append(None)
        bodies = [body for body in told if body is not None]
        listed = Joined(bodies) if len(bodies) == len(told) else tuple(told)
        if is_lasting:
            self._pages.put(place, listed, sum(map(len, bodies)))
        return listed

    async def view(self, side: Side, kind: str, owner: PartyId, version: Version, id: str) -> View:
        """How a partner sees one stored object, for a decision about it, which runs where nothing can be looked up."""
        known = self.defaults
        if not {"location", "cdr_token"}.isdisjoint(field_names(version.kind(kind).resource.type)):
            stored = await self._store.get(Key(side, kind, owner, id))
            if stored is not None and stored.version != version.number:
                known = await self.context(side, kind, owner, stored, version)
        return View(kind, version, owner, known)

    async def context(self, side: Side, kind: str, owner: PartyId, stored: Stored, target: Version) -> Context:
        """What is known of an object beside its body: its owner, the driver, and the Location that is told with it."""
        if kind not in target.kinds:
            return replace(self.defaults, owner=owner)
        source = version_of(stored.version)
        context = replace(self.defaults, owner=owner, driver=self.defaults.driver or self.driver_of(side, stored))
        if _leans_on_location(kind, source, target):
            context = replace(context, location=await self._location(side, owner, stored.body, source))
        if _leans_on(kind, "cdr_token", source, target):
            context = replace(context, token=await self.token_of(side, kind, stored))
        return context

    def _adds_owner(self, side: Side, kind: str, target: Version) -> bool:
        is_ours = self.names_owners and side is Side.OURS and not target.facts.objects_name_owner
        return is_ours and kind in target.kinds

    def convert(self, kind: str, stored: Stored, target: Version, context: Context) -> Converted:
        """The same with what that leaves unsaid, and with the context at hand.

        Raises:
            CannotConvert
        """
        if stored.version == target.number:
            return Converted(stored.body, ())
        key = (kind, stored.version, target.number, stored.body, context)
        known = self._objects.get(key)
        if known is None:
            try:
                known = _told(kind, stored, target, context)
            except CannotConvert as error:
                self._count(self.refused, kind, stored.version, target, error.path or "$")
                raise
            for loss in known.losses:
                self._count(self.lost, kind, stored.version, target, loss.path)
            self._objects.put(key, known, len(known.body) + len(stored.body))
        return known

    async def _location(self, side: Side, owner: PartyId, body: bytes, source: Version) -> Known | None:
        fields = patch.split(body)
        id = patch.text_of(fields, "location_id")
        if id is None and "cdr_location" in fields:
            id = patch.text_of(patch.split(fields["cdr_location"]), "id")
        for candidate in dict.fromkeys((fold(id), id)) if id else ():
            found = await self._store.find(side, "locations", candidate, [owner])
            if found is not None:
                return Known(found.version, found.body)
        return None

    @staticmethod
    def _count(counter: Counter[Unsaid], kind: str, source: str, target: Version, path: str) -> None:
        place = Unsaid(kind, source, target.number, _INDEX.sub("[]", path)[:200])
        if place in counter or len(counter) < MOST_PLACES:
            counter[place] += 1


def _told(kind: str, stored: Stored, target: Version, context: Context) -> Converted:
    """A stored object in a version, with what that leaves unsaid.

    Raises:
        CannotConvert
    """
    name = _name(kind, stored.version)
    try:
        return convert(stored.body, name, stored.version, target.number, context)
    except CannotConvert:
        raise
    except OCPIError as error:
        # Stored although its version does not allow it: nobody can say what it would be in another.
        raise CannotConvert(f"stored as no {name} of OCPI {stored.version}: {error}", path="$") from error


def _name(kind: str, number: str) -> str:
    return version_of(number).kind(kind).resource.name


def owned(body: bytes, owner: PartyId) -> bytes:
    """An object that names its owner though its version has no field for it; what it says itself stays."""
    fields = patch.split(body)
    named = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in owner._asdict().items()}
    return patch.join({**named, **fields})


def _leans_on_location(kind: str, source: Version, target: Version) -> bool:
    """Whether the object holds its whole Location there, and no more than its id here."""
    return _leans_on(kind, "location", source, target)


def _leans_on_others(kind: str, source: Version, target: Version) -> bool:
    """Whether what the object becomes depends on others that are stored."""
    return any(_leans_on(kind, field, source, target) for field in ("location", "cdr_token"))


def _leans_on(kind: str, field: str, source: Version, target: Version) -> bool:
    """Whether the object has a field there that it has not here."""
    return [field in field_names(known.kind(kind).resource.type) for known in (source, target)] == [False, True]


_K = TypeVar("_K")
_V = TypeVar("_V")


class _Remembered(Generic[_K, _V]):
    """Values by key, at most so many bytes of them; the least recently used goes first."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._bytes = 0
        self._found: OrderedDict[_K, tuple[_V, int]] = OrderedDict()

    def get(self, key: _K) -> _V | None:
        found = self._found.get(key)
        if found is None:
            return None
        self._found.move_to_end(key)
        return found[0]

    def put(self, key: _K, value: _V, size: int) -> None:
        size += _OVERHEAD
        if key in self._found or size * 4 > self._most:
            return
        self._found[key] = value, size
        self._bytes += size
        while self._bytes > self._most:
            self._bytes -= self._found.popitem(last=False)[1][1]
