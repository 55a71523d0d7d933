# SPDX-License-Identifier: AGPL-3.0-or-later
"""A charging station operator in a WWCP roaming network: python examples/wwcp_operator.py network.json."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from wwcp_ocpi.wwcp import (
    ChargeDetailRecord,
    ChargeDetailRecordId,
    ChargingLocation,
    EVSEStatus,
    RemoteStart,
    RemoteStartCode,
    RemoteStartResult,
    RemoteStop,
    RemoteStopCode,
    RemoteStopResult,
    RoamingNetwork,
    SessionTime,
    load,
)


class Stations:
    """Starts and stops what it is told to: here your OCPP server would be asked."""

    def __init__(self, network: RoamingNetwork) -> None:
        self.network = network

    async def remote_start(self, request: RemoteStart) -> RemoteStartResult:
        """Only a free EVSE is started."""
        evse_id = request.location.evse_id if request.location else None
        if evse_id is None or self.network.places.evse_status(evse_id) != EVSEStatus.available:
            return RemoteStartResult(result=RemoteStartCode.AlreadyInUse)
        self.network.places.set_evse_status(evse_id, EVSEStatus.charging)
        return RemoteStartResult(result=RemoteStartCode.Success)

    async def remote_stop(self, request: RemoteStop) -> RemoteStopResult:
        """The record of the session follows at once; the network keeps it until somebody takes it."""
        session = await self.network.session(request.session_id)
        if session is None or session.evse_id is None:
            return RemoteStopResult(result=RemoteStopCode.InvalidSessionId)
        self.network.places.set_evse_status(session.evse_id, EVSEStatus.available)
        cdr = ChargeDetailRecord(
            id=ChargeDetailRecordId.parse(str(session.id)),
            session_id=session.id,
            session_time=SessionTime(start=session.start.timestamp, end=self.network.places.now),
        )
        await self.network.send_cdrs([cdr])
        return RemoteStopResult(result=RemoteStopCode.Success)


async def main(body: bytes) -> None:
    """Take the network's first operator over, start and stop its first EVSE, and print what the network tells."""
    network = RoamingNetwork(load(body).value)
    evse = next(evse for evse in network.places.evses() if network.places.evse_status(evse.id) == EVSEStatus.available)
    network.add_operator(evse.id.operator, Stations(network))
    with network.events() as events:
        started = await network.remote_start(RemoteStart(location=ChargingLocation(evse_id=evse.id)))
        print(evse.id, "start:", started.result)
        assert started.session_id is not None
        print(evse.id, "stop:", (await network.remote_stop(RemoteStop(session_id=started.session_id))).result)
    async for told in events:
        print(told.number, type(told.event).__name__)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]).read_bytes()))
