# SPDX-License-Identifier: AGPL-3.0-or-later
"""Objects on their way through a hub.

What a partner gives is kept as its own and, in the same transaction, as one of the objects that the hub shows, with
the pushes to all others that receive such objects. So whatever was acknowledged to the one reaches the others, also
if the process ends in between. Owner, bytes and `last_updated` stay what they were (TRN-44, TRN-50). Sessions and CDRs
go to the partner of the driver's eMSP and to nobody else (TRN-43).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import structlog

from wwcp_ocpi.convert import issuer_of
from wwcp_ocpi.hub import contracts
from wwcp_ocpi.hub.owners import Owners
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.publish import Listener, Publisher, concerned_by, push_method, push_to
from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.endpoint import Operation, Resource
from wwcp_ocpi.protocol.errors import OCPIError
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId, fold
from wwcp_ocpi.server.caller import unclaimed
from wwcp_ocpi.server.settings import ServerSettings
from wwcp_ocpi.store.ports import Changes, Decide, Decision, Delete, Key, Objects, Outcome, Push, Side, Stored, Write

log = structlog.get_logger()


class State(NamedTuple):
    """What a partner's object is after a change."""

    version: str
    last_updated: int
    body: bytes


class Way(NamedTuple):
    """Who gave an object, and who may hear of it. `to` is the partner that it is meant for; None: all whom it concerns.

    `drivers` are the eMSPs of contracts that were looked up before, since nothing can be in the transaction.
    """

    source: str
    to: str | None
    listeners: Sequence[Listener]
    drivers: Mapping[str, PartyId]


