# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.wwcp.making import FIRST, GEF, MONDAY, POOL, SECOND, TUESDAY, Clock
from tests.wwcp.roaming import AT_FIRST, BROKEN, GD2, GDF, QUICK, Broken, Provider, auth_start, roaming
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, EVSEId
from wwcp_ocpi.wwcp.model.authentication import AuthTokenType, rfid
from wwcp_ocpi.wwcp.model.charging import ChargingProduct
from wwcp_ocpi.wwcp.model.requests import AuthorizeStart, AuthorizeStop, ChargingLocation
from wwcp_ocpi.wwcp.model.result_codes import AuthStartCode, AuthStopCode
from wwcp_ocpi.wwcp.model.results import AuthStartResult
from wwcp_ocpi.wwcp.model.status_words import AdminStatus
from wwcp_ocpi.wwcp.routing.auth_cache import AuthCache, RateLimit
from wwcp_ocpi.wwcp.routing.core import RoamingOptions

ALLOWED = {"11223344": AuthStartCode.Authorized}


def reason(result: object) -> str:
    return str(getattr(result, "description")["en"])  # noqa: B009


async def test_a_driver_is_found_by_whichever_provider_knows_him() -> None:
    network = roaming()
    first, second = Provider(GDF, ALLOWED), Provider(GD2, {"55667788": AuthStartCode.Authorized})
    network.add_provider(GDF, first)
    network.add_provider(GD2, second)
    for token, provider in (("11223344", GDF), ("55667788", GD2)):
        found = await network.authorize_start(auth_start(token))
        assert (found.result, found.provider_id) == (AuthStartCode.Authorized, provider)
    nobody = await network.authorize_start(auth_start("04AB12CD34EF56"))
    assert (nobody.result, nobody.session_id) == (AuthStartCode.NotAuthorized, None)


async def test_an_authorised_driver_has_a_session_with_all_that_is_known() -> None:
    network = roaming()
    network.add_provider(GDF, Provider(GDF, ALLOWED, contract_id="DE-GDF-C12345678", additional_context={"a": 1}))
    result = await network.authorize_start(auth_start(product=ChargingProduct(id="AC1"), cpo_partner_session_id="x1"))
    assert result.session_id is not None
    assert result.session_id.party == GDF
    session = await network.session(result.session_id)
    assert session is not None
    assert (session.evse_id, session.charging_pool_id, session.charging_station_operator_id) == (FIRST, POOL, GEF)
    assert (session.start.provider_id, session.start.authorizator_id) == (GDF, "DE-GDF")
    assert session.start.authentication == rfid("11223344")
    assert (session.additional_context, session.cpo_partner_session_id) == ({"a": 1}, "x1")
    assert session.stop is None


REFUSALS = [AuthStartCode.Blocked, AuthStartCode.Expired, AuthStartCode.NoCredit, AuthStartCode.NotAuthorized]


@pytest.mark.parametrize("better", range(3))
async def test_the_most_serious_refusal_is_the_best_answer(better: int) -> None:
    for worse in range(better + 1, 4):
        network = roaming()
        network.add_provider(GDF, Provider(GDF, {"11223344": REFUSALS[worse]}))
        network.add_provider(GD2, Provider(GD2, {"11223344": REFUSALS[better]}, wait_s=0.005))
        assert (await network.authorize_start(auth_start())).result == REFUSALS[better]


@pytest.mark.parametrize("refusal", REFUSALS)
async def test_allowed_wins_over_every_refusal_that_came_first(refusal: AuthStartCode) -> None:
    network = roaming()
    network.add_provider(GDF, Provider(GDF, {"11223344": refusal}))
    network.add_cso_roaming_provider("hub", Provider(GD2, ALLOWED, wait_s=0.01))
    found = await network.authorize_start(auth_start())
    assert (found.result, found.authorizator_id) == (AuthStartCode.Authorized, "hub")
    assert found.session_id is not None
    session = await network.session(found.session_id)
    assert session is not None
    assert session.start.cso_roaming_provider_id == "hub"


async def test_all_are_asked_at_once_and_the_slow_ones_are_not_waited_for() -> None:
    network = roaming(options=RoamingOptions(auth_timeout_s=30))
    slow = [Provider(GD2, wait_s=30) for _ in range(20)]
    for number, one in enumerate(slow):
        network.add_cso_roaming_provider(f"slow {number}", one)
    network.add_provider(GDF, Provider(GDF, ALLOWED, wait_s=0.01))
    async with asyncio.timeout(5):
        assert (await network.authorize_start(auth_start())).result is AuthStartCode.Authorized
    assert all(one.asked for one in slow)


