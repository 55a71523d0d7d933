# SPDX-License-Identifier: AGPL-3.0-or-later
"""`cdrs`: what the checks of received CDRs found; works beside a running gateway, on the same data folder."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from wwcp_ocpi.cli.output import ConfigFile, Json, configuration, emit, line, say, show
from wwcp_ocpi.gateway.config import Config
from wwcp_ocpi.gateway.opening import open_platform
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.net.server import run
from wwcp_ocpi.partners import CdrCheck
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.errors import NotFound, UsageError
from wwcp_ocpi.rules import Verdict
from wwcp_ocpi.scalars import PartyId

app = typer.Typer(help="Received CDRs and what their checks found.", no_args_is_help=True, rich_markup_mode=None)

_T = TypeVar("_T")


def _with(config: Config, work: Callable[[Platform], Awaitable[_T]]) -> _T:
    async def main() -> _T:
        async with open_platform(config) as platform:
            return await work(platform)

    return run(main())


@app.command("checks")
def checks(
    verdict: Annotated[str | None, typer.Option(help="OK, DIFFERENT or UNCLEAR; by default all.")] = None,
    owner: Annotated[str | None, typer.Option(help="CDRs of one CPO, as DE*GEF.")] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """List the results, in the order in which they were found."""
    wanted = None if verdict is None else _verdict(verdict)
    party = None if owner is None else _party(owner, "--owner")

    async def work(platform: Platform) -> int:
        async for found in platform.cdr_checks.all(owner=party, verdict=wanted):
            if json:
                emit(codec.read_json(codec.encode(found)))
            else:
                rows.append(_row(found))
        return await platform.cdr_checks.waiting()

    rows: list[tuple[object, ...]] = []
    waiting = _with(configuration(config), work)
    if not json:
        show("checked CDRs", ["owner", "CDR", "partner", "verdict", "stated", "computed", "reasons"], rows)
    if waiting:
        say(f"{waiting} still to be checked; a running gateway does it")


@app.command("check")
def check(
    owner: Annotated[str, typer.Argument(help="The CPO, as DE*GEF.")],
    id: Annotated[str, typer.Argument(help="The id of the CDR.")],
    again: Annotated[
        bool, typer.Option(help="Check it anew, with the tariffs and Locations that are there now.")
    ] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Show the result for one CDR in full. Exit 1 if it is not OK."""
    party = _party(owner, "OWNER")

    async def work(platform: Platform) -> CdrCheck:
        checking = platform.cdr_checks
        if again:
            await checking.again(party, id)
            await checking.settle()
        found = await checking.of(party, id)
        if found is None:
            raise NotFound(f"cdrs/{id}: no result for such a CDR of {party}; --again checks one that waits")
        return found

    found = _with(configuration(config), work)
    if json:
        emit(codec.read_json(codec.encode(found)))
    else:
        _tell(found)
    sys.exit(0 if found.verdict is Verdict.OK else 1)


def _tell(found: CdrCheck) -> None:
    source = {"cdr": "in the CDR", "store": "as stored"}.get(found.tariffs_from, "")
    rows = [
        ("verdict", found.verdict.value),
        ("partner", found.partner),
        ("OCPI", found.version),
        ("currency", found.currency),
        ("stated before tax", found.stated),
        ("computed before, after tax", _amounts(found)),
        ("tariffs", f"{', '.join(found.tariffs)} {source}".strip()),
        ("time zone", found.time_zone or ""),
        ("checked", found.checked_at),
    ]
    show(f"CDR {found.id} of {found.owner}", ["", ""], rows)
    for one in found.differences:
        reasons = "; ".join(one.details) or ", ".join(one.reasons) or "no known mistake"
        line(f"{one.path}: stated {one.stated}, computed {one.computed} ({reasons})")
    for note in found.notes:
        line(f"{note.code}: {note.path}: {note.text}")


def _row(found: CdrCheck) -> tuple[object, ...]:
    stated = "-" if found.stated is None else f"{found.stated} {found.currency}"
    before = "-" if found.computed[0] is None else found.computed[0]
    return found.owner, found.id, found.partner, found.verdict.value, stated, before, ", ".join(found.reasons)


def _amounts(found: CdrCheck) -> str:
    return ", ".join("-" if amount is None else str(amount) for amount in found.computed)


def _verdict(text: str) -> Verdict:
    try:
        return Verdict(text.upper())
    except ValueError as error:
        raise UsageError(f"--verdict: expected OK, DIFFERENT or UNCLEAR, got {text!r}") from error


def _party(text: str, name: str) -> PartyId:
    try:
        return PartyId.parse(text)
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from error
