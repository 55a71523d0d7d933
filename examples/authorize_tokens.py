# SPDX-License-Identifier: AGPL-3.0-or-later
"""An eMSP that knows its cards itself: python examples/authorize_tokens.py wwcp-ocpi.toml."""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from pathlib import Path

from wwcp_ocpi import Gateway
from wwcp_ocpi.gateway.config import load
from wwcp_ocpi.server.decisions import Authorization, AuthorizationRequest

CARDS = {"04E7A1B2C3D480": "NL-EMP-C00000001-X"}
ISSUER = {"country_code": "NL", "party_id": "EMP", "issuer": "Provider"}


class Contracts:
    """Says whether a card may charge."""

    async def authorize(self, asked: AuthorizationRequest) -> Authorization | None:
        """None: there is no such card."""
        contract = CARDS.get(asked.token_uid)
        if contract is None:
            return None
        token = {**ISSUER, "uid": asked.token_uid, "type": "RFID", "contract_id": contract, "valid": True}
        more = {"whitelist": "NEVER", "last_updated": "2026-01-01T00:00:00Z"}
        return Authorization(
            allowed="ALLOWED", token=json.dumps({**token, **more}).encode(), reference=secrets.token_hex(16)
        )


async def main(file: str) -> None:
    """Run a gateway with that configuration until it is stopped."""
    async with Gateway(load(Path(file)), authorizer=Contracts()) as gateway:
        print(gateway.versions_url)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
