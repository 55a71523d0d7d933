# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payment terminals and what they captured, at the PTP that owns them and at the CPO that uses them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.objects import MIDDLE, NEW, OLD, confirmation, terminal
from tests.platforms import CPO, PTP, Caller, MemoryNet, envelope_of, platform
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import Access, Partner, PartnerParty, Purpose, Remote
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId, Secret
from wwcp_ocpi.server import payments
from wwcp_ocpi.server.decisions import TerminalAnswer, TerminalRequest
from wwcp_ocpi.store.ports import Side

VERSION = "2.3.0"
OTHER = PartyId("FR", "OTH")
TERMINALS, CONFIRMATIONS = "payments/terminals", "payments/financial-advice-confirmations"
_REMOTE = Remote(versions_url="https://x", token="x", form=TokenForm.RAW, version=VERSION, endpoints=())


async def served(
    role: str, ours: PartyId, *partners: tuple[str, str, tuple[PartyId, ...]], **more: Any
) -> tuple[Platform, list[Caller]]:
    """A platform in a role with registered partners (name, role, parties), and the calls of each."""
    made = platform(MemoryNet(), "here.example", ours, role, modules=frozenset({"payments"}))
    calls = []
    for name, partner_role, ids in partners:
        secret = Secret(f"token-{name}")
        access = Access(hash=made.book._vault.hash_of(secret.reveal()), purpose=Purpose.ACCESS)
        parties = tuple(PartnerParty(id=id, role=partner_role, name=name) for id in ids)

        def edit(
            known: Partner, access: Access = access, parties: tuple[PartnerParty, ...] = parties, more: Any = more
        ) -> Partner:
            return replace(known, access=(access,), parties=parties, remote=_REMOTE, **more)

        await made.book.change(name, edit)
        calls.append(Caller(made, secret))
    return made, calls


async def ptp() -> tuple[Platform, Caller, Caller]:
    """A PTP with two CPOs."""
    made, (mine, other) = await served("PTP", PTP, ("cpo", "CPO", (CPO,)), ("other", "CPO", (OTHER,)))
    return made, mine, other


async def cpo() -> tuple[Platform, Caller]:
    """A CPO with its PTP."""
    made, (call,) = await served("CPO", CPO, ("ptp", "PTP", (PTP,)))
    return made, call


def own(body: dict[str, Any], concerns: PartyId | None = CPO) -> OwnObject:
    return OwnObject(
        owner=PTP,
        id=body.get("id") or body["terminal_id"],
        last_updated=DateTime.parse(body["last_updated"]).micros,
        body=json.dumps(body).encode(),
        concerns=concerns,
    )


async def publish(made: Platform, kind: str, *bodies: dict[str, Any], concerns: PartyId | None = CPO) -> None:
    await made.publisher.publish(VERSIONS[VERSION], kind, [own(body, concerns) for body in bodies])


def at(*path: str, side: str = "sender", kind: str = "terminals") -> str:
    return "/".join((f"/ocpi/{VERSION}/{side}/payments/{kind}", *path))


def told(response: Response) -> tuple[int, int]:
    return response.status, envelope_of(response)["status_code"]


class Shop:
    """The system of a PTP that knows its terminals by their serial numbers."""

    def __init__(self, **serials: str) -> None:
        self.serials = serials
        self.asked: list[TerminalRequest] = []

    async def activate(self, asked: TerminalRequest) -> TerminalAnswer:
        self.asked.append(asked)
        id = asked.terminal_id or self.serials.get(asked.reference or "")
        return TerminalAnswer(terminal_id=id, reason="unknown serial number")

    async def deactivate(self, asked: TerminalRequest) -> TerminalAnswer:
        self.asked.append(asked)
        return TerminalAnswer(terminal_id=asked.terminal_id)


# ----------------------------------------------------------------------------------------------------------- the PTP


@rule("PAY-14")
@pytest.mark.parametrize(("kind", "make"), [(TERMINALS, terminal), (CONFIRMATIONS, confirmation)])
async def test_a_cpo_sees_its_own_and_no_others(kind: str, make: Any) -> None:
    made, mine, other = await ptp()
    body = make(VERSION)
    await publish(made, kind, body)
    url = f"/ocpi/{VERSION}/sender/{kind}"
    one = f"{url}/{body.get('id') or body['terminal_id']}"
    assert envelope_of(await mine("GET", f"{url}?date_from={OLD}"))["data"] == [body]
    assert envelope_of(await mine("GET", one))["data"] == body
    assert envelope_of(await other("GET", url))["data"] == []
    assert (await other("GET", one)).status == 404
    assert (await mine("GET", f"{url}/unknown")).status == 404


