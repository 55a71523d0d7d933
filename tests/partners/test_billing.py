# SPDX-License-Identifier: AGPL-3.0-or-later
"""From our own Sessions to their CDRs, in every version, and what no CDR can be made of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from structlog.testing import capture_logs

from tests.charged import END, MONEY, START
from tests.objects import OLD, connector, evse, location, session, tariff
from tests.platforms import ALL_VERSIONS, CPO, EMSP, MemoryNet, platform, register
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.errors import NotFound, OCPIError, UsageError
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.rules import (
    BadCharge,
    BadTariff,
    NoTariff,
    Reading,
    TimeZoneMissing,
    Verdict,
    check,
)
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.server.decisions import ConnectorTariffs, PricingRequest

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)
MODULES = frozenset({"locations", "tariffs", "sessions", "cdrs"})
D = Decimal


def at(minute: int) -> dt.datetime:
    """So many minutes after the start of the Session."""
    return DateTime.parse(START) + dt.timedelta(minutes=minute)


METER = [Reading(at(0), D(100)), Reading(at(30), D("106.5")), Reading(at(60), D(110))]
PERIODS = [
    {"start_date_time": START, "dimensions": [{"type": "ENERGY", "volume": 6.5}, {"type": "TIME", "volume": 0.5}]},
    {
        "start_date_time": "2026-01-12T10:30:00Z",
        "dimensions": [{"type": "ENERGY", "volume": 3.5}, {"type": "PARKING_TIME", "volume": 0.5}],
    },
]


def place(version: str, *ids: str, **more: Any) -> dict[str, Any]:
    """The Location, with these Tariffs at its Connector."""
    named: dict[str, Any] = {"tariff_id": "".join(ids[:1])} if version == "2.1.1" else {"tariff_ids": list(ids)}
    one = connector(version, **(named if ids else {}))
    return location(version, evses=[evse(version, connectors=[one])], **{"time_zone": "Europe/Berlin", **more})


def ended(version: str, *ids: str, where: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A Session of an hour and 10 kWh."""
    names = ("start_datetime", "end_datetime") if version == "2.1.1" else ("start_date_time", "end_date_time")
    times = dict(zip(names, (START, END), strict=True))
    held = {"location": place(version, *ids, **(where or {}))} if version == "2.1.1" else {}
    return session(version, **{**times, **held, "kwh": 10, "status": "COMPLETED", **more})


async def publish(cpo: Platform, kind: str, version: str, body: dict[str, Any]) -> None:
    raw = codec.encode(body)
    moment = patch.moment_of(patch.split(raw))
    assert moment is not None
    concerns = EMSP if kind == "sessions" else None
    thing = OwnObject(owner=CPO, id=body["id"], last_updated=moment.micros, body=raw, concerns=concerns)
    (outcome,) = await cpo.publisher.publish(VERSIONS[version], kind, [thing])
    assert not isinstance(outcome, Exception), outcome


async def operator(
    version: str, *ids: str, tariffs: list[dict[str, Any]] | None = None, where: Any = None, **more: Any
) -> Platform:
    """A CPO with a Location, Tariffs (T1 for all unless told) and a Session that has ended."""
    cpo = platform(MemoryNet(), "cpo", CPO, "CPO", modules=MODULES)
    await publish(cpo, "locations", version, place(version, *ids, **(where or {})))
    for one in [tariff(version, "T1", OLD)] if tariffs is None else tariffs:
        await publish(cpo, "tariffs", version, one)
    await publish(cpo, "sessions", version, ended(version, *ids, where=where, **more))
    return cpo


async def made(cpo: Platform, **how: Any) -> Any:
    """The CDR of that Session."""
    bill = await cpo.billing.cdr_of(CPO, "S1", **how)
    return codec.decode(bill.version.object_named("CDR"), bill.cdr.body)


def total(cdr: Any) -> Decimal:
    """What it costs before taxes."""
    cost: Decimal = cdr.total_cost
    name = {"excl_vat", "before_taxes"} & set(getattr(cost, "__struct_fields__", ()))
    return getattr(cost, name.pop()) if name else cost