class Relay:
    """Writes what partners give, together with what others hear of it."""

    def __init__(
        self,
        settings: ServerSettings,
        store: Objects,
        book: PartnerBook,
        publisher: Publisher,
        is_offline: Callable[[str], bool],
        owners: Owners,
    ) -> None:
        assert settings.hub is not None, "only a hub passes things on"
        self._hub = settings.hub
        self._settings = settings
        self._store = store
        self._book = book
        self._publisher = publisher
        self._is_offline = is_offline
        self._owners = owners

    def changes_of(self, source: str, to: PartyId | None = None) -> Changes:
        """Where the changes of one partner are written; `to` is the one party that it addresses with them."""
        return _ChangesOf(self, self._store, source, to)

    async def planned(self, key: Key, decide: Decide, source: str, to: PartyId | None) -> list[tuple[Key, Decide]]:
        """A change, and what follows from it, in this order."""
        if not self.passes(key, source):
            return [(key, decide)]
        if self._book.holder(key.owner) is None:
            await self._owners.note(key.owner, source)
        after: list[State | None] = []
        contract_ids = await self._foreseen(key, decide)
        way = Way(source, self._book.holder(to), self._listeners(key, source), await self._drivers(contract_ids))
        changes: list[tuple[Key, Decide]] = [
            (key, _watched(decide, after, source)),
            (key._replace(side=Side.OURS), self._follow(key, after, way)),
        ]
        if key.module == contracts.KIND.partition("/")[0]:
            changes += self._contract(key, contract_ids, source)
        return changes

    def passes(self, key: Key, source: str) -> bool:
        """Whether an object of a partner is passed on: nobody speaks for us, nor a hub for who speaks for itself."""
        is_relayed = key.side is Side.THEIRS and key.module.partition("/")[0] in self._settings.relayed
        if not is_relayed or key.owner in self._settings.party_ids:
            return False
        holder = self._book.holder(key.owner)
        known = self._book.find(holder) if holder is not None else None
        return known is None or known.id == source or known.hub is not None

    def _listeners(self, key: Key, source: str) -> list[Listener]:
        """Who is told. Who is OFFLINE finds out when it is back, if its version knows that (HCI-03)."""
        return [
            one
            for one in self._publisher.listeners(key.module)
            if one.partner != source and not ("hubclientinfo" in one.version.kinds and self._is_offline(one.partner))
        ]

    async def _drivers(self, contract_ids: Sequence[str]) -> Mapping[str, PartyId]:
        """Whose the contract is that the object will name, if that is all that it says of its driver."""
        found: dict[str, PartyId] = {}
        for contract_id in contract_ids:
            token = await self.token_key(contract_id)
            owner = token.owner if token is not None else issuer_of(contract_id)
            if owner is not None:
                found[contract_id] = owner
        return found

    def _contract(self, key: Key, contract_ids: Sequence[str], source: str) -> list[tuple[Key, Decide]]:
        return [
            (contracts.key_of(self._hub, contract_id), contracts.naming(key, source, ""))
            for contract_id in contract_ids
            if self._may_name(source, contract_id)
        ]

    async def token_key(self, contract_id: str) -> Key | None:
        """The key of the Token that names a contract; None: none came by, or it is not its owner's to name."""
        key = await contracts.token_key(self._store, self._hub, contract_id)
        return key if key is not None and self._may_name(self._book.holder(key.owner), contract_id) else None

    def _may_name(self, partner: str | None, contract_id: str) -> bool:
        """Whether the contract is a partner's, as far as it says: an eMSP that is connected has those with its name."""
        return self._book.holder(issuer_of(contract_id)) in (None, partner)

    async def _foreseen(self, key: Key, decide: Decide) -> list[str]:
        """The contract id that the object will have, as far as can be seen before the transaction: none, or one.

        A decision is pure, so it may be made once more. What it refuses it will refuse again.
        """
        if not any(
            key.module in known.kinds and known.kind(key.module).resource.contract
            for known in map(version_of, self._settings.versions)
        ):
            return []
        try:
            decision = decide(await self._store.get(key))
        except OCPIError:
            return []
        if not isinstance(decision, Write):
            return []
        contract_id = _contract_of(key.module, decision.version, decision.body)
        return [contract_id] if contract_id else []

    def _follow(self, key: Key, after: Sequence[State | None], way: Way) -> Decide:
        """Do with the object that others see what was done with the partner's. The change before this left `after`."""

        def decide(ours: Stored | None) -> Decision:
            if not after or (ours is not None and not ours.source):
                return None
            state = after[0]
            if state is None:
                return None if ours is None or ours.source != way.source else _deleted(key, ours, way)
            audience = self._audience(key.module, state, ours, way)
            is_known = ours is not None and ours.version == state.version and ours.audience == audience
            if ours is not None and is_known and ours.body == state.body:
                return None
            return Write(
                version=state.version,
                last_updated=state.last_updated,
                body=state.body,
                source=way.source,
                audience=audience,
                pushes=tuple(_pushes(key, state, ours if is_known else None, audience, way)),
            )

        return decide

    def _audience(self, kind: str, state: State, ours: Stored | None, way: Way) -> str:
        """The partner whose it is: for everybody, unless it is private or meant for one."""
        resource = version_of(state.version).kind(kind).resource
        if not resource.is_private:
            return "" if ours is not None and not ours.audience else way.to or ""
        contract_id = _contract_of(kind, state.version, state.body)
        concerned = concerned_by(resource, state.body) or way.drivers.get(contract_id or "")
        beyond = self._owners.known.get(concerned) if concerned is not None else None
        found = self._book.holder(concerned) or beyond or self._book.way_to(concerned) or way.to
        if found is None and ours is not None:
            return ours.audience
        return found or unclaimed(concerned)


