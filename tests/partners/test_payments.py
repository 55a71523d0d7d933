# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payment terminals, their captures and the records of invoices, on their way between registered platforms."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.commanding import Operator
from tests.objects import MIDDLE, NEW, cdr, confirmation, invoice, location, session, tariff, terminal, token
from tests.platforms import CPO, EMSP, PTP, MemoryNet, platform, register
from tests.rules import rule
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.partners.pull import Pulled
from wwcp_ocpi.protocol.errors import Refused, UsageError
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.server import OwnParty
from wwcp_ocpi.server.decisions import CommandOutcome, TerminalAnswer, TerminalRequest
from wwcp_ocpi.store.ports import PageRequest, Side
from wwcp_ocpi.v2_3_0 import FinancialAdviceConfirmation, InvoiceReconciliationRecord, Terminal

VERSION = "2.3.0"
V = VERSIONS[VERSION]
MODULES = frozenset({"locations", "tariffs", "sessions", "cdrs", "commands", "payments", "invoicereconciliation"})
TERMINALS, INVOICES = "payments/terminals", "invoicereconciliation"
CONFIRMATIONS = "payments/financial-advice-confirmations"


async def linked(role: str, party: PartyId) -> tuple[MemoryNet, Platform, Platform]:
    """A CPO, and a partner in that role that joined it."""
    net = MemoryNet()
    cpo = platform(net, "cpo.example", CPO, "CPO", modules=MODULES)
    other = platform(net, "other.example", party, role, modules=MODULES)
    await register(cpo, other, (VERSION,))
    return net, cpo, other


def own(body: dict[str, Any], owner: PartyId, **more: Any) -> OwnObject:
    moment = DateTime.parse(body["last_updated"]).micros
    id = body.get("id") or body["terminal_id"]
    return OwnObject(owner=owner, id=id, last_updated=moment, body=json.dumps(body).encode(), **more)


async def deliver(made: Platform) -> None:
    for _ in range(100):
        if await made.courier.round() == 0:
            return
    raise AssertionError("delivery does not come to an end")


async def theirs(made: Platform, kind: str) -> list[Any]:
    page = await made.store.page(PageRequest(side=Side.THEIRS, module=kind, limit=100))
    return [json.loads(body) for body in page.bodies]


def asked(net: MemoryNet) -> list[tuple[str, str]]:
    return [(one.method, one.path.removeprefix(f"/ocpi/{VERSION}/")) for one in net.requests]


class Shop:
    async def activate(self, asked: TerminalRequest) -> TerminalAnswer:
        return TerminalAnswer(terminal_id="TERM1" if asked.reference == "SERIAL1" else None)

    async def deactivate(self, asked: TerminalRequest) -> TerminalAnswer:
        return TerminalAnswer(terminal_id=asked.terminal_id)


@rule("PAY-12")
@rule("PAY-13")
async def test_a_ptp_posts_terminals_and_confirmations_to_their_cpo_alone() -> None:
    net, cpo, ptp = await linked("PTP", PTP)
    other = platform(net, "third.example", PartyId("FR", "OTH"), "CPO", modules=MODULES)
    await register(other, ptp, (VERSION,))
    net.requests.clear()
    await ptp.publisher.publish(V, TERMINALS, [own(terminal(VERSION), PTP, concerns=CPO)])
    await ptp.publisher.publish(V, CONFIRMATIONS, [own(confirmation(VERSION), PTP, concerns=CPO)])
    await deliver(ptp)
    assert sorted(asked(net)) == [
        ("POST", "receiver/payments/financial-advice-confirmations"),
        ("POST", "receiver/payments/terminals"),
    ]
    assert await theirs(cpo, TERMINALS) == [terminal(VERSION)]
    assert await theirs(cpo, CONFIRMATIONS) == [confirmation(VERSION)]
    assert await theirs(other, TERMINALS) == []
    for kind in (TERMINALS, CONFIRMATIONS):
        assert await cpo.pull("other.example", kind) == Pulled(pages=1, received=1, unchanged=1)
        assert await other.pull("other.example", kind) == Pulled(pages=1)


