# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who is let in with what: each attack works against a setting that is too weak, and is refused by the right one."""

from __future__ import annotations

import json
from typing import Any

import pytest
import structlog
from msgspec.structs import replace

from tests.identity_setting import (
    NOON,
    OTHER,
    OTHER_CONNECTION,
    TLS_1_2,
    TLS_1_3,
    TOKEN,
    carried,
    setting,
    totp,
    wire,
)
from tests.platforms import ALL_VERSIONS, envelope_of
from tests.rules import rule
from wwcp_ocpi.partners import Demand
from wwcp_ocpi.protocol.http import Channel
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security.audit import Reason
from wwcp_ocpi.security.carriers import Carrier
from wwcp_ocpi.security.passwords import SingleUse
from wwcp_ocpi.server.audit import LoggedAudit

PATHS = ["/ocpi/versions", *(f"/ocpi/{version}/sender/locations" for version in ALL_VERSIONS), "/ocpi/nothing"]
EVERY_CARRIER = tuple(Carrier)


@pytest.mark.parametrize("path", PATHS)
async def test_a_stolen_token_alone_is_worth_nothing(path: str) -> None:
    made = await setting()
    assert await made.status(path) != 401
    await made.demand()
    assert await made.status(path) == 401
    assert made.audit.taken() == [Reason.MISSING_TOTP]
    assert await made.status(path, password=made.now()) != 401


@pytest.mark.parametrize("carrier", Carrier)
@pytest.mark.parametrize("bound", [False, True])
async def test_each_carrier_works_where_it_is_agreed_and_nowhere_else(carrier: Carrier, *, bound: bool) -> None:
    bound = bound and carrier is not Carrier.BASIC
    made = await setting()
    headers = carried(carrier, made.now(channel=TLS_1_3 if bound else None), bound=bound)
    await made.demand(carriers=EVERY_CARRIER)
    assert await made.status(headers=headers) == 200
    await made.demand(carriers=tuple(one for one in Carrier if one is not carrier))
    assert await made.status(headers=headers) == 401


async def test_a_captured_password_is_refused_later() -> None:
    made = await setting()
    await made.demand()
    captured = made.now()
    made.clock.at += 30
    assert await made.status(password=captured) == 200
    made.clock.at += 30
    assert await made.status(password=captured) == 401
    assert made.audit.taken()[-1] is Reason.EXPIRED_TOTP


@pytest.mark.parametrize("carrier", Carrier)
async def test_a_captured_password_replayed_at_once_is_refused_where_it_is_for_single_use(carrier: Carrier) -> None:
    made = await setting()
    headers = carried(carrier, made.now())
    await made.demand(carriers=EVERY_CARRIER)
    assert [await made.status(headers=headers) for _ in range(2)] == [200, 200]
    await made.demand(single_use=SingleUse.STRICT)
    assert [await made.status(headers=headers) for _ in range(3)] == [200, 401, 401]
    assert made.audit.taken()[-1] is Reason.REPLAYED_TOTP
    headers = carried(carrier, made.now(slots=1))
    assert [await made.status(headers=headers) for _ in range(2)] == [200, 401]


async def test_a_password_for_one_connection_is_refused_on_another() -> None:
    made = await setting()
    await made.demand()
    password = made.now()
    assert await made.status(password=password) == 200
    assert await made.status(password=password, channel=OTHER_CONNECTION) == 200
    await made.demand(single_use=SingleUse.PER_CONNECTION)
    assert [await made.status(password=password) for _ in range(3)] == [200] * 3
    for channel in (OTHER_CONNECTION, TLS_1_2, None):
        assert await made.status(password=password, channel=channel) == 401
        assert made.audit.taken()[-1] is Reason.REPLAYED_TOTP
    assert await made.status(password=password) == 200


async def test_a_password_is_used_up_for_its_three_slots_and_no_longer() -> None:
    made = await setting()
    await made.demand(single_use=SingleUse.STRICT)
    password = made.now(slots=1)
    for expected in (200, 401):
        assert await made.status(password=password) == expected
    for _ in range(2):
        made.clock.at += 30
        assert await made.status(password=password) == 401
        assert made.audit.taken()[-1] is Reason.REPLAYED_TOTP
    made.clock.at += 30
    assert await made.status(password=password) == 401
    assert made.audit.taken()[-1] is Reason.EXPIRED_TOTP


