# SPDX-License-Identifier: AGPL-3.0-or-later
"""A partner's platform, seen from outside: its versions, its endpoints, and every call that its tables allow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Self, TypeAlias, TypeVar, cast
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import msgspec

from wwcp_ocpi.client.pages import BadObject, Pages
from wwcp_ocpi.client.passwords import Passwords
from wwcp_ocpi.client.way import ANY_WAY, Way
from wwcp_ocpi.client.wire import Answered, Retries, Wire, can_be_called
from wwcp_ocpi.protocol import codec, envelope
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.protocol.endpoint import Endpoint, Interface, Operation
from wwcp_ocpi.protocol.errors import BadAnswer, NotAuthenticated, OCPIError, Refused, UnknownToken, UsageError
from wwcp_ocpi.protocol.http import Transport
from wwcp_ocpi.protocol.modifiers import NO_MODIFIERS, Modifiers
from wwcp_ocpi.protocol.shape import StructType
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import VERSIONS, AnyLocation, best_common
from wwcp_ocpi.scalars import DateTime, PartyId, Secret

_S = TypeVar("_S", bound=msgspec.Struct)
Query: TypeAlias = Mapping[str, str] | None


class Offered(msgspec.Struct, frozen=True):
    """A version that a partner offers. Unknown numbers are fine: a partner may be newer than we are."""

    version: str
    url: str


class RemoteEndpoint(msgspec.Struct, frozen=True):
    """An endpoint in a partner's version details; 2.1.1 has no role."""

    identifier: str
    url: str
    role: str | None = None


class Details(msgspec.Struct, frozen=True):
    """A partner's version details."""

    version: str
    endpoints: list[RemoteEndpoint]