@rule("CDR-13", "CDR-19", "CDR-20", "CDR-21", "CDR-22")
async def test_a_cdr_takes_over_what_the_session_says_and_is_right(version: str) -> None:
    more: dict[str, Any] = {} if version == "2.1.1" else {"authorization_reference": "REF2"}
    cpo = await operator(version, "T1", auth_method="AUTH_REQUEST", **more)
    cdr = await made(cpo, readings=METER)
    assert (cdr.id, total(cdr), cdr.total_energy, cdr.total_time, cdr.currency) == ("S1", D("2.5"), 10, 1, "EUR")
    assert [one.id for one in cdr.tariffs] == ["T1"]
    assert check(cdr, time_zone="Europe/Berlin").verdict is Verdict.OK
    stored = codec.read_json(codec.encode(cdr))
    source = ended(version, "T1", auth_method="AUTH_REQUEST", **more)
    taken = ("auth_method", "authorization_reference", "auth_id", "cdr_token", "country_code", "party_id", "location")
    assert {name: stored[name] for name in taken if name in stored} == {
        name: source[name] for name in taken if name in source
    }
    if "cdr_location" in stored:
        assert (stored["session_id"], stored["start_date_time"], stored["end_date_time"]) == ("S1", START, END)
        assert (stored["cdr_location"]["evse_uid"], stored["cdr_location"]["evse_id"]) == ("E1", "#NA")
        assert stored["cdr_location"]["connector_standard"] == "IEC_62196_T2"
    else:
        assert (stored["start_date_time"], stored["stop_date_time"]) == (START, END)


async def test_a_cdr_is_published_to_whom_the_session_was_and_is_ok_there(version: str) -> None:
    net = MemoryNet()
    cpo = platform(net, "cpo", CPO, "CPO", modules=MODULES)
    emsp = platform(net, "emsp", EMSP, "EMSP", modules=MODULES, versions=(version,))
    await register(cpo, emsp)
    await publish(cpo, "locations", version, place(version, "T1"))
    await publish(cpo, "tariffs", version, tariff(version, "T1", OLD))
    await publish(cpo, "sessions", version, ended(version, "T1", charging_periods=PERIODS))
    bill = await cpo.billing.cdr_of(CPO, "s1" if version != "2.1.1" else "S1", id="C1")
    await cpo.publisher.publish(bill.version, "cdrs", [bill.cdr])
    while await cpo.courier.round():
        pass
    await emsp.cdr_checks.settle()
    found = await emsp.cdr_checks.of(CPO, "C1")
    assert found is not None
    assert (found.verdict, found.tariffs_from, found.computed[0]) == (Verdict.OK, "cdr", D("2.5"))


@rule("CDR-14")
async def test_charging_periods_of_the_session_count_where_nobody_read_the_meter(version: str) -> None:
    parking = {"price_components": [{"type": "PARKING_TIME", "price": 4, "step_size": 1}]}
    both = tariff(version, "T1", OLD, elements=[*tariff(version)["elements"], parking])
    cdr = await made(await operator(version, "T1", tariffs=[both], charging_periods=PERIODS))
    assert (total(cdr), cdr.total_energy, cdr.total_parking_time, len(cdr.charging_periods)) == (
        D("4.5"),
        10,
        D("0.5"),
        2,
    )
    read = await made(await operator(version, "T1", tariffs=[both]), readings=METER, parking_from=at(45))
    assert (total(read), read.total_parking_time) == (D("3.5"), D("0.25"))


async def test_without_periods_and_readings_the_session_itself_is_enough_for_one_price(version: str) -> None:
    cdr = await made(await operator(version, "T1"))
    assert (total(cdr), len(cdr.charging_periods)) == (D("2.5"), 1)
    night = {"price_components": [{"type": "ENERGY", "price": 0.1, "step_size": 1}]}
    later = {**night, "restrictions": {"start_time": "11:30"}}
    changing = tariff(version, "T1", OLD, elements=[later, *tariff(version)["elements"]])
    with pytest.raises(BadCharge, match="the price changes in the session"):
        await made(await operator(version, "T1", tariffs=[changing]))