async def test_a_bound_password_is_good_on_its_connection_only() -> None:
    made = await setting()
    await made.demand()
    password = made.now(channel=TLS_1_3)
    assert await made.status(password=password, bound=True) == 200
    assert await made.status(password=password, bound=True) == 200
    assert await made.status(password=password, bound=True, channel=OTHER_CONNECTION) == 401
    assert made.audit.taken() == [Reason.INVALID_TOTP]


@pytest.mark.parametrize("channel", [TLS_1_2, None])
async def test_a_bound_password_without_material_is_refused_and_never_checked_as_raw(channel: Channel | None) -> None:
    made = await setting()
    await made.demand()
    assert await made.status(password=made.now(), channel=channel) == 200
    assert await made.status(password=made.now(), bound=True, channel=channel) == 401
    assert made.audit.taken() == [Reason.NO_CHANNEL]


async def test_there_is_no_way_down_from_bound_to_raw() -> None:
    made = await setting()
    await made.demand()
    assert await made.status(password=made.now()) == 200
    await made.demand(must_bind=True)
    assert await made.status(password=made.now()) == 401
    assert made.audit.taken() == [Reason.UNBOUND_TOTP]
    assert await made.status(password=made.now(), bound=True) == 401
    assert await made.status(password=made.now(channel=TLS_1_3), bound=True) == 200


@pytest.mark.parametrize(
    "other",
    [{"hash": "sha512"}, {"length": 13}, {"length": 11}, {"alphabet": "0123456789abcdef"}, {"validity_s": 31}],
)
async def test_a_password_made_otherwise_is_refused(other: dict[str, Any]) -> None:
    made = await setting()
    await made.demand(totp(**other))
    assert await made.status(password=made.now(totp(**other))) == 200
    await made.demand(at_once=True)
    assert await made.status(password=made.now(totp(**other))) == 401


@pytest.mark.parametrize(("slots", "status"), [(-2, 401), (-1, 200), (0, 200), (1, 200), (2, 401)])
@pytest.mark.parametrize("carrier", Carrier)
async def test_clocks_may_differ_by_one_slot(slots: int, status: int, carrier: Carrier) -> None:
    made = await setting()
    await made.demand(carriers=EVERY_CARRIER)
    assert await made.status(headers=carried(carrier, made.now(slots=slots))) == status


@pytest.mark.parametrize(
    ("into_slot", "slots", "warned"), [(9, -1, False), (12, -1, True), (21, 1, False), (18, 1, True), (29, 0, False)]
)
async def test_a_clock_that_differs_by_more_than_ten_seconds_is_a_warning_once_an_hour(
    into_slot: float, slots: int, *, warned: bool
) -> None:
    made = await setting()
    await made.demand()
    made.clock.at = NOON - NOON % 30 + into_slot
    for _ in range(3):
        assert await made.status(password=made.now(slots=slots)) == 200
    made.clock.at += 7200
    assert await made.status(password=made.now(slots=slots)) == 200
    assert made.audit.taken() == [Reason.CLOCK_DRIFT] * (2 * warned)


@rule("TRN-05")
async def test_a_refusal_does_not_tell_an_unknown_token_from_a_wrong_password() -> None:
    made = await setting()
    await made.demand(carriers=EVERY_CARRIER)
    await made.change_token("other", blocked=True)
    unknown = Secret("nobody")
    refusals = [
        await made.ask(token=unknown),
        await made.ask(),
        await made.ask(password="wrong"),
        await made.ask(token=OTHER),
        await made.ask(headers={"totp": "7 x"}),
        *[await made.ask(headers=carried(Carrier.BASIC, "x" * 12, token=token)) for token in (TOKEN, unknown)],
        *[await made.ask(headers=carried(Carrier.SCHEME, "x" * 12, token=token)) for token in (TOKEN, unknown)],
        await made.ask(headers={"authorization": "TOTP login=,,"}),
        await made.ask(headers={"authorization": "Basic ???"}),
    ]
    assert {response.status for response in refusals} == {401}
    assert len({str(envelope_of(response)) for response in refusals}) == 1
    challenges = {response.headers["www-authenticate"] for response in refusals}
    assert challenges == {'Token, Basic realm="ocpi", TOTP realm="ocpi"'}


