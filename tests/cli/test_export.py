# SPDX-License-Identifier: AGPL-3.0-or-later
"""`export` and `losses`: what is stored, in any version."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import CLI, written
from tests.known import known, publish
from tests.objects import location, session
from tests.platforms import EMSP
from wwcp_ocpi.gateway.config import load
from wwcp_ocpi.gateway.opening import open_platform
from wwcp_ocpi.gateway.platform import Platform


@pytest.fixture(autouse=True)
def filled(tmp_path: Path) -> None:
    """A CPO with objects in two versions, and Sessions of a partner's driver."""
    path = written(tmp_path)

    async def fill(made: Platform) -> None:
        await known(made, "emp", (EMSP,))
        await publish(
            made,
            "2.3.0",
            "locations",
            location("2.3.0", help_phone="1", postal_code="07749"),
            location("2.3.0", "HID", publish=False),
        )
        await publish(made, "2.1.1", "locations", location("2.1.1", "OLD"))
        await publish(made, "2.2.1", "sessions", session("2.2.1"))

    async def main() -> None:
        async with open_platform(load(path)) as made:
            await fill(made)

    asyncio.run(main())


def test_an_export_tells_all_versions_in_one_and_counts_what_it_cannot_tell(cli: CLI) -> None:
    ran = cli("export", "--version", "2.1.1", "--object", "locations")
    assert (ran.code, [one["id"] for one in ran.lines]) == (1, ["LOC1", "OLD"]), ran.err
    assert ran.err.splitlines() == [
        "DE*GEF HID: $.publish: OCPI 2.1.1 cannot be told that a Location is not to be shown to all; "
        "the setting 'unpublished' decides it",
        "1 locations cannot be told in OCPI 2.1.1 and were left out",
    ]


def test_an_export_has_what_is_for_single_partners_only_where_that_is_asked_for(cli: CLI) -> None:
    ran = cli("export", "--version", "2.3.0", "--object", "sessions")
    assert (ran.code, ran.lines) == (0, [])
    assert ran.err == "1 sessions for single partners were left out; --all or --audience PARTNER prints them\n"
    for args in (["--all"], ["--audience", "emp"]):
        ran = cli("export", "--version", "2.3.0", "--object", "sessions", *args)
        assert (ran.code, [one["id"] for one in ran.lines], ran.err) == (0, ["S1"], "")
    assert cli("export", "--version", "2.3.0", "--object", "sessions", "--audience", "other").lines == []
    both = cli("export", "--version", "2.3.0", "--all", "--audience", "emp")
    assert (both.code, both.err) == (2, "wwcp-ocpi: --all: expected no --audience beside it\n")


def lost(cli: CLI, *args: str, code: int) -> list[dict[str, Any]]:
    ran = cli("losses", "--json", *args)
    assert ran.code == code, ran.err
    return list(ran.lines)


def test_losses_are_a_line_for_each_object_that_loses_something(cli: CLI) -> None:
    shown = {
        "owner": "DE*GEF",
        "id": "LOC1",
        "version": "2.3.0",
        "losses": [{"path": "$.help_phone", "text": "OCPI 2.2.1 has no such field here"}],
        "refused": None,
    }
    text = (
        "$.publish: OCPI 2.1.1 cannot be told that a Location is not to be shown to all; "
        "the setting 'unpublished' decides it"
    )
    refused = {"path": "$.publish", "text": text, "setting": "unpublished"}
    hidden = {"owner": "DE*GEF", "id": "HID", "version": "2.3.0", "losses": [], "refused": refused}
    assert lost(cli, "--to", "2.1.1", code=1) == [shown, hidden]
    assert lost(cli, "--to", "2.1.1", "--id", "LOC1", code=0) == [shown]
    assert lost(cli, "--to", "2.1.1", "--party", "FR*BEN", code=0) == []
    assert lost(cli, "--to", "2.3.0", "--id", "LOC1", code=0) == []
    assert lost(cli, "--to", "2.1.1", "--theirs", code=0) == []


def test_for_people_losses_are_rows_and_their_count(cli: CLI) -> None:
    ran = cli("losses", "--to", "2.1.1")
    assert ran.code == 1
    first, second = ran.out.splitlines()
    assert first == "DE*GEF LOC1 $.help_phone: OCPI 2.2.1 has no such field here"
    assert second.startswith("DE*GEF HID cannot be told: $.publish: OCPI 2.1.1")
    assert ran.err == "3 locations: 1 lose something in OCPI 2.1.1, 1 cannot be told in it\n"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--to", "2.1.1", "--id", "NONE"], "--id: no locations with the id 'NONE'"),
        (["--to", "2.1.1", "--object", "hubclientinfo"], "OCPI 2.1.1 keeps no 'hubclientinfo'"),
        (["--to", "9.9"], "9.9"),
        (["--to", "2.1.1", "--party", "nobody"], "--party: "),
    ],
)
def test_what_is_not_there_is_wrong_use(cli: CLI, args: list[str], said: str) -> None:
    ran = cli("losses", *args)
    assert ran.code == 2
    assert said in ran.err


def test_losses_look_at_what_is_for_single_partners_as_well(cli: CLI, tmp_path: Path) -> None:
    assert lost(cli, "--to", "2.3.0", "--object", "sessions", code=0) == []
    ran = cli("losses", "--to", "2.3.0", "--object", "sessions")
    assert ran.err == "1 sessions: 0 lose something in OCPI 2.3.0, 0 cannot be told in it\n"
