# SPDX-License-Identifier: AGPL-3.0-or-later
"""All partners, in memory and in the store, and the directory that the server asks who is calling."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable

import structlog
from msgspec.structs import replace

from wwcp_ocpi.partners.model import Access, Partner, Purpose, read, write
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.protocol.errors import NotFound, UsageError
from wwcp_ocpi.scalars import PartyId, Secret
from wwcp_ocpi.security import Vault
from wwcp_ocpi.server.caller import Caller
from wwcp_ocpi.store.ports import Documents

log = structlog.get_logger()

KIND = "partner"
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class PartnerBook:
    """Holds every partner, and finds them by the tokens they show.

    The store is the truth; what is in memory follows it, also when another process (the command line) writes.
    """

    def __init__(self, store: Documents, vault: Vault) -> None:
        self._store = store
        self._vault = vault
        self._partners: dict[str, Partner] = {}
        self._by_hash: dict[str, tuple[Partner, Access]] = {}
        self._revision = -1
        self.generation = 0
        self._retiring: set[asyncio.Task[None]] = set()

    async def load(self) -> None:
        """Read all partners from the store."""
        self._revision = await self._store.revision()
        self._keep(read(body) for _, body in await self._store.documents(KIND))

    async def refresh(self) -> None:
        """Read them again if anybody wrote since."""
        if await self._store.revision() != self._revision:
            await self.load()

    def _keep(self, partners: Iterable[Partner]) -> None:
        self.generation += 1
        self._partners = {partner.id: partner for partner in partners}
        self._by_hash = {
            access.hash: (partner, access) for partner in self._partners.values() for access in partner.access
        }

    def all(self) -> list[Partner]:
        """Every partner, by id."""
        return sorted(self._partners.values(), key=lambda partner: partner.id)

    def get(self, id: str) -> Partner:
        """The partner of that id.

        Raises:
            NotFound: there is none.
        """
        partner = self.find(id)
        if partner is None:
            raise NotFound(f"no partner {id!r}; there are {', '.join(sorted(self._partners)) or 'none'}")
        return partner

    def find(self, id: str) -> Partner | None:
        """The same; None: there is none."""
        return self._partners.get(id)

    def holder(self, party: PartyId | None) -> str | None:
        """The registered partner that has a party, if there is one."""
        for partner in self.all():
            if partner.is_registered and party in partner.party_ids:
                return partner.id
        return None

    async def change(self, id: str, edit: Callable[[Partner], Partner]) -> Partner:
        """Edit a partner on the state stored now; a new one begins empty. `edit` may raise to leave it alone.

        Raises:
            UsageError: the id is not one.
        """
        if not _ID.fullmatch(id):
            raise UsageError(f"a partner id has letters, digits, dot, dash and underscore, got {id!r}")
        body = await self._store.change_document(
            KIND, id, lambda old: write(edit(read(old) if old is not None else Partner(id=id)))
        )
        assert body is not None
        partner = read(body)
        self._keep([*(other for other in self._partners.values() if other.id != id), partner])
        self._revision = await self._store.revision()
        return partner

    async def remove(self, id: str) -> None:
        """Forget a partner and its tokens."""
        self.get(id)
        await self._store.change_document(KIND, id, lambda _: None)
        await self.load()

    def caller(self, token: str, form: TokenForm) -> Caller | None:
        """The server's directory: who shows this token in this form, if it is valid now."""
        found = self._by_hash.get(self._vault.hash_of(token))
        if found is None:
            return None
        partner, access = found
        if partner.blocked or access.form not in (TokenForm.EITHER, form):
            return None
        if access.replaces:
            self._first_use(partner, access)
        return Caller(
            partner=partner.id,
            token=Secret(token),
            roles=frozenset(access.roles) or partner.roles,
            parties=partner.party_ids,
            played=partner.played,
            is_registering=access.purpose is not Purpose.ACCESS,
            is_hub=partner.hub is not None,
            accepts_older=partner.accepts_older,
        )

    def _first_use(self, partner: Partner, access: Access) -> None:
        """A renewed token was used: its predecessors die now in memory, and soon in the store."""
        self.generation += 1
        for hash in access.replaces:
            self._by_hash.pop(hash, None)
        self._by_hash[access.hash] = (partner, replace(access, replaces=()))

        def retire(known: Partner) -> Partner:
            kept = tuple(
                replace(one, replaces=()) if one.hash == access.hash else one
                for one in known.access
                if one.hash not in access.replaces
            )
            return replace(known, access=kept)

        async def persist() -> None:
            await self.change(partner.id, retire)
            log.info("partner.token_retired", partner=partner.id)

        task = asyncio.get_running_loop().create_task(persist())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def settle(self) -> None:
        """Wait until what was begun on the side is stored."""
        while self._retiring:
            await asyncio.gather(*self._retiring)
