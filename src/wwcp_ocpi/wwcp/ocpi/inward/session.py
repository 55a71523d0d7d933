# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI 2.3.0 Sessions to WWCP charging sessions. Spec: mod_sessions#mod_sessions_session_object.

What OCPI says and WWCP does not (the whole CdrToken, cost so far, the status) stays in the custom data, under keys
that begin with `OCPI.`.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from wwcp_ocpi.protocol import codec
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.v2_3_0.cdrs import CDR, CdrToken
from wwcp_ocpi.v2_3_0.sessions import Session
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import EVSEId
from wwcp_ocpi.wwcp.model.base import Extra
from wwcp_ocpi.wwcp.model.charging import ChargingSession, SessionStart, SessionStop
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.ocpi.context import Context
from wwcp_ocpi.wwcp.ocpi.inward.metering import metering_values
from wwcp_ocpi.wwcp.ocpi.inward.names import NameBook, WWCPPlace, operator_id_of, provider_id_of, text_id_of
from wwcp_ocpi.wwcp.ocpi.inward.token import authentication_of
from wwcp_ocpi.wwcp.ocpi.inward.words import SESSION_STATE, SessionState
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy

__all__ = ["SessionKeys", "SessionState", "session_id_of", "session_keys", "session_of", "session_state"]

NOT_APPLICABLE = "#NA"
"""What OCPI writes for EVSE and connector where a session has none, a reservation for example."""

_OVER = (SessionState.ENDED, SessionState.VOID)
_AWAITED = (SessionState.AWAITED, SessionState.RESERVED)


class SessionKeys(NamedTuple):
    """By what a Session or CDR is found again. Both texts folded, since OCPI compares them in any case."""

    party: PartyId
    session_id: str | None
    authorization_reference: str | None


def session_keys(of: Session | CDR) -> SessionKeys:
    """First look for the authorization_reference that we gave out, then for party and session id."""
    id = of.id if isinstance(of, Session) else of.session_id
    reference = of.authorization_reference
    party = PartyId.of(of.country_code, of.party_id)
    return SessionKeys(party, id and id.strip().upper(), reference and reference.strip().upper())


def session_state(session: Session) -> SessionState:
    """From its status."""
    return SESSION_STATE[session.status]


def session_id_of(
    party: PartyId, session_id: str, policy: MappingPolicy = DEFAULT_POLICY, *, provider: PartyId | None = None
) -> ChargingSessionId:
    """The WWCP id of a Session that we did not begin: `DE*GEF*N...`.

    Args:
        provider: whose driver it is. An id that begins with his, or with that of the party, is taken as it is.
    """
    return text_id_of(ChargingSessionId, party, session_id, policy, provider=provider)


def session_of(
    session: Session,
    policy: MappingPolicy = DEFAULT_POLICY,
    *,
    names: NameBook | None = None,
    id: ChargingSessionId | None = None,
) -> Mapped[ChargingSession]:
    """The charging session as the CPO tells it. It always has a value.

    Args:
        names: the book in which the EVSE is looked up.
        id: how we call it, where we began it; otherwise it is made of the party and its Session id.
    """
    context = Context(session.last_updated, policy)
    party = PartyId.of(session.country_code, session.party_id)
    provider = PartyId.of(session.cdr_token.country_code, session.cdr_token.party_id)
    state = session_state(session)
    place = placed(party, session.location_id, session.evse_uid, None, names, context)
    end = session.end_date_time or (session.last_updated if state in _OVER else None)
    if end is not None and end < session.start_date_time:
        context.note("$.end_date_time", f"{end} is before the begin: that counts")
        end = session.start_date_time
    authentication = authentication_of(session.cdr_token, method=session.auth_method)
    context.notes += [
        msgspec.structs.replace(note, path=f"$.cdr_token{note.path[1:]}") for note in authentication.notes
    ]
    provider_id = provider_id_of(provider)
    if provider_id is None:
        context.note("$.cdr_token.party_id", f"no provider of WWCP can be made of {provider}")
    stop = None
    if state in _OVER and end is not None:
        stop = SessionStop(timestamp=end, provider_id=provider_id)
    elif session.end_date_time is not None:
        context.note("$.end_date_time", f"left out: the session is {session.status.value}")
    values = metering_values(
        session.charging_periods,
        session.start_date_time,
        end if stop else None,
        session.kwh,
        "$.charging_periods",
        context,
    )
    made = ChargingSession(
        id=id or session_id_of(party, session.id, policy, provider=provider),
        start=SessionStart(
            timestamp=session.start_date_time,
            provider_id=provider_id,
            authentication=authentication.value,
        ),
        stop=stop,
        charging_station_operator_id=operator_id_of(party, policy),
        charging_pool_id=place.pool_id if place else None,
        charging_station_id=place.station_id if place else None,
        evse_id=place.evse_id if place else None,
        charging_connector_id=None if session.connector_id.upper() == NOT_APPLICABLE else session.connector_id,
        cpo_partner_session_id=session.id,
        emp_partner_session_id=session.authorization_reference,
        energy_meter_id=session.meter_id,
        energy_meter_values=[] if state in _AWAITED else values,
        is_awaited=state in _AWAITED,
        custom_data=_kept(session, place),
    )
    return Mapped(session.id, made, context.notes)


def placed(
    party: PartyId, location_id: str, evse_uid: str, evse_id: str | None, names: NameBook | None, context: Context
) -> WWCPPlace | None:
    """Where it was: in the book, or as far as the EVSE id tells; noted where nothing is known of it."""
    is_somewhere = evse_uid.upper() != NOT_APPLICABLE
    found = names.wwcp_place(party, location_id, evse_uid if is_somewhere else None) if names else None
    if found is None and names is not None and is_somewhere:
        found = names.wwcp_place(party, location_id)
        context.note("$.evse_uid", f"no EVSE {evse_uid} of {party} is known at its Location {location_id}")
    if found is None or (found.evse_id is None and is_somewhere):
        told = EVSEId.try_parse(evse_id) if evse_id else None
        if told is not None and found is not None:
            return found._replace(evse_id=told)
    return found


def as_data(value: object) -> object:
    """An OCPI object as JSON, for custom data."""
    return codec.read_json(codec.encode(value))


def _kept(session: Session, place: WWCPPlace | None) -> Extra:
    kept: Extra = {
        "OCPI.Status": session.status.value,
        "OCPI.LastUpdated": session.last_updated.wire,
        "OCPI.CdrToken": _token(session.cdr_token),
        "OCPI.Currency": session.currency,
    }
    if session.total_cost is not None:
        kept["OCPI.TotalCost"] = as_data(session.total_cost)
    if place is None or place.evse_id is None:
        kept["OCPI.LocationId"] = session.location_id
        kept["OCPI.EVSEUId"] = session.evse_uid
    return kept


def _token(token: CdrToken) -> object:
    return as_data(token)
