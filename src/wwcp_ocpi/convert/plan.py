# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is to be done with each field of an object on one step, worked out once from both shapes and the named rules.

A field of one name passes when its type is the same on both sides, goes down into it when it is an object, and word by
word when it is an enum whose words differ. Everything else must have a rule; a field without one, and a rule without
need, is a mistake in the tables and refused when a plan is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias

import msgspec

from wwcp_ocpi.convert.rules import NULL, Change, Enter, Rule, Step, Words, is_given, raw
from wwcp_ocpi.convert.work import Inexpressible, Work
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.protocol.shape import Cardinality, Field, StructType, fields_of
from wwcp_ocpi.scalars import OCPIEnum, OpenEnum

Table: TypeAlias = Mapping[bytes, bytes | None]
_raws = msgspec.json.Decoder(list[msgspec.Raw])


class Nested(msgspec.Struct, frozen=True, eq=False):
    """A field that holds an object, or a list of them, with a plan of its own."""

    name: str
    plan: Plan
    is_list: bool
    is_required: bool
    """Whether the field cannot be left out, or left empty."""


class Plan(msgspec.Struct, frozen=True, eq=False):
    """What to do with an object on one step in one direction. A field that is not in `special` passes."""

    source: StructType
    target: StructType
    up: bool
    extension: str
    special: Mapping[str, Nested | Rule]
    rules: tuple[Rule, ...]
    enter: Enter | None
    needles: tuple[bytes, ...] | None
    """Where none of these occurs in an object there is nothing to do; None when there always is."""

    def leaves_alone(self, text: bytes) -> bool:
        """Whether this object passes as the bytes that it is."""
        if self.needles is None:
            return False
        if not self.needles:
            return True
        return b"\\u" not in text and not any(needle in text for needle in self.needles)


class Mistake(Exception):
    """The tables do not cover a difference, or cover what is none."""


@cache
def plan_of(step: Step, pair: tuple[str, str], up: bool, careful: bool = False) -> Plan:
    """The plan for an object by its names below and above.

    Args:
        careful: for an object that is not all that its version specifies, like one with a text that is too long. It
            passes upwards, but would not come down again as it is, so what passes is looked at as well.

    Raises:
        Mistake: the tables have a gap, or a rule without need.
    """
    lower, upper = step.lower.objects[pair[0]], step.upper.objects[pair[1]]
    found = mistakes(step, pair)
    if found:
        raise Mistake(f"{step.lower.number} to {step.upper.number}: {'; '.join(found)}")
    named = step.objects.get(pair, ())
    derived, nested = _derived(step, lower, upper, up, careful, named)
    rules = [
        rule
        for rule in (*named, *derived)
        if (rule.up if up else rule.down) is not None or (careful and rule.down is not None)
    ]
    special: dict[str, Nested | Rule] = dict(nested)
    for rule in rules:
        special |= dict.fromkeys((*rule.lower, *rule.upper), rule)
    enter = step.scopes.get(pair[1]) if pair[0] == pair[1] else None
    return Plan(
        source=lower if up else upper,
        target=upper if up else lower,
        up=up,
        extension=step.extension,
        special=special,
        rules=tuple(rules),
        enter=enter,
        needles=_needles(step, special),
    )


def _needles(step: Step, special: Mapping[str, Nested | Rule]) -> tuple[bytes, ...] | None:
    if not special:
        return ()
    found = {step.extension}
    inner: set[bytes] = set()
    for entry in special.values():
        if isinstance(entry, Nested):
            if entry.plan.needles is None:
                return None
            inner |= set(entry.plan.needles)
        elif entry.idle:
            found |= {*entry.lower, *entry.upper}
        else:
            return None
    return tuple(sorted({f'"{name}"'.encode() for name in found} | inner))


