# SPDX-License-Identifier: AGPL-3.0-or-later
"""What may not be published, changed or withdrawn, and what partners hear where a module has no PATCH."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.objects import MIDDLE, NEW, OLD, cdr, location, session, tariff, token
from tests.partners.test_modules import deliver, linked, own, theirs
from tests.platforms import ALL_VERSIONS, CPO, EMSP
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.store.ports import PageRequest, Side

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)
LATER = {"last_updated": DateTime.parse(NEW)}


async def ours(made: Platform, version: str, module: str, audience: str = "emsp.example") -> list[Any]:
    audience = audience if module in ("sessions", "cdrs") else ""
    page = await made.store.page(PageRequest(side=Side.OURS, module=module, audience=audience, limit=10))
    return [json.loads(body) for body in page.bodies]


@rule("LOC-10")
@pytest.mark.parametrize(
    ("module", "make", "field"),
    [("locations", location, "city"), ("tariffs", tariff, "currency"), ("cdrs", cdr, "total_cost")],
)
async def test_what_lacks_a_required_field_is_not_published_and_spoils_nothing(
    version: str, module: str, make: Callable[..., dict[str, Any]], field: str
) -> None:
    _, cpo, emsp = await linked(version)
    half = make(version, "HALF")
    del half[field]
    sound = make(version)
    for_whom = EMSP if module == "cdrs" else None
    things = [own(half, CPO, concerns=for_whom), own(sound, CPO, concerns=for_whom)]
    refusal, outcome = await cpo.publisher.publish(VERSIONS[version], module, things)
    assert isinstance(refusal, UsageError)
    assert str(refusal).startswith(f"{module}/HALF: $.{field}: required in ")
    assert not isinstance(outcome, Exception)
    await deliver(cpo)
    assert await ours(cpo, version, module) == await theirs(emsp, version, module) == [sound]


async def test_what_is_no_json_is_not_published(version: str) -> None:
    _, cpo, _ = await linked(version)
    thing = own(location(version), CPO)
    for body in (b"{", b"[]", b""):
        (refusal,) = await cpo.publisher.publish(
            VERSIONS[version], "locations", [type(thing)(owner=CPO, id="LOC1", last_updated=0, body=body)]
        )
        assert isinstance(refusal, UsageError)
    assert await ours(cpo, version, "locations") == []


@rule("CDR-01")
async def test_a_cdr_that_was_published_is_final(version: str) -> None:
    _, cpo, emsp = await linked(version)
    known, body = VERSIONS[version], cdr(version)
    await cpo.publisher.publish(known, "cdrs", [own(body, CPO, concerns=EMSP)])
    await deliver(cpo)
    (refusal,) = await cpo.publisher.publish(known, "cdrs", [own(cdr(version, total_energy=99), CPO, concerns=EMSP)])
    assert isinstance(refusal, UsageError)
    assert str(refusal) == "cdrs/C1: final since it was published"
    with pytest.raises(UsageError, match="final since it was published"):
        await cpo.publisher.change(known, "cdrs", CPO, ["C1"], {"total_energy": 99})
    with pytest.raises(UsageError, match=f"cdrs of OCPI {version} are never deleted"):
        await cpo.publisher.withdraw(known, "cdrs", CPO, "C1")
    assert await cpo.store.waiting() == 0
    assert await ours(cpo, version, "cdrs") == await theirs(emsp, version, "cdrs") == [body]


async def test_the_same_cdr_in_another_spelling_is_no_other_cdr(version: str) -> None:
    _, cpo, emsp = await linked(version)
    thing = own(cdr(version), CPO, concerns=EMSP)
    await cpo.publisher.publish(VERSIONS[version], "cdrs", [thing])
    spelled = type(thing)(
        owner=CPO,
        id="C1",
        last_updated=thing.last_updated,
        body=json.dumps(cdr(version), indent=1).encode(),
        concerns=EMSP,
    )
    (outcome,) = await cpo.publisher.publish(VERSIONS[version], "cdrs", [spelled])
    assert not isinstance(outcome, Exception)
    await deliver(cpo)
    assert await theirs(emsp, version, "cdrs") == [cdr(version)]


@rule("SES-25")
async def test_a_completed_session_is_final(version: str) -> None:
    _, cpo, emsp = await linked(version)
    known, body = VERSIONS[version], session(version)
    await cpo.publisher.publish(known, "sessions", [own(body, CPO, concerns=EMSP)])
    await cpo.publisher.change(known, "sessions", CPO, ["S1"], {"status": "COMPLETED", **LATER})
    with pytest.raises(UsageError, match="sessions/S1: final since its status is COMPLETED"):
        await cpo.publisher.change(known, "sessions", CPO, ["S1"], {"kwh": 99})
    (refusal,) = await cpo.publisher.publish(known, "sessions", [own(body, CPO, concerns=EMSP)])
    assert isinstance(refusal, UsageError)
    await deliver(cpo)
    expected = {**body, "status": "COMPLETED", "last_updated": NEW}
    assert await ours(cpo, version, "sessions") == await theirs(emsp, version, "sessions") == [expected]


@pytest.mark.parametrize(
    ("module", "make", "owner", "qualifier"),
    [
        pytest.param("locations", location, CPO, None, marks=rule("LOC-01")),
        pytest.param("sessions", session, CPO, None, marks=rule("SES-01")),
        pytest.param("tokens", token, EMSP, "RFID", marks=rule("TOK-01")),
    ],
)
async def test_what_is_never_deleted_cannot_be_withdrawn(
    version: str, module: str, make: Callable[..., dict[str, Any]], owner: Any, qualifier: str | None
) -> None:
    _, cpo, emsp = await linked(version)
    made, known, body = (cpo if owner == CPO else emsp), VERSIONS[version], make(version)
    thing = own(body, owner, concerns=EMSP, qualifier=qualifier)
    await made.publisher.publish(known, module, [thing])
    with pytest.raises(UsageError, match=f"{module} of OCPI {version} are never deleted"):
        await made.publisher.withdraw(known, module, owner, thing.id, qualifier=qualifier)
    assert await ours(made, version, module) == [body]


@rule("LOC-01")
async def test_an_evse_that_is_gone_is_removed_by_its_status_and_stays(version: str) -> None:
    net, cpo, emsp = await linked(version)
    await cpo.publisher.publish(VERSIONS[version], "locations", [own(location(version), CPO)])
    await deliver(cpo)
    net.requests.clear()
    await cpo.publisher.change(VERSIONS[version], "locations", CPO, ["LOC1", "E1"], {"status": "REMOVED", **LATER})
    await deliver(cpo)
    assert [request.method for request in net.requests] == ["PATCH"]
    for kept in (await ours(cpo, version, "locations"), await theirs(emsp, version, "locations")):
        assert [(one["uid"], one["status"]) for one in kept[0]["evses"]] == [("E1", "REMOVED")]


@rule("TOK-01")
async def test_a_token_that_shall_not_be_used_is_invalid_and_stays(version: str) -> None:
    _, cpo, emsp = await linked(version)
    thing = own(token(version), EMSP, qualifier="RFID")
    await emsp.publisher.publish(VERSIONS[version], "tokens", [thing])
    await emsp.publisher.change(
        VERSIONS[version], "tokens", EMSP, ["012345678"], {"valid": False, **LATER}, qualifier="RFID"
    )
    await deliver(emsp)
    assert [one["valid"] for one in await theirs(cpo, version, "tokens")] == [False]


@rule("TOK-19")
async def test_a_token_that_is_always_asked_about_is_listed_and_not_pushed(version: str) -> None:
    resource = VERSIONS[version].modules["tokens"].resource
    assert resource is not None
    _, cpo, emsp = await linked(version)
    for kind in resource.pulled_only:
        body = token(version, type=kind, whitelist="NEVER")
        await emsp.publisher.publish(VERSIONS[version], "tokens", [own(body, EMSP, qualifier=kind)])
        await emsp.publisher.change(
            VERSIONS[version], "tokens", EMSP, ["012345678"], {"issuer": "x", **LATER}, qualifier=kind
        )
        assert await emsp.store.waiting() == 0
        assert (await cpo.pull("emsp.example", "tokens")).received == 1
    assert resource.pulled_only == ({"EMAID"} if version == "2.3.0" else frozenset())


async def test_a_change_goes_out_as_the_whole_object_where_the_module_has_no_patch(version: str) -> None:
    net, cpo, emsp = await linked(version)
    await cpo.publisher.publish(VERSIONS[version], "tariffs", [own(tariff(version), CPO)])
    await deliver(cpo)
    net.requests.clear()
    await cpo.publisher.change(VERSIONS[version], "tariffs", CPO, ["T1"], {"currency": "USD", **LATER})
    await deliver(cpo)
    has_patch = any(row.method == "PATCH" for row in VERSIONS[version].endpoints if row.module == "tariffs")
    assert [request.method for request in net.requests] == (["PATCH"] if has_patch else ["PUT"])
    assert await theirs(emsp, version, "tariffs") == [tariff(version, currency="USD", last_updated=NEW)]


@rule("SES-03")
@pytest.mark.parametrize("end", ["ACTIVE", "COMPLETED"])
async def test_a_reservation_is_pushed_as_a_session_and_goes_on_from_there(version: str, end: str) -> None:
    if version == "2.1.1":
        return
    _, cpo, emsp = await linked(version)
    unknown = {"evse_uid": "#NA", "connector_id": "#NA"}
    body = session(version, status="RESERVATION", **unknown)
    await cpo.publisher.publish(VERSIONS[version], "sessions", [own(body, CPO, concerns=EMSP)])
    await deliver(cpo)
    assert await theirs(emsp, version, "sessions") == [body]
    await cpo.publisher.change(VERSIONS[version], "sessions", CPO, ["S1"], {"status": end, **LATER})
    await deliver(cpo)
    assert await theirs(emsp, version, "sessions") == [{**body, "status": end, "last_updated": NEW}]


@rule("LOC-41")
async def test_a_status_that_was_planned_changes_nothing_and_the_real_one_is_pushed(version: str) -> None:
    _, cpo, emsp = await linked(version)
    schedule = [{"period_begin": OLD, "period_end": MIDDLE, "status": "OUTOFORDER"}]
    body = location(version)
    body["evses"][0]["status_schedule"] = schedule
    await cpo.publisher.publish(VERSIONS[version], "locations", [own(body, CPO)])
    await deliver(cpo)
    assert await theirs(emsp, version, "locations") == [body]
    await cpo.publisher.change(VERSIONS[version], "locations", CPO, ["LOC1", "E1"], {"status": "INOPERATIVE", **LATER})
    await deliver(cpo)
    (evse,) = (await theirs(emsp, version, "locations"))[0]["evses"]
    assert (evse["status"], evse["status_schedule"]) == ("INOPERATIVE", schedule)
