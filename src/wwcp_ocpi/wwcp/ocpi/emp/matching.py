# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which WWCP session a partner's Session or CDR belongs to, also after a restart.

What we authorised or started has a reference that we gave to one partner, and only that partner can claim it. Where
its version has no place for a reference (2.1.1), the Session is that of the same card or contract at the same Location.
What was matched once is remembered by the Session's own id. All others get an id that follows from theirs.

A session that is awaited and never comes is dropped (`EMPOptions.awaited_s`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import msgspec
import structlog

from wwcp_ocpi.scalars import PartyId, fold
from wwcp_ocpi.wwcp.ids.opaque import ChargingSessionId, new_text
from wwcp_ocpi.wwcp.ids.places import ChargingStationOperatorId
from wwcp_ocpi.wwcp.ocpi.emp.core import EMPCore
from wwcp_ocpi.wwcp.ocpi.inward.names import OCPIPlace

log = structlog.get_logger()

MAX_REFERENCE = 36
"""The length of an authorization_reference. Spec: mod_tokens#mod_tokens_authorizationinfo_object."""
_DAY_S = 86400.0


class Claim(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A session that we authorised or started, and who may report it: the partner to which its reference was given.

    `tokens` are what the CPO may call its driver by: uid and contract id, folded. `is_awaited` until it was reported.
    """

    session: str
    reference: str
    partner: str
    at: float
    location: str = ""
    evse_uid: str = ""
    tokens: tuple[str, ...] = ()
    is_awaited: bool = True


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A partner's Session, and the session that it is."""

    session: str
    at: float


class _Dated(msgspec.Struct):
    at: float


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What a Session or CDR says by which it can be matched.

    Texts are folded, but those in `named`: they are as sent, and may be ids of ours.
    """

    party: PartyId
    provider: PartyId
    source: str
    session_id: str | None
    reference: str | None
    location_id: str | None = None
    evse_uid: str | None = None
    tokens: frozenset[str] = frozenset()
    named: tuple[str, ...] = ()
    begun: str = ""
    """What tells a charge from others where no Session is named: who began it, and when."""


class Matches:
    """The sessions that partners will report, and those that they did."""

    def __init__(self, core: EMPCore) -> None:
        self._core = core
        self._claims = f"wwcp.emp.claims.{core.network.id}"
        self._links = f"wwcp.emp.links.{core.network.id}"
        self._awaited: dict[str, Claim] = {}  # by session
        self._swept = core.clock()

    async def resume(self) -> None:
        """Know again what was awaited before a restart."""
        claims = [_read(Claim, body) for _, body in await self._core.store.documents(self._claims)]
        in_order = sorted(claims, key=lambda claim: claim.at)
        self._awaited = {claim.session: claim for claim in in_order if claim.is_awaited}

    async def expect(
        self,
        session: ChargingSessionId,
        partner: str,
        *,
        wished: str | None = None,
        place: OCPIPlace | None = None,
        tokens: Iterable[str] = (),
    ) -> str:
        """Await a session from this partner; the reference under which it will report it.

        Args:
            wished: the provider's own reference. It is taken if OCPI can carry it and nothing else has it.
        """
        body: bytes | None = None
        fits = wished is not None and 0 < len(wished) <= MAX_REFERENCE and wished.isascii() and wished.isprintable()
        reference = wished if wished is not None and fits else new_text()
        for _ in range(2):
            claim = Claim(
                session=session.canonical,
                reference=fold(reference),
                partner=partner,
                at=self._core.clock(),
                location=fold(place.location_id) if place else "",
                evse_uid=fold(place.evse_uid) if place and place.evse_uid else "",
                tokens=tuple(sorted({fold(token) for token in tokens if token})),
            )
            body = await self._core.store.change_document(
                self._claims, claim.reference, _unless_taken(claim.session, _encode(claim))
            )
            if body is not None and _read(Claim, body).session == claim.session:
                self._awaited[claim.session] = claim
                return reference
            reference = new_text()
        raise AssertionError("a random reference was taken")

    async def session_of(self, seen: Seen) -> ChargingSessionId | None:
        """The session that a Session or CDR belongs to, if it is one of which we know."""
        link = await self._link(seen)
        if link is not None:
            return link
        claim = await self._claim(seen)
        if claim is not None:
            id = ChargingSessionId.parse(claim.session)
            if seen.session_id is not None:
                await self.link(seen.party, seen.session_id, id)
            await self._reported(claim)
            return id
        return await self._named(seen)

    async def link(self, party: PartyId, session_id: str, id: ChargingSessionId) -> None:
        """From here on this Session of a partner is that session. The first link stands."""
        made = _encode(Link(session=id.canonical, at=self._core.clock()))
        await self._core.store.change_document(self._links, _key(party, session_id), lambda known: known or made)

    async def link_begin(self, party: PartyId, begun: str, id: ChargingSessionId) -> None:
        """Know that session by its begin: a CDR of 2.1.1 names no Session."""
        made = _encode(Link(session=id.canonical, at=self._core.clock()))
        await self._core.store.change_document(self._links, _begin(party, begun), lambda known: known or made)

    async def is_reported(self, session: ChargingSessionId) -> None:
        """The session is no more awaited: it was begun, or refused."""
        claim = self._awaited.get(session.canonical)
        if claim is not None:
            await self._reported(claim)

    async def sweep(self) -> None:
        """Drop what was awaited for too long; now and then forget what nobody will report any more."""
        core = self._core
        late = [one for one in self._awaited.values() if core.clock() >= one.at + core.options.awaited_s]
        for claim in late:
            if await core.network.drop_session(ChargingSessionId.parse(claim.session)):
                log.warning("wwcp.session_never_came", session=claim.session, partner=claim.partner)
            await self._reported(claim)
        if core.clock() < self._swept + _DAY_S:
            return
        self._swept = core.clock()
        before = core.clock() - core.options.keep_s
        for kind in (self._claims, self._links):
            for id, body in await core.store.documents(kind):
                if _read(_Dated, body).at < before:
                    await core.store.change_document(kind, id, lambda _: None)

    async def _link(self, seen: Seen) -> ChargingSessionId | None:
        if seen.session_id is not None:
            key = _key(seen.party, seen.session_id)
        elif seen.begun:
            key = _begin(seen.party, seen.begun)
        else:
            return None
        body = await self._core.store.document(self._links, key)
        return None if body is None else ChargingSessionId.parse(_read(Link, body).session)

    async def _claim(self, seen: Seen) -> Claim | None:
        """By the reference; without one by the driver and the place, the one awaited for longest."""
        if seen.reference is not None:
            body = await self._core.store.document(self._claims, seen.reference)
            claim = None if body is None else _read(Claim, body)
            if claim is not None and claim.partner != seen.source:
                log.warning("wwcp.reference_of_another", partner=seen.source, session=claim.session)
                return None
            return claim
        return next((claim for claim in self._awaited.values() if _fits(claim, seen)), None)

    async def _named(self, seen: Seen) -> ChargingSessionId | None:
        """A CPO may call its Session as we do: then it is that one, if it is a session at one of its places."""
        for text in seen.named:
            id = ChargingSessionId.try_parse(text)
            known = await self._core.network.session(id) if id is not None else None
            if known is not None and runs(seen.party, known.charging_station_operator_id):
                return known.id
        return None

    async def _reported(self, claim: Claim) -> None:
        self._awaited.pop(claim.session, None)

        def decide(body: bytes | None) -> bytes | None:
            if body is None:
                return None
            return _encode(msgspec.structs.replace(_read(Claim, body), is_awaited=False))

        if claim.is_awaited:
            await self._core.store.change_document(self._claims, claim.reference, decide)


def _fits(claim: Claim, seen: Seen) -> bool:
    """Whether a Session without a reference may be the one that is awaited."""
    return (
        claim.partner == seen.source
        and not seen.tokens.isdisjoint(claim.tokens)
        and (not claim.location or claim.location == seen.location_id)
        and (not claim.evse_uid or seen.evse_uid in (None, claim.evse_uid))
    )


def runs(party: PartyId, operator: ChargingStationOperatorId | None) -> bool:
    """Whether an operator is that party."""
    return operator is not None and party == PartyId.of(operator.country_code, operator.suffix)


def _unless_taken(session: str, made: bytes) -> Callable[[bytes | None], bytes]:
    def decide(known: bytes | None) -> bytes:
        return made if known is None or _read(Claim, known).session == session else known

    return decide


def _begin(party: PartyId, begun: str) -> str:
    return f"{party}//{begun}"


def _key(party: PartyId, session_id: str) -> str:
    return f"{party}/{fold(session_id)}"


_T = TypeVar("_T", Claim, Link, _Dated)
_encode = msgspec.json.encode


def _read(cls: type[_T], body: bytes) -> _T:
    return msgspec.json.decode(body, type=cls)