@pytest.mark.parametrize("does", BROKEN)
async def test_a_partner_who_fails_does_not_hide_the_answer_of_another(does: object) -> None:
    network = roaming()
    network.add_provider(GD2, Broken(does))
    network.add_provider(GDF, Provider(GDF, ALLOWED | {"99": AuthStartCode.Blocked}, wait_s=0.01))
    assert (await network.authorize_start(auth_start())).result is AuthStartCode.Authorized
    assert (await network.authorize_start(auth_start("99"))).result is AuthStartCode.Blocked


@pytest.mark.parametrize(
    ("does", "code", "text"),
    [
        (None, AuthStartCode.CommunicationTimeout, "DE-GDF did not answer within 0.05 s"),
        (RuntimeError("no database"), AuthStartCode.Error, "DE-GDF failed: RuntimeError: no database"),
        ("yes", AuthStartCode.Error, "DE-GDF answered with str, no AuthStartResult"),
    ],
)
async def test_when_nobody_answers_the_reason_is_told_and_asked_again(does: object, code: object, text: str) -> None:
    network = roaming()
    leave = network.add_provider(GDF, Broken(does))
    found = await network.authorize_start(auth_start())
    assert (found.result, reason(found)) == (code, text)
    assert await network.sessions() == []
    leave()
    network.add_provider(GDF, Provider(GDF, ALLOWED))
    assert (await network.authorize_start(auth_start())).result is AuthStartCode.Authorized


async def test_without_providers_nobody_is_authorised() -> None:
    found = await roaming().authorize_start(auth_start())
    assert found.result is AuthStartCode.NotAuthorized
    assert reason(found) == "no authorization service gave a positive answer: there is none"


@pytest.mark.parametrize(
    ("request_", "code", "text"),
    [
        (
            auth_start(location=ChargingLocation(evse_id=EVSEId.parse("DE*GEF*E999"))),
            AuthStartCode.UnknownLocation,
            "no EVSE DE*GEF*E999 in the roaming network test",
        ),
        (
            auth_start(location=ChargingLocation(evse_id=FIRST, charging_pool_id=ChargingPoolId.parse("DE*GEF*P2"))),
            AuthStartCode.UnknownLocation,
            "DE*GEF*E1*A*1 is in DE*GEF*P1, not in DE*GEF*P2",
        ),
        (
            auth_start(location=ChargingLocation()),
            AuthStartCode.UnknownLocation,
            "expected an EVSE, a charging station, a charging pool or an operator, got none of them",
        ),
        (auth_start("00000000"), AuthStartCode.InvalidToken, "this is the serial number of no card"),
        (auth_start("00-00-00-00"), AuthStartCode.InvalidToken, "this is the serial number of no card"),
    ],
)
async def test_bad_input_is_answered_before_anybody_is_asked(
    request_: AuthorizeStart, code: AuthStartCode, text: str
) -> None:
    network, provider = roaming(), Provider(GDF, ALLOWED)
    network.add_provider(GDF, provider)
    found = await network.authorize_start(request_)
    assert (found.result, reason(found)) == (code, text)
    assert (provider.asked, await network.sessions()) == ([], [])


async def test_a_session_id_that_is_taken_is_refused_and_the_session_stays() -> None:
    network = roaming()
    network.add_provider(GDF, Provider(GDF, ALLOWED))
    id = ChargingSessionId.parse("DE*GEF*N1")
    assert (await network.authorize_start(auth_start(session_id=id))).session_id == id
    first = await network.session(id)
    second = await network.authorize_start(auth_start(session_id=id))
    assert second.result is AuthStartCode.InvalidSessionId
    assert await network.session(id) == first


async def test_of_two_that_begin_with_one_session_id_at_once_one_has_it() -> None:
    network = roaming()
    network.add_provider(GDF, Provider(GDF, ALLOWED, wait_s=0.01))
    id = ChargingSessionId.parse("DE*GEF*N1")
    found = await asyncio.gather(*(network.authorize_start(auth_start(session_id=id)) for _ in range(5)))
    codes = sorted(str(one.result) for one in found)
    assert codes == ["Authorized"] + ["InvalidSessionId"] * 4
    assert len(await network.sessions()) == 1