def _derived(
    step: Step, lower: StructType, upper: StructType, up: bool, careful: bool, named: tuple[Rule, ...]
) -> tuple[list[Rule], dict[str, Nested]]:
    """Rules for enums, and what lies below, of the fields that need no rule by name."""
    essentials = {name for rule in named if rule.kind == "essential" for name in rule.lower}
    covered = {name for rule in named for name in (*rule.lower, *rule.upper)} - essentials
    above = {field.name: field for field in fields_of(upper)}
    rules: list[Rule] = []
    nested: dict[str, Nested] = {}
    for below in fields_of(lower):
        field = above.get(below.name)
        if field is None or below.name in covered:
            continue
        if _is_struct(below.type) and _is_struct(field.type):
            plan = plan_of(step, (below.type.__name__, field.type.__name__), up, careful)
            if plan.special:
                target = field if up else below
                is_required = target.cardinality.is_required or below.name in essentials
                nested[below.name] = Nested(below.name, plan, below.cardinality.is_list, is_required)
        elif _is_enum(below.type) and _is_enum(field.type):
            rule = _words_rule(step, below, field)
            if rule is not None:
                rules.append(rule)
    return rules, nested


# ---------------------------------------------------------------------------------------------------------- enums


def _words_rule(step: Step, below: Field, above: Field) -> Rule | None:
    words = step.words.get((below.type.__name__, above.type.__name__), Words(why=""))
    closes = issubclass(above.type, OpenEnum) and not issubclass(below.type, OpenEnum)
    up = _table(words.up, None) if words.up else None
    down = _table(words.down, below.type) if words.down or closes else None
    if up is None and down is None:
        return None
    otherwise = raw(words.otherwise) if words.otherwise is not None else None
    many = below.cardinality.is_list
    return Rule(
        kind="words",
        lower=(below.name,),
        upper=(below.name,),
        why=words.why,
        up=None if up is None else _change(below.name, up, many, above, passing=True, otherwise=None, tell=False),
        down=_same(below.name)
        if down is None
        else _change(below.name, down, many, below, passing=not closes, otherwise=otherwise, tell=True),
    )


def _same(name: str) -> Change:
    return lambda fields, work: {name: fields[name]} if name in fields else {}


def _table(named: Mapping[str, str | None], target: type[OCPIEnum] | None) -> Table:
    """The JSON of each word to the JSON of what stands for it."""
    same = {word.value: word.value for word in target} if target is not None else {}
    return {
        msgspec.json.encode(word): None if other is None else msgspec.json.encode(other)
        for word, other in {**same, **named}.items()
    }


def _change(
    name: str, table: Table, many: bool, target: Field, *, passing: bool, otherwise: msgspec.Raw | None, tell: bool
) -> Change:
    is_required = target.cardinality is Cardinality.ONE

    def told(value: msgspec.Raw, place: str, work: Work) -> msgspec.Raw | None:
        """The word for this word. None: there is none."""
        text = bytes(value)
        if text not in table and b"\\" in text:
            text = msgspec.json.encode(msgspec.json.decode(text))
        other = table.get(text, b"")
        if other == text:
            return value
        if other == b"":  # a word that no version names
            if passing:
                return value
            other = None if otherwise is None else bytes(otherwise)
        if other is not None and tell:
            work.lose(place, f"{text.decode()} is no word of OCPI {work.target}; told as {other.decode()}")
        return None if other is None else msgspec.Raw(other)

    def missing(value: msgspec.Raw, work: Work) -> str:
        return f"{bytes(value).decode()} is no word of OCPI {work.target}"

    def scalar(fields: RawObject, work: Work) -> RawObject:
        value = fields.get(name)
        if value is None or not is_given(value):
            return {} if value is None else {name: value}
        other = told(value, f".{name}", work)
        if other is None and is_required:
            raise Inexpressible(f"{work.path}.{name}", missing(value, work))
        if other is None:
            work.lose(f".{name}", f"{missing(value, work)}; left out")
            return {}
        return {name: other}

    def words(fields: RawObject, work: Work) -> RawObject:
        value = fields.get(name)
        if value is None or bytes(value) == NULL:
            return {} if value is None else {name: value}
        kept: list[msgspec.Raw] = []
        entries = _raws.decode(value)
        for index, entry in enumerate(entries):
            other = told(entry, f".{name}[{index}]", work)
            if other is None:
                work.lose(f".{name}[{index}]", f"{missing(entry, work)}; left out")
                continue
            if len(kept) != index:
                work.moved(f".{name}[{index}]", f".{name}[{len(kept)}]")
            kept.append(other)
        if entries and not kept and target.cardinality is Cardinality.SOME:
            raise Inexpressible(f"{work.path}.{name}", f"OCPI {work.target} has a word for none of them")
        return {name: raw(kept)}

    return words if many else scalar


