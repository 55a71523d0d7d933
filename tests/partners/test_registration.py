# SPDX-License-Identifier: AGPL-3.0-or-later
"""The credentials handshake: in every version, from either side, through restarts, and past what can go wrong."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.platforms import (
    ALL_VERSIONS,
    CPO,
    EMSP,
    Caller,
    MemoryNet,
    envelope_of,
    platform,
    register,
)
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import Purpose
from wwcp_ocpi.partners.credentials import read
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.protocol.endpoint import Operation
from wwcp_ocpi.protocol.errors import (
    InvalidParameters,
    NotAuthenticated,
    NotFound,
    PartnerError,
    Refused,
    Unreachable,
    UsageError,
)
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId, Secret

SETS = [("2.1.1",), ("2.2.1",), ("2.3.0",), ALL_VERSIONS]


def pair(
    cpo: tuple[str, ...] = ALL_VERSIONS, emsp: tuple[str, ...] = ALL_VERSIONS
) -> tuple[MemoryNet, Platform, Platform]:
    net = MemoryNet()
    return (
        net,
        platform(net, "cpo.example", CPO, "CPO", versions=cpo),
        platform(net, "emsp.example", EMSP, "EMSP", versions=emsp),
    )


async def talk(one: Platform, other: Platform) -> None:
    """Each reads the other's versions with the tokens that it has."""
    for mine, its in ((one, other), (other, one)):
        name = its.settings.parties[0].name
        peer = mine.peer(name)
        answered = await peer.wire.send("GET", its.settings.versions_url)
        assert answered.envelope.status_code == 1000
        await peer.credentials(Operation.GET_CREDENTIALS)


async def restarted(net: MemoryNet, old: Platform) -> Platform:
    """The same platform on the same store, everything in memory gone."""
    own = old.settings.parties[0]
    made = platform(net, own.name, own.id, own.role, versions=old.settings.versions, store=old.store)
    await made.book.load()
    return made


@rule("CRD-14")
@pytest.mark.parametrize("first", ["cpo", "emsp"])
@pytest.mark.parametrize("cpo", SETS)
@pytest.mark.parametrize("emsp", SETS)
async def test_every_pair_of_versions_registers_from_either_side_renews_restarts_and_parts(
    cpo: tuple[str, ...], emsp: tuple[str, ...], first: str
) -> None:
    net, one, other = pair(cpo, emsp)
    asked, asking = (one, other) if first == "cpo" else (other, one)
    common = sorted(set(cpo) & set(emsp))
    if not common:
        with pytest.raises(UsageError, match="no OCPI version in common"):
            await register(asked, asking)
        assert not any(partner.is_registered for known in (one, other) for partner in known.book.all())
        return
    for number in common:
        net, one, other = pair(cpo, emsp)
        asked, asking = (one, other) if first == "cpo" else (other, one)
        partner = await register(asked, asking, (number,))
        assert partner.remote is not None
        assert partner.remote.version == number
        await talk(one, other)

        one, other = await restarted(net, one), await restarted(net, other)
        await talk(one, other)
        asked, asking = (one, other) if first == "cpo" else (other, one)

        await asking.registration.renew(asked.settings.parties[0].name)
        await talk(one, other)
        await asked.registration.renew(asking.settings.parties[0].name)
        await talk(one, other)
        one, other = await restarted(net, one), await restarted(net, other)
        asked, asking = (one, other) if first == "cpo" else (other, one)
        await talk(one, other)

        await asking.registration.leave(asked.settings.parties[0].name)
        for known in (one, other):
            assert [(partner.state(), partner.access) for partner in known.book.all()] == [("known", ())]


@rule("CRD-05")
@rule("CRD-06")
@rule("CRD-16")
async def test_the_invitation_is_dead_after_registration() -> None:
    _, cpo, emsp = pair()
    token = await cpo.registration.invite("emsp.example")
    await emsp.registration.join("cpo.example", cpo.settings.versions_url, token)
    assert (await Caller(cpo, token)("GET", "/ocpi/versions")).status == 401
    assert [one.purpose for one in cpo.book.get("emsp.example").access] == [Purpose.ACCESS]


