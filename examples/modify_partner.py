# SPDX-License-Identifier: AGPL-3.0-or-later
"""One partner that speaks OCPI its own way: python examples/modify_partner.py wwcp-ocpi.toml."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from msgspec.structs import replace

from wwcp_ocpi import Gateway
from wwcp_ocpi.gateway.config import load
from wwcp_ocpi.protocol.http import Request
from wwcp_ocpi.protocol.modifiers import Modifiers


def with_subscription(request: Request) -> Request:
    """Its front door asks for a subscription key."""
    return replace(request, headers={**request.headers, "ocp-apim-subscription-key": "our key at acme"})


def with_words_in_capitals(request: Request) -> Request:
    """It says "Available" where OCPI says "AVAILABLE"."""
    return replace(request, body=request.body.replace(b'"Available"', b'"AVAILABLE"'))


async def main(file: str) -> None:
    """Run a gateway with that configuration until it is stopped. `acme` is the partner's name in `party add`."""
    acme = Modifiers(request_to=with_subscription, request_from=with_words_in_capitals)
    async with Gateway(load(Path(file)), modifiers={"acme": acme}) as gateway:
        print(gateway.versions_url)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
