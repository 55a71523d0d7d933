# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who is let in, what is there, and how every refusal looks."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.objects import location
from tests.platforms import ALL_VERSIONS, CPO, EMSP, Caller, MemoryNet, envelope_of, platform
from tests.rules import rule
from tests.versions import tables
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import Access, Partner, PartnerParty, Purpose
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.protocol.http import Request
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId, Secret
from wwcp_ocpi.security import Vault
from wwcp_ocpi.server import OwnParty, ServerSettings
from wwcp_ocpi.store.memory import MemoryStore

TOKEN = Secret("emsp-token")
PARTIES = (PartnerParty(id=EMSP, role="EMSP", name="EMP"),)


def access(made: Platform, token: str, **more: Any) -> Access:
    return Access(hash=made.book._vault.hash_of(token), **{"purpose": Purpose.ACCESS, **more})


async def sender(role: str = "CPO", **more: Any) -> tuple[Platform, Caller]:
    """A CPO with one registered eMSP, and that eMSP's calls."""
    made = platform(MemoryNet(), "cpo.example", CPO, role)

    def edit(known: Partner) -> Partner:
        return replace(known, **{"access": (access(made, TOKEN.reveal()),), "parties": PARTIES, **more})

    await made.book.change("emsp", edit)
    return made, Caller(made, TOKEN)


@rule("TRN-05")
@pytest.mark.parametrize(
    "header", [None, "", "Token", "Basic eDp5", "Token bm9ib2R5", "Token nobody", "Token " + "x" * 9999]
)
async def test_without_a_known_token_everything_is_401(header: str | None) -> None:
    made, _ = await sender()
    for path in ("/ocpi/versions", "/ocpi/2.2.1", "/ocpi/2.2.1/sender/locations", "/ocpi/nothing"):
        response = await made.server.handle(
            Request(method="GET", url=path, headers={} if header is None else {"authorization": header})
        )
        assert (response.status, envelope_of(response)["status_code"]) == (401, 2000)
        assert response.headers["www-authenticate"] == "Token"


@rule("TRN-02")
@rule("TRN-03")
@pytest.mark.parametrize(
    ("form", "accepted"), [("either", {"raw", "base64"}), ("raw", {"raw"}), ("base64", {"base64"})]
)
async def test_a_token_is_accepted_in_the_forms_that_it_may_have(form: str, accepted: set[str]) -> None:
    made, _ = await sender()
    await made.book.change(
        "emsp", lambda known: replace(known, access=(access(made, TOKEN.reveal(), form=TokenForm(form)),))
    )
    for shown in (TokenForm.RAW, TokenForm.BASE64):
        response = await Caller(made, TOKEN, shown)("GET", "/ocpi/versions")
        assert response.status == (200 if shown.value in accepted else 401)


async def test_a_token_with_a_newline_inside_its_base64_is_accepted() -> None:
    made, _ = await sender()
    header = "Token " + base64.b64encode(b"emsp-token\n").decode()
    response = await made.server.handle(Request(method="GET", url="/ocpi/versions", headers={"authorization": header}))
    assert response.status == 200


async def test_a_blocked_partner_is_401() -> None:
    made, call = await sender()
    await made.book.change("emsp", lambda known: replace(known, blocked=True))
    assert (await call("GET", "/ocpi/versions")).status == 401


@rule("TRN-06")
@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_an_invitation_opens_versions_and_credentials_only(version: str) -> None:
    made, _ = await sender()
    invited = Caller(made, await made.registration.invite("new"))
    assert (await invited("GET", "/ocpi/versions")).status == 200
    assert (await invited("GET", f"/ocpi/{version}")).status == 200
    assert (await invited("GET", f"/ocpi/{version}/credentials")).status == 200
    for method in ("GET", "OPTIONS"):
        assert (await invited(method, f"/ocpi/{version}/sender/locations")).status == 401


@rule("VER-01")
async def test_versions_are_those_that_are_switched_on() -> None:
    _, call = await sender()
    assert envelope_of(await call("GET", "/ocpi/versions"))["data"] == [
        {"version": version, "url": f"https://cpo.example/ocpi/{version}"} for version in ALL_VERSIONS
    ]


