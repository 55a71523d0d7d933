# SPDX-License-Identifier: AGPL-3.0-or-later
"""The interface of a server as an OpenAPI 3.1 document, read from its routes and the objects of its versions.

Nothing here names a path or a field: what the router finds is described, and nothing else. The schemas say what the
specification asks; what partners send beside it is forgiven where `protocol.conformance` only warns. Refusals of the
protocol come with HTTP 200, so the envelope of a 200 may be without `data`.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import version as installed
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.protocol.endpoint import Endpoint, Interface, Operation, Parameter
from wwcp_ocpi.protocol.http import (
    CORRELATION_ID,
    FILTERED_COUNT,
    FROM_COUNTRY_CODE,
    FROM_PARTY_ID,
    JSON,
    LIMIT,
    LINK,
    REQUEST_ID,
    TO_COUNTRY_CODE,
    TO_PARTY_ID,
    TOTAL_COUNT,
)
from wwcp_ocpi.protocol.shape import Field, StructType, fields_of
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.scalars import DateTime, Number, OCPIEnum, OpenEnum
from wwcp_ocpi.scalars.datetime import MAX_LENGTH, STRICT
from wwcp_ocpi.server.extensions import LONGEST_MATCH, MATCH
from wwcp_ocpi.server.routing import Route

if TYPE_CHECKING:
    from wwcp_ocpi.server.dispatch import Server

Document: TypeAlias = dict[str, Any]

LISTS = frozenset({Operation.VERSIONS, Operation.LIST, Operation.LIST_OF_PARTY})
"""Operations whose `data` is an array of the row's object."""

_READS = frozenset({Operation.GET, Operation.GET_BY_URL})
_WRITES = frozenset({Operation.PUT, Operation.PATCH, Operation.POST_STATUS, Operation.DELETE})
_REGISTRATION = frozenset({Operation.REGISTER, Operation.UPDATE_CREDENTIALS, Operation.UNREGISTER})
_OPTIONAL_BODY = frozenset({Operation.AUTHORIZE})

_FAILURES = {
    400: ("Malformed", "The body is not JSON."),
    401: ("Unauthenticated", "No credentials that are valid here; which part of them was wrong is not told."),
    403: ("NotAllowed", "The role or the parties of this partner do not cover the request."),
    404: ("NotFound", "There is no such object."),
    405: ("MethodNotAllowed", "Not in this state; Allow names what is possible."),
    412: ("PreconditionFailed", "If-Match or If-None-Match names another state."),
    413: ("TooLarge", "The body is too long, or nested too deep."),
    415: ("WrongContentType", "The body is not announced as JSON."),
    429: ("TooManyRefusals", "Too many requests from this address were refused; Retry-After says when to come again."),
}
_FAILURE_HEADERS = {401: {"WWW-Authenticate": {"schema": {"type": "string"}, "required": True}},
                    429: {"Retry-After": {"schema": {"type": "integer"}, "required": True}},
                    405: {"Allow": {"schema": {"type": "string"}, "required": True}}}  # fmt: skip


def openapi(server: Server) -> dict[str, Any]:
    """The document. It depends on the settings of the server alone, not on what is stored or who asks."""
    schemas = _Schemas()
    paths: Document = {}
    tags: set[str] = set()
    for route in server.router.routes:
        tags.add(route.endpoint.module)
        item = paths.setdefault("/" + "/".join(route.segments), {})
        made = item[route.endpoint.method.lower()] = _operation(_current(server, route), schemas)
        if server.opens(route):
            made["security"] = [{}, *_ACCEPTED]
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"OCPI {', '.join(known.number for known in server.versions)}",
            "version": installed("wwcp-ocpi"),
            "license": {"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        },
        "servers": [{"url": server.settings.base_url}],
        "security": _ACCEPTED,
        "tags": [{"name": name} for name in sorted(tags)],
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.made.items())),
            "responses": {name: _failure(status) for status, (name, _) in _FAILURES.items()},
            "parameters": _PARAMETERS,
            "headers": _HEADERS,
            "securitySchemes": _SECURITY_SCHEMES,
        },
    }


def operation_id(route: Route) -> str:
    """One name for each operation: version, module, side, what it does, and on what."""
    row = route.endpoint
    if row.operation is Operation.VERSIONS:
        return "versions"
    side = () if row.interface is Interface.BOTH else (row.interface.value.lower(),)
    told = [segment.strip("{}") for segment in row.segments if row.operation is not Operation.VERSION_DETAILS]
    return "_".join((_prefix(route.version), row.module, *side, row.operation.value[0], *told))


