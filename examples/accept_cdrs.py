# SPDX-License-Identifier: AGPL-3.0-or-later
"""An eMSP that takes CDRs of its own drivers only: python examples/accept_cdrs.py wwcp-ocpi.toml."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from wwcp_ocpi import Gateway
from wwcp_ocpi.gateway.config import load
from wwcp_ocpi.server.decisions import ACCEPTED, Acceptance, AcceptanceRequest


class Clerk:
    """Refuses what cannot be meant for us. What is wrong with a CDR of ours is for people to settle: keep it."""

    async def accept(self, asked: AcceptanceRequest) -> Acceptance:
        """The body is the CDR as it came, in the version in which it came."""
        cdr = json.loads(asked.body)
        contract = cdr.get("auth_id") or cdr.get("cdr_token", {}).get("contract_id", "")
        if contract.startswith("NL-EMP-"):
            return ACCEPTED
        return Acceptance(accepted=False, reason=f"{contract} is no contract of ours")


async def main(file: str) -> None:
    """Run a gateway with that configuration until it is stopped."""
    async with Gateway(load(Path(file)), acceptors={"cdrs": Clerk()}) as gateway:
        print(gateway.versions_url)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
