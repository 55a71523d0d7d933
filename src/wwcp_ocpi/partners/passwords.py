# SPDX-License-Identifier: AGPL-3.0-or-later
"""One-time passwords as they are remembered: what a partner must show us, and what we show it. Secrets are sealed."""

from __future__ import annotations

import msgspec
from msgspec.structs import replace

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.security import Vault
from wwcp_ocpi.security.carriers import Carrier
from wwcp_ocpi.security.passwords import Expected, SingleUse, check_expected
from wwcp_ocpi.security.totp import BASE62, TOTP, configured

_OLDER = 3


class SealedTOTP(msgspec.Struct, frozen=True, kw_only=True):
    """How passwords are made; see `security.totp.TOTP`. `secret` is sealed."""

    secret: str
    validity_s: int = 30
    length: int = 12
    alphabet: str = BASE62
    hash: str = "sha256"
    created: str = ""


class PasswordsFrom(msgspec.Struct, frozen=True, kw_only=True):
    """What a partner must show us. `older` are settings that are good until the newest were used once."""

    newest: SealedTOTP
    older: tuple[SealedTOTP, ...] = ()
    carriers: tuple[Carrier, ...] = (Carrier.HEADER,)
    must_bind: bool = False
    single_use: SingleUse = SingleUse.OFF
    bare: bool = False

    @property
    def ways(self) -> tuple[SealedTOTP, ...]:
        """All settings that count, the newest first."""
        return (self.newest, *self.older)

    def rotated(self, newest: SealedTOTP) -> PasswordsFrom:
        """With new settings; those of now stay good until the new ones were used."""
        return replace(self, newest=newest, older=self.ways[:_OLDER])

    def settled(self, shown: str) -> PasswordsFrom:
        """Without what is older than the settings with this sealed secret, which were just used."""
        known = [one.secret for one in self.ways]
        if shown not in known:
            return self  # gone by now
        return replace(self, older=self.older[: known.index(shown)])


class PasswordsTo(msgspec.Struct, frozen=True, kw_only=True):
    """What we show a partner. `is_bound`: bound to the TLS connection, which must be 1.3 then."""

    made: SealedTOTP
    carrier: Carrier = Carrier.HEADER
    is_bound: bool = False


def seal(vault: Vault, totp: TOTP, *, created: str = "") -> SealedTOTP:
    """Settings as they are stored."""
    return SealedTOTP(
        secret=vault.seal(totp.secret),
        validity_s=totp.validity_s,
        length=totp.length,
        alphabet=totp.alphabet,
        hash=totp.hash,
        created=created,
    )


def open_sealed(vault: Vault, sealed: SealedTOTP) -> TOTP:
    """Settings that can be used.

    Raises:
        UsageError: sealed with another server key.
    """
    return configured(
        vault.open(sealed.secret),
        validity_s=sealed.validity_s,
        length=sealed.length,
        alphabet=sealed.alphabet,
        hash=sealed.hash,
    )


def expected(vault: Vault, passwords: PasswordsFrom) -> Expected:
    """What the server asks for.

    Raises:
        UsageError: sealed with another server key, or not to be met by anybody.
    """
    made = Expected(
        ways=tuple(open_sealed(vault, one) for one in passwords.ways),
        carriers=frozenset(passwords.carriers),
        must_bind=passwords.must_bind,
        single_use=passwords.single_use,
        bare=passwords.bare,
    )
    check_expected(made)
    return made


def check_sent(passwords: PasswordsTo) -> None:
    """Refuse what cannot be sent.

    Raises:
        UsageError
    """
    if passwords.is_bound and passwords.carrier is Carrier.BASIC:
        raise UsageError("a password in Basic is never bound to the connection: take another carrier")
