# SPDX-License-Identifier: AGPL-3.0-or-later
"""`party`: partners and the handshake with them; works beside a running gateway, on the same data folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from msgspec import to_builtins
from msgspec.structs import replace

from wwcp_ocpi.cli import calling, secure
from wwcp_ocpi.cli.output import ConfigFile, Json, configuration, emit, say, show
from wwcp_ocpi.cli.platforms import with_platform as _with
from wwcp_ocpi.gateway.config import Config
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import KindPulled, Partner, PullState
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import DateTime, PartyId, Secret

app = typer.Typer(help="Partners and the credentials handshake.", no_args_is_help=True, rich_markup_mode=None)

for _name, _command in (*secure.COMMANDS.items(), *calling.COMMANDS.items()):
    app.command(_name)(_command)
Id = secure.Id
NotBefore = Annotated[str, typer.Option(help="When the token begins to be good, like 2026-12-01T00:00:00Z.")]
NotAfter = Annotated[str, typer.Option(help="When it ends to be good.")]
Form = Annotated[str, typer.Option(help="How the token stands in the header: base64, raw or either.")]
Role = Annotated[list[str] | None, typer.Option("--role", help="Role that the token stands for. Repeatable.")]


def _reachable(path: Path | None) -> Config:
    """The configuration, for commands after which a partner calls the gateway."""
    config = configuration(path)
    if not config.server.base_url and not config.server.port:
        raise UsageError("server.port is 0, so nobody knows where the gateway is; set server.base_url")
    return config


def _row(partner: Partner) -> dict[str, object]:
    """What can be shown of a partner: no token, hashed or sealed."""
    return {
        "id": partner.id,
        "name": partner.name,
        "state": partner.state(),
        "version": partner.remote.version if partner.remote else None,
        "parties": [f"{party.id} {party.role or ''}".strip() for party in partner.parties],
        "versions_url": partner.remote.versions_url if partner.remote else None,
        "accepts_older": partner.accepts_older,
        "push": partner.push,
        "patch_as_put": partner.patch_as_put,
        "status_post": partner.status_post,
        "hub": str(partner.hub) if partner.hub else None,
    }


@app.command("list")
def list_(config: ConfigFile = None, json: Json = False) -> None:
    """All partners."""

    async def work(platform: Platform) -> list[Partner]:
        return platform.book.all()

    partners = _with(configuration(config), work)
    if json:
        emit([_row(partner) for partner in partners])
    else:
        rows = [_row(partner) for partner in partners]
        show("partners", ["id", "name", "state", "version"], [list(row.values())[:4] for row in rows])


@app.command("show")
def show_(id: Id, config: ConfigFile = None, json: Json = False) -> None:
    """One partner, without its secrets."""

    async def work(platform: Platform) -> tuple[Partner, PullState]:
        return platform.book.get(id), await platform.puller.state(id)

    partner, state = _with(configuration(config), work)
    row = _row(partner) | secure.security_of(partner) | calling.calling_of(partner)
    row |= {"pulled": {kind: _pulled(known) for kind, known in sorted(state.kinds.items())}}
    if json:
        emit(row)
    else:
        pulled = [(f"pulled {kind}", "; ".join(_in_words(known))) for kind, known in sorted(state.kinds.items())]
        show(id, ["", ""], [*_row(partner).items(), *calling.in_words(partner), *pulled])


def _pulled(known: KindPulled) -> dict[str, str | None]:
    """The last pulls of one kind of object: tried, to its end, of the whole list, and why it came to no end."""
    moments = {"tried": known.tried, "done": known.done, "whole": known.whole}
    return {
        **{
            name: DateTime.from_micros(at // 1_000_000 * 1_000_000).wire if at else None for name, at in moments.items()
        },
        "error": known.error or None,
    }


def _in_words(known: KindPulled) -> list[str]:
    said = _pulled(known)
    done = f"{said['done']}, all of it {said['whole'] or 'never'}" if said["done"] else "never to its end"
    return [done, f"failed {said['tried']}: {said['error']}"] if said["error"] else [done]


@app.command("add")
def add(
    id: Id,
    name: Annotated[str, typer.Option(help="Name for people.")] = "",
    accepts_older: Annotated[
        bool | None,
        typer.Option("--accepts-older/--no-accepts-older", help="It may overwrite with an older last_updated."),
    ] = None,
    push: Annotated[bool | None, typer.Option("--push/--no-push", help="It hears of changes at once.")] = None,
    patch_as_put: Annotated[
        bool | None,
        typer.Option("--patch-as-put/--no-patch-as-put", help="It cannot take PATCH: give it by PUT what changed."),
    ] = None,
    status_post: Annotated[
        bool | None,
        typer.Option("--status-post/--no-status-post", help="It takes the status of an EVSE by POST, an extension."),
    ] = None,
    hub: Annotated[
        str | None,
        typer.Option(
            help="It is this hub, as BE*HUB, and speaks for others. Only 2.1.1 cannot say so. Empty: it is none."
        ),
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Make a partner, or change its name and switches; what is not named stays."""
    named = {
        "accepts_older": accepts_older,
        "push": push,
        "patch_as_put": patch_as_put,
        "status_post": status_post,
    }
    switches: dict[str, object] = {switch: on for switch, on in named.items() if on is not None}
    if hub is not None:
        switches["hub"] = _party(hub) if hub else None

    async def work(platform: Platform) -> Partner:
        changed = {**({"name": name} if name else {}), **switches}
        return await platform.book.change(id, lambda known: replace(known, **changed))

    _said(_with(configuration(config), work), json=json)


