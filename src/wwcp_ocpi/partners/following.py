# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who set a charging profile for one of our Sessions, and hears from then on which one is followed (CHP-03, CHP-04).

What is told is the operator's to know, and how far it looks ahead: 5 to 60 minutes are useful (CHP-05).
Spec: mod_charging_profiles#mod_charging_profiles_msp_put_method.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeAlias

import msgspec
import structlog
from msgspec.structs import replace

from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.model import Partner
from wwcp_ocpi.partners.retrying import insist
from wwcp_ocpi.partners.waiting import Clock, Sleep
from wwcp_ocpi.protocol import conformance
from wwcp_ocpi.protocol.conformance import Severity
from wwcp_ocpi.protocol.endpoint import Interface, Operation
from wwcp_ocpi.protocol.errors import BadAnswer, OCPIError, PartnerError, UsageError
from wwcp_ocpi.scalars import PartyId, fold
from wwcp_ocpi.server.asynchronous import Order
from wwcp_ocpi.store.ports import Documents

log = structlog.get_logger()

MODULE = "chargingprofiles"
KIND = "profile_follower"
KEEP_S = 30 * 86400.0
"""How long after its last profile a partner is told, if nobody said that the Session has ended."""
TRY_S = 30.0

PeerOf: TypeAlias = Callable[[Partner], Peer]


class Follower(msgspec.Struct, frozen=True, kw_only=True):
    """A partner whose profile was accepted, for a Session of one of these parties of ours; `until` since 1970.

    Followers of Sessions with the same id, in any case, are one document.
    """

    partner: str
    session_id: str
    parties: tuple[PartyId, ...]
    ours: PartyId | None
    theirs: PartyId | None
    until: float


class ProfileFollowers:
    """Remembers followers, and tells them."""

    def __init__(
        self,
        store: Documents,
        book: PartnerBook,
        peer_of: PeerOf,
        *,
        clock: Clock = time.time,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self.clock = clock
        self.sleep = sleep
        self._store = store
        self._book = book
        self._peer_of = peer_of
        self._swept = 0.0

    async def follow(self, order: Order, session_id: str, parties: Iterable[PartyId]) -> None:
        """Remember that a partner set a profile; it is told from now on, also after a restart."""
        await self._sweep()
        named = frozenset(parties)
        made = Follower(
            partner=order.partner,
            session_id=session_id,
            parties=tuple(sorted(named)),
            ours=order.ours,
            theirs=order.theirs,
            until=self.clock() + KEEP_S,
        )

        def join(body: bytes | None) -> bytes:
            known = _read(body)
            before = [one for one in known if one.partner == order.partner]
            also = frozenset(party for one in before for party in one.parties)
            joined = replace(made, parties=tuple(sorted(named | also)))
            return _encode([*(one for one in known if one not in before), joined])

        await self._store.change_document(KIND, fold(session_id), join)

    async def changed(self, session_id: str, profile: bytes, *, party: PartyId | None = None) -> dict[str, str]:
        """Tell who set a profile that the charge point follows another one from now on.

        Returns at once when nobody did. A partner that cannot be reached is tried again for seconds; after that it has
        missed this change, and hears of the next.

        Args:
            profile: the ActiveChargingProfile as JSON. Without a limit it shows the capacity of the EVSE (CHP-06).
            party: whose Session it is, where we are several.

        Returns:
            For each partner that was to be told an empty text, or why it was not.

        Raises:
            UsageError: it is no such profile; nobody was told.
        """
        found = _read(await self._store.document(KIND, fold(session_id)))
        tries: dict[str, tuple[Follower, Peer]] = {}
        said: dict[str, str] = {}
        for one in found:
            if not (party is None or party in one.parties) or self.clock() >= one.until:
                continue
            try:
                tries[one.partner] = (one, self._peer(one))
            except OCPIError as error:
                said[one.partner] = str(error)
        for _, peer in tries.values():
            _check(peer, profile)
        told = await asyncio.gather(*(self._tell(one, peer, profile) for one, peer in tries.values()))
        return {**said, **dict(zip(tries, told, strict=True))}

    async def ended(self, session_id: str, *, party: PartyId | None = None) -> None:
        """The Session is over: nobody is told of it any more."""
        await self._forget(fold(session_id), lambda one: party is None or party in one.parties)

    async def _forget(self, id: str, is_over: Callable[[Follower], bool]) -> None:
        """Take the followers that are none any more out of a document, or remove it."""

        def without(body: bytes | None) -> bytes | None:
            kept = [one for one in _read(body) if not is_over(one)]
            return _encode(kept) if kept else None

        await self._store.change_document(KIND, id, without)

    def _peer(self, follower: Follower) -> Peer:
        partner = self._book.get(follower.partner)
        if partner.blocked:
            raise UsageError(f"{partner.id} is blocked")
        peer = self._peer_of(partner)
        peer.wire.ours, peer.wire.theirs = follower.ours or peer.wire.ours, follower.theirs or peer.wire.theirs
        peer.row(Operation.UPDATE_PROFILE, MODULE, Interface.SENDER)
        return peer

    async def _tell(self, follower: Follower, peer: Peer, profile: bytes) -> str:
        """Put the profile, with some patience; why it did not work, or an empty text."""
        put = partial(_put, peer, follower.session_id, profile)
        error = await insist(put, self.clock() + TRY_S, self.clock, self.sleep)
        event = {"partner": follower.partner, "session": follower.session_id}
        if error is None:
            log.info("profile.told", **event)
            return ""
        log.warning("profile.not_told", error=str(error), **event)
        return str(error)

    async def _sweep(self) -> None:
        """Forget, now and then, Sessions of which nobody said that they ended."""
        if self.clock() < self._swept + 3600:
            return
        self._swept = self.clock()
        now = self.clock()
        for id, _ in await self._store.documents(KIND):
            await self._forget(id, lambda one: one.until <= now)


async def _put(peer: Peer, session_id: str, profile: bytes) -> None:
    row = peer.row(Operation.UPDATE_PROFILE, MODULE, Interface.SENDER)
    try:
        await peer.call(row, session_id, body=profile)
    except BadAnswer as error:
        # The answer has no data, and says nothing: any success will do.
        if not 200 <= error.http_status < 300:
            raise


def _check(peer: Peer, profile: bytes) -> None:
    shape = peer.row(Operation.UPDATE_PROFILE, MODULE, Interface.SENDER).object
    assert shape is not None, "an update has a body"
    try:
        findings = conformance.check(shape, profile)
    except PartnerError as error:
        raise UsageError(str(error)) from error
    for found in findings:
        if found.severity is not Severity.NOTE:
            raise UsageError(f"{found.path}: {found.message}", path=found.path)


_encode = msgspec.json.encode
_decoder = msgspec.json.Decoder(list[Follower])


def _read(body: bytes | None) -> list[Follower]:
    """The followers of one Session."""
    return _decoder.decode(body) if body is not None else []