class _ChangesOf:
    """The changes of one partner."""

    def __init__(self, relay: Relay, store: Objects, source: str, to: PartyId | None) -> None:
        self._relay = relay
        self._store = store
        self._source = source
        self._to = to

    async def change(self, key: Key, decide: Decide) -> Outcome:
        (outcome,) = await self.change_all([(key, decide)])
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def change_all(self, changes: Sequence[tuple[Key, Decide]]) -> list[Outcome | Exception]:
        planned = [await self._relay.planned(key, decide, self._source, self._to) for key, decide in changes]
        outcomes = iter(await self._store.change_all([one for steps in planned for one in steps]))
        found = [[next(outcomes) for _ in steps] for steps in planned]
        for steps in found:
            for error in (one for one in steps[1:] if isinstance(one, Exception)):
                log.error("hub.not_passed_on", error=str(error))
        return [steps[0] for steps in found]

    async def delete_of_party(self, side: Side, module: str, owner: PartyId) -> int:
        if self._relay.passes(Key(side, module, owner, ""), self._source):
            await self._store.delete_of_party(Side.OURS, module, owner)
        return await self._store.delete_of_party(side, module, owner)


def _watched(decide: Decide, after: list[State | None], source: str) -> Decide:
    """The same decision, of which the next one in the transaction sees what came of it: nothing if it was refused."""

    def watched(stored: Stored | None) -> Decision:
        after.clear()
        decision = decide(stored)
        if isinstance(decision, Write):
            after.append(State(decision.version, decision.last_updated, decision.body))
        elif isinstance(decision, Delete):
            after.append(None)
        elif stored is not None and stored.source == source:
            # Unchanged, and perhaps kept since before there was a hub: then it is passed on now.
            after.append(State(stored.version, stored.last_updated, stored.body))
        return decision

    return watched


def _contract_of(kind: str, version: str, body: bytes) -> str | None:
    field = version_of(version).kind(kind).resource.contract
    return patch.text_of(patch.split(body), field) if field else None


def _deleted(key: Key, ours: Stored, way: Way) -> Delete:
    fields = patch.split(ours.body)
    id = patch.text_of(fields, version_of(ours.version).kind(key.module).resource.id_field) or key.id
    return Delete(
        pushes=tuple(
            push_to(one, key.module, key.owner, [id], "DELETE", b"", _qualifier(one, key.module, fields))
            for one in way.listeners
            if Operation.DELETE in one.operations and ours.audience in ("", one.partner)
        )
    )


def _pushes(key: Key, state: State, ours: Stored | None, audience: str, way: Way) -> Iterator[Push]:
    """What each partner hears: of the one EVSE that changed, or of the whole object."""
    version = version_of(state.version)
    resource, fields = version.kind(key.module).resource, patch.split(state.body)
    id = patch.text_of(fields, resource.id_field) or key.id
    part = _changed_part(resource, patch.split(ours.body), fields) if ours is not None else None
    for one in way.listeners:
        qualifier = _qualifier(one, key.module, fields)
        is_told = audience in ("", one.partner) and way.to in (None, one.partner)
        if not is_told or qualifier in one.version.kind(key.module).resource.pulled_only:
            continue
        whole = push_method(one.operations, ours is None)
        if part is not None and Operation.PATCH in one.operations:
            yield push_to(one, key.module, key.owner, [id, part], "PUT", b"", qualifier)
        else:
            yield push_to(one, key.module, key.owner, [id], whole, b"", qualifier)


def _qualifier(listener: Listener, kind: str, fields: RawObject) -> str | None:
    """What qualifies the object towards this partner: a Token's type, where its version wants it."""
    name = listener.version.kind(kind).resource.qualifier
    return patch.text_of(fields, name) if name else None


def _changed_part(resource: Resource, before: RawObject, after: RawObject) -> str | None:
    """The id of the one part in which alone the object changed, at the same moment; None: there is more to tell."""
    if not resource.parts:
        return None
    part = resource.parts[0]
    differing = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    if part.field not in differing or not differing <= {part.field, "last_updated"}:
        return None
    then, now = ({fold(patch.text_of(one, part.id_field) or ""): one for one in patch.children(whole, part.field)}
                 for whole in (before, after))  # fmt: skip
    changed = [id for id in now if then.get(id) != now[id]]
    if then.keys() != now.keys() or len(changed) != 1:
        return None
    found = now[changed[0]]
    same_moment = patch.moment_of(found) == patch.moment_of(after)
    return patch.text_of(found, part.id_field) if same_moment else None
