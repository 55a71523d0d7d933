# SPDX-License-Identifier: AGPL-3.0-or-later
"""The questions to a roaming network, one object a verb: what HTTP carries, what partners are asked, what is tested."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids.contracts import EMobilityAccountId
from wwcp_ocpi.wwcp.ids.opaque import ChargingReservationId, ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    EMobilityProviderId,
    EVSEId,
)
from wwcp_ocpi.wwcp.model.authentication import Authentication
from wwcp_ocpi.wwcp.model.base import Extra
from wwcp_ocpi.wwcp.model.charging import ChargingProduct, ReservationLevel
from wwcp_ocpi.wwcp.model.result_codes import CancellationReason


class ChargingLocation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Where: an EVSE, or any one of a station, a pool or an operator. The network fills in what is above."""

    evse_id: EVSEId | None = None
    charging_station_id: ChargingStationId | None = None
    charging_pool_id: ChargingPoolId | None = None
    charging_station_operator_id: ChargingStationOperatorId | None = None
    connector_id: str | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class AuthorizeStart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """May whoever shows this begin to charge here?"""

    authentication: Authentication
    location: ChargingLocation | None = msgspec.field(default=None, name="chargingLocation")
    product: ChargingProduct | None = msgspec.field(default=None, name="chargingProduct")
    session_id: ChargingSessionId | None = None
    cpo_partner_session_id: str | None = msgspec.field(default=None, name="CPOPartnerSessionId")
    provider_id: EMobilityProviderId | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class AuthorizeStop(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """May whoever shows this end that session?"""

    session_id: ChargingSessionId
    authentication: Authentication
    location: ChargingLocation | None = msgspec.field(default=None, name="chargingLocation")
    cpo_partner_session_id: str | None = msgspec.field(default=None, name="CPOPartnerSessionId")
    provider_id: EMobilityProviderId | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class RemoteStart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A provider wants a session to begin there."""

    location: ChargingLocation | None = msgspec.field(default=None, name="chargingLocation")
    authentication: Authentication | None = msgspec.field(default=None, name="remoteAuthentication")
    provider_id: EMobilityProviderId | None = None
    product: ChargingProduct | None = msgspec.field(default=None, name="chargingProduct")
    session_id: ChargingSessionId | None = msgspec.field(default=None, name="chargingSessionId")
    reservation_id: ChargingReservationId | None = msgspec.field(default=None, name="chargingReservationId")
    authentication_path: str | None = None
    roaming_provider_id: str | None = msgspec.field(default=None, name="CSORoamingProviderId")
    """The partner through which it came: who gets the CDR when no provider does."""
    additional_context: Extra | None = msgspec.field(default=None, name="additionalSessionInfos")
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class RemoteStop(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A provider wants that session to end. With `keep_alive_s` a reservation goes on for so long."""

    session_id: ChargingSessionId = msgspec.field(name="chargingSessionId")
    keep_alive_s: int | None = None
    provider_id: EMobilityProviderId | None = None
    authentication: Authentication | None = msgspec.field(default=None, name="remoteAuthentication")
    authentication_path: str | None = None
    roaming_provider_id: str | None = msgspec.field(default=None, name="CSORoamingProviderId")
    additional_context: Extra | None = msgspec.field(default=None, name="additionalSessionInfos")
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class Reserve(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A provider wants something to be kept free. With the id of a reservation that there is: changed, or longer."""

    location: ChargingLocation | None = msgspec.field(default=None, name="chargingLocation")
    level: ReservationLevel = ReservationLevel.EVSE
    start_time: DateTime | None = None
    duration_s: int = msgspec.field(default=900, name="duration")  # s
    reservation_id: ChargingReservationId | None = None
    provider_id: EMobilityProviderId | None = None
    authentication: Authentication | None = msgspec.field(default=None, name="remoteAuthentication")
    authentication_path: str | None = None
    roaming_provider_id: str | None = msgspec.field(default=None, name="CSORoamingProviderId")
    product: ChargingProduct | None = msgspec.field(default=None, name="chargingProduct")
    auth_tokens: list[str] = []
    emaids: list[EMobilityAccountId] = msgspec.field(default_factory=list, name="eMAIds")
    pins: list[str] = msgspec.field(default_factory=list, name="PINs")
    additional_context: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class CancelReservation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """It need not be kept free any more."""

    reservation_id: ChargingReservationId
    reason: CancellationReason = CancellationReason.Deleted
    provider_id: EMobilityProviderId | None = None
    roaming_provider_id: str | None = msgspec.field(default=None, name="CSORoamingProviderId")
    extra: Extra | None = msgspec.field(default=None, name="@extra")
