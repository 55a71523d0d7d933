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
from wwcp_ocpi.scalars import DateTime

RawObject: TypeAlias = dict[str, msgspec.Raw]
_objects = msgspec.json.Decoder(RawObject)
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


def merge(stored: RawObject, change: RawObject) -> RawObject:
    """The stored fields with those of the change on top, without those that the change sets to null."""
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


def descend(fields: RawObject, steps: Sequence[Step]) -> RawObject:
    """The part of an object that the steps lead to.

    Raises:
        NotFound: an entry on the way is not there.
    """
    for step in steps:
        found = next((entry for entry in children(fields, step.field) if step.is_at(entry)), None)
        if found is None:
            raise NotFound(f"$.{step.field}: no entry with {step.id_field} {step.id!r}")
        fields = found
    return fields


def replace(fields: RawObject, steps: Sequence[Step], part: RawObject, stamp: DateTime) -> RawObject:
    """The object with `part` at the end of the steps, added there when new.

    Every object on the way whose own `last_updated` is earlier gets `stamp` (LOC-07, LOC-14, LOC-15).

    Raises:
        NotFound: an entry on the way, other than the last, is not there.
    """
    if not steps:
        return part
    step, rest = steps[0], steps[1:]
    entries = children(fields, step.field)
    at = next((index for index, entry in enumerate(entries) if step.is_at(entry)), None)
    if at is None and rest:
        raise NotFound(f"$.{step.field}: no entry with {step.id_field} {step.id!r}")
    if at is None:
        entries.append(part)
    else:
        entries[at] = replace(entries[at], rest, part, stamp)
    return stamped({**fields, step.field: listed(entries)}, stamp)


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