# ------------------------------------------------------------------------------------------------- are they complete


def mistakes(step: Step, pair: tuple[str, str]) -> list[str]:
    """What is wrong with the rules of one pair of objects: gaps, and rules without need."""
    return list(_mistakes(step, pair))


def _mistakes(step: Step, pair: tuple[str, str]) -> Iterator[str]:
    lower, upper = step.lower.objects[pair[0]], step.upper.objects[pair[1]]
    below = {field.name: field for field in fields_of(lower)}
    above = {field.name: field for field in fields_of(upper)}
    rules = step.objects.get(pair, ())
    lower_named = [name for rule in rules for name in rule.lower]
    upper_named = [name for rule in rules for name in rule.upper]
    where = "/".join(dict.fromkeys(pair))
    for rule in rules:
        if rule.down is None and (rule.up is not None or rule.lower != rule.upper):
            yield f"{where}: the rule for {', '.join((*rule.lower, *rule.upper))} has no way down"
    for name in sorted({*lower_named, *upper_named}):
        if (name in lower_named and name not in below) or (name in upper_named and name not in above):
            yield f"{where}.{name} is named by a rule and not there"
        if lower_named.count(name) > 1 or upper_named.count(name) > 1:
            yield f"{where}.{name} is named twice"
    for name in [*below, *(name for name in above if name not in below)]:
        in_rule = name in lower_named or name in upper_named
        if name not in below or name not in above:
            if not in_rule:
                yield f"{where}.{name} is on one side only and has no rule"
            continue
        if (name in lower_named) != (name in upper_named):
            yield f"{where}.{name} is on both sides and its rule names one"
        difference = _difference(step, below[name], above[name])
        if difference and not in_rule:
            yield f"{where}.{name}: {difference}, and has no rule"
        elif not difference and any(rule.kind in ("passes", "cut") and name in rule.lower for rule in rules):
            yield f"{where}.{name} is the same on both sides and has a rule"


def _difference(step: Step, below: Field, above: Field) -> str:
    """In what two fields of one name differ, as far as it must be decided by name; empty for nothing."""
    if below.cardinality is not above.cardinality:
        return f"cardinality {below.cardinality.value} and {above.cardinality.value}"
    if _is_struct(below.type) and _is_struct(above.type):
        pair = (below.type.__name__, above.type.__name__)
        is_paired = pair in step.objects or pair[0] == pair[1]
        return "" if is_paired else f"objects {pair[0]} and {pair[1]}"
    if _is_enum(below.type) and _is_enum(above.type):
        return "; ".join(words_without_decision(step, below.type, above.type))
    if below.type is not above.type:
        return f"types {below.type_name} and {above.type_name}"
    if below.max != above.max or below.digits != above.digits:
        return f"lengths {below.max or below.digits} and {above.max or above.digits}"
    patterns = [field.text.pattern if field.text else None for field in (below, above)]
    return "" if patterns[0] == patterns[1] else "forms"


def words_without_decision(step: Step, below: type[OCPIEnum], above: type[OCPIEnum]) -> list[str]:
    """Words of one side that the other lacks and no table names, and words that are named without need."""
    words = step.words.get((below.__name__, above.__name__), Words(why=""))
    low, high = {word.value for word in below}, {word.value for word in above}
    found = [f"{word} has no word above" for word in sorted(low - high - words.up.keys())]
    found += [f"{word} has no word below" for word in sorted(high - low - words.down.keys())]
    found += [f"{word} is named without need" for word in sorted(words.up.keys() - (low - high))]
    found += [f"{word} is named without need" for word in sorted(words.down.keys() - (high - low))]
    found += [f"{word} is no word" for word in sorted({w for w in words.up.values() if w is not None} - high)]
    return found + [f"{word} is no word" for word in sorted({w for w in words.down.values() if w is not None} - low)]


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, OCPIEnum)
