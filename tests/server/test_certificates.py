# SPDX-License-Identifier: AGPL-3.0-or-later
"""Client certificates that belong to a partner: whose they are, for what, and what they leave of a role."""

from __future__ import annotations

from typing import Any

import pytest

from tests.identity_setting import OTHER, STRANGER, TLS_1_3, Setting, certificate, setting
from tests.objects import cdr, location
from tests.platforms import EMSP, envelope_of
from wwcp_ocpi.protocol.http import Channel
from wwcp_ocpi.security.audit import Reason
from wwcp_ocpi.security.certificates import NO_READER, CertificateRule

MODULES = frozenset({"locations", "cdrs", "tokens", "sessions", "tariffs"})
GOOD: dict[str, Any] = {
    "issuers": frozenset({"ca"}),
    "environment": "prod",
    "parties": frozenset({("EMSP", EMSP)}),
}


async def ruled(rule: CertificateRule | None, role: str = "CPO") -> Setting:
    made = await setting(role, modules=MODULES)
    made.made.server.identity.certificates = made.certificates
    await made.change("partner", certificate=rule)
    return made


@pytest.mark.parametrize("channel", [None, TLS_1_3])
async def test_without_its_certificate_a_token_is_worth_nothing(channel: Channel | None) -> None:
    made = await ruled(None)
    assert await made.status(channel=channel) == 200
    await made.change("partner", certificate=CertificateRule())
    assert await made.status(channel=channel) == 401
    assert made.audit.taken() == [Reason.MISSING_CERTIFICATE]
    assert await made.status(channel=certificate()) == 200


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        (CertificateRule(pins=("aa", "bb")), {"spki": "cc"}),
        (CertificateRule(issuers=("ca",)), {"issuers": frozenset({"another"})}),
        (CertificateRule(environment="prod"), {"environment": "staging"}),
        (CertificateRule(environment="prod"), {"environment": None}),
        (CertificateRule(parties=True), {"parties": frozenset({("EMSP", STRANGER)})}),
        (CertificateRule(parties=True), {"parties": frozenset({("CPO", EMSP)})}),
        (CertificateRule(parties=True), {"parties": frozenset()}),
        (CertificateRule(permissions=True), {"permissions": None}),
    ],
)
async def test_each_part_of_a_rule_refuses_what_is_not_so(rule: CertificateRule, wrong: dict[str, Any]) -> None:
    good = certificate(**{"spki": "aa", **GOOD, "permissions": frozenset({"LOCATION-RECEIVER"})})
    bad = certificate(**{"spki": "aa", **GOOD, "permissions": frozenset({"LOCATION-RECEIVER"}), **wrong})
    made = await ruled(CertificateRule())
    assert (await made.status(channel=good), await made.status(channel=bad)) == (200, 200)
    made.audit.taken()
    await made.change("partner", certificate=rule)
    assert (await made.status(channel=good), await made.status(channel=bad)) == (200, 401)
    assert made.audit.taken() == [Reason.WRONG_CERTIFICATE]
    assert made.audit.events == []


async def test_the_right_certificate_with_the_token_of_another_partner_is_refused() -> None:
    made = await ruled(CertificateRule(pins=("aa",)))
    await made.change("other", certificate=CertificateRule())
    assert await made.status(token=OTHER, channel=certificate("aa")) == 200
    await made.change("other", certificate=CertificateRule(pins=("bb",)))
    assert await made.status(token=OTHER, channel=certificate("aa")) == 401
    assert await made.status(token=OTHER, channel=certificate("bb")) == 200
    assert await made.status(channel=certificate("bb")) == 401


async def test_a_certificate_that_was_revoked_is_refused_on_a_connection_that_is_open() -> None:
    made = await ruled(CertificateRule())
    channel = certificate("aa")
    assert await made.status(channel=channel) == 200
    made.certificates.revoked.add("aa")
    made.clock.at += 10
    assert await made.status(channel=channel) == 401
    assert await made.status(channel=certificate("bb")) == 200


async def test_where_nobody_reads_certificates_a_rule_refuses_everybody() -> None:
    made = await ruled(CertificateRule())
    assert await made.status(channel=certificate()) == 200
    made.made.server.identity.certificates = NO_READER
    await made.change("partner", name="remembered verdicts are gone")
    assert await made.status(channel=certificate()) == 401


async def test_another_certificate_than_before_is_noted() -> None:
    made = await ruled(CertificateRule())
    for spki in ("aa", "aa", "bb", "aa"):
        assert await made.status(channel=certificate(spki)) == 200
    ((reason, fields),) = made.audit.events
    assert (reason, fields["certificate"]) == (Reason.NEW_CERTIFICATE, "print-bb")


async def test_a_certificate_of_a_cdr_sender_posts_cdrs_and_does_nothing_else() -> None:
    made = await ruled(CertificateRule(), role="EMSP")
    base = "/ocpi/2.2.1"
    asked = [
        ("POST", f"{base}/receiver/cdrs", cdr("2.2.1")),
        ("GET", f"{base}/receiver/cdrs/DE/GEF/C1", None),
        ("PUT", f"{base}/receiver/locations/DE/GEF/LOC1", location("2.2.1")),
        ("GET", f"{base}/receiver/locations/DE/GEF/LOC1", None),
        ("DELETE", f"{base}/receiver/locations/DE/GEF/LOC1", None),
        ("GET", f"{base}/sender/tokens", None),
        ("GET", f"{base}/credentials", None),
        ("DELETE", f"{base}/credentials", None),
        ("GET", "/ocpi/versions", None),
        ("GET", base, None),
    ]

    async def statuses(channel: Channel) -> list[int]:
        return [await made.status(path, method=method, body=body, channel=channel) for method, path, body in asked]

    all_of_it = await statuses(certificate())
    assert 403 not in all_of_it
    assert all_of_it[:4] == [201, 200, 201, 200]
    asked[0] = (*asked[0][:2], cdr("2.2.1", id="C2"))
    made.audit.taken()
    assert await statuses(certificate(permissions=frozenset({"CDR-SENDER"}))) == [201, *[403] * 7, 200, 200]
    assert made.audit.taken() == [Reason.PERMISSION_VIOLATION] * 7


async def test_two_clients_of_one_partner_have_different_rights() -> None:
    made = await ruled(CertificateRule())
    path = "/ocpi/2.2.1/sender/locations"
    reads, writes = (
        certificate(spki, permissions=frozenset({permission}))
        for spki, permission in (("aa", "LOCATION-RECEIVER"), ("bb", "CDR-SENDER"))
    )
    assert (await made.status(path, channel=reads), await made.status(path, channel=writes)) == (200, 403)
    response = await made.ask(path, channel=writes)
    assert envelope_of(response)["status_code"] == 2001


async def test_a_token_may_have_a_rule_of_its_own() -> None:
    made = await ruled(CertificateRule(pins=("aa",)))
    (access,) = made.made.book.get("partner").access
    await made.made.securing.expect_certificate("partner", CertificateRule(pins=("bb",)), token=access.id)
    assert await made.status(channel=certificate("aa")) == 401
    assert await made.status(channel=certificate("bb")) == 200
