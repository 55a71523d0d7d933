# SPDX-License-Identifier: AGPL-3.0-or-later
"""Real-time authorisation: a CPO asks the eMSP whether a Token may charge. Spec: mod_tokens#mod_tokens_post_method."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import msgspec
import structlog

from wwcp_ocpi.protocol import codec, conformance
from wwcp_ocpi.protocol.errors import NotFound, OCPIError, PartnerError
from wwcp_ocpi.protocol.shape import field_names
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.server.asynchronous import DECIDE_S
from wwcp_ocpi.server.call import Answer, Call, ok
from wwcp_ocpi.server.decisions import Authorization, AuthorizationRequest
from wwcp_ocpi.server.headers import passed_on

log = structlog.get_logger()


async def authorize(call: Call) -> Answer:
    """Answer with an AuthorizationInfo.

    An unknown Token is HTTP 404 with OCPI 2004 (TOK-12); too little information is 2002 (TOK-13). Where nobody decides
    in time it is 3000, so that nobody charges on an answer that was not given.
    """
    place = _place(call)
    uid = call.ids[0]
    kind = call.request.query.get("type") or next(
        known.default for known in call.endpoint.query if known.name == "type"
    )
    asked = AuthorizationRequest(
        partner=call.caller.partner,
        version=call.version.number,
        token_uid=uid,
        token_key=call.version.key_id(call.resource, uid, kind),
        token_type=kind,
        location_id=place.location_id if place else None,
        evse_uids=tuple(place.evse_uids or ()) if place else (),
        **passed_on(call),
    )
    try:
        async with asyncio.timeout(DECIDE_S):
            found = await call.server.authorizer.authorize(asked)
    except TimeoutError as error:
        log.warning("token.undecided", partner=asked.partner, version=asked.version)
        raise OCPIError("the token cannot be authorised now", http_status=HTTPStatus.OK) from error
    if found is None:
        raise NotFound(
            f"tokens/{uid}: no such Token of type {kind}", ocpi_status=call.version.facts.unknown_token_status
        )
    if found.needs_location:
        raise PartnerError(
            "$.location_id: this Token cannot be authorised without a Location",
            path="$.location_id",
            ocpi_status=StatusCode.NOT_ENOUGH_INFORMATION,
            http_status=HTTPStatus.OK,
        )
    return ok(codec.encode(_info(call, asked, found)))


def _place(call: Call) -> Any:
    """The LocationReferences in the body; without a body the CPO asks in general."""
    if not call.request.body.strip():
        return None
    body = call.body()
    references = call.endpoint.request
    if not codec.conforms(references, body):
        conformance.refuse_errors(conformance.check(references, body), "tokens/authorize")
    return codec.decode(references, body)


def _info(call: Call, asked: AuthorizationRequest, found: Authorization) -> dict[str, object]:
    """The answer with the fields that the version has."""
    everything: dict[str, object] = {"allowed": found.allowed, "token": msgspec.Raw(found.token)}
    if asked.location_id is not None:
        evses = asked.evse_uids if found.evse_uids is None else found.evse_uids
        everything["location"] = {"location_id": asked.location_id, **({"evse_uids": evses} if evses else {})}
    if found.reference is not None:
        everything["authorization_reference"] = found.reference
    if found.info is not None:
        everything["info"] = {"language": found.info[0], "text": found.info[1]}
    return {name: value for name, value in everything.items() if name in field_names(call.endpoint.response)}
