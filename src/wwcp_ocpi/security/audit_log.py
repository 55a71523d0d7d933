# SPDX-License-Identifier: AGPL-3.0-or-later
"""The audit log on disk: `audit-00000001.jsonl` and those after it, named by their first record.

`append` only notes; `flush` writes what was noted in one go and waits for the disk. Between the two a crash loses it:
whoever owns the log calls `flush` at least every second (`AuditSettings.flush_s`). One process writes, any may read.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec.structs import replace

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security.audit import (
    Chain,
    Checkpoint,
    Event,
    Finding,
    Line,
    Problem,
    Reason,
    Record,
    Report,
    key_id,
    read,
    verify,
)
from wwcp_ocpi.security.files import write_new, write_over
from wwcp_ocpi.security.vault import Vault

if sys.platform != "win32":
    import fcntl

KEY_FILE = "audit.key"
PUBLIC_FILE = "audit.pub"
CHECKPOINT_FILE = "checkpoint.json"
_FILE = re.compile(r"audit-([0-9]{8,})\.jsonl")


class AuditSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How much may be lost, unsigned or in one file."""

    flush_s: float = 1.0
    """How often the owner of the log calls `flush`: what a crash may lose."""
    checkpoint_s: float = 60.0
    """After this long with new records there is a checkpoint."""
    checkpoint_records: int = 1000
    """And after so many."""
    file_bytes: int = 16 * 1024 * 1024
    """After this a new file is begun."""
    pending: int = 100_000
    """Records in memory at most, for a disk that is full; what comes then is counted, and the number written later."""