@app.command("invite")
def invite(
    id: Id,
    name: Annotated[str, typer.Option(help="Name for people.")] = "",
    role: Role = None,
    form: Form = "either",
    not_after: NotAfter = "",
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Make a registration token (TOKEN_A) and print it, once. Hand it over on a safe way, with the versions URL."""
    kind = _form(form)

    async def work(platform: Platform) -> dict[str, str]:
        token = await platform.registration.invite(id, name=name, roles=role or (), form=kind, not_after=not_after)
        return {"id": id, "versions_url": platform.settings.versions_url, "token": token.reveal()}

    _told("invitation", _with(_reachable(config), work), json=json)


@app.command("token")
def token(
    id: Id,
    role: Role = None,
    form: Form = "either",
    not_before: NotBefore = "",
    not_after: NotAfter = "",
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Make one more credentials token for a registered partner and print it, once. Roles bind it."""
    kind = _form(form)

    async def work(platform: Platform) -> dict[str, str]:
        made = await platform.registration.issue(
            id, roles=role or (), form=kind, not_before=not_before, not_after=not_after
        )
        return {"id": id, "token": made.reveal()}

    _told("credentials token", _with(configuration(config), work), json=json)


def _party(text: str) -> PartyId:
    try:
        return PartyId.parse(text)
    except ValueError as error:
        raise UsageError(f"--hub: {error}") from error


def _form(text: str) -> TokenForm:
    try:
        return TokenForm(text)
    except ValueError as error:
        raise UsageError(f"--form: expected base64, raw or either, got {text!r}") from error


def _told(title: str, made: dict[str, str], *, json: bool) -> None:
    if json:
        emit(made)
    else:
        show(title, ["", ""], list(made.items()))


@app.command("register")
def register(
    id: Id,
    url: Annotated[str, typer.Option(help="The partner's versions URL.")],
    token_file: Annotated[Path, typer.Option(help="File with the registration token that the partner gave.")],
    role: Role = None,
    version: Annotated[list[str] | None, typer.Option(help="Versions that may be chosen. Repeatable.")] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Register at a partner that invited us. The gateway must be running: the partner calls it back."""
    try:
        token = Secret(token_file.read_text("ascii").strip())
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--token-file: cannot be read: {error}") from error

    async def work(platform: Platform) -> Partner:
        return await platform.registration.join(id, url, token, roles=role or (), versions=version)

    _said(_with(_reachable(config), work), json=json)


@app.command("renew")
def renew(id: Id, config: ConfigFile = None, json: Json = False) -> None:
    """New tokens on both sides, and the best common version."""
    _said(_with(_reachable(config), lambda platform: platform.registration.renew(id)), json=json)


@app.command("unregister")
def unregister(id: Id, config: ConfigFile = None, json: Json = False) -> None:
    """Leave a partner. Locally it ends even if the partner cannot be reached."""

    async def work(platform: Platform) -> Partner:
        await platform.registration.leave(id)
        return platform.book.get(id)

    _said(_with(configuration(config), work), json=json)


@app.command("block")
def block(
    id: Id,
    undo: Annotated[bool, typer.Option(help="Let it in again.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Refuse everything from a partner from now on (401), and send it nothing."""

    async def work(platform: Platform) -> Partner:
        platform.book.get(id)
        return await platform.book.change(id, lambda known: replace(known, blocked=not undo))

    _said(_with(configuration(config), work), json=json)


@app.command("remove")
def remove(id: Id, config: ConfigFile = None, json: Json = False) -> None:
    """Forget a partner, its tokens and what it was still to hear. Its objects stay."""

    async def work(platform: Platform) -> None:
        await platform.book.remove(id)
        await platform.store.forget(id)

    _with(configuration(config), work)
    if json:
        emit({"id": id, "state": "removed"})
    else:
        say(f"{id}: removed")


@app.command("pull")
def pull(
    id: Id,
    module: Annotated[str, typer.Argument()] = "locations",
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Fetch everything that a partner owns in a module; what it does not list any more is removed."""
    done = _with(configuration(config), lambda platform: platform.pull(id, module))
    if json:
        emit(done)
    else:
        show(f"pulled from {id}", ["", ""], list(to_builtins(done).items()))


def _said(partner: Partner, *, json: bool) -> None:
    if json:
        emit(_row(partner))
    else:
        say(f"{partner.id}: {partner.state()}" + (f", OCPI {partner.remote.version}" if partner.remote else ""))