@pytest.mark.parametrize(
    ("carriers", "challenge"),
    [
        ((Carrier.HEADER,), "Token"),
        ((Carrier.HEADER, Carrier.SCHEME), 'Token, TOTP realm="ocpi"'),
        ((Carrier.BASIC,), 'Token, Basic realm="ocpi"'),
    ],
)
async def test_the_challenge_names_what_could_succeed(carriers: tuple[Carrier, ...], challenge: str) -> None:
    made = await setting()
    await made.demand(carriers=carriers)
    assert (await made.ask()).headers["www-authenticate"] == challenge


async def test_basic_and_totp_are_nothing_to_a_token_without_passwords() -> None:
    made = await setting()
    await made.demand(carriers=EVERY_CARRIER)
    for carrier in (Carrier.BASIC, Carrier.SCHEME):
        assert await made.status(headers=carried(carrier, made.now(), token=OTHER)) == 401


async def test_a_header_without_a_digit_is_taken_where_that_is_agreed() -> None:
    made = await setting()
    await made.demand()
    assert await made.status(headers={"totp": made.now()}) == 401
    await made.demand(bare=True)
    assert await made.status(headers={"totp": made.now()}) == 200
    await made.demand(must_bind=True)
    assert await made.status(headers={"totp": made.now()}) == 401


async def test_answers_to_a_password_are_private() -> None:
    made = await setting()
    assert "cache-control" not in (await made.ask()).headers
    await made.demand(carriers=EVERY_CARRIER)
    for carrier in Carrier:
        for password in (made.now(), "wrong"):
            response = await made.ask(headers=carried(carrier, password))
            assert response.headers["cache-control"] == "private"


async def test_a_password_of_one_partner_is_nothing_to_the_token_of_another() -> None:
    made = await setting()
    await made.demand()
    assert await made.status(token=OTHER, password=made.now()) == 200
    await made.made.securing.expect_passwords("other", totp("a-secret-of-somebody-else"), Demand())
    assert await made.status(token=OTHER, password=made.now()) == 401
    assert await made.status(token=OTHER, password=made.now(totp("a-secret-of-somebody-else"))) == 200
    assert await made.status(password=made.now(totp("a-secret-of-somebody-else"))) == 401


async def test_a_token_may_have_passwords_of_its_own() -> None:
    made = await setting()
    await made.demand()
    (access,) = made.made.book.get("partner").access
    own = totp("the-secret-of-this-token-alone")
    await made.made.securing.expect_passwords("partner", own, Demand(), token=access.id)
    assert await made.status(password=made.now()) == 401
    assert await made.status(password=made.now(own)) == 200


# Tokens


@pytest.mark.parametrize(
    ("not_before", "not_after", "status", "reason"),
    [
        (-10, 10, 200, None),
        (1, 10, 401, Reason.TOKEN_NOT_YET_VALID),
        (-10, 0, 401, Reason.TOKEN_EXPIRED),
        (-10, -1, 401, Reason.TOKEN_EXPIRED),
    ],
)
async def test_a_token_is_good_between_its_times(
    not_before: int, not_after: int, status: int, reason: Reason | None
) -> None:
    made = await setting()
    times = {"not_before": NOON + not_before, "not_after": NOON + not_after}
    await made.change_token(**{name: wire(at) for name, at in times.items()})
    assert await made.status() == status
    assert made.audit.taken() == ([reason] if reason else [])


async def test_a_token_ends_while_it_is_remembered() -> None:
    made = await setting()
    await made.change_token(not_after=wire(NOON + 5))
    assert await made.status() == 200
    made.clock.at += 5
    assert await made.status() == 401