async def test_the_party_in_a_terminal_is_the_cpo_that_it_is_for() -> None:
    made, mine, other = await ptp()
    await publish(made, TERMINALS, terminal(VERSION, country_code="FR", party_id="oth"), concerns=None)
    await publish(made, TERMINALS, terminal(VERSION, "TERM2"), concerns=None)
    assert envelope_of(await mine("GET", at()))["data"] == []
    assert [one["terminal_id"] for one in envelope_of(await other("GET", at()))["data"]] == ["TERM1"]


@rule("PAY-08")
async def test_a_cpo_assigns_locations_and_evses() -> None:
    made, mine, other = await ptp()
    await publish(made, TERMINALS, terminal(VERSION))
    change = {"location_ids": ["LOC1", "LOC2"], "evse_uids": ["E1"]}
    assert told(await other("PATCH", at("TERM1"), change)) == (404, 2001)
    assert told(await mine("PATCH", at("TERM1"), change)) == (200, 1000)
    found = envelope_of(await mine("GET", at("term1")))["data"]
    assert found.pop("last_updated") > MIDDLE
    assert found == {key: value for key, value in {**terminal(VERSION), **change}.items() if key != "last_updated"}
    assert (await other("GET", at("TERM1"))).status == 404
    assert [one["terminal_id"] for one in envelope_of(await mine("GET", at()))["data"]] == ["TERM1"]


@rule("PAY-09")
async def test_a_put_changes_what_it_names_and_leaves_the_rest_to_the_ptp() -> None:
    made, mine, _ = await ptp()
    await publish(made, TERMINALS, terminal(VERSION))
    example = {"customer_reference": "OMV", "invoice_base_url": "someNewURL", "last_updated": NEW}
    assert told(await mine("PUT", at("TERM1"), example)) == (200, 1000)
    assert envelope_of(await mine("GET", at("TERM1")))["data"] == {**terminal(VERSION), **example}
    whole = terminal(VERSION, last_updated=NEW, city="Gera")
    assert told(await mine("PUT", at("TERM1"), whole)) == (200, 1000)
    assert envelope_of(await mine("GET", at("TERM1")))["data"] == {**whole, **example}


async def test_a_cpo_makes_no_terminal_and_gives_none_away() -> None:
    made, mine, _ = await ptp()
    await publish(made, TERMINALS, terminal(VERSION))
    assert told(await mine("PUT", at("TERM2"), terminal(VERSION, "TERM2"))) == (404, 2001)
    assert told(await mine("PUT", at("TERM1"), terminal(VERSION, "TERM2"))) == (200, 2001)
    assert told(await mine("PATCH", at("TERM1"), {"party_id": "OTH", "country_code": "FR"})) == (403, 2001)
    assert told(await mine("PATCH", at("TERM1"), {"city": "Gera", "last_updated": OLD})) == (200, 2001)
    assert told(await mine("PATCH", at("TERM1"), {"address": None, "last_updated": None})) == (200, 2001)
    assert told(await mine("PATCH", at("TERM1"), {})) == (200, 2001)
    assert (await mine("DELETE", at("TERM1"))).status == 405
    assert envelope_of(await mine("GET", at("TERM1")))["data"] == terminal(VERSION)


async def test_two_changes_of_one_state_do_not_lose_each_other() -> None:
    made, mine, _ = await ptp()
    await publish(made, TERMINALS, terminal(VERSION))
    tag = (await mine("GET", at("TERM1"))).headers["etag"]
    first = await mine("PATCH", at("TERM1"), {"location_ids": ["A"]}, {"if-match": tag})
    second = await mine("PATCH", at("TERM1"), {"location_ids": ["B"]}, {"if-match": tag})
    assert (first.status, second.status) == (200, 412)


@rule("PAY-10")
async def test_a_terminal_is_activated_by_its_serial_number_and_sent_to_the_cpo() -> None:
    made, mine, other = await ptp()
    made.server.hears = lambda partner, version, kind: True
    made.server.terminals = shop = Shop(SERIAL1="TERM1")
    await publish(made, TERMINALS, terminal(VERSION), concerns=None)
    asked = {"reference": "SERIAL1", "location_ids": ["LOC1"], "customer_reference": None, "last_updated": NEW}
    assert envelope_of(await mine("POST", at("activate"), asked)) == {"status_code": 1000}
    expected = terminal(VERSION, location_ids=["LOC1"], last_updated=NEW)
    assert envelope_of(await mine("GET", at("TERM1")))["data"] == expected
    assert envelope_of(await other("GET", at()))["data"] == []
    (push,) = [one.push for one in await made.store.due(10)]
    assert (push.partner, push.module, push.method, push.owner, push.id) == ("cpo", TERMINALS, "POST", PTP, "TERM1")
    (seen,) = shop.asked
    assert (seen.partner, seen.terminal_id, seen.reference, seen.location_ids) == ("cpo", None, "SERIAL1", ("LOC1",))
    await mine("POST", at("activate"), asked)
    assert len(await made.store.due(10)) == 1, "the same again is no change"


