# SPDX-License-Identifier: AGPL-3.0-or-later
"""What becomes of Locations, field by field that differs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.convert.telling import V1, V2, V3, also, refused, told
from tests.objects import connector, evse, location
from tests.rules import rule
from wwcp_ocpi.convert import Context
from wwcp_ocpi.scalars import PartyId

OWN = Context(owner=PartyId("DE", "GEF"), time_zone="Europe/Berlin", postal_code="")
OLD = location(V1)
MIDDLE = location(V2)
NO_FIELD = "OCPI 2.1.1 has no such field here"


def test_an_old_location_gets_an_owner_a_time_zone_and_is_published() -> None:
    found, losses = told(OLD, "Location", V1, V2, OWN)
    expected = also(MIDDLE, postal_code="07749", parking_type="ON_STREET", ocpi_2_1_1={"absent": ["time_zone"]})
    assert (found, losses) == (expected, {})
    assert told(found, "Location", V2, V1, OWN) == (OLD, {})


@pytest.mark.parametrize(
    ("context", "path", "setting"),
    [(Context(), "$.country_code", "owner"), (Context(owner=PartyId("DE", "GEF")), "$.time_zone", "time_zone")],
)
def test_what_an_old_location_lacks_is_asked_for(context: Context, path: str, setting: str) -> None:
    assert refused(OLD, "Location", V1, V2, context)[:2] == (path, setting)


def test_a_new_location_without_postal_code_asks_for_one() -> None:
    path, setting, text = refused(also(MIDDLE, postal_code=None), "Location", V2, V1)
    assert (path, setting) == ("$.postal_code", "postal_code")
    assert text == "$.postal_code: OCPI 2.1.1 wants a postal code; the setting 'postal_code' decides it"


@rule("LOC-19")
def test_a_location_that_is_not_to_be_published_is_not_told_to_who_cannot_know_that() -> None:
    private = also(MIDDLE, publish=False, publish_allowed_to=[{"group_id": "G"}])
    for source, value in ((V2, private), (V3, private)):
        assert refused(value, "Location", source, V1, OWN)[:2] == ("$.publish", "unpublished")
    found, losses = told(private, "Location", V2, V1, Context(unpublished=True, postal_code=""))
    assert "publish" not in found
    assert losses.keys() == {"$.publish", "$.publish_allowed_to"}
    assert told(private, "Location", V2, V3) == (private, {})


@pytest.mark.parametrize(
    ("below", "above", "kept"),
    [
        ("ON_STREET", "ON_STREET", None),
        ("PARKING_LOT", "PARKING_LOT", None),
        ("UNKNOWN", None, None),
        ("OTHER", None, {"type": "OTHER"}),
    ],
)
def test_a_location_type_is_a_parking_type_where_it_can(below: str, above: str | None, kept: Any) -> None:
    value = also(OLD, type=below, time_zone="Europe/Berlin")
    found, _ = told(value, "Location", V1, V3, OWN)
    assert (found.get("parking_type"), found.get("ocpi_2_1_1")) == (above, kept)
    assert told(found, "Location", V3, V1) == (value, {})


@pytest.mark.parametrize(("above", "below"), [("ON_DRIVEWAY", "OTHER"), ("ALONG_MOTORWAY", "OTHER"), (None, "UNKNOWN")])
def test_a_parking_type_that_is_no_location_type_is_other(above: str | None, below: str) -> None:
    found, losses = told(also(MIDDLE, parking_type=above), "Location", V2, V1, OWN)
    assert found["type"] == below
    assert set(losses) == ({"$.parking_type"} if above else set())


def test_what_is_kept_gives_way_to_what_somebody_changed() -> None:
    found, _ = told(also(OLD, type="OTHER", time_zone="Europe/Berlin"), "Location", V1, V2, OWN)
    back, losses = told({**found, "parking_type": "PARKING_LOT"}, "Location", V2, V1, OWN)
    assert back["type"] == "PARKING_LOT"
    assert losses == {"$.ocpi_2_1_1.type": "kept from an earlier version, and not true any more"}


def test_an_address_is_cut_and_coordinates_have_six_decimals() -> None:
    value = also(MIDDLE, address="ä" * 50, coordinates={"latitude": "50.93000", "longitude": "11.6300006"})
    found, losses = told(value, "Location", V2, V1, OWN)
    assert found["address"] == "ä" * 45
    assert found["coordinates"] == {"latitude": "50.930000", "longitude": "11.630001"}
    assert losses == {
        "$.address": "OCPI 2.1.1 has room for 45 characters, these are 50; cut off",
        "$.coordinates.longitude": "OCPI 2.1.1 has 6 decimals; rounded",
    }


def test_a_long_id_is_never_cut() -> None:
    value = also(OLD, id="L" * 39)
    assert told(value, "Location", V1, V2, OWN)[0]["id"] == "L" * 39


def test_a_connector_is_renamed_and_has_one_tariff_below() -> None:
    value = connector(V2, max_electric_power=22000, tariff_ids=["T1", "T2"])
    found, losses = told(value, "Connector", V2, V1)
    assert found == connector(V1, tariff_id="T1")
    assert losses == {
        "$.max_electric_power": NO_FIELD,
        "$.tariff_ids[1]": "OCPI 2.1.1 has one Tariff for a Connector",
    }
    assert told(found, "Connector", V1, V2) == (connector(V2, tariff_ids=["T1"]), {})


def test_a_plug_without_a_word_takes_connector_and_evse_with_it() -> None:
    gone = evse(V2, "E1", connectors=[connector(V2, standard="CHAOJI")])
    half = evse(V2, "E2", connectors=[connector(V2, "1", standard="GBT_DC"), connector(V2, "2", max_electric_power=1)])
    found, losses = told(also(MIDDLE, evses=[gone, half]), "Location", V2, V1, OWN)
    assert [[one["uid"], [plug["id"] for plug in one["connectors"]]] for one in found["evses"]] == [["E2", ["2"]]]
    assert losses == {
        "$.evses[0].connectors[0]": '"CHAOJI" is no word of OCPI 2.1.1; left out',
        "$.evses[0]": "OCPI 2.1.1 can be told none of them; left out",
        "$.evses[1].connectors[0]": '"GBT_DC" is no word of OCPI 2.1.1; left out',
        "$.evses[1].connectors[1].max_electric_power": NO_FIELD,
    }
    assert refused(gone, "EVSE", V2, V1)[:2] == ("$.connectors", None)
    assert refused(gone["connectors"][0], "Connector", V2, V1)[:2] == ("$.standard", None)


def test_a_loss_of_the_second_step_has_its_path_in_what_came_first() -> None:
    gone = evse(V3, "E1", connectors=[connector(V3, standard="MCS")])
    last = evse(V3, "E2", connectors=[connector(V3, "1", standard="MCS"), connector(V3, "2", max_electric_power=1)])
    losses = told(also(location(V3), evses=[gone, last]), "Location", V3, V1, OWN)[1]
    assert losses["$.evses[1].connectors[1].max_electric_power"] == NO_FIELD


def test_a_plug_that_fits_is_told_and_fewer_phases_are_promised() -> None:
    assert told(connector(V3, standard="SAE_J3400"), "Connector", V3, V2) == (
        connector(V2, standard="TESLA_S"),
        {"$.standard": '"SAE_J3400" is no word of OCPI 2.2.1; told as "TESLA_S"'},
    )
    assert told(connector(V2, power_type="AC_2_PHASE"), "Connector", V2, V1)[0]["power_type"] == "AC_1_PHASE"


def test_words_without_a_counterpart_are_left_out_of_lists() -> None:
    value = evse(V3, capabilities=["RFID_READER", "PED_TERMINAL", "NEW_ONE"], parking_restrictions=["TAXIS"])
    found, losses = told(value, "EVSE", V3, V1)
    assert (found["capabilities"], found["parking_restrictions"]) == (["RFID_READER"], [])
    assert set(losses) == {"$.capabilities[1]", "$.capabilities[2]", "$.parking_restrictions[0]"}


def test_words_of_open_enums_that_nobody_names_become_other_where_there_is_one() -> None:
    image = {"url": "https://x.example", "category": "SELFIE", "type": "jpeg"}
    assert told(image, "Image", V3, V2)[0]["category"] == "OTHER"
    impact = {"is_green_energy": True, "environ_impact": [{"category": "NOISE", "amount": 1}]}
    assert told(impact, "EnergyMix", V3, V2)[0]["environ_impact"] == []


def test_what_only_the_newest_version_has_is_lost_below() -> None:
    place = {"id": "P", "vehicle_types": ["BUS"], "restricted_to_type": True, "reservation_required": False}
    plug = connector(V3, capabilities=["ISO_15118_2_PLUG_AND_CHARGE"])
    spot = evse(V3, parking=[{"parking_id": "P"}], accepted_service_providers=["X"], connectors=[plug])
    value = also(location(V3), parking_places=[place], help_phone="+49", evses=[spot])
    found, losses = told(value, "Location", V3, V2)
    assert found == also(location(V2), evses=[evse(V2)])
    assert set(losses) == {
        "$.parking_places", "$.help_phone", "$.evses[0].parking", "$.evses[0].accepted_service_providers",
        "$.evses[0].connectors[0].capabilities",
    }  # fmt: skip


def test_null_and_empty_are_no_loss() -> None:
    value = also(location(V3), parking_places=[]) | {"help_phone": None}
    assert told(value, "Location", V3, V2) == (location(V2), {})


@pytest.mark.parametrize(
    ("below", "above"),
    [
        ({"twentyfourseven": True}, {"twentyfourseven": True}),
        ({"twentyfourseven": False}, {"twentyfourseven": False}),
        (
            {"regular_hours": []},
            {"regular_hours": [], "twentyfourseven": False, "ocpi_2_1_1": {"absent": ["twentyfourseven"]}},
        ),
    ],
)
def test_opening_hours_always_say_whether_they_are_all_day(below: Any, above: Any) -> None:
    assert told(below, "Hours", V1, V2) == (above, {})
    assert told(above, "Hours", V2, V1) == (below, {})


def test_beside_regular_hours_all_day_is_left_out_below() -> None:
    hours = {"regular_hours": [{"weekday": 1, "period_begin": "08:00", "period_end": "20:00"}]}
    assert told(hours, "Hours", V1, V2) == ({**hours, "twentyfourseven": False}, {})
    assert told({**hours, "twentyfourseven": False}, "Hours", V2, V1) == (hours, {})
