# SPDX-License-Identifier: AGPL-3.0-or-later
"""The example files of the specification, and what is wrong with some of them.

They are not part of this repository (the specification is CC BY-ND); without them beside it `INDEX` is empty.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import msgspec
import pytest

from tests.versions.tables import SHARED
from wwcp_ocpi.protocol import envelope
from wwcp_ocpi.protocol.conformance import Severity
from wwcp_ocpi.protocol.shape import StructType
from wwcp_ocpi.registry import VERSIONS

EXAMPLES = SHARED / "examples"

ERROR, WARNING, NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

WRONG: dict[str, dict[str, Severity]] = {
    "*/location_put_example_add_evse.json": {  # an EVSE of the days before 2.0 (defect 27)
        "$.connectors[0].power_type": ERROR,
        "$.connectors[0].max_voltage": ERROR,
        "$.connectors[0].max_amperage": ERROR,
        "$.connectors[0].last_updated": ERROR,
        "$.physical_reference": ERROR,
        "$.floor": NOTE,
    },
    "2.1.1/mod_locations_example_add_an_evse.json": {  # the same
        "$.connectors[0].power_type": ERROR,
        "$.connectors[0].voltage": ERROR,
        "$.connectors[0].amperage": ERROR,
        "$.connectors[0].last_updated": ERROR,
        "$.floor_level": ERROR,
        "$.physical_reference": ERROR,
        "$.last_updated": ERROR,
    },
    "*/tariff_put_example.json": {"$.last_updated": ERROR},  # defect 28
    "2.1.1/mod_tariffs_example_new_tariff_2_euro_per_hour.json": {"$.last_updated": ERROR},  # defect 28
    "2.3.0*/cdr_example.json": {"$.tariffs[0].tax_included": ERROR},  # defect 28
    "*/inline_mod_hub_client_info_example_put_a_new_clientinfo_object.json": {"$.last_updated": ERROR},  # defect 15
    "2.1.1/mod_cdrs_example_of_a_cdr.json": {  # a price as text
        "$.tariffs[0].elements[0].price_components[0].price": ERROR
    },
    "2.1.1/transport_and_format_example_version_information_response_list_of_objects.json": {
        "$.version": WARNING  # a version 1.9
    },
    "2.3.0-bookings/location_example.json": {  # ids where edition 2 has EVSEParking objects (defect 47)
        "$.evses[0].parking[0]": ERROR,
        "$.evses[0].parking[1]": ERROR,
        "$.evses[1].parking[0]": ERROR,
        "$.evses[1].parking[1]": ERROR,
    },
    "2.3.0-bookings/location_example_parking_garage_opening_hours.json": {  # the same
        "$.evses[0].parking[0]": ERROR
    },
    "2.3.0-bookings/booking_example.json": {  # defect 46
        "$.party_id": WARNING,
        "$.booking_tokens[0].party_id": WARNING,
        "$.booking_requests[0].booking_request.party_id": WARNING,
        "$.booking_requests[0].booking_request.booking_location_id": ERROR,
        "$.booking_requests[1].booking_request.party_id": WARNING,
        "$.booking_requests[1].booking_request.booking_location_id": ERROR,
    },
    "2.3.0-bookings/booking_location_example.json": {  # defect 46
        "$.booking_option.evse_position": ERROR,
        "$.booking_option.formats": NOTE,
        "$.calendars[0].end_before": ERROR,
        "$.calendars[0].available_timeslots[0].end_date_time": ERROR,
        "$.calendars[1].end_before": ERROR,
        "$.calendars[1].available_timeslots[0].end_date_time": ERROR,
    },
    "2.3.0-bookings/booking_location_patch_example_calendar.json": {  # defect 46: blanks in names
        "$.available_timeslots[0].start_date_time": ERROR,
        "$.available_timeslots[0].end_date_time": ERROR,
        "$.available_timeslots[0].start_date_time ": NOTE,
        "$.available_timeslots[0].end_date_time ": NOTE,
    },
    "2.3.0-bookings/booking_location_patch_example_terms.json": {  # means to merge, we replace (defect 52)
        "$.booking_terms.supported_access_methods": ERROR,
        "$.booking_terms.change_until_minutes": ERROR,
        "$.booking_terms.cancel_until_minutes": ERROR,
    },
    "2.3.0-bookings/booking_patch_example_evse_uid.json": {"$.evse_uid": NOTE},  # defect 46
    "2.3.0-bookings/booking_request_patch_example_timeslot.json": {  # defect 46
        "$.timeslot": NOTE,
        "$.last_updated": NOTE,
    },
    "2.3.0-bookings/booking_request_patch_example_tokens.json": {"$.last_updated": NOTE},  # defect 46
    "2.3.0-payments/payment_financial_advice_confirmation_example_failure.json": {  # defect 36
        "$.total_costs.before_taxes": ERROR,
        "$.total_costs.excl_vat": NOTE,
        "$.total_costs.incl_vat": NOTE,
        "$.eft_data": ERROR,
    },
    "2.3.0-payments/payment_financial_advice_confirmation_*.json": {  # defect 36
        "$.total_costs.before_taxes": ERROR,
        "$.total_costs.excl_vat": NOTE,
        "$.total_costs.incl_vat": NOTE,
    },
    "2.3.0-payments/payment_terminal_create_minimal.json": {"$.last_updated": ERROR},  # defect 37
    "2.3.0-payments/payment_terminal_put_update.json": {"$.terminal_id": ERROR},  # defect 37
}
"""Every example that is not as specified, with all that is found, and why. The first pattern that fits counts."""

NOT_OF_SHAPE = {
    "2.1.1/mod_sessions_simple_session_example_of_a_just_starting_session.json": "a country of two letters",
    "2.1.1/mod_sessions_simple_session_example_of_a_short_finished_session.json": "a country of two letters",
}
"""Listed as wrong, but right in shape: what is wrong is for rules to find."""


class Example(NamedTuple):
    """A line of the index."""

    file: str
    kind: str
    is_json: bool
    violations: int


class Part(NamedTuple):
    """One object in an example: the bare object, one of a list, what is in an envelope or under a name."""

    cls: StructType
    body: bytes
    partial: bool


def _index() -> list[Example]:
    if not (EXAMPLES / "index.tsv").exists():
        return []
    with (EXAMPLES / "index.tsv").open(encoding="utf-8", newline="") as lines:
        rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [
            Example(row["file"], row["object type"], row["valid JSON"] == "yes", int(row["schema violations"]))
            for row in rows
        ]


INDEX = _index()
NONE = pytest.mark.skipif(not INDEX, reason="the specification's examples are not beside the repository")


def each(examples: list[Example]) -> pytest.MarkDecorator:
    """Parametrizes a test by examples."""
    found = [pytest.param(example, id=example.file) for example in examples]
    return pytest.mark.parametrize("example", found or [pytest.param(None, id="none")])


def _body(example: Example) -> bytes:
    """What the file says; where that is no JSON, its mended copy."""
    name = example.file if example.is_json else example.file.replace(".json", ".fixed.json")
    return (EXAMPLES / name).read_bytes()


def parts(example: Example) -> list[Part]:
    """The objects in an example."""
    return list(_unwrapped(VERSIONS[example.file[:5]].objects, example.kind, _body(example)))


def _unwrapped(objects: Any, kind: str, body: bytes) -> Iterator[Part]:
    if kind.startswith("ResponseFormat"):
        data = envelope.read(body).data
        inner = re.search("<(.*)>", kind)
        if inner is not None:
            assert data is not None
            yield from _unwrapped(objects, inner[1], bytes(data))
    elif named := re.fullmatch(r"\{(\w+): (\w+)\}", kind):
        yield Part(objects[named[2]], bytes(msgspec.json.decode(body, type=dict[str, msgspec.Raw])[named[1]]), False)
    elif kind.endswith("[]"):
        for item in msgspec.json.decode(body, type=list[msgspec.Raw]):
            yield Part(objects[kind[:-2]], bytes(item), False)
    else:
        # A Terminal to activate may lack its id, so it is read by the form in which everything may be absent.
        yield Part(objects[re.split(r"\W", kind)[0]], body, "(" in kind)


def wrong(file: str) -> dict[str, Severity]:
    """All that is wrong with an example, by its path."""
    return next((found for pattern, found in WRONG.items() if fnmatchcase(file, pattern)), {})
