# SPDX-License-Identifier: AGPL-3.0-or-later
"""The Python example of the README does what the README says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import wwcp_ocpi
from tests.gateway.gateways import config, publish
from tests.platforms import ALL_VERSIONS
from wwcp_ocpi import Gateway

README = Path(__file__).parents[2] / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text("utf-8"), re.DOTALL)


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_the_example_prints_the_locations_of_a_gateway(
    tmp_path: Path, version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (example,) = [text for text in EXAMPLES if "Peer.connect" in text]
    names: dict[str, Any] = {}
    exec(example, names)
    async with Gateway(config(tmp_path, versions=(version,))) as gateway:
        token = await gateway.platform.registration.invite("script")
        emsp = await Gateway(config(tmp_path, "EMSP")).start()
        await emsp.platform.registration.join("cpo", gateway.versions_url, token)
        await publish(gateway, version, *(f"L{number}" for number in range(7)), push=False)
        access = emsp.platform.peer("cpo").wire.token.reveal()
        capsys.readouterr()
        await names["print_names"](gateway.versions_url, access)
        printed = [line for line in capsys.readouterr().out.splitlines() if "[info" not in line]
        assert printed == [f"L{number} Test pool" for number in range(7)]
        await emsp.stop()


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_every_example_can_be_run(example: str) -> None:
    exec(example, {})


def test_the_front_door_offers_what_it_names_and_nothing_else() -> None:
    assert [getattr(wwcp_ocpi, name).__name__ for name in ("Gateway", "Peer")] == ["Gateway", "Peer"]
    with pytest.raises(AttributeError, match="module 'wwcp_ocpi' has no attribute 'Server'"):
        getattr(wwcp_ocpi, "Server")  # noqa: B009
