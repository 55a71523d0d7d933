# SPDX-License-Identifier: AGPL-3.0-or-later
"""The drivers of our providers as OCPI Tokens: in lists, in commands, in answers.

A provider that tells its tokens (`TokenSource`) has them published as ours: added, changed, and `valid` false for those
that it does not tell any more (TOK-01: Tokens are not deleted). Its list is the whole truth of that party's Tokens.

Spec: mod_tokens#mod_tokens_token_object
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import structlog
from msgspec.structs import replace

from wwcp_ocpi.partners.publish import OwnObject, Publisher
from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.errors import CannotConvert, OCPIError
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.store.ports import Key, PageRequest, Side, Stored
from wwcp_ocpi.v2_3_0 import VERSION
from wwcp_ocpi.v2_3_0.enums import TokenType, WhitelistType
from wwcp_ocpi.v2_3_0.tokens import Token
from wwcp_ocpi.wwcp.ids.places import EMobilityProviderId
from wwcp_ocpi.wwcp.model.authentication import Authentication
from wwcp_ocpi.wwcp.model.notes import Note
from wwcp_ocpi.wwcp.model.tokens import ListedToken
from wwcp_ocpi.wwcp.ocpi.emp.core import EMPCore
from wwcp_ocpi.wwcp.ocpi.inward.token import OCPITokenKey, token_key_of
from wwcp_ocpi.wwcp.routing.token_source import TokenSource

log = structlog.get_logger()

KIND = "tokens"
CHUNK = 200
RETRY_S = 60.0
_CONTRACT, _ISSUER, _NUMBER = 36, 64, 64


def key_of(authentication: Authentication) -> OCPITokenKey | None:
    """Which Token it is; None where OCPI has none for that way, or its uid would be longer than OCPI allows."""
    key = token_key_of(authentication).value
    return key if key is not None and 0 < len(key.uid) <= _CONTRACT else None


def token_of(
    key: OCPITokenKey,
    party: PartyId,
    listed: ListedToken,
    *,
    issuer: str,
    at: DateTime,
) -> Token:
    """The Token of a driver. What does not fit is cut where it is for people, and left out where it is for machines."""
    account = listed.authentication.account
    contract = listed.contract_id or (str(account) if account is not None else key.uid)
    group = listed.group_id
    return Token(
        country_code=party.country_code,
        party_id=party.party_id,
        uid=key.uid,
        type=key.type,
        contract_id=contract if len(contract) <= _CONTRACT else key.uid,
        visual_number=(listed.visual_number or "")[:_NUMBER] or None,
        issuer=(listed.issuer or issuer)[:_ISSUER],
        group_id=group if group and len(group) <= _CONTRACT else None,
        valid=listed.valid,
        whitelist=WhitelistType[listed.whitelist.name],
        language=listed.language if listed.language and len(listed.language) == 2 else None,
        last_updated=at,
    )


class Tokens:
    """Our Tokens, and the lists that they come from."""

    def __init__(self, core: EMPCore, publisher: Publisher) -> None:
        self.notes: dict[PartyId, list[Note]] = {}
        """Tokens of the last list that could not be published, and why."""
        self._core = core
        self._publisher = publisher
        self._sources: dict[PartyId, TokenSource] = {}
        self._lock = asyncio.Lock()

    def listen_to(self, provider_id: EMobilityProviderId, source: TokenSource) -> None:
        """From here on the Tokens of that provider's party are those that it tells.

        Raises:
            KeyError: none of our parties stands for that provider.
        """
        self._sources[self._core.parties[provider_id]] = source

    async def known(self, key: OCPITokenKey, party: PartyId, version: Version) -> bytes | None:
        """The Token as we have published it, in a version; None if there is none, or that version cannot have it."""
        for id in VERSION.key_ids(VERSION.kind(KIND).resource, key.uid, key.type.value):
            stored = await self._core.store.get(Key(Side.OURS, KIND, party, id))
            if stored is None:
                continue
            try:
                told = await self._core.bridge.body(Side.OURS, KIND, party, stored, VERSION)
                if patch.text_of(patch.split(told), "type") == key.type.value:
                    return await self._core.bridge.body(Side.OURS, KIND, party, stored, version)
            except CannotConvert:
                continue
        return None

    async def made(self, token: Token, version: Version) -> bytes:
        """A Token that was never published, in a version.

        Raises:
            CannotConvert: that version cannot have it.
        """
        owner = PartyId.of(token.country_code, token.party_id)
        stored = Stored(seq=0, version=VERSION.number, last_updated=0, body=codec.encode(token))
        return await self._core.bridge.body(Side.OURS, KIND, owner, stored, version)

    @staticmethod
    def names_in(body: bytes, version: Version) -> tuple[str, ...]:
        """What a CPO may call the driver of a Token by: its uid, and its contract."""
        resource = version.kind(KIND).resource
        fields = patch.split(body)
        named = [patch.text_of(fields, name) for name in (resource.id_field, resource.contract) if name]
        return tuple(name for name in named if name)

    def issuer_of(self, party: PartyId) -> str:
        """What drivers know the party by."""
        return next((own.name for own in self._core.settings.parties if own.id == party), str(party))

    async def refresh(self) -> int:
        """Read all lists and publish what changed; says how many Tokens did. A list that breaks off changes nothing.

        Raises:
            Exception: what a source raised; the lists before it are done.
        """
        async with self._lock:
            changed = 0
            for party, source in self._sources.items():
                changed += await self._publish(party, source.tokens())
            return changed

    async def run(self) -> None:
        """Do that now and then, until cancelled."""
        while True:
            wait_s = self._core.options.tokens_every_s
            try:
                if self._sources:
                    await self.refresh()
            except Exception:
                # The edge to code that is not ours, and of a background task.
                log.exception("wwcp.tokens_not_read")
                wait_s = max(wait_s, RETRY_S)
            await asyncio.sleep(wait_s)

    async def _publish(self, party: PartyId, told: AsyncIterator[ListedToken]) -> int:
        """Take over a list. It is read to its end before anything is changed."""
        now, issuer = self._core.network.places.now, self.issuer_of(party)
        tokens: dict[tuple[str, TokenType], Token] = {}
        notes: list[Note] = []
        place = 0
        async for listed in told:
            key = key_of(listed.authentication)
            if key is None:
                notes.append(Note(f"$[{place}].authentication", "left out: OCPI has no Token for it"))
            else:
                tokens[key.uid, key.type] = token_of(key, party, listed, issuer=issuer, at=now)
            place += 1
        self.notes[party] = notes
        if notes:
            log.warning("wwcp.tokens_left_out", party=str(party), count=len(notes), first=notes[0].path)
        changed: list[Token] = []
        after: str | None = None
        while True:
            page = await self._core.store.page(
                PageRequest(side=Side.OURS, module=KIND, owner=party, after=after, limit=CHUNK)
            )
            for body, number in zip(page.bodies, page.versions, strict=True):
                before = await self._before(party, body, number)
                if before is None:
                    continue
                new = tokens.pop((before.uid, before.type), None) or replace(before, valid=False, last_updated=now)
                if replace(new, last_updated=before.last_updated) != before:
                    changed.append(new)
            after = page.next
            if after is None:
                break
        changed += tokens.values()
        for start in range(0, len(changed), CHUNK):
            things = [_own(party, token) for token in changed[start : start + CHUNK]]
            outcomes = await self._publisher.publish(VERSION, KIND, things)
            notes += [Note("$", f"left out: {outcome}") for outcome in outcomes if isinstance(outcome, OCPIError)]
        return len(changed)

    async def _before(self, party: PartyId, body: bytes, number: str) -> Token | None:
        """One of our Tokens as it is; None for what cannot be read, which is left alone."""
        stored = Stored(seq=0, version=number, last_updated=0, body=body)
        try:
            told = await self._core.bridge.body(Side.OURS, KIND, party, stored, VERSION)
            return codec.decode(Token, told)
        except OCPIError:
            return None


def _own(party: PartyId, token: Token) -> OwnObject:
    kind: Any = token.type
    return OwnObject(
        owner=party,
        id=token.uid,
        last_updated=token.last_updated.micros,
        body=codec.encode(token),
        qualifier=kind.value,
    )