@rule("CRD-03")
async def test_an_invitation_is_one_of_its_own_and_lives_until_it_was_used() -> None:
    net, cpo, emsp = pair()
    other = await cpo.registration.invite("other.example")
    token = await cpo.registration.invite("emsp.example")
    assert token != other
    net.down.add("emsp.example")
    with pytest.raises(Refused):
        await emsp.registration.join("cpo.example", cpo.settings.versions_url, token)
    assert (await Caller(cpo, token)("GET", "/ocpi/versions")).status == 200
    net.down.clear()
    await emsp.registration.join("cpo.example", cpo.settings.versions_url, token)
    assert (await Caller(cpo, token)("GET", "/ocpi/versions")).status == 401
    assert (await Caller(cpo, other)("GET", "/ocpi/versions")).status == 200


@rule("CRD-15")
@rule("CRD-08")
@rule("CRD-18")
@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_who_is_given_credentials_reads_versions_and_endpoints_before_it_answers(version: str) -> None:
    net, cpo, emsp = pair()
    answer, said = cpo.server.handle, list[str]()

    async def answering(request: Request) -> Response:
        response = await answer(request)
        said.append(f"answered {request.method} {request.path}")
        return response

    async def asked(request: Request) -> Response:
        said.append(f"asked {request.method} {request.path}")
        return await emsp.server.handle(request)

    net.hosts |= {"cpo.example": answering, "emsp.example": asked}
    await register(cpo, emsp, (version,))
    await emsp.registration.renew("cpo.example", versions=(version,))
    handshake = ["answered GET /ocpi/versions", f"answered GET /ocpi/{version}"]
    looking = ["asked GET /ocpi/versions", f"asked GET /ocpi/{version}"]
    post, put = (f"answered {method} /ocpi/{version}/credentials" for method in ("POST", "PUT"))
    assert said == [*handshake, *looking, post, *handshake, *looking, put]


@rule("TRN-04")
async def test_a_token_is_of_one_platform() -> None:
    net, cpo, emsp = pair()
    other = platform(net, "other.example", PartyId("FR", "OTH"), "EMSP")
    await register(cpo, emsp)
    await register(cpo, other)
    tokens = {made.peer("cpo.example").wire.token.reveal(): name for made, name in ((emsp, "emsp"), (other, "other"))}
    assert len(tokens) == 2
    for token, name in tokens.items():
        login = cpo.book.login(token)
        assert login is not None
        assert login.caller.partner == f"{name}.example"


async def test_roles_that_an_invitation_names_bind_the_tokens_that_follow() -> None:
    _, cpo, emsp = pair()
    token = await cpo.registration.invite("emsp.example", roles=["EMSP"])
    await emsp.registration.join("cpo.example", cpo.settings.versions_url, token)
    assert [one.roles for one in cpo.book.get("emsp.example").access] == [("EMSP",)]
    await emsp.registration.renew("cpo.example")
    assert {one.roles for one in cpo.book.get("emsp.example").access} == {("EMSP",)}


@rule("CRD-19")
async def test_a_renewed_token_retires_the_old_one_at_its_first_use_and_not_before() -> None:
    _, cpo, emsp = pair()
    await register(cpo, emsp)
    old = emsp.peer("cpo.example").wire.token
    await emsp.registration.renew("cpo.example")
    assert (await Caller(cpo, old)("GET", "/ocpi/versions")).status == 200
    new = emsp.peer("cpo.example").wire.token
    assert (await Caller(cpo, new)("GET", "/ocpi/versions")).status == 200
    assert (await Caller(cpo, old)("GET", "/ocpi/versions")).status == 401
    await cpo.book.settle()
    assert len(cpo.book.get("emsp.example").access) == 1
    await cpo.book.load()
    assert (await Caller(cpo, old)("GET", "/ocpi/versions")).status == 401
    assert (await Caller(cpo, new)("GET", "/ocpi/versions")).status == 200


@rule("CRD-18")
async def test_renewal_moves_to_a_better_version_when_there_is_one() -> None:
    net, cpo, emsp = pair(cpo=("2.1.1",))
    await register(cpo, emsp)
    cpo = platform(net, "cpo.example", CPO, "CPO", store=cpo.store)
    await cpo.book.load()
    partner = await emsp.registration.renew("cpo.example")
    assert partner.remote is not None
    assert partner.remote.version == "2.3.0"
    known = cpo.book.get("emsp.example").remote
    assert known is not None
    assert known.version == "2.3.0"


