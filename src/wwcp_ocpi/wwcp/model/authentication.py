# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a driver says who he is: with a card at the station, from his provider's app, by plug and charge ...

Exactly one of the ways is given. A token is compared without its separators and in any case: `04-ab-12` is `04AB12`.
"""

from __future__ import annotations

import re

import msgspec

from wwcp_ocpi.wwcp.ids.contracts import EMobilityAccountId
from wwcp_ocpi.wwcp.model.base import Extra, I18NText
from wwcp_ocpi.wwcp.model.texts import WWCPText

_PIN = re.compile(r"[a-fA-F0-9]{1,20}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}[-:]?)+")
MAX_LENGTH = 255


class AuthenticationPlace(WWCPText):
    """LOCAL: shown at the station. REMOTE: sent by a provider."""

    LOCAL = "LOCAL"
    REMOTE = "REMOTE"


class AuthTokenType(WWCPText):
    """What a token is."""

    RFID = "RFID"
    ISO15118 = "ISO15118"
    MACAddress = "MACAddress"
    AD_HOC_USER = "AD_HOC_USER"
    OTHER = "OTHER"


class AuthMethod(WWCPText):
    """How it was found out that the driver may charge."""

    AUTH_REQUEST = "AUTH_REQUEST"
    RESERVE = "RESERVE"
    REMOTESTART = "REMOTESTART"
    WHITELIST = "WHITELIST"
    OCSP = "OCSP"


class HashedPIN(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A PIN that only its owner knows."""

    value: str
    function: str
    salt: str | None = None
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class QRCodeIdentification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """A contract that was scanned from a QR code, with its PIN, plain or hashed."""

    emaid: EMobilityAccountId = msgspec.field(name="eMAId")
    pin: str | None = msgspec.field(default=None, name="PIN")
    hashed_pin: HashedPIN | None = msgspec.field(default=None, name="hashedPIN")
    extra: Extra | None = msgspec.field(default=None, name="@extra")


class Authentication(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """One way to say who one is. The type of a token is our addition to the WWCP JSON.

    Raises:
        ValueError: none or more than one of the ways, or a token or PIN that is none.
    """

    place: AuthenticationPlace = msgspec.field(default=AuthenticationPlace.LOCAL, name="authenticationType")
    auth_token: str | None = None
    auth_token_type: AuthTokenType | None = None
    qr_code_identification: QRCodeIdentification | None = msgspec.field(default=None, name="QRCodeIdentification")
    plug_and_charge_identification: EMobilityAccountId | None = None
    remote_identification: EMobilityAccountId | None = None
    pin: str | None = msgspec.field(default=None, name="PIN")
    public_key: str | None = None
    certificate: str | None = None
    auth_method: AuthMethod | None = None
    description: I18NText = {}
    extra: Extra | None = msgspec.field(default=None, name="@extra")

    def __post_init__(self) -> None:
        given = [way for way in self._ways() if way is not None]
        if len(given) != 1:
            raise ValueError(f"expected exactly one way of authentication, got {len(given)}")
        qr = self.qr_code_identification
        text = str(qr.emaid if qr is not None else given[0])
        if not text.strip() or (len(text) > MAX_LENGTH and self.certificate is None):
            raise ValueError(f"expected an identification of 1 to {MAX_LENGTH} characters, got {len(text)}")
        if self.pin is not None and not _PIN.fullmatch(self.pin):
            raise ValueError("expected a PIN of 1 to 20 hexadecimal digits")

    def _ways(self) -> tuple[object, ...]:
        return (
            self.auth_token,
            self.remote_identification,
            self.plug_and_charge_identification,
            self.qr_code_identification,
            self.pin,
            self.public_key,
            self.certificate,
        )

    @property
    def account(self) -> EMobilityAccountId | None:
        """The driver's contract, where it is known from this alone."""
        qr = self.qr_code_identification
        return self.remote_identification or self.plug_and_charge_identification or (qr.emaid if qr else None)

    @property
    def key(self) -> str:
        """Equal for what identifies the same driver in the same way: for caches, never shown."""
        if self.auth_token is not None:
            return f"token:{self.auth_token_type or ''}:{token_text(self.auth_token)}"
        if self.account is not None:
            return f"account:{self.account.canonical}"
        return f"other:{self.pin or self.public_key or self.certificate}"


def token_text(text: str) -> str:
    """A token as it is compared: upper case, and without the separators of a card's serial number."""
    bare = text.strip()
    return (re.sub("[-:]", "", bare) if _HEX.fullmatch(bare) else bare).upper()


def rfid(uid: str) -> Authentication:
    """A card that was held to a station. Raises ValueError for an empty text."""
    return Authentication(auth_token=uid, auth_token_type=AuthTokenType.RFID)


def remote(account: EMobilityAccountId) -> Authentication:
    """A contract that its provider names when it starts a session from afar."""
    return Authentication(place=AuthenticationPlace.REMOTE, remote_identification=account)