async def test_a_terminal_that_was_never_heard_of_is_made_when_the_ptp_says_so() -> None:
    made, mine, _ = await ptp()
    made.server.terminals = Shop(S9="TERM9")
    assert told(await mine("POST", at("activate"), {"reference": "S9"})) == (200, 1000)
    found = envelope_of(await mine("GET", at("TERM9")))["data"]
    assert DateTime.parse(found.pop("last_updated")) > DateTime.parse(NEW)
    assert found == {"terminal_id": "TERM9", "reference": "S9"}


async def test_the_terminal_of_another_cpo_is_not_there() -> None:
    made, mine, other = await ptp()
    made.server.terminals = shop = Shop(SERIAL1="TERM1")
    await publish(made, TERMINALS, terminal(VERSION))
    assert told(await other("POST", at("activate"), terminal(VERSION))) == (404, 2001)
    assert shop.asked == [], "nobody is asked"
    assert told(await other("POST", at("activate"), {"reference": "SERIAL1"})) == (404, 2001)
    assert told(await other("POST", at("TERM1", "deactivate"))) == (404, 2001)
    assert envelope_of(await mine("GET", at("TERM1")))["data"] == terminal(VERSION)


async def test_what_activates_nothing_is_refused() -> None:
    made, mine, _ = await ptp()
    assert told(await mine("POST", at("activate"), terminal(VERSION))) == (200, 2000)
    made.server.terminals = Shop()
    response = await mine("POST", at("activate"), {"reference": "unknown"})
    assert told(response) == (200, 2000)
    assert envelope_of(response)["status_message"] == "payments/terminals: unknown serial number"
    assert told(await mine("POST", at("activate"), {})) == (200, 2001)
    assert told(await mine("POST", at("activate"), b"[")) == (400, 2001)
    assert told(await mine("POST", at("activate"), {"location_ids": "LOC1"})) == (200, 2001)
    assert told(await mine("POST", at("activate"), {"country_code": "FR", "party_id": "OTH"})) == (403, 2001)
    assert envelope_of(await mine("GET", at()))["data"] == []


@rule("PAY-11")
async def test_a_deactivated_terminal_serves_nothing_and_stays() -> None:
    made, mine, _ = await ptp()
    await publish(made, TERMINALS, terminal(VERSION, location_ids=["LOC1"], evse_uids=["E1"]))
    assert told(await mine("POST", at("TERM1", "deactivate"))) == (200, 2000)
    made.server.terminals = shop = Shop()
    assert envelope_of(await mine("POST", at("TERM1", "deactivate"), b"whatever")) == {"status_code": 1000}
    found = envelope_of(await mine("GET", at("TERM1")))["data"]
    assert found.pop("last_updated") > MIDDLE
    assert found == {key: value for key, value in terminal(VERSION).items() if key != "last_updated"}
    assert [one.terminal_id for one in shop.asked] == ["TERM1"]
    assert told(await mine("POST", at("TERM1", "deactivate"))) == (200, 1000)
    assert told(await mine("POST", at("unknown", "deactivate"))) == (404, 2001)


async def test_a_ptp_that_does_not_decide_in_time_is_answered_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Asleep:
        async def activate(self, asked: TerminalRequest) -> TerminalAnswer:
            await asyncio.Event().wait()
            raise AssertionError

        deactivate = activate

    made, mine, _ = await ptp()
    monkeypatch.setattr(payments, "DECIDE_S", 0.01)
    made.server.terminals = Asleep()
    assert told(await mine("POST", at("activate"), terminal(VERSION))) == (200, 3000)
    assert envelope_of(await mine("GET", at()))["data"] == []


# ----------------------------------------------------------------------------------------------------------- the CPO


