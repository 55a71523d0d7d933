# SPDX-License-Identifier: AGPL-3.0-or-later
"""A pool that goes away, and comes back."""

from __future__ import annotations

import pytest

from tests.wwcp.making import FIRST, POOL, SECOND, TUESDAY, Clock, evse, network, pool, station
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId
from wwcp_ocpi.wwcp.model.status import EVSEStatus
from wwcp_ocpi.wwcp.model.status_words import Status
from wwcp_ocpi.wwcp.network.places import UnknownId


def test_a_pool_that_goes_away_is_removed_with_all_its_evses_and_may_come_back() -> None:
    clock = Clock(TUESDAY)
    live = network(pool(station(evse(), evse(SECOND))), clock=clock)
    live.set_evse_status(FIRST, EVSEStatus.available)
    changes = live.remove_pool(POOL)
    assert [(change.evse_id, change.status, change.last_updated) for change in changes] == [
        (FIRST, EVSEStatus.removed, TUESDAY),
        (SECOND, EVSEStatus.removed, TUESDAY),
    ]
    assert live.statuses.status(POOL, clock.now) == Status.removed
    assert live.remove_pool(POOL) == []
    live.upsert_pool(pool(station(evse(), evse(SECOND)), name={"de": "Am Markt 2"}))
    assert (live.evse_status(FIRST), live.statuses.status(POOL, clock.now)) == (EVSEStatus.unknown, Status.unspecified)
    with pytest.raises(UnknownId):
        live.remove_pool(ChargingPoolId.parse("DE*GEF*P9"))
