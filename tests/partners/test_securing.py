# SPDX-License-Identifier: AGPL-3.0-or-later
"""One-time passwords between platforms: in every call of every module, through registration, renewal and restart."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from tests.commanding import ACCEPTED, START, Operator, fields, rest
from tests.identity_setting import (
    NOON,
    OTHER_CONNECTION,
    TLS_1_2,
    Certificates,
    Clock,
    Line,
    Noted,
    certificate,
    setting,
    totp,
    wire,
)
from tests.objects import cdr, location, session, token
from tests.platforms import ALL_VERSIONS, CPO, EMSP, MemoryNet, envelope_of, platform, register
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import Demand, Partner
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol.errors import NotFound, PartnerError, Refused, Unreachable, UsageError
from wwcp_ocpi.protocol.http import Channel, Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.security import Vault
from wwcp_ocpi.security.audit import Reason
from wwcp_ocpi.security.carriers import Carrier
from wwcp_ocpi.security.certificates import CertificateRule
from wwcp_ocpi.security.totp import TOTP
from wwcp_ocpi.server.decisions import CommandOutcome

MODULES = frozenset({"locations", "tokens", "sessions", "cdrs", "commands"})
HOSTS = {"cpo.example": (CPO, "CPO"), "emsp.example": (EMSP, "EMSP")}
WAYS = [(Carrier.HEADER, False), (Carrier.HEADER, True), (Carrier.BASIC, False), (Carrier.SCHEME, True)]


class Pair:
    """A CPO and an eMSP that show each other passwords, each on connections of its own, and all that they said."""

    def __init__(self) -> None:
        self.net = MemoryNet()
        self.clock = Clock()
        self.lines = {"cpo.example": Line(self.net), "emsp.example": Line(self.net, OTHER_CONNECTION)}
        self.said: list[tuple[Request, Response]] = []
        self.made = {host: self._made(host) for host in HOSTS}

    def _made(self, host: str, old: Platform | None = None) -> Platform:
        party, role = HOSTS[host]
        store = old.store if old else None
        made = platform(self.net, host, party, role, modules=MODULES, store=store, way_out=self.lines[host])
        made.server.identity.clock = made.registration.clock = self.clock

        async def listen(request: Request) -> Response:
            response = await made.server.handle(request)
            self.said.append((request, response))
            return response

        self.net.hosts[host] = listen
        return made

    @property
    def cpo(self) -> Platform:
        return self.made["cpo.example"]

    @property
    def emsp(self) -> Platform:
        return self.made["emsp.example"]

    async def secure(self, carrier: Carrier = Carrier.HEADER, *, bound: bool = False) -> None:
        """Agree on a secret for each direction, before anything else."""
        for host, other in (("cpo.example", "emsp.example"), ("emsp.example", "cpo.example")):
            made = self.made[host]
            await made.book.change(other, lambda known: known)
            await made.securing.expect_passwords(
                other, totp(f"what-is-shown-to-{host}"), Demand(carriers=(carrier,), must_bind=bound)
            )
            await made.securing.show_passwords(
                other, totp(f"what-is-shown-to-{other}"), carrier=carrier, is_bound=bound
            )

    async def restart(self) -> None:
        self.made = {host: self._made(host, old) for host, old in self.made.items()}
        for made in self.made.values():
            await made.book.load()

    async def settle(self) -> None:
        for made in self.made.values():
            await made.book.settle()


def own(body: dict[str, Any], owner: PartyId, **more: Any) -> OwnObject:
    moment = DateTime.parse(body["last_updated"]).micros
    raw = json.dumps(body).encode()
    return OwnObject(owner=owner, id=body.get("id") or body["uid"], last_updated=moment, body=raw, **more)


async def use(pair: Pair, version: str) -> None:
    """Something of every module, in both directions."""
    cpo, emsp, known = pair.cpo, pair.emsp, VERSIONS[version]
    await emsp.publisher.publish(known, "tokens", [own(token(version), EMSP, qualifier="RFID")])
    await cpo.publisher.publish(known, "locations", [own(location(version), CPO)])
    await cpo.publisher.publish(known, "sessions", [own(session(version), CPO, concerns=EMSP)])
    await cpo.publisher.publish(known, "cdrs", [own(cdr(version), CPO, concerns=EMSP)])
    for made in (cpo, emsp):
        while await made.courier.round():
            pass
        assert (made.courier.refused, await made.store.waiting()) == (0, 0)
    for module in ("locations", "sessions", "cdrs"):
        await emsp.pull("cpo.example", module)
    await cpo.pull("emsp.example", "tokens")
    cpo.server.commander = operator = Operator(ACCEPTED)
    await emsp.commands.send("cpo.example", START, fields(version, START))
    await operator.reports[-1](CommandOutcome(result="ACCEPTED"))
    await rest()


@pytest.mark.parametrize("version", ALL_VERSIONS)
@pytest.mark.parametrize(("carrier", "bound"), WAYS)
async def test_passwords_go_with_every_call_from_the_invitation_to_the_end(
    version: str, carrier: Carrier, *, bound: bool
) -> None:
    pair = Pair()
    await pair.secure(carrier, bound=bound)
    await register(pair.cpo, pair.emsp, (version,))
    await use(pair, version)
    pair.clock.at += 3600
    await pair.emsp.registration.renew("cpo.example", versions=[version])
    await pair.cpo.registration.renew("emsp.example", versions=[version])
    await pair.settle()
    await pair.restart()
    pair.clock.at += 3600
    await use(pair, version)
    await pair.emsp.registration.leave("cpo.example")
    assert len(pair.said) > 30
    assert {response.status for _, response in pair.said} <= {200, 201}
    for request, response in pair.said:
        assert ("totp" in request.headers) is (carrier is Carrier.HEADER)
        assert response.headers["cache-control"] == "private"
    assert pair.cpo.book.get("emsp.example").totp_from is not None
    assert pair.emsp.book.get("cpo.example").totp_to is not None


async def test_a_platform_that_shows_no_password_cannot_register() -> None:
    pair = Pair()
    await pair.secure()
    await pair.emsp.securing.show_none("cpo.example")
    with pytest.raises(PartnerError):
        await register(pair.cpo, pair.emsp)
    await pair.cpo.securing.expect_none("emsp.example")
    await register(pair.cpo, pair.emsp)


@pytest.mark.parametrize("channel", [TLS_1_2, None])
async def test_what_must_be_bound_is_not_sent_where_it_cannot_be(channel: Channel | None) -> None:
    pair = Pair()
    await pair.secure(bound=True)
    await register(pair.cpo, pair.emsp)
    pair.lines["emsp.example"].channel = channel
    pair.said.clear()
    with pytest.raises(Unreachable, match=r"TLS 1\.3"):
        await pair.emsp.peer("cpo.example").wire.send("POST", pair.cpo.settings.versions_url, b"{}")
    assert pair.said == []


async def test_a_way_out_that_knows_no_connections_carries_raw_passwords() -> None:
    pair = Pair()
    await pair.secure()
    await register(pair.cpo, pair.emsp)
    wire = pair.emsp.peer("cpo.example").wire
    made = replace_transport(pair.emsp, pair.net)
    answered = await made.peer("cpo.example").wire.send("GET", pair.cpo.settings.versions_url)
    assert answered.status == 200
    assert wire.header_of(None, Request(method="GET", url="/"))["totp"].startswith("0 ")


def replace_transport(made: Platform, net: MemoryNet) -> Platform:
    made.registration._transport = net
    return made


# A new secret

NEW = "the-secret-of-the-next-months"
NEWER = "and-the-one-of-those-after"


async def test_an_old_secret_is_good_until_the_new_one_was_used() -> None:
    made = await setting()
    await made.demand()
    await made.demand(totp(NEW))
    old, new = made.now(), made.now(totp(NEW))
    assert [await made.status(password=one) for one in (old, old, new, old, new)] == [200, 200, 200, 401, 200]
    await made.made.book.settle()
    await made.made.book.load()
    assert [await made.status(password=one) for one in (old, new)] == [401, 200]


async def test_of_three_secrets_the_older_ones_end_with_each_that_is_used() -> None:
    made = await setting()
    for secret in (None, totp(NEW), totp(NEWER)):
        await made.demand(secret)
    first, second, third = made.now(), made.now(totp(NEW)), made.now(totp(NEWER))
    asked = (first, second, first, second, third, second, third)
    assert [await made.status(password=one) for one in asked] == [200, 200, 401, 200, 200, 401, 200]


async def test_an_old_secret_ends_at_once_if_it_must() -> None:
    made = await setting()
    await made.demand()
    await made.demand(totp(NEW), at_once=True)
    assert [await made.status(password=one) for one in (made.now(), made.now(totp(NEW)))] == [401, 200]


async def test_a_wrong_certificate_does_not_end_an_old_secret() -> None:
    made = await setting()
    made.made.server.identity.certificates = made.certificates
    await made.demand()
    await made.demand(totp(NEW))
    await made.change("partner", certificate=CertificateRule(pins=("aa",)))
    assert await made.status(password=made.now(totp(NEW)), channel=certificate("bb")) == 401
    assert await made.status(password=made.now(), channel=certificate("aa")) == 200


async def test_a_secret_that_is_changed_again_while_the_first_change_is_stored_is_not_lost() -> None:
    made = await setting()
    await made.demand()
    await made.demand(totp(NEW))
    assert await made.status(password=made.now(totp(NEW))) == 200  # storing this is under way
    await made.demand(totp(NEWER))
    await made.made.book.settle()
    assert await made.status(password=made.now(totp(NEW))) == 200
    assert await made.status(password=made.now(totp(NEWER))) == 200


async def test_a_renewed_token_with_a_wrong_password_does_not_end_the_old_one() -> None:
    pair = Pair()
    await pair.secure()
    await register(pair.cpo, pair.emsp)
    old = pair.emsp.peer("cpo.example").wire.token
    await pair.emsp.registration.renew("cpo.example")
    new = pair.emsp.peer("cpo.example").wire.token
    pair.cpo.server.identity.audit = noted = Noted()
    stolen = Request(method="GET", url="/ocpi/versions", headers={"authorization": f"Token {new.reveal()}"})
    assert (await pair.cpo.server.handle(stolen)).status == 401
    assert noted.taken() == [Reason.MISSING_TOTP]
    password = totp("what-is-shown-to-cpo.example")
    headers = {"totp": f"0 {password.password(password.slot_at(NOON))}"}
    for one in (old, new):
        request = replace(stolen, headers={**headers, "authorization": f"Token {one.reveal()}"})
        assert (await pair.cpo.server.handle(request)).status == 200


# What is refused when it is set


@pytest.mark.parametrize(
    ("made", "demand", "problem"),
    [
        (None, Demand(), "no secret is known"),
        (totp(length=4), Demand(), "can be guessed"),
        (totp(length=10, alphabet="0123456789"), Demand(), "can be guessed"),
        (totp(), Demand(carriers=()), "at least one carrier"),
        (totp(), Demand(carriers=(Carrier.BASIC,), must_bind=True), "never bound"),
    ],
)
async def test_settings_that_are_of_no_use_are_refused(made: TOTP | None, demand: Demand, problem: str) -> None:
    its = (await setting()).made
    with pytest.raises(UsageError, match=problem):
        await its.securing.expect_passwords("partner", made, demand)
    assert its.book.get("partner").totp_from is None


async def test_each_direction_has_its_own_secret() -> None:
    its = (await setting()).made
    await its.securing.expect_passwords("partner", totp(), Demand())
    with pytest.raises(UsageError, match="other direction"):
        await its.securing.show_passwords("partner", totp())
    await its.securing.show_passwords("partner", totp(NEW))
    with pytest.raises(UsageError, match="other direction"):
        await its.securing.expect_passwords("partner", totp(NEW), Demand())
    with pytest.raises(UsageError, match="never bound"):
        await its.securing.show_passwords("partner", None, carrier=Carrier.BASIC, is_bound=True)


async def test_partners_and_tokens_that_are_not_there_are_named() -> None:
    its = (await setting()).made
    for work in (
        its.securing.expect_passwords("nobody", totp(), Demand()),
        its.securing.show_passwords("nobody", totp()),
        its.securing.expect_none("nobody"),
        its.securing.show_none("nobody"),
        its.securing.expect_certificate("nobody", None),
        its.securing.limit_token("nobody", "x"),
        its.securing.limit_token("partner", "x"),
        its.securing.expect_passwords("partner", totp(), Demand(), token="x"),
    ):
        with pytest.raises(NotFound, match=r"no (partner|token)"):
            await work
    assert [partner.id for partner in its.book.all()] == ["other", "partner"]


@pytest.mark.parametrize(
    "times", [("tomorrow", ""), ("", "2026-13-01T00:00:00Z"), ("2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z")]
)
async def test_times_of_a_token_that_are_none_are_refused(times: tuple[str, str]) -> None:
    its = (await setting()).made
    (access,) = its.book.get("partner").access
    with pytest.raises(UsageError, match="not_"):
        await its.securing.limit_token("partner", access.id, not_before=times[0], not_after=times[1])
    assert its.book.get("partner").access == (access,)


async def test_an_invitation_ends_when_it_should_and_the_registration_does_not() -> None:
    pair = Pair()
    with pytest.raises(UsageError, match="not_after"):
        await pair.cpo.registration.invite("emsp.example", not_after="tomorrow")
    ends = wire(NOON + 60)
    invitations = [await pair.cpo.registration.invite("emsp.example", not_after=ends) for _ in range(2)]
    await pair.emsp.registration.join("cpo.example", pair.cpo.settings.versions_url, invitations[1])
    pair.clock.at += 120
    await pair.emsp.pull("cpo.example", "locations")
    late = await pair.cpo.registration.invite("emsp.example", not_after=ends)
    with pytest.raises(PartnerError):
        await pair.emsp.registration.join("cpo.example", pair.cpo.settings.versions_url, late)


async def test_secrets_are_sealed_and_shown_nowhere() -> None:
    its = (await setting()).made
    await its.securing.expect_passwords("partner", totp(), Demand())
    await its.securing.show_passwords("partner", totp(NEW))
    for _, body in await its.store.documents("partner"):
        for secret in (totp().secret.reveal(), NEW):
            assert secret.encode() not in body
    assert totp().secret.reveal() not in repr(its.book.login("partner-token"))


async def test_with_another_server_key_nobody_gets_in() -> None:
    made = await setting()
    await made.demand()
    made.made.book._vault = Vault(b"x" * 32)
    assert await made.status(password=made.now()) == 401
    made.made.book._vault = Half(b"x" * 32)
    response = await made.ask(password=made.now())
    assert (response.status, envelope_of(response)["status_message"]) == (500, "internal error")


class Half(Vault):
    """Finds tokens and opens no secrets: a database that was put together of two."""

    def hash_of(self, token: str) -> str:
        return Vault(b"k" * 32).hash_of(token)


# Certificates and the handshake


async def test_a_registration_names_no_party_that_its_certificate_does_not() -> None:
    pair = Pair()
    pair.cpo.server.identity.certificates = Certificates()
    await pair.cpo.book.change("emsp.example", lambda known: replace(known, certificate=CertificateRule(parties=True)))
    elsewhere = frozenset({("EMSP", PartyId("FR", "OTH"))})
    pair.lines["emsp.example"].channel = certificate(parties=elsewhere)
    with pytest.raises(Refused, match="does not name NL"):
        await register(pair.cpo, pair.emsp)
    pair.lines["emsp.example"].channel = certificate(parties=frozenset({("EMSP", EMSP)}))
    await register(pair.cpo, pair.emsp)
    await pair.emsp.pull("cpo.example", "locations")


async def test_what_a_token_must_come_with_holds_for_the_tokens_that_follow() -> None:
    pair = Pair()
    invitation = await pair.cpo.registration.invite("emsp.example", roles=["EMSP"])
    (access,) = pair.cpo.book.get("emsp.example").access
    await pair.cpo.securing.expect_passwords("emsp.example", totp(), Demand(), token=access.id)
    await pair.emsp.book.change("cpo.example", lambda known: known)
    await pair.emsp.securing.show_passwords("cpo.example", totp())
    await pair.emsp.registration.join("cpo.example", pair.cpo.settings.versions_url, invitation)
    await pair.emsp.registration.renew("cpo.example")
    await pair.cpo.registration.renew("emsp.example")
    await pair.emsp.pull("cpo.example", "locations")
    partner: Partner = pair.cpo.book.get("emsp.example")
    assert [(one.roles, one.totp_from is not None) for one in partner.access] == [(("EMSP",), True)]
