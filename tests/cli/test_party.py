# SPDX-License-Identifier: AGPL-3.0-or-later
"""`party`: from the invitation to the end, beside gateways that are running."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.cli.running import CLI, Ran, written
from tests.gateway.gateways import kept, publish, until
from tests.platforms import ALL_VERSIONS
from wwcp_ocpi import Gateway, Peer
from wwcp_ocpi.cli.party import _in_words
from wwcp_ocpi.gateway import gateway as gateway_module
from wwcp_ocpi.gateway.config import load
from wwcp_ocpi.partners import KindPulled
from wwcp_ocpi.scalars import DateTime, now
from wwcp_ocpi.store.ports import Side


def shown(id: str, **more: object) -> dict[str, object]:
    """A partner as `--json` shows it."""
    return {
        "id": id,
        "name": "",
        "state": "known",
        "version": None,
        "parties": [],
        "versions_url": None,
        "accepts_older": False,
        "push": True,
        "patch_as_put": False,
        "status_post": False,
        "hub": None,
        **more,
    }


class Beside(msgspec.Struct, frozen=True):
    """A running gateway, and the configuration with which commands run beside it."""

    gateway: Gateway
    file: Path


@asynccontextmanager
async def running(folder: Path, role: str) -> AsyncIterator[Beside]:
    async with Gateway(load(written(folder, role=role, port=0, name=f"{role}.toml"))) as gateway:
        yield Beside(gateway, written(folder, role=role, port=gateway.http.port, name=f"{role}.toml"))


def beside(cli: CLI, side: Beside) -> Callable[..., Any]:
    """Runs a `party` command in another thread, so that the gateways go on."""

    async def ask(command: str, *args: object, code: int = 0) -> Any:
        ran: Ran = await asyncio.to_thread(cli, "party", command, *args, "--config", side.file, "--json")
        assert ran.code == code, ran.err
        return ran.json if code == 0 else ran.err

    return ask


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_a_partner_from_invitation_to_removal(
    cli: CLI, tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gateway_module, "REFRESH_S", 0.01)
    async with running(tmp_path, "CPO") as cpo, running(tmp_path, "EMSP") as emsp:
        at_cpo, at_emsp = beside(cli, cpo), beside(cli, emsp)
        invited = await at_cpo("invite", "emp", "--name", "Provider", "--role", "EMSP")
        token = invited.pop("token")
        assert invited == {"id": "emp", "versions_url": cpo.gateway.versions_url}
        found = await at_cpo("show", "emp")
        assert found == found | shown("emp", name="Provider", state="invited") | {"pulled": {}}

        (tmp_path / "token").write_text(f"{token}\n")
        where = ("--url", cpo.gateway.versions_url, "--token-file", tmp_path / "token")
        registered = {"state": "registered", "version": version}
        at_emp = shown("gef", name="DE*GEF", **registered) | {
            "parties": ["DE*GEF CPO"],
            "versions_url": cpo.gateway.versions_url,
        }
        assert await at_emsp("register", "gef", *where, "--version", version) == at_emp
        assert await at_emsp("list") == [at_emp]
        (at_gef,) = await at_cpo("list")
        assert at_gef == shown("emp", name="Provider", **registered) | {
            "parties": ["NL*EMP EMSP"],
            "versions_url": emsp.gateway.versions_url,
        }

        await publish(cpo.gateway, version, "L1", "L2", "L3", "L4", push=False)
        pulled = await at_emsp("pull", "gef")
        last = (await at_emsp("show", "gef"))["pulled"]["locations"]
        assert last == {"tried": last["done"], "done": last["whole"], "whole": last["whole"], "error": None}
        assert last["whole"][:10] == now().wire[:10]
        counts = {"received": 4, "stored": 4, "unchanged": 0, "rejected": 0, "foreign": 0, "removed": 0}
        assert pulled | counts | {"pages": 2} == pulled
        assert await kept(emsp.gateway, version) == await kept(cpo.gateway, version, Side.OURS)
        assert (await at_emsp("pull", "gef", "locations"))["unchanged"] == 4

        renewed = await at_emsp("renew", "gef")
        assert (renewed["state"], renewed["version"]) == ("registered", "2.3.0")
        assert (await at_cpo("show", "emp"))["version"] == "2.3.0"

        assert (await at_cpo("block", "emp"))["state"] == "blocked"

        async def is_refused() -> bool:
            ran = await asyncio.to_thread(cli, "party", "pull", "gef", "--config", emsp.file, "--json")
            return ran.code == 1 and "does not accept our credentials token" in ran.err

        await until(is_refused)
        assert (await at_cpo("block", "emp", "--undo"))["state"] == "registered"
        await at_emsp("pull", "gef")

        assert await at_emsp("unregister", "gef") == shown("gef", name="DE*GEF") | {"parties": ["DE*GEF CPO"]}
        assert (await at_cpo("show", "emp"))["state"] == "known"
        assert "not registered with partner gef" in await at_emsp("pull", "gef", code=2)
        assert await at_cpo("remove", "emp") == {"id": "emp", "state": "removed"}
        assert await at_cpo("list") == []


async def test_a_wrong_token_and_a_partner_that_is_not_there_are_code_1(cli: CLI, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("wrong")
    async with running(tmp_path, "CPO") as cpo, running(tmp_path, "EMSP") as emsp:
        ask, url = beside(cli, emsp), cpo.gateway.versions_url
        said = await ask("register", "gef", "--url", url, "--token-file", tmp_path / "token", code=1)
        assert "does not accept our credentials token (HTTP 401)" in said
        gone = "http://127.0.0.1:2309/versions"
        said = await ask("register", "gef", "--url", gone, "--token-file", tmp_path / "token", code=1)
        assert said.splitlines()[-1].startswith("wwcp-ocpi: GET http://127.0.0.1:2309/versions: ")
        assert await ask("list") == []


async def test_without_a_common_version_it_is_wrong_use(cli: CLI, tmp_path: Path) -> None:
    async with running(tmp_path, "CPO") as cpo, running(tmp_path, "EMSP") as emsp:
        invited = await beside(cli, cpo)("invite", "emp")
        (tmp_path / "token").write_text(invited["token"])
        where = ("--url", cpo.gateway.versions_url, "--token-file", tmp_path / "token")
        said = await beside(cli, emsp)("register", "gef", *where, "--version", "1.0", code=2)
        assert "no OCPI version in common: the partner offers 2.1.1, 2.2.1, 2.3.0, we speak" in said


async def test_leaving_a_partner_that_is_gone_is_code_1_and_still_ends_here(cli: CLI, tmp_path: Path) -> None:
    async with running(tmp_path, "EMSP") as emsp:
        ask = beside(cli, emsp)
        async with running(tmp_path, "CPO") as cpo:
            invited = await beside(cli, cpo)("invite", "emp")
            (tmp_path / "token").write_text(invited["token"])
            await ask("register", "gef", "--url", cpo.gateway.versions_url, "--token-file", tmp_path / "token")
        await ask("unregister", "gef", code=1)
        assert (await ask("show", "gef"))["state"] == "known"


async def test_the_token_of_an_invitation_opens_the_gateway_in_the_form_that_was_named(
    cli: CLI, tmp_path: Path
) -> None:
    async with running(tmp_path, "CPO") as cpo:
        invited = await beside(cli, cpo)("invite", "emp", "--form", "raw")
        async with Peer.connect(invited["versions_url"], invited["token"]) as peer:
            assert peer.wire.form.value == "raw"


def test_add_makes_a_partner_and_changes_only_what_is_named(cli: CLI, tmp_path: Path) -> None:
    written(tmp_path)

    def add(*args: str) -> Any:
        ran = cli("party", "add", "emp", *args, "--json")
        assert ran.code == 0
        return ran.json

    assert add("--name", "Provider") == shown("emp", name="Provider")
    changed = shown("emp", name="Provider", accepts_older=True, push=False)
    assert add("--accepts-older", "--no-push") == changed
    assert add("--name", "Other") == {**changed, "name": "Other"}
    assert add("--no-accepts-older", "--push") == shown("emp", name="Other")
    changed = shown("emp", name="Other", patch_as_put=True, status_post=True)
    assert add("--patch-as-put", "--status-post") == changed
    assert add("--no-patch-as-put") == {**changed, "patch_as_put": False}


def test_a_partner_is_marked_as_a_hub_and_unmarked(cli: CLI, tmp_path: Path) -> None:
    written(tmp_path)
    assert cli("party", "add", "emp", "--hub", "be*hub", "--json").json == shown("emp", hub="BE*HUB")
    assert cli("party", "add", "emp", "--name", "Hub", "--json").json == shown("emp", name="Hub", hub="BE*HUB")
    assert cli("party", "add", "emp", "--hub", "", "--json").json == shown("emp", name="Hub")
    ran = cli("party", "add", "emp", "--hub", "nobody", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "--hub: " in ran.err


def test_for_people_partners_are_tables_and_lines(cli: CLI, tmp_path: Path) -> None:
    written(tmp_path)
    assert cli("party", "add", "emp", "--name", "[b]Provider[/b] :car:").err == "emp: known\n"
    assert "[b]Provider[/b] :car:" in cli("party", "list").out
    ran = cli("party", "show", "emp")
    assert (ran.code, ran.err) == (0, "")
    assert "versions_url" in ran.out
    ran = cli("party", "invite", "emp")
    assert (ran.code, ran.err) == (0, "")
    assert "http://127.0.0.1:2310/ocpi/versions" in ran.out
    assert cli("party", "remove", "emp").err == "emp: removed\n"


def test_for_people_a_pull_is_told_with_what_went_wrong() -> None:
    noon, later = (DateTime.parse(f"2025-06-01T{hour}:00:00Z").micros + 5 for hour in (12, 18))
    assert _in_words(KindPulled(tried=noon, done=noon)) == ["2025-06-01T12:00:00Z, all of it never"]
    assert _in_words(KindPulled(tried=noon, error="HTTP 500")) == [
        "never to its end",
        "failed 2025-06-01T12:00:00Z: HTTP 500",
    ]
    assert _in_words(KindPulled(tried=later, done=noon, whole=noon, error="HTTP 500")) == [
        "2025-06-01T12:00:00Z, all of it 2025-06-01T12:00:00Z",
        "failed 2025-06-01T18:00:00Z: HTTP 500",
    ]


def test_a_long_url_is_never_cut_off(cli: CLI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path)
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("WWCP_OCPI_SERVER_BASE_URL", "https://ocpi." + "x" * 80 + ".example")
    text = "".join(
        line.split("│")[-2].strip() for line in cli("party", "invite", "emp").out.splitlines() if "│" in line
    )
    assert "https://ocpi." + "x" * 80 + ".example/ocpi/versions" in text


def test_nobody_can_be_invited_to_an_unknown_port(cli: CLI, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written(tmp_path, port=0)
    (tmp_path / "token").write_text("x")
    for args in (
        ["invite", "emp"],
        ["renew", "emp"],
        ["register", "emp", "--url", "https://x.example", "--token-file", "token"],
    ):
        ran = cli("party", *args, "--json")
        assert (ran.code, ran.out) == (2, "")
        assert "server.port is 0, so nobody knows where the gateway is; set server.base_url" in ran.err
    monkeypatch.setenv("WWCP_OCPI_SERVER_BASE_URL", "https://ocpi.example")
    assert cli("party", "invite", "emp", "--json").json["versions_url"] == "https://ocpi.example/ocpi/versions"


def test_no_token_is_ever_shown_again(cli: CLI, tmp_path: Path) -> None:
    written(tmp_path)
    token = cli("party", "invite", "emp", "--json").json["token"]
    for args in (["list"], ["show", "emp"], ["add", "emp"]):
        for machine in ([], ["--json"]):
            ran = cli("party", *args, *machine)
            assert token not in ran.out + ran.err
