# SPDX-License-Identifier: AGPL-3.0-or-later
"""An e-mobility provider in a WWCP roaming network: python examples/wwcp_provider.py network.json 04E7A1B2C3D480."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

from wwcp_ocpi.wwcp import (
    AuthorizeStart,
    AuthorizeStop,
    AuthStartCode,
    AuthStartResult,
    AuthStopCode,
    AuthStopResult,
    ChargeDetailRecord,
    ChargingLocation,
    EMobilityProviderId,
    RoamingNetwork,
    SendCDRCode,
    SendCDRResult,
    load,
    rfid,
)

OURS = EMobilityProviderId.parse("DE-GDF")
CARDS = {"04E7A1B2C3D480": AuthStartCode.Authorized, "04E7A1B2C3D481": AuthStartCode.NoCredit}


class Provider:
    """Knows its cards, and keeps the records of what was charged with them: here your database would be asked."""

    def __init__(self) -> None:
        self.cdrs: list[ChargeDetailRecord] = []

    async def authorize_start(self, request: AuthorizeStart) -> AuthStartResult:
        """A card that is not ours is no news: another provider may know it."""
        code = CARDS.get(request.authentication.auth_token or "", AuthStartCode.NotAuthorized)
        return AuthStartResult(result=code, provider_id=OURS)

    async def authorize_stop(self, request: AuthorizeStop) -> AuthStopResult:
        """Whoever may start may stop."""
        is_ours = request.authentication.auth_token in CARDS
        return AuthStopResult(result=AuthStopCode.Authorized if is_ours else AuthStopCode.NotAuthorized)

    async def send_cdrs(self, cdrs: Sequence[ChargeDetailRecord]) -> list[SendCDRResult]:
        """One result each, in their order."""
        self.cdrs += cdrs
        return [SendCDRResult(result=SendCDRCode.Success) for _ in cdrs]


async def main(body: bytes, card: str) -> None:
    """Take part in the network, and hold the card to the first of its EVSEs."""
    network = RoamingNetwork(load(body).value)
    network.add_provider(OURS, Provider())
    evse = next(network.places.evses())
    asked = AuthorizeStart(authentication=rfid(card), location=ChargingLocation(evse_id=evse.id))
    result = await network.authorize_start(asked)
    print(evse.id, "start:", result.result)
    if result.session_id is not None:
        stop = AuthorizeStop(session_id=result.session_id, authentication=rfid(card))
        print(evse.id, "stop:", (await network.authorize_stop(stop)).result)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]).read_bytes(), sys.argv[2]))
