# SPDX-License-Identifier: AGPL-3.0-or-later
"""The OpenAPI document says what the server does: every route, nothing else, and no reference into nowhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.objects import location
from tests.platforms import ALL_VERSIONS, CPO, EMSP, MemoryNet, platform
from wwcp_ocpi.protocol.endpoint import Interface, Operation
from wwcp_ocpi.server import Server
from wwcp_ocpi.server.dispatch import BEHAVIOURS
from wwcp_ocpi.server.extensions import EXTENSIONS
from wwcp_ocpi.server.openapi import openapi

MODULES = frozenset(
    {
        "locations",
        "tariffs",
        "tokens",
        "sessions",
        "cdrs",
        "commands",
        "chargingprofiles",
        "bookings",
        "payments",
        "invoicereconciliation",
        "hubclientinfo",
    }
)
ROLES = ["CPO", "EMSP", "PTP", "HUB"]


def server(role: str = "EMSP", **settings: Any) -> Server:
    party = CPO if role == "CPO" else EMSP
    return platform(MemoryNet(), "here.example", party, role, **{"modules": MODULES, **settings}).server


def every(value: object) -> Iterator[dict[str, Any]]:
    """Every JSON object in a document."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from every(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from every(inner)


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {(method.upper(), path): one for path, item in document["paths"].items() for method, one in item.items()}


def schema(document: dict[str, Any], name: str) -> dict[str, Any]:
    return dict(document["components"]["schemas"][name])


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("versions", [ALL_VERSIONS, ("2.2.1",)])
@pytest.mark.parametrize("modules", [MODULES, frozenset({"tariffs"}), frozenset()])
@pytest.mark.parametrize("extensions", [EXTENSIONS, frozenset({"get"}), frozenset({"evse_status"}), frozenset()])
def test_what_is_served_is_described_and_nothing_else(
    role: str, versions: tuple[str, ...], modules: frozenset[str], extensions: frozenset[str]
) -> None:
    made = server(role, versions=versions, modules=modules, extensions=extensions)
    served = {
        (row.method, version.number, row.module, row.interface, row.path)
        for version in made.versions
        for row in version.endpoints
        if row.operation in BEHAVIOURS
        if row.interface is Interface.BOTH or (row.module, row.interface) in made.served(version)
        if not row.extension or row.extension_name in extensions
    }
    described = operations(openapi(made))
    for (method, path), one in described.items():
        asked = re.sub(r"\{\w+\}", "x", path)
        route = made.router.find(method, asked).route
        assert "/" + "/".join(route.segments) == path
        row = route.endpoint
        assert (row.method, route.version.number, row.module, row.interface, row.path) in served
        assert one["tags"] == [row.module]
        assert one.get("x-extension", False) is row.extension
    # One list of versions stands for all of them.
    assert len(described) == len({at for at in served if at[2] != "versions" or at[4]}) + 1
    assert len({one["operationId"] for one in described.values()}) == len(described)


@pytest.mark.parametrize("role", ROLES)
def test_every_reference_leads_somewhere_and_every_component_is_used(role: str) -> None:
    document = openapi(server(role, extensions=EXTENSIONS))
    assert json.loads(json.dumps(document)) == document
    references = {one["$ref"] for one in every(document) if "$ref" in one}
    for reference in references:
        _, components, kind, name = reference.split("/")
        assert name in document[components][kind]
    unused = {
        f"#/components/{kind}/{name}"
        for kind in ("schemas", "responses")
        for name in document["components"][kind]
        if f"#/components/{kind}/{name}" not in references
    }
    assert unused <= {f"#/components/responses/{name}" for name in ("Malformed", "TooLarge", "WrongContentType")}


@pytest.mark.parametrize("role", ROLES)
def test_the_names_in_a_path_are_its_parameters(role: str) -> None:
    for (_, path), one in operations(openapi(server(role, extensions=EXTENSIONS))).items():
        named = [known["name"] for known in one["parameters"] if known.get("in") == "path"]
        assert named == re.findall(r"\{(\w+)\}", path)
        keys = [json.dumps(known, sort_keys=True) for known in one["parameters"]]
        assert len(set(keys)) == len(keys)


