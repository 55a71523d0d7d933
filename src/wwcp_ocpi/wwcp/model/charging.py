# SPDX-License-Identifier: AGPL-3.0-or-later
"""What happens at the EVSEs: reservations, sessions, and the record of each session that somebody pays for."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids.contracts import EMobilityAccountId
from wwcp_ocpi.wwcp.ids.opaque import ChargeDetailRecordId, ChargingReservationId, ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    EMobilityProviderId,
    EVSEId,
)
from wwcp_ocpi.wwcp.model.authentication import Authentication
from wwcp_ocpi.wwcp.model.base import Extra
from wwcp_ocpi.wwcp.model.energy import EnergyMeter, EnergyMeteringValue, consumed_kwh
from wwcp_ocpi.wwcp.model.results import AuthStartResult, AuthStopResult
from wwcp_ocpi.wwcp.model.tariff import ChargingTariff
from wwcp_ocpi.wwcp.model.texts import WWCPText


class ChargingProduct(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """What a driver buys: "AC1", and within which limits."""

    id: str = msgspec.field(name="@id")
    min_duration: int | None = None  # s
    stop_charging_after_time: int | None = None  # s
    min_power: Decimal | None = None  # W
    max_power: Decimal | None = None  # W
    min_energy: Decimal | None = None  # Wh
    stop_charging_after_energy: Decimal | None = msgspec.field(default=None, name="stopChargingAfterKWh")  # Wh
    max_b2b_service_costs: Decimal | None = msgspec.field(default=None, name="maxB2BServiceCosts")
    intermediate_cdrs: bool | None = msgspec.field(default=None, name="intermediateCDRs")
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ReservationLevel(WWCPText):
    """What is kept free: one EVSE, or any one of a station, pool or operator."""

    EVSE = "EVSE"
    ChargingStation = "ChargingStation"
    ChargingPool = "ChargingPool"
    ChargingStationOperator = "ChargingStationOperator"


class ChargingReservation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """An EVSE is kept free for somebody until `start_time` plus `duration_s`."""

    id: ChargingReservationId = msgspec.field(name="@id")
    start_time: DateTime
    duration_s: int = msgspec.field(name="duration")  # s
    level: ReservationLevel = ReservationLevel.EVSE
    provider_id: EMobilityProviderId | None = None
    charging_station_operator_id: ChargingStationOperatorId | None = None
    charging_pool_id: ChargingPoolId | None = None
    charging_station_id: ChargingStationId | None = None
    evse_id: EVSEId | None = msgspec.field(default=None, name="EVSEId")
    authentication: Authentication | None = None
    roaming_provider_id: str | None = msgspec.field(default=None, name="EMPRoamingProviderId")
    charging_product: ChargingProduct | None = None
    session_id: ChargingSessionId | None = None
    auth_tokens: list[str] = []
    emaids: list[EMobilityAccountId] = msgspec.field(default_factory=list, name="eMAIds")
    pins: list[str] = msgspec.field(default_factory=list, name="PINs")
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")

    @property
    def end_micros(self) -> int:
        """When it ends by itself, in microseconds since 1970."""
        return self.start_time.micros + self.duration_s * 1_000_000


class SessionStart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Who began a session, when, and on whose word. `authentication_path` is the partner it came through."""

    timestamp: DateTime
    system_id: str | None = None
    cso_roaming_provider_id: str | None = msgspec.field(default=None, name="CSORoamingProviderId")
    emp_roaming_provider_id: str | None = msgspec.field(default=None, name="EMPRoamingProviderId")
    authorizator_id: str | None = None
    provider_id: EMobilityProviderId | None = None
    authentication: Authentication | None = None
    authentication_path: str | None = None
    auth_start_result: AuthStartResult | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class SessionStop(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Who ended it."""

    timestamp: DateTime
    system_id: str | None = None
    cso_roaming_provider_id: str | None = msgspec.field(default=None, name="CSORoamingProviderId")
    emp_roaming_provider_id: str | None = msgspec.field(default=None, name="EMPRoamingProviderId")
    authorizator_id: str | None = None
    provider_id: EMobilityProviderId | None = None
    authentication: Authentication | None = None
    authentication_path: str | None = None
    auth_stop_result: AuthStopResult | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ChargingSession(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A session, from the moment somebody may charge. It is over when it has a `stop`."""

    id: ChargingSessionId = msgspec.field(name="@id")
    event_tracking_id: str | None = None
    roaming_network_id: str | None = None
    start: SessionStart
    stop: SessionStop | None = None
    charging_station_operator_id: ChargingStationOperatorId | None = None
    charging_pool_id: ChargingPoolId | None = None
    charging_station_id: ChargingStationId | None = None
    evse_id: EVSEId | None = msgspec.field(default=None, name="EVSEId")
    charging_connector_id: str | None = None
    charging_product: ChargingProduct | None = None
    reservation_id: ChargingReservationId | None = None
    cpo_partner_session_id: str | None = msgspec.field(default=None, name="CPOPartnerSessionId")
    emp_partner_session_id: str | None = None
    energy_meter_id: str | None = None
    energy_meter_values: list[EnergyMeteringValue] = []
    is_awaited: bool = False
    """Whether the operator has yet to tell that it began: a remote start that was answered with AsyncOperation."""
    additional_context: Extra | None = None
    """What the side that authorised it wants to see again with its CDR."""
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")

    @property
    def energy_kwh(self) -> Decimal | None:
        """Taken so far; None without two meter values."""
        return consumed_kwh(self.energy_meter_values)


class SessionTime(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """From when to when."""

    start: DateTime
    end: DateTime | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class ChargingPrice(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """What it costs: without tax, and the tax."""

    base: Decimal
    vat: Decimal | None = None
    currency: str | None = None  # ISO 4217
    extra: Extra | None = msgspec.field(default=None, name="@extra")

    @property
    def total(self) -> Decimal:
        """With tax."""
        return self.base + (self.vat or Decimal(0))


class ChargeDetailRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """What was taken, by whom, where, and for how much."""

    id: ChargeDetailRecordId = msgspec.field(name="@id")
    session_id: ChargingSessionId
    session_time: SessionTime
    duration_s: Decimal | None = msgspec.field(default=None, name="duration")  # s
    reservation_id: ChargingReservationId | None = None
    authentication_start: Authentication | None = None
    authentication_stop: Authentication | None = None
    roaming_provider_id_start: str | None = None
    roaming_provider_id_stop: str | None = None
    provider_id_start: EMobilityProviderId | None = None
    provider_id_stop: EMobilityProviderId | None = None
    charging_station_operator_id: ChargingStationOperatorId | None = None
    charging_pool_id: ChargingPoolId | None = None
    charging_station_id: ChargingStationId | None = None
    evse_id: EVSEId | None = None
    charging_connector_id: str | None = None
    charging_product_id: str | None = None
    charging_product: ChargingProduct | None = None
    charging_tariff: ChargingTariff | None = None
    charging_price: ChargingPrice | None = None
    parking_time_s: Decimal | None = msgspec.field(default=None, name="parkingTime")  # s
    parking_fee: ChargingPrice | None = None
    reservation_fee: ChargingPrice | None = None
    energy_meter_id: str | None = None
    energy_meter: EnergyMeter | None = None
    energy_metering_values: list[EnergyMeteringValue] = []
    consumed_energy_kwh: Decimal | None = msgspec.field(default=None, name="consumedEnergy")  # kWh
    public_key: str | None = None
    signatures: list[str] = []
    created: DateTime | None = None
    last_change: DateTime | None = None
    custom_data: Extra | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")

    @property
    def energy_kwh(self) -> Decimal | None:
        """As told, else what the meter values say; None when neither does."""
        if self.consumed_energy_kwh is not None:
            return self.consumed_energy_kwh
        return consumed_kwh(self.energy_metering_values)