def credentials(version: str = "2.2.1", **more: Any) -> dict[str, Any]:
    """The eMSP's credentials, written by hand."""
    details = {"name": "EMP"}
    party = {"country_code": "NL", "party_id": "EMP", "business_details": details}
    base = {"token": "token-b", "url": "https://emsp.example/ocpi/versions"}
    return {**base, **(party if version == "2.1.1" else {"roles": [{"role": "EMSP", **party}]}), **more}


async def invited(cpo: Platform) -> Caller:
    return Caller(cpo, await cpo.registration.invite("emsp.example"))


@rule("CRD-17")
@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_post_when_registered_is_405(version: str) -> None:
    _, cpo, emsp = pair()
    await register(cpo, emsp)
    call = Caller(cpo, emsp.peer("cpo.example").wire.token)
    response = await call("POST", f"/ocpi/{version}/credentials", credentials(version))
    assert (response.status, response.headers["allow"]) == (405, "GET, PUT, DELETE")


@rule("CRD-20")
@rule("CRD-22")
@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_put_and_delete_when_not_registered_are_405(version: str) -> None:
    _, cpo, _ = pair()
    call = await invited(cpo)
    assert (await call("PUT", f"/ocpi/{version}/credentials", credentials(version))).status == 405
    assert (await call("DELETE", f"/ocpi/{version}/credentials")).status == 405


async def refusal(cpo: Platform, body: object, version: str = "2.2.1") -> tuple[int, int, str]:
    call = await invited(cpo)
    response = await call("POST", f"/ocpi/{version}/credentials", body)
    found = envelope_of(response)
    assert not cpo.book.get("emsp.example").is_registered
    assert (await call("GET", "/ocpi/versions")).status == 200, "the invitation must survive a refusal"
    return response.status, found["status_code"], found["status_message"]


@rule("CRD-11")
@rule("STC-08")
@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_a_platform_that_cannot_be_called_back_is_3001(version: str) -> None:
    net, cpo, _ = pair()
    net.down.add("emsp.example")
    status, code, message = await refusal(cpo, credentials(version), version)
    assert (status, code) == (200, 3001)
    assert "emsp.example: connection refused" in message


async def test_a_platform_that_refuses_the_token_it_gave_is_3001() -> None:
    _, cpo, _ = pair()
    assert (await refusal(cpo, credentials()))[:2] == (200, 3001)


async def test_a_platform_without_this_version_is_3002() -> None:
    net, cpo, _ = pair()
    net.hosts["emsp.example"] = answers({"/ocpi/versions": [{"version": "2.0", "url": "https://emsp.example/2.0"}]})
    assert (await refusal(cpo, credentials()))[:2] == (200, 3002)


@rule("CRD-13")
@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_a_platform_without_a_credentials_endpoint_is_3003(version: str) -> None:
    net, cpo, _ = pair()
    net.hosts["emsp.example"] = answers(
        {
            "/ocpi/versions": [{"version": version, "url": f"https://emsp.example/{version}"}],
            f"/{version}": {"version": version, "endpoints": []},
        }
    )
    assert (await refusal(cpo, credentials(version), version))[:2] == (200, 3003)


async def test_a_platform_that_answers_nonsense_is_3001() -> None:
    net, cpo, _ = pair()
    for data in (None, "x", [{"version": 1}], [{"version": "2.2.1", "url": "ftp://emsp.example"}]):
        net.hosts["emsp.example"] = answers({"/ocpi/versions": data})
        assert (await refusal(cpo, credentials()))[1] == 3001


def answers(paths: dict[str, object]) -> Any:
    async def handle(request: Request) -> Response:
        body = {"status_code": 1000, "timestamp": "2026-01-01T00:00:00Z", "data": paths[request.path]}
        return Response(status=200, body=json.dumps(body).encode())

    return handle


@rule("CRD-07")
@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"token": ""}, "$.token"),
        ({"token": "with blank"}, "$.token"),
        ({"token": "x" * 65}, "$.token"),
        ({"url": "emsp.example/versions"}, "$.url"),
        ({"url": "file:///etc/passwd"}, "$.url"),
        ({"roles": []}, "$.roles"),
        ({"roles": None}, "$.roles"),
        ({"token": None}, "$.token"),
    ],
)
async def test_credentials_that_cannot_be_are_refused_by_path(change: dict[str, Any], path: str) -> None:
    _, cpo, _ = pair()
    status, code, message = await refusal(cpo, credentials(**change))
    assert (status, code) == (200, 2001)
    assert path in message


