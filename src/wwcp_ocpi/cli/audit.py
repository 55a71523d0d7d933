# SPDX-License-Identifier: AGPL-3.0-or-later
"""`audit`: the log of security events, read and verified. Works beside a running gateway."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from wwcp_ocpi.cli.output import ConfigFile, Json, configuration, emit, line, printable, say, show
from wwcp_ocpi.gateway.auditing import audit_folder
from wwcp_ocpi.gateway.config import Config
from wwcp_ocpi.gateway.opening import open_vault
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.security.audit import Reason, Record
from wwcp_ocpi.security.audit_log import (
    KEY_FILE,
    files,
    kept_checkpoint,
    latest,
    public_key,
    signing_key,
    verify_folder,
)

app = typer.Typer(help="The log of security events.", no_args_is_help=True, rich_markup_mode=None)
_CODES = tuple(one.code for one in Reason)


@app.command("tail")
def tail(
    lines: Annotated[int, typer.Option(min=1, help="How many records, the last ones.")] = 20,
    event: Annotated[list[str] | None, typer.Option(help="Only these reason codes. Repeatable.")] = None,
    partner: Annotated[str | None, typer.Option(help="Only this partner's.")] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """The last records, oldest first."""
    for code in event or ():
        if code not in _CODES:
            raise UsageError(f"--event: expected one of {', '.join(_CODES)}, got {code!r}")

    def is_wanted(record: Record) -> bool:
        return (not event or record.event in event) and partner in {None, record.partner}

    found = latest(_folder(configuration(config)), lines, is_wanted)
    if json:
        for record in found:
            emit(_plain(record))
        return
    columns = ("n", "at", "event", "partner", "source", "request", "detail")
    show("audit log", columns, [[printable(str(getattr(record, name))) for name in columns] for record in found])


@app.command("verify")
def verify(
    begins_at: Annotated[
        int, typer.Option(min=1, help="Number of the first record that must be there, if older files were put away.")
    ] = 1,
    checkpoint: Annotated[
        list[Path] | None, typer.Option(help="A copy of checkpoint.json that was kept elsewhere. Repeatable.")
    ] = None,
    key_file: Annotated[
        Path | None, typer.Option("--public-key", help="A copy of audit.pub, for those without the server key.")
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Look for records that were edited, removed, reordered or cut off. Exit 1 if there is anything."""
    settings = configuration(config)
    folder = _folder(settings)
    kept = tuple(map(kept_checkpoint, checkpoint or ()))
    report = verify_folder(folder, _key(settings, folder, key_file), begins_at=begins_at, kept=kept)
    if json:
        emit(report)
    else:
        for one in report.findings:
            line(f"{one.file}:{one.line}: {one.problem.value}: {one.text}")
        say(
            f"{report.records} records, {report.first} to {report.last}, {report.checkpoints} checkpoints, "
            f"{report.unsigned} records not signed yet, {len(report.findings)} findings"
        )
    sys.exit(1 if report.findings else 0)


def _folder(config: Config) -> Path:
    folder = audit_folder(config)
    if not files(folder) and not (folder / KEY_FILE).exists():
        raise UsageError(f"{folder}: no audit log there; the gateway makes it when it starts")
    return folder


def _key(config: Config, folder: Path, file: Path | None) -> Ed25519PublicKey:
    if file is None:
        if not (folder / KEY_FILE).exists():
            raise UsageError(f"{folder / KEY_FILE}: is gone; --public-key takes a copy of audit.pub")
        return signing_key(folder, open_vault(config)).public_key()
    try:
        return public_key(file.read_text("ascii"))
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--public-key: {file}: cannot be read: {error}") from error


def _plain(record: Record) -> dict[str, object]:
    fields = ((name, getattr(record, name)) for name in record.__struct_fields__)
    return {name: value for name, value in fields if value != ""}
