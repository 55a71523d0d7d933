# SPDX-License-Identifier: AGPL-3.0-or-later
"""A thief has a partner's token, often its passwords too, and a certificate that is not the one it should be."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.attacks.listed import attack
from tests.attacks.wired import STAGING, Authority, Wired, wired
from tests.identity_setting import OTHER, STRANGER, totp
from tests.net.tls_setting import self_signed
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.security.audit import Reason
from wwcp_ocpi.security.certificates import CertificateRule
from wwcp_ocpi.security.pki.keys import pin_of
from wwcp_ocpi.server.identity import CERTIFICATE_S

FOR_ITS_PARTIES = CertificateRule(environment="test", parties=True)


async def is_cut_off(here: Wired, line: HTTPTransport) -> bool:
    """Whether there is not even a handshake; if there is one, the request works."""
    before = len(here.asked)
    try:
        assert await here.ask(line) == 200
    except Unreachable:
        assert len(here.asked) == before
        return True
    return False


@attack("wrong-certificate")
async def test_token_and_password_with_the_certificate_of_another_member(tmp_path: Path) -> None:
    made = Authority(tmp_path)
    own, others = made.client("partner"), made.client("other", STRANGER)
    pinned = CertificateRule(pins=(pin_of(own.certificate.public_key()),))
    async with wired(made, client_certificates="optional", client_ca=made.trust) as here:
        await here.made.demand()
        partner, thief, bare = here.line(own), here.line(others), here.line()
        assert [await here.ask(line, totp()) for line in (partner, thief, bare)] == [200, 200, 200]
        for rule in (pinned, FOR_ITS_PARTIES):
            await here.made.change("partner", certificate=rule)
            here.made.audit.taken()
            assert [await here.ask(line, totp()) for line in (partner, thief, bare)] == [200, 401, 401]
            assert here.made.audit.taken() == [Reason.WRONG_CERTIFICATE, Reason.MISSING_CERTIFICATE]


@attack("wrong-token")
async def test_the_right_certificate_with_the_token_of_another_partner(tmp_path: Path) -> None:
    made = Authority(tmp_path)
    async with wired(made, client_certificates="required", client_ca=made.trust) as here:
        thief = here.line(made.client("partner"))
        assert await here.ask(thief, token=OTHER) == 200
        for id in ("partner", "other"):
            await here.made.change(id, certificate=FOR_ITS_PARTIES)
        assert await here.ask(thief, token=OTHER) == 401
        assert here.made.audit.taken() == [Reason.WRONG_CERTIFICATE]
        assert await here.ask(thief) == 200


@attack("staging-certificate")
async def test_a_certificate_of_staging(tmp_path: Path) -> None:
    """The authority is the same, and so are key and parties: only the environment tells them apart."""
    for name, environment, expected in (("weak", STAGING, 200), ("strong", None, 401)):
        made = Authority(tmp_path / name)
        how: dict[str, Any] = {"environment": environment} if environment else {}
        async with wired(made, client_certificates="required", client_ca=made.trust, **how) as here:
            await here.made.change("partner", certificate=CertificateRule(parties=True))
            assert await here.ask(here.line(made.client("partner", environment=STAGING))) == expected
            assert here.made.audit.taken() == ([] if expected == 200 else [Reason.WRONG_CERTIFICATE])
            assert (await here.ask(here.line(made.client("good"))) == 200) is (expected == 401)


@attack("revoked-certificate")
async def test_a_revoked_certificate_on_a_new_connection(tmp_path: Path) -> None:
    for name, crl, cut_off in (("weak", False, False), ("strong", True, True)):
        made = Authority(tmp_path / name)
        stolen, kept = made.client("stolen"), made.client("kept")
        made.revoke(stolen)
        lists: dict[str, Any] = {"crl": made.revocations} if crl else {}
        async with wired(made, client_certificates="required", client_ca=made.trust, **lists) as here:
            await here.made.change("partner", certificate=FOR_ITS_PARTIES)
            assert await is_cut_off(here, here.line(stolen)) is cut_off
            assert await here.ask(here.line(kept)) == 200


@attack("revoked-certificate")
async def test_a_certificate_that_is_revoked_while_its_connection_is_open(tmp_path: Path) -> None:
    for name, crl, status in (("weak", False, 200), ("strong", True, 401)):
        made = Authority(tmp_path / name)
        stolen = made.client("stolen")
        lists: dict[str, Any] = {"crl": made.revocations} if crl else {}
        async with wired(made, client_certificates="required", client_ca=made.trust, **lists) as here:
            await here.made.change("partner", certificate=FOR_ITS_PARTIES)
            thief = here.line(stolen)
            assert await here.ask(thief) == 200
            made.revoke(stolen)
            here.made.clock.at += CERTIFICATE_S
            assert await here.ask(thief) == status
            assert len({one.channel for one in here.asked}) == 1, "one connection"


@attack("expired-certificate")
async def test_an_expired_certificate(tmp_path: Path) -> None:
    """Where certificates are not asked for, nobody notices."""
    for name, asked_for, cut_off in (("weak", "none", False), ("strong", "optional", True)):
        made = Authority(tmp_path / name)
        old = made.client("old", at=made.now - timedelta(days=60))
        assert old.certificate.not_valid_after_utc < made.now
        trust: dict[str, Any] = {"client_ca": made.trust} if asked_for != "none" else {}
        async with wired(made, client_certificates=asked_for, **trust) as here:
            assert await is_cut_off(here, here.line(old)) is cut_off
            assert await here.ask(here.line(made.client("new"))) == 200


@attack("expired-certificate")
async def test_a_certificate_that_expires_while_its_connection_is_open(tmp_path: Path) -> None:
    made = Authority(tmp_path)
    async with wired(made, client_certificates="required", client_ca=made.trust) as here:
        thief = here.line(made.client("partner"))
        here.made.clock.at += 31 * 86400
        assert await here.ask(thief) == 200
        await here.made.change("partner", certificate=FOR_ITS_PARTIES)
        assert await here.ask(thief) == 401
        assert here.made.audit.taken() == [Reason.WRONG_CERTIFICATE]


@attack("self-signed")
@pytest.mark.parametrize("asked_for", ["optional", "required"])
async def test_a_self_signed_certificate_where_that_of_an_authority_is_required(tmp_path: Path, asked_for: str) -> None:
    own = self_signed(tmp_path / "own.pem")
    for name, how, cut_off in (("weak", "none", False), ("strong", asked_for, True)):
        made = Authority(tmp_path / name)
        trust: dict[str, Any] = {"client_ca": made.trust} if how != "none" else {}
        async with wired(made, client_certificates=how, **trust) as here:
            assert await is_cut_off(here, here.line((own, own))) is cut_off


@attack("self-signed")
async def test_a_self_signed_certificate_of_one_partner_with_the_token_of_another(tmp_path: Path) -> None:
    """It is trusted itself, because its holder has no authority; other partners have one."""
    made = Authority(tmp_path)
    own = self_signed(tmp_path / "own.pem")
    both = tmp_path / "trusted.pem"
    certificate = Path(own).read_bytes().partition(b"-----END PRIVATE KEY-----\n")[2]
    both.write_bytes(Path(made.trust).read_bytes() + certificate)
    async with wired(made, client_certificates="required", client_ca=str(both)) as here:
        thief, partner = here.line((own, own)), here.line(made.client("partner"))
        assert [await here.ask(line) for line in (thief, partner)] == [200, 200]
        authority = pin_of(made.pki.certificate("client-ca").public_key())
        await here.made.change("partner", certificate=CertificateRule(issuers=(authority,)))
        here.made.audit.taken()
        assert [await here.ask(line) for line in (thief, partner)] == [401, 200]
        assert here.made.audit.taken() == [Reason.WRONG_CERTIFICATE]
