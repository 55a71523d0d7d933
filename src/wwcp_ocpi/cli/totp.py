# SPDX-License-Identifier: AGPL-3.0-or-later
"""`totp`: the one-time passwords of a secret, to see whether two sides agree."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from wwcp_ocpi.cli.output import Json, emit, show
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.security.totp import BASE62, configured


def totp(
    secret_file: Annotated[
        str, typer.Option(help="File with the shared secret; - is standard input. A secret is never an argument.")
    ] = "-",
    at: Annotated[
        str | None, typer.Option(help="The moment, like 2026-11-24T12:00:00Z; now if it is left out.")
    ] = None,
    validity: Annotated[int, typer.Option(help="Seconds that a password is good for.")] = 30,
    length: Annotated[int, typer.Option(help="Characters of a password, 4 to 255.")] = 12,
    alphabet: Annotated[str, typer.Option(help="Its characters, at least 4, in their order.")] = BASE62,
    hash: Annotated[str, typer.Option(help="sha256, sha384 or sha512.")] = "sha256",
    exporter: Annotated[
        str, typer.Option(help="TLS exporter material in hex: the passwords of that connection only.")
    ] = "",
    json: Json = False,
) -> None:
    """The one-time passwords of the slot before, of this one and of the next."""
    made = configured(_read(secret_file), validity_s=validity, length=length, alphabet=alphabet, hash=hash)
    try:
        moment = time.time() if at is None else DateTime.parse(at).timestamp()
    except ValueError as error:
        raise UsageError(f"--at: {error}") from error
    try:
        material = bytes.fromhex(exporter)
    except ValueError as error:
        raise UsageError("--exporter: expected hex digits, two for each byte") from error
    found = made.window(moment, material)
    if json:
        emit(found._asdict())
    else:
        show("one-time passwords", ["slot", "password"], [
            ("before", found.previous),
            (f"now, for {found.remaining_s} s", found.current),
            ("next", found.next),
        ])  # fmt: skip


def _read(file: str) -> str:
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except OSError as error:
        raise UsageError(f"--secret-file: {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"--secret-file: {file}: expected UTF-8") from error
    return text
