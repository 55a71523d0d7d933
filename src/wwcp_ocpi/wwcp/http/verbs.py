# SPDX-License-Identifier: AGPL-3.0-or-later
"""The verbs over HTTP. Who may say them: the operator of the place (AUTHSTART, AUTHSTOP, SENDCDR), or a provider.

Every answer has the word of the result, also where the HTTP status says it; the statuses are those of `CODES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from msgspec.structs import replace

from wwcp_ocpi.protocol.errors import InvalidParameters, NotAllowed
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.wwcp.http import bodies
from wwcp_ocpi.wwcp.http.call import Call, answer, nothing
from wwcp_ocpi.wwcp.http.codes import status_of
from wwcp_ocpi.wwcp.ids.places import ChargingStationOperatorId, EMobilityProviderId, EVSEId
from wwcp_ocpi.wwcp.jsonld.documents import plain
from wwcp_ocpi.wwcp.jsonld.reading import Reader
from wwcp_ocpi.wwcp.model.authentication import Authentication
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord, ChargingSession
from wwcp_ocpi.wwcp.model.requests import ChargingLocation, Reserve
from wwcp_ocpi.wwcp.model.result_codes import (
    CancelReservationCode,
    RemoteStopCode,
    ReservationCode,
    SendCDRCode,
)
from wwcp_ocpi.wwcp.model.results import CDR_SUCCESSES, SendCDRResult, said

MOST_CDRS = 1000


async def auth_start(call: Call) -> Response:
    """May this driver begin? 200 Authorized; 403 and 401 (Error) otherwise, with the result."""
    request = bodies.auth_start(call.json(), _place(call))
    _require_operator(call, request.location)
    result = await call.network.authorize_start(request)
    return answer(plain(result), status_of(result.result))


async def auth_stop(call: Call) -> Response:
    """May this driver end that session? 200 Authorized; 401 and 403 otherwise, with the result."""
    request = bodies.auth_stop(call.json(), _place(call))
    _require_operator(call, request.location)
    session = await call.network.session(request.session_id)
    if session is not None:
        _require_own_session(call, session)
    result = await call.network.authorize_stop(request)
    return answer(plain(result), status_of(result.result))


async def remote_start(call: Call) -> Response:
    """Begin a session there. 201 it began, 202 the operator will tell, else the result with its reason."""
    request = bodies.remote_start(call.json(), _place(call))
    provider = _provider(call, request.provider_id, request.authentication)
    result = await call.network.remote_start(replace(request, provider_id=provider, roaming_provider_id=None))
    return answer(plain(result), status_of(result.result))


async def remote_stop(call: Call) -> Response:
    """End a session. 204 it ended, 200 with `keepAlive`, 202 the operator will tell."""
    request = bodies.remote_stop(call.json(), call.params.get("sessionId"))
    provider = _provider(call, request.provider_id, request.authentication)
    session = await call.network.session(request.session_id)
    if session is not None and not call.acts_for(session.start.provider_id):
        reason = f"nobody knows a session {request.session_id}"  # one of others is none for this client
        return _refused(RemoteStopCode.InvalidSessionId, reason)
    if "evseId" in call.params and session is not None and session.evse_id != call.id("evseId", EVSEId):
        return _refused(RemoteStopCode.InvalidSessionId, f"no session {request.session_id} at this EVSE")
    result = await call.network.remote_stop(replace(request, provider_id=provider, roaming_provider_id=None))
    if result.result is RemoteStopCode.Success:
        if request.keep_alive_s is not None:
            return answer({"keepAlive": request.keep_alive_s, "result": result.result.value})
        return nothing()
    return answer(plain(result), status_of(result.result))


async def reserve(call: Call) -> Response:
    """Keep an EVSE free. 201 with the reservation, 202 the operator will tell."""
    request = bodies.reserve(call.json(), _place(call), call.params.get("reservationId"))
    provider = _provider(call, request.provider_id, request.authentication)
    result = await call.network.reserve(replace(request, provider_id=provider, roaming_provider_id=None))
    made = plain(result)
    if result.result in (ReservationCode.Success, ReservationCode.AsyncOperation) and result.reservation_id:
        kept = call.network.reservation(result.reservation_id)
        start = kept.start_time if kept else request.start_time
        del made["reservationId"]  # WWCP writes it with a capital, and once is enough
        made |= {
            "ReservationId": str(result.reservation_id),
            "StartTime": start.wire if start else None,
            "Duration": kept.duration_s if kept else request.duration_s,
            "AuthorizedIds": _authorized(request),
        }
    return answer(made, status_of(result.result))


async def cancel_reservation(call: Call) -> Response:
    """Free it again. 204 it is free, 202 the operator will tell."""
    request = bodies.cancel_reservation(call.json() if call.request.body else None, call.params.get("reservationId"))
    provider = request.provider_id or (call.client.only_provider if call.client else None)
    if provider is not None:
        call.require(provider)
    known = call.network.reservation(request.reservation_id)
    if known is not None and not call.acts_for(known.provider_id):
        reason = f"there is no reservation {request.reservation_id}"
        return _refused(CancelReservationCode.UnknownReservationId, reason)
    result = await call.network.cancel_reservation(replace(request, provider_id=provider))
    if result.result is CancelReservationCode.Success:
        return nothing()
    return answer(plain(result), status_of(result.result))


async def send_cdr(call: Call) -> Response:
    """A record in the few keys of WWCP, or whole. 200 forwarded or not, 202 kept and on its way, 404 no session."""
    cdr = bodies.send_cdr(call.json(), call.params["evseId"])
    await _require_own_record(call, cdr)
    result = (await call.network.send_cdrs([cdr])).results[0]
    made = plain(result) | {"authorizatorId": result.authorizator_id or call.network.id}
    if result.result is SendCDRCode.Success:
        return answer({"status": "forwarded"} | made)
    if result.result is SendCDRCode.Enqueued:
        return answer({"status": "enqueued"} | made, HTTPStatus.ACCEPTED)
    if result.result in (SendCDRCode.UnknownSessionId, SendCDRCode.InvalidSessionId):
        return answer({"sessionId": str(cdr.session_id)} | made, HTTPStatus.NOT_FOUND)
    return answer({"status": "Not forwarded"} | made)


async def send_cdrs(call: Call) -> Response:
    """Whole records, one or a list, with signed meter values, tariffs, prices. The result of each, in their order."""
    value = call.json()
    listed = value if isinstance(value, list) else [value]
    if len(listed) > MOST_CDRS:
        raise InvalidParameters(f"$: expected at most {MOST_CDRS} records, got {len(listed)}", path="$")
    reader = Reader()
    cdrs = [
        reader.entity(ChargeDetailRecord, one, f"$[{index}]" if isinstance(value, list) else "$")
        for index, one in enumerate(listed)
    ]
    for cdr in cdrs:
        await _require_own_record(call, cdr)
    result = await call.network.send_cdrs(cdrs)
    status = HTTPStatus.OK if all(one.result in CDR_SUCCESSES for one in result.results) else HTTPStatus.ACCEPTED
    return answer(plain(result) | {"results": [_bare(one) for one in result.results]}, status)


async def report_session(call: Call) -> Response:
    """An operator tells how a session goes: it began, goes on, is over. What is left out stays as it was."""
    body = bodies.Body(call.json())
    body.put("@id", call.params["sessionId"])
    body.take("@context")
    session = body.become(ChargingSession)
    operator = session.charging_station_operator_id or (session.evse_id.operator if session.evse_id else None)
    known = await call.network.session(session.id)
    if known is not None:
        _require_own_session(call, known)
    if operator is not None:
        call.require(operator)
    elif known is None:
        call.require_every_operator()
    if session.evse_id is not None and operator != session.evse_id.operator:
        raise InvalidParameters(f"$.EVSEId: expected an EVSE of {operator}", path="$.EVSEId")
    report = await call.network.report_session(session)
    status = _REPORTS.get(report.name, HTTPStatus.OK)
    return answer({"result": report.value}, status)


_REPORTS = {"ALREADY_STOPPED": HTTPStatus.CONFLICT, "UNKNOWN_LOCATION": HTTPStatus.NOT_FOUND}


def _bare(result: SendCDRResult) -> dict[str, Any]:
    made = plain(result)
    made.pop("@context", None)
    return made


def _refused(code: RemoteStopCode | CancelReservationCode, reason: str) -> Response:
    return answer({"result": code.value, "description": said(reason)}, status_of(code))


def _place(call: Call) -> Mapping[str, str]:
    """The place that the path names."""
    return {"evseId": str(call.id("evseId", EVSEId))} if "evseId" in call.params else {}


def _require_operator(call: Call, location: ChargingLocation | None) -> None:
    """AUTHSTART and AUTHSTOP are for the operator of the place; without a place, for an operator at all."""
    operators = _operators_of(location)
    if not operators:
        if call.client is None or not call.client.operators:
            raise NotAllowed("this client does not act for an operator")
        return
    for operator in operators:
        call.require(operator)


def _operators_of(location: ChargingLocation | None) -> set[ChargingStationOperatorId]:
    if location is None:
        return set()
    named = (location.evse_id, location.charging_station_id, location.charging_pool_id)
    found = {id.operator for id in named if id is not None}
    if location.charging_station_operator_id is not None:
        found.add(location.charging_station_operator_id)
    return found


def _require_own_session(call: Call, session: ChargingSession) -> None:
    operator = session.charging_station_operator_id
    if operator is not None:
        call.require(operator)


async def _require_own_record(call: Call, cdr: ChargeDetailRecord) -> None:
    named = (cdr.evse_id, cdr.charging_station_id, cdr.charging_pool_id)
    operators = {id.operator for id in named if id is not None}
    if cdr.charging_station_operator_id is not None:
        operators.add(cdr.charging_station_operator_id)
    for operator in operators:
        call.require(operator)
    session = await call.network.session(cdr.session_id)
    if session is not None:
        _require_own_session(call, session)
    elif not operators:
        call.require_every_operator()


def _provider(
    call: Call, named: EMobilityProviderId | None, authentication: Authentication | None
) -> EMobilityProviderId | None:
    """In whose name: the provider that is named, else the only one that the client acts for.

    Raises:
        NotAllowed: not this client's, or the contract is one of another provider.
        InvalidParameters: it could be several.
    """
    assert call.client is not None
    provider = named or call.client.only_provider
    if provider is not None:
        call.require(provider)
    elif not call.client.providers:
        raise NotAllowed("this client does not act for a provider")
    elif not call.client.is_every_provider:
        raise InvalidParameters("$.ProviderId: expected one of the client's providers", path="$.ProviderId")
    account = authentication.account if authentication is not None else None
    if account is not None:
        call.require(account.provider)
    return provider


def _authorized(request: Reserve) -> dict[str, list[str]]:
    return {
        "RFIDIds": request.auth_tokens,
        "eMAIds": [str(id) for id in request.emaids],
        "PINs": request.pins,
    }
