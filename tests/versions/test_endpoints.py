# SPDX-License-Identifier: AGPL-3.0-or-later
"""The endpoint rows of every version against the specification's operations, and against themselves."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tests.rules import rule
from tests.versions import tables
from tests.versions.tables import Row
from wwcp_ocpi.protocol.endpoint import Endpoint, Interface, Module, Operation, Parameter
from wwcp_ocpi.protocol.shape import patch_form
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import OCPIEnum

ALL = pytest.mark.parametrize("version", VERSIONS.values(), ids=list(VERSIONS))

CHOSEN_BY_US = {
    ("cdrs", "GET"): "{country_code}/{party_id}/{cdr_id}",
    ("commands", "POST"): "{command}/{request_id}",
    ("chargingprofiles", "POST"): "results/{request_id}",
}
"""Paths that the specification leaves to who is called: the URL of a CDR, and every response_url."""

FIVE = ("locations", "sessions", "cdrs", "tariffs", "tokens")
OPERATIONS = {"2.1.1": 33, "2.2.1": 42, "2.3.0": 47, "2.3.0-payments": 12, "2.3.0-bookings": 10}


class Op(msgspec.Struct, frozen=True, order=True):
    """One operation on one kind of object, in the form in which both sides are compared."""

    module: str
    interface: str
    method: str
    path: str
    request: str
    response: str
    query: tuple[str, ...]


def _rows(version: Version) -> list[Row]:
    numbers = {number for number in OPERATIONS if number.startswith(version.number)}
    return [row for row in tables.read("endpoints.tsv") if numbers & set(row["versions"].split(","))]


def _expected(version: Version, row: Row) -> Iterator[Op]:
    """A row of the table, one operation for each kind of object that it speaks of."""
    paths = list(_expanded(_path(row)))
    requests = _types(row["request_body"], len(paths))
    responses = _types(row["response_data"], len(paths))
    for path, request, response in zip(paths, requests, responses, strict=True):
        yield Op(
            row["module"],
            _interface(version, row),
            row["method"],
            path,
            request,
            response,
            tuple(sorted(_parameters(row["query"]))),
        )


def _path(row: Row) -> str:
    text = row["path"]
    if "URL from" in text or "response_url" in text:
        return CHOSEN_BY_US[row["module"], row["method"]]
    if text == "{version_details_url}":
        return "{version}"
    return text.partition("/")[2]


def _expanded(path: str) -> Iterator[str]:
    """`a[/b[/c]]` as a, a/b and a/b/c; an optional part is what follows a bracket."""
    parts = path.replace("]", "").split("[")
    return itertools.accumulate(parts)


def _types(text: str, count: int) -> list[str]:
    """The types of a body: one for each path, or several that stand for the one body."""
    text = re.sub(
        r"\b(partial|or|full|incl\. last_updated|final|optional|new token|with TOKEN_C|enum string)\b",
        "",
        text,
    )
    text = re.sub(r"\([^)]*\)|unspecified.*|data omitted.*|[,?\[\]]", "", text)
    names = [name.strip() for name in text.split("|")]
    return names if len(names) == count else [" | ".join(names)] * count


def _parameters(text: str) -> Iterator[str]:
    for part in re.sub(r"\([^)]*\)", "", text).split(","):
        name = re.match(r"\s*(\w+)(\?| REQUIRED)", part)
        if name:
            yield f"{name[1]}{'' if 'REQUIRED' in name[2] else '?'}"


def _interface(version: Version, row: Row) -> str:
    """2.1.1 names the role that implements the interface; its module says which side that is."""
    name = row["interface"].split(" ")[0]
    if name in ("-", "symmetric"):
        return "BOTH"
    if name in ("SENDER", "RECEIVER"):
        return name
    return "SENDER" if name.upper() in version.modules[row["module"]].senders else "RECEIVER"


def _ours(row: Endpoint) -> Op:
    query = tuple(sorted(f"{found.name}{'' if found.required else '?'}" for found in row.query))
    return Op(
        row.module,
        row.interface.value,
        row.method,
        row.path,
        _named(row.request),
        _named(row.response),
        query,
    )


def _named(found: Any) -> str:
    if found is None:
        return ""
    return " | ".join(cls.__name__ for cls in (found if isinstance(found, tuple) else (found,)))


@ALL
def test_rows_are_the_operations_of_the_specification(version: Version) -> None:
    expected = [op for row in _rows(version) for op in _expected(version, row)]
    ours = [_ours(row) for row in version.endpoints if not row.extension]
    assert sorted(ours) == sorted(expected)


def test_the_tables_hold_as_many_operations_as_the_specification() -> None:
    counted = {
        number: sum(number in row["versions"].split(",") for row in tables.read("endpoints.tsv"))
        for number in OPERATIONS
    }
    assert counted == OPERATIONS


@ALL
def test_every_row_of_a_version_answers_to_one_operation_of_the_table(version: Version) -> None:
    expected = sum(count for number, count in OPERATIONS.items() if number.startswith(version.number))
    assert len(_rows(version)) == expected


@ALL
def test_rows_beyond_the_specification_say_so_and_the_others_cite_it(version: Version) -> None:
    assert [row for row in version.endpoints if row.extension is bool(row.spec)] == []


@ALL
def test_extensions_that_read_and_remove_are_those_of_the_five_modules(version: Version) -> None:
    found = {
        (row.module, row.operation, row.interface, row.path)
        for row in version.endpoints
        if row.extension and not row.switch and row.module in FIVE
    }
    party, sender, receiver = "{country_code}/{party_id}", Interface.SENDER, Interface.RECEIVER
    location = f"{party}/{{location_id}}"
    assert found == {
        *((module, Operation.LIST_OF_PARTY, receiver, party) for module in FIVE),
        *((module, Operation.DELETE_OF_PARTY, receiver, party) for module in FIVE),
        ("sessions", Operation.GET, sender, "{session_id}"),
        ("cdrs", Operation.GET, sender, "{cdr_id}"),
        ("tariffs", Operation.GET, sender, "{tariff_id}"),
        ("tokens", Operation.GET, sender, "{token_uid}"),
        ("locations", Operation.DELETE, receiver, location),
        ("locations", Operation.DELETE, receiver, f"{location}/{{evse_uid}}"),
        ("locations", Operation.DELETE, receiver, f"{location}/{{evse_uid}}/{{connector_id}}"),
        ("sessions", Operation.DELETE, receiver, f"{party}/{{session_id}}"),
        ("tokens", Operation.DELETE, receiver, f"{party}/{{token_uid}}"),
    }


@ALL
def test_what_a_strict_partner_does_not_know_has_a_switch(version: Version) -> None:
    found = [(row.switch, row.module, row.operation, row.path) for row in version.endpoints if row.switch]
    assert found == [
        (
            "evse_status",
            "locations",
            Operation.POST_STATUS,
            "{country_code}/{party_id}/{location_id}/{evse_uid}/status",
        ),
        ("web_payment", "commands", Operation.COMMAND, "NOTIFY_WEB_PAYMENT_STARTED"),
        ("web_payment", "commands", Operation.COMMAND, "NOTIFY_WEB_PAYMENT_FAILED"),
    ]
    assert all(row.extension and row.interface is Interface.RECEIVER for row in version.endpoints if row.switch)


@ALL
def test_no_request_fits_two_rows(version: Version) -> None:
    clashes = [
        (one.path, other.path)
        for one, other in itertools.combinations(version.endpoints, 2)
        if (one.module, one.interface, one.method) == (other.module, other.interface, other.method)
        and len(one.segments) == len(other.segments)
        and all(a == b or "{" in a + b for a, b in zip(one.segments, other.segments, strict=True))
    ]
    assert clashes == []


@ALL
def test_paths_are_written_without_slashes_at_the_ends_and_name_no_parameter_twice(version: Version) -> None:
    assert [row.path for row in version.endpoints if row.path != row.path.strip("/") or "//" in row.path] == []
    assert [row.path for row in version.endpoints if len(set(row.params)) != len(row.params)] == []


@ALL
def test_every_module_has_rows_and_every_row_a_module(version: Version) -> None:
    assert {row.module for row in version.endpoints} == set(version.modules)
    assert all(identifier == module.identifier for identifier, module in version.modules.items())


@ALL
def test_a_row_that_reads_or_writes_objects_knows_where_they_are_kept(version: Version) -> None:
    stored = {
        Operation.LIST, Operation.GET, Operation.PUT, Operation.PATCH, Operation.POST, Operation.DELETE,
        Operation.LIST_OF_PARTY, Operation.DELETE_OF_PARTY, Operation.GET_BY_URL,
    }  # fmt: skip
    for row in (row for row in version.endpoints if row.operation in stored):
        resource = version.modules[row.module].resource_of(row)
        assert resource is not None, row
        kinds = [resource.type, *(part.type for part in resource.parts)]
        assert row.object is None or row.object in kinds, row


@ALL
def test_the_ids_of_a_path_lead_as_deep_as_the_object_lies(version: Version) -> None:
    for row in (row for row in version.endpoints if row.operation in (Operation.GET, Operation.PUT, Operation.PATCH)):
        resource = version.modules[row.module].resource_of(row)
        assert resource is not None
        ids = [name for name in row.params if name not in ("country_code", "party_id")]
        kinds = [resource.type, *(part.type for part in resource.parts)]
        depth = len(ids) if resource.id_field == "" else len(ids) - 1
        assert row.object is kinds[depth], row


@ALL
def test_id_fields_and_parts_are_fields_of_their_objects(version: Version) -> None:
    resources = [resource for module in version.modules.values() for resource in module.resources]
    for resource in resources:
        assert resource.id_field in ("", *resource.type.__struct_fields__)
        above = resource.type
        for part in resource.parts:
            assert part.field in above.__struct_fields__
            assert part.id_field in part.type.__struct_fields__
            above = part.type


@ALL
def test_roles_are_those_of_the_version_and_ptp(version: Version) -> None:
    known = {"CPO", "EMSP"}
    if version.facts.endpoints_have_roles:
        known |= {"NAP", "NSP", "OTHER", "SCSP"}
    if "hubclientinfo" in version.modules:
        known.add("HUB")
    if "payments" in version.modules:
        known.add("PTP")
    used = {role for module in version.modules.values() for role in module.roles(Interface.BOTH)}
    assert used == known


@ALL
def test_a_patch_form_is_derived_for_everything_that_can_be_patched(version: Version) -> None:
    patched = [row.request for row in version.endpoints if row.operation is Operation.PATCH]
    assert patched
    for cls in patched:
        form = patch_form(cls)
        assert form.__struct_fields__ == cls.__struct_fields__
        assert all(default is msgspec.UNSET for default in form.__struct_defaults__)


@ALL
def test_query_parameters_have_types_that_the_version_knows(version: Version) -> None:
    package = __import__(f"wwcp_ocpi.v{version.number.replace('.', '_')}", fromlist=["x"])
    for parameter in {parameter for row in version.endpoints for parameter in row.query}:
        found = getattr(package, parameter.type, str)
        assert parameter.type in ("DateTime", "int", "URL", "string") or issubclass(found, OCPIEnum), parameter


@rule("SES-05")
@ALL
def test_only_the_list_of_sessions_wants_to_know_since_when(version: Version) -> None:
    lists = [row for row in version.endpoints if row.operation is Operation.LIST]
    wanting = [row.module for row in lists if any(found.required for found in row.query)]
    assert wanting == ["sessions"]


@rule("TRN-12")
@ALL
def test_every_list_is_paged_and_filtered(version: Version) -> None:
    for row in version.endpoints:
        if row.operation in (Operation.LIST, Operation.LIST_OF_PARTY):
            assert {"date_from", "date_to", "offset", "limit"} <= {found.name for found in row.query}, row


@rule("TRN-07")
@ALL
def test_whatever_can_be_pushed_can_be_pulled(version: Version) -> None:
    for module in version.modules.values():
        pushed = {
            row.object
            for row in version.rows(module.identifier, Interface.RECEIVER)
            if row.operation in (Operation.PUT, Operation.POST)
        }
        rows = version.rows(module.identifier, Interface.SENDER)
        pulled = {row.object for row in rows if row.operation in (Operation.LIST, Operation.GET)}
        # Parts come within the object that they are parts of.
        parts = {part.type for resource in module.resources for part in resource.parts}
        assert pushed - parts <= pulled, module.identifier


@rule("TYP-17")
@ALL
def test_names_of_fields_and_parameters_are_in_lower_case(version: Version) -> None:
    names = {name for row in version.endpoints for name in (*row.params, *(one.name for one in row.query))}
    for number in (number for number in (version.number, f"{version.number}-bookings", f"{version.number}-payments")):
        if (tables.TABLES / f"{number}.objects.tsv").exists():
            names |= {row["field"] for row in tables.read(f"{number}.objects.tsv") if row.get("change") != "removed"}
    assert len(names) > 100
    assert [name for name in sorted(names) if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)] == []


@rule("TRN-36")
@rule("TRN-35")
@ALL
def test_configuration_modules_are_not_routed(version: Version) -> None:
    config = {name for name, module in version.modules.items() if not module.is_functional}
    assert config == {"versions", "credentials", "hubclientinfo"} & set(version.modules)


@rule("TRN-25")
def test_a_row_is_owned_when_its_path_names_the_owner_of_what_it_names() -> None:
    rows = VERSIONS["2.2.1"].endpoints
    owned = {(row.module, row.method) for row in rows if row.is_owned and not row.extension}
    assert owned == {
        ("locations", "GET"), ("locations", "PUT"), ("locations", "PATCH"),
        ("sessions", "GET"), ("sessions", "PUT"), ("sessions", "PATCH"),
        ("cdrs", "GET"),
        ("tariffs", "GET"), ("tariffs", "PUT"), ("tariffs", "DELETE"),
        ("tokens", "GET"), ("tokens", "PUT"), ("tokens", "PATCH"),
    }  # fmt: skip


def test_a_row_knows_its_method_segments_parameters_and_object() -> None:
    row = VERSIONS["2.3.0"].rows("locations", Interface.RECEIVER)[1]
    assert (row.method, row.path, row.segments, row.params) == (
        "GET",
        "{country_code}/{party_id}/{location_id}/{evse_uid}",
        ("{country_code}", "{party_id}", "{location_id}", "{evse_uid}"),
        ("country_code", "party_id", "location_id", "evse_uid"),
    )
    assert row.object is VERSIONS["2.3.0"].objects["EVSE"]
    assert Endpoint("m", Interface.SENDER, Operation.LIST).segments == ()


def test_a_row_of_several_objects_or_of_a_plain_value_has_no_one_object() -> None:
    v = VERSIONS["2.2.1"]
    (results,) = (row for row in v.endpoints if row.operation is Operation.RESULT and row.module == "chargingprofiles")
    assert results.object is None
    (delete,) = (row for row in v.endpoints if row.operation is Operation.DELETE and not row.extension)
    assert delete.object is None


def test_a_module_of_several_kinds_of_objects_tells_them_apart_by_the_path() -> None:
    v = VERSIONS["2.3.0"]
    bookings = v.modules["bookings"]
    found = {
        row.path: resource.name
        for row in v.endpoints
        if row.module == "bookings" and (resource := bookings.resource_of(row))
    }
    assert found == {
        "": "Booking",
        "{country_code}/{party_id}/{booking_id}": "Booking",
        **{
            prefix + path: "BookingLocation"
            for prefix, path in itertools.product(
                ("", "{country_code}/{party_id}/"),
                (
                    "booking_locations/{booking_location_id}",
                    "booking_locations/{booking_location_id}/{calendar_id}",
                ),
            )
        },
        "booking_locations": "BookingLocation",
    }
    assert bookings.resource is not None
    assert bookings.resource.name == "Booking"
    assert v.modules["commands"].resource is None
    assert v.modules["commands"].resource_of(v.rows("commands", Interface.SENDER)[0]) is None


def test_an_object_names_its_owner_or_not() -> None:
    named = {
        number: {resource.name: resource.names_owner for module in v.modules.values() for resource in module.resources}
        for number, v in VERSIONS.items()
    }
    assert named["2.1.1"] == {
        "Location": False,
        "Session": False,
        "CDR": False,
        "Tariff": False,
        "Token": False,
    }
    assert all(named["2.2.1"].values())
    assert {name for name, yes in named["2.3.0"].items() if not yes} == {"FinancialAdviceConfirmation", "Terminal"}


def test_roles_of_a_module_are_those_of_the_side_or_of_both() -> None:
    module = Module("m", frozenset({"A"}), frozenset({"B"}))
    assert module.roles(Interface.SENDER) == {"A"}
    assert module.roles(Interface.RECEIVER) == {"B"}
    assert module.roles(Interface.BOTH) == {"A", "B"}


def test_a_parameter_is_an_optional_text_unless_it_says_more() -> None:
    assert Parameter("x") == Parameter("x", "string", False, None)
