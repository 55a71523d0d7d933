# SPDX-License-Identifier: AGPL-3.0-or-later
"""An honest OCPI platform, just large enough to be talked to. What is awkward is added around it.

It is written from the specification and not from the tables of the gateway, so that a mistake in those shows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import TypeAlias
from urllib.parse import unquote, urlencode, urlsplit

import msgspec

from wwcp_ocpi.net.asgi import refusal
from wwcp_ocpi.protocol.credentials_token import TokenForm, candidates
from wwcp_ocpi.protocol.envelope import success
from wwcp_ocpi.protocol.errors import (
    InvalidParameters,
    MethodNotAllowed,
    NotAuthenticated,
    NotFound,
    OCPIError,
)
from wwcp_ocpi.protocol.http import AUTHORIZATION, JSON, Request, Response
from wwcp_ocpi.protocol.status import StatusCode

JSONObject: TypeAlias = Mapping[str, object]


class Dialect(msgspec.Struct, frozen=True):
    """What one version does differently from the others."""

    token_form: TokenForm
    names_sides: bool
    credentials: Callable[[JSONObject, JSONObject], JSONObject]
    """From what all versions say, and from the party that it is about."""


DIALECTS = {
    "2.1.1": Dialect(
        TokenForm.RAW,
        False,
        lambda common, party: {**common, **{name: party[name] for name in party if name != "role"}},
    ),
}
_SINCE_2_2 = Dialect(TokenForm.BASE64, True, lambda common, party: {**common, "roles": [party]})


class Platform:
    """Speaks the versions that it is given objects for, as one party.

    It has one partner or none: `credentials_token` is what that must send now, `partner` what it sent as its
    Credentials, `received` the JSON that it put, patched or posted, by the path from the version on.
    """

    def __init__(
        self,
        objects: Mapping[str, Mapping[str, Sequence[JSONObject]]],
        *,
        base: str = "https://partner.example/ocpi",
        credentials_token: str = "token-a",
        party: JSONObject | None = None,
        receives: Sequence[str] = (),
        page_size: int = 50,
    ) -> None:
        """Nothing is registered yet: `credentials_token` is the one given out for the registration.

        Args:
            objects: By version and module, what the platform sends. Modules it does not have are not offered.
            base: What its URLs begin with; may be set later, when a port is known.
            receives: Modules of which it takes the objects of its partner.
        """
        self.objects = objects
        self.base = base
        self.credentials_token = credentials_token
        self.party = party or {
            "role": "CPO",
            "country_code": "DE",
            "party_id": "MCK",
            "business_details": {"name": "Mock Charging"},
        }
        self.receives = receives
        self.page_size = page_size
        self.partner: JSONObject | None = None
        self.received: dict[str, object] = {}
        self._handed_out = 0

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        try:
            return self._route(request)
        except OCPIError as error:
            return refusal(error)

    def _route(self, request: Request) -> Response:
        path = request.path.removeprefix(urlsplit(self.base).path).strip("/")
        version, *rest = [unquote(segment) for segment in path.split("/")]
        if version != "versions" and version not in self.objects:
            raise NotFound(f"{request.path}: no such path")
        form = TokenForm.EITHER if version == "versions" else _dialect(version).token_form
        if self.credentials_token not in candidates(request.headers.get(AUTHORIZATION), form):
            raise NotAuthenticated("unknown credentials token")
        match rest:
            case [] if version == "versions":
                return _answer([{"version": name, "url": f"{self.base}/{name}"} for name in self.objects])
            case []:
                return _answer({"version": version, "endpoints": self._endpoints(version)})
            case ["credentials"]:
                return self._credentials(version, request)
            case ["sender", module] if module in self.objects[version]:
                return self._page(version, module, request)
            case ["sender", module, *ids] if module in self.objects[version]:
                return _answer(_named(self.objects[version][module], ids))
            case ["receiver", module, *_] if module in self.receives:
                return self._receive(path, request)
            case _:
                raise NotFound(f"{request.path}: no such path")

    def _endpoints(self, version: str) -> list[JSONObject]:
        def endpoint(module: str, role: str, path: str) -> JSONObject:
            side = {"role": role} if _dialect(version).names_sides else {}
            return {"identifier": module, **side, "url": f"{self.base}/{version}/{path}"}

        return [
            endpoint("credentials", "SENDER", "credentials"),
            *(endpoint(module, "SENDER", f"sender/{module}") for module in self.objects[version]),
            *(endpoint(module, "RECEIVER", f"receiver/{module}") for module in self.receives),
        ]

    def _credentials(self, version: str, request: Request) -> Response:
        if request.method != "GET":
            if (request.method == "POST") == (self.partner is not None):
                raise MethodNotAllowed("registered already" if self.partner else "not registered")
            self.partner = _object(request.body) if request.method != "DELETE" else None
            self._handed_out += 1
            self.credentials_token = f"token-c-{self._handed_out}"
            if self.partner is None:
                return _answer(None)
        common = {"token": self.credentials_token, "url": f"{self.base}/versions"}
        return _answer(_dialect(version).credentials(common, self.party))

    def _page(self, version: str, module: str, request: Request) -> Response:
        query = request.query
        found = [
            entry
            for entry in self.objects[version][module]
            if query.get("date_from", "") <= str(entry.get("last_updated", "")) < query.get("date_to", "~")
        ]
        offset = int(query.get("offset", 0))
        limit = min(int(query.get("limit", self.page_size)), self.page_size)
        headers = {"content-type": JSON, "x-total-count": str(len(found)), "x-limit": str(self.page_size)}
        if offset + limit < len(found):
            onward = urlencode({**query, "offset": offset + limit, "limit": limit})
            headers["link"] = f'<{self.base}/{version}/sender/{module}?{onward}>; rel="next"'
        return _answer(found[offset : offset + limit], headers)

    def _receive(self, path: str, request: Request) -> Response:
        if request.method == "GET":
            if path not in self.received:
                raise NotFound(f"{request.path}: no such object", ocpi_status=StatusCode.UNKNOWN_LOCATION)
            return _answer(self.received[path])
        if request.method == "DELETE":
            self.received.pop(path, None)
        else:
            body = _object(request.body)
            before = self.received.get(path)
            is_patch = request.method == "PATCH" and isinstance(before, dict)
            self.received[path] = {**before, **body} if is_patch and isinstance(before, dict) else body
        return _answer(None)


def _dialect(version: str) -> Dialect:
    return DIALECTS.get(version, _SINCE_2_2)


def _named(objects: Sequence[JSONObject], ids: Sequence[str]) -> object:
    """The object of that id; below a Location, the EVSE of that uid, and below that the Connector."""
    first, *below = ids
    for entry in objects:
        if first in {entry.get("id"), entry.get("uid")}:
            parts = entry.get("evses", entry.get("connectors", ()))
            return _named(parts, below) if below and isinstance(parts, list) else entry
    raise NotFound(f"{first}: no such object", ocpi_status=StatusCode.UNKNOWN_LOCATION)


def _object(body: bytes) -> JSONObject:
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except msgspec.DecodeError as error:
        raise InvalidParameters(f"$: expected an object: {error}") from error


def _answer(data: object, headers: Mapping[str, str] | None = None) -> Response:
    body = success() if data is None else success(msgspec.json.encode(data))
    return Response(status=HTTPStatus.OK, headers=headers or {"content-type": JSON}, body=body)
