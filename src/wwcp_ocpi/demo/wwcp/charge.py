# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two charges of one driver, with the verbs of WWCP over HTTP on both sides and OCPI between them.

First he shows his card at the station; then he starts and stops with the app of his provider.
"""

from __future__ import annotations

from decimal import Decimal

from wwcp_ocpi.demo import charging
from wwcp_ocpi.demo.charge import priced
from wwcp_ocpi.demo.networks import Changed
from wwcp_ocpi.demo.steps import Failed, Steps, until
from wwcp_ocpi.demo.wwcp.parts import CARD, Provider, Stations, readings, record
from wwcp_ocpi.demo.wwcp.sides import Side
from wwcp_ocpi.wwcp import (
    AuthorizeStart,
    AuthorizeStop,
    AuthStartCode,
    AuthStopCode,
    ChargeDetailRecord,
    ChargingLocation,
    ChargingSession,
    ChargingSessionId,
    EVSEId,
    EVSEStatus,
    RemoteStart,
    RemoteStartCode,
    RemoteStop,
    RemoteStopCode,
    SendCDRCode,
    UnknownId,
)


class RoamingCharge:
    """The steps, each on what the ones before left."""

    def __init__(self, a: Side, b: Side, stations: Stations, provider: Provider, changed: Changed) -> None:
        self._a = a
        self._b = b
        self._stations = stations
        self._provider = provider
        self._changed = changed
        self._evse = EVSEId.parse(changed.evse_uid)
        self._place = ChargingLocation(evse_id=self._evse)
        self._session: ChargingSessionId
        self._cdr: ChargeDetailRecord

    def steps(self) -> Steps:
        """All of them."""
        yield "B's WWCP network hears of the status", self.status
        yield "A pulls the Tokens that B's provider tells", self.token
        yield "AUTHSTART at A: B's provider allows it", self.authorize
        yield "AUTHSTOP and SENDCDR at A: the record is at B's provider", self.card_record
        yield "REMOTESTART at B becomes a command to A", self.remote_start
        yield "A's operator begins, and B hears the asynchronous result", self.begun
        yield "the session grows in B's WWCP network", self.grows
        yield "REMOTESTOP at B: A's operator ends it", self.remote_stop
        yield "the record is at B's provider", self.app_record
        yield "the CDR is priced at B", self.priced

    async def status(self) -> tuple[int, str]:
        """What was set at A over HTTP is an event of WWCP at B."""
        places = self._b.network.places

        async def is_heard() -> bool:
            try:
                return places.evse_status(self._evse) is EVSEStatus.charging
            except UnknownId:
                return False  # its Location has come, and is being taken over

        await until(is_heard, f"{self._evse} to be charging in B's WWCP network")
        await self._a.set_status(self._evse, EVSEStatus.available)
        return 1, f"{self._evse} is charging; and is available again"

    async def token(self) -> tuple[int, str]:
        """The list of the provider became Tokens of B, before A was its partner: so A pulls them."""
        done = await self._a.platform.pull("B", "tokens")
        if done.received != 1 or done.rejected or done.foreign:
            raise Failed(f"expected one Token, got {done.received}, {done.rejected} were rejected")
        return 1, f"{charging.TOKEN_UID} of {self._provider.id}"

    async def authorize(self) -> tuple[int, str]:
        """The card is held to A's station."""
        asked = AuthorizeStart(authentication=CARD, location=self._place)
        result = await self._a.client.authorize_start(asked)
        if result.result is not AuthStartCode.Authorized or result.session_id is None:
            raise Failed(f"expected Authorized, got {result.result.value}: {result.description}")
        if not self._provider.asked:
            raise Failed("expected B's provider to be asked")
        self._session = result.session_id
        return 1, f"Authorized at {self._evse} by {result.provider_id}, who was asked"

    async def card_record(self) -> tuple[int, str]:
        """He ends it with his card; the operator's record goes to who allowed it."""
        stopped = await self._a.client.authorize_stop(
            AuthorizeStop(session_id=self._session, authentication=CARD, location=self._place)
        )
        if stopped.result is not AuthStopCode.Authorized:
            raise Failed(f"expected Authorized, got {stopped.result.value}")
        session = await self._session_at(self._a)
        ended = self._a.network.places.now
        cdr = record(session, ended, readings(session.start.timestamp, ended, Decimal("0.25")))
        (sent,) = await self._a.client.send_cdrs([cdr])
        if sent.result not in (SendCDRCode.Success, SendCDRCode.Enqueued):
            raise Failed(f"expected the record to be taken, got {sent.result.value}: {sent.description}")
        await self._record_at_b(1)
        return 1, f"0.25 kWh of session {self._session}"

    async def remote_start(self) -> tuple[int, str]:
        """The provider's app at B; the place is one of A's, which B knows by OCPI."""
        result = await self._b.client.remote_start(
            RemoteStart(location=self._place, authentication=CARD, provider_id=self._provider.id)
        )
        if result.result is not RemoteStartCode.AsyncOperation or result.session_id is None:
            raise Failed(f"expected AsyncOperation, got {result.result.value}: {result.description}")
        self._session = result.session_id
        return 1, "AsyncOperation: accepted at once, the result follows"

    async def begun(self) -> tuple[int, str]:
        """The station has answered, its result has come back, and the operator reports the session."""

        async def is_begun() -> bool:
            known = await self._b.network.session(self._session)
            # B may hear of it before the operator's own call has come back.
            return known is not None and not known.is_awaited and bool(self._stations.begun)

        await until(is_begun, "the session to have begun in B's WWCP network")
        return 1, f"session {self._session}"

    async def grows(self) -> tuple[int, str]:
        """The meter moves at A, and B sees it."""
        (begun,) = self._stations.begun
        await self._stations.goes_on(begun, charging.KWH / 2)

        async def has_grown() -> bool:
            return (await self._session_at(self._b)).energy_kwh == charging.KWH / 2

        await until(has_grown, f"{charging.KWH / 2} kWh in B's WWCP network")
        return 1, f"{charging.KWH / 2} kWh"

    async def remote_stop(self) -> tuple[int, str]:
        """And it is over on both sides."""
        result = await self._b.client.remote_stop(RemoteStop(session_id=self._session, provider_id=self._provider.id))
        if result.result not in (RemoteStopCode.AsyncOperation, RemoteStopCode.Success):
            raise Failed(f"expected AsyncOperation or Success, got {result.result.value}: {result.description}")

        async def is_over() -> bool:
            return (await self._session_at(self._b)).stop is not None

        await until(is_over, "the session to be over in B's WWCP network")
        return 1, f"{result.result.value}, and the session is over at B"

    async def app_record(self) -> tuple[int, str]:
        """A's operator has handed in its record; it is the provider's now."""
        self._cdr = await self._record_at_b(2)
        if self._cdr.energy_kwh != charging.KWH:
            raise Failed(f"expected {charging.KWH} kWh, got {self._cdr.energy_kwh}")
        price = self._cdr.charging_price
        return 1, f"{self._cdr.energy_kwh} kWh" + (f", {price.base} {price.currency}" if price else "")

    async def priced(self) -> tuple[int, str]:
        """Its CDR was checked against the Tariff that it brings."""
        emp = self._b.roaming.adapters.emp
        assert emp is not None
        found: list[str] = []

        async def is_known() -> bool:
            found.extend([one.ocpi_id async for one in emp.cdrs() if one.id == str(self._cdr.id)])
            return bool(found)

        await until(is_known, "the record to be noted as taken")
        return await priced(self._b.platform, self._changed.owner, found[0])

    async def _session_at(self, side: Side) -> ChargingSession:
        found = await side.network.session(self._session)
        if found is None:
            raise Failed(f"expected a session {self._session}")
        return found

    async def _record_at_b(self, count: int) -> ChargeDetailRecord:
        async def is_there() -> bool:
            return len(self._provider.cdrs) >= count

        await until(is_there, f"{count} records at B's provider")
        return self._provider.cdrs[count - 1]
