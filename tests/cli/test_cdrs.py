# SPDX-License-Identifier: AGPL-3.0-or-later
"""`cdrs`: what the checks of received CDRs found, read beside a gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.charged import charged
from tests.charged import written as came
from tests.cli.running import CLI, written
from tests.objects import OLD, tariff
from tests.platforms import CPO
from wwcp_ocpi.gateway.config import load
from wwcp_ocpi.gateway.opening import open_platform
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.store.ports import Key, Side, Write


def beside(file: Path, work: Callable[[Platform], Awaitable[None]]) -> None:
    """What another process does on the same folder."""

    async def main() -> None:
        async with open_platform(load(file)) as platform:
            await work(platform)

    asyncio.run(main())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """An eMSP with a CDR that is right, one that is not, one without a tariff, and one that waits."""
    path = written(tmp_path, role="EMSP")

    async def fill(platform: Platform) -> None:
        for id, total, tariffs in (("C1", 2.5, [tariff("2.2.1")]), ("C2", 3, [tariff("2.2.1")]), ("C3", 2.5, [])):
            body = codec.encode(charged("2.2.1", total, *tariffs, id=id, tariff_id="T1"))
            await platform.store.change(Key(Side.THEIRS, "cdrs", CPO, id), came(body))
        await platform.cdr_checks.settle()
        body = codec.encode(charged("2.2.1", 2.5, tariff("2.2.1"), id="C4"))
        await platform.store.change(Key(Side.THEIRS, "cdrs", CPO, "C4"), came(body))

    beside(path, fill)
    return path


def test_the_results_are_listed(cli: CLI, file: Path) -> None:
    ran = cli("cdrs", "checks", "--config", file)
    assert ran.code == 0
    assert [word in ran.out for word in ("OK", "DIFFERENT", "UNEXPLAINED", "3 EUR", "CANNOT_PRICE", "C4")] == [
        True, True, True, True, True, False,
    ]  # fmt: skip
    assert "1 still to be checked" in ran.err
    lines = cli("cdrs", "checks", "--json", "--config", file).lines
    assert [(line["id"], line["verdict"], line.get("stated")) for line in lines] == [
        ("C1", "OK", 2.5), ("C2", "DIFFERENT", 3), ("C3", "UNCLEAR", 2.5),
    ]  # fmt: skip
    some = cli("cdrs", "checks", "--json", "--verdict", "different", "--owner", "DE*GEF", "--config", file).lines
    assert [line["id"] for line in some] == ["C2"]
    assert cli("cdrs", "checks", "--json", "--owner", "FR*ABC", "--config", file).lines == []


def test_one_result_is_told_in_full(cli: CLI, file: Path) -> None:
    ran = cli("cdrs", "check", "DE*GEF", "C2", "--config", file)
    assert ran.code == 1
    assert "$.total_cost.excl_vat: stated 3, computed 2.5000 (no known mistake)" in ran.out
    told = cli("cdrs", "check", "DE*GEF", "C1", "--json", "--config", file)
    assert (told.code, told.json["verdict"], told.json["tariffs_from"]) == (0, "OK", "cdr")


def test_a_cdr_is_checked_again_and_one_that_waits_for_the_first_time(cli: CLI, file: Path) -> None:
    assert cli("cdrs", "check", "DE*GEF", "C3", "--again", "--json", "--config", file).json["verdict"] == "UNCLEAR"

    async def tariff_came(platform: Platform) -> None:
        body = codec.encode(tariff("2.2.1", "T1", OLD))
        write = Write(version="2.2.1", last_updated=1, body=body, source="cpo")
        await platform.store.change(Key(Side.THEIRS, "tariffs", CPO, "T1"), lambda before: write)

    beside(file, tariff_came)
    ran = cli("cdrs", "check", "DE*GEF", "C3", "--again", "--json", "--config", file)
    assert (ran.code, ran.json["verdict"], ran.json["tariffs_from"]) == (0, "OK", "store")
    assert cli("cdrs", "check", "DE*GEF", "C4", "--config", file).code == 0


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("checks", "--verdict", "GOOD"), "--verdict: expected OK, DIFFERENT or UNCLEAR, got 'GOOD'"),
        (("checks", "--owner", "nobody"), "--owner: expected a party like NL*TNM"),
        (("check", "nobody", "C1"), "OWNER: expected a party like NL*TNM"),
        (("check", "DE*GEF", "C9"), "cdrs/C9: no result for such a CDR of DE*GEF"),
        (("check", "DE*GEF", "C9", "--again"), "cdrs/C9: DE*GEF has sent no such CDR"),
    ],
)
def test_what_cannot_be_is_wrong_use(cli: CLI, file: Path, args: tuple[str, ...], said: str) -> None:
    ran = cli("cdrs", *args, "--config", file)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
