# SPDX-License-Identifier: AGPL-3.0-or-later
"""The log on disk: what is on it after a flush, a crash, a full disk, a restart and a thief."""

from __future__ import annotations

import os
import shutil
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.security import Vault
from wwcp_ocpi.security.audit import Event, Problem, Reason, Report
from wwcp_ocpi.security.audit_log import (
    CHECKPOINT_FILE,
    KEY_FILE,
    PUBLIC_FILE,
    AuditLog,
    AuditSettings,
    files,
    kept_checkpoint,
    latest,
    public_key,
    signing_key,
    verify_folder,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
EVENT = Event(Reason.UNKNOWN_TOKEN, source="192.0.2.7")


class Clock:
    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


def opened(folder: Path, clock: Clock | None = None, **settings: Any) -> AuditLog:
    return AuditLog(folder, KEY, AuditSettings(**settings), clock or Clock())


def codes(folder: Path, count: int = 100) -> list[str]:
    return [record.event for record in latest(folder, count)]


def found(folder: Path, begins_at: int = 1) -> set[Problem]:
    return {one.problem for one in verify_folder(folder, KEY.public_key(), begins_at=begins_at).findings}


def filled(folder: Path, count: int = 5, **settings: float) -> None:
    log = opened(folder, None, **settings)
    for _ in range(count):
        log.append(EVENT)
        log.flush()
    log.close()


def test_what_was_flushed_is_on_disk_and_proven(tmp_path: Path) -> None:
    log = opened(tmp_path)
    log.append(EVENT)
    assert "unknown_token" not in codes(tmp_path)
    log.flush()
    assert codes(tmp_path) == ["checkpoint", "audit_opened", "unknown_token"]
    log.close()
    assert verify_folder(tmp_path, KEY.public_key()) == Report(
        records=5, checkpoints=2, first=1, last=5, unsigned=0, findings=()
    )
    assert stat.S_IMODE(files(tmp_path)[0].stat().st_mode) & 0o007 == 0


def test_a_log_goes_on_after_a_restart(tmp_path: Path) -> None:
    for _ in range(3):
        filled(tmp_path, 2)
    assert found(tmp_path) == set()
    assert codes(tmp_path).count("audit_opened") == 3
    assert len(files(tmp_path)) == 1


def test_checkpoints_come_by_number_and_by_time(tmp_path: Path) -> None:
    clock = Clock()
    log = opened(tmp_path, clock, checkpoint_records=10, checkpoint_s=60)
    for _ in range(10):
        log.append(EVENT)
    log.flush()
    assert codes(tmp_path)[-1] == "checkpoint"
    log.append(EVENT)
    log.flush()
    clock.now += 59
    log.flush()
    assert codes(tmp_path)[-1] == "unknown_token"
    clock.now += 1
    log.flush()
    assert codes(tmp_path)[-1] == "checkpoint"
    clock.now += 1000
    before = files(tmp_path)[0].stat().st_size
    log.flush()
    assert files(tmp_path)[0].stat().st_size == before  # nothing happened, so there is nothing to sign


def test_a_file_that_is_full_is_followed_by_another(tmp_path: Path) -> None:
    filled(tmp_path, 30, file_bytes=1000)
    names = [path.name for path in files(tmp_path)]
    assert len(names) > 3
    assert names[0] == "audit-00000001.jsonl"
    assert found(tmp_path) == set()
    begins_at = int(names[2][6:14])
    for path in files(tmp_path)[:2]:
        path.unlink()
    assert found(tmp_path) == {Problem.REMOVED}
    assert found(tmp_path, begins_at) == set()


def test_a_file_that_is_missing_in_the_middle_is_found(tmp_path: Path) -> None:
    filled(tmp_path, 30, file_bytes=1000)
    files(tmp_path)[1].unlink()
    assert found(tmp_path) == {Problem.REMOVED}


def test_a_torn_last_line_is_mended_and_told(tmp_path: Path) -> None:
    filled(tmp_path)
    with files(tmp_path)[-1].open("ab") as file:
        file.write(b'{"n":9,"at":"2026')
    opened(tmp_path).close()
    assert found(tmp_path) == set()
    assert [one.detail for one in latest(tmp_path, 9) if one.event == "audit_mended"] == [
        "17 bytes of a last record were dropped"
    ]


def test_two_processes_do_not_write_one_log(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("no flock there")
    log = opened(tmp_path)
    with pytest.raises(UsageError, match="another process writes this audit log"):
        opened(tmp_path)
    log.close()
    log.close()
    opened(tmp_path).close()


def test_a_full_disk_loses_nothing_that_was_noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, write = opened(tmp_path, checkpoint_records=3, pending=10), os.write
    size = files(tmp_path)[0].stat().st_size

    def half(descriptor: int, content: bytes) -> int:
        write(descriptor, bytes(content)[: len(content) // 2])
        raise OSError(28, "No space left on device")

    for _ in range(10):
        log.append(EVENT)
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", half)
        for _ in range(2):
            with pytest.raises(OSError, match="No space left"):
                log.flush()
            assert files(tmp_path)[0].stat().st_size == size
        for _ in range(4):
            log.append(EVENT)
    log.close()
    assert codes(tmp_path).count("unknown_token") == 10
    assert [one.detail for one in latest(tmp_path, 99) if one.event == "records_lost"] == ["5 records"]
    assert found(tmp_path) == set()


def test_a_full_disk_when_a_file_is_begun_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log, write = opened(tmp_path, file_bytes=100), os.write

    def none(descriptor: int, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    log.append(EVENT)
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", none)
        with pytest.raises(OSError, match="No space left"):
            log.flush()
    assert len(files(tmp_path)) == 1
    assert os.write is write
    log.close()
    assert found(tmp_path) == set()


def cut_end(folder: Path) -> None:
    path = files(folder)[-1]
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-3]))


def cut_end_and_checkpoint(folder: Path) -> None:
    cut_end(folder)
    (folder / CHECKPOINT_FILE).unlink()


def edit(folder: Path) -> None:
    path = files(folder)[-1]
    path.write_bytes(path.read_bytes().replace(b"192.0.2.7", b"192.0.2.8", 1))


def begin_anew(folder: Path) -> None:
    for path in files(folder):
        path.unlink()


@pytest.mark.parametrize(
    ("steal", "expected"),
    [
        (cut_end, Problem.TRUNCATED),
        (cut_end_and_checkpoint, Problem.NO_CHECKPOINT),
        (edit, Problem.EDITED),
        (begin_anew, Problem.NO_CHECKPOINT),
    ],
)
def test_a_thief_is_found_before_and_after_the_gateway_goes_on(
    tmp_path: Path, steal: Callable[[Path], None], expected: Problem
) -> None:
    filled(tmp_path)
    assert found(tmp_path) == set()
    steal(tmp_path)
    assert expected in found(tmp_path)
    filled(tmp_path)
    assert Problem.DAMAGED in found(tmp_path)
    assert "audit_damaged" in codes(tmp_path)


def test_an_older_state_of_the_folder_is_found_with_a_copy_of_a_checkpoint(tmp_path: Path) -> None:
    filled(tmp_path / "log")
    shutil.copytree(tmp_path / "log", tmp_path / "old")
    filled(tmp_path / "log")
    kept = kept_checkpoint(tmp_path / "log" / CHECKPOINT_FILE)
    assert verify_folder(tmp_path / "old", KEY.public_key()).findings == ()
    (one,) = verify_folder(tmp_path / "old", KEY.public_key(), kept=(kept,)).findings
    assert one.problem is Problem.TRUNCATED


def test_the_key_is_sealed_and_the_same_after_a_restart(tmp_path: Path) -> None:
    vault = Vault(bytes(range(32)))
    key = signing_key(tmp_path, vault)
    assert signing_key(tmp_path, vault).public_key() == key.public_key()
    assert stat.S_IMODE((tmp_path / KEY_FILE).stat().st_mode) == 0o600
    assert key.private_bytes_raw().hex() not in (tmp_path / KEY_FILE).read_text()
    assert public_key((tmp_path / PUBLIC_FILE).read_text()) == key.public_key()
    with pytest.raises(UsageError, match="does not open"):
        signing_key(tmp_path, Vault(Vault.new_key()))
    with pytest.raises(UsageError, match="expected the public key"):
        public_key("no hex")


def test_a_key_that_is_gone_is_not_made_anew_under_a_log(tmp_path: Path) -> None:
    filled(tmp_path)
    with pytest.raises(UsageError, match="is gone, and the log cannot go on without it"):
        signing_key(tmp_path, Vault(bytes(32)))


def test_noting_an_event_costs_microseconds(tmp_path: Path) -> None:
    log = opened(tmp_path)
    best = min(_append_s(log) for _ in range(5))
    assert best < 20e-6  # about 0.5 µs on an idle machine
    log.close()


def _append_s(log: AuditLog) -> float:
    began = time.perf_counter()
    for _ in range(1000):
        log.append(EVENT)
    return (time.perf_counter() - began) / 1000


def test_records_are_found_backwards(tmp_path: Path) -> None:
    filled(tmp_path, 30, file_bytes=1000)
    assert [record.n for record in latest(tmp_path, 3)] == sorted(record.n for record in latest(tmp_path, 3))
    wanted = latest(tmp_path, 2, lambda record: record.event == "audit_opened")
    assert [record.n for record in wanted] == [2]
