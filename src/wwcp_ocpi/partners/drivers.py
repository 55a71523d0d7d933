# SPDX-License-Identifier: AGPL-3.0-or-later
"""May this driver charge? A CPO's answer to its charge point, from the eMSP's Token and, if need be, the eMSP itself.

Who must be asked is said by the Token's whitelist. Spec: mod_tokens#mod_tokens_whitelisttype_enum.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Iterable
from http import HTTPStatus
from typing import Any

import msgspec
import structlog

from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.model import Partner
from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.endpoint import Interface
from wwcp_ocpi.protocol.errors import PartnerError, Refused, UnknownToken, Unreachable
from wwcp_ocpi.protocol.shape import fields_of
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.server.versions import may_call
from wwcp_ocpi.store.ports import Objects, Side, Stored

log = structlog.get_logger()

MODULE = "tokens"
ANSWER_S = 10.0
"""How long an eMSP may think while its driver waits."""

ALLOWED, BLOCKED, NOT_ALLOWED = "ALLOWED", "BLOCKED", "NOT_ALLOWED"
WHITELIST, AUTH_REQUEST = "WHITELIST", "AUTH_REQUEST"
_MOST_TELLING = (ALLOWED, BLOCKED, "EXPIRED", "NO_CREDIT", NOT_ALLOWED)
"""Of several answers the first of these counts: of refusals, the one that tells most of the driver."""


class Unanswered(msgspec.Struct, frozen=True, kw_only=True):
    """An eMSP that was asked and gave no answer that is one, and why.

    `is_away`: it could not be reached, or took too long; otherwise what came was no answer.
    """

    partner: str
    reason: str
    is_away: bool


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """The answer, and what Session and CDR must say of it.

    `allowed` is a word of AllowedType, `method` one of AuthMethod: AUTH_REQUEST when the eMSP was asked and answered.
    `token` is the Token in the partner's version, `evse_uids` are the EVSEs that the eMSP allows, None if it named
    none. `partner` is empty when nobody knows the Token.
    """

    allowed: str
    method: str
    partner: str = ""
    token: bytes | None = None
    reference: str | None = None
    evse_uids: tuple[str, ...] | None = None
    info: tuple[str, str] | None = None
    """Language and text for the driver."""
    unanswered: tuple[Unanswered, ...] = ()
    """Who was asked in vain. With one of these, NOT_ALLOWED without a partner means that nobody knows."""

    @property
    def is_allowed(self) -> bool:
        """Whether to charge."""
        return self.allowed == ALLOWED


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the driver wants to charge, by our own ids."""

    location_id: str
    evse_uids: tuple[str, ...] = ()


