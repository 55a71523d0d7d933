# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main job with everything on, those who are turned away, and what is left lying about afterwards."""

from __future__ import annotations

import base64
import json
import logging
from pathlib import Path

import pytest

from tests.cli.running import CLI
from tests.objects import location
from wwcp_ocpi.demo.secure import Secure
from wwcp_ocpi.demo.steps import Result
from wwcp_ocpi.demo.wwcp.network import SampleNetwork
from wwcp_ocpi.gateway.opening import open_vault
from wwcp_ocpi.partners.passwords import open_sealed
from wwcp_ocpi.scalars import Secret

THIEVES = ("no handshake", "invalid_totp", "missing_totp", "invalid_totp", "wrong_certificate")


def secrets_of(demo: Secure) -> set[str]:
    """Every secret that the two gateways have used."""
    found: set[Secret] = set()
    for gateway in demo.gateways.values():
        vault = open_vault(gateway.config)
        for partner in gateway.platform.book.all():
            assert partner.remote is not None
            assert partner.totp_from is not None
            assert partner.totp_to is not None
            found.add(vault.open(partner.remote.token))
            found.update(open_sealed(vault, one).secret for one in (partner.totp_from.newest, partner.totp_to.made))
    return {secret.reveal() for secret in found}


async def test_everything_arrives_and_no_thief_gets_in_and_no_secret_lies_about(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    said: list[str] = []
    with caplog.at_level(logging.DEBUG):
        network = SampleNetwork(2026)
        async with Secure(network, tmp_path, said.append) as demo:
            report = await demo.run()
            secrets = secrets_of(demo) | {side.client._token.reveal() for side in network._sides}
            metrics = [await gateway._metrics.page() for gateway in demo.gateways.values()]
    assert [step.detail for step in report.steps if step.result is not Result.OK] == []
    shown = [line for line in said if line.startswith("         E with")]
    assert [why in line for line, why in zip(shown, THIEVES, strict=True)] == [True] * len(THIEVES)

    assert len(secrets) == 6  # a token and a secret in each direction, and one of a client of each WWCP API
    forms = {form for text in secrets for form in (text.encode(), base64.b64encode(text.encode()).rstrip(b"="))}
    places = {str(file): file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    assert len([name for name in places if name.endswith(".sqlite")]) == 2
    places |= {"log": caplog.text.encode(), "said": "\n".join(said).encode(), "metrics": b"".join(metrics)}
    assert [name for name, content in places.items() for form in forms if form in content] == []
    assert b"-----BEGIN PRIVATE KEY" not in b"".join(places[name] for name in ("log", "said"))


def test_from_the_command_line(cli: CLI, tmp_path: Path) -> None:
    feed = tmp_path / "feed.json"
    feed.write_text(json.dumps([location("2.2.1")]))
    ran = cli("demo", "--secure", "--feed", feed)
    assert ran.code == 0, ran.err
    assert ran.err.startswith("A, the operator: https://127.0.0.1:")
    assert "HTTP 401, in the audit log wrong_certificate of B" in ran.err


def test_not_with_a_hub(cli: CLI) -> None:
    ran = cli("demo", "--secure", "--hub")
    assert ran.code == 2
    assert "expected without --hub" in ran.err


async def test_a_thief_that_has_really_everything_is_the_partner_and_the_demo_says_so(tmp_path: Path) -> None:
    """With the certificate, its key and the secret the door opens: a step that promises otherwise must fail."""
    async with Secure(SampleNetwork(2026), tmp_path, lambda _: None) as demo:
        demo.clients["E"] = demo.clients["B"]
        report = await demo.run()
    assert report.steps[-1].result is Result.FAILED
    assert report.steps[-1].detail == "expected 401 for who has even the secret of the passwords, got 200"