async def test_a_network_out_of_service_asks_nobody() -> None:
    network, provider = roaming(), Provider(GDF, ALLOWED)
    network.add_provider(GDF, provider)
    network.places.set_status(None, admin_status=AdminStatus.outOfService)
    assert (await network.authorize_start(auth_start())).result is AuthStartCode.AdminDown
    assert provider.asked == []


async def test_the_answer_of_a_moment_ago_is_not_asked_for_again_and_keeps_its_context() -> None:
    clock = Clock(MONDAY)
    network, provider = roaming(clock=clock), Provider(GDF, ALLOWED, additional_context={"token": {"uid": "1"}})
    network.add_provider(GDF, provider)
    first = await network.authorize_start(auth_start())
    second = await network.authorize_start(auth_start("11:22:33:44"))
    assert len(provider.asked) == 1
    assert second.session_id != first.session_id
    assert second.cached_until == DateTime.parse("2026-08-03T09:00:00Z")
    assert second.session_id is not None
    session = await network.session(second.session_id)
    assert session is not None
    assert session.additional_context == {"token": {"uid": "1"}}
    clock.now = TUESDAY
    await network.authorize_start(auth_start())
    assert len(provider.asked) == 2


async def test_an_answer_holds_for_its_own_pool_product_and_kind_of_token() -> None:
    network, provider = roaming(), Provider(GDF, ALLOWED)
    network.add_provider(GDF, provider)
    await network.authorize_start(auth_start())
    await network.authorize_start(auth_start(location=ChargingLocation(evse_id=SECOND)))
    assert len(provider.asked) == 1
    await network.authorize_start(auth_start(product=ChargingProduct(id="DC1")))
    await network.authorize_start(auth_start(location=None))
    other = replace(rfid("11223344"), auth_token_type=AuthTokenType.OTHER)
    await network.authorize_start(auth_start(authentication=other))
    assert len(provider.asked) == 4


async def test_tokens_may_be_kept_out_of_the_cache() -> None:
    network = roaming(options=replace(QUICK, uncached_tokens=frozenset({"11-22-33-44"})))
    provider = Provider(GDF, ALLOWED)
    network.add_provider(GDF, provider)
    for _ in range(3):
        await network.authorize_start(auth_start())
    assert len(provider.asked) == 3


async def test_too_many_questions_from_one_evse_are_refused_until_the_window_has_passed() -> None:
    clock = Clock(MONDAY)
    network = roaming(clock=clock, options=replace(QUICK, auth_rate_limit=2, auth_rate_window_s=300))
    network.add_provider(GDF, Provider(GDF, ALLOWED))
    codes = [(await network.authorize_start(auth_start(f"0{n}"))).result for n in range(3)]
    assert codes == [AuthStartCode.NotAuthorized, AuthStartCode.NotAuthorized, AuthStartCode.RateLimitReached]
    elsewhere = auth_start("09", location=ChargingLocation(evse_id=SECOND))
    assert (await network.authorize_start(elsewhere)).result is AuthStartCode.NotAuthorized
    clock.now = TUESDAY
    assert (await network.authorize_start(auth_start())).result is AuthStartCode.Authorized


def result(code: AuthStartCode = AuthStartCode.Authorized, **fields: object) -> AuthStartResult:
    return AuthStartResult(result=code, **fields)  # type: ignore[arg-type]


def test_the_cache_keeps_no_more_than_it_may_and_forgets_the_oldest_quarter() -> None:
    cache = AuthCache(size=8)
    for number in range(9):
        cache.put(auth_start(f"0{number}"), result(), MONDAY)
    assert len(cache) == 7
    assert cache.find(auth_start("01"), MONDAY) is None
    assert cache.find(auth_start("08"), MONDAY) is not None


@given(st.lists(st.integers(0, 40), max_size=120), st.integers(0, 10))
def test_the_cache_is_never_larger_than_its_size(tokens: list[int], size: int) -> None:
    cache = AuthCache(size=size)
    for token in tokens:
        cache.put(auth_start(f"{token:02d}"), result(), MONDAY)
        assert len(cache) <= size
        assert size == 0 or cache.find(auth_start(f"{token:02d}"), MONDAY) is not None


def test_an_answer_for_this_session_alone_is_not_kept() -> None:
    cache = AuthCache()
    one = AuthStartResult(result=AuthStartCode.Authorized, cached_until=MONDAY)
    cache.put(auth_start(), one, MONDAY)
    assert cache.find(auth_start(), MONDAY) is None


