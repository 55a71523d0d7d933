# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a one-time password travels: in a header of its own, as a Basic password, or in the TOTP scheme.

Authorization: Token <credentials token>       beside       TOTP: 0 <password>      (1: bound to the channel)
Authorization: Basic <Base64 of login:password>
Authorization: TOTP login="<Base64>", totp="<Base64>"[, tlscb=false]
"""

from __future__ import annotations

import base64
import binascii
import re
from enum import Enum
from functools import lru_cache

import msgspec

from wwcp_ocpi.protocol.errors import NotAuthenticated

LONGEST = 2048
"""Of a header, in characters: a login and a password need less than half of it."""


class Carrier(Enum):
    """The way a password is sent. Each can be switched on for each partner and direction."""

    HEADER = "header"
    BASIC = "basic"
    SCHEME = "scheme"

    __hash__ = object.__hash__  # each is there once, and is looked up at each request


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller showed. `login` is None where the credentials token beside it says who calls."""

    carrier: Carrier
    password: str
    is_bound: bool
    login: str | None = None


_FLAG = {"0": False, "1": True}
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([!#$%&\'*+\-.^_`|~0-9A-Za-z/]+=*))\s*(?:,|$)')
_BOOLEAN = {"true": True, "false": False}


@lru_cache(maxsize=1024)
def read_header(text: str, bare: bool = False) -> Shown:
    """The password in a `TOTP` header: a digit that says whether it is bound, a blank, and the password.

    Args:
        bare: whether the form without a digit is taken as well, as an older paper has it; it is not bound.

    Raises:
        NotAuthenticated
    """
    flag, blank, password = text.strip().partition(" ")
    if len(text) <= LONGEST:
        if blank and flag in _FLAG and password.strip() and " " not in password.strip():
            return Shown(carrier=Carrier.HEADER, password=password.strip(), is_bound=_FLAG[flag])
        if bare and flag and not blank:
            return Shown(carrier=Carrier.HEADER, password=flag, is_bound=False)
    raise NotAuthenticated("TOTP: expected 0 or 1, a blank, and the password")


def write_header(password: str, *, is_bound: bool) -> str:
    """The value of a `TOTP` header."""
    return f"{int(is_bound)} {password}"


def read_basic(text: str) -> Shown:
    """The login and password of Basic. The password is never bound.

    Raises:
        NotAuthenticated
    """
    scheme, _, encoded = text.strip().partition(" ")
    login, colon, password = ("", "", "")
    if len(text) <= LONGEST and scheme.lower() == "basic":
        login, colon, password = (_decoded(encoded.strip()) or "").rpartition(":")
    if not (login and colon and password):
        raise NotAuthenticated("Authorization: expected Basic with login and password")
    return Shown(carrier=Carrier.BASIC, password=password, is_bound=False, login=login)


def write_basic(login: str, password: str) -> str:
    """The value of `Authorization` for Basic."""
    return f"Basic {_encoded(f'{login}:{password}')}"


def read_scheme(text: str) -> Shown:
    """The parameters of the TOTP scheme. `tlscb` is true unless it says otherwise; unknown ones are ignored.

    Raises:
        NotAuthenticated: not this scheme, a parameter that is missing, twice there or no Base64, or no list of
            parameters at all.
    """
    scheme, _, rest = text.strip().partition(" ")
    if len(text) > LONGEST or scheme.lower() != "totp":
        raise _no_scheme("expected the scheme TOTP")
    found = _parameters(rest.strip())
    login, password = (_decoded(found.get(name, "")) for name in ("login", "totp"))
    if not login or not password:
        raise _no_scheme("expected login and totp, each in Base64")
    is_bound = _BOOLEAN.get(found.get("tlscb", "true").lower())
    if is_bound is None:
        raise _no_scheme("tlscb: expected true or false")
    return Shown(carrier=Carrier.SCHEME, password=password, is_bound=is_bound, login=login)


def write_scheme(login: str, password: str, *, is_bound: bool) -> str:
    """The value of `Authorization` for the TOTP scheme."""
    flag = "" if is_bound else ", tlscb=false"
    return f'TOTP login="{_encoded(login)}", totp="{_encoded(password)}"{flag}'


def _parameters(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _PARAMETER.match(text, at)
        if match is None:
            raise _no_scheme("expected parameters, as login=..., totp=...")
        name, quoted, plain = match.groups()
        if name.lower() in found:
            raise _no_scheme(f"{name.lower()[:16]}: stands there twice")
        found[name.lower()] = plain if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        at = match.end()
    return found


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decoded(text: str) -> str | None:
    try:
        return base64.b64decode(text, validate=True).decode()
    except (binascii.Error, ValueError):
        return None


def _no_scheme(problem: str) -> NotAuthenticated:
    return NotAuthenticated(f"Authorization: {problem}")