@rule("PAY-12")
@rule("PAY-13")
@pytest.mark.parametrize(("kind", "make"), [("terminals", terminal), (CONFIRMATIONS.partition("/")[2], confirmation)])
async def test_what_a_ptp_posts_is_kept_and_read_at_its_url(kind: str, make: Any) -> None:
    _, call = await cpo()
    body = make(VERSION, "A/1")
    response = await call("POST", at(side="receiver", kind=kind), body)
    assert (response.status, envelope_of(response)) == (201, {"status_code": 1000})
    url = response.headers["location"]
    assert url == f"https://here.example/ocpi/{VERSION}/receiver/payments/{kind}/A%2F1"
    assert envelope_of(await call("GET", url.removeprefix("https://here.example")))["data"] == body
    again = await call("POST", at(side="receiver", kind=kind), body)
    assert (again.status, again.headers["location"]) == (200, url)
    newer = make(VERSION, "A/1", NEW)
    assert told(await call("POST", at(side="receiver", kind=kind), newer)) == (200, 1000)
    assert told(await call("POST", at(side="receiver", kind=kind), body)) == (200, 2001)
    assert envelope_of(await call("GET", url.removeprefix("https://here.example")))["data"] == newer


async def test_a_terminal_may_come_as_its_id_and_nothing_else() -> None:
    _, call = await cpo()
    url = at(side="receiver")
    assert told(await call("POST", url, {"terminal_id": "TERM1"})) == (201, 1000)
    found = envelope_of(await call("GET", url + "/TERM1"))["data"]
    assert DateTime.parse(found.pop("last_updated")) > DateTime.parse(NEW)
    assert found == {"terminal_id": "TERM1"}
    full = terminal(VERSION, last_updated="2099-01-01T00:00:00Z")
    assert told(await call("POST", url, full)) == (200, 1000)
    assert told(await call("POST", url, {"terminal_id": "TERM1"})) == (200, 1000)
    assert envelope_of(await call("GET", url + "/TERM1"))["data"] == full, "less than is known takes nothing away"
    assert told(await call("POST", url, {"terminal_id": "TERM1", "last_updated": None})) == (200, 2001)
    assert told(await call("POST", url, {"city": "Jena"})) == (200, 2001)
    assert told(await call("POST", url, {"terminal_id": ""})) == (200, 2001)


async def test_a_confirmation_wants_its_date() -> None:
    _, call = await cpo()
    body = confirmation(VERSION)
    del body["last_updated"]
    assert told(await call("POST", at(side="receiver", kind=CONFIRMATIONS.partition("/")[2]), body)) == (200, 2001)


async def test_a_confirmation_with_the_prices_of_another_version_is_refused() -> None:
    _, call = await cpo()
    old = confirmation(VERSION, total_costs={"excl_vat": 4.00, "incl_vat": 4.40})
    assert told(await call("POST", at(side="receiver", kind=CONFIRMATIONS.partition("/")[2]), old)) == (200, 2001)
    failed = confirmation(VERSION, capture_status_code="FAILED", eft_data=[])
    assert told(await call("POST", at(side="receiver", kind=CONFIRMATIONS.partition("/")[2]), failed)) == (200, 2001)


async def test_terminals_of_two_ptps_with_one_id_are_two() -> None:
    _, (one, two) = await served("CPO", CPO, ("one", "PTP", (PTP,)), ("two", "PTP", (OTHER,)))
    url = at(side="receiver")
    await one("POST", url, terminal(VERSION))
    assert (await two("GET", url + "/TERM1")).status == 404
    assert told(await two("POST", url, terminal(VERSION, city="Gera"))) == (201, 1000)
    assert envelope_of(await one("GET", url + "/TERM1"))["data"] == terminal(VERSION)


async def test_behind_a_hub_the_headers_say_whose_terminal_it_is() -> None:
    made, (call,) = await served("CPO", CPO, ("hub", "PTP", (PTP, OTHER)), hub=PTP)
    url = at(side="receiver")

    def sent(country_code: str, party_id: str) -> dict[str, str]:
        return {"ocpi-from-country-code": country_code, "ocpi-from-party-id": party_id}

    third = sent("SE", "ABC")
    assert told(await call("POST", url, terminal(VERSION), third)) == (201, 1000)
    assert told(await call("POST", url, terminal(VERSION, city="Gera"))) == (201, 1000)
    assert envelope_of(await call("GET", url + "/TERM1", None, third))["data"] == terminal(VERSION)
    assert envelope_of(await call("GET", url + "/TERM1"))["data"]["city"] == "Gera"
    assert await made.store.count(Side.THEIRS, TERMINALS) == 2


async def test_only_the_other_side_calls() -> None:
    _, (call,) = await served("CPO", CPO, ("emsp", "EMSP", (OTHER,)))
    assert told(await call("POST", at(side="receiver"), terminal(VERSION))) == (403, 2001)
    _, call = await cpo()
    assert (await call("GET", at())).status == 404, "a CPO has no sender side"