@rule("CRD-24")
@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_a_role_named_twice_is_refused(version: str) -> None:
    _, cpo, _ = pair()
    roles = credentials(version)["roles"] * 2
    assert (await refusal(cpo, credentials(version, roles=roles), version))[
        2
    ] == "$.roles: a role of a party is named twice"


async def test_a_party_that_belongs_to_another_partner_or_to_us_is_refused() -> None:
    net, cpo, emsp = pair()
    await register(cpo, emsp)
    thief = platform(net, "thief.example", EMSP, "EMSP")
    with pytest.raises(Refused) as refused:
        await register(cpo, thief)
    assert refused.value.ocpi_status == 2001
    assert thief.book.get("cpo.example").access == ()
    double = platform(net, "double.example", CPO, "CPO")
    with pytest.raises(PartnerError):
        await register(cpo, double)


async def test_of_two_registrations_with_one_invitation_one_wins() -> None:
    net, cpo, _ = pair()
    token = await cpo.registration.invite("emsp.example")
    twins = [platform(net, f"emsp{number}.example", PartyId("NL", f"EM{number}"), "EMSP") for number in range(2)]
    results = await asyncio.gather(
        *(twin.registration.join("cpo.example", cpo.settings.versions_url, token) for twin in twins),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Exception) for result in results) == 1
    assert len(cpo.book.get("emsp.example").access) == 1


@rule("CRD-12")
@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_the_active_side_sends_nothing_when_the_partner_has_no_credentials_endpoint(version: str) -> None:
    net, _, emsp = pair()
    net.hosts["cpo.example"] = answers(
        {
            "/ocpi/versions": [{"version": version, "url": f"https://cpo.example/{version}"}],
            f"/{version}": {"version": version, "endpoints": []},
        }
    )
    with pytest.raises(PartnerError) as refused:
        await emsp.registration.join("cpo.example", "https://cpo.example/ocpi/versions", Secret("a"))
    assert refused.value.ocpi_status == 3003
    assert [request.method for request in net.requests] == ["GET", "GET"]
    with pytest.raises(NotFound):
        emsp.book.get("cpo.example")


async def test_the_active_side_forgets_its_token_when_the_partner_refuses() -> None:
    net, cpo, emsp = pair()
    token = await cpo.registration.invite("emsp.example")
    original = net.hosts["emsp.example"]

    async def unreachable(request: Request) -> Response:
        raise Unreachable("gone")

    net.hosts["emsp.example"] = unreachable
    with pytest.raises(Refused) as refused:
        await emsp.registration.join("cpo.example", cpo.settings.versions_url, token)
    assert refused.value.ocpi_status == 3001
    assert emsp.book.get("cpo.example").access == ()
    net.hosts["emsp.example"] = original
    await emsp.registration.join("cpo.example", cpo.settings.versions_url, token)
    await talk(cpo, emsp)


async def test_a_wrong_invitation_is_not_accepted() -> None:
    _, cpo, emsp = pair()
    with pytest.raises(NotAuthenticated):
        await emsp.registration.join("cpo.example", cpo.settings.versions_url, Secret("guess"))


async def test_joining_twice_is_refused_by_the_partner_and_harms_nothing() -> None:
    _, cpo, emsp = pair()
    await register(cpo, emsp)
    token = emsp.peer("cpo.example").wire.token
    with pytest.raises(Refused) as refused:
        await emsp.registration.join("cpo.example", cpo.settings.versions_url, token)
    assert refused.value.http_status == 405
    await talk(cpo, emsp)


@rule("CRD-21")
async def test_leaving_ends_it_locally_even_when_the_partner_is_gone() -> None:
    net, cpo, emsp = pair()
    await register(cpo, emsp)
    net.down.add("cpo.example")
    with pytest.raises(Unreachable):
        await emsp.registration.leave("cpo.example")
    assert emsp.book.get("cpo.example").state() == "known"
    with pytest.raises(UsageError, match="not registered"):
        await emsp.registration.leave("cpo.example")
    with pytest.raises(UsageError, match="not registered"):
        await emsp.registration.renew("cpo.example")
    with pytest.raises(UsageError, match="not registered"):
        emsp.peer("cpo.example")


async def test_after_leaving_a_new_invitation_is_needed_and_is_enough() -> None:
    _, cpo, emsp = pair()
    await register(cpo, emsp)
    await emsp.registration.leave("cpo.example")
    await register(cpo, emsp)
    await talk(cpo, emsp)