def test_a_list_tells_of_its_pages_and_a_post_of_its_url() -> None:
    cpo, emsp = operations(openapi(server("CPO"))), operations(openapi(server("EMSP")))
    listed = cpo["GET", "/ocpi/2.2.1/sender/sessions"]
    assert {"Link", "X-Total-Count", "X-Limit", "X-Request-ID"} <= set(listed["responses"]["200"]["headers"])
    required = {one["name"]: one["required"] for one in listed["parameters"] if one.get("in") == "query"}
    assert required == {"date_from": True} | dict.fromkeys(
        ("date_to", "offset", "limit", "match", "with_extensions"), False
    )
    assert "X-Filtered-Count" in listed["responses"]["200"]["headers"]
    posted = emsp["POST", "/ocpi/2.1.1/receiver/cdrs"]
    assert set(posted["responses"]) == {"200", "201", "400", "401", "403", "413", "415", "429"}
    assert "Location" in posted["responses"]["201"]["headers"]
    assert "X-Request-ID" not in posted["responses"]["201"]["headers"]
    patched = emsp["PATCH", "/ocpi/2.2.1/receiver/locations/{country_code}/{party_id}/{location_id}"]
    assert {"404", "412"} <= set(patched["responses"])
    extended = operations(openapi(server("EMSP", extensions=EXTENSIONS)))
    status = extended[
        "POST", "/ocpi/2.2.1/receiver/locations/{country_code}/{party_id}/{location_id}/{evse_uid}/status"
    ]
    assert set(status["responses"]) == {"200", "400", "401", "403", "404", "412", "413", "415", "429"}
    read = emsp["GET", "/ocpi/2.2.1/receiver/locations/{country_code}/{party_id}/{location_id}"]
    assert "304" in read["responses"]
    assert "405" in emsp["POST", "/ocpi/2.2.1/credentials"]["responses"]


@pytest.mark.parametrize("version", ALL_VERSIONS)
def test_a_schema_has_the_fields_of_the_object(version: str) -> None:
    document = openapi(server(versions=(version,)))
    prefix = f"v{version.replace('.', '_')}"
    made = schema(document, f"{prefix}.Location")
    assert set(location(version)) <= set(made["properties"])
    assert "last_updated" in made["required"]
    assert made["properties"]["last_updated"] == {"$ref": "#/components/schemas/DateTime"}
    assert made["properties"]["city"] == {"type": "string", "maxLength": 45}
    assert made["properties"]["evses"]["type"] == ["array", "null"]
    patch = schema(document, f"{prefix}.LocationPatch")
    assert patch.get("required") == (None if version == "2.1.1" else ["last_updated"])
    assert patch["properties"] == made["properties"]


def test_closed_enums_are_lists_and_open_ones_examples() -> None:
    document = openapi(server())
    assert "IEC_62196_T2" in schema(document, "v2_2_1.ConnectorType")["enum"]
    assert "IEC_62196_T2" in schema(document, "v2_3_0.ConnectorType")["examples"]
    assert "enum" not in schema(document, "v2_3_0.ConnectorType")


def test_the_query_of_a_token_names_its_type() -> None:
    one = operations(openapi(server("CPO")))["GET", "/ocpi/2.2.1/receiver/tokens/{country_code}/{party_id}/{token_uid}"]
    asked = next(known for known in one["parameters"] if known.get("in") == "query")
    assert asked["schema"] == {"allOf": [{"$ref": "#/components/schemas/v2_2_1.TokenType"}], "default": "RFID"}


def test_the_query_of_a_profile_names_its_duration_and_where_the_result_goes() -> None:
    document = openapi(server("CPO"))
    path = "/ocpi/2.3.0/receiver/chargingprofiles/{session_id}"
    asked = {
        method: {known["name"]: known["schema"] for known in one["parameters"] if known.get("in") == "query"}
        for (method, at), one in operations(document).items()
        if at == path
    }
    url = {"type": "string", "format": "uri"}
    duration = {"type": "integer", "minimum": 1}
    assert asked == {"GET": {"duration": duration, "response_url": url}, "DELETE": {"response_url": url}, "PUT": {}}
    posted = operations(openapi(server("EMSP")))["POST", "/ocpi/2.3.0/sender/chargingprofiles/results/{request_id}"]
    schemas = posted["requestBody"]["content"]["application/json"]["schema"]["anyOf"]
    names = ["ActiveChargingProfileResult", "ChargingProfileResult", "ClearProfileResult"]
    assert schemas == [{"$ref": f"#/components/schemas/v2_3_0.{name}"} for name in names]
    assert (
        "404"
        in operations(document)["PUT", "/ocpi/2.3.0/sender/sessions/{session_id}/charging_preferences"]["responses"]
    )


