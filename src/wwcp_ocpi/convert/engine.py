# SPDX-License-Identifier: AGPL-3.0-or-later
"""One object on one step, field by field.

Going up, what the rules would not give back on the way down is kept in one field of the result,
`ocpi_<lower version>`: values by the name they had, and under `absent` the names that were not there. Going down, what
is kept there is taken again, as long as it still makes what stands beside it: somebody may have changed that.

An unknown field passes. One that has the name of a field of the target becomes that field, where it is valid there and
nothing better is known, and is kept as well, so that it comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import msgspec

from wwcp_ocpi.convert.plan import Nested, Plan
from wwcp_ocpi.convert.rules import NULL, Change, Rule, raw
from wwcp_ocpi.convert.work import Inexpressible, Work
from wwcp_ocpi.protocol.conformance import Severity, check
from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.protocol.etag import canonical
from wwcp_ocpi.protocol.patch import RawObject, join, split
from wwcp_ocpi.protocol.shape import StructType, fields_of

ABSENT = "absent"
_raws = msgspec.json.Decoder(list[msgspec.Raw])
_names = msgspec.json.Decoder(list[str])


def run(plan: Plan, fields: RawObject, work: Work) -> RawObject:
    """The fields of the object in the target of the plan.

    Raises:
        Inexpressible: it has something that it cannot be without and that cannot be told.
        CannotConvert: something that must be told is not known.
    """
    if plan.enter is not None:
        work = plan.enter(fields, work)
    kept = _Kept(plan, fields)
    out: RawObject = {}
    done: set[Rule] = set()
    for name, value in fields.items():
        entry = plan.special.get(name)
        if entry is None:
            if name != plan.extension:
                out[name] = value
        elif isinstance(entry, Nested):
            _below(entry, value, work, out)
        elif entry not in done:
            done.add(entry)
            out |= _told(plan, entry, fields, work, kept)
    for rule in plan.rules:
        if rule not in done and not (rule.idle and kept.is_empty):
            out |= _told(plan, rule, fields, work, kept)
    if not plan.up:
        kept.finish(out, work)
    elif work.context.traces:
        kept.write(out)
    return out


def _told(plan: Plan, rule: Rule, fields: RawObject, work: Work, kept: _Kept) -> RawObject:
    if plan.up:
        part = _up(plan.target, rule, fields, work)
        kept.keep(rule, fields, part, work)
        return part
    restored = kept.restored(rule, fields, work)
    return _down(plan, rule, fields, work) if restored is None else restored


def _up(target: StructType, rule: Rule, fields: RawObject, work: Work) -> RawObject:
    """What a rule makes, and unknown fields with the name of one that it does not make."""
    part = _change(rule.up, fields, rule.lower, work, rule.upper)
    for name in rule.upper:
        if name in fields and name not in part and name not in rule.lower and is_valid(target, name, fields[name]):
            part = {**part, name: fields[name]}
    for name in _required(target).intersection(rule.upper):
        if name not in part:
            raise work.refusal(f".{name}", None, f"requires {name}")
    return part


@cache
def _required(cls: StructType) -> frozenset[str]:
    return frozenset(field.name for field in fields_of(cls) if field.cardinality.is_required)


def _down(plan: Plan, rule: Rule, fields: RawObject, work: Work) -> RawObject:
    part = _change(rule.down, fields, rule.upper, work, rule.lower)
    for name in rule.lower:
        if name not in fields or name in rule.upper:
            continue
        if name not in part and is_valid(plan.target, name, fields[name]):
            part = {**part, name: fields[name]}
        elif name not in part or not same(part[name], fields[name]):
            work.lose(f".{name}", f"a field of OCPI {work.target} with another meaning or another value")
    return part


def _change(
    change: Change | None, fields: RawObject, names: Sequence[str], work: Work, others: Sequence[str] = ()
) -> RawObject:
    """What a direction of a rule makes of the fields `names`; `others` are those of the other side."""
    if change is None:
        return {name: fields[name] for name in names if name in fields}
    part = change(fields, work)
    if work.to is not None:
        counterparts = dict(zip(others, names, strict=True)) if len(others) == len(names) else {}
        first = next((name for name in names if name in fields), None)
        for name in part:
            source = name if name in fields else counterparts.get(name, first)
            if source in fields:
                work.moved(f".{source}", f".{name}")
    return part


def _below(entry: Nested, value: msgspec.Raw, work: Work, out: RawObject) -> None:
    """An object, or a list of them, one level down."""
    text, name, plan = bytes(value), entry.name, entry.plan
    if text == NULL or plan.leaves_alone(text):
        out[name] = value
        return
    if not entry.is_list:
        try:
            out[name] = msgspec.Raw(join(run(plan, split(value), work.below(f".{name}", f".{name}"))))
        except Inexpressible as reason:
            if entry.is_required:
                raise
            work.lose(f".{name}", f"{reason.text}; left out")
        return
    entries, made = _raws.decode(value), list[msgspec.Raw]()
    for index, one in enumerate(entries):
        if plan.leaves_alone(bytes(one)):
            work.moved(f".{name}[{index}]", f".{name}[{len(made)}]")
            made.append(one)
            continue
        place, to = f".{name}[{index}]", f".{name}[{len(made)}]"
        try:
            told = msgspec.Raw(join(run(plan, split(one), work.below(place, to))))
        except Inexpressible as reason:
            work.lose(place, f"{reason.text}; left out")
            continue
        work.moved(place, to)
        made.append(told)
    if entries and not made and entry.is_required:
        raise Inexpressible(f"{work.path}.{name}", f"OCPI {work.target} can be told none of them")
    out[name] = raw(made)


def same(one: msgspec.Raw | None, other: msgspec.Raw | None) -> bool:
    """Whether two fields are equal as JSON, digits included; absent and null are not."""
    if one is None or other is None:
        return one is other
    if bytes(one) == bytes(other):
        return True
    return canonical(bytes(one)) == canonical(bytes(other))


def is_valid(cls: StructType, name: str, value: msgspec.Raw) -> bool:
    """Whether a value may stand in that field of an object."""
    try:
        findings = check(cls, join({name: value}), partial=True)
    except OCPIError:
        return False
    return all(finding.severity is not Severity.ERROR for finding in findings)


class _Kept:
    """The field `ocpi_<lower version>` of one object: filled on the way up, used up on the way down."""

    __slots__ = ("absent", "plan", "values")

    def __init__(self, plan: Plan, fields: RawObject) -> None:
        self.plan = plan
        self.values: RawObject = {}
        self.absent: set[str] = set()
        found = fields.get(plan.extension)
        if found is None:
            return
        if plan.up:  # somebody's own field of that name
            self.values[plan.extension] = found
            return
        try:
            self.values = split(found)
            self.absent = set(_names.decode(self.values.pop(ABSENT, raw([]))))
        except (OCPIError, msgspec.DecodeError, UnicodeDecodeError):
            self.values = {ABSENT: found}

    @property
    def is_empty(self) -> bool:
        return not self.values and not self.absent

    def keep(self, rule: Rule, fields: RawObject, part: RawObject, work: Work) -> None:
        """Keep what the way down would not give back."""
        names = [*rule.lower, *(name for name in rule.upper if name in fields and name not in rule.lower)]
        if not names or (rule.inverse and len(names) == len(rule.lower)):
            return
        rest = {name: value for name, value in fields.items() if name not in names}
        try:
            back = _change(rule.down, {**rest, **part}, rule.upper, work.back())
        except (OCPIError, Inexpressible):
            back = {}
        for name in names:
            if not same(back.get(name), fields.get(name)):
                if name in fields:
                    self.values[name] = fields[name]
                else:
                    self.absent.add(name)

    def write(self, out: RawObject) -> None:
        if not self.is_empty:
            more: RawObject = {ABSENT: raw(sorted(self.absent))} if self.absent else {}
            out[self.plan.extension] = msgspec.Raw(join({**self.values, **more}))

    def restored(self, rule: Rule, fields: RawObject, work: Work) -> RawObject | None:
        """What was kept of the fields of a rule, if it is still true; None if nothing was, or if it is not."""
        if self.is_empty:
            return None
        names = {*rule.lower, *rule.upper}
        values = {name: value for name, value in self.values.items() if name in names}
        gone = self.absent & names
        if not values and not gone:
            return None
        try:
            derived = _change(rule.down, fields, rule.upper, work.quiet())
        except (OCPIError, Inexpressible):
            derived = {}
        found = {name: value for name, value in {**derived, **values}.items() if name not in gone}
        if not self._is_object(found, rule):
            return None
        rest = {name: value for name, value in fields.items() if name not in names}
        try:
            again = _up(self.plan.source, rule, {**rest, **found}, work.back())
        except (OCPIError, Inexpressible, KeyError):
            return None
        if any(not same(again.get(name), fields.get(name)) for name in rule.upper):
            return None
        for name in values:
            del self.values[name]
        self.absent -= gone
        return found

    def _is_object(self, found: RawObject, rule: Rule) -> bool:
        """Whether these may be fields of the target. It comes from a partner, so it may be anything."""
        for field in fields_of(self.plan.target):
            if field.name in found:
                if not is_valid(self.plan.target, field.name, found[field.name]):
                    return False
            elif field.name in rule.lower and field.cardinality.is_required:
                return False
        return True

    def finish(self, out: RawObject, work: Work) -> None:
        """Give back somebody's own field of that name, and write down what is not true any more."""
        for name, value in self.values.items():
            if name == self.plan.extension:
                out[name] = value
            else:
                place = f".{self.plan.extension}" + (f".{name}" if name in self.plan.special else "")
                work.lose(place, "kept from an earlier version, and not true any more")