@rule("VER-02")
@rule("VER-06")
async def test_version_details_show_a_role_what_it_may_call() -> None:
    _, call = await sender()
    assert envelope_of(await call("GET", "/ocpi/2.2.1"))["data"] == {
        "version": "2.2.1",
        "endpoints": [
            {"identifier": "credentials", "role": "SENDER", "url": "https://cpo.example/ocpi/2.2.1/credentials"},
            {"identifier": "locations", "role": "SENDER", "url": "https://cpo.example/ocpi/2.2.1/sender/locations"},
        ],
    }
    assert envelope_of(await call("GET", "/ocpi/2.1.1"))["data"]["endpoints"] == [
        {"identifier": "credentials", "url": "https://cpo.example/ocpi/2.1.1/credentials"},
        {"identifier": "locations", "url": "https://cpo.example/ocpi/2.1.1/sender/locations"},
    ]


@rule("VER-04")
@rule("VER-07")
@rule("TRN-57")
@rule("CRD-07")
@pytest.mark.parametrize("version", ALL_VERSIONS)
@pytest.mark.parametrize("modules", [frozenset[str](), frozenset(VERSIONS["2.3.0"].modules)])
async def test_credentials_are_always_offered_and_nothing_that_the_specification_has_not(
    version: str, modules: frozenset[str]
) -> None:
    known = {row["module"] for row in tables.read("endpoints.tsv") if version in row["versions"]}
    for party, role in ((CPO, "CPO"), (EMSP, "EMSP")):
        made = platform(MemoryNet(), "here.example", party, role, modules=modules)
        invited = Caller(made, await made.registration.invite("new"))
        endpoints = envelope_of(await invited("GET", f"/ocpi/{version}"))["data"]["endpoints"]
        assert endpoints[0]["identifier"] == "credentials"
        assert {entry["identifier"] for entry in endpoints} <= known
        assert modules or len(endpoints) == 1
        for entry in endpoints:
            assert entry["url"].startswith(f"https://here.example/ocpi/{version}/")


@rule("VER-08")
@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_one_platform_serves_the_sides_of_all_its_roles(version: str) -> None:
    parties = (OwnParty(id=CPO, role="CPO", name="GEF"), OwnParty(id=EMSP, role="EMSP", name="EMP"))
    settings = ServerSettings(base_url="https://here.example", parties=parties, versions=ALL_VERSIONS)
    made = Platform(settings, MemoryStore(), Vault(b"k" * 32), MemoryNet())
    invited = Caller(made, await made.registration.invite("new"))
    endpoints = envelope_of(await invited("GET", f"/ocpi/{version}"))["data"]["endpoints"]
    urls = [entry["url"] for entry in endpoints if entry["identifier"] == "locations"]
    assert urls == [f"https://here.example/ocpi/{version}/{side}/locations" for side in ("sender", "receiver")]


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_a_token_bound_to_a_role_sees_and_calls_only_that_side(version: str) -> None:
    made, _ = await sender(role="NAP")
    parties = (PartnerParty(id=EMSP, role="EMSP", name="x"), PartnerParty(id=EMSP, role="CPO", name="x"))
    tokens = (access(made, "as-emsp", roles=("EMSP",)), access(made, "as-cpo", roles=("CPO",)))
    await made.book.change("emsp", lambda known: replace(known, access=tokens, parties=parties))
    facts = next(known.facts for known in made.server.versions if known.number == version)
    if facts.endpoints_have_roles:
        as_emsp, as_cpo = Caller(made, Secret("as-emsp")), Caller(made, Secret("as-cpo"))
        for call, side in ((as_emsp, "SENDER"), (as_cpo, "RECEIVER")):
            offered = envelope_of(await call("GET", f"/ocpi/{version}"))["data"]["endpoints"]
            assert [entry["role"] for entry in offered if entry["identifier"] == "locations"] == [side]
        assert (await as_emsp("GET", f"/ocpi/{version}/sender/locations")).status == 200
        assert (await as_cpo("GET", f"/ocpi/{version}/sender/locations")).status == 403
        assert (await as_emsp("GET", f"/ocpi/{version}/receiver/locations/NL/EMP")).status == 403
    else:
        assert (await Caller(made, Secret("as-emsp"))("GET", f"/ocpi/{version}/sender/locations")).status == 404


