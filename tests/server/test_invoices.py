# SPDX-License-Identifier: AGPL-3.0-or-later
"""Records of invoices at who is invoiced: addressed, created, changed and withdrawn as the specification says."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from tests.objects import NEW, OLD, invoice
from tests.platforms import CPO, EMSP, Caller, MemoryNet, envelope_of, platform
from tests.rules import rule
from tests.server.test_dispatch import access
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import Partner, PartnerParty
from wwcp_ocpi.protocol.http import Response
from wwcp_ocpi.scalars import PartyId, Secret

VERSION = "2.3.0"
URL = f"/ocpi/{VERSION}/receiver/invoicereconciliation"
ONE = URL + "/DE/GEF/INV1"
ROLES = pytest.mark.parametrize(("role", "ours"), [("EMSP", EMSP), ("CPO", PartyId("DE", "OWN"))])


async def receiver(role: str = "EMSP", ours: PartyId = EMSP, partner_role: str = "CPO") -> tuple[Platform, Caller]:
    """Who is invoiced, and the party that invoices."""
    made = platform(MemoryNet(), "here.example", ours, role, modules=frozenset({"invoicereconciliation"}))

    def edit(known: Partner) -> Partner:
        parties = (PartnerParty(id=CPO, role=partner_role, name="x"),)
        return replace(known, access=(access(made, "token"),), parties=parties)

    await made.book.change("partner", edit)
    return made, Caller(made, Secret("token"))


def told(response: Response) -> tuple[int, int]:
    return response.status, envelope_of(response)["status_code"]


@rule("INV-03")
@ROLES
async def test_a_record_is_posted_read_changed_and_withdrawn(role: str, ours: PartyId) -> None:
    _, call = await receiver(role, ours, "CPO" if role == "EMSP" else "EMSP")
    response = await call("POST", URL, invoice(VERSION))
    assert (response.status, response.headers["location"]) == (201, f"https://here.example{ONE}")
    assert envelope_of(await call("GET", ONE))["data"] == invoice(VERSION)
    changed = invoice(VERSION, last_updated=NEW, cdrs=["C1", "C2"])
    assert told(await call("PUT", ONE, changed)) == (200, 1000)
    assert envelope_of(await call("GET", ONE.replace("DE/GEF/INV1", "de/gef/inv1")))["data"] == changed
    assert told(await call("DELETE", ONE)) == (200, 1000)
    assert told(await call("GET", ONE)) == (404, 2001)
    assert told(await call("DELETE", ONE)) == (404, 2001)


@rule("INV-01")
async def test_a_post_makes_and_does_not_change() -> None:
    _, call = await receiver()
    await call("POST", URL, invoice(VERSION))
    again = await call("POST", URL, json.dumps(invoice(VERSION), indent=1).encode())
    assert (again.status, again.headers["location"]) == (200, f"https://here.example{ONE}")
    assert told(await call("POST", URL, invoice(VERSION, last_updated=NEW, cdrs=["C2"]))) == (200, 2001)
    assert envelope_of(await call("GET", ONE))["data"] == invoice(VERSION)
    assert (await call("PATCH", ONE, {"cdrs": ["C2"], "last_updated": NEW})).status == 405


@rule("INV-03")
async def test_the_path_and_the_record_name_the_same() -> None:
    _, call = await receiver()
    for wrong in (invoice(VERSION, "INV2"), invoice(VERSION, owner=("DE", "XXX"))):
        assert told(await call("PUT", ONE, wrong)) == (200, 2001)
    assert told(await call("PUT", URL + "/DE/XXX/INV1", invoice(VERSION, owner=("DE", "XXX")))) == (403, 2001)
    assert told(await call("POST", URL, invoice(VERSION, owner=("DE", "XXX")))) == (403, 2001)
    assert told(await call("PUT", ONE, invoice(VERSION))) == (201, 1000)
    assert told(await call("PUT", ONE, invoice(VERSION, last_updated=OLD))) == (200, 2001)
    assert told(await call("POST", URL, invoice(VERSION, "INV3", cdrs=[]))) == (200, 2001)


@rule("INV-04")
async def test_the_list_is_a_list_of_the_partner_s_own() -> None:
    _, call = await receiver()
    response = await call("GET", f"/ocpi/{VERSION}/sender/invoicereconciliation?date_from={OLD}")
    assert (envelope_of(response)["data"], response.headers["x-total-count"]) == ([], "0")


async def test_both_sides_are_listed_in_the_details_of_the_one_version_that_has_them() -> None:
    _, call = await receiver()
    for version, expected in (("2.2.1", []), (VERSION, ["SENDER", "RECEIVER"])):
        endpoints = envelope_of(await call("GET", f"/ocpi/{version}"))["data"]["endpoints"]
        assert [one["role"] for one in endpoints if one["identifier"] == "invoicereconciliation"] == expected
