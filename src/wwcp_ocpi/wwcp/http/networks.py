# SPDX-License-Identifier: AGPL-3.0-or-later
"""The roaming networks themselves: of a gateway there is one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.wwcp.http.call import EXPECTED_TOTAL, Call, answer
from wwcp_ocpi.wwcp.http.lists import place_states
from wwcp_ocpi.wwcp.http.rendering import network_of

_ONE = {EXPECTED_TOTAL: "1"}


async def networks(call: Call) -> Response:
    """All of them."""
    data = [network_of(call)]
    if call.query.with_metadata:
        return answer({"totalCount": 1, "filteredCount": 1, "data": data}, headers=_ONE)
    return answer(data, headers=_ONE)


async def network(call: Call) -> Response:
    """One of them."""
    return answer(network_of(call))


async def count(call: Call) -> Response:
    """How many."""
    return answer({"count": 1}, headers=_ONE)


async def ids(call: Call) -> Response:
    """Their ids."""
    return answer([call.network.id], headers=_ONE)


def statuses(kind: int) -> Callable[[Call], Awaitable[Response]]:
    """Their statuses (0) or admin statuses (1)."""

    async def handle(call: Call) -> Response:
        return answer({call.network.id: place_states(call, None, call.places.now)[kind]}, headers=_ONE)

    return handle
