# SPDX-License-Identifier: AGPL-3.0-or-later
"""From any version to any other, by steps between neighbours."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from wwcp_ocpi.convert.context import NOTHING_KNOWN, Context, Known
from wwcp_ocpi.convert.engine import run
from wwcp_ocpi.convert.plan import plan_of
from wwcp_ocpi.convert.rules import Step
from wwcp_ocpi.convert.v2_1_1_to_v2_2_1 import STEP as STEP_2_2_1
from wwcp_ocpi.convert.v2_2_1_to_v2_3_0 import STEP as STEP_2_3_0
from wwcp_ocpi.convert.work import Inexpressible, Journal, Loss, Work
from wwcp_ocpi.protocol import codec, conformance
from wwcp_ocpi.protocol.errors import CannotConvert, NotInVersion
from wwcp_ocpi.protocol.patch import RawObject, join, split
from wwcp_ocpi.protocol.shape import StructType
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import version

STEPS: tuple[Step, ...] = (STEP_2_2_1, STEP_2_3_0)
"""Every pair of neighbours, oldest first."""

ALIASES: Mapping[str, Mapping[str, str]] = {"2.1.1": {"CommandResult": "CommandResponse"}}
"""Objects that a version has under the name of another one."""

NOT_CONVERTED: Mapping[str, str] = dict.fromkeys(
    ("Version", "VersionDetails", "Endpoint"), "tells of the URLs of one platform in one version"
)
"""Objects that have no counterpart although the other version has one of that name, and why."""

_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")


class Converted(NamedTuple):
    """An object in another version, and what that version cannot say of it."""

    body: bytes
    losses: tuple[Loss, ...]


def convert(body: bytes, object: str, source: str, target: str, context: Context = NOTHING_KNOWN) -> Converted:
    """The object in another version.

    What does not differ passes as the bytes that came: unknown fields, signed data, digits, DateTime texts. Going up
    nothing is lost: what the upper version cannot say is kept in a field `ocpi_2_1_1` or `ocpi_2_2_1` and comes back.
    Going down every loss is listed with its JSON path in `body`.

    Args:
        object: its name in the specification, or a module for its main object. `CommandResult` of 2.1.1 is what is
            sent to a `response_url`; the version itself calls it CommandResponse.
        source: the version of `body`, like `2.2.1`.
        context: what the body does not say and the other version asks for.

    Raises:
        NotInVersion: `target` has no such object.
        CannotConvert: a field that `target` requires cannot be told; `.path`, and `.setting` that would supply it.
        InvalidParameters: `body` is no such object of `source`; `.path` names the first mistake.
        MalformedBody, TooLarge: `body` is no JSON, or nested too deep.
        UsageError: no such version or object.
    """
    version(target)
    name, cls = _named(object, source)
    careful = not codec.conforms(cls, body)
    if careful:
        conformance.refuse_errors(conformance.check(cls, body), f"{name} of OCPI {source}")
    return convert_checked(body, name, source, target, context, careful=careful)


def convert_checked(
    body: bytes, name: str, source: str, target: str, context: Context, *, careful: bool = True
) -> Converted:
    """As `convert`, for an object that is known to be valid, by its name in the specification.

    Args:
        careful: whether it may have a word, a length or a form that its version does not allow.
    """
    way = _way(version(source), version(target))
    if way and name in NOT_CONVERTED:
        path, why = "$", NOT_CONVERTED[name]
        raise CannotConvert(f"{path}: a {name} is not converted: it {why}", path=path)
    for step, up in way:
        _pair(step, name, step.upper if up else step.lower)
    origin, losses, moves = body, list[Loss](), list[dict[str, str]]()
    for index, (step, up) in enumerate(way):
        plan = plan_of(step, _pair(step, name, step.upper if up else step.lower), up, careful and up)
        if plan.leaves_alone(body):
            moves.append({})
            continue
        journal = Journal()
        work = Work(context, _Others(step, up), journal, to="$" if index + 1 < len(way) else None)
        try:
            body = join(run(plan, split(body), work))
        except Inexpressible as reason:
            path = _place(reason.path, moves, origin)
            raise CannotConvert(f"{path}: {reason.text}", path=path) from reason
        except CannotConvert as refused:
            path = _place(refused.path or "$", moves, origin)
            message = refused.message.replace(f"{refused.path}: ", f"{path}: ", 1)
            raise CannotConvert(message, path=path, setting=refused.setting) from refused
        losses += [Loss(_place(loss.path, moves, origin), loss.text) for loss in journal.losses]
        moves.append(journal.moves)
    return Converted(body, tuple(dict.fromkeys(losses)))


def object_name(object: str, known: Version) -> str:
    """The specification's name of an object; where a version has it under another name, the more special one.

    Raises:
        UsageError: that version has no such object.
    """
    for alias in ALIASES.get(known.number, {}):
        if alias.lower() == object.lower():
            return alias
    return known.object_named(object).__name__


@lru_cache(maxsize=1024)
def _named(object: str, number: str) -> tuple[str, StructType]:
    known = version(number)
    name = object_name(object, known)
    return name, known.objects[_own_name(name, known)]


def _own_name(name: str, known: Version) -> str:
    return ALIASES.get(known.number, {}).get(name, name)


def _way(source: Version, target: Version) -> list[tuple[Step, bool]]:
    """The steps from one version to another, each with its direction."""
    numbers = [STEPS[0].lower.number, *(step.upper.number for step in STEPS)]
    start, end = numbers.index(source.number), numbers.index(target.number)
    if start <= end:
        return [(step, True) for step in STEPS[start:end]]
    return [(step, False) for step in reversed(STEPS[end:start])]


def _pair(step: Step, name: str, target: Version) -> tuple[str, str]:
    pair = _own_name(name, step.lower), _own_name(name, step.upper)
    if pair[0] not in step.lower.objects or pair[1] not in step.upper.objects:
        raise NotInVersion(f"$: a {name} does not exist in OCPI {target.number}", path="$")
    return pair


class _Others(NamedTuple):
    """See `work.Others`."""

    step: Step
    up: bool

    @property
    def number(self) -> str:
        return (self.step.upper if self.up else self.step.lower).number

    def back(self) -> _Others:
        return _Others(self.step, not self.up)

    def part(self, name: str, fields: RawObject, work: Work) -> RawObject:
        return run(plan_of(self.step, (name, name), self.up), fields, work)

    def whole(self, known: Known, name: str, context: Context) -> RawObject:
        return split(convert(known.body, name, known.version, self.number, context).body)


# ------------------------------------------------------------------------------------------- places in the first source


def _place(path: str, moves: Sequence[Mapping[str, str]], origin: bytes) -> str:
    """Where in the object that came first something of a later step stood, or the nearest place around it."""
    if not moves:
        return path
    for earlier in reversed(moves):
        path = _before(path, earlier)
    return _existing(path, codec.read_json(origin))


def _before(path: str, moves: Mapping[str, str]) -> str:
    """A place in the result of a step as a place in its source."""
    at = path
    while at not in moves:
        cut = max(at.rfind("."), at.rfind("["))
        if cut < 0:
            return path
        at = at[:cut]
    return moves[at] + path[len(at) :]


def _existing(path: str, value: Any) -> str:
    """As much of a path as there is."""
    end = 1
    for match in _STEP.finditer(path, 1):
        name, index = match[1], int(match[2] or 0)
        if name is not None and isinstance(value, dict) and name in value:
            value = value[name]
        elif name is None and isinstance(value, list) and index < len(value):
            value = value[index]
        else:
            break
        end = match.end()
    return path[:end]