class Peer:
    """One partner in one version. Made by `connect`, or from what is remembered of an earlier connection."""

    def __init__(
        self,
        wire: Wire,
        version: Version,
        endpoints: Iterable[RemoteEndpoint],
        *,
        offered: Mapping[str, str] | None = None,
    ) -> None:
        self.wire = wire
        self.version = version
        self.endpoints = list(endpoints)
        self.offered = dict(offered or {})
        """Every version that the partner offers, with the URL of its details."""

    @classmethod
    async def open(
        cls,
        versions_url: str,
        credentials_token: Secret | str,
        transport: Transport,
        *,
        versions: Iterable[str] = tuple(VERSIONS),
        form: TokenForm | None = None,
        retries: Retries | None = None,
        ours: PartyId | None = None,
        theirs: PartyId | None = None,
        modifiers: Modifiers = NO_MODIFIERS,
        passwords: Passwords | None = None,
        way: Way = ANY_WAY,
    ) -> Self:
        """Ask a partner for its versions, choose the best that both speak, and read its endpoints.

        Args:
            versions: the numbers that may be chosen.
            form: how the partner wants the token in the header; None tries what the version asks, then the other.
            passwords: our one-time passwords, if the partner asks for them.
            way: where the partner may be, and how TLS with it is.

        Raises:
            UsageError: `versions_url` is none, or there is no version in common (OCPI 3002).
            NotAuthenticated: the partner refuses the token in both forms.
            PartnerError: the partner cannot be reached, or does not speak OCPI.
        """
        if not can_be_called(versions_url):
            raise UsageError(f"expected an absolute http or https URL, got {versions_url.partition('?')[0][:120]!r}")
        token = credentials_token if isinstance(credentials_token, Secret) else Secret(credentials_token)
        versions = list(versions)
        forms = [form] if form else _both(_likely_form(versions))
        wire = Wire(
            transport,
            token,
            forms[0],
            retries=retries or Retries(),
            ours=ours,
            theirs=theirs,
            modifiers=modifiers,
            passwords=passwords,
            way=way,
        )
        offered = await _offered(wire, versions_url, forms)
        version = _best(offered, versions)
        # Any form may do for the list of versions; what follows wants the one of its version (TRN-02, TRN-03).
        is_open = form is None and wire.form is forms[0]
        details = await _details(
            wire, offered[version.number], _both(version.facts.token_form) if is_open else [wire.form]
        )
        return cls(wire, version, details.endpoints, offered=offered)

    def offers(self, module: str, interface: Interface) -> bool:
        """Whether the partner has this side of a module."""
        return self._url(module, interface) is not None

    def url_of(self, module: str, interface: Interface) -> str:
        """The URL of one side of a module, as the partner wrote it.

        Raises:
            Refused: the partner has no such endpoint (OCPI 3003).
            BadAnswer: what it has there is no URL.
        """
        url = self._url(module, interface)
        if url is None:
            raise Refused(
                f"the partner has no {module} endpoint as {interface.value} in OCPI {self.version.number}",
                ocpi_status=StatusCode.NO_MATCHING_ENDPOINTS,
            )
        if not can_be_called(url):
            raise BadAnswer(f"{module} as {interface.value}: expected an absolute URL, got {url[:120]!r}")
        return url

    def _url(self, module: str, interface: Interface) -> str | None:
        known = self.version.modules.get(module)
        if known is None:
            return None
        for endpoint in self.endpoints:
            if known.is_called(endpoint.identifier) and (
                interface is Interface.BOTH
                or not self.version.facts.endpoints_have_roles
                or (endpoint.role or "").upper() == interface.value
            ):
                return endpoint.url
        return None

    def row(self, operation: Operation, module: str, interface: Interface, cls: StructType | None = None) -> Endpoint:
        """The row of an operation on an object.

        Raises:
            UsageError: the version has no such operation.
        """
        for row in self.version.rows(module, interface):
            if row.operation is operation and (cls is None or row.object is cls):
                return row
        what = f"{operation.value[0]} {cls.__name__ if cls else module}"
        raise UsageError(f"OCPI {self.version.number} has no operation {what} at the {interface.value} of {module}")

    async def call(
        self,
        row: Endpoint,
        *ids: str,
        body: bytes | None = None,
        query: Mapping[str, str] | None = None,
    ) -> Answered:
        """Make the call that a row describes. `ids` fill the names in its path, in order.

        Raises:
            UsageError: too few or too many ids.
            PartnerError: see `Wire.send`.
        """
        if len(ids) != len(row.params):
            raise UsageError(f"{row.path}: expected {', '.join(row.params) or 'no ids'}, got {len(ids)} ids")
        values = dict(zip(row.params, (quote(id, safe="") for id in ids), strict=True))
        path = "/".join(values[part[1:-1]] if part.startswith("{") else part for part in row.segments)
        return await self.send(row, _extended(self.url_of(row.module, row.interface), path, query), body)

    async def send(self, row: Endpoint, url: str, body: bytes | None = None) -> Answered:
        """Make the call of a row at a URL that the partner named itself, as the next page of a list."""
        module = self.version.modules.get(row.module)
        routed = self.version.facts.routed
        return await self.wire.send(
            row.method,
            url,
            body,
            routed=routed and module is not None and module.is_functional,
            tracked=routed,
            once=row.result is not None,
        )

    def pages(
        self,
        cls: type[_S],
        *,
        date_from: DateTime | None = None,
        date_to: DateTime | None = None,
        limit: int | None = None,
        on_bad: Callable[[BadObject], None] | None = None,
    ) -> Pages[_S]:
        """All objects of a type that the partner owns, page by page, by its links."""
        row = self.list_row(cls)
        query = {
            **({"date_from": date_from.wire} if date_from else {}),
            **({"date_to": date_to.wire} if date_to else {}),
            **({"limit": str(limit)} if limit else {}),
        }
        url = _extended(self.url_of(row.module, row.interface), row.path, query)
        return Pages(lambda at: self.send(row, at), url, cls, on_bad=on_bad)

    def list_row(self, cls: StructType) -> Endpoint:
        """The row by which all objects of a type are listed.

        Raises:
            UsageError: there is no such list.
        """
        return self.row(Operation.LIST, self._module_of(cls), Interface.SENDER, cls)

    def locations(
        self,
        *,
        date_from: DateTime | None = None,
        date_to: DateTime | None = None,
        on_bad: Callable[[BadObject], None] | None = None,
    ) -> Pages[AnyLocation]:
        """All Locations of the partner, in the version that was agreed."""
        cls = cast(type[AnyLocation], self.version.object_named("Location"))
        return self.pages(cls, date_from=date_from, date_to=date_to, on_bad=on_bad)

    async def get(self, cls: type[_S], *ids: str, owner: PartyId | None = None, query: Query = None) -> _S:
        """One object: the partner's own, or with `owner` what it keeps of ours. `query` may qualify it (Token type).

        Raises:
            Refused: `http_status` 404, it has no such object.
        """
        return codec.decode(cls, await self.get_bytes(cls, *ids, owner=owner, query=query))

    async def get_bytes(self, cls: StructType, *ids: str, owner: PartyId | None = None, query: Query = None) -> bytes:
        """The same as the bytes that came."""
        row = self.row(Operation.GET, self._module_of(cls), _side_of(owner), cls)
        return _data(row, await self.call(row, *_names(row, owner, ids), query=query))

    async def get_at(self, cls: type[_S], url: str) -> _S:
        """The object at a URL that the partner gave when it took the object: a CDR (CDR-12)."""
        row = self.row(Operation.GET_BY_URL, self._module_of(cls), Interface.RECEIVER, cls)
        return codec.decode(cls, _data(row, await self.send(row, url)))

    async def authorize(self, token_uid: str, type: str = "RFID", *, at: msgspec.Struct | None = None) -> Any:
        """Ask the eMSP, now, whether this Token may charge here. Spec: mod_tokens#mod_tokens_post_method.

        Args:
            at: LocationReferences of this version, ids as the CPO issued them; None asks for the Token in general.

        Returns:
            The AuthorizationInfo of this version. NOT_ALLOWED is an answer.

        Raises:
            UnknownToken: the eMSP holds no such Token.
            Refused: it says no for another reason: it needs a Location (2002), or does not know this one (2003).
        """
        row = self.row(Operation.AUTHORIZE, "tokens", Interface.SENDER)
        body = codec.encode(at) if at is not None else None
        try:
            answered = await self.call(row, token_uid, body=body, query={"type": type})
        except Refused as error:
            if error.ocpi_status == StatusCode.UNKNOWN_TOKEN or (
                error.http_status == HTTPStatus.NOT_FOUND and error.ocpi_status != StatusCode.UNKNOWN_LOCATION
            ):
                raise UnknownToken(str(error), ocpi_status=error.ocpi_status, http_status=error.http_status) from error
            raise
        return codec.decode(row.response, _data(row, answered))

    async def set_preferences(self, session_id: str, preferences: msgspec.Struct) -> Any:
        """Tell the CPO what the driver wishes for a Session of it. Spec: mod_sessions#mod_sessions_cpo_put_method.

        Args:
            preferences: ChargingPreferences of this version.

        Returns:
            A ChargingPreferencesResponse of this version. ACCEPTED is no promise that all wishes will be met.

        Raises:
            Refused: the CPO has no such Session, or its EVSE takes no preferences (HTTP 404).
        """
        row = self.row(Operation.SET_PREFERENCES, "sessions", Interface.SENDER)
        answered = await self.call(row, session_id, body=codec.encode(preferences))
        return codec.decode(row.response, _data(row, answered))

    async def post_bytes(self, cls: StructType, body: bytes) -> str | None:
        """Give the partner an object that is new; the URL at which it keeps it, if it tells (CDR-11)."""
        row = self.row(Operation.POST, self._module_of(cls), Interface.RECEIVER, cls)
        return (await self.call(row, body=body)).headers.get("location")

    async def delete(self, cls: StructType, *ids: str, owner: PartyId, query: Query = None) -> Answered:
        """Tell the partner that one of our objects is withdrawn."""
        row = self.row(Operation.DELETE, self._module_of(cls), Interface.RECEIVER)
        return await self.call(row, *_names(row, owner, ids), query=query)

    async def put(
        self, value: msgspec.Struct, *ids: str, owner: PartyId | None = None, query: Query = None
    ) -> Answered:
        """Give the partner one of our objects, or a part of one; `ids` as in the path.

        Without `owner` the object is the partner's own, as a payment terminal that we assign to Locations.
        """
        return await self.put_bytes(type(value), codec.encode(value), *ids, owner=owner, query=query)

    async def put_bytes(
        self, cls: StructType, body: bytes, *ids: str, owner: PartyId | None = None, query: Query = None
    ) -> Answered:
        """The same from bytes."""
        row = self.row(Operation.PUT, self._module_of(cls), _side_of(owner), cls)
        return await self.call(row, *_names(row, owner, ids), body=body, query=query)

    async def patch(
        self, cls: StructType, change: Mapping[str, Any], *ids: str, owner: PartyId | None = None
    ) -> Answered:
        """Tell the partner which fields of one of our objects changed, or without `owner` change one of its own."""
        return await self.patch_bytes(cls, codec.encode(change), *ids, owner=owner)

    async def patch_bytes(
        self, cls: StructType, body: bytes, *ids: str, owner: PartyId | None = None, query: Query = None
    ) -> Answered:
        """The same from bytes."""
        row = self.row(Operation.PATCH, self._module_of(cls), _side_of(owner), cls)
        return await self.call(row, *_names(row, owner, ids), body=body, query=query)

    async def activate_terminal(self, terminal: msgspec.Struct | Mapping[str, Any]) -> Answered:
        """Ask the PTP to put a payment terminal to work.

        Spec: mod_payments#mod_payments_ptp_terminal_post_activate_method.

        Args:
            terminal: a Terminal, or what is known of it; its id may be the PTP's to give. The Terminal itself comes
                with a POST of the PTP, or with the next pull.

        Raises:
            Refused: the PTP does not, or knows no such Terminal of ours (HTTP 404).
        """
        row = self.row(Operation.ACTIVATE, "payments", Interface.SENDER)
        return await self.call(row, body=codec.encode(terminal))

    async def deactivate_terminal(self, terminal_id: str) -> Answered:
        """Ask the PTP to take a payment terminal of ours out of work.

        Raises:
            Refused: as `activate_terminal`.
        """
        return await self.call(self.row(Operation.DEACTIVATE, "payments", Interface.SENDER), terminal_id)

    async def credentials(self, operation: Operation = Operation.GET_CREDENTIALS, body: bytes | None = None) -> bytes:
        """Read, exchange or delete credentials; the bytes of the partner's Credentials object, if it sent one."""
        row = self.row(operation, "credentials", Interface.BOTH)
        data = (await self.call(row, body=body)).envelope.data
        return b"" if envelope.is_null(data) or data is None else bytes(data)

    def _module_of(self, cls: StructType) -> str:
        for row in self.version.endpoints:
            if row.object is cls and row.interface is not Interface.BOTH:
                return row.module
        raise UsageError(f"no module of OCPI {self.version.number} is about {cls.__module__}.{cls.__name__}")


