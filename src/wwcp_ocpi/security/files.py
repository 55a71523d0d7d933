# SPDX-License-Identifier: AGPL-3.0-or-later
"""Files that hold secrets or proofs: never half written, never written over by accident, never open to others."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def write_new(path: Path, content: bytes, mode: int = 0o644) -> None:
    """A new file with its final mode from the first byte on.

    Raises:
        FileExistsError: nothing is written over.
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)


def write_over(path: Path, content: bytes) -> None:
    """The file with other content; whoever reads it sees the old one or the new one, never half of one."""
    descriptor, made = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.chmod(made, 0o644)
        os.replace(made, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(made)
        raise