async def test_a_terminal_that_changed_is_posted_again() -> None:
    _, cpo, ptp = await linked("PTP", PTP)
    await ptp.publisher.publish(V, TERMINALS, [own(terminal(VERSION), PTP, concerns=CPO)])
    await deliver(ptp)
    await ptp.publisher.change(V, TERMINALS, PTP, ["TERM1"], {"city": "Gera", "last_updated": DateTime.parse(NEW)})
    await deliver(ptp)
    assert await theirs(cpo, TERMINALS) == [terminal(VERSION, last_updated=NEW, city="Gera")]
    assert ptp.courier.refused == 0


@rule("PAY-08")
@rule("PAY-10")
@rule("PAY-11")
async def test_a_cpo_activates_assigns_and_deactivates_a_terminal() -> None:
    _, cpo, ptp = await linked("PTP", PTP)
    await ptp.publisher.publish(V, TERMINALS, [own(terminal(VERSION), PTP)])
    assert await cpo.pull("other.example", TERMINALS) == Pulled(pages=1), "it is nobody's yet"
    peer = cpo.peer("other.example")
    with pytest.raises(Refused):
        await peer.activate_terminal({"reference": "SERIAL1"})
    ptp.server.terminals = Shop()
    await peer.activate_terminal({"reference": "SERIAL1", "customer_reference": "GEF"})
    await deliver(ptp)
    (held,) = await theirs(cpo, TERMINALS)
    assert (held["terminal_id"], held["customer_reference"]) == ("TERM1", "GEF")

    await peer.patch(Terminal, {"location_ids": ["LOC1"]}, "TERM1")
    assert (await peer.get(Terminal, "TERM1")).location_ids == ["LOC1"]
    found = await peer.get(Terminal, "TERM1")
    await peer.put(found, "TERM1")
    assert await peer.get(Terminal, "TERM1") == found
    assert await cpo.pull("other.example", TERMINALS) == Pulled(pages=1, received=1, stored=1)

    await peer.deactivate_terminal("TERM1")
    assert (await peer.get(Terminal, "TERM1")).location_ids is None


async def test_a_ptp_reads_what_the_cpo_keeps() -> None:
    _, cpo, ptp = await linked("PTP", PTP)
    await ptp.publisher.publish(V, CONFIRMATIONS, [own(confirmation(VERSION), PTP, concerns=CPO)])
    await deliver(ptp)
    peer = ptp.peer("cpo.example")
    assert (await peer.get(FinancialAdviceConfirmation, "FAC1", owner=PTP)).authorization_reference == "REF1"
    with pytest.raises(Refused) as refused:
        await peer.get(Terminal, "TERM1", owner=PTP)
    assert refused.value.http_status == 404
    with pytest.raises(UsageError):
        await cpo.peer("other.example").put(Terminal(terminal_id="T", last_updated=DateTime.parse(NEW)), "T", owner=CPO)


async def test_a_push_and_a_pull_mean_the_same_terminal_of_a_partner_of_many_parties() -> None:
    net = MemoryNet()
    cpo = platform(net, "cpo.example", CPO, "CPO", modules=MODULES)
    first = OwnParty(id=PartyId("AA", "AAA"), role="NSP", name="first")
    ptp = platform(net, "other.example", PTP, "PTP", modules=MODULES, more=(first,))
    await register(cpo, ptp, (VERSION,))
    await ptp.publisher.publish(V, TERMINALS, [own(terminal(VERSION), PTP, concerns=CPO)])
    await deliver(ptp)
    assert await cpo.pull("other.example", TERMINALS) == Pulled(pages=1, received=1, unchanged=1)


