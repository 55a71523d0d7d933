# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a driver is told: the tariff in words, as a picture, and what a charge will cost."""

from __future__ import annotations

import datetime as dt
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.pricing.charging import D, at, component, cost, element, limit, tariff
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.rules import LANGUAGES, BadCharge, TimeZoneMissing, estimate, picture, prepare, price_over_week, tell
from wwcp_ocpi.rules.dimensions import ENERGY, TIME
from wwcp_ocpi.rules.picture import Span
from wwcp_ocpi.rules.words import Words

TODAY = dt.date(2026, 1, 12)
BY_DAY = (
    element(
        component("ENERGY", "0.50", "20", 100), start_time="08:00", end_time="18:30",
        day_of_week=["MONDAY", "TUESDAY", "WEDNESDAY", "FRIDAY"],
    ),
    element(component("ENERGY", "0.25", "20"), component("FLAT", "0.35", "20")),
    element(component("PARKING_TIME", "6", "20", 900), min_duration=5400),
)  # fmt: skip


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        (
            "en",
            [
                "Energy: EUR 0.60 per kWh (billed in steps of 100 Wh) Mon–Wed, Fri, from 08:00 to 18:30; "
                "otherwise EUR 0.30 per kWh.",
                "Parking after charging: EUR 7.20 per hour (billed in steps of 15 min) after 1 h 30 min; "
                "otherwise free.",
                "Start fee: EUR 0.42 once.",
                "A session costs at most EUR 24.00.",
            ],
        ),
        (
            "de-AT",
            [
                "Energie: 0,60 EUR pro kWh (abgerechnet in Schritten von 100 Wh) Mo–Mi, Fr, von 08:00 bis 18:30 Uhr; "
                "sonst 0,30 EUR pro kWh.",
                "Parken nach dem Laden: 7,20 EUR pro Stunde (abgerechnet in Schritten von 15 Min.) "
                "nach 1 Std. 30 Min.; sonst kostenlos.",
                "Startgebühr: 0,42 EUR einmalig.",
                "Ein Ladevorgang kostet höchstens 24,00 EUR.",
            ],
        ),
        (
            "nl",
            [
                "Energie: EUR 0,60 per kWh (afgerekend in stappen van 100 Wh) ma–wo, vr, van 08:00 tot 18:30 uur; "
                "anders EUR 0,30 per kWh.",
                "Parkeren na het laden: EUR 7,20 per uur (afgerekend in stappen van 15 min) na 1 uur 30 min; "
                "anders gratis.",
                "Starttarief: EUR 0,42 eenmalig.",
                "Een laadsessie kost hoogstens EUR 24,00.",
            ],
        ),
        (
            "fr",
            [
                "Énergie: 0,60 EUR par kWh (facturé par tranches de 100 Wh) lun–mer, ven, de 08:00 à 18:30; "
                "sinon 0,30 EUR par kWh.",
                "Stationnement après la charge: 7,20 EUR par heure (facturé par tranches de 15 min) "
                "après 1 h 30 min; sinon gratuit.",
                "Frais de démarrage: 0,42 EUR une fois.",
                "Une session coûte au plus 24,00 EUR.",
            ],
        ),
    ],
)
def test_a_tariff_is_told_in_four_languages(language: str, expected: list[str]) -> None:
    assert tell(tariff(*BY_DAY, max_price=limit("2.2.1", "20", "24")), language) == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_restriction_and_line_has_words_in_every_language(language: str) -> None:
    everything = (
        element(component("ENERGY", "1"), min_kwh=1, max_kwh=9, min_power=1, max_power=9, min_current=1, max_current=9),
        element(component("TIME", "1"), min_duration=1, max_duration=9, start_date="2026-01-01", end_date="2027-01-01"),
        element(component("TIME", "1"), start_time="08:00"),
        element(component("TIME", "1"), end_time="08:00"),
        *(
            element(component("TIME", "1"), component("FLAT", "1"), booking=name)
            for name in ("BOOKING", "BOOKING_EXPIRES", "BOOKING_OVERTIME", "BOOKING_CANCELLATION_FEES")
        ),
    )
    said = tell(tariff(*everything, version="2.3.0", min_price=limit("2.3.0", "1")), language)
    assert len(said) == 10
    assert not any("{" in sentence for sentence in said)
    words: Words = LANGUAGES[language]
    assert any(words.plus_taxes in sentence for sentence in said)


def test_what_is_free_and_what_holds_taxes_is_said() -> None:
    assert tell(tariff(component("FLAT", "0"))) == ["Charging is free."]
    inside = tell(tariff(component("ENERGY", "1"), version="2.3.0", tax_included="YES"))
    assert inside == ["Energy: EUR 1.00 per kWh.", "Taxes are included."]
    hours = (element(component("ENERGY", "1"), end_time="08:00"), element(component("ENERGY", "2"), start_time="08:00"))
    assert tell(tariff(*hours)) == ["Energy: EUR 1.00 per kWh until 08:00; EUR 2.00 per kWh from 08:00 on."]


