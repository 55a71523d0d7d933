# SPDX-License-Identifier: AGPL-3.0-or-later
"""What an operator decides about the secrets of one partner: passwords in both directions, certificates, tokens."""

from __future__ import annotations

import secrets
from collections.abc import Iterable

import msgspec
import structlog
from msgspec.structs import replace

from wwcp_ocpi.partners import calling
from wwcp_ocpi.partners.book import PartnerBook
from wwcp_ocpi.partners.calling import Hosts, TLSWish
from wwcp_ocpi.partners.model import Access, Partner
from wwcp_ocpi.partners.passwords import (
    PasswordsFrom,
    PasswordsTo,
    SealedTOTP,
    check_sent,
    expected,
    open_sealed,
    seal,
)
from wwcp_ocpi.protocol.errors import NotFound, UsageError
from wwcp_ocpi.scalars import DateTime, Secret, now
from wwcp_ocpi.security import Vault
from wwcp_ocpi.security.carriers import Carrier
from wwcp_ocpi.security.certificates import CertificateRule
from wwcp_ocpi.security.passwords import SingleUse
from wwcp_ocpi.security.totp import TOTP

log = structlog.get_logger()


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different in the passwords of a partner; what is None stays as it is."""

    carriers: tuple[Carrier, ...] | None = None
    must_bind: bool | None = None
    single_use: SingleUse | None = None
    bare: bool | None = None


class Securing:
    """Changes what partners must show, and what we show them. A running gateway notices within a second."""

    def __init__(self, book: PartnerBook, vault: Vault) -> None:
        self._book = book
        self._vault = vault

    async def expect_passwords(
        self, id: str, totp: TOTP | None, demand: Demand, *, token: str = "", at_once: bool = False
    ) -> Partner:
        """Have a partner show one-time passwords, change how, or give them a new secret.

        With a new secret, the old one stays good until the new one was used once.

        Args:
            totp: the new settings; None leaves them.
            token: the id of the token that this is about; empty: every token without passwords of its own.
            at_once: the old secret is good no longer.

        Raises:
            UsageError: there is no secret yet, or the settings cannot be met or can be guessed.
            NotFound: no such partner or token.
        """
        self._book.get(id)
        sealed = seal(self._vault, totp, created=now().wire) if totp is not None else None

        def edit(partner: Partner) -> Partner:
            known = _access(partner, token).totp_from if token else partner.totp_from
            made = _demanded(known, sealed, demand, at_once=at_once)
            expected(self._vault, made)
            if partner.totp_to is not None:
                self._check_apart(made.newest, partner.totp_to.made)
            return _with_access(partner, token, totp_from=made) if token else replace(partner, totp_from=made)

        partner = await self._book.change(id, edit)
        log.info("partner.passwords_expected", partner=id, token=token, rotated=sealed is not None)
        return partner

    async def show_passwords(
        self, id: str, totp: TOTP | None, *, carrier: Carrier | None = None, is_bound: bool | None = None
    ) -> Partner:
        """Show a partner one-time passwords from now on, change how, or take a new secret.

        Raises:
            UsageError: there is no secret yet, or it is the one that the partner shows us.
            NotFound: no such partner.
        """
        self._book.get(id)
        sealed = seal(self._vault, totp, created=now().wire) if totp is not None else None

        def edit(partner: Partner) -> Partner:
            known = partner.totp_to
            made = sealed or (known.made if known is not None else None)
            if made is None:
                raise UsageError("no secret is known: give one with --secret-file or --new-secret")
            shown = PasswordsTo(
                made=made,
                carrier=carrier or (known.carrier if known is not None else Carrier.HEADER),
                is_bound=(known.is_bound if known is not None else False) if is_bound is None else is_bound,
            )
            check_sent(shown)
            for one in (partner.totp_from, *(access.totp_from for access in partner.access)):
                if one is not None:
                    self._check_apart(one.newest, made)
            return replace(partner, totp_to=shown)

        partner = await self._book.change(id, edit)
        log.info("partner.passwords_shown", partner=id, rotated=sealed is not None)
        return partner

    async def expect_none(self, id: str, *, token: str = "") -> Partner:
        """Ask a partner, or one of its tokens, for no passwords of its own any more."""
        self._book.get(id)

        def edit(partner: Partner) -> Partner:
            return _with_access(partner, token, totp_from=None) if token else replace(partner, totp_from=None)

        return await self._book.change(id, edit)

    async def show_none(self, id: str) -> Partner:
        """Show a partner no passwords any more."""
        self._book.get(id)
        return await self._book.change(id, lambda partner: replace(partner, totp_to=None))

    async def meet(self, id: str, wish: TLSWish | None) -> Partner:
        """Show a partner's server a certificate of its own, or trust it in its own way; None: as everybody's again.

        Raises:
            UsageError: a certificate or key that cannot be used.
            NotFound: no such partner.
        """
        self._book.get(id)

        def edit(partner: Partner) -> Partner:
            made = calling.wished(self._vault, partner.tls_to, wish) if wish is not None else None
            return replace(partner, tls_to=made)

        partner = await self._book.change(id, edit)
        log.info("partner.tls_changed", partner=id, is_set=wish is not None)
        return partner

    async def call_at(self, id: str, hosts: Hosts) -> Partner:
        """Say where a partner may be called, beside the hosts of its URLs or instead of them."""
        self._book.get(id)
        partner = await self._book.change(id, lambda known: replace(known, hosts=hosts))
        log.info("partner.hosts_changed", partner=id, hosts=hosts.named, only=hosts.only)
        return partner

    async def expect_certificate(self, id: str, rule: CertificateRule | None, *, token: str = "") -> Partner:
        """Have a partner, or one of its tokens, come with a client certificate; None asks for none."""
        self._book.get(id)

        def edit(partner: Partner) -> Partner:
            return _with_access(partner, token, certificate=rule) if token else replace(partner, certificate=rule)

        partner = await self._book.change(id, edit)
        log.info("partner.certificate_rule", partner=id, token=token, is_set=rule is not None)
        return partner

    async def limit_token(
        self,
        id: str,
        token: str,
        *,
        blocked: bool | None = None,
        not_before: str | None = None,
        not_after: str | None = None,
    ) -> Partner:
        """Block a token, let it in again, or bound its time; what is None stays, an empty time is none.

        Raises:
            UsageError: a time that is none, or that ends before it begins.
            NotFound: no such partner or token.
        """
        self._book.get(id)
        named = {"blocked": blocked, "not_before": not_before, "not_after": not_after}
        changes = {name: value for name, value in named.items() if value is not None}
        partner = await self._book.change(id, lambda known: _with_access(known, token, **changes))
        log.info("partner.token_limited", partner=id, token=token)
        return partner

    def _check_apart(self, theirs: SealedTOTP, ours: SealedTOTP) -> None:
        """A secret is for one direction: what we show could be sent back to us."""
        if open_sealed(self._vault, theirs).secret == open_sealed(self._vault, ours).secret:
            raise UsageError("this secret is that of the other direction: each direction needs its own")


def new_secret() -> Secret:
    """A fresh secret for one-time passwords: 43 characters, 256 bits."""
    return Secret(secrets.token_urlsafe(32))


def check_dates(not_before: str, not_after: str) -> None:
    """Refuse times of a token that are none, or in the wrong order.

    Raises:
        UsageError
    """
    moments = []
    for name, text in (("not_before", not_before), ("not_after", not_after)):
        try:
            moments += [DateTime.parse(text)] if text else []
        except ValueError as error:
            raise UsageError(f"{name}: {error}") from error
    if len(moments) > 1 and moments[0] >= moments[1]:
        raise UsageError(f"not_after: expected a time after {not_before}, got {not_after}")


def _demanded(
    known: PasswordsFrom | None, sealed: SealedTOTP | None, demand: Demand, *, at_once: bool
) -> PasswordsFrom:
    if sealed is None and known is None:
        raise UsageError("no secret is known: give one with --secret-file or --new-secret")
    if known is None:
        assert sealed is not None, "one of the two is there"
        made = PasswordsFrom(newest=sealed)
    else:
        made = known if sealed is None else known.rotated(sealed)
    if at_once:
        made = replace(made, older=())
    named = {name: getattr(demand, name) for name in demand.__struct_fields__}
    return replace(made, **{name: value for name, value in named.items() if value is not None})


def _access(partner: Partner, token: str) -> Access:
    found = [one for one in partner.access if one.id == token]
    if not found:
        known: Iterable[str] = (one.id for one in partner.access)
        raise NotFound(f"no token {token[:20]!r} of {partner.id}; there are {', '.join(known) or 'none'}")
    return found[0]


def _with_access(partner: Partner, token: str, **changes: object) -> Partner:

    access = replace(_access(partner, token), **changes)
    check_dates(access.not_before, access.not_after)
    return replace(partner, access=tuple(access if one.hash == access.hash else one for one in partner.access))
