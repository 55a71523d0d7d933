# SPDX-License-Identifier: AGPL-3.0-or-later
"""A command's work on the platform of a configuration, beside a gateway that may be running on the same folder."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from wwcp_ocpi.gateway.config import Config
from wwcp_ocpi.gateway.opening import open_platform
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.net.server import run

_T = TypeVar("_T")


def with_platform(config: Config, work: Callable[[Platform], Awaitable[_T]]) -> _T:
    """Open the platform, do the work, and close it."""

    async def main() -> _T:
        async with open_platform(config) as platform:
            return await work(platform)

    return run(main())
