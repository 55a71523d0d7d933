# SPDX-License-Identifier: AGPL-3.0-or-later
"""Another WWCP node over HTTP: it takes part in our roaming network as if its code were here.

    node = RemoteNode("https://emp.example.org/wwcp", "Prod", transport, Secret(token))
    network.add_provider(EMobilityProviderId.parse("DE-GDF"), node)

Whatever the node does, a verb ends with a typed result: late, refused and nonsense are results, too. What is uploaded
and read raises instead, as `protocol.errors` has it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.errors import BadAnswer, OCPIError, Refused, Unreachable, UsageError
from wwcp_ocpi.protocol.http import Request, Response, StreamTransport, Transport
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.wwcp.http import via
from wwcp_ocpi.wwcp.http.answers import FAILURES, Failed, failed
from wwcp_ocpi.wwcp.http.server_events import Parser, Received
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import EVSEId
from wwcp_ocpi.wwcp.jsonld.documents import encode, plain
from wwcp_ocpi.wwcp.jsonld.reading import Reader
from wwcp_ocpi.wwcp.model.authentication import Authentication
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord
from wwcp_ocpi.wwcp.model.places import ChargingPool, ChargingStationOperator, EMobilityProvider
from wwcp_ocpi.wwcp.model.requests import (
    AuthorizeStart,
    AuthorizeStop,
    CancelReservation,
    ChargingLocation,
    RemoteStart,
    RemoteStop,
    Reserve,
)
from wwcp_ocpi.wwcp.model.results import (
    AuthStartResult,
    AuthStopResult,
    CancelReservationResult,
    RemoteStartResult,
    RemoteStopResult,
    ReservationResult,
    SendCDRResult,
    SendCDRsResult,
)
from wwcp_ocpi.wwcp.model.status import EVSEAdminStatus, EVSEStatus, Timestamped
from wwcp_ocpi.wwcp.network.events import EVSEStatusChange, OperatorChange, PoolChange

_R = TypeVar("_R", bound=msgspec.Struct)
_P = TypeVar("_P", bound=msgspec.Struct)
JSONObject: TypeAlias = dict[str, Any]

IDLE_S = 60.0
"""How long the events of a node may be silent: heartbeats come four times as often."""
PAGE = 500
_REMEMBERED = 10_000
_LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS})
_LINKS = frozenset({"roamingNetworkId", "chargingStationOperatorId"})
"""What a list tells of what is above, which an object does not say of itself."""


class RemoteNode:
    """One roaming network of another node.

    Has the methods of `Authorizer`, `CDRSink`, `RemoteStarter`, `Reserver`, `POISink` and `StatusSink`.
    """

    def __init__(
        self,
        url: str,
        network: str,
        transport: Transport,
        token: Secret,
        *,
        custom_methods: bool = False,
        names_places: bool = True,
    ) -> None:
        """Nothing is asked yet.

        Args:
            url: The node's WWCP API, as `https://gateway.example.org/wwcp`.
            network: The id of its roaming network.
            token: What it gave us.
            custom_methods: Ask with AUTHSTART and so on, for nodes that have no POST. Records go without signatures
                then, and a session is ended by the EVSE that we remember for it.
            names_places: Whether the node knows our EVSEs. If not, it is asked about drivers without a place.
        """
        self.url = url.rstrip("/")
        self.network = network
        self._transport = transport
        self._token = token
        self._custom_methods = custom_methods
        self._names_places = names_places
        self._evse_of: OrderedDict[ChargingSessionId, EVSEId] = OrderedDict()

    # Verbs

    async def authorize_start(self, request: AuthorizeStart) -> AuthStartResult:
        """May he begin?"""
        body = _auth_keys(request.authentication) | self._whole(request)
        evse = self._evse(request.location)
        result = await self._verb("AUTHSTART", self._at(evse), body, AuthStartResult)
        self._remember(result.session_id, evse)
        return result

    async def authorize_stop(self, request: AuthorizeStop) -> AuthStopResult:
        """May he end it?"""
        body = _auth_keys(request.authentication) | self._whole(request)
        evse = self._evse(request.location) or self._evse_of.get(request.session_id)
        return await self._verb("AUTHSTOP", self._at(evse), body, AuthStopResult)

    async def remote_start(self, request: RemoteStart) -> RemoteStartResult:
        """Begin a session."""
        evse = request.location.evse_id if request.location else None
        body = _account_keys(request.authentication) | plain(request)
        for ours, theirs in (("chargingSessionId", "SessionId"), ("chargingReservationId", "ReservationId")):
            if ours in body:
                body[theirs] = body[ours]
        self._remember(request.session_id, evse)
        return await self._verb("REMOTESTART", self._at(evse), body, RemoteStartResult)

    async def remote_stop(self, request: RemoteStop) -> RemoteStopResult:
        """End a session."""
        body = _account_keys(request.authentication) | plain(request) | {"SessionId": str(request.session_id)}
        path = self._path("ChargingSessions", request.session_id)
        if self._custom_methods:
            evse = self._evse_of.get(request.session_id)
            if evse is None:
                return failed(RemoteStopResult, Failed.REFUSED, f"nobody remembers an EVSE for {request.session_id}")
            path = self._at(evse)
        return await self._verb("REMOTESTOP", path, body, RemoteStopResult)

    async def reserve(self, request: Reserve) -> ReservationResult:
        """Keep it free."""
        evse = request.location.evse_id if request.location else None
        body = _account_keys(request.authentication) | plain(request)
        return await self._verb("RESERVE", self._at(evse), body, ReservationResult)

    async def cancel_reservation(self, request: CancelReservation) -> CancelReservationResult:
        """Free it again."""
        path = self._path("Reservations", request.reservation_id)
        return await self._verb("CANCELRESERVATION", path, plain(request), CancelReservationResult)

    async def send_cdrs(self, cdrs: Sequence[ChargeDetailRecord]) -> list[SendCDRResult]:
        """Give records; one result each."""
        if self._custom_methods:
            # A record has the id of its session there, and its own here.
            return [replace(await self._send_cdr(cdr), cdr_id=cdr.id) for cdr in cdrs]
        body = [plain(cdr) for cdr in cdrs]
        found = await self._asked("POST", self._path("ChargeDetailRecords"), body, SendCDRsResult)
        if isinstance(found, SendCDRsResult) and len(found.results) == len(cdrs):
            return found.results
        why, reason = found if isinstance(found, tuple) else (Failed.NONSENSE, f"{len(found.results)} results")
        return [failed(SendCDRResult, why, reason) for _ in cdrs]

    async def _send_cdr(self, cdr: ChargeDetailRecord) -> SendCDRResult:
        values, end = cdr.energy_metering_values, cdr.session_time.end
        if cdr.evse_id is None or not values or end is None:
            return failed(SendCDRResult, Failed.REFUSED, "SENDCDR needs an EVSE, an end and meter values")
        first, last = values[0], values[-1]
        body = {
            "SessionId": str(cdr.session_id),
            "SessionStart": cdr.session_time.start.wire,
            "SessionEnd": end.wire,
            "ChargeStart": first.timestamp.wire,
            "ChargeEnd": last.timestamp.wire,
            "MeterValueStart": first.energy_kwh,
            "MeterValueEnd": last.energy_kwh,
            **({"ChargingProductId": cdr.charging_product_id} if cdr.charging_product_id else {}),
            **(_auth_keys(cdr.authentication_start) if cdr.authentication_start else {}),
        }
        found = await self._answer("SENDCDR", self._at(cdr.evse_id), body)
        if isinstance(found, tuple):
            return failed(SendCDRResult, *found)
        said = _object(found)
        if "result" not in said and isinstance(said.get("status"), str):
            said["result"] = {"forwarded": "Success"}.get(said["status"], "Error")
        return _typed(SendCDRResult, found, said)

    # Places

    async def pool_changed(self, change: PoolChange) -> None:
        """Upload a pool. Raises PartnerError: it was not taken."""
        await self.put(self._path("ChargingPools", change.pool.id), plain(change.pool))

    async def operator_changed(self, change: OperatorChange) -> None:
        """Upload an operator with its tariffs. Raises as above."""
        await self.put(self._path("ChargingStationOperators", change.operator.id), plain(change.operator))

    async def status_changed(self, change: EVSEStatusChange) -> None:
        """Upload the status of an EVSE. Raises as above."""
        entry = Timestamped(change.timestamp, change.status), Timestamped(change.timestamp, change.admin_status)
        await self.put_states({change.evse_id: entry})

    async def put_pool(self, pool: ChargingPool) -> None:
        """Upload a pool, statuses included. Raises PartnerError: it was not taken."""
        await self.put(self._path("ChargingPools", pool.id), plain(pool))

    async def put_operator(self, operator: ChargingStationOperator) -> None:
        """Upload an operator. Raises as above."""
        await self.put(self._path("ChargingStationOperators", operator.id), plain(operator))

    async def put_states(
        self, states: Mapping[EVSEId, tuple[Timestamped[EVSEStatus], Timestamped[EVSEAdminStatus] | None]]
    ) -> None:
        """Upload the states of EVSEs, all of them or none. Raises as above."""
        words = {str(id): [status.timestamp.wire, status.value.value] for id, (status, _) in states.items()}
        await self.put(self._path("EVSEs->Status"), words)
        admin = {
            str(id): [one.timestamp.wire, one.value.value] for id, (_, one) in states.items() if one and one.value.value
        }
        if admin:
            await self.put(self._path("EVSEs->AdminStatus"), admin)

    async def put_network(self, network: object) -> None:
        """Upload a whole network in its JSON form, all of it or nothing. Raises as below."""
        await self.put(self._path(), network)

    async def put(self, path: str, body: object) -> Response:
        """PUT, or raise.

        Raises:
            Refused: the node said no, and why.
            Unreachable: it said nothing, or that it cannot now.
        """
        response = await self._send("PUT", path, body)
        if response.status >= HTTPStatus.INTERNAL_SERVER_ERROR or response.status in _LATER:
            raise Unreachable(f"PUT {path}: HTTP {response.status}: {_reason(response)}")
        if response.status >= HTTPStatus.MULTIPLE_CHOICES:
            raise Refused(f"PUT {path}: HTTP {response.status}: {_reason(response)}", http_status=response.status)
        return response

    async def pools(self) -> AsyncGenerator[ChargingPool, None]:
        """Its pools, page by page. Raises PartnerError."""
        async for value in self._all("ChargingPools"):
            yield _entity(ChargingPool, value)

    async def operators(self) -> AsyncGenerator[ChargingStationOperator, None]:
        """Its operators. Raises as above."""
        async for value in self._all("ChargingStationOperators"):
            yield _entity(ChargingStationOperator, value)

    async def providers(self) -> AsyncGenerator[EMobilityProvider, None]:
        """Its providers. Raises as above."""
        async for value in self._all("eMobilityProviders"):
            yield _entity(EMobilityProvider, value)

    async def _all(self, list_: str) -> AsyncIterator[JSONObject]:
        skip = 0
        while True:
            query = urlencode({"skip": skip, "take": PAGE})
            response = await self._send("GET", f"{self._path(list_)}?{query}", None)
            found = _json(response) if response.status == HTTPStatus.OK else None
            if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
                raise BadAnswer(f"{list_}: HTTP {response.status}: expected a list of objects: {_reason(response)}")
            for one in found:
                yield {key: value for key, value in one.items() if key not in _LINKS}
            if not found:
                return
            skip += len(found)

    # Events

    async def events(self, after: str = "") -> AsyncGenerator[Received, None]:
        """What changes there, until the connection ends. `after` is the id of the last event that was seen.

        Raises:
            UsageError: our transport cannot read an answer while it comes.
            Refused, Unreachable, BadAnswer.
        """
        if not isinstance(self._transport, StreamTransport):
            raise UsageError("expected a transport that streams")
        headers = {"accept": "text/event-stream", **self._headers()}
        if after:
            headers["last-event-id"] = after
        request = Request(method="GET", url=f"{self.url}{self._path('events')}", headers=headers)
        async with self._transport.stream(request, idle_s=IDLE_S) as answer:
            if answer.status != HTTPStatus.OK:
                raise Refused(f"events: HTTP {answer.status}", http_status=answer.status)
            if not answer.headers.get("content-type", "").startswith("text/event-stream"):
                raise BadAnswer("events: expected text/event-stream")
            parser = Parser()
            async for chunk in answer.chunks:
                for event in parser.feed(chunk):
                    yield event

    # On the wire

    def _remember(self, session: ChargingSessionId | None, evse: EVSEId | None) -> None:
        """Where a session is, for verbs about it that must name an EVSE."""
        if session is not None and evse is not None:
            self._evse_of[session] = evse
            while len(self._evse_of) > _REMEMBERED:
                self._evse_of.popitem(last=False)

    def _evse(self, location: ChargingLocation | None) -> EVSEId | None:
        return location.evse_id if location is not None and self._names_places else None

    def _whole(self, request: AuthorizeStart | AuthorizeStop) -> JSONObject:
        body = plain(request)
        if not self._names_places:
            body.pop("chargingLocation", None)
        return body

    def _path(self, *segments: object) -> str:
        return "/".join(["/RNs", *(quote(str(one), safe="") for one in (self.network, *segments))])

    def _at(self, evse: EVSEId | None) -> str:
        return self._path() if evse is None else self._path("EVSEs", evse)

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token.reveal()}"}

    async def _send(self, method: str, path: str, body: object) -> Response:
        headers = {"accept": "application/json", **self._headers()}
        if body is not None:
            headers["content-type"] = "application/json"
        passed_on = via.header()
        if passed_on:
            headers[via.VIA] = passed_on
        content = b"" if body is None else encode(body)
        return await self._transport(Request(method=method, url=f"{self.url}{path}", headers=headers, body=content))

    async def _verb(self, verb: str, path: str, body: JSONObject, result: type[_R]) -> _R:
        method, path = (verb, path) if self._custom_methods else ("POST", f"{path}/{verb.lower()}")
        found = await self._asked(method, path, body, result)
        return failed(result, *found) if isinstance(found, tuple) else found

    async def _asked(self, method: str, path: str, body: object, result: type[_R]) -> _R | tuple[Failed, str]:
        """The result that the node answers with, or in which way it failed to."""
        response = await self._answer(method, path, body)
        if isinstance(response, tuple):
            return response
        if response.status == HTTPStatus.NO_CONTENT and result in FAILURES:
            return msgspec.convert({"result": "Success"}, result)
        said = _object(response)
        if "result" not in said:
            if response.status == HTTPStatus.CREATED:
                said["result"] = "Success"  # as nodes answer that tell no word
            else:
                why = Failed.REFUSED if response.status >= HTTPStatus.BAD_REQUEST else Failed.NONSENSE
                return why, f"HTTP {response.status}: {_reason(response)}"
        try:
            return _entity(result, said)
        except OCPIError as error:
            return Failed.NONSENSE, f"HTTP {response.status}: {error}"

    async def _answer(self, method: str, path: str, body: object) -> Response | tuple[Failed, str]:
        try:
            return await self._send(method, path, body)
        except Unreachable as error:
            return Failed.SILENT, str(error)


def _typed(result: type[_R], response: Response, said: JSONObject) -> _R:
    try:
        return _entity(result, said)
    except OCPIError:
        return failed(result, Failed.NONSENSE, f"HTTP {response.status}: {_reason(response)}")


def _entity(cls: type[_P], value: JSONObject) -> _P:
    return Reader().entity(cls, value)


def _object(response: Response) -> JSONObject:
    """The object in an answer; empty where there is none."""
    found = _json(response)
    return found if isinstance(found, dict) else {}


def _json(response: Response) -> Any:
    """What an answer says; None where it is no JSON."""
    try:
        return codec.read_json(response.body)
    except OCPIError:
        return None


def _reason(response: Response) -> str:
    """Why, in the node's words; no more of them than a line."""
    said = _object(response).get("description")
    if isinstance(said, dict):
        said = next(iter(said.values()), "")
    text = said if isinstance(said, str) else response.body[:200].decode("utf-8", "replace")
    return " ".join(text.split())[:200]


def _auth_keys(authentication: Authentication) -> JSONObject:
    """The few keys that WWCP documents, for nodes that read no others."""
    if authentication.auth_token is not None:
        kind = authentication.auth_token_type
        return {"authToken": authentication.auth_token} | ({"authTokenType": kind.value} if kind else {})
    return _account_keys(authentication)


def _account_keys(authentication: Authentication | None) -> JSONObject:
    account = authentication.account if authentication is not None else None
    return {"eMAId": str(account)} if account is not None else {}