def test_an_answer_holds_no_longer_than_it_says_itself() -> None:
    cache = AuthCache(ttl_s=86_400 * 7)
    cache.put(auth_start(), result(expiry_date=TUESDAY), MONDAY)
    assert cache.find(auth_start(), MONDAY) is not None
    assert cache.find(auth_start(), TUESDAY) is None
    cache.put(auth_start(), result(expiry_date=MONDAY), TUESDAY)
    assert len(cache) == 0


@pytest.mark.parametrize("code", [AuthStartCode.Error, AuthStartCode.CommunicationTimeout, AuthStartCode.OutOfService])
def test_what_nobody_knew_is_not_kept(code: AuthStartCode) -> None:
    cache = AuthCache()
    cache.put(auth_start(), result(code), MONDAY)
    assert len(cache) == 0


def test_the_rate_limit_watches_no_more_places_than_it_may() -> None:
    limit = RateLimit(count=1, places=2)
    assert [limit.allows(place, MONDAY) for place in "abab"] == [True, True, False, False]
    assert [limit.allows(place, MONDAY) for place in "cb"] == [True, False]
    assert limit.allows("a", MONDAY)


def auth_stop(id: ChargingSessionId, token: str = "11223344") -> AuthorizeStop:
    return AuthorizeStop(session_id=id, authentication=rfid(token), location=AT_FIRST)


async def test_who_let_a_session_begin_is_asked_first_and_the_session_is_over() -> None:
    network = roaming()
    mine, other = Provider(GDF, ALLOWED), Provider(GD2, ALLOWED)
    leave = network.add_provider(GDF, mine)
    begun = await network.authorize_start(auth_start())
    leave()
    network.add_provider(GD2, other)
    network.add_provider(GDF, mine)
    assert begun.session_id is not None
    ended = await network.authorize_stop(auth_stop(begun.session_id))
    assert ended.result is AuthStopCode.Authorized
    assert (len(mine.asked_to_stop), len(other.asked_to_stop)) == (1, 0)
    again = await network.authorize_stop(auth_stop(begun.session_id))
    assert again.result is AuthStopCode.AlreadyStopped
    session = await network.session(begun.session_id)
    assert session is not None
    assert session.stop is not None
    assert session.stop.authentication == rfid("11223344")


async def test_another_card_may_end_a_session_when_its_own_provider_says_so() -> None:
    network = roaming()
    network.add_provider(GDF, Provider(GDF, ALLOWED))
    network.add_provider(GD2, Provider(GD2, {"55667788": AuthStartCode.Authorized}))
    begun = await network.authorize_start(auth_start())
    assert begun.session_id is not None
    ended = await network.authorize_stop(auth_stop(begun.session_id, "55667788"))
    assert (ended.result, ended.provider_id) == (AuthStopCode.Authorized, GD2)


async def test_a_refused_stop_leaves_the_session_as_it_is() -> None:
    network = roaming()
    network.add_provider(GDF, Provider(GDF, ALLOWED | {"66": AuthStartCode.NoCredit}))
    begun = await network.authorize_start(auth_start())
    assert begun.session_id is not None
    before = await network.session(begun.session_id)
    assert (await network.authorize_stop(auth_stop(begun.session_id, "99"))).result is AuthStopCode.NotAuthorized
    assert (await network.authorize_stop(auth_stop(begun.session_id, "66"))).result is AuthStopCode.NoCredit
    assert (await network.authorize_stop(auth_stop(begun.session_id, "00000000"))).result is AuthStopCode.InvalidToken
    assert await network.session(begun.session_id) == before


async def test_a_session_that_nobody_knows_is_asked_of_all() -> None:
    network = roaming()
    network.add_provider(GDF, Provider(GDF, ALLOWED))
    stop = auth_stop(ChargingSessionId.parse("somewhere else"))
    assert (await network.authorize_stop(stop)).result is AuthStopCode.Authorized
    assert await network.sessions() == []


@pytest.mark.parametrize("does", BROKEN)
async def test_a_stop_that_fails_at_one_is_asked_of_the_others(does: object) -> None:
    network = roaming()
    leave = network.add_provider(GDF, Provider(GDF, ALLOWED))
    begun = await network.authorize_start(auth_start())
    leave()
    network.add_provider(GDF, Broken(does))
    network.add_provider(GD2, Provider(GD2, ALLOWED))
    assert begun.session_id is not None
    assert (await network.authorize_stop(auth_stop(begun.session_id))).result is AuthStopCode.Authorized