@rule("STC-05")
@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/", 404, "no such path: /"),
        ("GET", "/ocpi", 404, "no such path: /ocpi"),
        ("GET", "/ocpi/2.0", 404, "no such path: /ocpi/2.0"),
        ("GET", "/ocpi/2.2.1/sender/tariffs", 404, "no such path: /ocpi/2.2.1/sender/tariffs"),
        (
            "GET",
            "/ocpi/2.2.1/receiver/locations/DE/GEF/L",
            404,
            "no such path: /ocpi/2.2.1/receiver/locations/DE/GEF/L",
        ),
        ("GET", "/ocpi/2.2.1/sender/locations/a/b/c/d", 404, "no such path: /ocpi/2.2.1/sender/locations/a/b/c/d"),
        ("GET", "/ocpi/2.2.1/sender/locations//b", 404, "no such path: /ocpi/2.2.1/sender/locations//b"),
        ("POST", "/ocpi/2.2.1/sender/locations", 405, "POST is not defined here, only GET"),
        ("BREW", "/ocpi/versions", 405, "BREW is not defined here, only GET"),
        ("PATCH", "/ocpi/2.2.1/credentials", 405, "PATCH is not defined here, only DELETE, GET, POST, PUT"),
    ],
)
async def test_unknown_paths_and_methods_are_named(method: str, path: str, status: int, message: str) -> None:
    _, call = await sender()
    response = await call(method, path)
    assert (response.status, envelope_of(response)["status_message"]) == (status, message)
    if status == 405:
        assert response.headers["allow"] == message.partition("only ")[2]


async def test_options_tells_what_a_path_can_be_asked() -> None:
    made, call = await sender()
    response = await call("OPTIONS", "/ocpi/2.2.1/credentials")
    assert (response.status, response.body) == (204, b"")
    assert response.headers["allow"] == "DELETE, GET, POST, PUT, OPTIONS"
    assert (await call("OPTIONS", "/ocpi/nothing")).status == 404
    unknown = await made.server.handle(Request(method="OPTIONS", url="/ocpi/2.2.1/credentials"))
    assert unknown.status == 401


async def test_a_slash_at_the_end_is_forgiven() -> None:
    _, call = await sender()
    assert (await call("GET", "/ocpi/2.2.1/sender/locations/")).status == 200


@rule("TRN-37")
@rule("TRN-52")
@rule("TRN-53")
async def test_ids_come_back_and_parties_change_places() -> None:
    _, call = await sender()
    sent = {
        "x-request-id": "r-1",
        "x-correlation-id": "c-1",
        "ocpi-to-country-code": "DE",
        "ocpi-to-party-id": "GEF",
        "ocpi-from-country-code": "NL",
        "ocpi-from-party-id": "EMP",
    }
    response = await call("GET", "/ocpi/2.2.1/sender/locations", headers=sent)
    assert response.status == 200
    assert {name: response.headers[name] for name in sent} == {
        "x-request-id": "r-1",
        "x-correlation-id": "c-1",
        "ocpi-to-country-code": "NL",
        "ocpi-to-party-id": "EMP",
        "ocpi-from-country-code": "DE",
        "ocpi-from-party-id": "GEF",
    }


@pytest.mark.parametrize(
    ("headers", "status", "message"),
    [
        ({"ocpi-from-country-code": "FR", "ocpi-from-party-id": "ABC"}, 403, "FR*ABC is not a party of this partner"),
        ({"ocpi-to-country-code": "FR", "ocpi-to-party-id": "ABC"}, 404, "FR*ABC is not a party of this platform"),
        ({"ocpi-to-country-code": "F"}, 200, "expected a party like"),
    ],
)
async def test_headers_that_name_the_wrong_parties_are_refused(
    headers: dict[str, str], status: int, message: str
) -> None:
    _, call = await sender()
    response = await call("GET", "/ocpi/2.2.1/sender/locations", headers=headers)
    assert (response.status, envelope_of(response)["status_code"]) == (status, 2001)
    assert message in envelope_of(response)["status_message"]


async def test_routing_headers_mean_nothing_in_a_version_without_routing() -> None:
    _, call = await sender()
    headers = {"ocpi-from-country-code": "FR", "ocpi-from-party-id": "ABC"}
    assert (await call("GET", "/ocpi/2.1.1/sender/locations", headers=headers)).status == 200


