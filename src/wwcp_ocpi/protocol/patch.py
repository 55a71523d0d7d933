# SPDX-License-Identifier: AGPL-3.0-or-later
"""Changing an object without rewriting what was not spoken of.

Spec: transport_and_format#transport_and_format_patch. A PATCH names fields of one object; each named field is
replaced whole, the others keep the bytes they came with, unknown fields included. The specification does not
say whether nested objects merge; we replace (decision 52 in docs/spec-defects.md). null takes an optional
field away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from wwcp_ocpi.protocol.errors import InvalidParameters, MalformedBody, NotFound, TooLarge
from wwcp_ocpi.protocol.etag import canonical
from wwcp_ocpi.scalars import DateTime

RawObject: TypeAlias = dict[str, msgspec.Raw]
_objects = msgspec.json.Decoder(RawObject)
_raws = msgspec.json.Decoder(list[msgspec.Raw])
_lists = msgspec.json.Decoder(list[RawObject])
_encoder = msgspec.json.Encoder()


def split(body: bytes | msgspec.Raw) -> RawObject:
    """The fields of a JSON object, each still the bytes it came with.

    Raises:
        MalformedBody: not JSON.
        InvalidParameters: JSON, but no object.
        TooLarge: nested deeper than this server reads.
    """
    try:
        return _objects.decode(body)
    except msgspec.ValidationError as error:
        raise InvalidParameters(f"$: expected a JSON object: {error}", path="$") from error
    except RecursionError as error:
        raise TooLarge("$: nested too deep") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedBody(f"$: expected JSON: {error}", path="$") from error


def join(fields: RawObject) -> bytes:
    """The object that `split` took apart."""
    return _encoder.encode(fields)


def merge(stored: RawObject, change: RawObject, appended: Sequence[str] = ()) -> RawObject:
    """The stored fields with those of the change on top, without those that the change sets to null.

    Args:
        appended: lists to which the change adds (SES-17). What is there already is not added again, so that a change
            that comes twice does no harm.

    Raises:
        InvalidParameters: a list that is added to is none.
    """
    for name in appended:
        if name in change:
            before = children(stored, name)
            known = {canonical(join(entry)) for entry in before}
            added = [one for one in children(change, name) if canonical(join(one)) not in known]
            change = {**change, name: listed([*before, *added])}
    gone = {name for name, value in change.items() if bytes(value) == b"null"}
    return {name: value for name, value in {**stored, **change}.items() if name not in gone}


def text_of(fields: RawObject, name: str) -> str | None:
    """A text field, or None when it is absent or no text."""
    raw = fields.get(name)
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=str)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


class Step(msgspec.Struct, frozen=True):
    """One step down: the entry of the list `field` whose `id_field` equals `id`, in any case with `fold`."""

    field: str
    id_field: str
    id: str
    fold: bool = False

    def is_at(self, entry: RawObject) -> bool:
        """Whether this entry is the one that the step names."""
        found = text_of(entry, self.id_field)
        if found is None:
            return False
        return found.upper() == self.id.upper() if self.fold else found == self.id


def children(parent: RawObject, field: str) -> list[RawObject]:
    """The entries of a list field; absent and null count as empty.

    Raises:
        InvalidParameters: the field is no list of objects.
    """
    raw = parent.get(field)
    if raw is None or bytes(raw) == b"null":
        return []
    try:
        return _lists.decode(raw)
    except msgspec.ValidationError as error:
        raise InvalidParameters(f"$.{field}: expected a list of objects: {error}", path=f"$.{field}") from error


def listed(entries: Sequence[RawObject]) -> msgspec.Raw:
    """A list of objects as the value of a field."""
    return msgspec.Raw(_encoder.encode(entries))


class Opened:
    """The way from an object down to a part, read once: what a decision looks at is what is written back.

    Of the entries on the way only those are taken apart that may be the one that a step names.
    """

    __slots__ = ("_levels", "part", "whole")

    def __init__(self, whole: RawObject, steps: Sequence[Step]) -> None:
        """Go down.

        Raises:
            NotFound: an entry on the way, other than the last, is not there.
            InvalidParameters: a field on the way is no list of objects.
        """
        self.whole = whole
        self.part: RawObject | None = whole
        """What the steps lead to; None when the last entry is not there."""
        self._levels: list[tuple[RawObject, Step, list[msgspec.Raw], int | None]] = []
        for step in steps:
            parent = self.part
            if parent is None:
                above = self._levels[-1][1]
                raise NotFound(f"$.{above.field}: no entry with {above.id_field} {above.id!r}")
            entries = raw_children(parent, step.field)
            at, self.part = _locate(entries, step)
            self._levels.append((parent, step, entries, at))

    def with_part(self, part: RawObject, stamp: DateTime) -> RawObject:
        """The whole with `part` at the end of the steps, added there when new.

        Every object on the way whose own `last_updated` is earlier gets `stamp` (LOC-07, LOC-14, LOC-15).
        """
        return self._with(part, len(self._levels), stamp)

    def without_part(self, stamp: DateTime) -> RawObject:
        """The whole without what the steps lead to, which must be there; stamped in the same way."""
        parent, step, entries, at = self._levels[-1]
        kept = [entry for index, entry in enumerate(entries) if index != at]
        above = stamped({**parent, step.field: msgspec.Raw(_encoder.encode(kept))}, stamp)
        return self._with(above, len(self._levels) - 1, stamp)

    @property
    def siblings(self) -> int:
        """How many entries stand beside the part in its list."""
        _, _, entries, at = self._levels[-1]
        return len(entries) if at is None else len(entries) - 1

    def _with(self, part: RawObject, depth: int, stamp: DateTime) -> RawObject:
        for parent, step, entries, at in reversed(self._levels[:depth]):
            raw = msgspec.Raw(_encoder.encode(part))
            kept = [*entries, raw] if at is None else [*entries[:at], raw, *entries[at + 1 :]]
            part = stamped({**parent, step.field: msgspec.Raw(_encoder.encode(kept))}, stamp)
        return part


def raw_children(parent: RawObject, field: str) -> list[msgspec.Raw]:
    """The entries of a list field as the bytes that came, each unread; absent and null count as empty.

    Raises:
        InvalidParameters: the field is no list.
    """
    raw = parent.get(field)
    if raw is None or bytes(raw) == b"null":
        return []
    try:
        return _raws.decode(raw)
    except msgspec.ValidationError as error:
        raise InvalidParameters(f"$.{field}: expected a list of objects: {error}", path=f"$.{field}") from error


def _locate(entries: Sequence[msgspec.Raw], step: Step) -> tuple[int | None, RawObject | None]:
    """The entry that a step names, and its index. Most entries are passed over without being taken apart."""
    wanted = step.id.encode()
    is_plain = step.id.isascii()
    folded = wanted.upper() if step.fold else None
    for index, entry in enumerate(entries):
        text = bytes(entry)
        if is_plain and b"\\" not in text and wanted not in text and (folded is None or folded not in text.upper()):
            continue
        try:
            fields = _objects.decode(entry)
        except msgspec.ValidationError as error:
            path = f"$.{step.field}"
            raise InvalidParameters(f"{path}: expected a list of objects: {error}", path=path) from error
        if step.is_at(fields):
            return index, fields
    return None, None


def descend(fields: RawObject, steps: Sequence[Step]) -> RawObject:
    """The part of an object that the steps lead to.

    Raises:
        NotFound: an entry on the way is not there.
    """
    part = Opened(fields, steps).part
    if part is None:
        step = steps[-1]
        raise NotFound(f"$.{step.field}: no entry with {step.id_field} {step.id!r}")
    return part


def replace(fields: RawObject, steps: Sequence[Step], part: RawObject, stamp: DateTime) -> RawObject:
    """The object with `part` at the end of the steps, see `Opened.with_part`.

    Raises:
        NotFound: an entry on the way, other than the last, is not there.
    """
    return Opened(fields, steps).with_part(part, stamp)


def moment_of(fields: RawObject, name: str = "last_updated") -> DateTime | None:
    """A DateTime field, or None when it is absent or no DateTime."""
    text = text_of(fields, name)
    if text is None:
        return None
    try:
        return DateTime.parse(text)
    except ValueError:
        return None


def stamped(fields: RawObject, stamp: DateTime) -> RawObject:
    """The object with `last_updated` at least at `stamp`."""
    own = moment_of(fields)
    if own is not None and own >= stamp:
        return fields
    return {**fields, "last_updated": msgspec.Raw(_encoder.encode(stamp.wire))}