async def test_before_the_first_and_after_the_last_reading_the_meter_stood_still(version: str) -> None:
    short = [Reading(at(5), D(100)), Reading(at(40), D(110))]
    cdr = await made(await operator(version, "T1"), readings=short)
    assert (cdr.total_energy, cdr.total_time, len(cdr.charging_periods)) == (10, 1, 3)
    assert check(cdr).verdict is Verdict.OK


async def test_a_session_without_an_end_ends_with_its_meter(version: str) -> None:
    name = "end_datetime" if version == "2.1.1" else "end_date_time"
    cpo = await operator(version, "T1", **{name: None})
    assert (await made(cpo, readings=METER)).total_time == 1
    with pytest.raises(UsageError, match=rf"\$\.{name}: expected the end of the Session"):
        await made(cpo)


async def test_the_operator_says_which_tariff_and_what_else_it_knows(version: str) -> None:
    two = [tariff(version, "T1", OLD), tariff(version, "T2", OLD, elements=_at_price(0.3))]
    cpo = await operator(version, "T1", tariffs=two)
    cdr = await made(cpo, readings=METER, tariff_ids=["T2"], id="C7", fields={"meter_id": "M1", "remark": "by hand"})
    assert (cdr.id, total(cdr), cdr.meter_id, cdr.remark) == ("C7", D(3), "M1", "by hand")
    with pytest.raises(UsageError, match=r"\$\.colour: expected a field of a CDR"):
        await made(cpo, readings=METER, fields={"colour": "red"})
    with pytest.raises(UsageError, match=r"cdrs/S1: \$\.remark"):
        await made(cpo, readings=METER, fields={"remark": 17})


def _at_price(price: float) -> list[dict[str, Any]]:
    return [{"price_components": [{"type": "ENERGY", "price": price, "step_size": 1}]}]


async def test_a_chooser_names_the_tariff_of_this_partner(version: str) -> None:
    class Prices:
        def tariff_ids(self, asked: ConnectorTariffs) -> list[str]:
            seen.append(asked)
            return ["T2"]

    seen: list[ConnectorTariffs] = []
    two = [tariff(version, "T1", OLD), tariff(version, "T2", OLD, elements=_at_price(0.3))]
    cpo = await operator(version, "T1", tariffs=two)
    cpo.server.tariffs = Prices()
    assert total(await made(cpo, readings=METER)) == 3
    assert [(one.partner, one.evse_uid, one.tariff_ids) for one in seen] == [(f"?{EMSP}", "E1", ("T1",))]


async def test_the_variant_that_held_at_the_start_counts(version: str) -> None:
    cpo = await operator(version, "T1", tariffs=[])
    for price, since in ((0.3, None), (0.4, "2026-01-12T10:30:00Z")):
        body = codec.encode(tariff(version, "T1", OLD, elements=_at_price(price)))
        thing = OwnObject(owner=CPO, id="T1", last_updated=0, body=body)
        begin = None if since is None else DateTime.parse(since)
        await cpo.timetables.plan(VERSIONS[version], thing, not_before=begin)
    assert total(await made(cpo, readings=METER)) == 3


async def test_a_tariff_of_another_version_is_told_in_that_of_the_session(version: str) -> None:
    other = {"2.1.1": "2.2.1", "2.2.1": "2.3.0", "2.3.0": "2.2.1"}[version]
    cpo = await operator(version, "T1", tariffs=[])
    await publish(cpo, "tariffs", other, tariff(other, "T1", OLD))
    assert total(await made(cpo, readings=METER)) == D("2.5")


