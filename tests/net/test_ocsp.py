# SPDX-License-Identifier: AGPL-3.0-or-later
"""Client certificates whose status an OCSP response tells: in the handshake, and again when a caller is judged."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.net.serving import DEADLINE_S
from tests.net.tls_setting import Files, Seen, certificate, der, serving_tls
from tests.security.pki.responders import GOOD, REVOKED, response
from wwcp_ocpi.gateway.config import Config, ServerSection
from wwcp_ocpi.gateway.trusting import certificate_reader
from wwcp_ocpi.net.asgi import asgi_app
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.protocol.errors import Unreachable, UsageError
from wwcp_ocpi.protocol.http import Request
from wwcp_ocpi.security.certificates import CertificateRefused

LIMITS = ServerLimits()


class Responder:
    """Answers for the authority of these files, into one file."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.path = files.folder / "responses.der"
        self._key: Any = load_pem_private_key(files.authority.private_key_pem.bytes(), None)

    def say(self, *answers: tuple[str, Any], **how: Any) -> str:
        """Write what is known of these certificates, at once."""
        issuer = certificate(self.files.ca)
        at = datetime.now(UTC)
        found = [
            response(certificate(path), status, issuer=issuer, key=self._key, at=at, **how) for path, status in answers
        ]
        new = self.path.with_suffix(".new")
        new.write_bytes(b"".join(found))
        os.replace(new, self.path)
        return str(self.path)


async def answer(server: HTTPServer, files: Files, shown: str) -> str:
    """What a new connection with this certificate comes to: nothing is wrong, or the cause."""
    try:
        async with asyncio.timeout(DEADLINE_S), HTTPTransport(tls=files.client(certificate=shown)) as way:
            await way(Request(method="GET", url=f"https://localhost:{server.port}/"))
    except Unreachable as error:
        return str(error)
    return ""


async def test_only_who_is_good_by_a_response_gets_in_and_a_new_file_counts_at_once(tmp_path: Path) -> None:
    files, seen, refused = Files(tmp_path), Seen(), list[str]()
    good, other = files.issue("good.example"), files.issue("other.example")
    responder = Responder(files)
    tls = files.server(
        client_certificates="required", client_ca=files.ca, ocsp=responder.say((good, GOOD)), watch_s=0.01
    )
    async with serving_tls(tls, seen) as server:
        assert server._listener is not None
        server._listener.tell_refused = lambda source, cause: refused.append(cause)
        assert await answer(server, files, good) == ""
        assert await answer(server, files, other) != ""
        assert "certificate: revocation_unknown" in refused[-1]
        assert "no response is about it" in refused[-1]

        for answers, is_good, is_other in (
            ([(good, GOOD), (other, GOOD)], True, True),
            ([(good, REVOKED), (other, GOOD)], False, True),
        ):
            responder.say(*answers)
            async with asyncio.timeout(DEADLINE_S):
                while (await answer(server, files, other) == "") != is_other or (  # noqa: ASYNC110
                    await answer(server, files, good) == ""
                ) != is_good:
                    await asyncio.sleep(0.01)
        assert "certificate: revoked" in " ".join(refused)
        responder.path.write_bytes(b"nonsense")  # changes nothing
        await asyncio.sleep(0.1)
        assert await answer(server, files, other) == ""
    assert {channel.peer_chain[0] for channel in seen.channels} == {der(good), der(other)}


@pytest.mark.parametrize(("how", "cause"), [({"days": 0.01}, "out of date"), ({"days": None}, "out of date")])
async def test_a_response_that_is_too_old_lets_nobody_in(tmp_path: Path, how: dict[str, Any], cause: str) -> None:
    files, refused = Files(tmp_path), list[str]()
    good = files.issue("good.example")
    file = Responder(files).say((good, GOOD), **how)
    tls = files.server(client_certificates="optional", client_ca=files.ca, ocsp=file)
    async with serving_tls(tls) as server:
        assert server._listener is not None
        server._listener.tell_refused = lambda source, said: refused.append(said)
        assert await answer(server, files, good) != ""
        async with HTTPTransport(tls=files.client()) as way:  # who shows none need not prove anything
            await way(Request(method="GET", url=f"https://localhost:{server.port}/"))
    assert cause in refused[0]


async def test_beside_a_list_both_count(tmp_path: Path) -> None:
    files = Files(tmp_path)
    good, listed, said = (files.issue(f"{name}.example") for name in ("good", "listed", "said"))
    ocsp = Responder(files).say((good, GOOD), (listed, GOOD), (said, REVOKED))
    tls = files.server(client_certificates="required", client_ca=files.ca, crl=files.revoke(listed), ocsp=ocsp)
    async with serving_tls(tls) as server:
        assert [await answer(server, files, one) == "" for one in (good, listed, said)] == [True, False, False]


def test_a_caller_is_judged_again_by_the_file_of_now(tmp_path: Path) -> None:
    files = Files(tmp_path)
    good = files.issue("good.example")
    responder = Responder(files)
    server = ServerSection(client_ca=files.ca, ocsp=responder.say((good, GOOD)))
    reader = certificate_reader(Config(server=server))
    chain, at = (der(good), der(files.ca)), datetime.now(UTC).timestamp()
    assert reader.read(chain, at).fingerprint
    with pytest.raises(CertificateRefused, match=r"revocation_unknown: .*out of date"):
        reader.read(chain, at + 10 * 86_400)
    responder.say((good, REVOKED))
    with pytest.raises(CertificateRefused, match="revoked"):
        reader.read(chain, at)
    responder.path.write_bytes(b"nonsense")
    with pytest.raises(CertificateRefused, match="revoked"):
        reader.read(chain, at)


def test_a_file_that_is_none_is_refused_at_the_start(tmp_path: Path) -> None:
    files = Files(tmp_path)
    wrong = files.write("wrong.der", b"nonsense")
    tls = files.server(client_certificates="required", client_ca=files.ca, ocsp=wrong)
    with pytest.raises(UsageError, match=r"wrong\.der: expected OCSP responses, DER"):
        HTTPServer(asgi_app(Seen(), LIMITS), LIMITS, tls=tls)
    with pytest.raises(UsageError, match="expected OCSP responses"):
        certificate_reader(Config(server=ServerSection(client_ca=files.ca, ocsp=wrong)))