async def test_a_new_invitation_replaces_an_older_one_and_leaves_a_registration_alone() -> None:
    _, cpo, emsp = pair()
    first = await cpo.registration.invite("emsp.example", name="one")
    second = await cpo.registration.invite("emsp.example")
    assert (await Caller(cpo, first)("GET", "/ocpi/versions")).status == 401
    await emsp.registration.join("cpo.example", cpo.settings.versions_url, second)
    await cpo.registration.invite("emsp.example")
    await talk(cpo, emsp)
    assert cpo.book.get("emsp.example").name == "one"


async def test_credentials_show_the_token_that_was_used() -> None:
    _, cpo, emsp = pair()
    await register(cpo, emsp)
    token = emsp.peer("cpo.example").wire.token
    for version in ALL_VERSIONS:
        found = envelope_of(await Caller(cpo, token)("GET", f"/ocpi/{version}/credentials"))["data"]
        assert (found["token"], found["url"]) == (token.reveal(), "https://cpo.example/ocpi/versions")


@rule("CRD-28")
async def test_a_partner_that_is_a_hub_is_known_as_one() -> None:
    net, cpo, emsp = pair()
    net.hosts["emsp.example"] = emsp.server.handle
    await emsp.registration.invite("cpo.example")
    await emsp.book.change(
        "cpo.example",
        lambda known: replace(
            known,
            access=(replace(known.access[0], hash=emsp.book._vault.hash_of("token-b"), purpose=Purpose.HANDSHAKE),),
        ),
    )
    call = await invited(cpo)
    response = await call("POST", "/ocpi/2.3.0/credentials", credentials("2.3.0", hub_party_id="NLHUB"))
    assert envelope_of(response)["status_code"] == 1000
    assert cpo.book.get("emsp.example").hub == PartyId("NL", "HUB")


async def test_a_partner_id_that_is_none_is_refused() -> None:
    _, cpo, _ = pair()
    with pytest.raises(UsageError, match="a partner id has"):
        await cpo.registration.invite("../etc")


async def test_no_secret_stands_in_the_store_or_in_what_is_printed() -> None:
    _, cpo, emsp = pair()
    await register(cpo, emsp)
    documents = [body for made in (cpo, emsp) for _, body in await made.store.documents("partner")]
    tokens = [made.peer(name).wire.token for made, name in ((cpo, "emsp.example"), (emsp, "cpo.example"))]
    for token in tokens:
        assert not any(token.reveal().encode() in body for body in documents)
        assert token.reveal() not in repr(token) + str(token) + repr(cpo.book.all()) + repr(emsp.book.all())


async def test_what_another_process_writes_is_seen_after_a_refresh() -> None:
    net, cpo, _ = pair()
    other = platform(net, "cpo.example", CPO, "CPO", store=cpo.store)
    await other.registration.invite("new")
    assert [partner.id for partner in cpo.book.all()] == []
    await cpo.book.refresh()
    assert [partner.id for partner in cpo.book.all()] == ["new"]
    await cpo.book.refresh()
    await cpo.book.remove("new")
    assert cpo.book.all() == []


def test_credentials_of_a_partner_are_refused_when_the_body_is_none() -> None:
    with pytest.raises(InvalidParameters):
        read(
            VERSIONS["2.2.1"],
            json.dumps(credentials(roles=[{**credentials()["roles"][0], "party_id": "?"}])).encode(),
            frozenset(),
        )


@pytest.mark.parametrize("form", ["raw", "base64"])
async def test_a_registered_partner_may_have_several_tokens_each_for_a_role(form: str) -> None:
    _, cpo, emsp = pair()
    await register(cpo, emsp)
    token = await cpo.registration.issue("emsp.example", roles=["CPO"], form=TokenForm(form))
    call = Caller(cpo, token, TokenForm(form))
    assert (await call("GET", "/ocpi/2.2.1/sender/locations")).status == 403
    assert (await Caller(cpo, emsp.peer("cpo.example").wire.token)("GET", "/ocpi/2.2.1/sender/locations")).status == 200
    other = TokenForm.RAW if form == "base64" else TokenForm.BASE64
    assert (await Caller(cpo, token, other)("GET", "/ocpi/versions")).status == 401
    with pytest.raises(NotFound):
        await cpo.registration.issue("nobody")
