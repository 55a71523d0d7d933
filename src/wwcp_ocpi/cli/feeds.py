# SPDX-License-Identifier: AGPL-3.0-or-later
"""`import` and `validate`: files of OCPI objects."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from msgspec.structs import replace

from wwcp_ocpi.cli.output import ConfigFile, Json, configuration, emit, line, progress, say, show
from wwcp_ocpi.feeds.assumptions import Assumptions
from wwcp_ocpi.feeds.checking import Rejected
from wwcp_ocpi.feeds.importing import Imported, import_objects
from wwcp_ocpi.feeds.reading import read_file
from wwcp_ocpi.gateway.config import Config
from wwcp_ocpi.gateway.opening import open_store
from wwcp_ocpi.net.server import run
from wwcp_ocpi.partners import PartnerBook, Publisher
from wwcp_ocpi.protocol import coherence, conformance
from wwcp_ocpi.protocol.conformance import Finding, Severity
from wwcp_ocpi.protocol.errors import OCPIError, UsageError
from wwcp_ocpi.protocol.shape import field_names
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId

VersionOption = Annotated[str, typer.Option("--version", help="OCPI version of the objects, like 2.2.1.")]
PartyOption = Annotated[str | None, typer.Option("--party", help="Whose objects, like NL*TNM.")]


def party_of(text: str | None) -> PartyId | None:
    """The party of `--party`.

    Raises:
        UsageError: it is none.
    """
    try:
        return PartyId.parse(text) if text else None
    except ValueError as error:
        raise UsageError(f"--party: {error}") from error


def import_(
    file: Annotated[str, typer.Argument(help="File with objects; - is standard input.")],
    version: VersionOption,
    object: Annotated[str, typer.Option("--object", help="Module whose objects these are.")] = "locations",
    party: PartyOption = None,
    rejects: Annotated[Path | None, typer.Option(help="Where rejected objects go, with reasons.")] = None,
    default: Annotated[
        list[str] | None,
        typer.Option(help="FIELD=VALUE for a required field that objects lack, as publish=true. Repeatable."),
    ] = None,
    owner_from_evse_ids: Annotated[
        bool, typer.Option(help="Take the owner from evse_id where an object names none.")
    ] = False,
    time_zone_from_country: Annotated[
        bool, typer.Option(help="Take the time zone of countries that have only one.")
    ] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Store the objects of a file as our own; partners hear of what changed. Exit 1 if any was rejected."""
    assumed = Assumptions(
        party=party_of(party),
        from_evse_ids=owner_from_evse_ids,
        time_zones=time_zone_from_country,
        fields=dict(_default(text) for text in default or ()),
    )
    known = field_names(version_of(version).kind(object).resource.type)
    for name in assumed.fields:
        if name not in known:
            raise UsageError(f"--default: {object} of OCPI {version} have no field {name!r}")
    if rejects is not None:
        _writable(rejects)
    settings = configuration(config)
    done = run(_import(settings, file, version_of(version), object, assumed, rejects))
    if json:
        emit(done)
    else:
        show("imported", ["", ""], _rows(done))
    sys.exit(1 if done.rejected else 0)


def _writable(path: Path) -> None:
    """Find out before anything is stored that the rejects have no place."""
    try:
        path.write_bytes(b"")
    except OSError as error:
        raise UsageError(f"--rejects: {path}: {error.strerror}") from error


def _default(text: str) -> tuple[str, object]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"--default: expected FIELD=VALUE, got {text!r}")
    try:
        return name, msgspec.json.decode(value.encode())
    except msgspec.DecodeError:
        return name, value


async def _import(
    config: Config, file: str, version: Version, module: str, assumed: Assumptions, rejects: Path | None
) -> Imported:
    entries = list(read_file(file))
    store, vault = await open_store(config)
    kept: list[Rejected] = []
    try:
        book = PartnerBook(store, vault)
        await book.load()
        with progress() as bar:
            task = bar.add_task(file, total=len(entries))
            return await import_objects(
                entries,
                version,
                module,
                Publisher(store, book),
                assumed=assumed,
                on_rejected=kept.append,
                on_progress=lambda count: bar.advance(task, count),
            )
    finally:
        await store.close()
        _report(kept, rejects, file)


def _report(kept: list[Rejected], rejects: Path | None, file: str) -> None:
    if rejects is not None:
        lines = [
            msgspec.json.encode(
                {"index": one.index, "reasons": one.reasons, "object": one.body.decode("utf-8", "replace")}
            )
            for one in kept
        ]
        rejects.write_bytes(b"".join(one + b"\n" for one in lines))
    for one in kept[:10]:
        say(f"{file}[{one.index}] rejected: {'; '.join(one.reasons[:3])}")
    if len(kept) > 10:
        say(f"... and {len(kept) - 10} more rejected{'' if rejects else '; --rejects FILE keeps them all'}")


def _rows(done: Imported) -> list[tuple[str, object]]:
    plain = msgspec.to_builtins(done)
    assumed = plain.pop("assumed")
    return [*plain.items(), *((f"assumed {what}", count) for what, count in assumed.items())]


def validate(
    files: Annotated[list[str], typer.Argument(help="Files with objects; - is standard input.")],
    version: VersionOption,
    object: Annotated[str, typer.Option("--object", help="Object, as Location, or module, as locations.")],
    json: Json = False,
) -> None:
    """Check objects against the specification: one line a finding. Exit 1 if there are errors."""
    known = version_of(version)
    cls = known.object_named(object)
    counts, objects = Counter[Severity](), 0
    for file in files:
        for entry in read_file(file):
            objects += 1
            try:
                if entry.error is not None:
                    raise UsageError(entry.error)
                findings = conformance.check(cls, entry.body)
                if all(finding.severity is not Severity.ERROR for finding in findings):
                    findings += coherence.check(cls, entry.body)
            except OCPIError as error:
                findings = [Finding("$", "STC-01", Severity.ERROR, error.message)]
            for finding in findings:
                # A note is a warning to a script that reads two words.
                if finding.severity is Severity.NOTE:
                    finding = replace(finding, severity=Severity.WARNING)
                counts[finding.severity] += 1
                _tell(file, entry.index, finding, json=json)
    summary = {"objects": objects, "errors": counts[Severity.ERROR], "warnings": counts[Severity.WARNING]}
    if json:
        emit(summary)
    else:
        say(", ".join(f"{count} {name}" for name, count in summary.items()))
    sys.exit(1 if summary["errors"] else 0)


def _tell(file: str, index: int, finding: Finding, *, json: bool) -> None:
    if json:
        emit({"file": file, "index": index, **msgspec.to_builtins(finding)})
    else:
        line(f"{file}[{index}] {finding.path}: {finding.severity.value}: {finding.message} ({finding.rule})")
