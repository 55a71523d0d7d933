# SPDX-License-Identifier: AGPL-3.0-or-later
"""The data folder and the server's key: made once, kept, and never readable by others."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.gateway.gateways import config
from wwcp_ocpi.gateway.config import Config, ServerSection, StoreSection
from wwcp_ocpi.gateway.opening import open_platform, open_store, settings_of
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security import Vault


async def sealed_with(config: Config) -> str:
    store, vault = await open_store(config)
    await store.close()
    return vault.seal(Secret("token"))


async def opens(config: Config, sealed: str) -> bool:
    store, vault = await open_store(config)
    await store.close()
    return vault.open(sealed) == Secret("token")


async def test_the_key_is_made_at_the_first_start_for_the_owner_only_and_is_kept(tmp_path: Path) -> None:
    made = config(tmp_path)
    sealed = await sealed_with(made)
    key = tmp_path / "CPO" / "server.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = key.read_bytes()
    assert len(bytes.fromhex(before.decode())) == 32
    assert await opens(made, sealed)
    assert key.read_bytes() == before
    assert sorted(file.name for file in key.parent.iterdir()) == ["server.key", "wwcp-ocpi.sqlite"]


async def test_a_key_of_ones_own_is_used_and_none_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_KEY", "ab" * 32)
    (tmp_path / "key").write_text("ab" * 32)
    by_variable = replace(config(tmp_path), store=StoreSection(folder=str(tmp_path / "CPO"), key="env:THE_KEY"))
    by_file = replace(by_variable, store=replace(by_variable.store, key=f"file:{tmp_path / 'key'}"))
    assert await opens(by_file, await sealed_with(by_variable))
    assert not (tmp_path / "CPO" / "server.key").exists()


@pytest.mark.parametrize("key", ["", "ab" * 31, "not hex"])
async def test_a_damaged_key_is_refused_and_not_replaced(tmp_path: Path, key: str) -> None:
    made = config(tmp_path)
    await sealed_with(made)
    file = tmp_path / "CPO" / "server.key"
    file.write_text(key)
    with pytest.raises(UsageError, match=r"expected hex digits there|at least 32 bytes"):
        await open_store(made)
    assert file.read_text() == key


async def test_of_two_that_start_at_once_one_makes_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = config(tmp_path)
    other, original = "cd" * 32, Vault.new_key

    def meanwhile() -> bytes:
        (tmp_path / "CPO" / "server.key").write_text(other)
        return original()

    monkeypatch.setattr(Vault, "new_key", staticmethod(meanwhile))
    sealed = await sealed_with(made)
    assert (tmp_path / "CPO" / "server.key").read_text() == other
    assert await opens(made, sealed)
    assert not list((tmp_path / "CPO").glob("server.key-*"))


async def test_a_folder_that_cannot_be_used_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "CPO").write_text("a file")
    with pytest.raises(OSError, match="exists"):
        await open_store(config(tmp_path))


async def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "CPO").mkdir()
    (tmp_path / "CPO" / "wwcp-ocpi.sqlite").write_bytes(b"hello" * 1000)
    with pytest.raises(UsageError, match=r"wwcp-ocpi\.sqlite"):
        await open_store(config(tmp_path))


async def test_a_platform_for_a_command_knows_where_the_gateway_is(tmp_path: Path) -> None:
    for server, url in (
        (ServerSection(port=8080), "http://127.0.0.1:8080/ocpi/versions"),
        (ServerSection(port=443, host="h", certificate="c.pem"), "https://h:443/ocpi/versions"),
        (ServerSection(base_url="https://ocpi.example/"), "https://ocpi.example/ocpi/versions"),
    ):
        async with open_platform(replace(config(tmp_path), server=server)) as platform:
            assert platform.settings.versions_url == url
            assert platform.book.all() == []


def test_the_server_is_told_what_the_configuration_says(tmp_path: Path) -> None:
    made = config(
        tmp_path,
        versions=("2.1.1",),
        modules=("locations", "tariffs"),
        extensions=("evse_status",),
        max_page_size=7,
    )
    settings = settings_of(made, "http://127.0.0.1:1")
    assert (settings.base_url, settings.versions, settings.modules) == (
        "http://127.0.0.1:1",
        ("2.1.1",),
        frozenset({"locations", "tariffs"}),
    )
    assert (settings.page_size, settings.max_page_size) == (3, 7)
    assert settings.extensions == {"evse_status"}
    with pytest.raises(UsageError, match="expected at least one"):
        settings_of(replace(made, party=()), "http://127.0.0.1:1")
