# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the headers of a request say, and what those of its answer must say. Spec: transport_and_format (routing)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.endpoint import Interface
from wwcp_ocpi.protocol.errors import InvalidParameters, NotAllowed, NotFound
from wwcp_ocpi.protocol.http import (
    CORRELATION_ID,
    FROM_COUNTRY_CODE,
    FROM_PARTY_ID,
    REQUEST_ID,
    TO_COUNTRY_CODE,
    TO_PARTY_ID,
)
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.call import Call
from wwcp_ocpi.server.caller import ANONYMOUS, party_as
from wwcp_ocpi.store.ports import Side

MAX_ID = 128
_COME_BACK = (
    (REQUEST_ID, REQUEST_ID),
    (CORRELATION_ID, CORRELATION_ID),
    (FROM_COUNTRY_CODE, TO_COUNTRY_CODE),
    (FROM_PARTY_ID, TO_PARTY_ID),
    (TO_COUNTRY_CODE, FROM_COUNTRY_CODE),
    (TO_PARTY_ID, FROM_PARTY_ID),
)
"""Which header of an answer repeats which of the request."""


def _party(headers: Mapping[str, str], country: str, party: str) -> PartyId | None:
    one, other = headers.get(country), headers.get(party)
    if one is None and other is None:
        return None
    try:
        return _parsed(one or "", other or "")
    except ValueError as error:
        raise InvalidParameters(f"{country}, {party}: {error}", path=party) from error


@lru_cache(maxsize=1024)
def _parsed(country_code: str, party_id: str) -> PartyId:
    return PartyId.parse(f"{country_code}*{party_id}")


def to_party(headers: Mapping[str, str]) -> PartyId | None:
    """The party that a request is addressed to, if it says so."""
    return _party(headers, TO_COUNTRY_CODE, TO_PARTY_ID)


def from_party(headers: Mapping[str, str]) -> PartyId | None:
    """The party that a request comes from, if it says so."""
    return _party(headers, FROM_COUNTRY_CODE, FROM_PARTY_ID)


def check_parties(call: Call) -> None:
    """Refuse a request in the name of a party that is not the caller's, or to one that we are not.

    Raises:
        NotAllowed: the sender named in the headers, or the owner in the path, is not a party of this partner.
        NotFound: addressed to a party that is not here.
    """
    if call.route.is_routed:
        sender = from_party(call.request.headers)
        if sender is not None and sender not in call.caller.parties and not call.caller.is_hub:
            raise NotAllowed(f"{FROM_PARTY_ID}: {sender} is not a party of this partner", path=FROM_PARTY_ID)
        addressed_parties(call)
    owner = call.owner
    if owner is not None and call.endpoint.interface is Interface.RECEIVER:
        check_owner(call, owner)


def check_owner(call: Call, owner: PartyId, path: str = "party_id") -> None:
    """Refuse an object of a party that the caller does not speak for. A hub speaks for any.

    Raises:
        NotAllowed: not a party of this partner.
        InvalidParameters: a hub names what can be no party.
    """
    if owner in call.caller.parties:
        return
    if not call.caller.is_hub:
        raise NotAllowed(f"{owner} is not a party of this partner", path=path)
    try:
        is_party = _parsed(*owner) == owner
    except ValueError:
        is_party = False
    if not is_party:
        raise InvalidParameters(f"{path}: expected a party like NL*TNM, got {str(owner)[:20]!r}", path=path)


def owners(call: Call) -> list[PartyId]:
    """Who may own the object that the path names: the party in it, or else any of those whose objects these are.

    Raises:
        InvalidParameters: see `addressed_parties`.
    """
    if call.owner is not None:
        return [call.owner]
    if call.side is Side.OURS:
        return sorted(addressed_parties(call))
    named = _behind_hub(call)
    return [*([named] if named else ()), *sorted(call.caller.parties)]


def sending_party(call: Call) -> PartyId | None:
    """Whose object it is that a partner sends, where neither path nor object says so.

    One platform is one sender, so that a push and a pull mean the same object. Behind a hub the headers tell.
    """
    return _behind_hub(call) or party_as(call.module.roles(call.endpoint.interface.other), call.caller.played)


def named_by_hub(fields: RawObject, *, is_hub: bool) -> PartyId | None:
    """Whose object a hub says that it is, in fields which the version has not. Of nobody else it is believed."""
    names = [patch.text_of(fields, name) for name in ("country_code", "party_id")] if is_hub else []
    try:
        return _parsed(names[0] or "", names[1] or "") if all(names) and names else None
    except ValueError:
        return None


def _behind_hub(call: Call) -> PartyId | None:
    return from_party(call.request.headers) if call.caller.is_hub and call.route.is_routed else None


def addressed_parties(call: Call) -> frozenset[PartyId]:
    """Which of our parties the request is for: the one it names, or all; a hub's are also those behind it.

    What names the hub itself is for all of them: a list of everybody's objects (TRN-48).

    Raises:
        NotFound: it names one that we are not (decision 50 in docs/spec-defects.md).
    """
    if call.addressed is None:
        call.addressed = _addressed_parties(call)
    return call.addressed


def _addressed_parties(call: Call) -> frozenset[PartyId]:
    settings, is_relayed = call.server.settings, _is_relayed(call)
    here = settings.party_ids | call.server.reachable() if is_relayed else settings.party_ids
    to = to_party(call.request.headers) if call.route.is_routed else None
    if to is None or (is_relayed and to == settings.hub):
        return here
    if to not in here:
        status = StatusCode.UNKNOWN_RECEIVER if settings.hub is not None else None
        raise NotFound(f"{TO_PARTY_ID}: {to} is not a party of this platform", path=TO_PARTY_ID, ocpi_status=status)
    return frozenset((to,))


def receiver(call: Call) -> PartyId | None:
    """The one party behind a hub that a request is addressed to; None: whoever it concerns (open routing)."""
    to = to_party(call.request.headers) if call.route.is_routed and _is_relayed(call) else None
    return None if to in call.server.settings.party_ids else to


def passed_on(call: Call) -> dict[str, Any]:
    """What a hub repeats of the headers when it passes a request on: the parties (TRN-38) and the correlation id."""
    headers = call.request.headers
    if not (call.route.is_routed and _is_relayed(call)):
        return {}
    correlation_id = headers.get(CORRELATION_ID, "")[:MAX_ID] or None
    return {"asking": from_party(headers), "asked": receiver(call), "correlation_id": correlation_id}


def _is_relayed(call: Call) -> bool:
    """Whether a hub stands here for its partners. To whoever comes without a token it is its own parties only."""
    return call.endpoint.module in call.server.settings.relayed and call.caller is not ANONYMOUS


def answer_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The ids come back as they were; TO and FROM change places (TRN-37, TRN-52, TRN-53)."""
    return {mine: headers[theirs][:MAX_ID] for mine, theirs in _COME_BACK if theirs in headers}


def endpoint_url(call: Call) -> str:
    """The absolute URL of the request without its query, as partners reach it."""
    return f"{call.server.settings.base_url}{call.request.path}"