@rule("PAY-05")
@rule("PAY-06")
@rule("PAY-07")
async def test_a_charge_at_a_terminal_from_the_tariff_to_the_capture() -> None:
    _, cpo, ptp = await linked("PTP", PTP)
    cpo.server.commander = operator = Operator()
    await cpo.publisher.publish(V, "locations", [own(location(VERSION), CPO)], push=False)
    await cpo.publisher.publish(V, "tariffs", [own(tariff(VERSION, preauthorize_amount=50), CPO)], push=False)
    for kind in ("locations", "tariffs"):
        assert (await ptp.pull("cpo.example", kind)).stored == 1
    assert (await theirs(ptp, "tariffs"))[0]["preauthorize_amount"] == 50

    driver = token(VERSION, country_code="AT", party_id="PTP", type="AD_HOC_USER")
    start = {"token": driver, "location_id": "LOC1", "evse_uid": "E1", "authorization_reference": "REF1"}
    await ptp.commands.send("cpo.example", "START_SESSION", start)
    assert [one.authorization_reference for one in operator.asked] == ["REF1"]
    await operator.reports[0](CommandOutcome(result="ACCEPTED"))
    paid = {"country_code": "AT", "party_id": "PTP", "uid": "1", "type": "AD_HOC_USER", "contract_id": "1"}
    about: dict[str, Any] = {"cdr_token": paid, "authorization_reference": "REF1"}
    await cpo.publisher.publish(V, "sessions", [own(session(VERSION, **about), CPO)])
    await deliver(cpo)
    assert [one["authorization_reference"] for one in await theirs(ptp, "sessions")] == ["REF1"]
    await ptp.commands.send("cpo.example", "STOP_SESSION", {"session_id": "S1"})
    assert [one.command for one in operator.asked] == ["START_SESSION", "STOP_SESSION"]
    await cpo.publisher.publish(V, "cdrs", [own(cdr(VERSION, invoice_reference_id="2026-1", **about), CPO)])
    await deliver(cpo)
    assert [one["invoice_reference_id"] for one in await theirs(ptp, "cdrs")] == ["2026-1"]

    await ptp.publisher.publish(V, CONFIRMATIONS, [own(confirmation(VERSION), PTP, concerns=CPO)])
    await deliver(ptp)
    assert [one["authorization_reference"] for one in await theirs(cpo, CONFIRMATIONS)] == ["REF1"]
    for made in (cpo, ptp):
        await made.desk.stop()


# ---------------------------------------------------------------------------------------------------------- invoices


@rule("INV-01")
async def test_a_record_is_posted_then_put_then_deleted() -> None:
    net, cpo, emsp = await linked("EMSP", EMSP)
    net.requests.clear()
    await cpo.publisher.publish(V, INVOICES, [own(invoice(VERSION), CPO, concerns=EMSP)])
    await deliver(cpo)
    assert await theirs(emsp, INVOICES) == [invoice(VERSION)]
    changed = invoice(VERSION, last_updated=NEW, cdrs=["C1", "C2"])
    await cpo.publisher.publish(V, INVOICES, [own(changed, CPO, concerns=EMSP)])
    await deliver(cpo)
    assert await theirs(emsp, INVOICES) == [changed]
    peer = cpo.peer("other.example")
    assert (await peer.get(InvoiceReconciliationRecord, "INV1", owner=CPO)).cdrs == ["C1", "C2"]
    await cpo.publisher.withdraw(V, INVOICES, CPO, "INV1")
    await deliver(cpo)
    assert await theirs(emsp, INVOICES) == []
    url = "receiver/invoicereconciliation"
    assert asked(net) == [
        ("POST", url),
        ("PUT", f"{url}/DE/GEF/INV1"),
        ("GET", f"{url}/DE/GEF/INV1"),
        ("DELETE", f"{url}/DE/GEF/INV1"),
    ]


@rule("INV-01")
async def test_a_change_of_a_record_is_put_whole() -> None:
    _, cpo, emsp = await linked("EMSP", EMSP)
    await cpo.publisher.publish(V, INVOICES, [own(invoice(VERSION), CPO, concerns=EMSP)])
    await deliver(cpo)
    await cpo.publisher.change(V, INVOICES, CPO, ["INV1"], {"cdrs": ["C9"], "last_updated": DateTime.parse(NEW)})
    await deliver(cpo)
    assert await theirs(emsp, INVOICES) == [invoice(VERSION, last_updated=NEW, cdrs=["C9"])]
    assert cpo.courier.refused == 0


