# SPDX-License-Identifier: AGPL-3.0-or-later
"""The two examples of a roaming network run as they are, on the sample network."""

from __future__ import annotations

import pytest

from examples import wwcp_operator, wwcp_provider
from wwcp_ocpi.wwcp.sample.network import sample_json

NETWORK = sample_json(pools=5, evses=20)


async def test_an_operator_starts_and_stops_what_it_is_told_to(capsys: pytest.CaptureFixture[str]) -> None:
    await wwcp_operator.main(NETWORK)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" ", 1)[1] for line in lines[:2]] == ["start: Success", "stop: Success"]
    kinds = [line.split(" ", 1)[1] for line in lines[2:]]
    assert kinds == [
        "SessionChange",
        "EVSEStatusChange",
        "SessionChange",
        "EVSEStatusChange",
        "CDRChange",
        "CDRChange",
        "SessionChange",
    ]


@pytest.mark.parametrize(
    ("card", "said"),
    [
        ("04E7A1B2C3D480", ["start: Authorized", "stop: Authorized"]),
        ("04E7A1B2C3D481", ["start: NoCredit"]),
        ("99", ["start: NotAuthorized"]),
    ],
)
async def test_a_provider_knows_its_cards(card: str, said: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    await wwcp_provider.main(NETWORK, card)
    assert [line.split(" ", 1)[1] for line in capsys.readouterr().out.splitlines()] == said