def test_a_language_without_words_is_refused() -> None:
    with pytest.raises(UsageError, match="expected one of en, de, nl, fr, got 'tlh'"):
        tell(tariff(*BY_DAY), "tlh")


# --------------------------------------------------------------------------------------------------------- picture


def test_the_price_over_the_week_is_what_the_tariff_says() -> None:
    plan = prepare(
        tariff(element(component("ENERGY", "2"), day_of_week=["SUNDAY"], start_time="12:00"), component("ENERGY", "1"))
    )
    sunday = 6 * 1440
    assert price_over_week(plan, ENERGY, today=TODAY) == [
        Span(0, sunday + 720, D(1), D(1)),
        Span(sunday + 720, 7 * 1440, D(2), D(2)),
    ]
    assert price_over_week(plan, TIME, today=TODAY) == []
    band = prepare(tariff(element(component("ENERGY", "2"), max_kwh=5), component("ENERGY", "1")))
    assert price_over_week(band, ENERGY, today=TODAY) == [Span(0, 7 * 1440, D(1), D(2))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_picture_is_whole_svg_and_holds_no_foreign_markup(language: str) -> None:
    evil = tariff(*BY_DAY, id='<script>"&', currency="<b>")
    drawn = picture(evil, today=TODAY, language=language)
    root = ET.fromstring(drawn)
    tags = {one.tag.rpartition("}")[2] for one in root.iter()}
    assert tags == {"svg", "title", "style", "rect", "text", "line", "polyline"}
    assert "<script" not in drawn
    texts = [one.text for one in root.iter() if one.tag.endswith("text")]
    assert set(LANGUAGES[language].days) <= set(texts)
    assert len([one for one in root.iter() if one.tag.endswith("polyline")]) == 4  # two panels, each twice


def test_a_tariff_without_anything_to_draw_gives_an_empty_week() -> None:
    assert ET.fromstring(picture(tariff(component("FLAT", "1")), today=TODAY)) is not None
    below = picture(tariff(component("ENERGY", "-1")), today=TODAY)
    assert "EUR -1.00" in below


# -------------------------------------------------------------------------------------------------------- estimate


def estimated(*elements: Any, **more: Any) -> Any:
    given = {"start": at("10:00"), "power_kw": D(11), "time_zone": "Europe/Amsterdam", **more}
    return estimate(tariff(*elements), **given)


def test_an_estimate_follows_power_and_energy_or_duration() -> None:
    by = (element(component("ENERGY", "1"), component("TIME", "60")), component("PARKING_TIME", "600"))
    for more, energy, total in (
        ({"energy_kwh": D(22)}, 22, 142),
        ({"duration": dt.timedelta(hours=1)}, 11, 71),
        ({"duration": dt.timedelta(hours=1), "energy_kwh": D(22)}, 11, 71),
        ({"energy_kwh": D(11), "parking": dt.timedelta(minutes=6)}, 11, 131),
    ):
        found = estimated(*by, **more)
        assert (found.energy_kwh, cost(found.priced)[0]) == (energy, total)
        assert found.end - found.charged == more.get("parking", dt.timedelta(0))


def test_an_estimate_knows_the_clock_the_power_and_the_current() -> None:
    night = (element(component("ENERGY", "1"), start_time="11:30", end_time="12:30"), component("ENERGY", "2"))
    assert cost(estimated(*night, energy_kwh=D(22)).priced)[0] == 11 + 22
    with pytest.raises(TimeZoneMissing):
        estimated(*night, energy_kwh=D(22), time_zone=None)
    slow = (element(component("ENERGY", "1"), max_power=11), component("ENERGY", "2"))
    assert cost(estimated(*slow, energy_kwh=D(22)).priced)[0] == 44
    amps = (element(component("ENERGY", "1"), min_current=16), component("ENERGY", "2"))
    assert cost(estimated(*amps, energy_kwh=D(22), current_a=D(16)).priced)[0] == 22
    with pytest.raises(BadCharge, match="expected MIN_CURRENT"):
        estimated(*amps, energy_kwh=D(22))


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"energy_kwh": D(0)},
        {"energy_kwh": D("NaN")},
        {"energy_kwh": D(1), "power_kw": D("-1")},
        {"duration": dt.timedelta(0)},
        {"duration": dt.timedelta(days=999)},
        {"energy_kwh": D(1), "parking": dt.timedelta(days=-1)},
        {"energy_kwh": D(1_000_000), "power_kw": D("0.001")},
    ],
)
def test_an_estimate_of_what_cannot_be_is_refused(more: dict[str, Any]) -> None:
    if "power_kw" in more and more["power_kw"] > 0:
        assert estimated(component("ENERGY", "1"), **more).energy_kwh < 10  # a year, no more
        return
    with pytest.raises(BadCharge):
        estimated(component("ENERGY", "1"), **more)
