# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sessions and CDRs of CPO partners become sessions of the network and records of its providers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.objects import MIDDLE, NEW, OLD
from tests.platforms import ALL_VERSIONS, CPO, Caller, platform, register
from tests.wwcp.adapters.emp_world import CARD, EMP, EMSP_HOST, EVSE_1, GEF, MODULES, World, party, world
from tests.wwcp.roaming import BROKEN, Broken, auth_start
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.store.ports import Decide, Key, Side, Write
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.model.charging import ChargingSession
from wwcp_ocpi.wwcp.model.result_codes import SendCDRCode
from wwcp_ocpi.wwcp.network.events import CDRChange, SessionChange
from wwcp_ocpi.wwcp.ocpi.emp import records
from wwcp_ocpi.wwcp.routing.keeping import CDRState

versions = pytest.mark.parametrize("version", ALL_VERSIONS)
LATER, LAST = "2026-03-01T11:00:00Z", "2026-03-01T11:30:00Z"
S1 = ChargingSessionId.parse("DE*GEF*NS1")


def writing(made: Write) -> Decide:
    return lambda _: made


async def the_session(here: World) -> ChargingSession:
    (found,) = await here.network.sessions()
    return found


def ended(here: World, **more: Any) -> dict[str, Any]:
    end = "end_datetime" if here.version == "2.1.1" else "end_date_time"
    return here.session(**{"status": "COMPLETED", end: LATER, "last_updated": LAST, "kwh": 7.5, **more})


@versions
async def test_a_session_begins_goes_on_and_is_over(version: str) -> None:
    here = await world(version)
    await here.put("sessions", here.session())
    begun = await the_session(here)
    assert (begun.id, begun.evse_id, begun.charging_station_operator_id) == (S1, EVSE_1, GEF)
    assert (begun.is_awaited, begun.stop, begun.start.timestamp) == (False, None, DateTime.parse(OLD))
    assert (begun.cpo_partner_session_id, begun.start.provider_id) == ("S1", EMP)
    await here.put("sessions", here.session(kwh=3.5, last_updated=NEW))
    assert (await the_session(here)).energy_kwh == Decimal("3.5")
    await here.put("sessions", ended(here))
    over = await the_session(here)
    assert over.stop is not None
    assert (over.stop.timestamp, over.energy_kwh) == (DateTime.parse(LATER), Decimal("7.5"))
    assert len(here.of(SessionChange)) == 3


@versions
async def test_a_session_that_comes_twice_is_one_and_tells_nothing_new(version: str) -> None:
    here = await world(version)
    for _ in range(2):
        await here.put("sessions", here.session())
    assert len(here.of(SessionChange)) == 1
    taken = await here.adapter.session(CPO, "S1")
    assert taken is not None
    assert (taken.outcome, taken.id, taken.partner) == ("unchanged", str(S1), "cpo.example")


async def test_what_comes_after_the_end_does_not_open_it_again() -> None:
    here = await world()
    await here.put("sessions", ended(here))
    body = codec.encode(here.session(last_updated=LAST))
    await here.emsp.store.change(
        Key(Side.THEIRS, "sessions", CPO, "S1"),
        lambda _: Write(version="2.3.0", last_updated=1, body=body, source="cpo.example"),
    )
    await here.adapter.settle()
    assert (await the_session(here)).stop is not None
    taken = await here.adapter.session(CPO, "S1")
    assert taken is not None
    assert taken.outcome == "already stopped"


@versions
async def test_a_session_of_no_known_place_is_kept_and_says_so(version: str) -> None:
    here = await World(version).begin()
    await here.put("sessions", here.session())
    assert (await the_session(here)).evse_id is None
    taken = await here.adapter.session(CPO, "S1")
    assert taken is not None
    assert taken.outcome == "accepted"
    assert any("E1" in note.text for note in taken.notes)


async def test_a_pending_session_is_awaited_and_an_invalid_one_is_dropped() -> None:
    here = await world()
    await here.put("sessions", here.session(status="PENDING"))
    assert (await the_session(here)).is_awaited
    await here.put("sessions", here.session(status="INVALID", last_updated=NEW))
    assert await here.network.sessions() == []
    assert [change.session is None for change in here.of(SessionChange)] == [False, True]


async def test_an_invalid_session_that_had_begun_is_over() -> None:
    here = await world()
    await here.put("sessions", here.session())
    await here.put("sessions", here.session(status="INVALID", last_updated=NEW))
    over = await the_session(here)
    assert over.stop is not None
    assert over.stop.timestamp == DateTime.parse(NEW)


