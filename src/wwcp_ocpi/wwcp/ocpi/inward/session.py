# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI 2.3.0 Sessions to WWCP charging sessions. Spec: mod_sessions#mod_sessions_session_object."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.v2_3_0.cdrs import CDR
from wwcp_ocpi.v2_3_0.sessions import Session
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.model.charging import ChargingSession
from wwcp_ocpi.wwcp.model.notes import Mapped
from wwcp_ocpi.wwcp.ocpi.inward.names import NameBook
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, MappingPolicy


class SessionState(Enum):
    """What WWCP does with a session in a status of OCPI."""

    AWAITED = "awaited"
    RUNNING = "running"
    ENDED = "ended"
    VOID = "void"
    RESERVED = "reserved"


class SessionKeys(NamedTuple):
    """By what a Session or CDR is found again. Both texts folded, since OCPI compares them in any case."""

    party: PartyId
    session_id: str | None
    authorization_reference: str | None


def session_keys(of: Session | CDR) -> SessionKeys:
    """First look for the authorization_reference that we gave out, then for party and session id."""
    raise NotImplementedError


def session_state(session: Session) -> SessionState:
    """From its status."""
    raise NotImplementedError


def session_id_of(party: PartyId, session_id: str, policy: MappingPolicy = DEFAULT_POLICY) -> ChargingSessionId:
    """The WWCP id of a Session that we did not begin: `DE*GEF*N...`."""
    raise NotImplementedError


def session_of(
    session: Session,
    policy: MappingPolicy = DEFAULT_POLICY,
    *,
    names: NameBook | None = None,
    id: ChargingSessionId | None = None,
) -> Mapped[ChargingSession]:
    """The charging session as the CPO tells it.

    Args:
        names: the book in which the EVSE is looked up.
        id: how we call it, where we began it; otherwise it is made of the party and its Session id.
    """
    raise NotImplementedError
