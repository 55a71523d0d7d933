# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who may use the WWCP HTTP API, and in whose name. Each client has one token, of which only a keyed hash is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.protocol.credentials_token import new_token
from wwcp_ocpi.protocol.errors import NotFound, UsageError
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security import Vault
from wwcp_ocpi.store.ports import Documents
from wwcp_ocpi.wwcp.ids.places import ChargingStationOperatorId, EMobilityProviderId

KIND = "wwcp.client"
EVERY = "*"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """A client. `operators` and `providers` are ids in canonical form, or `*` for all of them."""

    id: str
    hash: str
    operators: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    blocked: bool = False

    def acts_for(self, party: ChargingStationOperatorId | EMobilityProviderId | None) -> bool:
        """Whether it may speak for that operator or provider; for nobody in particular only if it may for all."""
        if party is None:
            return self.is_every_operator or self.is_every_provider
        named = self.operators if isinstance(party, ChargingStationOperatorId) else self.providers
        return EVERY in named or party.canonical in named

    @property
    def is_every_operator(self) -> bool:
        """Whether it may speak for all operators."""
        return EVERY in self.operators

    @property
    def is_every_provider(self) -> bool:
        """Whether it may speak for all providers."""
        return EVERY in self.providers

    @property
    def only_provider(self) -> EMobilityProviderId | None:
        """The provider that is meant where none is named: if it may speak for exactly one."""
        one = self.providers[0] if len(self.providers) == 1 else EVERY
        return None if one == EVERY else EMobilityProviderId.parse(one)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Client)


class ClientBook:
    """All clients. The store is the truth; what is in memory follows it, also when another process writes."""

    def __init__(self, documents: Documents, vault: Vault) -> None:
        self._documents = documents
        self._vault = vault
        self._clients: dict[str, Client] = {}
        self._by_hash: dict[str, Client] = {}
        self._revision = -1

    async def load(self) -> None:
        """Read all clients from the store."""
        self._revision = await self._documents.revision(KIND)
        self._keep(_decoder.decode(body) for _, body in await self._documents.documents(KIND))

    async def refresh(self) -> bool:
        """Read them again if anybody wrote since; whether one is another now."""
        if await self._documents.revision(KIND) == self._revision:
            return False
        before = self._clients
        await self.load()
        return before != self._clients

    def _keep(self, clients: Iterable[Client]) -> None:
        self._clients = {client.id: client for client in clients}
        self._by_hash = {client.hash: client for client in self._clients.values()}

    def all(self) -> list[Client]:
        """Every client, by id."""
        return sorted(self._clients.values(), key=lambda client: client.id)

    def get(self, id: str) -> Client | None:
        """The client of that id."""
        return self._clients.get(id)

    def find(self, token: str) -> Client | None:
        """Who has that token, blocked or not."""
        return self._by_hash.get(self._vault.hash_of(token))

    async def add(self, id: str, operators: Iterable[str] = (), providers: Iterable[str] = ()) -> Secret:
        """Make a client, or give one that there is another token and these rights. Returns the token, once.

        Raises:
            UsageError: the id is not one, an operator or provider is none, or there is no right at all.
        """
        if not _ID.fullmatch(id):
            raise UsageError(f"a client id has letters, digits, dot, dash and underscore, got {id[:80]!r}")
        token = new_token()
        made = Client(
            id=id,
            hash=self._vault.hash_of(token.reveal()),
            operators=_parties("operator", operators, ChargingStationOperatorId.parse),
            providers=_parties("provider", providers, EMobilityProviderId.parse),
        )
        if not (made.operators or made.providers):
            raise UsageError(f"{id}: expected at least one operator or provider to act for")
        await self._change(id, lambda known: made)
        return token

    async def block(self, id: str, *, undo: bool = False) -> Client:
        """Refuse it from now on, or let it in again. Raises NotFound."""

        def edit(known: Client | None) -> Client:
            if known is None:
                raise NotFound(f"no client {id!r}")
            return replace(known, blocked=not undo)

        await self._change(id, edit)
        return self._clients[id]

    async def remove(self, id: str) -> None:
        """Forget it and its token. Raises NotFound."""

        def edit(known: Client | None) -> None:
            if known is None:
                raise NotFound(f"no client {id!r}")

        await self._change(id, edit)

    async def _change(self, id: str, edit: Callable[[Client | None], Client | None]) -> None:
        def decide(body: bytes | None) -> bytes | None:
            after = edit(None if body is None else _decoder.decode(body))
            return None if after is None else _encoder.encode(after)

        await self._documents.change_document(KIND, id, decide)
        await self.load()


def _parties(
    kind: str,
    texts: Iterable[str],
    parse: Callable[[str], ChargingStationOperatorId] | Callable[[str], EMobilityProviderId],
) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(text if text == EVERY else parse(text).canonical for text in texts))
    except ValueError as error:
        raise UsageError(f"{kind}: {error}") from error
