# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the operator's own system may say about a CDR before it is stored, and what happens when it says nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from tests.objects import cdr
from tests.platforms import ALL_VERSIONS, CPO, EMSP, Caller, MemoryNet, envelope_of, platform
from wwcp_ocpi.partners import Access, PartnerParty, Purpose
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.server import posts
from wwcp_ocpi.server.decisions import ACCEPTED, Acceptance, AcceptanceRequest

pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


class Clerk:
    """Says what it was told to say, and remembers what it was asked."""

    def __init__(self, decide: Callable[[], Awaitable[Acceptance]]) -> None:
        self.decide = decide
        self.asked: list[AcceptanceRequest] = []

    async def accept(self, asked: AcceptanceRequest) -> Acceptance:
        self.asked.append(asked)
        return await self.decide()


def saying(answer: Acceptance) -> Clerk:
    async def decide() -> Acceptance:
        return answer

    return Clerk(decide)


async def emsp(clerk: Clerk) -> Caller:
    """An eMSP with that clerk, and the calls of a CPO."""
    made = platform(MemoryNet(), "emsp.example", EMSP, "EMSP", modules=frozenset({"cdrs"}))
    secret = Secret("token-cpo")
    access = (Access(hash=made.book._vault.hash_of(secret.reveal()), purpose=Purpose.ACCESS),)
    parties = (PartnerParty(id=CPO, role="CPO", name="cpo"),)
    await made.book.change("cpo", lambda known: replace(known, access=access, parties=parties))
    made.server.acceptors["cdrs"] = clerk
    return Caller(made, secret)


def at(version: str, *ids: str) -> str:
    return "/".join((f"/ocpi/{version}/receiver/cdrs", *ids))


async def is_kept(call: Caller, version: str) -> bool:
    return (await call("GET", at(version, "DE", "GEF", "C1"))).status == 200


async def test_a_cdr_that_is_taken_is_asked_about_once(version: str) -> None:
    clerk = saying(ACCEPTED)
    call = await emsp(clerk)
    body = json.dumps(cdr(version)).encode()
    assert (await call("POST", at(version), body)).status == 201
    assert (await call("POST", at(version), body)).status == 200
    assert clerk.asked == [
        AcceptanceRequest(partner="cpo", version=version, kind="cdrs", owner=CPO, id="C1", body=body)
    ]


async def test_a_cdr_that_is_refused_is_not_kept_and_the_partner_hears_why(version: str) -> None:
    clerk = saying(Acceptance(accepted=False, reason="the driver is not ours", status_code=2004))
    call = await emsp(clerk)
    response = await call("POST", at(version), cdr(version))
    assert (response.status, envelope_of(response)) == (
        200,
        {"status_code": 2004, "status_message": "cdrs/C1: the driver is not ours"},
    )
    assert not await is_kept(call, version)
    clerk.decide = saying(ACCEPTED).decide
    assert (await call("POST", at(version), cdr(version))).status == 201
    assert len(clerk.asked) == 2


@pytest.mark.parametrize("code", [0, 1000, 9999])
async def test_a_refusal_is_never_told_as_a_success(version: str, code: int) -> None:
    call = await emsp(saying(Acceptance(accepted=False, status_code=code)))
    response = await call("POST", at(version), cdr(version))
    assert envelope_of(response) == {"status_code": 2001, "status_message": "cdrs/C1: refused"}


async def test_nobody_is_asked_about_what_is_no_cdr(version: str) -> None:
    clerk = saying(ACCEPTED)
    call = await emsp(clerk)
    for body in (b"{", {"id": "C1"}, cdr(version, id="")):
        assert envelope_of(await call("POST", at(version), body))["status_code"] == 2001
    assert clerk.asked == []


async def _never() -> Acceptance:
    await asyncio.Event().wait()
    raise AssertionError


async def _broken() -> Acceptance:
    raise RuntimeError("no database")


async def _nonsense() -> Acceptance:
    return None  # type: ignore[return-value]


@pytest.mark.parametrize("decide", [_never, _broken, _nonsense])
async def test_a_cdr_is_kept_when_nobody_decides(
    version: str, decide: Callable[[], Awaitable[Acceptance]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(posts, "DECIDE_S", 0.0)
    call = await emsp(Clerk(decide))
    assert (await call("POST", at(version), cdr(version))).status == 201
    assert await is_kept(call, version)
