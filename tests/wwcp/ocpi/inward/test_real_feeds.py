# SPDX-License-Identifier: AGPL-3.0-or-later
"""Locations that operators really publish, as WWCP pools; and the report on them in the documents.

The feeds are not part of this repository; without them beside it these tests skip.
"""

from __future__ import annotations

import pytest

from scripts.conversion_report import FEEDS, FILES
from scripts.generate_docs import ROOT, with_block
from scripts.wwcp_report import NOW, PAGE, feed, report
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.wwcp.model.places import RoamingNetworkData, evses_of
from wwcp_ocpi.wwcp.network.places import LiveNetwork
from wwcp_ocpi.wwcp.ocpi.inward.location import pool_of
from wwcp_ocpi.wwcp.ocpi.inward.names import NameBook, OCPIPlace

pytestmark = pytest.mark.skipif(not FEEDS.exists(), reason="the real feeds are not beside the repository")


@pytest.mark.parametrize("file", FILES)
def test_a_real_feed_is_a_network_in_which_everything_is_found_again(file: str) -> None:
    names, network = NameBook(), LiveNetwork(RoamingNetworkData(id="feeds"), clock=lambda: NOW)
    for location in feed(file):
        found = pool_of(location, now=NOW, names=names).value
        assert found is not None
        if found.operator.id not in network.operators:
            network.upsert_operator(found.operator)
        network.upsert_pool(found.pool)
        party = PartyId.of(location.country_code, location.party_id)
        assert names.ocpi_place(found.pool.id) == OCPIPlace(party, location.id)
        called = {one for evse in evses_of(found.pool) if (one := names.ocpi_place(evse.id)) is not None}
        assert called == {OCPIPlace(party, location.id, evse.uid) for evse in location.evses or ()}


def test_the_report_in_the_documents_is_what_the_feeds_give() -> None:
    assert with_block(PAGE, "feeds", report()) == (ROOT / PAGE).read_text(encoding="utf-8")
