# SPDX-License-Identifier: AGPL-3.0-or-later
"""`wwcp client`: who may use the WWCP HTTP API; works beside a running gateway, on the same data folder."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer

from wwcp_ocpi.cli.output import ConfigFile, Json, configuration, emit, say, show
from wwcp_ocpi.gateway.config import Config
from wwcp_ocpi.gateway.opening import open_store
from wwcp_ocpi.net.server import run
from wwcp_ocpi.wwcp.http.clients import Client, ClientBook

app = typer.Typer(help="The roaming network.", no_args_is_help=True, rich_markup_mode=None)
client_app = typer.Typer(help="Clients of the WWCP HTTP API.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(client_app, name="client")

Id = Annotated[str, typer.Argument(help="Id of the client: letters, digits, dot, dash, underscore.")]
_T = TypeVar("_T")


def _with(config: Config, work: Callable[[ClientBook], Awaitable[_T]]) -> _T:
    async def main() -> _T:
        store, vault = await open_store(config)
        try:
            book = ClientBook(store, vault)
            await book.load()
            return await work(book)
        finally:
            await store.close()

    return run(main())


@client_app.command("add")
def add(
    id: Id,
    operator: Annotated[
        list[str] | None, typer.Option(help="Operator that it acts for, as DE*GEF, or * for all. Repeatable.")
    ] = None,
    provider: Annotated[
        list[str] | None, typer.Option(help="Provider that it acts for, as DE-GDF, or * for all. Repeatable.")
    ] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Make a client and print its token, once. For one that there is: a new token and these rights."""

    async def work(book: ClientBook) -> dict[str, str]:
        token = await book.add(id, operator or (), provider or ())
        return {"id": id, "token": token.reveal()}

    made = _with(configuration(config), work)
    if json:
        emit(made)
    else:
        show("client", ["", ""], list(made.items()))


@client_app.command("list")
def list_(config: ConfigFile = None, json: Json = False) -> None:
    """All clients and what they may, without their tokens."""

    async def work(book: ClientBook) -> list[Client]:
        return book.all()

    rows = [_row(client) for client in _with(configuration(config), work)]
    if json:
        emit(rows)
    else:
        columns = ["id", "operators", "providers", "state"]
        show("clients", columns, [[_in_words(row[column]) for column in columns] for row in rows])


@client_app.command("block")
def block(
    id: Id,
    undo: Annotated[bool, typer.Option(help="Let it in again.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Refuse everything from a client from now on (401)."""
    client = _with(configuration(config), lambda book: book.block(id, undo=undo))
    if json:
        emit(_row(client))
    else:
        say(f"{id}: {_row(client)['state']}")


@client_app.command("remove")
def remove(id: Id, config: ConfigFile = None, json: Json = False) -> None:
    """Forget a client and its token. What it uploaded stays."""
    _with(configuration(config), lambda book: book.remove(id))
    if json:
        emit({"id": id, "state": "removed"})
    else:
        say(f"{id}: removed")


def _row(client: Client) -> dict[str, object]:
    return {
        "id": client.id,
        "operators": list(client.operators),
        "providers": list(client.providers),
        "state": "blocked" if client.blocked else "active",
    }


def _in_words(value: object) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)
