# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reservations of partners: their ids are their own, and two of them may use one; the network has one of its own.

What belongs together is a document, so that a restart between RESERVE_NOW and CANCEL_RESERVATION loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import msgspec
import structlog

from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.scalars import fold
from wwcp_ocpi.server.decisions import CommandOutcome
from wwcp_ocpi.store.ports import Documents
from wwcp_ocpi.wwcp.ids.opaque import ChargingReservationId
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, EVSEId
from wwcp_ocpi.wwcp.model.result_codes import CancellationReason
from wwcp_ocpi.wwcp.network.events import ReservationChange

log = structlog.get_logger()

_BY_PARTNER = frozenset({CancellationReason.EndOfProcess, CancellationReason.Expired})
"""Ends of which the partner knows without being told: the session that was reserved for began, or time is over."""


class ReservationDesk(Protocol):
    """Tells a partner that what it reserved is no more: `OrderDesk`."""

    async def cancel_reservation(self, id: str, outcome: CommandOutcome | None = None) -> None:
        """Raises NotFound, UsageError."""
        ...


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """One reservation of a partner. `order` is the id of its RESERVE_NOW."""

    partner: str
    theirs: str
    ours: str
    order: str
    token_uid: str
    pool: str
    evse: str | None = None
    is_cancelled: bool = False

    @property
    def id(self) -> ChargingReservationId:
        """In the network."""
        return ChargingReservationId.parse(self.ours)

    @property
    def pool_id(self) -> ChargingPoolId:
        """Where."""
        return ChargingPoolId.parse(self.pool)

    @property
    def evse_id(self) -> EVSEId | None:
        """At which EVSE, if one was named."""
        return EVSEId.parse(self.evse) if self.evse is not None else None


class Reservations:
    """Those of all partners of one network, in memory and as documents."""

    def __init__(self, network_id: str, documents: Documents, desk: ReservationDesk | None) -> None:
        self._kind = f"wwcp.ocpi.reservations.{network_id}"
        self._documents = documents
        self._desk = desk
        self._held: dict[str, Held] = {}

    async def resume(self, is_in_force: Callable[[ChargingReservationId], object]) -> None:
        """Take up those from before a restart; what is not in force any more is forgotten."""
        for key, body in await self._documents.documents(self._kind):
            held = msgspec.json.decode(body, type=Held)
            if is_in_force(held.id):
                self._held[key] = held
            else:
                await self._documents.change_document(self._kind, key, lambda _: None)

    def find(self, partner: str, theirs: str) -> Held | None:
        """By the partner's own id."""
        return self._held.get(_key(partner, theirs))

    def of_driver(self, partner: str, token_uid: str, pool_id: ChargingPoolId, evse_id: EVSEId | None) -> Held | None:
        """What a partner keeps free for this Token there: a start uses it up, though OCPI does not name it."""
        for held in self._held.values():
            is_his = held.partner == partner and fold(held.token_uid) == fold(token_uid) and held.pool_id == pool_id
            if is_his and (held.evse_id is None or evse_id is None or held.evse_id == evse_id):
                return held
        return None

    async def keep(self, held: Held) -> None:
        """It was made, or changed."""
        key = _key(held.partner, held.theirs)
        self._held[key] = held
        await self._documents.change_document(self._kind, key, lambda _: msgspec.json.encode(held))

    async def forget(self, held: Held) -> None:
        """It is over."""
        key = _key(held.partner, held.theirs)
        self._held.pop(key, None)
        await self._documents.change_document(self._kind, key, lambda _: None)

    def cancelling(self, held: Held) -> None:
        """The partner itself cancels it: it need not be told."""
        self._held[_key(held.partner, held.theirs)] = msgspec.structs.replace(held, is_cancelled=True)

    async def ended(self, change: ReservationChange) -> None:
        """One is over in the network. Where its operator ended it, the partner hears CANCELED_RESERVATION (CMD-21)."""
        before = change.previous
        held = next((one for one in self._held.values() if before is not None and one.id == before.id), None)
        if held is None or change.reservation is not None:
            return
        await self.forget(held)
        if self._desk is None or held.is_cancelled or change.reason in _BY_PARTNER:
            return
        try:
            await self._desk.cancel_reservation(held.order)
        except OCPIError as error:
            log.warning("wwcp.reservation_end_untold", partner=held.partner, error=str(error))


def _key(partner: str, theirs: str) -> str:
    return f"{partner} {fold(theirs)}"