async def test_a_session_that_is_only_reserved_is_none_yet() -> None:
    here = await world()
    await here.put("sessions", here.session(status="RESERVATION"))
    assert await here.network.sessions() == []
    taken = await here.adapter.session(CPO, "S1")
    assert taken is not None
    assert taken.outcome == "reservation"
    await here.put("sessions", here.session(status="ACTIVE", last_updated=NEW))
    assert (await the_session(here)).id == S1


async def test_only_the_partner_that_was_given_a_reference_can_claim_its_session() -> None:
    here = await world()
    reference = (await here.authorize(place={"location_id": "LOC1"}))["data"]["authorization_reference"]
    thief = platform(here.net, "thief.example", party("FR*BAD"), "CPO", modules=MODULES, versions=("2.3.0",))
    await register(here.emsp, thief)
    stolen = Caller(here.emsp, thief.peer(EMSP_HOST).wire.token)
    (awaited,) = await here.network.sessions()
    for id in ("S1", str(awaited.id)):
        body = here.session(id, country_code="FR", party_id="BAD", authorization_reference=reference)
        answer = await stolen("PUT", f"/ocpi/2.3.0/receiver/sessions/FR/BAD/{id}", body)
        assert answer.status == 201
    await here.adapter.settle()
    sessions = {one.id: one for one in await here.network.sessions()}
    assert len(sessions) == 3
    assert sessions[awaited.id] == awaited


async def test_a_cpo_may_call_its_session_as_we_do() -> None:
    here = await world()
    result = await here.network.authorize_start(auth_start(CARD, location=None))
    assert result.session_id is not None
    begun = await here.network.session(result.session_id)
    assert begun is not None
    await here.network.report_session(replace(begun, charging_station_operator_id=GEF))
    await here.put("sessions", here.session(str(begun.id)))
    assert (await the_session(here)).id == begun.id


@versions
async def test_a_cdr_goes_to_the_provider_of_its_driver(version: str) -> None:
    here = await world(version)
    await here.put("sessions", here.session())
    more = {} if version == "2.1.1" else {"session_id": "S1"}
    await here.put("cdrs", here.cdr(**more))
    (cdr,) = here.provider.cdrs
    assert (cdr.evse_id, cdr.provider_id_start, cdr.consumed_energy_kwh) == (EVSE_1, EMP, Decimal("1.5"))
    assert (cdr.charging_price and cdr.charging_price.base, cdr.session_time.start) == (
        Decimal("0.5"),
        DateTime.parse(OLD),
    )
    assert [change.result and change.result.result for change in here.of(CDRChange)] == [None, SendCDRCode.Success]
    taken = await here.adapter.cdr(CPO, "C1")
    assert taken is not None
    assert (taken.outcome, taken.id) == ("Success", str(cdr.id))
    if version != "2.1.1":
        assert cdr.session_id == S1
        assert (await the_session(here)).stop is not None


@versions
async def test_the_cdr_of_what_we_authorised_is_of_that_session(version: str) -> None:
    here = await world(version)
    here.provider.payload["contract_id"] = "NL-EMP-C1"
    data = (await here.authorize(place={"location_id": "LOC1"}))["data"]
    awaited = await the_session(here)
    told = {name: data[name] for name in ("authorization_reference",) if name in data}
    await here.put("cdrs", here.cdr(**told))
    (cdr,) = here.provider.cdrs
    assert cdr.session_id == awaited.id
    over = await the_session(here)
    assert (over.id, over.is_awaited, over.stop is not None) == (awaited.id, False, True)


@versions
async def test_a_cdr_without_a_session_makes_one_and_says_so(version: str) -> None:
    here = await world(version)
    await here.put("cdrs", here.cdr())
    made = await the_session(here)
    assert made.stop is not None
    assert (made.start.timestamp, made.stop.timestamp, made.evse_id) == (
        DateTime.parse(OLD),
        DateTime.parse(MIDDLE),
        EVSE_1,
    )
    taken = await here.adapter.cdr(CPO, "C1")
    assert taken is not None
    assert (taken.session_id, taken.notes[-1].text) == (
        str(made.id),
        "no Session was told: one was made of the CDR",
    )
    assert len(here.provider.cdrs) == 1


@versions
async def test_the_same_cdr_twice_is_one_record(version: str) -> None:
    here = await world(version)
    for _ in range(2):
        await here.put("cdrs", here.cdr())
    assert len(here.provider.cdrs) == 1
    stored = await here.emsp.store.get(Key(Side.THEIRS, "cdrs", CPO, "C1"))
    assert stored is not None
    again = replace(stored, body=stored.body + b" ")
    await here.emsp.store.change(
        Key(Side.THEIRS, "cdrs", CPO, "C1"),
        lambda _: Write(version=again.version, last_updated=1, body=again.body, source=again.source),
    )
    assert await here.adapter.settle() == 1
    assert len(here.provider.cdrs) == 1