class Drivers:
    """Decides by the Tokens that eMSPs pushed, and asks eMSPs.

    `asks_when_allowed` is the CPO's choice for the whitelist ALLOWED (TOK-24): ask the eMSP, or trust the Token.
    """

    def __init__(
        self,
        store: Objects,
        book: PartnerBook,
        peer_of: Callable[[Partner], Peer],
        *,
        asks_when_allowed: bool = False,
        answer_s: float = ANSWER_S,
    ) -> None:
        self.asks_when_allowed = asks_when_allowed
        self.answer_s = answer_s
        self._store = store
        self._book = book
        self._peer_of = peer_of

    async def authorize(
        self, uid: str, type: str = "RFID", *, at: Place | None = None, among: Container[str] | None = None
    ) -> Admission:
        """Decide; never raises for what a partner does. Nobody knows the Token: NOT_ALLOWED.

        Args:
            at: where the driver stands.
            among: the partners that may be meant; None: all.
        """
        emsps = [one for one in self._emsps() if among is None or one.id in among]
        for partner in emsps:
            stored = await self._stored(partner, uid, type)
            if stored is not None:
                return await self._known(partner, stored, uid, type, at)
        return await self._unknown(emsps, uid, type, at)

    async def known(self, uid: str, type: str = "RFID") -> tuple[Partner, Stored] | None:
        """Whose Token it is, and the Token in that partner's version; None: nobody has pushed it. Nobody is asked."""
        for partner in self._emsps():
            stored = await self._stored(partner, uid, type)
            if stored is not None:
                return partner, stored
        return None

    def _emsps(self) -> Iterable[Partner]:
        return [
            partner
            for partner in self._book.all()
            if partner.remote is not None
            and not partner.blocked
            and may_call(partner.roles, version_of(partner.remote.version).modules[MODULE], Interface.RECEIVER)
        ]

    async def _stored(self, partner: Partner, uid: str, type: str) -> Stored | None:
        assert partner.remote is not None
        version = version_of(partner.remote.version)
        resource = version.modules[MODULE].resource
        assert resource is not None
        id = version.key_id(resource, uid, _type_in(version, type))
        stored = await self._store.find(Side.THEIRS, MODULE, id, sorted(partner.party_ids))
        return stored if stored is not None and stored.version == version.number else None

    async def _known(self, partner: Partner, stored: Stored, uid: str, type: str, at: Place | None) -> Admission:
        fields = patch.split(stored.body)
        whitelist = patch.text_of(fields, "whitelist")
        is_valid = bytes(fields.get("valid", b"false")) == b"true"
        by_token = Admission(
            allowed=ALLOWED if is_valid else BLOCKED, method=WHITELIST, partner=partner.id, token=stored.body
        )
        if whitelist == "ALWAYS" or (whitelist == "ALLOWED" and not self.asks_when_allowed):
            return by_token
        try:
            return await self._ask(partner, uid, type, at)
        except PartnerError as error:
            log.warning("driver.not_answered", partner=partner.id, whitelist=whitelist, error=str(error))
            if _is_away(error) and whitelist in ("ALLOWED", "ALLOWED_OFFLINE"):
                return by_token
            return msgspec.structs.replace(
                by_token, allowed=NOT_ALLOWED, method=AUTH_REQUEST, unanswered=(_unanswered(partner, error),)
            )

    async def _unknown(self, emsps: Iterable[Partner], uid: str, type: str, at: Place | None) -> Admission:
        """Ask every eMSP at once: one may not push its Tokens, or not those of this type (TOK-03, TOK-19).

        The first ALLOWED is the answer; who has not answered by then is not waited for.
        """
        best, in_vain = Admission(allowed=NOT_ALLOWED, method=AUTH_REQUEST), []

        async def ask(partner: Partner) -> Admission | Unanswered | None:
            try:
                return await self._ask(partner, uid, type, at)
            except UnknownToken:
                return None
            except PartnerError as error:
                log.warning("driver.not_answered", partner=partner.id, whitelist=None, error=str(error))
                return _unanswered(partner, error)

        tasks = [asyncio.create_task(ask(partner)) for partner in emsps]
        try:
            for done in asyncio.as_completed(tasks):
                answer = await done
                if isinstance(answer, Unanswered):
                    in_vain.append(answer)
                elif answer is not None and (not best.partner or _rank(answer) < _rank(best)):
                    best = answer
                if best.is_allowed:
                    break
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return msgspec.structs.replace(best, unanswered=tuple(in_vain))

    async def _ask(self, partner: Partner, uid: str, type: str, at: Place | None) -> Admission:
        """What the eMSP itself says.

        Raises:
            PartnerError: nothing, or no AuthorizationInfo; UnknownToken, Refused: it says no.
        """
        peer = self._peer_of(partner)
        if not peer.offers(MODULE, Interface.SENDER):
            raise Refused(f"{partner.id} cannot be asked about Tokens")
        references = peer.version.object_named("LocationReferences")
        place: Any = references(location_id=at.location_id, evse_uids=list(at.evse_uids) or None) if at else None
        try:
            async with asyncio.timeout(self.answer_s):
                found = await peer.authorize(uid, _type_in(peer.version, type), at=place)
        except TimeoutError as error:
            raise Unreachable(f"{partner.id}: no answer within {self.answer_s:g} s") from error
        token = getattr(found, "token", None)
        evses = found.location.evse_uids if found.location is not None else None
        return Admission(
            allowed=str(found.allowed),
            method=AUTH_REQUEST,
            partner=partner.id,
            token=codec.encode(token) if token is not None else None,
            reference=getattr(found, "authorization_reference", None),
            evse_uids=tuple(evses) if evses is not None else None,
            info=(found.info.language, found.info.text) if found.info is not None else None,
        )


def _type_in(version: Version, type: str) -> str:
    """The type of a Token in a version; one without a word for it calls it OTHER."""
    (kind,) = (field.type for field in fields_of(version.object_named("Token")) if field.name == "type")
    return type if kind(type).is_known else "OTHER"


def _rank(answer: Admission) -> int:
    return _MOST_TELLING.index(answer.allowed) if answer.allowed in _MOST_TELLING else len(_MOST_TELLING)


def _unanswered(partner: Partner, error: PartnerError) -> Unanswered:
    return Unanswered(partner=partner.id, reason=str(error), is_away=isinstance(error, Unreachable))


def _is_away(error: PartnerError) -> bool:
    """Whether the eMSP, or a hub on the way, could not be reached or is in no state to answer (TOK-22)."""
    return error.http_status >= HTTPStatus.INTERNAL_SERVER_ERROR or error.ocpi_status >= StatusCode.SERVER_ERROR
