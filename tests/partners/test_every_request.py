# SPDX-License-Identifier: AGPL-3.0-or-later
"""All that two platforms ever say to each other, from the invitation to the end: what holds for every request."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from tests.commanding import ACCEPTED, START, Operator, fields, rest
from tests.objects import NEW, cdr, location, session, tariff, token
from tests.platforms import ALL_VERSIONS, CPO, EMSP, MemoryNet, platform, register
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.server.decisions import CommandOutcome

MODULES = frozenset({"locations", "tariffs", "tokens", "sessions", "cdrs", "commands"})
TO, FROM = ("ocpi-to-country-code", "ocpi-to-party-id"), ("ocpi-from-country-code", "ocpi-from-party-id")
pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


class Exchange(NamedTuple):
    """A request, whose host is that of the party asked, and its answer."""

    request: Request
    response: Response

    @property
    def is_functional(self) -> bool:
        return "/sender/" in self.request.path or "/receiver/" in self.request.path

    @property
    def parties(self) -> tuple[PartyId, PartyId]:
        """Who asks, and who is asked."""
        return (EMSP, CPO) if "cpo.example" in self.request.url else (CPO, EMSP)


def own(body: dict[str, Any], owner: PartyId, **more: Any) -> OwnObject:
    moment = DateTime.parse(body["last_updated"]).micros
    raw = json.dumps(body).encode()
    return OwnObject(owner=owner, id=body.get("id") or body["uid"], last_updated=moment, body=raw, **more)


async def deliver(*platforms: Platform) -> None:
    for made in platforms:
        while await made.courier.round():
            pass


async def everything(version: str) -> list[Exchange]:
    """What is said from the invitation to the end."""
    net, said = MemoryNet(), list[Exchange]()
    cpo = platform(net, "cpo.example", CPO, "CPO", modules=MODULES)
    emsp = platform(net, "emsp.example", EMSP, "EMSP", modules=MODULES)
    for host, made in (("cpo.example", cpo), ("emsp.example", emsp)):
        net.hosts[host] = _listening(made, host, said)
    cpo.server.commander = operator = Operator(ACCEPTED)
    known = VERSIONS[version]
    await register(cpo, emsp, (version,))
    await emsp.publisher.publish(known, "tokens", [own(token(version), EMSP, qualifier="RFID")])
    await cpo.publisher.publish(known, "locations", [own(location(version), CPO)])
    await cpo.publisher.publish(known, "tariffs", [own(tariff(version), CPO)])
    await cpo.publisher.publish(known, "sessions", [own(session(version), CPO, concerns=EMSP)])
    await cpo.publisher.publish(known, "cdrs", [own(cdr(version), CPO, concerns=EMSP)])
    await deliver(cpo, emsp)
    later = {"last_updated": DateTime.parse(NEW)}
    await cpo.publisher.change(known, "locations", CPO, ["LOC1", "E1"], {"status": "CHARGING", **later})
    await cpo.publisher.change(known, "locations", CPO, ["LOC1", "E1", "1"], {"format": "CABLE", **later})
    await cpo.publisher.change(known, "sessions", CPO, ["S1"], {"kwh": 2, **later})
    await emsp.publisher.change(known, "tokens", EMSP, ["012345678"], {"valid": False, **later}, qualifier="RFID")
    await cpo.publisher.withdraw(known, "tariffs", CPO, "T1")
    await deliver(cpo, emsp)
    for module in ("locations", "tariffs", "sessions", "cdrs"):
        await emsp.pull("cpo.example", module)
    await cpo.pull("emsp.example", "tokens")
    await cpo.peer("emsp.example").authorize("012345678")
    await emsp.commands.send("cpo.example", START, fields(version, START))
    await operator.reports[0](CommandOutcome(result="ACCEPTED"))
    await rest()
    await emsp.registration.renew("cpo.example", versions=(version,))
    await cpo.publisher.publish(known, "locations", [own(location(version, "LOC2"), CPO)])
    await emsp.registration.leave("cpo.example")
    await cpo.publisher.publish(known, "locations", [own(location(version, "LOC3"), CPO)])
    await deliver(cpo, emsp)
    await cpo.desk.stop()
    assert {one.request.method for one in said} == {"GET", "PUT", "PATCH", "POST", "DELETE"}
    assert all(one.response.status in (200, 201) for one in said)
    return said


def _listening(made: Platform, host: str, said: list[Exchange]) -> Any:
    async def handle(request: Request) -> Response:
        response = await made.server.handle(request)
        whole = Request(
            method=request.method, url=f"https://{host}{request.url}", headers=request.headers, body=request.body
        )
        said.append(Exchange(whole, response))
        return response

    return handle


@rule("TRN-01")
@rule("CRD-01")
async def test_every_request_carries_a_credentials_token(version: str) -> None:
    said = await everything(version)
    tokens = [one.request.headers["authorization"] for one in said]
    assert all(header.startswith("Token ") for header in tokens)
    assert len(set(tokens)) == 5, "the invitation, and one of each side before and after the renewal"


@rule("CRD-05")
@rule("CRD-06")
@rule("CRD-16")
async def test_an_invitation_is_shown_until_it_was_used_and_never_again(version: str) -> None:
    said = [one.request for one in await everything(version) if "cpo.example" in one.request.url]
    (registered,) = (at for at, one in enumerate(said) if one.method == "POST" and one.path.endswith("/credentials"))
    before, after = (
        {one.headers["authorization"] for one in part} for part in (said[: registered + 1], said[registered + 1 :])
    )
    assert len(before) == 1
    assert before.isdisjoint(after)


@rule("CRD-21")
async def test_after_the_end_nothing_is_said_any_more(version: str) -> None:
    last = (await everything(version))[-1].request
    assert (last.method, last.path.rpartition("/")[2]) == ("DELETE", "credentials")


@rule("TRN-09")
async def test_a_body_is_announced_and_nothing_else_is(version: str) -> None:
    for one in await everything(version):
        kind = one.request.headers.get("content-type")
        assert kind == ("application/json" if one.request.body else None)
        if one.request.method in ("PUT", "PATCH"):
            assert one.request.body


@rule("TRN-34")
@rule("TRN-37")
async def test_requests_of_functional_modules_and_their_answers_name_both_parties(version: str) -> None:
    for one in await everything(version):
        if not one.is_functional:
            continue
        names = [one.request.headers.get(name) for name in (*FROM, *TO)]
        answered = [one.response.headers.get(name) for name in (*TO, *FROM)]
        asking, asked = one.parties
        expected = [*asking, *asked] if VERSIONS[version].facts.routed else [None] * 4
        assert (names, answered) == (expected, expected), one.request.url


@rule("TRN-35")
@rule("TRN-36")
async def test_nothing_else_is_routed(version: str) -> None:
    others = [one for one in await everything(version) if not one.is_functional]
    assert {one.request.path.rpartition("/")[2] for one in others} == {"versions", version, "credentials"}
    for one in others:
        assert not [name for name in (*one.request.headers, *one.response.headers) if name.startswith("ocpi-")]


@rule("TRN-52")
@rule("TRN-53")
async def test_every_answer_repeats_the_ids_of_its_request(version: str) -> None:
    for one in await everything(version):
        for name in ("x-request-id", "x-correlation-id"):
            assert one.response.headers.get(name) == one.request.headers.get(name)
            # Which version will be spoken is not known yet when a partner is asked for its versions.
            assert name in one.request.headers or not VERSIONS[version].facts.routed


@rule("TRN-57")
async def test_every_url_but_that_of_the_versions_names_the_version(version: str) -> None:
    for one in await everything(version):
        assert one.request.path == "/ocpi/versions" or one.request.path.startswith(f"/ocpi/{version}")


@pytest.mark.parametrize(
    ("module", "owner", "id"),
    [
        pytest.param("locations", "DE/GEF", "LOC1", marks=rule("LOC-12")),
        pytest.param("sessions", "DE/GEF", "S1", marks=rule("SES-10")),
        pytest.param("tariffs", "DE/GEF", "T1", marks=rule("TAR-09")),
        pytest.param("tokens", "NL/EMP", "012345678", marks=rule("TOK-06")),
    ],
)
async def test_what_a_receiver_is_given_is_named_by_its_owner_and_its_id(
    version: str, module: str, owner: str, id: str
) -> None:
    base = f"/ocpi/{version}/receiver/{module}/"
    paths = [one.request.path.removeprefix(base) for one in await everything(version) if base in one.request.path]
    assert paths
    assert all(path == f"{owner}/{id}" or path.startswith(f"{owner}/{id}/") for path in paths)


@rule("LOC-18")
@rule("SES-14")
@rule("TOK-08")
async def test_every_patch_says_when(version: str) -> None:
    patches = [one.request for one in await everything(version) if one.request.method == "PATCH"]
    assert {request.path.split("/")[4] for request in patches} == {"locations", "sessions", "tokens"}
    assert all(json.loads(request.body)["last_updated"] == NEW for request in patches)


@pytest.mark.parametrize(
    "module",
    [
        pytest.param("locations", marks=rule("LOC-06")),
        pytest.param("tariffs", marks=rule("TAR-07")),
        pytest.param("tokens", marks=rule("TOK-05")),
    ],
)
async def test_changes_are_pushed_and_a_list_is_read_only_when_somebody_wants_it(version: str, module: str) -> None:
    said = [one for one in await everything(version) if f"/{module}" in one.request.path]
    methods = [one.request.method for one in said if "authorize" not in one.request.path]
    assert methods[0] == "PUT"
    assert methods.count("GET") == 1, "the one pull; authorisation and commands ask for no list"
    assert methods[-1] == "GET"
