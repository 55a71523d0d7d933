# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reservations: Reserve and CancelReservation on their way to the operator, and the end of those that nobody uses."""

from __future__ import annotations

import time

from msgspec.structs import replace

from wwcp_ocpi.wwcp.ids.opaque import ChargingReservationId
from wwcp_ocpi.wwcp.model.charging import ChargingReservation
from wwcp_ocpi.wwcp.model.requests import CancelReservation, ChargingLocation, Reserve
from wwcp_ocpi.wwcp.model.result_codes import CancellationReason, CancelReservationCode, ReservationCode
from wwcp_ocpi.wwcp.model.results import CancelReservationResult, ReservationResult, said
from wwcp_ocpi.wwcp.network.events import ReservationChange
from wwcp_ocpi.wwcp.network.places import UnknownId
from wwcp_ocpi.wwcp.routing.asking import Failure, ask
from wwcp_ocpi.wwcp.routing.attached import Attached
from wwcp_ocpi.wwcp.routing.core import Core
from wwcp_ocpi.wwcp.routing.whereabouts import located

MAX_DURATION_S = 7 * 86_400
_NOT_HERE = frozenset({ReservationCode.UnknownLocation, ReservationCode.NoOperation})
_MADE = frozenset({ReservationCode.Success, ReservationCode.AsyncOperation, ReservationCode.Timeout})
"""After a time-out the operator may have reserved it: better to know of it, so that it can be cancelled."""
_GONE = frozenset(
    {CancelReservationCode.Success, CancelReservationCode.AsyncOperation, CancelReservationCode.UnknownReservationId}
)


