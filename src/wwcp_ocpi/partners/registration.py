# SPDX-License-Identifier: AGPL-3.0-or-later
"""Coming, renewing and going: the credentials handshake from both sides. Spec: credentials#credentials_use_cases.

The passive side answers what the server receives; the active side is asked by people. Both end in one record of
the partner, written in one step: there is no state in which only half of a handshake is known.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import structlog
from msgspec.structs import replace

from wwcp_ocpi.client.passwords import Passwords
from wwcp_ocpi.client.peer import Peer
from wwcp_ocpi.client.way import Way
from wwcp_ocpi.client.wire import Retries, Wire
from wwcp_ocpi.partners import calling, credentials
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.calling import Hosts, TLSTo
from wwcp_ocpi.partners.credentials import Theirs
from wwcp_ocpi.partners.model import Access, Partner, PartnerParty, Purpose, Remote
from wwcp_ocpi.partners.passwords import open_sealed
from wwcp_ocpi.partners.securing import check_dates
from wwcp_ocpi.protocol.credentials_token import TokenForm, new_token
from wwcp_ocpi.protocol.endpoint import Interface, Operation
from wwcp_ocpi.protocol.errors import (
    BadAnswer,
    InvalidParameters,
    MethodNotAllowed,
    NotAllowed,
    NotAuthenticated,
    OCPIError,
    PartnerError,
    Refused,
    Unreachable,
    UsageError,
)
from wwcp_ocpi.protocol.http import Transport
from wwcp_ocpi.protocol.modifiers import NO_MODIFIERS, Modifiers
from wwcp_ocpi.protocol.status import StatusCode
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.registry import version as version_of
from wwcp_ocpi.scalars import PartyId, Secret, now
from wwcp_ocpi.security import Vault
from wwcp_ocpi.security.audit import Event, Reason
from wwcp_ocpi.security.outbound import OutboundPolicy, OutboundRefused
from wwcp_ocpi.server.audit import Audit, LoggedAudit
from wwcp_ocpi.server.caller import Caller, unclaimed
from wwcp_ocpi.server.settings import ServerSettings
from wwcp_ocpi.store.ports import Store

log = structlog.get_logger()

_WHILE_ANSWERING = Retries(attempts=2, total_s=10.0, first_wait_s=0.1, longest_wait_s=2.0)
"""A partner waits for our answer while we read its versions: try once more, not for minutes."""


class Registration:
    """The credentials handshake, as the side that is asked (`Registrar`) and as the side that asks."""

    def __init__(
        self, settings: ServerSettings, book: PartnerBook, vault: Vault, store: Store, transport: Transport
    ) -> None:
        self._settings = settings
        self._book = book
        self._vault = vault
        self._store = store
        self._transport = transport
        self.clock: Callable[[], float] = time.time
        """Unix seconds, for one-time passwords."""
        self.policy = OutboundPolicy()
        """Which URLs may be called at all; partners have narrower ones."""
        self.audit: Audit = LoggedAudit()
        self.modifiers: dict[str, Modifiers] = {}
        """What the operator changes in the traffic with single partners, by the partner's id."""

    # The side that is asked

    async def credentials(self, caller: Caller, version: Version) -> bytes:
        """Our credentials, with the token that the caller showed."""
        return credentials.write(version, self._settings, caller.token, caller.roles, self._reached(caller.partner))

    async def register(self, caller: Caller, version: Version, body: bytes) -> bytes:
        """Take a partner's credentials for the first time.

        Raises:
            MethodNotAllowed: it is registered already (CRD-17), or this token cannot register.
            PartnerError: 3001, 3002 or 3003, see `_look`.
        """
        partner = self._book.get(caller.partner)
        if not self._holds_invitation(partner, caller):
            raise MethodNotAllowed(
                "credentials: already registered; use PUT to change credentials",
                headers={"allow": "GET, PUT, DELETE"},
            )
        return await self._accept(caller, version, body, first=True)

    async def update(self, caller: Caller, version: Version, body: bytes) -> bytes:
        """Take new credentials of a registered partner, in this version from now on.

        Raises:
            MethodNotAllowed: it is not registered (CRD-20).
            PartnerError: 3001, 3002 or 3003, see `_look`.
        """
        self._registered(caller)
        return await self._accept(caller, version, body, first=False)

    async def unregister(self, caller: Caller) -> None:
        """End the relation: every token of the partner dies (CRD-21).

        Raises:
            MethodNotAllowed: it is not registered (CRD-22).
        """
        self._registered(caller)
        await self._end(caller.partner)
        log.info("partner.unregistered", partner=caller.partner, by="partner")

    async def _accept(self, caller: Caller, version: Version, body: bytes, *, first: bool) -> bytes:
        theirs = credentials.read(version, body, self._settings.roles, caller.roles)
        self._check_claims(caller.partner, theirs)
        _check_certified(caller, theirs)
        remote = await self._look(caller.partner, version, theirs)
        token = new_token()

        def edit(partner: Partner) -> Partner:
            # Looked at again inside the transaction: of two that come at once, one registers.
            if first and not self._holds_invitation(partner, caller):
                raise MethodNotAllowed("credentials: already registered; use PUT to change credentials")
            return self._joined(partner, theirs, remote, self._access(partner, token, caller, first=first))

        await self._readdress(await self._book.change(caller.partner, edit))
        log.info(
            "partner.registered" if first else "partner.renewed",
            partner=caller.partner,
            version=version.number,
        )
        return credentials.write(version, self._settings, token, caller.roles, self._reached(caller.partner))

    async def _look(self, id: str, version: Version, theirs: Theirs) -> Remote:
        """Read the partner's versions and endpoints with the token it brought (CRD-15, CRD-18).

        Raises:
            PartnerError: 3001 its platform cannot be used, 3002 it does not offer this version, 3003 an endpoint
                that must be there is not.
        """
        try:
            peer = await Peer.open(
                theirs.versions_url,
                theirs.token,
                self._transport,
                versions=[version.number],
                retries=_WHILE_ANSWERING,
                modifiers=self._modifiers_of(id),
                passwords=self._passwords_to(id),
                way=self._way_in(id),
            )
        except UsageError as error:
            status = StatusCode.UNSUPPORTED_VERSION
            if error.ocpi_status != status:
                status = StatusCode.UNABLE_TO_USE_CLIENT_API
            raise PartnerError(f"$.url: {error}", ocpi_status=status) from error
        except (Unreachable, BadAnswer, Refused, NotAuthenticated) as error:
            raise PartnerError(
                f"$.url: cannot use the versions endpoint there: {error}",
                ocpi_status=StatusCode.UNABLE_TO_USE_CLIENT_API,
            ) from error
        self._expect_credentials(id, peer)
        return self._remote(theirs.versions_url, theirs.token, peer)

    def _registered(self, caller: Caller) -> None:
        if caller.is_registering or not self._book.get(caller.partner).is_registered:
            raise MethodNotAllowed(
                "credentials: not registered; use POST with the token you were invited with",
                headers={"allow": "GET, POST"},
            )

    def _holds_invitation(self, partner: Partner, caller: Caller) -> bool:
        hash = self._vault.hash_of(caller.token.reveal())
        return any(one.hash == hash and one.purpose is Purpose.INVITATION for one in partner.access)

    # The side that asks

    async def invite(
        self,
        id: str,
        *,
        name: str = "",
        roles: Iterable[str] = (),
        form: TokenForm = TokenForm.EITHER,
        not_after: str = "",
    ) -> Secret:
        """Make a TOKEN_A for a partner, new or known, to be handed over with our versions URL.

        `roles` bind every token that follows from it. An older invitation dies; a registration stays.

        Args:
            not_after: a DateTime until which it can be used; empty: it does not end.

        Raises:
            UsageError: a time that is none.
        """
        check_dates("", not_after)
        token = new_token()
        access = Access(
            hash=self._vault.hash_of(token.reveal()),
            purpose=Purpose.INVITATION,
            form=form,
            roles=tuple(sorted(set(roles))),
            created=now().wire,
            not_after=not_after,
        )

        def edit(partner: Partner) -> Partner:
            kept = tuple(one for one in partner.access if one.purpose is not Purpose.INVITATION)
            return replace(partner, name=name or partner.name, access=(*kept, access))

        await self._book.change(id, edit)
        return token

    async def issue(
        self,
        id: str,
        *,
        roles: Iterable[str] = (),
        form: TokenForm = TokenForm.EITHER,
        not_before: str = "",
        not_after: str = "",
    ) -> Secret:
        """Make one more credentials token for a partner that is registered, beside those it has.

        `roles` bind it: a partner that is CPO and EMSP can use one token for each. It is good between the two times.

        Raises:
            UsageError: not registered with this partner, or a time is none.
        """
        self._known(id)
        check_dates(not_before, not_after)
        token = new_token()
        access = Access(
            hash=self._vault.hash_of(token.reveal()),
            purpose=Purpose.ACCESS,
            form=form,
            roles=tuple(sorted(set(roles))),
            created=now().wire,
            not_before=not_before,
            not_after=not_after,
        )
        await self._book.change(id, lambda partner: replace(partner, access=(*partner.access, access)))
        return token

    async def join(
        self,
        id: str,
        versions_url: str,
        token_a: Secret,
        *,
        name: str = "",
        roles: Iterable[str] = (),
        versions: Iterable[str] | None = None,
    ) -> Partner:
        """Register at a partner that invited us: the active side of the handshake.

        Raises:
            UsageError: no version in common, or no credentials endpoint there; nothing was sent (CRD-12).
            Refused: the partner refused; with `http_status` 405 we are registered there already.
            PartnerError: the partner cannot be reached, or answered outside the protocol.
        """
        peer = await Peer.open(
            versions_url,
            token_a,
            self._transport,
            versions=self._choice(versions),
            retries=Retries(attempts=2),
            modifiers=self._modifiers_of(id),
            passwords=self._passwords_to(id),
            way=self._way_in(id),
        )
        self._expect_credentials(id, peer)
        return await self._exchange(id, versions_url, peer, Operation.REGISTER, name=name, roles=tuple(roles))

    async def renew(self, id: str, *, versions: Iterable[str] | None = None) -> Partner:
        """New tokens on both sides, and the best version that both speak now.

        Raises:
            UsageError: not registered with this partner.
            PartnerError: as `join`.
        """
        partner, remote = self._known(id)
        peer = await Peer.open(
            remote.versions_url,
            self._vault.open(remote.token),
            self._transport,
            versions=self._choice(versions),
            form=remote.form,
            modifiers=self._modifiers_of(id),
            passwords=self._passwords_to(id),
            way=self._way_in(id),
        )
        self._expect_credentials(id, peer)
        return await self._exchange(id, remote.versions_url, peer, Operation.UPDATE_CREDENTIALS, name=partner.name)

    async def leave(self, id: str) -> None:
        """Unregister at a partner; locally it ends even if the partner cannot be reached, and that is raised.

        Raises:
            UsageError: not registered with this partner.
            PartnerError: the partner did not confirm.
        """
        self._known(id)
        try:
            await self.peer(id).credentials(Operation.UNREGISTER)
        finally:
            await self._end(id)
            log.info("partner.unregistered", partner=id, by="us")

    def peer(self, id: str) -> Peer:
        """The partner as a peer to call, from what is remembered.

        Raises:
            UsageError: not registered with this partner.
        """
        return self.peer_of(self._book.get(id))

    def peer_of(self, partner: Partner) -> Peer:
        """The same for a partner at hand."""
        remote = partner.remote
        if remote is None:
            raise UsageError(f"not registered with partner {partner.id}")
        ours, theirs = self._facing(partner)
        wire = Wire(
            self._transport,
            self._vault.open(remote.token),
            remote.form,
            retries=Retries(),
            ours=ours,
            theirs=theirs,
            modifiers=self._modifiers_of(partner.id),
            passwords=self._opened(partner),
            way=self._way_to(partner),
        )
        return Peer(wire, version_of(remote.version), remote.endpoints)

    async def _exchange(
        self,
        id: str,
        versions_url: str,
        peer: Peer,
        operation: Operation,
        *,
        name: str = "",
        roles: tuple[str, ...] = (),
    ) -> Partner:
        token = new_token()
        hash = self._vault.hash_of(token.reveal())
        shown = Access(hash=hash, purpose=Purpose.HANDSHAKE, roles=tuple(sorted(set(roles))), created=now().wire)
        # The partner reads our versions with this token before it answers, so it must be known first.
        await self._book.change(
            id, lambda partner: replace(partner, name=name or partner.name, access=(*partner.access, shown))
        )
        try:
            known = self._book.get(id)
            body = await peer.credentials(
                operation,
                credentials.write(
                    peer.version, self._settings, token, frozenset(roles) or known.roles, self._reached(id)
                ),
            )
            theirs = credentials.read(peer.version, body, self._settings.roles, frozenset(roles))
            self._check_claims(id, theirs)
        except (OCPIError, OSError):
            await self._book.change(
                id,
                lambda partner: replace(partner, access=tuple(one for one in partner.access if one.hash != hash)),
            )
            raise

        remote = self._remote(theirs.versions_url or versions_url, theirs.token, peer)

        def edit(partner: Partner) -> Partner:
            older = tuple(one for one in partner.access if one.hash != hash and one.purpose is Purpose.ACCESS)
            heir = older[0] if older else shown
            fresh = replace(
                heir,
                hash=shown.hash,
                created=shown.created,
                purpose=Purpose.ACCESS,
                form=shown.form,
                roles=tuple(sorted(set(roles))) or heir.roles,
                replaces=tuple(one.hash for one in older),
                blocked=False,
            )
            return self._joined(partner, theirs, remote, (*older, fresh))

        partner = await self._book.change(id, edit)
        await self._readdress(partner)
        log.info("partner.joined", partner=id, version=peer.version.number)
        return partner

    # What both sides need

    async def _readdress(self, partner: Partner) -> None:
        """What was stored for its parties while nobody had them is the partner's from now on."""
        for party in partner.party_ids:
            await self._store.readdress(unclaimed(party), partner.id)

    async def _end(self, id: str) -> None:
        await self._book.change(id, lambda partner: replace(partner, access=(), remote=None))
        await self._store.forget(id)

    def _access(self, partner: Partner, token: Secret, caller: Caller, *, first: bool) -> tuple[Access, ...]:
        """The partner's tokens with the fresh one. It stands for what the token stood for that it follows."""
        hash = self._vault.hash_of(caller.token.reveal())
        shown = next((one for one in partner.access if one.hash == hash), None)
        fresh = replace(
            shown or Access(hash=hash, purpose=Purpose.ACCESS),
            hash=self._vault.hash_of(token.reveal()),
            purpose=Purpose.ACCESS,
            replaces=() if first else (hash,),
            created=now().wire,
            # An invitation that ends soon is for a registration that does not.
            not_before="",
            not_after="" if first or shown is None else shown.not_after,
        )
        # CRD-06: an invitation dies with its use; a renewed token lives until its successor was used.
        kept = tuple(one for one in partner.access if one.purpose is Purpose.ACCESS)
        return (*kept, fresh)

    def _joined(self, partner: Partner, theirs: Theirs, remote: Remote, access: tuple[Access, ...]) -> Partner:
        return replace(
            partner,
            name=partner.name or theirs.parties[0].name,
            parties=theirs.parties,
            # A version that cannot say so leaves it at what the operator said.
            hub=theirs.hub if theirs.tells_hub else partner.hub,
            remote=remote,
            access=access,
        )

    def _remote(self, versions_url: str, token: Secret, peer: Peer) -> Remote:
        return Remote(
            versions_url=versions_url,
            token=self._vault.seal(token),
            form=peer.wire.form,
            version=peer.version.number,
            endpoints=tuple(peer.endpoints),
        )

    def _expect_credentials(self, id: str, peer: Peer) -> None:
        """Refuse a platform without credentials endpoint, or with one where the operator lets nobody call it.

        Raises:
            PartnerError: 3003, or 3001.
        """
        hosts = self._hosts_of(id)
        if hosts.only:
            for endpoint in peer.endpoints:
                self._check_place(peer.wire.way, endpoint.url)
        if not peer.offers("credentials", Interface.BOTH):
            raise PartnerError(
                f"no credentials endpoint among the partner's OCPI {peer.version.number} endpoints",
                ocpi_status=StatusCode.NO_MATCHING_ENDPOINTS,
            )

    def _check_place(self, way: Way, url: str) -> None:
        try:
            way.check(url)
        except OutboundRefused as error:
            way.refused(error)
            status = StatusCode.UNABLE_TO_USE_CLIENT_API
            raise PartnerError(f"an endpoint of the partner: {error}", ocpi_status=status) from error

    def _check_claims(self, id: str, theirs: Theirs) -> None:
        """A party in a role belongs to one partner, and never is one of ours: nobody speaks for another.

        Raises:
            InvalidParameters
        """
        if theirs.hub is not None:
            return  # It lists whom it reaches (CRD-29), and speaks for anybody.
        for index, party in enumerate(theirs.parties):
            claimed = any(
                own.id == party.id and (party.role is None or own.role == party.role) for own in self._settings.parties
            ) or any(
                other.is_registered
                and other.hub is None
                and other.id != id
                and (party.id, party.role) == (known.id, known.role)
                for other in self._book.all()
                for known in other.parties
            )
            if claimed:
                raise InvalidParameters(
                    f"$.roles[{index}]: {party.id} as {party.role or 'a party'} is registered for another platform",
                    path=f"$.roles[{index}]",
                )

    def _reached(self, id: str) -> list[PartnerParty]:
        """Who can be reached through us, if we are a hub: the parties of all other partners."""
        if not self._settings.relayed:
            return []
        others = [one for one in self._book.all() if one.is_registered and one.id != id]
        return [party for one in others for party in one.parties]

    def _modifiers_of(self, id: str) -> Modifiers:
        return self.modifiers.get(id, NO_MODIFIERS)

    def _passwords_to(self, id: str) -> Passwords | None:
        partner = self._book.find(id)
        return self._opened(partner) if partner is not None else None

    def may_call(self, id: str, url: str) -> bool:
        """Whether a partner is at this URL, as far as it said where it is; if not, that is noted."""
        partner = self._book.find(id)
        if partner is None or not partner.is_registered:
            return True  # nothing goes to it before it has said where it is
        way = self._way_to(partner)
        try:
            way.check(url)
        except OutboundRefused as error:
            way.refused(error)
            return False
        return True

    def _way_to(self, partner: Partner) -> Way:
        """To the hosts of a registered partner."""
        policy = calling.policy_for(self.policy, partner.urls, partner.hosts)
        return self._way(partner.id, policy, partner.tls_to)

    def _way_in(self, id: str) -> Way:
        """The same while it registers: its own words say where it is, unless the operator has said so."""
        hosts, known = self._hosts_of(id), self._book.find(id)
        policy = calling.policy_for(self.policy, (), hosts) if hosts.only else self.policy
        return self._way(id, policy, known.tls_to if known is not None else None)

    def _way(self, id: str, policy: OutboundPolicy, tls: TLSTo | None) -> Way:
        def refused(error: OutboundRefused) -> None:
            self.audit.append(Event(Reason.OUTBOUND_REFUSED, partner=id, detail=str(error)))

        return Way(policy=policy, tls=calling.opened(self._vault, id, tls), refused=refused)

    def _hosts_of(self, id: str) -> Hosts:
        known = self._book.find(id)
        return known.hosts if known is not None else Hosts()

    def _opened(self, partner: Partner) -> Passwords | None:
        """The one-time passwords that we show this partner, in every call of every module."""
        shown = partner.totp_to
        if shown is None:
            return None
        return Passwords(
            totp=open_sealed(self._vault, shown.made),
            carrier=shown.carrier,
            is_bound=shown.is_bound,
            clock=self.clock,
        )

    def _facing(self, partner: Partner) -> tuple[PartyId | None, PartyId | None]:
        """Which parties the routing headers name: only where each side is one party is there no doubt."""
        ours, theirs = self._settings.party_ids, partner.party_ids
        is_one = len(theirs) == 1 and partner.hub is None  # TRN-42: behind a hub, it finds the receiver
        return (
            next(iter(ours)) if len(ours) == 1 else None,
            next(iter(theirs)) if is_one else None,
        )

    def _choice(self, versions: Iterable[str] | None) -> list[str]:
        return [number for number in self._settings.versions if versions is None or number in set(versions)]

    def _known(self, id: str) -> tuple[Partner, Remote]:
        partner = self._book.get(id)
        if partner.remote is None:
            raise UsageError(f"not registered with partner {id}")
        return partner, partner.remote


def _check_certified(caller: Caller, theirs: Theirs) -> None:
    """Refuse parties that the caller's certificate does not name, where it must name them.

    Raises:
        NotAllowed
    """
    for index, party in enumerate(theirs.parties):
        if caller.certified is not None and party.id not in caller.certified:
            path = f"$.roles[{index}]"
            raise NotAllowed(f"{path}: the certificate does not name {party.id}", path=path)
