# SPDX-License-Identifier: AGPL-3.0-or-later
"""May this driver charge? Asked of the hub by a CPO, and by the hub of the eMSP whose Token it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.convert import Context, convert
from wwcp_ocpi.hub.finding import Relayed, find
from wwcp_ocpi.hub.refusals import ANSWER_S, refusal
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.model import Partner
from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.errors import OCPIError, UnknownToken, UsageError
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.server.bridge import Bridge
from wwcp_ocpi.server.caller import party_as
from wwcp_ocpi.server.decisions import Authorization, AuthorizationRequest, Authorizer
from wwcp_ocpi.store.ports import Objects, Side

log = structlog.get_logger()

KIND = "tokens"


class RelayedAuthorizer:
    """Passes the question on to the eMSP in its version; `own` answers for Tokens that no partner gave.

    The eMSP is the one that the request is addressed to, or else the one that gave the Token. A Token that nobody gave
    is unknown here: not every eMSP is asked, for that would tell all of them who charges where.
    """

    def __init__(
        self,
        store: Objects,
        book: PartnerBook,
        peer_of: Callable[[Partner], Peer],
        bridge: Bridge,
        reachable: Callable[[], frozenset[PartyId]],
        own: Authorizer,
    ) -> None:
        self.own = own
        self._store = store
        self._book = book
        self._peer_of = peer_of
        self._bridge = bridge
        self._reachable = reachable

    async def authorize(self, asked: AuthorizationRequest) -> Authorization | None:
        """Ask the eMSP.

        Raises:
            OCPIError: it refused, or could not be asked.
        """
        version = version_of(asked.version)
        owners = sorted(self._reachable()) if asked.asked is None else [asked.asked]
        token = await find(self._store, version, KIND, asked.token_uid, owners, asked.token_type)
        partner = self._book.find(token.stored.source if token else self._book.way_to(asked.asked) or "")
        if partner is None:
            return await self.own.authorize(asked)
        try:
            async with asyncio.timeout(ANSWER_S):
                peer = self._peer(partner, asked, token.owner if token else asked.asked)
                found = await peer.authorize(asked.token_uid, asked.token_type or "RFID", at=_place(peer, asked))
            log.info("hub.authorized", partner=partner.id, allowed=str(found.allowed))
            return Authorization(
                allowed=str(found.allowed),
                token=await self._told(version, peer.version, token, found),
                reference=getattr(found, "authorization_reference", None),
                info=(found.info.language, found.info.text) if found.info is not None else None,
                evse_uids=tuple(found.location.evse_uids or ()) if found.location is not None else None,
            )
        except UnknownToken:
            return None
        except (OCPIError, TimeoutError) as error:
            log.warning("hub.not_authorized", partner=partner.id, error=str(error))
            raise refusal(version, error) from error

    def _peer(self, partner: Partner, asked: AuthorizationRequest, owner: PartyId | None) -> Peer:
        if partner.blocked:
            raise UsageError(f"{partner.id} is blocked")
        peer = self._peer_of(partner)
        asking = self._book.find(asked.partner)
        cpo = party_as(frozenset({"CPO"}), asking.played) if asking is not None else None
        peer.wire.ours = asked.asking or cpo or peer.wire.ours
        peer.wire.theirs = owner or peer.wire.theirs
        peer.wire.correlation_id = asked.correlation_id
        return peer

    async def _told(self, version: Version, spoken: Version, token: Relayed | None, found: Any) -> bytes:
        """The Token in the CPO's version: as the eMSP answered with it, or as it gave it before.

        Raises:
            UsageError: it did neither, and the CPO's version wants it.
        """
        answered = getattr(found, "token", None)
        if answered is not None:
            owner = PartyId.of(answered.country_code, answered.party_id)
            body, number = codec.encode(answered), spoken.number
            return (
                body if spoken is version else convert(body, "Token", number, version.number, Context(owner=owner)).body
            )
        if token is None:
            raise UsageError("the eMSP's version does not tell the Token, and it never gave it")
        return await self._bridge.body(Side.OURS, KIND, token.owner, token.stored, version)


def _place(peer: Peer, asked: AuthorizationRequest) -> Any:
    """Where the driver wants to charge, in the eMSP's version: the ids are the same in all."""
    if asked.location_id is None:
        return None
    references = peer.version.object_named("LocationReferences")
    return references(location_id=asked.location_id, evse_uids=list(asked.evse_uids) or None)