def _side_of(owner: PartyId | None) -> Interface:
    """The side of the partner that has the object: its own, or what it keeps of ours."""
    return Interface.SENDER if owner is None else Interface.RECEIVER


def _names(row: Endpoint, owner: PartyId | None, ids: tuple[str, ...]) -> tuple[str, ...]:
    """What fills the names in the path of a row: the owner comes first where it stands there."""
    return (*owner, *ids) if owner is not None and row.names_party else ids


def _data(row: Endpoint, answered: Answered) -> bytes:
    """What the partner answered, which must be something."""
    data = answered.envelope.data
    if data is None or envelope.is_null(data):
        raise BadAnswer(f"{row.module}: expected a {row.response.__name__} in data, got nothing")
    return bytes(data)


def _extended(url: str, path: str, query: Mapping[str, str] | None) -> str:
    """The URL of an endpoint with more behind it. What it has of a query stays: some partners name the tenant there."""
    parts = urlsplit(url)
    whole = f"{parts.path.rstrip('/')}/{path}" if path else parts.path
    joined = "&".join(filter(None, (parts.query, urlencode(query or {}))))
    return urlunsplit(parts._replace(path=whole, query=joined, fragment=""))


async def _offered(wire: Wire, url: str, forms: list[TokenForm]) -> dict[str, str]:
    """The partner's versions."""
    return {entry.version: entry.url for entry in _read(list[Offered], await _ask(wire, url, forms), "versions")}