def _current(server: Server, route: Route) -> Route:
    """The list of versions hangs above all of them: the latest version knows the names of the others."""
    if route.endpoint.operation is not Operation.VERSIONS:
        return route
    latest = max(server.versions, key=lambda known: known.rank)
    rows = (row for row in latest.endpoints if row.operation is Operation.VERSIONS)
    return replace(route, version=latest, endpoint=next(rows))


def _prefix(version: Version) -> str:
    return f"v{version.number.replace('.', '_')}"


def _ref(kind: str, name: str) -> Document:
    return {"$ref": f"#/components/{kind}/{name}"}


# ------------------------------------------------------------------------------------------------------- operations


def _operation(route: Route, schemas: _Schemas) -> Document:
    row = route.endpoint
    made: Document = {
        "operationId": operation_id(route),
        "tags": [row.module],
        "parameters": _parameters(route, schemas),
        "responses": _responses(route, schemas),
    }
    if row.spec:
        made["description"] = f"OCPI {route.version.number}: {row.spec}"
    if row.request is not None:
        content = schemas.body_of(route)
        made["requestBody"] = {
            "required": row.operation not in _OPTIONAL_BODY,
            "content": {JSON: {"schema": content}},
        }
    if row.extension:
        made["x-extension"] = True
    return made


