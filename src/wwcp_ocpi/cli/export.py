# SPDX-License-Identifier: AGPL-3.0-or-later
"""`export` and `losses`: stored objects in the version that is wanted, and what that cannot say of them."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
import typer

from wwcp_ocpi.cli.feeds import PartyOption, party_of
from wwcp_ocpi.cli.output import ConfigFile, Json, configuration, emit, emit_raw, line, say
from wwcp_ocpi.feeds.telling import Told, told_objects
from wwcp_ocpi.gateway.config import Config
from wwcp_ocpi.gateway.opening import open_platform
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.net.server import run
from wwcp_ocpi.protocol.errors import CannotConvert, UsageError
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store.ports import PageRequest, Side

_MOST_SHOWN = 10
ObjectOption = Annotated[str, typer.Option("--object", help="Module whose objects are wanted.")]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which objects, and in which version they are to be told."""

    version: Version
    kind: str
    side: Side = Side.OURS
    owner: PartyId | None = None
    id: str | None = None


def export(
    version: Annotated[str, typer.Option("--version", help="OCPI version in which they are printed, like 2.2.1.")],
    object: ObjectOption = "locations",
    party: PartyOption = None,
    audience: Annotated[
        str | None, typer.Option(help="Only what is for this partner alone, as its Sessions and CDRs.")
    ] = None,
    all: Annotated[bool, typer.Option("--all", help="Also what is for single partners, of all of them.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Print our own objects, one a line: as they are kept, or converted where they are kept in another version.

    Without --all or --audience only what is for everybody. Exit 1 if the version cannot be told an object. The output
    is JSON with and without --json.
    """
    if all and audience is not None:
        raise UsageError("--all: expected no --audience beside it")
    wanted = Wanted(version=version_of(version), kind=object, owner=party_of(party))
    audiences = None if all else ["" if audience is None else audience]
    sys.exit(run(_export(configuration(config), wanted, audiences)))


async def _export(config: Config, wanted: Wanted, audiences: list[str] | None) -> int:
    async with open_platform(config) as platform:
        untold = 0
        async for told in _told(platform, wanted, audiences):
            if told.refusal is None:
                emit_raw(one_line(told.body))
            else:
                untold += 1
                if untold <= _MOST_SHOWN:
                    say(f"{told.owner} {told.id}: {told.refusal}")
        if untold:
            say(f"{untold} {wanted.kind} cannot be told in OCPI {wanted.version.number} and were left out")
        private = await _private(platform, wanted) if audiences == [""] else 0
        if private:
            say(f"{private} {wanted.kind} for single partners were left out; --all or --audience PARTNER prints them")
    return 1 if untold else 0


def losses(
    to: Annotated[str, typer.Option("--to", help="OCPI version that they would be told in, like 2.1.1.")],
    object: ObjectOption = "locations",
    party: PartyOption = None,
    id: Annotated[str | None, typer.Option(help="Only objects with this id.")] = None,
    theirs: Annotated[bool, typer.Option("--theirs", help="Objects that partners sent us, not our own.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Print what a version cannot say of stored objects, and which it cannot be told. Exit 1 if there are any of these.

    With --json one line for each object of which something is lost.
    """
    side = Side.THEIRS if theirs else Side.OURS
    wanted = Wanted(version=version_of(to), kind=object, side=side, owner=party_of(party), id=id)
    sys.exit(run(_losses(configuration(config), wanted, json=json)))


async def _losses(config: Config, wanted: Wanted, *, json: bool) -> int:
    objects = lossy = untold = 0
    async with open_platform(config) as platform:
        async for told in _told(platform, wanted, None):
            objects += 1
            lossy += bool(told.losses)
            untold += told.refusal is not None
            if told.losses or told.refusal is not None:
                _print(told, json=json)
    if wanted.id is not None and not objects:
        raise UsageError(f"--id: no {wanted.kind} with the id {wanted.id!r}")
    number = wanted.version.number
    say(f"{objects} {wanted.kind}: {lossy} lose something in OCPI {number}, {untold} cannot be told in it")
    return 1 if untold else 0


def _print(told: Told, *, json: bool) -> None:
    if json:
        refused = None if told.refusal is None else _refused(told.refusal)
        emit(
            {
                "owner": str(told.owner),
                "id": told.id,
                "version": told.stored_in,
                "losses": told.losses,
                "refused": refused,
            }
        )
        return
    place = f"{told.owner} {told.id}"
    lines = [f"{loss.path}: {loss.text}" for loss in told.losses]
    if told.refusal is not None:
        lines.append(f"cannot be told: {told.refusal}")
    for text in lines:
        line(f"{place} {text}")


def _refused(refusal: CannotConvert) -> dict[str, str | None]:
    return {"path": refusal.path, "text": str(refusal), "setting": refusal.setting}


async def _told(platform: Platform, wanted: Wanted, audiences: list[str] | None) -> AsyncIterator[Told]:
    """The objects that are wanted; of all audiences where none is named."""
    if audiences is None:
        audiences = await platform.store.audiences(wanted.side, wanted.kind)
    async for told in told_objects(
        platform.store,
        platform.bridge,
        wanted.version,
        wanted.kind,
        side=wanted.side,
        owner=wanted.owner,
        id=wanted.id,
        audiences=audiences,
    ):
        yield told


async def _private(platform: Platform, wanted: Wanted) -> int:
    """How many there are for single partners."""
    total = 0
    for audience in await platform.store.audiences(wanted.side, wanted.kind):
        if audience:
            request = PageRequest(side=wanted.side, module=wanted.kind, owner=wanted.owner, audience=audience, limit=1)
            total += (await platform.store.page(request)).total
    return total


def one_line(body: bytes) -> bytes:
    """The same JSON without line ends between its tokens; texts and the digits of numbers stay as they are."""
    return msgspec.json.format(body, indent=-1) if b"\n" in body or b"\r" in body else body
