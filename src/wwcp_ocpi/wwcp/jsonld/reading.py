# SPDX-License-Identifier: AGPL-3.0-or-later
"""The reading half of `jsonld`: from JSON to our objects, with the JSON path of every mistake.

A network may have a hundred thousand EVSEs, so it is never a tree of dictionaries as a whole: networks and operators
are opened member by member, and each pool below them becomes objects before the next one is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, NamedTuple, TypeAlias, TypeVar, get_args, get_origin

import msgspec

from wwcp_ocpi.protocol.codec import read_json
from wwcp_ocpi.protocol.errors import InvalidParameters
from wwcp_ocpi.protocol.shape import StructType, fields_of
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationOperatorId, Id
from wwcp_ocpi.wwcp.jsonld.shapes import SHAPES_IN, JSONObject
from wwcp_ocpi.wwcp.jsonld.wire import from_wire
from wwcp_ocpi.wwcp.model.notes import Note
from wwcp_ocpi.wwcp.model.places import (
    AuthenticationMode,
    ChargingPool,
    ChargingStation,
    ChargingStationOperator,
    RoamingNetworkData,
)
from wwcp_ocpi.wwcp.model.texts import AuthenticationType

_S = TypeVar("_S", bound=msgspec.Struct)

Part: TypeAlias = RoamingNetworkData | ChargingStationOperator | ChargingPool

EXTRA = "@extra"
_PARENT_KEYS: dict[type, str] = {
    RoamingNetworkData: "roamingNetworkId",
    ChargingStationOperator: "chargingStationOperatorId",
    ChargingPool: "chargingPoolId",
    ChargingStation: "chargingStationId",
}
_OPENED_BY_MEMBER = frozenset({RoamingNetworkData, ChargingStationOperator})
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_MAX_EXPONENT = 30
_MAX_WORD = 64
_TYPE_ONLY = frozenset({"type"})
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_items = msgspec.json.Decoder(list[msgspec.Raw])


class Child(NamedTuple):
    """Objects below an object, under one key."""

    key: str
    name: str
    cls: StructType
    is_list: bool
    has_ids: bool
    """Whether they, or objects below them, have ids that must be there once only."""


class Plan(NamedTuple):
    """What a reader and a writer must know of a class."""

    keys: frozenset[str]
    folded: dict[str, str]
    children: tuple[Child, ...]
    decimals: tuple[str, ...]


@cache
def plan(cls: StructType) -> Plan:
    """The plan of a class, made once."""
    children, decimals, keys = [], [], cls.__struct_encode_fields__
    for field, key in zip(fields_of(cls), keys, strict=True):
        is_tuple = get_origin(field.type) is tuple
        kind = get_args(field.type)[0] if is_tuple else field.type
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            is_list = is_tuple or field.cardinality.is_list
            children.append(Child(key, field.name, kind, is_list, _has_ids(kind)))
        if field.type is Decimal:
            decimals.append(key)
    return Plan(frozenset(keys), {key.lower(): key for key in keys}, tuple(children), tuple(decimals))


@cache
def _has_ids(cls: StructType) -> bool:
    own = next((field.type for field in fields_of(cls) if field.name == "id"), None)
    return (isinstance(own, type) and issubclass(own, Id)) or any(child.has_ids for child in plan(cls).children)


class Reader:
    """One reading: what was noted, and which ids were seen where.

    Args:
        keep_going: leave out of a list the smallest part that holds a mistake, and note it. Slower.
    """

    def __init__(self, *, keep_going: bool = False) -> None:
        self.notes: list[Note] = []
        self._keep_going = keep_going
        self._seen: dict[Id, str] = {}

    def entity(self, cls: type[_S], value: Any, path: str = "$", parents: Mapping[str, str] | None = None) -> _S:
        """The object in a JSON value, parsed or still raw.

        Raises:
            InvalidParameters: it is no such object; `.path` names the place of the first mistake.
            MalformedBody, TooLarge: as `read_json`.
        """
        above = parents or {}
        piecewise = self._keep_going or cls in _OPENED_BY_MEMBER
        made = _converted(cls, self._prepared(cls, value, path, above, piecewise=piecewise), path)
        self._register(made, path, above, deep=not piecewise)
        return made

    def parts(self, body: bytes) -> Iterator[Part]:
        """A network in pieces: itself without operators and pools, each operator without pools, its pools.

        What is made of a piece may be forgotten before the next one is read.

        Raises:
            InvalidParameters, MalformedBody, TooLarge: as `entity`, when the piece is reached.
        """
        own, [operators, loose] = _without(
            RoamingNetworkData, msgspec.Raw(body), "$", ["charging_station_operators", "charging_pools"]
        )
        network = self.entity(RoamingNetworkData, own)
        above = {_PARENT_KEYS[RoamingNetworkData]: network.id}
        yield network
        for path, value in operators:
            rest, [pools] = _without(ChargingStationOperator, value, path, ["charging_pools"])
            operator = self.entity(ChargingStationOperator, rest, path, above)
            yield operator
            family = above | {_PARENT_KEYS[ChargingStationOperator]: str(operator.id)}
            for place, pool in pools:
                yield self.entity(ChargingPool, pool, place, family)
        for path, pool in loose:
            yield self.entity(ChargingPool, pool, path, above)

    def _prepared(
        self, cls: StructType, value: Any, path: str, parents: Mapping[str, str], *, piecewise: bool
    ) -> JSONObject:
        """The JSON in the form of our classes; where it goes piece by piece, objects below it are made already."""
        opened = _opened(cls, value)
        if not isinstance(opened, dict):
            raise _refusal(path, f"expected a {cls.__name__} object, got {_shown(opened)}")
        shape = SHAPES_IN.get(cls)
        known = self._sorted_out(cls, shape(opened) if shape else opened, path, parents)
        family = parents
        if cls in _PARENT_KEYS and isinstance(known.get("@id"), str):
            family = {**parents, _PARENT_KEYS[cls]: known["@id"]}
        for child in plan(cls).children:
            if child.key in known:
                known[child.key] = self._below(child, known[child.key], f"{path}.{child.key}", family, piecewise)
        return known

    def _below(self, child: Child, value: Any, path: str, parents: Mapping[str, str], piecewise: bool) -> object:
        def one(item: Any, place: str) -> object:
            if piecewise:
                return self.entity(child.cls, item, place, parents)
            if child.cls is AuthenticationMode and type(item) is dict and item.keys() == _TYPE_ONLY:
                return _plain_mode(item["type"], place)
            return self._prepared(child.cls, item, place, parents, piecewise=False)

        if not child.is_list:
            return one(value, path)
        if not isinstance(value, list):
            raise _refusal(path, f"expected an array of {child.cls.__name__}, got {_shown(value)}")
        if not self._keep_going:
            return [one(item, f"{path}[{index}]") for index, item in enumerate(value)]
        made = []
        for index, item in enumerate(value):
            seen, noted = len(self._seen), len(self.notes)
            try:
                made.append(one(item, f"{path}[{index}]"))
            except InvalidParameters as error:
                while len(self._seen) > seen:
                    self._seen.popitem()
                del self.notes[noted:]
                self.notes.append(Note(f"{path}[{index}]", f"left out: {error}"))
        return made

    def _sorted_out(self, cls: StructType, value: JSONObject, path: str, parents: Mapping[str, str]) -> JSONObject:
        """Known keys under their documented names, without nulls; the others under `@extra`."""
        known_keys, folded, _, decimals = plan(cls)
        known = value
        if not value.keys() <= known_keys or EXTRA in value or None in value.values():
            known = self._picked(cls, known_keys, folded, value, path, parents)
        for key in decimals:
            if key in known:
                known[key] = _number(known[key], f"{path}.{key}")
        return known

    def _picked(
        self,
        cls: StructType,
        known_keys: frozenset[str],
        folded: dict[str, str],
        value: JSONObject,
        path: str,
        parents: Mapping[str, str],
    ) -> JSONObject:
        known: JSONObject = {}
        extra: JSONObject = {}
        for key, item in value.items():
            name = key if key in known_keys else folded.get(key.lower())
            if name is None or name == EXTRA:
                if key == "@context" or self._is_parent_link(key, item, path, parents):
                    continue
                if EXTRA not in known_keys:
                    expected = ", ".join(cls.__struct_encode_fields__)
                    raise _refusal(f"{path}.{key}", f"{cls.__name__} has only the keys {expected}")
                self.notes.append(Note(f"{path}.{key}", f"{cls.__name__} has no such key; kept unread"))
                extra[key] = item
            elif name in known:
                raise _refusal(f"{path}.{key}", f"the key {name} stands here twice, in different case")
            elif item is not None:
                known[name] = item
        if extra:
            known[EXTRA] = extra
        return known

    def _is_parent_link(self, key: str, item: object, path: str, parents: Mapping[str, str]) -> bool:
        if key not in parents:
            return False
        if not isinstance(item, str) or _bare(item) != _bare(parents[key]):
            self.notes.append(
                Note(f"{path}.{key}", f"names {_shown(item)}, but stands in {parents[key]}; the place counts")
            )
        return True

    def _register(
        self, made: msgspec.Struct, path: str, parents: Mapping[str, str], *, deep: bool, root: str = ""
    ) -> None:
        """Refuse an entity that occurs twice, and a pool under another operator than its own.

        What is remembered of a place is the path of its `root`, one text for all that stands below it.
        """
        own = getattr(made, "id", None)
        if isinstance(own, Id):
            if own in self._seen:
                raise _refusal(f"{path}.@id", f"{own} occurs already at {self._seen[own]}")
            self._seen[own] = root or path
        above = parents.get("chargingStationOperatorId")
        if isinstance(own, ChargingPoolId) and above is not None:
            operator = ChargingStationOperatorId.try_parse(above)
            if operator is not None and operator != own.operator:
                raise _refusal(f"{path}.@id", f"expected a pool of {operator}, got {own}")
        if not deep:
            return
        for child in plan(type(made)).children:
            found = getattr(made, child.name) if child.has_ids else None
            if child.is_list:
                for index, item in enumerate(found or ()):
                    self._register(item, f"{path}.{child.key}[{index}]", parents, deep=True, root=root or path)
            elif found is not None:
                self._register(found, f"{path}.{child.key}", parents, deep=True, root=root or path)


def _opened(cls: StructType, value: Any) -> Any:
    """What a raw text holds: of networks and operators the lists still raw, item by item, of all others the whole."""
    if not isinstance(value, msgspec.Raw):
        return value
    if cls not in _OPENED_BY_MEMBER:
        return read_json(value)
    try:
        members = _members.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return read_json(value)  # it is no object: the caller says so; or no JSON at all: this says so
    lists = {child.key for child in plan(cls).children if child.is_list}
    folded = plan(cls).folded
    return {key: _listed(raw) if folded.get(key.lower()) in lists else read_json(raw) for key, raw in members.items()}


def _listed(raw: msgspec.Raw) -> Any:
    try:
        return _items.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return read_json(raw)


def _without(cls: StructType, value: Any, path: str, names: list[str]) -> tuple[Any, list[list[tuple[str, Any]]]]:
    """An opened object without some of its lists, and the items of these, each with its path."""
    opened = _opened(cls, value)
    taken: list[list[tuple[str, Any]]] = []
    for name in names:
        child = next(child for child in plan(cls).children if child.name == name)
        spelled = [key for key in opened if key.lower() == child.key.lower()] if isinstance(opened, dict) else []
        if len(spelled) == 1 and isinstance(opened[spelled[0]], list):
            items = opened.pop(spelled[0])
            taken.append([(f"{path}.{child.key}[{index}]", item) for index, item in enumerate(items)])
        else:
            taken.append([])  # whatever is wrong with it is found, and told, when the rest is read
    return opened, taken


def _converted(cls: type[_S], value: JSONObject, path: str) -> _S:
    try:
        return msgspec.convert(value, cls, dec_hook=from_wire)
    except msgspec.ValidationError as error:
        message, _, place = str(error).rpartition(" - at `$")
        raise _refusal(path + place.rstrip("`") if message else path, message or str(error)) from error


def _number(value: Any, path: str) -> Decimal:
    """A number or, as WWCP writes prices, the text of one; of a size that means something."""
    if type(value) is int and abs(value) < 1_000_000:
        return _small(value)
    is_text = isinstance(value, str) and _NUMBER.fullmatch(value) is not None
    if not is_text and (isinstance(value, bool) or not isinstance(value, (int, Decimal))):
        raise _refusal(path, f"expected a number, got {_shown(value)}")
    number = Decimal(value)
    if abs(number.adjusted()) > _MAX_EXPONENT:
        raise _refusal(path, f"expected a number of less than {_MAX_EXPONENT} digits, got {_shown(value)}")
    return number


def _plain_mode(type: Any, path: str) -> object:
    """One object for each way to identify that has no details: every station has some of the same few."""
    if isinstance(type, str) and len(type) <= _MAX_WORD:
        return _mode_of(type)
    return _converted(AuthenticationMode, {"type": type}, path)


@lru_cache(maxsize=256)
def _mode_of(type: str) -> AuthenticationMode:
    return AuthenticationMode(type=AuthenticationType(type))


@lru_cache(maxsize=1024)
def _small(value: int) -> Decimal:
    """One object for each of the few values that currents, voltages and powers have."""
    return Decimal(value)


def _refusal(path: str, message: str) -> InvalidParameters:
    return InvalidParameters(f"{path}: {message}", path=path)


def _bare(id: str) -> str:
    return id.replace("*", "").strip().upper()


def _shown(value: object) -> str:
    kinds = {dict: "an object", list: "an array", type(None): "null"}
    return kinds.get(type(value)) or repr(value)[:60]