class AuditLog:
    """The log of one process. `append` from one thread; `flush` from that or another, never two at once."""

    def __init__(
        self,
        folder: Path,
        key: Ed25519PrivateKey,
        settings: AuditSettings | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Go on where the log ended, or begin it.

        Raises:
            UsageError: another process writes it.
            OSError: the folder cannot be used.
        """
        self.folder = folder
        self.settings = settings or AuditSettings()
        self.checkpoint: Checkpoint | None = None
        """The last one; worth sending elsewhere."""
        self.counts: Counter[Reason] = Counter()
        """How often each was noted since the start, written or not."""
        self._kept: Checkpoint | None = None
        self._clock = clock
        self._pending: deque[tuple[Event, float]] = deque()
        self._lost = 0
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(folder / "lock")
        try:
            self._go_on(key)
        except BaseException:
            os.close(self._lock)
            raise

    def _go_on(self, key: Ed25519PrivateKey) -> None:
        folder = self.folder
        damage = _damage(folder, key.public_key())
        torn = _mend(folder)
        last = next(_backwards(folder), None)
        self._chain = Chain(key, n=last.n, chain=last.chain) if last else Chain(key)
        self._signed = (self._chain.n, self._clock())
        existing = files(folder)
        self._file, self._size = _opened(existing[-1]) if existing else (-1, 0)
        if torn:
            self.append(Event(Reason.AUDIT_MENDED, detail=f"{torn} bytes of a last record were dropped"))
        if damage:
            self.append(Event(Reason.AUDIT_DAMAGED, detail=damage))
        self.append(Event(Reason.AUDIT_OPENED))
        self.flush()

    def append(self, event: Event) -> None:
        """Note something. It is on disk after the next `flush`."""
        self.counts[event.reason] += 1
        if len(self._pending) >= self.settings.pending:
            self._lost += 1  # said in the log as soon as it can be written again
            return
        self._pending.append((event, self._clock()))

    def flush(self) -> None:
        """Write what was noted, with a checkpoint when it is time for one, and wait for the disk.

        Raises:
            OSError: it could not be written. Nothing that was noted is forgotten; call again.
        """
        now, pending = self._clock(), self._pending
        batch = [pending.popleft() for _ in range(len(pending))]
        lost, self._lost = self._lost, 0
        try:
            if self._file < 0 or self._size >= self.settings.file_bytes:
                self._next_file(now)
            if lost:
                batch.append((Event(Reason.RECORDS_LOST, detail=f"{lost} records"), now))
            if batch or self._is_due(now):
                self._put(batch, now)
        except OSError:
            self._lost += lost
            pending.extendleft(one for one in reversed(batch) if one[0].reason is not Reason.RECORDS_LOST)
            raise
        self._keep_checkpoint()

    def close(self) -> None:
        """Write what was noted, sign, and let another process have the log."""
        if self._lock < 0:
            return
        try:
            self.append(Event(Reason.AUDIT_CLOSED))
            self._signed = (self._signed[0], 0.0)
            self.flush()
        finally:
            for descriptor in (self._file, self._lock):
                if descriptor >= 0:
                    os.close(descriptor)
            self._file = self._lock = -1

    def _next_file(self, now: float) -> None:
        """Every file begins with a checkpoint, so that it can be verified without those before it."""
        path, old = self.folder / f"audit-{self._chain.n + 1:08}.jsonl", (self._file, self._size)
        self._file, self._size = _opened(path)
        try:
            self._put((), now, sign=True)
        except OSError:
            os.close(self._file)
            path.unlink()
            self._file, self._size = old
            raise
        if old[0] >= 0:
            os.close(old[0])

    def _is_due(self, now: float) -> bool:
        n, at = self._signed
        since = self._chain.n - n
        return since > 0 and (since >= self.settings.checkpoint_records or now - at >= self.settings.checkpoint_s)

    def _put(self, batch: Iterable[tuple[Event, float]], now: float, *, sign: bool = False) -> None:
        """Write records, all of them or none."""
        chain = self._chain
        before = (chain.n, chain.chain, self._signed, self.checkpoint)
        try:
            lines = [chain.line(event, at) for event, at in batch]
            if sign or self._is_due(now):
                line, self.checkpoint = chain.checkpoint(now)
                lines.append(line)
                self._signed = (chain.n, now)
            content = memoryview(b"".join(lines))
            size = self._size + len(content)
            while content:
                content = content[os.write(self._file, content) :]
            os.fsync(self._file)
            self._size = size
        except OSError:
            chain.n, chain.chain, self._signed, self.checkpoint = before
            os.ftruncate(self._file, self._size)
            raise

    def _keep_checkpoint(self) -> None:
        if self.checkpoint is not self._kept and self.checkpoint is not None:
            self._kept = self.checkpoint
            write_over(self.folder / CHECKPOINT_FILE, msgspec.json.encode(self.checkpoint) + b"\n")


def signing_key(folder: Path, vault: Vault) -> Ed25519PrivateKey:
    """The key of the checkpoints, sealed with the server's key; made at the first start.

    Raises:
        UsageError: sealed with another key, or gone while there is a log that it signed.
        OSError: the folder cannot be used.
    """
    place = folder / KEY_FILE
    if not place.exists():
        if files(folder):
            raise UsageError(f"{place}: is gone, and the log cannot go on without it; put the folder away")
        folder.mkdir(parents=True, exist_ok=True)
        made = Ed25519PrivateKey.generate()
        seed = made.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()).hex()
        write_new(place, vault.seal(Secret(seed)).encode() + b"\n", 0o600)
        write_over(folder / PUBLIC_FILE, key_id(made.public_key()).encode() + b"\n")
        return made
    seed = vault.open(place.read_text("ascii").strip()).reveal()
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed))


def public_key(text: str) -> Ed25519PublicKey:
    """The key that `audit.pub` holds.

    Raises:
        UsageError
    """
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(text.strip()))
    except ValueError as error:
        raise UsageError("expected the public key of an audit log, 64 hex digits") from error


def files(folder: Path) -> list[Path]:
    """The files of a log, oldest first."""
    found = ((_FILE.fullmatch(path.name), path) for path in folder.glob("audit-*.jsonl"))
    return [path for _, path in sorted((int(match[1]), path) for match, path in found if match)]


def kept_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a file, this log's own or a copy that was kept elsewhere.

    Raises:
        UsageError: there is none.
    """
    try:
        return msgspec.json.decode(path.read_bytes(), type=Checkpoint)
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(f"{path}: expected a checkpoint: {error}") from error


def verify_folder(
    folder: Path, key: Ed25519PublicKey, *, begins_at: int = 1, kept: tuple[Checkpoint, ...] = ()
) -> Report:
    """Verify a whole log, with the checkpoint beside it and those kept elsewhere."""
    missing: tuple[Finding, ...] = ()
    try:
        kept = (kept_checkpoint(folder / CHECKPOINT_FILE), *kept)
    except UsageError as error:
        missing = (Finding(file=CHECKPOINT_FILE, line=0, problem=Problem.NO_CHECKPOINT, text=error.message),)
    report = verify(_lines(files(folder)), key, begins_at=begins_at, kept=kept)
    return replace(report, findings=(*report.findings, *missing))


def latest(folder: Path, count: int, is_wanted: Callable[[Record], bool] = lambda _: True) -> list[Record]:
    """The last records that are wanted, oldest first; what is no record is passed over."""
    return list(islice(filter(is_wanted, _backwards(folder)), count))[::-1]


def _lines(paths: list[Path]) -> Iterator[Line]:
    for path in paths:
        with path.open("rb") as file:
            for number, text in enumerate(file, 1):
                if text.endswith(b"\n"):
                    yield Line(path.name, number, text[:-1])
                elif path != paths[-1]:
                    yield Line(path.name, number, text)
                # The end of the last file may just be being written, or was left so by a crash: no record yet.


def _backwards(folder: Path) -> Iterator[Record]:
    for path in reversed(files(folder)):
        for text in reversed(path.read_bytes().splitlines()):
            record = read(text)
            if record is not None:
                yield record


def _mend(folder: Path) -> int:
    """Cut off what a crash left of a last line. How many bytes that was."""
    for path in files(folder)[-1:]:
        content = path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(path, whole)
            return len(content) - whole
    return 0


def _damage(folder: Path, key: Ed25519PublicKey) -> str:
    """What is wrong with the last file, in a sentence. A torn last line is not: a crash leaves it."""
    lines = list(_lines(files(folder)[-1:]))
    first = read(lines[0].text) if lines else None
    try:
        kept = kept_checkpoint(folder / CHECKPOINT_FILE)
    except UsageError:
        return "the checkpoint is gone" if lines else ""
    if first is None:
        return "the log is gone"
    report = verify(lines, key, begins_at=first.n, kept=(kept,))
    return "; ".join(f"{one.file}:{one.line}: {one.problem.value}" for one in report.findings[:3])


def _opened(path: Path) -> tuple[int, int]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
    return descriptor, os.fstat(descriptor).st_size


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o640)
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(descriptor)
            raise UsageError(f"{path.parent}: another process writes this audit log") from error
    return descriptor
