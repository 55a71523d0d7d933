# SPDX-License-Identifier: AGPL-3.0-or-later
"""`convert`: objects of one version as objects of another, and what was lost."""

from __future__ import annotations

import sys
from decimal import Decimal, InvalidOperation
from typing import Annotated

import msgspec
import typer

from wwcp_ocpi.cli.output import Json, emit, say
from wwcp_ocpi.convert import ConnectorKind, Context, Converted, Known
from wwcp_ocpi.convert import convert as convert_object
from wwcp_ocpi.convert.bridge import object_name
from wwcp_ocpi.feeds.reading import read_file
from wwcp_ocpi.protocol.errors import OCPIError, UsageError
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId

_MOST_SHOWN = 10


def convert(
    file: Annotated[str, typer.Argument(help="File with objects; - is standard input.")],
    source: Annotated[str, typer.Option("--from", help="OCPI version of the objects, like 2.2.1.")],
    target: Annotated[str, typer.Option("--to", help="OCPI version that is wanted.")],
    object: Annotated[str, typer.Option("--object", help="Object, as Location, or module, as locations.")],
    owner: Annotated[str | None, typer.Option(help="Whose objects of 2.1.1 these are, like NL*TNM.")] = None,
    unpublished: Annotated[
        bool, typer.Option(help="Tell 2.1.1 of Locations that are not to be published, too.")
    ] = False,
    time_zone: Annotated[str | None, typer.Option(help="For Locations of 2.1.1 that name none.")] = None,
    postal_code: Annotated[str | None, typer.Option(help="What 2.1.1 is told where there is none.")] = None,
    tax_included: Annotated[
        str | None, typer.Option(help="YES, NO or N/A, for Tariffs before 2.3.0. By default NO.")
    ] = None,
    vat: Annotated[str | None, typer.Option(help="Percent, where costs and prices do not say it.")] = None,
    role: Annotated[str | None, typer.Option(help="CPO or EMSP, for Credentials of 2.1.1.")] = None,
    driver: Annotated[
        str | None, typer.Option(help="The driver's eMSP, like NL*EMP, for Sessions and CDRs of 2.1.1.")
    ] = None,
    token_uid: Annotated[str | None, typer.Option(help="The uid of the driver's Token, for the same.")] = None,
    token_type: Annotated[str | None, typer.Option(help="The type of the driver's Token, for the same.")] = None,
    token: Annotated[str | None, typer.Option(help="File with the driver's Token, in the version --from.")] = None,
    location: Annotated[
        str | None, typer.Option(help="File with the Location of a Session or CDR, in the version --from.")
    ] = None,
    connector: Annotated[
        str | None, typer.Option(help="STANDARD,FORMAT,POWER_TYPE for CDRs of 2.1.1 without one connector.")
    ] = None,
    timeout: Annotated[int | None, typer.Option(help="Seconds, for a CommandResponse of 2.1.1.")] = None,
    reservation_id: Annotated[int | None, typer.Option(help="The number of a reservation in 2.1.1.")] = None,
    json: Json = False,
) -> None:
    """Print objects in another version, one a line, with what was lost. Exit 1 if any cannot be converted."""
    version_of(target)
    name = object_name(object, version_of(source))
    context = Context(
        owner=_party("--owner", owner),
        unpublished=unpublished,
        time_zone=time_zone,
        postal_code=postal_code,
        tax_included=tax_included,
        vat=_percent(vat),
        role=role,
        token=_known(token, source),
        driver=_party("--driver", driver),
        token_uid=token_uid,
        token_type=token_type,
        location=_known(location, source),
        connector=_connector(connector),
        timeout=timeout,
        reservation_id=reservation_id,
    )
    refused = 0
    for entry in read_file(file):
        place = f"{file}[{entry.index}]"
        try:
            if entry.error is not None:
                raise UsageError(entry.error)
            done = convert_object(entry.body, name, source, target, context)
        except OCPIError as error:
            refused += 1
            say(f"{place}: {error}")
            continue
        _tell(place, done, quiet=json)
    sys.exit(1 if refused else 0)


def _tell(place: str, done: Converted, *, quiet: bool) -> None:
    emit({"value": _one_line(done.body), "losses": done.losses})
    if quiet:
        return
    for loss in done.losses[:_MOST_SHOWN]:
        say(f"{place} {loss.path}: {loss.text}")
    if len(done.losses) > _MOST_SHOWN:
        say(f"{place} ... and {len(done.losses) - _MOST_SHOWN} more losses")


def _one_line(body: bytes) -> msgspec.Raw:
    """The same JSON without line ends between its tokens."""
    return msgspec.Raw(msgspec.json.format(body, indent=-1) if b"\n" in body or b"\r" in body else body)


def _party(option: str, text: str | None) -> PartyId | None:
    try:
        return PartyId.parse(text) if text else None
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error


def _percent(text: str | None) -> Decimal | None:
    try:
        value = Decimal(text) if text is not None else None
    except InvalidOperation as error:
        raise UsageError(f"--vat: expected a number of percent, got {text!r}") from error
    if value is not None and not value.is_finite():
        raise UsageError(f"--vat: expected a number of percent, got {text!r}")
    return value


def _connector(text: str | None) -> ConnectorKind | None:
    if text is None:
        return None
    words = text.split(",")
    if len(words) != len(ConnectorKind._fields):
        raise UsageError(f"--connector: expected three words, as IEC_62196_T2,CABLE,AC_3_PHASE, got {text!r}")
    return ConnectorKind(*words)


def _known(path: str | None, number: str) -> Known | None:
    if path is None:
        return None
    entry = next(read_file(path), None)
    if entry is None or entry.error is not None:
        raise UsageError(f"{path}: expected an object, got {entry.error if entry else 'none'}")
    return Known(number, entry.body)
