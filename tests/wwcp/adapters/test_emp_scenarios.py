# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the WWCP reference tests between an operator and two providers, seen from the providers' side (T9, T11, T12).

The CPO DE*GEF has POOL1 with an EVSE, and knows the eMSPs DE-GDF and DE-GD2, with a card each. All of them speak OCPI
with each other, in each of the versions; behind each eMSP is a WWCP network with its provider.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tests.commanding import START, STOP
from tests.objects import evse, location
from tests.platforms import ALL_VERSIONS, CPO
from tests.wwcp.adapters.emp_world import World, party
from wwcp_ocpi.partners.drivers import Admission, Place
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.wwcp.ids.contracts import EMobilityAccountId
from wwcp_ocpi.wwcp.ids.opaque import ChargingReservationId, ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, EVSEId
from wwcp_ocpi.wwcp.model.authentication import remote
from wwcp_ocpi.wwcp.model.charging import ChargingProduct
from wwcp_ocpi.wwcp.model.places import evses_of
from wwcp_ocpi.wwcp.model.requests import ChargingLocation, RemoteStart, RemoteStop
from wwcp_ocpi.wwcp.model.result_codes import AuthStartCode, RemoteStartCode, RemoteStopCode
from wwcp_ocpi.wwcp.model.status import EVSEStatus

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)

POOL1, EVSE1 = ChargingPoolId.parse("DE*GEF*POOL1"), EVSEId.parse("DE*GEF*EVSE*1*A*1")
CARD1, CARD2, STRANGER = "11223344", "55667788", "04A1B2C3D4E5F6"
GDF, GD2 = party("DE*GDF"), party("DE*GD2")
CONTRACT = EMobilityAccountId.parse("DE-GDF-C12345678")
NOON = "2026-03-01T12:00:00Z"


async def providers(version: str) -> tuple[World, World]:
    """Both eMSPs, after the CPO has published POOL1 to them."""
    first = await World(version, host="gdf.example", party=GDF).begin()
    second = await World(version, host="gd2.example", party=GD2, beside=first).begin()
    first.provider.tokens = {CARD1: AuthStartCode.Authorized}
    second.provider.tokens = {CARD2: AuthStartCode.Authorized}
    first.provider.payload = {"contract_id": str(CONTRACT), "provider_name": "GraphDefined CA"}
    await publish(first, "locations", pool1(version))
    for one in (first, second):
        await one.adapter.settle()
    return first, second


def pool1(version: str) -> dict[str, Any]:
    evse1 = evse(version, "1A1", evse_id=str(EVSE1))
    return location(version, "DE*GEF*POOL1", evses=[evse1])


async def publish(here: World, kind: str, body: dict[str, Any], concerns: PartyId | None = None) -> None:
    """The CPO publishes an object of its own, and it is delivered."""
    thing = OwnObject(
        owner=CPO,
        id=body["id"],
        last_updated=DateTime.parse(body["last_updated"]).micros,
        body=codec.encode(body),
        concerns=concerns,
    )
    for outcome in await here.cpo.publisher.publish(VERSIONS[here.version], kind, [thing]):
        assert not isinstance(outcome, Exception), outcome
    while await here.cpo.courier.round():
        pass


def of_driver(here: World, body: dict[str, Any], uid: str, contract: str, **more: Any) -> dict[str, Any]:
    """A Session or CDR at EVSE1 of this driver."""
    if here.version == "2.1.1":
        return {**body, "auth_id": contract, "location": pool1(here.version), **more}
    token = {**body["cdr_token"], "country_code": "DE", "party_id": "GDF", "uid": uid, "contract_id": contract}
    place: dict[str, Any] = {"location_id": "DE*GEF*POOL1", "evse_uid": "1A1"}
    if "cdr_location" in body:
        ids = {"id": "DE*GEF*POOL1", "evse_uid": "1A1", "evse_id": str(EVSE1)}
        place = {"cdr_location": {**body["cdr_location"], **ids}}
    return {**body, "cdr_token": token, **place, **more}


async def test_t9_each_provider_allows_its_own_card(version: str) -> None:
    first, second = await providers(version)
    at = Place(location_id="DE*GEF*POOL1", evse_uids=("1A1",))

    async def asked(uid: str) -> Admission:
        found: Admission = await first.cpo.drivers.authorize(uid, at=at)
        return found

    assert (await asked(STRANGER)).allowed == "NOT_ALLOWED"
    allowed = await asked(CARD1)
    assert (allowed.allowed, allowed.partner) == ("ALLOWED", "gdf.example")
    assert ((await asked(CARD2)).allowed, (await asked(CARD2)).partner) == ("ALLOWED", "gd2.example")
    for here in (first, second):
        assert {request.location.evse_id for request in here.provider.asked if request.location} == {EVSE1}
        assert [evse.id for evse in evses_of(here.network.places.pool(POOL1))] == [EVSE1]
    if version != "2.1.1":
        token = json.loads(allowed.token or b"{}")
        assert (token["contract_id"], token["issuer"]) == (str(CONTRACT), "GraphDefined CA")
        assert allowed.reference


