# SPDX-License-Identifier: AGPL-3.0-or-later
"""A change made in one version, brought into an object that is stored in another.

A partner changes what it was shown: the stored object, converted. What its version could not say was not shown and is
not changed. So three things are compared in the version of the store: what is stored, what was shown, converted back,
and what the partner made of it, converted back. Where the last two agree the stored value stays, byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.convert.bridge import STEPS, Converted, convert
from wwcp_ocpi.convert.context import NOTHING_KNOWN, ConnectorKind, Context
from wwcp_ocpi.convert.engine import same
from wwcp_ocpi.protocol.etag import canonical
from wwcp_ocpi.protocol.patch import RawObject, join, split
from wwcp_ocpi.scalars import PartyId

IDS = ("uid", "id", "start_date_time")
"""By which of its fields an entry of a list is known again."""

_raws = msgspec.json.Decoder(list[msgspec.Raw])
_KEPT: dict[str, dict[str, set[str]]] = {step.extension: {} for step in STEPS}
"""The fields above that stand for a field below, by the extension that keeps what they cannot say."""
for _step in STEPS:
    for _rule in (rule for rules in _step.objects.values() for rule in rules):
        for _name in _rule.lower:
            _KEPT[_step.extension].setdefault(_name, set()).update(_rule.upper)


def merge_back(
    stored: bytes, changed: bytes, object: str, source: str, target: str, context: Context = NOTHING_KNOWN
) -> Converted:
    """The stored object with what was changed in its converted form.

    Args:
        stored: the object in the version `source`.
        changed: what became of `convert(stored, object, source, target, context)`: with a PATCH applied, for example.
        source: the version of the store; the result is of this version.
        target: the version of the partner.
        context: as for `convert`; what the stored object says itself need not be given.

    Returns:
        The new object, and of what was changed the places in `changed` that `source` cannot say.

    Raises:
        CannotConvert, InvalidParameters, MalformedBody, TooLarge, UsageError: as `convert`, in either direction.
    """
    context = _completed(context, split(stored))
    shown = convert(stored, object, source, target, context)
    if canonical(shown.body) == canonical(changed):
        return Converted(stored, ())
    before = convert(shown.body, object, target, source, context)
    after = convert(changed, object, target, source, context)
    hidden = frozenset(loss.path for loss in shown.losses)
    merged = join(_object(split(stored), split(before.body), split(after.body), "$", hidden))
    return Converted(merged, tuple(loss for loss in after.losses if loss not in before.losses))


def _object(stored: RawObject, before: RawObject, after: RawObject, path: str, hidden: frozenset[str]) -> RawObject:
    made: RawObject = {}
    spoken_of = _spoken_of(before, after)
    for name in {**stored, **after}:
        old = None if name in spoken_of else before.get(name)
        value = _value(stored.get(name), old, after.get(name), f"{path}.{name}", hidden)
        if name in spoken_of and name not in after:
            continue
        if value is not None:
            made[name] = value
    return made


def _spoken_of(before: RawObject, after: RawObject) -> set[str]:
    """Fields that say the same as before only because what was changed cannot be said in them."""
    found: set[str] = set()
    for extension, fields in _KEPT.items():
        if not same(before.get(extension), after.get(extension)):
            old, new = (split(one[extension]) if extension in one else {} for one in (before, after))
            for name in old.keys() | new.keys():
                if not same(old.get(name), new.get(name)):
                    found |= fields.get(name, set())
    return found


def _value(
    stored: msgspec.Raw | None,
    before: msgspec.Raw | None,
    after: msgspec.Raw | None,
    path: str,
    hidden: frozenset[str],
) -> msgspec.Raw | None:
    if same(before, after):
        return stored
    if stored is None or before is None or after is None:
        return after
    kinds = {bytes(value)[:1] for value in (stored, before, after)}
    if kinds == {b"{"}:
        return msgspec.Raw(join(_object(split(stored), split(before), split(after), path, hidden)))
    if kinds == {b"["}:
        lists = _raws.decode(stored), _raws.decode(before), _raws.decode(after)
        return msgspec.Raw(msgspec.json.encode(_list(*lists, path, hidden)))
    return after


def _list(
    stored: list[msgspec.Raw], before: list[msgspec.Raw], after: list[msgspec.Raw], path: str, hidden: frozenset[str]
) -> Sequence[msgspec.Raw]:
    """Entry by entry; what was not shown stays behind the entry that it stood behind."""
    shown = [index for index in range(len(stored)) if f"{path}[{index}]" not in hidden]
    if len(shown) != len(before):
        return after
    made: list[msgspec.Raw] = []
    last = -1
    unseen: dict[int, list[msgspec.Raw]] = {}
    for index, entry in enumerate(stored):
        if index in shown:
            last = index
        else:
            unseen.setdefault(last, []).append(entry)
    made += unseen.pop(-1, [])
    for entry, at in zip(after, _matches(before, after), strict=True):
        if at is None:
            made.append(entry)
            continue
        index = shown[at]
        value = _value(stored[index], before[at], entry, f"{path}[{index}]", hidden)
        made += [entry if value is None else value, *unseen.pop(index, [])]
    return [*made, *(entry for rest in unseen.values() for entry in rest)]


def _matches(before: Sequence[msgspec.Raw], after: Sequence[msgspec.Raw]) -> list[int | None]:
    """Which entry before each of those after is: the same one, the one of the same id, or that of its place."""
    free = dict.fromkeys(range(len(before)))
    found: dict[int, int] = {}
    for key_of in (_key, _id):
        old = [key_of(one) for one in before]
        for at, one in enumerate(after):
            key = key_of(one) if at not in found else None
            match = next((index for index in free if old[index] == key), None) if key is not None else None
            if match is not None:
                found[at] = match
                del free[match]
    if len(before) == len(after):
        found |= {at: at for at in range(len(after)) if at not in found and at in free and _id(before[at]) is None}
    return [found.get(at) for at in range(len(after))]


def _key(value: msgspec.Raw) -> object:
    return canonical(bytes(value))


def _id(value: msgspec.Raw) -> object:
    if bytes(value)[:1] != b"{":
        return None
    fields = split(value)
    return next(((name, bytes(fields[name])) for name in IDS if name in fields), None)


# ------------------------------------------------------------------------------------------ what an object says itself


def _completed(context: Context, stored: RawObject) -> Context:
    """The context with what the stored object says of itself, where nothing else is said."""
    said = {
        name: value
        for name, value in _said({name: msgspec.json.decode(stored[name]) for name in _TELLING if name in stored})
        if value is not None and getattr(context, name) is None
    }
    return replace(context, **said) if said else context


_TELLING = (
    "country_code", "party_id", "time_zone", "postal_code", "roles", "token", "cdr_token", "cdr_location", "timeout",
    "tax_included",
)  # fmt: skip


def _said(stored: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    if stored.get("country_code") and stored.get("party_id"):
        yield "owner", PartyId.of(stored["country_code"], stored["party_id"])
    yield "time_zone", stored.get("time_zone")
    yield "postal_code", stored.get("postal_code")
    yield "timeout", stored.get("timeout")
    yield "tax_included", stored.get("tax_included")
    if stored.get("roles"):
        yield "role", stored["roles"][0]["role"]
    if (token := stored.get("cdr_token")) is not None:
        yield "driver", PartyId.of(token["country_code"], token["party_id"])
        yield "token_uid", token["uid"]
        yield "token_type", token["type"]
    if (place := stored.get("cdr_location")) is not None:
        names = ("connector_standard", "connector_format", "connector_power_type")
        yield "connector", ConnectorKind(*(place[name] for name in names))
