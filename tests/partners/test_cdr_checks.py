# SPDX-License-Identifier: AGPL-3.0-or-later
"""CDRs that partners send are checked in the background: by which tariffs, with what result, and never lost."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.charged import MONEY, charged, written
from tests.objects import NEW, OLD, connector, evse, location, tariff
from tests.platforms import ALL_VERSIONS, CPO, EMSP, Caller, MemoryNet, platform, register
from tests.rules import rule
from wwcp_ocpi import rules
from wwcp_ocpi.partners import CdrCheck, cdr_checks
from wwcp_ocpi.partners.cdr_checks import CDRS, CHECKS, WAITING
from wwcp_ocpi.partners.cdr_verdicts import MOST_NOTES
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.errors import NotFound
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.rules import Verdict
from wwcp_ocpi.store.memory import MemoryStore
from wwcp_ocpi.store.ports import Key, Side, Store
from wwcp_ocpi.store.sqlite import SQLiteStore

MODULES = frozenset({"locations", "tariffs", "sessions", "cdrs"})


class Pair:
    """An eMSP and a CPO that are registered with each other, in memory."""

    def __init__(self, version: str, store: Store | None = None) -> None:
        self.version = version
        self.net = MemoryNet()
        self.emsp = platform(self.net, "emsp", EMSP, "EMSP", store=store, modules=MODULES)
        self.cpo = platform(self.net, "cpo", CPO, "CPO", versions=(version,), modules=MODULES)

    async def begin(self) -> Pair:
        await register(self.emsp, self.cpo)
        self.caller = Caller(self.emsp, self.cpo.peer("emsp").wire.token)
        return self

    async def put(self, kind: str, body: dict[str, Any]) -> None:
        await self._sent("PUT", "/".join((f"/ocpi/{self.version}/receiver/{kind}", *CPO, str(body["id"]))), body)

    async def post(self, body: dict[str, Any]) -> None:
        await self._sent("POST", f"/ocpi/{self.version}/receiver/cdrs", body)

    async def _sent(self, method: str, path: str, body: dict[str, Any]) -> None:
        answer = await self.caller(method, path, codec.encode(body))
        assert (answer.status, codec.read_json(answer.body)["status_code"]) in {(200, 1000), (201, 1000)}, answer.body

    async def checked(self, body: dict[str, Any]) -> CdrCheck:
        """The result for a CDR after it was posted."""
        await self.post(body)
        await self.emsp.cdr_checks.settle()
        found = await self.emsp.cdr_checks.of(CPO, str(body["id"]))
        assert found is not None
        return found


def by_day(version: str, id: str = "T1", **more: Any) -> dict[str, Any]:
    """0.25 per kWh, from 11:00 of the Location on 0.50."""
    dear = {"price_components": [{"type": "ENERGY", "price": 0.5, "step_size": 1}]}
    elements = [{**dear, "restrictions": {"start_time": "11:00", "end_time": "23:00"}}]
    elements += tariff(version)["elements"]
    return tariff(version, id, OLD, elements=elements, **more)


def at_tariff(version: str, *ids: str, last_updated: str = OLD, **more: Any) -> dict[str, Any]:
    """The Location of the CDRs, with these Tariffs at its Connector."""
    named: dict[str, Any] = {"tariff_id": ids[0]} if version == "2.1.1" else {"tariff_ids": list(ids)}
    return location(version, evses=[evse(version, connectors=[connector(version, **named)])], **more)


async def counts(store: Store) -> list[int]:
    return [await store.count(Side.THEIRS, module) for module in (CDRS, WAITING, CHECKS)]


@rule("CDR-07")
@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_a_cdr_is_checked_by_the_tariff_that_it_brings(version: str) -> None:
    pair = await Pair(version).begin()
    right = await pair.checked(charged(version, 2.5, tariff(version), id="RIGHT"))
    assert (right.verdict, right.stated, right.computed[0]) == (Verdict.OK, Decimal("2.5"), Decimal("2.5"))
    assert (right.owner, right.partner, right.version, right.currency) == (str(CPO), "cpo", version, "EUR")
    assert (right.tariffs, right.tariffs_from, right.reasons) == (("T1",), "cdr", ())

    wrong = await pair.checked(charged(version, 3, tariff(version), id="WRONG"))
    (difference,) = wrong.differences
    place = "$.total_cost" if MONEY[version] is None else f"$.total_cost.{MONEY[version]}"
    assert (wrong.verdict, difference.path) == (Verdict.DIFFERENT, place)
    assert (difference.stated, difference.computed, wrong.reasons) == (Decimal(3), Decimal("2.5"), ("UNEXPLAINED",))
    assert pair.emsp.cdr_checks.verdicts == {("cpo", "OK"): 1, ("cpo", "DIFFERENT"): 1}
    assert pair.emsp.cdr_checks.reasons == {("cpo", "UNEXPLAINED"): 1}


@rule("CDR-22")
@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_without_tariffs_those_of_the_connector_count_in_the_zone_of_the_location(version: str) -> None:
    pair = await Pair(version).begin()
    await pair.put("tariffs", by_day(version))
    await pair.put("locations", at_tariff(version, "T1", time_zone="Europe/Berlin"))
    found = await pair.checked(charged(version, 5))
    assert (found.verdict, found.tariffs, found.tariffs_from, found.time_zone) == (
        Verdict.OK, ("T1",), "store", "Europe/Berlin",
    )  # fmt: skip
    in_utc = await pair.checked(charged(version, 2.5, id="C2"))
    assert (in_utc.verdict, in_utc.reasons) == (Verdict.DIFFERENT, ("WRONG_TIME_ZONE",))


@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_a_period_names_the_stored_tariff_that_the_cdr_does_not_bring(version: str) -> None:
    pair = await Pair(version).begin()
    await pair.put("tariffs", tariff(version, "T2", OLD))
    found = await pair.checked(charged(version, 2.5, tariff_id="t2"))
    assert (found.verdict, found.tariffs, found.tariffs_from) == (Verdict.OK, ("T2",), "store")
    other = await pair.checked(charged(version, 2.5, tariff_id="T3", id="C2"))
    assert (other.verdict, other.reasons) == (Verdict.UNCLEAR, ("CANNOT_PRICE",))
    mixed = await pair.checked(charged(version, 2.5, tariff(version), tariff_id="T2", id="C3"))
    assert (mixed.verdict, mixed.tariffs) == (Verdict.OK, ("T1", "T2"))


async def test_of_several_tariffs_of_a_connector_the_regular_one_that_held_counts() -> None:
    pair = await Pair("2.3.0").begin()
    await pair.put("tariffs", tariff("2.3.0", "T1", OLD, type="AD_HOC_PAYMENT"))
    await pair.put("tariffs", tariff("2.3.0", "T2", OLD, type="REGULAR"))
    await pair.put("tariffs", tariff("2.3.0", "T3", OLD, end_date_time="2026-01-01T00:00:00Z"))
    await pair.put("locations", at_tariff("2.3.0", "T1", "T2", "T3"))
    assert (await pair.checked(charged("2.3.0", 2.5))).tariffs == ("T2",)
    await pair.put("tariffs", tariff("2.3.0", "T3", NEW))
    both = await pair.checked(charged("2.3.0", 2.5, id="C2"))
    assert (both.verdict, both.tariffs) == (Verdict.UNCLEAR, ("T2", "T3"))


async def test_a_stored_tariff_that_changed_since_proves_nothing() -> None:
    pair = await Pair("2.2.1").begin()
    await pair.put("tariffs", tariff("2.2.1", "T1", NEW))
    found = await pair.checked(charged("2.2.1", 3, tariff_id="T1"))
    assert (found.verdict, found.reasons) == (Verdict.UNCLEAR, ("UNEXPLAINED", "TARIFF_CHANGED_SINCE"))
    assert (await pair.checked(charged("2.2.1", 2.5, tariff_id="T1", id="C2"))).verdict is Verdict.OK


async def test_a_tariff_and_a_location_of_another_version_do_as_well() -> None:
    """They came before the CPO changed its version."""
    pair = await Pair("2.2.1").begin()
    await pair.put("tariffs", by_day("2.2.1"))
    await pair.put("locations", at_tariff("2.2.1", "T1"))
    later = Pair("2.1.1", pair.emsp.store)
    await later.begin()
    found = await later.checked(charged("2.1.1", 5))
    assert (found.verdict, found.version, found.tariffs, found.time_zone) == (
        Verdict.OK, "2.1.1", ("T1",), "Europe/Berlin",
    )  # fmt: skip


async def test_a_time_zone_that_is_none_is_no_matter_where_the_tariff_needs_none() -> None:
    pair = await Pair("2.2.1").begin()
    await pair.put("tariffs", by_day("2.2.1"))
    await pair.put("locations", at_tariff("2.2.1", "T1", time_zone="Asia/Kuala Lumpur"))
    assert (await pair.checked(charged("2.2.1", 2.5, tariff("2.2.1")))).verdict is Verdict.OK
    needed = await pair.checked(charged("2.2.1", 5, id="C2"))
    assert (needed.verdict, needed.notes[0].path) == (Verdict.UNCLEAR, "time_zone")


async def test_what_cannot_be_priced_is_unclear_and_says_why() -> None:
    pair = await Pair("2.3.0").begin()
    found = await pair.checked(charged("2.3.0", 2.5))
    assert (found.verdict, found.computed, found.tariffs_from) == (Verdict.UNCLEAR, (None, None), "")
    assert [(note.code, note.path) for note in found.notes] == [("CANNOT_PRICE", "$.tariffs")]


async def test_a_check_comes_after_the_answer_and_once() -> None:
    pair = await Pair("2.3.0").begin()
    body = charged("2.3.0", 2.5, tariff("2.3.0"))
    await pair.post(body)
    assert await pair.emsp.cdr_checks.of(CPO, "C1") is None
    assert (await pair.emsp.cdr_checks.waiting(), await counts(pair.emsp.store)) == (1, [1, 1, 0])
    assert await pair.emsp.cdr_checks.settle() == 1
    await pair.post(body)
    assert await pair.emsp.cdr_checks.settle() == 0
    assert await counts(pair.emsp.store) == [1, 0, 1]


async def test_what_is_pulled_is_checked_and_what_is_gone_has_no_result() -> None:
    pair = await Pair("2.3.0").begin()
    made = [charged("2.3.0", 2.5, tariff("2.3.0"), id=f"C{number}") for number in range(120)]
    things = [_own(one) for one in made]
    await pair.cpo.publisher.publish(VERSIONS["2.3.0"], CDRS, things, push=False)
    await pair.emsp.pull("cpo", CDRS)
    assert await pair.emsp.cdr_checks.settle() == 120
    found = [one async for one in pair.emsp.cdr_checks.all(owner=CPO, verdict=Verdict.OK)]
    assert ([one.id for one in found], await counts(pair.emsp.store)) == ([one["id"] for one in made], [120, 0, 120])
    assert [one async for one in pair.emsp.cdr_checks.all(verdict=Verdict.UNCLEAR)] == []

    assert await pair.emsp.store.delete_of_party(Side.THEIRS, CDRS, CPO) == 120
    assert (await counts(pair.emsp.store), await pair.emsp.cdr_checks.of(CPO, "C1")) == ([0, 0, 0], None)


def _own(body: dict[str, Any]) -> OwnObject:
    raw = codec.encode(body)
    moment = patch.moment_of(patch.split(raw))
    assert moment is not None
    return OwnObject(owner=CPO, id=body["id"], last_updated=moment.micros, body=raw)


async def test_a_cdr_that_was_replaced_meanwhile_is_checked_as_it_is_then(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = await Pair("2.3.0").begin()
    await pair.post(charged("2.3.0", 2.5, tariff("2.3.0")))
    store, real = pair.emsp.store, asyncio.to_thread
    key = Key(Side.THEIRS, CDRS, CPO, "C1")

    async def interrupted(work: Any, *args: Any) -> Any:
        results = await real(work, *args)
        monkeypatch.setattr(asyncio, "to_thread", real)
        stored = await store.get(key)
        assert stored is not None
        await store.change(key, written(codec.encode(charged("2.3.0", 3, tariff("2.3.0"))), "2.3.0"))
        return results

    monkeypatch.setattr(asyncio, "to_thread", interrupted)
    await pair.emsp.cdr_checks.settle()
    assert (await counts(store), pair.emsp.cdr_checks.verdicts) == ([1, 1, 0], {})
    await pair.emsp.cdr_checks.settle()
    found = await pair.emsp.cdr_checks.of(CPO, "c1")
    assert found is not None
    assert (found.verdict, found.stated) == (Verdict.DIFFERENT, Decimal(3))


async def test_a_restart_loses_no_check(tmp_path: Path) -> None:
    store = await SQLiteStore.open(tmp_path / "db")
    pair = await Pair("2.2.1", store).begin()
    await pair.checked(charged("2.2.1", 2.5, tariff("2.2.1"), id="C1"))
    await pair.post(charged("2.2.1", 3, tariff("2.2.1"), id="C2"))
    await store.close()

    again = await SQLiteStore.open(tmp_path / "db")
    emsp = platform(MemoryNet(), "emsp", EMSP, "EMSP", store=again)
    assert await emsp.cdr_checks.settle() == 1
    assert [(one.id, one.verdict) async for one in emsp.cdr_checks.all()] == [
        ("C1", Verdict.OK), ("C2", Verdict.DIFFERENT),
    ]  # fmt: skip
    await again.close()


async def test_cdrs_from_before_there_were_checks_are_checked_once() -> None:
    pair = await Pair("2.2.1").begin()
    await pair.checked(charged("2.2.1", 2.5, tariff("2.2.1"), id="C1"))
    older = MemoryStore()  # as an older program left it
    for number in range(3):
        raw = codec.encode(charged("2.2.1", 2.5, tariff("2.2.1"), id=f"c{number}"))
        await older.change(Key(Side.THEIRS, CDRS, CPO, f"C{number}"), written(raw))
    emsp = platform(MemoryNet(), "emsp", EMSP, "EMSP", store=older)
    assert (await emsp.cdr_checks.settle(), await emsp.cdr_checks.settle()) == (3, 0)
    assert await counts(older) == [3, 0, 3]


async def test_a_tariff_that_comes_later_is_a_reason_to_check_again() -> None:
    pair = await Pair("2.3.0").begin()
    assert (await pair.checked(charged("2.3.0", 2.5, tariff_id="T1"))).verdict is Verdict.UNCLEAR
    await pair.put("tariffs", tariff("2.3.0", "T1", OLD))
    await pair.emsp.cdr_checks.again(CPO, "c1")
    assert await pair.emsp.cdr_checks.of(CPO, "C1") is None
    await pair.emsp.cdr_checks.settle()
    found = await pair.emsp.cdr_checks.of(CPO, "C1")
    assert found is not None
    assert found.verdict is Verdict.OK
    with pytest.raises(NotFound, match=r"cdrs/C9: DE\*GEF has sent no such CDR"):
        await pair.emsp.cdr_checks.again(CPO, "C9")


async def test_a_defect_of_a_check_is_logged_and_the_others_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = await Pair("2.3.0").begin()
    real = rules.check

    def broken(made: Any, *args: Any, **more: Any) -> Any:
        if made.id == "C1":
            raise ZeroDivisionError("boom")
        return real(made, *args, **more)

    monkeypatch.setattr(rules, "check", broken)
    for id in ("C1", "C2"):
        await pair.post(charged("2.3.0", 2.5, tariff("2.3.0"), id=id))
    with capture_logs() as logs:
        assert await pair.emsp.cdr_checks.settle() == 2
    found = [one async for one in pair.emsp.cdr_checks.all()]
    assert [(one.verdict, one.reasons) for one in found] == [(Verdict.UNCLEAR, ("CHECK_FAILED",)), (Verdict.OK, ())]
    events = [(line["event"], line["log_level"]) for line in logs]
    assert events == [("cdr.check_failed", "error"), ("cdr.checked", "warning"), ("cdr.checked", "info")]
    stored = await pair.emsp.store.get(Key(Side.THEIRS, CDRS, CPO, "C1"))
    assert stored is not None


async def test_what_came_out_alike_is_one_line_of_the_log() -> None:
    pair = await Pair("2.3.0").begin()
    for id in ("C1", "C2", "C3"):
        await pair.post(charged("2.3.0", 2.5, id=id))
    await pair.post(charged("2.3.0", 2.5, tariff("2.3.0"), id="C4"))
    with capture_logs() as logs:
        assert await pair.emsp.cdr_checks.settle() == 4
    told = [(line["cdr"], line["more"], line["verdict"], line["reasons"], line["log_level"]) for line in logs]
    assert told == [("C1", 2, "UNCLEAR", ["CANNOT_PRICE"], "warning"), ("C4", 0, "OK", [], "info")]
    counted = sorted(number for (_, verdict), number in pair.emsp.cdr_checks.verdicts.items() if verdict != "WRONG")
    assert counted == [1, 3]


@pytest.mark.parametrize("body", [b'{"id": "C1"}', b"{", b'{"id": 17, "charging_periods": [{}]}', b"[]"])
async def test_what_is_stored_and_cannot_be_read_is_unclear(body: bytes) -> None:
    pair = await Pair("2.2.1").begin()
    await pair.emsp.store.change(Key(Side.THEIRS, CDRS, CPO, "C1"), written(body))
    await pair.emsp.cdr_checks.settle()
    found = await pair.emsp.cdr_checks.of(CPO, "C1")
    assert found is not None
    assert (found.verdict, found.reasons) == (Verdict.UNCLEAR, ("CANNOT_PRICE",))


async def test_of_a_monstrous_cdr_the_result_is_small() -> None:
    pair = await Pair("2.2.1").begin()
    period = {"start_date_time": OLD, "dimensions": [{"type": "ENERGY", "volume": 1}]}
    found = await pair.checked(charged("2.2.1", 1, tariff("2.2.1"), charging_periods=[period] * 2000))
    assert (found.verdict, len(found.notes)) == (Verdict.UNCLEAR, MOST_NOTES)


async def test_in_the_background_it_goes_on_after_a_store_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cdr_checks, "LOOK_S", 0.001)
    monkeypatch.setattr(cdr_checks, "RETRY_S", 0.001)
    pair = await Pair("2.3.0").begin()
    await pair.post(charged("2.3.0", 2.5, tariff("2.3.0")))
    real, failures = pair.emsp.store.change_all, [OSError("busy"), OSError("busy")]

    async def failing(changes: Sequence[Any]) -> Any:
        if failures:
            raise failures.pop()
        return await real(changes)

    monkeypatch.setattr(pair.emsp.store, "change_all", failing)
    with capture_logs() as logs:
        running = asyncio.create_task(pair.emsp.cdr_checks.run())
        async with asyncio.timeout(10):
            while await pair.emsp.cdr_checks.of(CPO, "C1") is None:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        running.cancel()
    assert [line["event"] for line in logs] == ["cdrs.not_checked"] * 2 + ["cdr.checked"]