async def _ask(wire: Wire, url: str, forms: list[TokenForm]) -> Answered:
    """Read a URL with the token in the first of these forms that is accepted, and keep to that form."""
    for wire.form in forms[:-1]:
        try:
            return await wire.send("GET", url)
        except NotAuthenticated:
            continue
    wire.form = forms[-1]
    return await wire.send("GET", url)


def _both(first: TokenForm) -> list[TokenForm]:
    return [first, TokenForm.BASE64 if first is TokenForm.RAW else TokenForm.RAW]


def _likely_form(versions: list[str]) -> TokenForm:
    """The form that the latest of these versions asks for."""
    best = best_common(versions, VERSIONS)
    return best.facts.token_form if best else TokenForm.BASE64


async def _details(wire: Wire, url: str, forms: list[TokenForm]) -> Details:
    details: Details = _read(Details, await _ask(wire, url, forms), "version details")
    return details


def _read(kind: Any, answered: Answered, what: str) -> Any:
    data = answered.envelope.data
    if data is None or envelope.is_null(data):
        raise BadAnswer(f"{what}: expected data, got nothing")
    try:
        return codec.decode(kind, data)
    except OCPIError as error:
        raise BadAnswer(f"{what}: {error}") from error


def _best(offered: Mapping[str, str], allowed: Iterable[str]) -> Version:
    best = best_common(allowed, offered)
    if best is None:
        raise UsageError(
            f"no OCPI version in common: the partner offers {', '.join(sorted(offered)) or 'none'}, "
            f"we speak {', '.join(sorted(allowed))}",
            ocpi_status=StatusCode.UNSUPPORTED_VERSION,
        )
    return best
