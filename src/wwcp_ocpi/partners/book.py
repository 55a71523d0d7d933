# SPDX-License-Identifier: AGPL-3.0-or-later
"""All partners, in memory and in the store, and the directory that the server asks who is calling."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterable
from math import inf

import structlog
from msgspec.structs import replace

from wwcp_ocpi.partners.model import Access, Partner, Purpose, read, write
from wwcp_ocpi.partners.passwords import expected
from wwcp_ocpi.protocol.errors import NotFound, UsageError
from wwcp_ocpi.scalars import DateTime, PartyId, Secret
from wwcp_ocpi.security import Vault
from wwcp_ocpi.security.carriers import Carrier
from wwcp_ocpi.server.caller import Caller, Login
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
        self._carriers: frozenset[Carrier] = frozenset()
        self._revision = -1
        self.generation = 0
        self._retiring: set[asyncio.Task[None]] = set()

    async def load(self) -> None:
        """Read all partners from the store."""
        self._revision = await self._store.revision(KIND)
        self._keep(read(body) for _, body in await self._store.documents(KIND))

    async def refresh(self) -> None:
        """Read them again if anybody wrote since."""
        if await self._store.revision(KIND) != self._revision:
            await self.load()

    def _keep(self, partners: Iterable[Partner]) -> None:
        self.generation += 1
        self._partners = {partner.id: partner for partner in partners}
        self._by_hash = {
            access.hash: (partner, access) for partner in self._partners.values() for access in partner.access
        }
        self._carriers = frozenset(
            carrier
            for partner in self._partners.values()
            for passwords in (partner.totp_from, *(access.totp_from for access in partner.access))
            if passwords is not None
            for carrier in passwords.carriers
        )

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
        """The registered partner that has a party: the party's own platform, or the hub that lists it."""
        found = [one for one in self.all() if one.is_registered and party is not None and party in one.party_ids]
        return min(found, key=lambda one: one.hub is not None).id if found else None

    def way_to(self, party: PartyId | None) -> str | None:
        """The same; for a party that nobody has and nobody lists, the hub, where we are registered at just one."""
        hubs = [one.id for one in self.all() if one.is_registered and one.hub is not None]
        return self.holder(party) or (hubs[0] if party is not None and len(hubs) == 1 else None)

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
        # The revision stays as it was: somebody else may have written since, and `refresh` must not miss that.
        self._keep([*(other for other in self._partners.values() if other.id != id), partner])
        return partner

    async def remove(self, id: str) -> None:
        """Forget a partner and its tokens."""
        self.get(id)
        await self._store.change_document(KIND, id, lambda _: None)
        await self.load()

    def login(self, token: str) -> Login | None:
        """The server's directory: who shows this token, be it good now or not, and what must come with it."""
        found = self._by_hash.get(self._vault.hash_of(token))
        if found is None:
            return None
        partner, access = found
        passwords = access.totp_from or partner.totp_from
        return Login(
            id=access.id,
            caller=Caller(
                partner=partner.id,
                token=Secret(token),
                roles=frozenset(access.roles) or partner.roles,
                parties=partner.party_ids,
                played=partner.played,
                is_registering=access.purpose is not Purpose.ACCESS,
                is_hub=partner.hub is not None,
                accepts_older=partner.accepts_older,
            ),
            form=access.form,
            is_blocked=partner.blocked or access.blocked,
            not_before=_moment(access.not_before, -inf),
            not_after=_moment(access.not_after, inf),
            passwords=expected(self._vault, passwords) if passwords else None,
            certificate=access.certificate or partner.certificate,
            replaces_others=bool(access.replaces),
        )

    @property
    def carriers(self) -> frozenset[Carrier]:
        """The ways in which one-time passwords of any partner may come."""
        return self._carriers

    def used(self, login: Login, way: int) -> None:
        """A token was used: its predecessors die now in memory, and soon in the store, and so do older secrets."""
        found = self._by_hash.get(self._vault.hash_of(login.caller.token.reveal()))
        if found is None:
            return
        partner, access = found
        hash, passwords = access.hash, access.totp_from or partner.totp_from
        shown = passwords.ways[way].secret if passwords is not None else ""
        self.generation += 1
        after = _after_use(partner, hash, shown=shown)
        self._partners[partner.id] = after
        for dead in access.replaces:
            self._by_hash.pop(dead, None)
        for one in after.access:
            self._by_hash[one.hash] = (after, one)

        async def persist() -> None:
            await self.change(partner.id, lambda known: _after_use(known, hash, shown=shown))
            log.info("partner.older_secrets_retired", partner=partner.id)

        task = asyncio.get_running_loop().create_task(persist())
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    async def settle(self) -> None:
        """Wait until what was begun on the side is stored."""
        while self._retiring:
            await asyncio.gather(*self._retiring)


def _after_use(partner: Partner, hash: str, *, shown: str) -> Partner:
    """The partner after one of its tokens was used: without those that it replaces.

    `shown` is the sealed secret of the password that came with it, if one did: those before it are gone too.
    """
    used = next((one for one in partner.access if one.hash == hash), None)
    if used is None:
        return partner
    fresh = replace(used, replaces=())
    if used.totp_from is not None:
        fresh = replace(fresh, totp_from=used.totp_from.settled(shown))
    elif partner.totp_from is not None:
        partner = replace(partner, totp_from=partner.totp_from.settled(shown))
    kept = (one for one in partner.access if one.hash not in used.replaces)
    return replace(partner, access=tuple(fresh if one.hash == hash else one for one in kept))


def _moment(text: str, otherwise: float) -> float:
    return DateTime.parse(text).timestamp() if text else otherwise