def test_the_list_of_versions_is_that_of_the_latest() -> None:
    one = operations(openapi(server()))["GET", "/ocpi/versions"]
    data = one["responses"]["200"]["content"]["application/json"]["schema"]["allOf"][1]["properties"]["data"]
    assert data == {"type": "array", "items": {"$ref": "#/components/schemas/v2_3_0.Version"}}
    assert Operation.VERSIONS.value[0] == one["operationId"]


def test_the_parameters_of_extensions_are_described_where_they_are_offered() -> None:
    def named(**settings: Any) -> dict[str, dict[str, Any]]:
        one = operations(openapi(server("CPO", **settings)))["GET", "/ocpi/2.2.1/sender/tariffs"]
        return {known["name"]: known["schema"] for known in one["parameters"] if known.get("in") == "query"}

    assert named() == {
        "date_from": {"$ref": "#/components/schemas/DateTime"},
        "date_to": {"$ref": "#/components/schemas/DateTime"},
        "offset": {"type": "integer", "minimum": 0},
        "limit": {"type": "integer", "minimum": 0},
        "match": {"type": "string", "maxLength": 100},
        "with_extensions": {"type": "boolean"},
        "timestamp": {"$ref": "#/components/schemas/DateTime"},
        "tolerance": {"type": "integer", "minimum": 0},
    }
    assert set(named(extensions=frozenset())) == {"date_from", "date_to", "offset", "limit"}
    parts = operations(openapi(server("CPO")))["GET", "/ocpi/2.2.1/sender/locations/{location_id}/{evse_uid}"]
    assert [known["name"] for known in parts["parameters"] if known.get("in") == "query"] == []


def test_what_is_open_says_that_it_needs_no_token() -> None:
    made = operations(openapi(server(open_versions=True)))
    is_open = {path for (_, path), one in made.items() if {} in one.get("security", [])}
    assert is_open == {"/ocpi/versions", *(f"/ocpi/{version}" for version in ALL_VERSIONS)}
    assert all("security" not in one for one in operations(openapi(server())).values())


def test_open_data_say_so_too_at_each_row_that_reads_them() -> None:
    asked = {"modules": frozenset({"locations", "tariffs", "sessions"}), "open_locations": True, "open_tariffs": True}
    made = operations(openapi(server("CPO", **asked)))
    is_open = {key for key, one in made.items() if {} in one.get("security", [])}
    parts = (
        "locations",
        "locations/{location_id}",
        "locations/{location_id}/{evse_uid}",
        "tariffs",
        "tariffs/{tariff_id}",
    )
    below = (*parts, "locations/{location_id}/{evse_uid}/{connector_id}")
    assert is_open == {("GET", "/ocpi/versions")} | {
        ("GET", path)
        for version in ALL_VERSIONS
        for path in (f"/ocpi/{version}", *(f"/ocpi/{version}/sender/{part}" for part in below))
    }
    assert all(one["security"][1:] for one in made.values() if "security" in one), "a token does no harm"


def test_every_way_in_is_told_and_none_that_is_not_there() -> None:
    document = openapi(server())
    schemes = document["components"]["securitySchemes"]
    assert {(one["type"], one.get("name") or one.get("scheme")) for one in schemes.values()} == {
        ("apiKey", "Authorization"),
        ("apiKey", "TOTP"),
        ("http", "TOTP"),
        ("http", "basic"),
        ("mutualTLS", None),
    }
    named = {name for one in document["security"] for name in one}
    assert named == set(schemes)
    assert {} not in document["security"]


def test_the_forms_of_a_terminal_ask_for_what_each_row_needs() -> None:
    document = openapi(server("PTP", versions=("2.3.0",)))
    base = "/ocpi/2.3.0/sender/payments/terminals"
    ptp = operations(document)
    for method, path in (
        ("POST", f"{base}/activate"),
        ("PUT", f"{base}/{{terminal_id}}"),
        ("PATCH", f"{base}/{{terminal_id}}"),
    ):
        one = ptp[method, path]
        assert one["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("v2_3_0.TerminalPatch")
        assert "201" not in one["responses"], "a CPO makes no Terminal"
        assert "404" in one["responses"]
    assert "required" not in schema(document, "v2_3_0.TerminalPatch")
    assert "requestBody" not in ptp["POST", f"{base}/{{terminal_id}}/deactivate"]
    document = openapi(server("CPO", versions=("2.3.0",)))
    posted = operations(document)["POST", "/ocpi/2.3.0/receiver/payments/terminals"]
    assert posted["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("v2_3_0.TerminalUndated")
    assert schema(document, "v2_3_0.TerminalUndated")["required"] == ["terminal_id"]
    assert schema(document, "v2_3_0.Terminal")["required"] == ["terminal_id", "last_updated"]