async def test_one_token_is_blocked_and_the_others_work() -> None:
    made = await setting()
    (access,) = made.made.book.get("partner").access
    more = Secret("one-more")
    hash = made.made.book._vault.hash_of(more.reveal())
    await made.change("partner", access=(access, replace(access, hash=hash)))
    await made.made.securing.limit_token("partner", access.id, blocked=True)
    assert await made.status() == 401
    assert await made.status(token=more) == 200
    assert made.audit.taken() == [Reason.BLOCKED]
    await made.made.securing.limit_token("partner", access.id, blocked=False)
    assert await made.status() == 200


# Locking out


async def test_a_stranger_does_not_lock_a_partner_out() -> None:
    made = await setting(refusals_per_minute=5)
    await made.demand()
    stranger = "203.0.113.9"
    statuses = [await made.status(password="wrong", source=stranger) for _ in range(8)]
    assert statuses == [401] * 5 + [429] * 3
    assert await made.status(password=made.now(), source="192.0.2.1") == 200
    assert Reason.REPEATED_FAILURES in made.audit.taken()


async def test_whoever_was_refused_too_often_may_come_again_later_and_is_told_when() -> None:
    made = await setting(refusals_per_minute=6)
    for _ in range(6):
        assert await made.status(token=Secret("guess")) == 401
    response = await made.ask(token=Secret("guess"))
    assert (response.status, response.headers["retry-after"]) == (429, "10")
    assert envelope_of(response)["status_code"] == 2000
    assert await made.status() == 429
    made.clock.at += 10
    assert await made.status() == 200


async def test_a_partner_that_was_here_before_is_heard_whatever_others_at_its_address_do() -> None:
    made = await setting(refusals_per_minute=3)
    assert await made.status() == 200
    for _ in range(9):
        await made.status(token=Secret("guess"))
    assert await made.status(token=OTHER) == 429
    assert await made.status() == 200


async def test_a_login_is_tried_from_everywhere_and_still_heard_from_its_own_address() -> None:
    made = await setting(refusals_per_minute=3)
    await made.demand()
    for number in range(50):
        assert await made.status(password="wrong", source=f"203.0.113.{number}") == 401
    assert Reason.REPEATED_FAILURES in made.audit.taken()
    assert await made.status(password=made.now()) == 200


async def test_all_addresses_of_one_network_of_ipv6_are_one() -> None:
    made = await setting(refusals_per_minute=3)
    for number in range(3):
        assert await made.status(token=Secret("guess"), source=f"2001:db8::{number}") == 401
    assert await made.status(token=Secret("guess"), source="2001:db8::ffff:9") == 429
    assert await made.status(token=Secret("guess"), source="2001:db8:0:1::1") == 401


async def test_a_login_from_another_network_is_noted() -> None:
    made = await setting()
    for source in ("192.0.2.1", "192.0.2.1", "198.51.100.7", "192.0.2.1"):
        assert await made.status(source=source) == 200
    ((reason, fields),) = made.audit.events
    assert (reason, fields["partner"], fields["source"]) == (Reason.NEW_NETWORK, "partner", "198.51.100.7")


async def test_events_name_the_request_and_no_secret() -> None:
    made = await setting()
    await made.demand()
    await made.ask("/ocpi/versions?token=partner-token", password="wrong", headers={"x-request-id": "R1"})
    ((reason, fields),) = made.audit.events
    (access,) = made.made.book.get("partner").access
    assert reason is Reason.INVALID_TOTP
    assert fields == {
        "partner": "partner",
        "login": access.id,
        "source": "192.0.2.1",
        "request": "GET /ocpi/versions",
        "request_id": "R1",
        "certificate": "",
        "detail": "",
    }


async def test_without_an_audit_log_an_event_is_a_line_that_nobody_outside_can_make(
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = await setting()
    made.made.server.identity.audit = LoggedAudit()
    structlog.configure(processors=[structlog.processors.JSONRenderer()], cache_logger_on_first_use=False)
    try:
        await made.ask("/ocpi/a%0Ab", token=Secret("x"), headers={"x-request-id": 'R1","event":"forged'})
    finally:
        structlog.reset_defaults()
    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    assert (found["event"], found["request"]) == ("security.unknown_token", "GET /ocpi/a%0Ab")