@rule("STC-05")
@pytest.mark.parametrize("version", ALL_VERSIONS)
@pytest.mark.parametrize(
    ("body", "kind", "status", "says"),
    [
        (b"{", "application/json", 400, "$"),
        (b"", "application/json", 400, "$: expected a JSON body, got none"),
        (b"[]", "application/json", 200, "$"),
        (b'"x"', "application/json", 200, "$"),
        (b"\xff\xfe{}", "application/json", 400, "$"),
        (b"{}", "text/xml", 415, "content-type: expected application/json, got 'text/xml'"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, "application/json", 413, "$: nested too deep"),
        (b"{}", "application/json; charset=utf-8", 200, "locations/LOC1: $."),
    ],
)
async def test_bodies_that_are_no_objects_get_the_right_status(
    version: str, body: bytes, kind: str, status: int, says: str
) -> None:
    _, call = await sender(role="EMSP", parties=(PartnerParty(id=CPO, role="CPO", name="x"),))
    path = f"/ocpi/{version}/receiver/locations/DE/GEF/LOC1"
    for method in ("PUT", "PATCH"):
        response = await call(method, path, body or None, {"content-type": kind})
        found = envelope_of(response)
        if method == "PUT" or status != 200:
            assert (response.status, found["status_code"]) == (status, 2001)
            assert says in found["status_message"]
        assert found["status_code"] >= 2000
    assert (await call("GET", path)).status == 404


@rule("STC-05")
async def test_a_defect_of_ours_is_3000_without_details(monkeypatch: pytest.MonkeyPatch) -> None:
    made, call = await sender()

    async def broken(request: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(made.store, "page", broken)
    response = await call("GET", "/ocpi/2.2.1/sender/locations")
    assert (response.status, envelope_of(response)) == (
        500,
        {"status_code": 3000, "status_message": "internal error"},
    )


def test_a_version_that_nobody_speaks_is_refused_at_the_start() -> None:
    with pytest.raises(UsageError, match=r"9\.9"):
        platform(MemoryNet(), "x.example", CPO, "CPO", versions=("9.9",))


async def test_ids_with_slashes_and_blanks_are_found() -> None:
    _, call = await sender(role="EMSP", parties=(PartnerParty(id=CPO, role="CPO", name="x"),))
    body = location("2.2.1", "a/b c")
    path = "/ocpi/2.2.1/receiver/locations/DE/GEF/a%2Fb%20c"
    assert (await call("PUT", path, body)).status == 201
    assert envelope_of(await call("GET", path))["data"] == body


@rule("TRN-40")
@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_a_broadcast_is_answered_to_the_hub_and_not_to_the_owner(version: str) -> None:
    hub, owner = PartyId("DE", "HUB"), PartyId("FR", "ABC")
    parties = (PartnerParty(id=hub, role="HUB", name="x"), PartnerParty(id=CPO, role="CPO", name="x"))
    _, call = await sender(role="EMSP", parties=parties, hub=hub)
    headers = {
        "ocpi-from-country-code": "DE",
        "ocpi-from-party-id": "HUB",
        "ocpi-to-country-code": CPO.country_code,
        "ocpi-to-party-id": CPO.party_id,
    }
    body = location(version, owner=owner)
    response = await call("PUT", f"/ocpi/{version}/receiver/locations/FR/ABC/LOC1", body, headers)
    assert response.status == 201
    assert (response.headers["ocpi-to-country-code"], response.headers["ocpi-to-party-id"]) == hub
    assert (response.headers["ocpi-from-country-code"], response.headers["ocpi-from-party-id"]) == CPO


async def test_a_hub_may_send_for_others() -> None:
    other = PartyId("FR", "ABC")
    _, call = await sender(role="EMSP", parties=(PartnerParty(id=CPO, role="CPO", name="x"),), hub=CPO)
    path = f"/ocpi/2.2.1/receiver/locations/{other.country_code}/{other.party_id}/LOC1"
    assert (await call("PUT", path, location("2.2.1", owner=other))).status == 201
    assert json.loads((await call("GET", path)).body)["data"]["party_id"] == "ABC"
