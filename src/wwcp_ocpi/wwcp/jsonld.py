# SPDX-License-Identifier: AGPL-3.0-or-later
"""WWCP objects to JSON-LD and back: a whole roaming network, or any of its parts.

Reading is lenient in form (any case of keys, old connectors, null as absent) and strict in substance: an id
that is none, a wrong type, an entity twice or under the wrong parent is refused, with its JSON path. Unknown keys
are kept and noted. What was read and written is read again as the same value.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple, TypeVar

import msgspec

from wwcp_ocpi.protocol.codec import read_json
from wwcp_ocpi.protocol.errors import InvalidParameters
from wwcp_ocpi.protocol.shape import StructType, fields_of
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids import ChargingPoolId, ChargingStationOperatorId, Id
from wwcp_ocpi.wwcp.jsonld_shapes import SHAPES_IN, SHAPES_OUT, JSONObject
from wwcp_ocpi.wwcp.model import (
    EVSE,
    ChargingPool,
    ChargingStation,
    ChargingStationOperator,
    RoamingNetwork,
)
from wwcp_ocpi.wwcp.notes import Loaded, Note

_S = TypeVar("_S", bound=msgspec.Struct)

CONTEXT = "https://open.charging.cloud/contexts/wwcp+json/"
CONTEXT_NAMES: dict[type, str] = {
    RoamingNetwork: "roamingNetwork",
    ChargingStationOperator: "chargingStationOperator",
    ChargingPool: "chargingPool",
    ChargingStation: "chargingStation",
    EVSE: "EVSE",
}
_PARENT_KEYS: dict[type, str] = {
    RoamingNetwork: "roamingNetworkId",
    ChargingStationOperator: "chargingStationOperatorId",
    ChargingPool: "chargingPoolId",
    ChargingStation: "chargingStationId",
}
_EXTRA = "@extra"
_NUMBER = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?")
_MAX_EXPONENT = 30


def read(cls: type[_S], body: bytes, *, keep_going: bool = False) -> Loaded[_S]:
    """The object in a JSON text, and notes on what was not understood.

    Args:
        keep_going: leave out of a list the smallest part that holds a mistake, and note it.

    Raises:
        MalformedBody: not JSON.
        InvalidParameters: JSON that is no such object; `.path` names the place of the first mistake.
        TooLarge: nested deeper than we read.
    """
    reader = _Reader(keep_going)
    return Loaded(reader.entity(cls, read_json(body), "$", {}), reader.notes)


def read_network(body: bytes) -> RoamingNetwork:
    """The roaming network in a JSON text; `read` tells more. Raises as that."""
    return read(RoamingNetwork, body).value


def write(value: msgspec.Struct) -> bytes:
    """The JSON-LD of an object, with its `@context` on the outermost level only."""
    plain = _written(type(value), msgspec.to_builtins(value, builtin_types=(Decimal,), enc_hook=_to_wire))
    name = CONTEXT_NAMES.get(type(value))
    if name is not None:
        plain = {"@id": plain.pop("@id"), "@context": CONTEXT + name} | plain
    return _encoder.encode(plain)


_encoder = msgspec.json.Encoder(decimal_format="number")


class _Child(NamedTuple):
    cls: StructType
    is_list: bool


class _Plan(NamedTuple):
    keys: dict[str, _Child | None]
    folded: dict[str, str]
    decimals: frozenset[str]


@cache
def _plan(cls: StructType) -> _Plan:
    keys: dict[str, _Child | None] = {}
    decimals = set()
    for field, key in zip(fields_of(cls), cls.__struct_encode_fields__, strict=True):
        is_object = isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
        keys[key] = _Child(field.type, field.cardinality.is_list) if is_object else None
        if field.type is Decimal:
            decimals.add(key)
    return _Plan(keys, {key.lower(): key for key in keys}, frozenset(decimals))


def _to_wire(value: object) -> object:
    return value.wire if isinstance(value, DateTime) else str(value)


def _from_wire(kind: type, value: object) -> object:
    if not isinstance(value, str):
        raise ValueError(f"expected a text that is a {kind.__name__}, got {type(value).__name__}")  # noqa: TRY004
    if issubclass(kind, Id):
        return kind.parse(value)
    return DateTime.parse(value)


def _written(cls: StructType, plain: JSONObject) -> JSONObject:
    extra: JSONObject = plain.pop(_EXTRA, {})
    for key, child in _plan(cls).keys.items():
        if child is not None and key in plain:
            value = plain[key]
            plain[key] = [_written(child.cls, item) for item in value] if child.is_list else _written(child.cls, value)
    shape = SHAPES_OUT.get(cls)
    return (shape(plain) if shape else plain) | extra


class _Reader:
    """One reading: what was noted, and which ids were seen where."""

    def __init__(self, keep_going: bool) -> None:
        self.notes: list[Note] = []
        self._keep_going = keep_going
        self._seen: dict[Id, str] = {}

    def entity(self, cls: type[_S], value: Any, path: str, parents: Mapping[str, str]) -> _S:
        """Children first, so that every mistake has its whole path."""
        if not isinstance(value, dict):
            raise _refusal(path, f"expected a {cls.__name__} object, got {_shown(value)}")
        shape = SHAPES_IN.get(cls)
        sorted_out, extra = self._sort_out(cls, shape(value) if shape else value, path, parents)
        family = parents
        if cls in _PARENT_KEYS and isinstance(sorted_out.get("@id"), str):
            family = {**parents, _PARENT_KEYS[cls]: sorted_out["@id"]}
        for key, child in _plan(cls).keys.items():
            if child is not None and key in sorted_out:
                sorted_out[key] = self._child(child, sorted_out[key], f"{path}.{key}", family)
        if extra:
            sorted_out[_EXTRA] = extra
        made = _converted(cls, sorted_out, path)
        self._register(made, path, parents)
        return made

    def _sort_out(
        self, cls: StructType, value: JSONObject, path: str, parents: Mapping[str, str]
    ) -> tuple[JSONObject, JSONObject]:
        """Known keys under their documented names, and the others."""
        plan = _plan(cls)
        known: JSONObject = {}
        extra: JSONObject = {}
        for key, item in value.items():
            name = key if key in plan.keys else plan.folded.get(key.lower())
            if name is None or name == _EXTRA:
                if key == "@context" or self._is_parent_link(key, item, path, parents):
                    continue
                if _EXTRA not in plan.keys:
                    raise _refusal(f"{path}.{key}", f"{cls.__name__} has only the keys {', '.join(plan.keys)}")
                self.notes.append(Note(f"{path}.{key}", f"{cls.__name__} has no such key; kept unread"))
                extra[key] = item
            elif name in known:
                raise _refusal(f"{path}.{key}", f"the key {name} stands here twice, in different case")
            elif item is not None:
                known[name] = _number(item, f"{path}.{key}") if name in plan.decimals else item
        return known, extra

    def _is_parent_link(self, key: str, item: object, path: str, parents: Mapping[str, str]) -> bool:
        if key not in parents:
            return False
        if not isinstance(item, str) or _bare(item) != _bare(parents[key]):
            self.notes.append(
                Note(f"{path}.{key}", f"names {_shown(item)}, but stands in {parents[key]}; the place counts")
            )
        return True

    def _child(self, child: _Child, value: Any, path: str, parents: Mapping[str, str]) -> object:
        if not child.is_list:
            return self.entity(child.cls, value, path, parents)
        if not isinstance(value, list):
            raise _refusal(path, f"expected an array of {child.cls.__name__}, got {_shown(value)}")
        made: list[msgspec.Struct] = []
        for index, item in enumerate(value):
            seen, noted = len(self._seen), len(self.notes)
            try:
                made.append(self.entity(child.cls, item, f"{path}[{index}]", parents))
            except InvalidParameters as error:
                if not self._keep_going:
                    raise
                while len(self._seen) > seen:
                    self._seen.popitem()
                del self.notes[noted:]
                self.notes.append(Note(f"{path}[{index}]", f"left out: {error}"))
        return made

    def _register(self, made: msgspec.Struct, path: str, parents: Mapping[str, str]) -> None:
        """Refuse an entity that occurs twice, and a pool under another operator than its own."""
        own = getattr(made, "id", None)
        if not isinstance(own, Id):
            return
        if own in self._seen:
            raise _refusal(f"{path}.@id", f"{own} occurs already at {self._seen[own]}")
        self._seen[own] = path
        above = parents.get("chargingStationOperatorId")
        if isinstance(own, ChargingPoolId) and above is not None:
            operator = ChargingStationOperatorId.try_parse(above)
            if operator is not None and operator != own.operator:
                raise _refusal(f"{path}.@id", f"expected a pool of {operator}, got {own}")


def _converted(cls: type[_S], value: JSONObject, path: str) -> _S:
    try:
        return msgspec.convert(value, cls, dec_hook=_from_wire)
    except msgspec.ValidationError as error:
        message, _, place = str(error).rpartition(" - at `$")
        raise _refusal(path + place.rstrip("`") if message else path, message or str(error)) from error


def _number(value: Any, path: str) -> Decimal:
    """A number or, as WWCP writes prices, the text of one; of a size that means something."""
    is_text = isinstance(value, str) and _NUMBER.fullmatch(value) is not None
    if not is_text and (isinstance(value, bool) or not isinstance(value, (int, Decimal))):
        raise _refusal(path, f"expected a number, got {_shown(value)}")
    number = Decimal(value)
    if abs(number.adjusted()) > _MAX_EXPONENT:
        raise _refusal(path, f"expected a number of less than {_MAX_EXPONENT} digits, got {_shown(value)}")
    return number


def _refusal(path: str, message: str) -> InvalidParameters:
    return InvalidParameters(f"{path}: {message}", path=path)


def _bare(id: str) -> str:
    return id.replace("*", "").strip().upper()


def _shown(value: object) -> str:
    kinds = {dict: "an object", list: "an array", type(None): "null"}
    return kinds.get(type(value)) or repr(value)[:60]