async def test_t11_a_card_begins_and_ends_a_session_and_its_record_arrives(version: str) -> None:
    first, second = await providers(version)
    allowed = await first.cpo.drivers.authorize(CARD1, at=Place(location_id="DE*GEF*POOL1", evse_uids=("1A1",)))
    (awaited,) = await first.network.sessions()
    told = {"authorization_reference": allowed.reference} if version != "2.1.1" else {}
    session = of_driver(first, first.session("S1", last_updated=NOON), CARD1, str(CONTRACT), **told)
    await publish(first, "sessions", session, GDF)
    status = {"status": "CHARGING", "last_updated": DateTime.parse(NOON)}
    await first.cpo.publisher.change(VERSIONS[version], "locations", CPO, ["DE*GEF*POOL1", "1A1"], status)
    stop = "end_datetime" if version == "2.1.1" else "end_date_time"
    over = {**session, "status": "COMPLETED", stop: "2026-03-01T12:05:00Z", "last_updated": "2026-03-01T12:06:00Z"}
    await publish(first, "sessions", over, GDF)
    cdr = of_driver(first, first.cdr("C1", last_updated="2026-03-01T12:06:00Z"), CARD1, str(CONTRACT), **told)
    cdr |= {"total_energy": 117.207, "total_cost": _price(version, 1.23, 0.34)}
    await publish(first, "cdrs", cdr, GDF)
    for here in (first, second):
        await here.adapter.settle()
        assert here.network.places.evse_status(EVSE1) is EVSEStatus.charging
    (known,) = await first.network.sessions()
    assert known.id == awaited.id
    assert known.stop is not None
    assert known.stop.timestamp == DateTime.parse("2026-03-01T12:05:00Z")
    (record,) = first.provider.cdrs
    assert (record.session_id, record.evse_id, record.consumed_energy_kwh) == (known.id, EVSE1, Decimal("117.207"))
    assert record.charging_price is not None
    assert (record.charging_price.base, record.charging_price.currency) == (Decimal("1.23"), "EUR")
    assert (await second.network.sessions(), second.provider.cdrs) == ([], [])


def _price(version: str, base: float, vat: float) -> Any:
    if version == "2.3.0":
        return {"before_taxes": base, "taxes": [{"name": "VAT", "amount": vat}]}
    return base if version == "2.1.1" else {"excl_vat": base, "incl_vat": base + vat}


async def test_t12_a_driver_begins_and_ends_a_session_with_his_phone(version: str) -> None:
    first, second = await providers(version)
    id = ChargingSessionId.of(first.provider_id)
    request = RemoteStart(
        location=ChargingLocation(evse_id=EVSE1),
        authentication=remote(CONTRACT),
        provider_id=first.provider_id,
        product=ChargingProduct(id="AC1"),
        session_id=id,
        reservation_id=ChargingReservationId.of(first.provider_id),
    )
    started = await first.network.remote_start(request)
    assert (started.result, started.session_id) == (RemoteStartCode.AsyncOperation, id)
    (asked,) = first.operator.asked
    assert (asked.command, asked.partner, asked.evse_uid) == (START, "gdf.example", "1A1")
    assert json.loads(asked.token or b"{}")["uid"] == str(CONTRACT)
    await first.report("ACCEPTED")

    told = {"authorization_reference": asked.authorization_reference} if version != "2.1.1" else {}
    session = of_driver(first, first.session("CPO-1", last_updated=NOON), str(CONTRACT), str(CONTRACT), **told)
    await publish(first, "sessions", session, GDF)
    await first.adapter.settle()
    known = await first.network.session(id)
    assert known is not None
    assert (known.is_awaited, known.cpo_partner_session_id) == (False, "CPO-1")
    assert (known.charging_product and known.charging_product.id) == "AC1"

    stopped = await first.network.remote_stop(RemoteStop(session_id=id, provider_id=first.provider_id))
    assert stopped.result is RemoteStopCode.AsyncOperation
    assert (first.operator.asked[-1].command, first.operator.asked[-1].session_id) == (STOP, "CPO-1")
    await first.report("ACCEPTED")

    link = {"session_id": "CPO-1"} if version != "2.1.1" else {}
    cdr = of_driver(first, first.cdr("C1", last_updated=NOON), str(CONTRACT), str(CONTRACT), **told, **link)
    await publish(first, "cdrs", cdr, GDF)
    await first.adapter.settle()
    (record,) = first.provider.cdrs
    taken = await first.adapter.cdr(CPO, "C1")
    assert taken is not None
    assert (taken.outcome, taken.partner) == ("Success", "cpo.example")
    if version != "2.1.1":
        assert record.session_id == id
        over = await first.network.session(id)
        assert over is not None
        assert over.stop is not None
    assert await second.network.sessions() == []
    await first.end()
