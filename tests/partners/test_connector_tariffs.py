# SPDX-License-Identifier: AGPL-3.0-or-later
"""Each eMSP sees its own Tariffs at a Connector: alike in what it reads and in what it is told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.objects import connector, evse, location, tariff
from tests.partners.test_modules import deliver, linked, own, theirs
from tests.platforms import ALL_VERSIONS, CPO, EMSP
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.server.connector_tariffs import for_partner
from wwcp_ocpi.server.decisions import ConnectorTariffs
from wwcp_ocpi.store.ports import Key, Side

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


class Chooser:
    """Gives every partner the Tariff of its name, but for Connector 2, which has none."""

    def __init__(self) -> None:
        self.asked: list[ConnectorTariffs] = []

    def tariff_ids(self, asked: ConnectorTariffs) -> Sequence[str]:
        self.asked.append(asked)
        return () if asked.connector_id == "2" else (f"for-{asked.partner}", "second")


class Everything:
    """Chooses what is there."""

    def tariff_ids(self, asked: ConnectorTariffs) -> Sequence[str]:
        return asked.tariff_ids


def tariffs_of(version: str, *ids: str) -> dict[str, Any]:
    return {"tariff_id": ids[0]} if version == "2.1.1" else {"tariff_ids": list(ids)}


def place(version: str, **more: Any) -> dict[str, Any]:
    """A Location of two Connectors, both with the Tariff that is for all."""
    connectors = [connector(version, id, **tariffs_of(version, "ALL")) for id in ("1", "2")]
    return location(version, evses=[evse(version, connectors=connectors)], **more)


def shown(version: str, body: dict[str, Any]) -> dict[str, Any]:
    """The same as the eMSP is to see it."""
    made: dict[str, Any] = json.loads(json.dumps(body))
    one, other = made["evses"][0]["connectors"]
    name = "tariff_id" if version == "2.1.1" else "tariff_ids"
    one |= tariffs_of(version, "for-emsp.example", "second")
    other.pop(name)
    return made


async def world(version: str) -> tuple[Platform, Platform]:
    _, cpo, emsp = await linked(version)
    cpo.server.tariffs = Chooser()
    return cpo, emsp


async def test_what_is_pushed_is_what_is_read(version: str) -> None:
    cpo, emsp = await world(version)
    body = place(version)
    await cpo.publisher.publish(VERSIONS[version], "locations", [own(body, CPO)])
    await deliver(cpo)
    expected = shown(version, body)
    assert await theirs(emsp, version, "locations") == [expected]
    assert (await emsp.pull("cpo.example", "locations")).unchanged == 1
    peer, classes = emsp.peer("cpo.example"), VERSIONS[version].objects
    assert json.loads(await peer.get_bytes(classes["Location"], "LOC1")) == expected
    assert json.loads(await peer.get_bytes(classes["EVSE"], "LOC1", "E1")) == expected["evses"][0]
    two = json.loads(await peer.get_bytes(classes["Connector"], "LOC1", "E1", "2"))
    assert two == expected["evses"][0]["connectors"][1]
    stored = await cpo.store.get(Key(Side.OURS, "locations", CPO, VERSIONS[version].key_id(_resource(version), "LOC1")))
    assert stored is not None
    assert json.loads(stored.body) == body, "what is stored is for all"


def _resource(version: str) -> Any:
    return VERSIONS[version].kind("locations").resource


async def test_a_change_of_tariffs_is_told_as_the_partner_sees_it(version: str) -> None:
    cpo, emsp = await world(version)
    await cpo.publisher.publish(VERSIONS[version], "locations", [own(place(version), CPO)])
    await deliver(cpo)
    for id in ("1", "2"):
        await cpo.publisher.change(
            VERSIONS[version], "locations", CPO, ["LOC1", "E1", id], tariffs_of(version, "NEW", "NEWER")
        )
    await cpo.publisher.change(VERSIONS[version], "locations", CPO, ["LOC1", "E1"], {"status": "CHARGING"})
    await deliver(cpo)
    (held,) = await theirs(emsp, version, "locations")
    one, other = held["evses"][0]["connectors"]
    assert tariffs_of(version, "for-emsp.example", "second").items() <= one.items()
    assert not other.get("tariff_id")
    assert not other.get("tariff_ids")
    assert held["evses"][0]["status"] == "CHARGING"
    assert (await emsp.pull("cpo.example", "locations")).received == 1


async def test_the_chooser_is_told_whom_and_where(version: str) -> None:
    cpo, emsp = await world(version)
    await cpo.publisher.publish(VERSIONS[version], "locations", [own(place(version), CPO)])
    await emsp.pull("cpo.example", "locations")
    chooser = cpo.server.tariffs
    assert isinstance(chooser, Chooser)
    assert chooser.asked[0] == ConnectorTariffs(
        partner="emsp.example",
        version=version,
        location_id="LOC1",
        evse_uid="E1",
        connector_id="1",
        tariff_ids=("ALL",),
    )


async def test_what_is_chosen_alike_stays_as_it_is_byte_by_byte(version: str) -> None:
    body = b'  {"id" : "LOC1", "evses": [ {"uid":"E1", "connectors": [{"id":"1"}] }, {}], "x": 1.50 }'
    resource = VERSIONS[version].kind("locations").resource
    assert for_partner(Everything(), "p", VERSIONS[version], resource, (), body) == body
    assert for_partner(None, "p", VERSIONS[version], resource, (), body) == body
    tariffs = VERSIONS[version].kind("tariffs").resource
    assert for_partner(Chooser(), "p", VERSIONS[version], tariffs, (), body) == body


async def test_a_tariff_for_one_partner_is_pushed_and_withdrawn_there_alone(version: str) -> None:
    net, cpo, emsp = await linked(version)
    await cpo.publisher.publish(VERSIONS[version], "tariffs", [own(tariff(version), CPO, concerns=EMSP)])
    await deliver(cpo)
    assert await theirs(emsp, version, "tariffs") == [tariff(version)]
    await cpo.book.change("other", lambda known: known)
    await cpo.publisher.withdraw(VERSIONS[version], "tariffs", CPO, "T1")
    await deliver(cpo)
    assert await theirs(emsp, version, "tariffs") == []
    net.requests.clear()
    foreign = own(tariff(version, "T2"), CPO, concerns=CPO)
    await cpo.publisher.publish(VERSIONS[version], "tariffs", [foreign])
    await cpo.publisher.withdraw(VERSIONS[version], "tariffs", CPO, "T2")
    await deliver(cpo)
    assert net.requests == [], "nobody hears of what is for somebody else, nor of its end"
