# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reading single objects and parts of them, on both sides of every module.

A sender shows the objects of our own parties, a receiver gives back what the partner itself sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

import structlog
from msgspec.structs import replace

from wwcp_ocpi.protocol import etag, patch
from wwcp_ocpi.protocol.errors import CannotConvert, NotFound, PreconditionFailed
from wwcp_ocpi.protocol.status import AgreedCode, StatusCode
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server import connector_tariffs, extended, variants
from wwcp_ocpi.server.call import Answer, Call, ok
from wwcp_ocpi.server.caller import ANONYMOUS
from wwcp_ocpi.server.extensions import STATUS_CODES
from wwcp_ocpi.server.headers import owners
from wwcp_ocpi.server.publicness import is_public
from wwcp_ocpi.server.variants import Moment
from wwcp_ocpi.store.ports import Stored

log = structlog.get_logger()

UNKNOWN: Mapping[str, int] = {"locations": StatusCode.UNKNOWN_LOCATION}
"""What the specification says of objects that are not here, by their kind. Spec: status_codes."""

UNKNOWN_AS_AGREED: Mapping[str, int] = {
    "tariffs": AgreedCode.UNKNOWN_TARIFF,
    "sessions": AgreedCode.UNKNOWN_SESSION,
    "cdrs": AgreedCode.UNKNOWN_CDR,
    "payments/terminals": AgreedCode.UNKNOWN_TERMINAL,
}
"""What is said of others, where that was agreed."""


async def get_object(call: Call) -> Answer:
    """One object, or the part of it that the path names, with its ETag: that of the state without extensions."""
    wishes = call.wishes
    is_extended, moment = extended.is_asked(wishes), variants.asked_moment(wishes)
    stored, body = await _at(call, moment) if moment is not None else await _now(call)
    body = connector_tariffs.object_for_partner(call, body)
    tag = etag.etag(body)
    headers = call.request.headers
    if "if-match" in headers and not etag.matches(headers["if-match"], tag):
        raise PreconditionFailed(f"if-match: the object is at {tag}")
    if "if-none-match" in headers and etag.matches(headers["if-none-match"], tag):
        return Answer(b"", HTTPStatus.NOT_MODIFIED, {"etag": tag})
    if is_extended:
        created = await call.server.store.created(stored) if stored else None
        body = await extended.with_extensions(call, body, created, moment)
    return ok(body, headers={"etag": tag})


async def _now(call: Call) -> tuple[Stored | None, bytes]:
    stored = await find(call)
    if call.steps:
        return stored, patch.join(patch.descend(patch.split(stored.body), call.steps))
    return stored, stored.body


async def _at(call: Call, moment: Moment) -> tuple[Stored | None, bytes]:
    """The object as it is valid at another time; it need not be there now.

    Raises:
        NotFound: nothing is valid then.
    """
    timetable = await variants.find_timetable(call, call.ids[0])
    if timetable is None:
        stored = await find(call)
        if not moment.is_valid(stored.body):
            raise unknown(call)
        return stored, stored.body
    variant = moment.of(timetable)
    if variant is None:
        raise unknown(call)
    return await _stored(call), bytes(variant.body)


async def find(call: Call) -> Stored:
    """The stored object that the path names, in the version that was asked for.

    Raises:
        NotFound: there is none.
    """
    stored = await _stored(call)
    if stored is None:
        raise unknown(call)
    return stored


async def _stored(call: Call) -> Stored | None:
    for owner in owners(call):
        for key in call.keys(owner):
            stored = await call.server.store.get(key)
            if stored is not None:
                return await _told(call, owner, stored) if _is_shown(call, stored) else None
    return None


def _is_shown(call: Call, stored: Stored) -> bool:
    if call.caller is ANONYMOUS:
        return is_public(call.kind, stored)
    return stored.audience in call.audiences


async def _told(call: Call, owner: PartyId, stored: Stored) -> Stored | None:
    """The object in the version of the call; None where that cannot be told it."""
    if stored.version == call.version.number:
        return stored
    try:
        body = await call.server.bridge.body(call.side, call.kind, owner, stored, call.version)
    except CannotConvert as reason:
        log.info("object.untold", kind=call.kind, id=call.ids[0], version=call.version.number, reason=str(reason))
        return None
    return replace(stored, version=call.version.number, body=body)


def unknown(call: Call) -> NotFound:
    """The refusal for an object that is not here."""
    is_agreed = STATUS_CODES in call.server.settings.extensions
    codes = {**UNKNOWN, **UNKNOWN_AS_AGREED} if is_agreed else UNKNOWN
    status = codes.get(call.kind, StatusCode.INVALID_PARAMETERS)
    named = "/".join(call.params.values()) if call.resource.is_party else call.ids[0]
    return NotFound(f"{call.kind}/{named}: no such {call.resource.name}", ocpi_status=status)
