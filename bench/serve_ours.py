# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is measured: the gateway as `wwcp-ocpi serve` runs it, on a data folder."""

from __future__ import annotations

import argparse

from bench.children import only_warnings, pin, until_input_ends
from bench.setting import configuration
from wwcp_ocpi.gateway.gateway import Gateway
from wwcp_ocpi.net.server import run, settled


async def serve(folder: str) -> None:
    """Write the port, and answer until the input ends."""
    async with Gateway(configuration(folder)) as gateway:
        settled()
        print(gateway.http.port, flush=True)
        await until_input_ends()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder")
    parser.add_argument("--core", type=int)
    asked = parser.parse_args()
    pin(asked.core)
    only_warnings()
    run(serve(asked.folder))