class Reserving:
    """The reservations of a network. Those that are in force are in memory, all of them are kept."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._in_force: dict[ChargingReservationId, ChargingReservation] = {}

    async def resume(self) -> None:
        """Take over those from before the restart."""
        self._in_force = {kept.id: kept for kept in await self._core.stored_reservations.all()}

    def get(self, id: ChargingReservationId) -> ChargingReservation | None:
        """One that is in force."""
        return self._in_force.get(id)

    def all(self) -> list[ChargingReservation]:
        """Those in force."""
        return list(self._in_force.values())

    async def reserve(self, request: Reserve) -> ReservationResult:
        """Keep a place free. A known id of the same provider changes that reservation."""
        began = time.monotonic()
        result = await self._reserve(request)
        return replace(result, runtime_ms=round((time.monotonic() - began) * 1000))

    async def _reserve(self, request: Reserve) -> ReservationResult:
        core = self._core
        if request.location is None:
            return _refused(ReservationCode.UnknownLocation, "no place is told")
        if core.is_out_of_service:
            return _refused(ReservationCode.OutOfService, "the roaming network is out of service")
        if not 0 < request.duration_s <= MAX_DURATION_S:
            reason = f"expected a duration of 1 to {MAX_DURATION_S} s, got {request.duration_s}"
            return _refused(ReservationCode.Error, reason)
        try:
            location = located(core.network, request.location)
        except UnknownId as error:
            return _refused(_unknown(request.location), str(error))
        known = self._in_force.get(request.reservation_id) if request.reservation_id else None
        if known is not None and known.provider_id != request.provider_id:
            reason = f"the reservation {known.id} is of another provider"
            return _refused(ReservationCode.InvalidCredentials, reason)
        start = request.start_time or core.now
        if start.micros + request.duration_s * 1_000_000 <= core.now.micros:
            return _refused(ReservationCode.Error, "the reservation would be over already")
        maker = request.provider_id or location.charging_station_operator_id
        assert maker is not None
        id = request.reservation_id or ChargingReservationId.of(maker)
        request = replace(request, location=location, reservation_id=id, start_time=start)
        partners = self._who_runs(location)
        if not partners:
            owner = location.charging_station_operator_id
            reason = f"the operator {owner} takes no reservations in this network"
            return _refused(ReservationCode.UnknownChargingStationOperator, reason)
        result, partner = _refused(ReservationCode.UnknownLocation, "nobody knows this place"), partners[0]
        for partner in partners:
            result = await self._ask(partner, request)
            if result.result not in _NOT_HERE:
                break
        if result.result in _MADE:
            id = result.reservation_id or id
            await self._keep(self._made(request, id, location, partner))
            result = replace(result, reservation_id=id)
        return result

    def _who_runs(self, location: ChargingLocation) -> list[Attached]:
        partners = self._core.partners
        owner = partners.operator(location.charging_station_operator_id)
        own = [owner] if owner is not None and owner.reserver is not None else []
        return own + partners.reservers()

    def _made(
        self, request: Reserve, id: ChargingReservationId, location: ChargingLocation, partner: Attached
    ) -> ChargingReservation:
        through = self._core.partners.emp_roaming_provider(partner.name)
        return ChargingReservation(
            id=id,
            start_time=request.start_time or self._core.now,
            duration_s=request.duration_s,
            level=request.level,
            provider_id=request.provider_id,
            charging_station_operator_id=location.charging_station_operator_id,
            charging_pool_id=location.charging_pool_id,
            charging_station_id=location.charging_station_id,
            evse_id=location.evse_id,
            authentication=request.authentication,
            roaming_provider_id=through.name if through else None,
            charging_product=request.product,
            auth_tokens=request.auth_tokens,
            emaids=request.emaids,
            pins=request.pins,
        )

    async def _ask(self, partner: Attached, request: Reserve) -> ReservationResult:
        code = partner.reserver
        assert code is not None
        result, _ = await ask(
            partner.name,
            "reserve",
            lambda: code.reserve(request),
            ReservationResult,
            _failed,
            self._core.options.verb_timeout_s,
        )
        return result

    async def _keep(self, made: ChargingReservation) -> None:
        core = self._core
        before, _ = await core.stored_reservations.change(made.id, lambda _: made)
        self._in_force[made.id] = made
        if before != made:
            core.bus.tell(ReservationChange(reservation=made, previous=before, timestamp=core.now))

    async def cancel(self, request: CancelReservation) -> CancelReservationResult:
        """Free it again."""
        began = time.monotonic()
        result = await self._cancel(request)
        runtime_ms = round((time.monotonic() - began) * 1000)
        return replace(result, reservation_id=request.reservation_id, runtime_ms=runtime_ms)

    async def _cancel(self, request: CancelReservation) -> CancelReservationResult:
        known = self._in_force.get(request.reservation_id)
        if known is None:
            reason = f"there is no reservation {request.reservation_id}"
            return _not_cancelled(CancelReservationCode.UnknownReservationId, reason)
        if request.provider_id is not None and known.provider_id not in (None, request.provider_id):
            reason = f"the reservation {known.id} is of another provider"
            return _not_cancelled(CancelReservationCode.Error, reason)
        partners = self._core.partners
        partner = partners.emp_roaming_provider(known.roaming_provider_id)
        partner = partner or partners.operator(known.charging_station_operator_id)
        code = partner.reserver if partner is not None else None
        if partner is None or code is None:
            reason = f"the operator {known.charging_station_operator_id} takes no part in this network any more"
            return _not_cancelled(CancelReservationCode.UnknownOperator, reason)
        result, _ = await ask(
            partner.name,
            "cancel_reservation",
            lambda: code.cancel_reservation(request),
            CancelReservationResult,
            _cancel_failed,
            self._core.options.verb_timeout_s,
        )
        if result.result in _GONE:
            await self.end(known.id, request.reason)
        return result

    async def end(self, id: ChargingReservationId, reason: CancellationReason) -> bool:
        """It is over: used, expired, or ended by its operator. False when there is none."""
        core = self._core
        before, _ = await core.stored_reservations.change(id, lambda _: None)
        self._in_force.pop(id, None)
        if before is None:
            return False
        core.bus.tell(ReservationChange(reservation=None, previous=before, timestamp=core.now, reason=reason))
        return True

    async def expire(self) -> list[ChargingReservationId]:
        """End those whose time is over."""
        now = self._core.now.micros
        over = [id for id, kept in self._in_force.items() if kept.end_micros <= now]
        for id in over:
            await self.end(id, CancellationReason.Expired)
        return over


def _unknown(location: ChargingLocation) -> ReservationCode:
    if location.evse_id is None and location.charging_station_id is not None:
        return ReservationCode.UnknownChargingStation
    if location.evse_id is None and location.charging_pool_id is not None:
        return ReservationCode.UnknownChargingPool
    return ReservationCode.UnknownLocation


def _refused(code: ReservationCode, reason: str) -> ReservationResult:
    return ReservationResult(result=code, description=said(reason))


def _not_cancelled(code: CancelReservationCode, reason: str) -> CancelReservationResult:
    return CancelReservationResult(result=code, description=said(reason))


def _failed(failure: Failure, reason: str) -> ReservationResult:
    return _refused(ReservationCode.Timeout if failure is Failure.TIMEOUT else ReservationCode.Error, reason)


def _cancel_failed(failure: Failure, reason: str) -> CancelReservationResult:
    is_late = failure is Failure.TIMEOUT
    return _not_cancelled(CancelReservationCode.Timeout if is_late else CancelReservationCode.Error, reason)