@rule("INV-01")
async def test_a_put_of_what_the_partner_never_got_becomes_a_post() -> None:
    net, cpo, emsp = await linked("EMSP", EMSP)
    await cpo.publisher.publish(V, INVOICES, [own(invoice(VERSION), CPO, concerns=EMSP)], push=False)
    answer = net.hosts["other.example"]

    async def strict(request: Request) -> Response:
        return Response(status=404) if request.method == "PUT" else await answer(request)

    net.hosts["other.example"] = strict
    changed = invoice(VERSION, last_updated=NEW)
    await cpo.publisher.publish(V, INVOICES, [own(changed, CPO, concerns=EMSP)])
    await deliver(cpo)
    assert await theirs(emsp, INVOICES) == [changed]


@rule("INV-02")
async def test_records_are_pulled_and_wrong_ones_disappear() -> None:
    _, cpo, emsp = await linked("EMSP", EMSP)
    both = [own(invoice(VERSION, id), CPO, concerns=EMSP) for id in ("INV1", "INV2")]
    await cpo.publisher.publish(V, INVOICES, both, push=False)
    assert await emsp.pull("cpo.example", INVOICES) == Pulled(pages=1, received=2, stored=2)
    await cpo.publisher.withdraw(V, INVOICES, CPO, "INV2")
    await emsp.pull("cpo.example", INVOICES)
    assert [one["id"] for one in await theirs(emsp, INVOICES)] == ["INV1"]


async def test_where_billing_is_reversed_the_emsp_is_the_sender() -> None:
    _, cpo, emsp = await linked("EMSP", EMSP)
    body = invoice(VERSION, owner=("NL", "EMP"))
    await emsp.publisher.publish(V, INVOICES, [own(body, EMSP, concerns=CPO)])
    await deliver(emsp)
    assert await theirs(cpo, INVOICES) == [body]


async def test_what_one_partner_is_invoiced_another_does_not_see_nor_hear_of() -> None:
    net, cpo, emsp = await linked("EMSP", EMSP)
    third = platform(net, "third.example", PartyId("FR", "OTH"), "EMSP", modules=MODULES)
    await register(cpo, third, (VERSION,))
    await cpo.publisher.publish(V, INVOICES, [own(invoice(VERSION), CPO, concerns=EMSP)])
    await cpo.publisher.withdraw(V, INVOICES, CPO, "INV1")
    assert {one.push.partner for one in await cpo.store.due(10)} == {"other.example"}
    await cpo.publisher.publish(V, INVOICES, [own(invoice(VERSION), CPO, concerns=EMSP)])
    assert await third.pull("cpo.example", INVOICES) == Pulled(pages=1)
    assert (await emsp.pull("cpo.example", INVOICES)).received == 1


async def test_what_is_given_to_another_partner_leaves_the_first_one_s_list() -> None:
    net, cpo, emsp = await linked("EMSP", EMSP)
    other = PartyId("FR", "OTH")
    third = platform(net, "third.example", other, "EMSP", modules=MODULES)
    await register(cpo, third, (VERSION,))
    await cpo.publisher.publish(V, INVOICES, [own(invoice(VERSION), CPO, concerns=EMSP)])
    await cpo.publisher.publish(V, INVOICES, [own(invoice(VERSION), CPO, concerns=other)])
    await deliver(cpo)
    assert await theirs(third, INVOICES) == [invoice(VERSION)]
    assert (await emsp.pull("cpo.example", INVOICES)).received == 0


@rule("INV-05")
async def test_a_record_covers_the_cdrs_that_it_lists_whatever_their_time() -> None:
    _, cpo, emsp = await linked("EMSP", EMSP)
    body = invoice(VERSION, cdrs=["C3", "C1", "x" * 39], last_updated=MIDDLE)
    await cpo.publisher.publish(V, INVOICES, [own(body, CPO, concerns=EMSP)])
    await deliver(cpo)
    assert (await theirs(emsp, INVOICES))[0]["cdrs"] == ["C3", "C1", "x" * 39]