def _parameters(route: Route, schemas: _Schemas) -> list[Document]:
    version, row = route.version, route.endpoint
    found: list[Document] = [
        {"name": name.strip("{}"), "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in route.segments
        if name.startswith("{")
    ]
    found += [
        {"name": one.name, "in": "query", "required": one.required, "schema": schemas.query(route, one)}
        for one in (*row.query, *route.added)
    ]
    headers: tuple[str, ...] = ()
    if version.facts.routed and row.operation is not Operation.VERSIONS:
        headers += (REQUEST_ID, CORRELATION_ID)
        if version.modules[row.module].is_functional:
            headers += (TO_COUNTRY_CODE, TO_PARTY_ID, FROM_COUNTRY_CODE, FROM_PARTY_ID)
    if row.operation in _READS | _WRITES:
        headers += ("if-match", "if-none-match")
    return found + [_ref("parameters", _titled(name)) for name in headers]


def _responses(route: Route, schemas: _Schemas) -> Document:
    row = route.endpoint
    done = {
        "description": "Done, or refused in the envelope.",
        "headers": _answer_headers(route),
        "content": {JSON: {"schema": _envelope(route, schemas)}},
    }
    made: Document = {"200": done}
    if row.operation in (Operation.PUT, Operation.POST) and not row.is_amendment:
        made["201"] = {**done, "description": "Created."}
    if row.operation in _READS:
        made["304"] = {"description": "Not modified.", "headers": _answer_headers(route)}
    return made | {str(status): _ref("responses", _FAILURES[status][0]) for status in sorted(_refusals(row))}


def _refusals(row: Endpoint) -> set[int]:
    """The HTTP statuses, beside 200, with which a row can refuse."""
    found = {401, 429}
    if row.interface is not Interface.BOTH:
        found.add(403)
    if row.operation in _READS | {
        Operation.PUT,
        Operation.PATCH,
        Operation.POST_STATUS,
        Operation.DELETE,
        Operation.AUTHORIZE,
        Operation.RESULT,
        Operation.SET_PREFERENCES,
        Operation.UPDATE_PROFILE,
        Operation.ACTIVATE,
        Operation.DEACTIVATE,
    }:
        found.add(404)
    if row.operation in _REGISTRATION:
        found.add(405)
    if row.operation in _READS | _WRITES:
        found.add(412)
    if row.request is not None:
        found |= {400, 413, 415}
    return found


def _answer_headers(route: Route) -> Document:
    operation = route.endpoint.operation
    names: tuple[str, ...] = ()
    if operation in (Operation.LIST, Operation.LIST_OF_PARTY):
        names += (LINK, TOTAL_COUNT, LIMIT)
        names += (FILTERED_COUNT,) if MATCH in route.offers else ()
    if operation in _READS:
        names += ("etag",)
    if operation is Operation.POST:
        names += ("location",)
    if route.version.facts.routed:
        names += (REQUEST_ID, CORRELATION_ID)
    return {_titled(name): _ref("headers", _titled(name)) for name in names}


def _envelope(route: Route, schemas: _Schemas) -> Document:
    row = route.endpoint
    if row.response is None:
        return schemas.envelope()
    data = schemas.of(route.version, row.response)
    if row.operation in LISTS:
        data = {"type": "array", "items": data}
    return {"allOf": [schemas.envelope(), {"properties": {"data": data}}]}


def _failure(status: int) -> Document:
    made: Document = {"description": _FAILURES[status][1], "content": {JSON: {"schema": _ref("schemas", "Envelope")}}}
    return made | ({"headers": _FAILURE_HEADERS[status]} if status in _FAILURE_HEADERS else {})


def _titled(name: str) -> str:
    """A header as it is written: X-Request-ID, OCPI-to-party-id, ETag."""
    special = {"etag": "ETag", REQUEST_ID: "X-Request-ID", CORRELATION_ID: "X-Correlation-ID"}
    if name.startswith("ocpi-"):
        return "OCPI" + name[4:]
    return special.get(name) or "-".join(word.capitalize() for word in name.split("-"))


_SECURITY_SCHEMES: Document = {
    "token": {
        "type": "apiKey",
        "in": "header",
        "name": "Authorization",
        "description": "`Token`, a blank and the credentials token; in Base64 from OCPI 2.2 on.",
    },
    "totpHeader": {
        "type": "apiKey",
        "in": "header",
        "name": "TOTP",
        "description": "Beside `Authorization: Token`: `0`, a blank and the one-time password, or `1` and one that is "
        "bound to the TLS 1.3 connection.",
    },
    "totpScheme": {
        "type": "http",
        "scheme": "TOTP",
        "description": '`TOTP login="...", totp="..."[, tlscb=false]`: credentials token and one-time password, each '
        "in Base64; bound to the TLS 1.3 connection unless it says otherwise.",
    },
    "basic": {
        "type": "http",
        "scheme": "basic",
        "description": "The login is the credentials token, the password a one-time password, not bound.",
    },
    "certificate": {"type": "mutualTLS", "description": "A client certificate, where that is agreed."},
}
_ALONE: list[dict[str, list[str]]] = [
    {"token": []},
    {"token": [], "totpHeader": []},
    {"totpScheme": []},
    {"basic": []},
]
_ACCEPTED = [*_ALONE, *({**one, "certificate": []} for one in _ALONE)]
"""All ways in. Which of them opens something is agreed with each partner, and said to nobody else."""

_PARAMETERS: Document = {
    _titled(name): {"name": _titled(name), "in": "header", "required": required, "schema": {"type": "string"}}
    for name, required in (
        (REQUEST_ID, True),
        (CORRELATION_ID, True),
        (TO_COUNTRY_CODE, True),
        (TO_PARTY_ID, True),
        (FROM_COUNTRY_CODE, True),
        (FROM_PARTY_ID, True),
        ("if-match", False),
        ("if-none-match", False),
    )
}
_HEADERS: Document = {
    _titled(name): {"description": text, "schema": {"type": kind}}
    for name, kind, text in (
        (LINK, "string", "The next page; absent on the last one."),
        (TOTAL_COUNT, "integer", "How many objects match in all."),
        (FILTERED_COUNT, "integer", "How many of them have the text that was looked for, once that is known."),
        (LIMIT, "integer", "The largest page that is given."),
        ("etag", "string", "The state of the object."),
        ("location", "string", "The URL of the object."),
        (REQUEST_ID, "string", "As in the request."),
        (CORRELATION_ID, "string", "As in the request."),
    )
}


# ---------------------------------------------------------------------------------------------------------- schemas


class _Schemas:
    """The components, made when they are first referred to."""

    def __init__(self) -> None:
        self.made: Document = {}
        self.envelope()

    def envelope(self) -> Document:
        """The envelope without `data`, which is what a refusal and a change are answered with."""
        self.made["Envelope"] = {
            "type": "object",
            "required": ["status_code", "timestamp"],
            "properties": {
                "status_code": {"type": "integer", "minimum": 1000, "maximum": 4999},
                "status_message": {"type": "string"},
                "timestamp": self.datetime(),
            },
        }
        return _ref("schemas", "Envelope")

    def datetime(self) -> Document:
        """A DateTime in the form that the specification allows."""
        self.made["DateTime"] = {"type": "string", "maxLength": MAX_LENGTH, "pattern": f"^(?:{STRICT})$"}
        return _ref("schemas", "DateTime")

    def of(self, version: Version, kind: Any) -> Document:
        """An object or enum of a version; several stand for one of them."""
        if isinstance(kind, tuple):
            return {"anyOf": [self.of(version, one) for one in kind]}
        name = f"{_prefix(version)}.{kind.__name__}"
        if name not in self.made:
            self.made[name] = {}  # an object may hold itself
            self.made[name] = _enum(kind) if issubclass(kind, OCPIEnum) else self._object(version, kind)
        return _ref("schemas", name)

    def body_of(self, route: Route) -> Document:
        """What a row wants as its body."""
        row = route.endpoint
        if row.is_partial:
            return self._patch_of(route)
        return self._undated(route) if row.undated else self.of(route.version, row.request)

    def _patch_of(self, route: Route) -> Document:
        """The form of a PATCH: what is named changes, null takes an optional field away."""
        kind, version = route.endpoint.request, route.version
        name = f"{_prefix(version)}.{kind.__name__}Patch"
        if name not in self.made:
            form = self._object(version, kind)
            del form["required"]
            is_undated = route.endpoint.undated or not version.facts.patch_needs_last_updated
            needs = not is_undated and "last_updated" in form["properties"]
            self.made[name] = form | {"minProperties": 1} | ({"required": ["last_updated"]} if needs else {})
        return _ref("schemas", name)

    def _undated(self, route: Route) -> Document:
        """The form of an object whose date may be missing."""
        kind, version = route.endpoint.request, route.version
        name = f"{_prefix(version)}.{kind.__name__}Undated"
        if name not in self.made:
            form = self._object(version, kind)
            self.made[name] = form | {"required": [one for one in form["required"] if one != "last_updated"]}
        return _ref("schemas", name)

    def query(self, route: Route, asked: Parameter) -> Document:
        """The schema of a query parameter. A type that is not plain is that of a field of the module's objects."""
        plain: Document = {
            "int": {"type": "integer", "minimum": asked.least},
            "DateTime": self.datetime(),
            "URL": {"type": "string", "format": "uri"},
            "bool": {"type": "boolean"},
            "match": {"type": "string", "maxLength": LONGEST_MATCH},
        }
        made: Document = plain.get(asked.type) or self._named(route, asked.type) or {"type": "string"}
        return {"allOf": [made], "default": asked.default} if asked.default is not None else made

    def _named(self, route: Route, name: str) -> Document | None:
        module = route.version.modules[route.endpoint.module]
        fields: Iterable[Field] = (field for resource in module.resources for field in fields_of(resource.type))
        return next((self.of(route.version, field.type) for field in fields if field.type_name == name), None)

    def _object(self, version: Version, kind: StructType) -> Document:
        required = [field.name for field in fields_of(kind) if field.cardinality.is_required]
        made: Document = {
            "type": "object",
            "required": required,
            "properties": {field.name: self._field(version, field) for field in fields_of(kind)},
        }
        said = (kind.__doc__ or "").partition("\n")[0]
        return {"description": said, **made} if said else made

    def _field(self, version: Version, field: Field) -> Document:
        made = self._value(version, field)
        if field.cardinality.is_list:
            made = {"type": "array", "items": made}
            if field.cardinality.is_required:
                made["minItems"] = 1
        if field.cardinality.is_required:
            return made
        return {**made, "type": [made["type"], "null"]} if "type" in made else {"anyOf": [made, {"type": "null"}]}

    def _value(self, version: Version, field: Field) -> Document:
        kind = field.type
        if isinstance(kind, type) and issubclass(kind, (msgspec.Struct, OCPIEnum)):
            return self.of(version, kind)
        if kind is DateTime:
            return self.datetime()
        if kind is Number:
            return {"type": "number"}
        if kind is int:
            return _int(field.digits)
        if kind is bool:
            return {"type": "boolean"}
        return _text(field)


def _enum(kind: type[OCPIEnum]) -> Document:
    words = [member.value for member in kind]
    said = (kind.__doc__ or "").partition("\n")[0].partition(" Spec:")[0]
    made: Document = {"description": said} if said else {}
    return made | {"type": "string", ("examples" if issubclass(kind, OpenEnum) else "enum"): words}


def _int(digits: int | None) -> Document:
    made: Document = {"type": "integer"}
    return made if digits is None else made | {"minimum": 1 - 10**digits, "maximum": 10**digits - 1}


def _text(field: Field) -> Document:
    made: Document = {"type": "string"}
    if field.max is not None:
        made["maxLength"] = field.max
    text = field.text
    if text is not None and text.pattern is not None:
        made["pattern"] = f"^(?:{text.pattern})$"
    elif text is not None and text.kind == "CiString":
        made["pattern"] = "^[\\x20-\\x7e]*$"
    elif text is not None and text.kind == "URL":
        made["format"] = "uri"
    return made