@pytest.mark.parametrize(
    ("what", "more", "how", "error", "path"),
    [
        ("a session that runs", {"status": "ACTIVE"}, {}, UsageError, "$.status"),
        ("no tariff", {"ids": ()}, {}, NoTariff, "$.tariffs"),
        ("a tariff that is not there", {"ids": ("T9",)}, {}, NotFound, "$.tariff_ids"),
        ("another currency", {"currency": "SEK"}, {}, BadTariff, "$.currency"),
        ("energy of nowhere", {"kwh": 11, "charging_periods": PERIODS}, {}, BadCharge, "$.kwh"),
        ("a meter that runs back", {}, {"readings": METER[::-1]}, BadCharge, "readings[1].kwh"),
        ("readings after the end", {}, {"readings": [*METER, Reading(at(61), D(110))]}, BadCharge, "readings"),
        ("parking before the start", {}, {"readings": METER, "parking_from": at(-1)}, BadCharge, "parking_from"),
    ],
)
async def test_what_has_no_price_is_refused_with_the_field(
    version: str, what: str, more: dict[str, Any], how: dict[str, Any], error: type[OCPIError], path: str
) -> None:
    said = dict(more)
    cpo = await operator(version, *said.pop("ids", ("T1",)), **said)
    with pytest.raises(error) as refusal:
        await made(cpo, **how)
    assert refusal.value.path == path


async def test_local_time_without_a_time_zone_is_refused(version: str) -> None:
    by_night = [{**_at_price(0.1)[0], "restrictions": {"start_time": "22:00", "end_time": "06:00"}}]
    wrong = {"time_zone": "Asia/Kuala Lumpur"}
    local = tariff(version, "T1", OLD, elements=[*by_night, *_at_price(0.3)])
    with pytest.raises(TimeZoneMissing):
        await made(await operator(version, "T1", tariffs=[local], where=wrong), readings=METER)
    assert total(await made(await operator(version, "T1", where=wrong), readings=METER)) == D("2.5")


async def test_what_we_do_not_have_is_told(version: str) -> None:
    cpo = platform(MemoryNet(), "cpo", CPO, "CPO", modules=MODULES)
    with pytest.raises(NotFound, match=r"sessions/S1: DE\*GEF has no such Session"):
        await made(cpo)
    if version != "2.1.1":
        await publish(cpo, "sessions", version, ended(version))
        with pytest.raises(NotFound, match="locations/LOC1"):
            await made(cpo)
        await publish(cpo, "locations", version, location(version, evses=[evse(version, "OTHER")]))
        with pytest.raises(NotFound, match=r"\$\.evse_uid: the Location has no E1"):
            await made(cpo, tariff_ids=[])


class Flat:
    """A pricer that charges 7 for everything, and sees a parking period of its own."""

    def __init__(self, version: str) -> None:
        name = MONEY[version]
        self.cost: Any = 7 if name is None else {name: 7}
        self.asked: list[PricingRequest] = []

    async def price(self, asked: PricingRequest) -> Mapping[str, Any]:
        self.asked.append(asked)
        period = {"start_date_time": asked.start, "dimensions": [{"type": "FLAT", "volume": 1}]}
        return {"charging_periods": [period], "total_cost": self.cost, "total_energy": 10, "total_time": 1}


async def test_an_operator_prices_itself(version: str) -> None:
    cpo = await operator(version, "T1")
    pricer = cpo.billing.pricer = Flat(version)
    with capture_logs() as logs:
        cdr = await made(cpo, readings=METER)
    assert (total(cdr), cdr.total_energy) == (D(7), 10)
    (asked,) = pricer.asked
    assert (asked.version, asked.partner, asked.time_zone) == (version, f"?{EMSP}", "Europe/Berlin")
    assert ([one.id for one in asked.tariffs], asked.readings) == (["T1"], tuple(METER))
    assert [line["event"] for line in logs] == ["cdr.made_differs"]


async def test_an_operator_needs_no_tariffs_of_ours(version: str) -> None:
    cpo = await operator(version)
    cpo.billing.pricer = Flat(version)
    assert (total(await made(cpo)), (await made(cpo)).tariffs) == (D(7), None)


async def test_a_pricer_that_makes_nonsense_makes_no_cdr(version: str) -> None:
    cpo = await operator(version, "T1")
    pricer = cpo.billing.pricer = Flat(version)
    pricer.cost = "much"
    with pytest.raises(UsageError, match=r"cdrs/S1: \$\.total_cost"):
        await made(cpo)