async def test_a_cdr_that_nobody_takes_waits_and_is_tried_again() -> None:
    here = await world()
    here.provider.cdr_code = SendCDRCode.Error
    await here.put("cdrs", here.cdr())
    taken = await here.adapter.cdr(CPO, "C1")
    assert taken is not None
    assert taken.outcome == "Error"
    (id,) = here.network.waiting_cdrs
    here.provider.cdr_code = SendCDRCode.Success
    await here.network.retry_cdrs()
    kept = await here.network.cdr(id)
    assert kept is not None
    assert (kept.state, len(here.provider.cdrs)) == (CDRState.DELIVERED, 2)


@pytest.mark.parametrize("does", [one for one in BROKEN if one is not None])
async def test_a_provider_that_fails_loses_no_record(does: object) -> None:
    here = await World().begin()
    leave = here.network.add_provider(replace_provider(here), Broken(does))
    await here.put("cdrs", here.cdr())
    assert len(here.network.waiting_cdrs) == 1
    leave()


def replace_provider(here: World) -> Any:
    """The id of the only provider, which leaves."""
    here.network._core.partners._providers.clear()
    return EMP


async def test_a_cdr_of_another_provider_is_kept_with_the_reason() -> None:
    here = await world()
    token = {"country_code": "FR", "party_id": "XYZ", "uid": "77", "type": "RFID", "contract_id": "FR-XYZ-C1"}
    await here.put("cdrs", here.cdr(cdr_token=token))
    taken = await here.adapter.cdr(CPO, "C1")
    assert taken is not None
    assert taken.outcome == "UnknownProviderIdStart"
    assert "FR-XYZ" in taken.notes[0].text
    assert len(here.network.waiting_cdrs) == 1


async def test_a_cdr_that_ends_before_it_begins_is_refused_and_seen() -> None:
    here = await world()
    await here.put("cdrs", here.cdr(end_date_time="2025-01-01T00:00:00Z"))
    taken = await here.adapter.cdr(CPO, "C1")
    assert taken is not None
    assert (taken.outcome, here.provider.cdrs) == ("Error", [])
    assert "ends at 2025-01-01T00:00:00Z" in taken.notes[0].text


@pytest.mark.parametrize("kind", ["sessions", "cdrs"])
@pytest.mark.parametrize("body", [b"{}", b"[]", b'{"id": "BAD", "start_date_time": 7}'])
async def test_what_is_no_session_or_cdr_is_kept_with_the_reason(kind: str, body: bytes) -> None:
    here = await world()
    made = Write(version="2.3.0", last_updated=1, body=body, source="cpo.example")
    await here.emsp.store.change(Key(Side.THEIRS, kind, CPO, "BAD"), lambda _: made)
    await here.put("sessions", here.session())
    all_of = here.adapter.sessions() if kind == "sessions" else here.adapter.cdrs()
    refused = [taken async for taken in all_of if taken.outcome == "refused"]
    assert [(one.ocpi_id, one.partner, one.notes[0].path[:1]) for one in refused] == [("BAD", "cpo.example", "$")]
    assert (await the_session(here)).id == S1


async def test_what_nobody_thought_of_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    here = await world()

    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(records, "cdr_of", broken)
    monkeypatch.setattr(records, "session_of", broken)
    await here.put("cdrs", here.cdr())
    await here.put("sessions", here.session())
    assert await here.adapter.waiting() == 0
    found = [taken async for taken in here.adapter.sessions()] + [taken async for taken in here.adapter.cdrs()]
    assert [one.notes[0].text for one in found] == ["ZeroDivisionError: a defect"] * 2


async def test_sessions_and_records_of_ours_are_not_a_partners_to_tell() -> None:
    here = await world()
    owner = party("NL*EMP")
    for kind, body in (
        ("sessions", here.session(country_code="NL", party_id="EMP")),
        ("cdrs", here.cdr(country_code="NL", party_id="EMP")),
    ):
        made = Write(version="2.3.0", last_updated=1, body=codec.encode(body), source="cpo.example")
        await here.emsp.store.change(Key(Side.THEIRS, kind, owner, body["id"].upper()), writing(made))
    await here.adapter.settle()
    assert await here.network.sessions() == []
    for taken in (await here.adapter.session(owner, "S1"), await here.adapter.cdr(owner, "C1")):
        assert taken is not None
        assert taken.outcome == "refused"


async def test_what_a_cpo_takes_away_again_leaves_the_session_as_it_was() -> None:
    here = await world()
    await here.put("sessions", here.session())
    await here.emsp.store.delete_of_party(Side.THEIRS, "sessions", CPO)
    await here.adapter.settle()
    assert (await the_session(here)).id == S1
    assert await here.adapter.session(CPO, "S1") is None
