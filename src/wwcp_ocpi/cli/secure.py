# SPDX-License-Identifier: AGPL-3.0-or-later
"""`party totp-from`, `totp-to`, `certificate`, `limit`: what a partner must show us, and what we show it."""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from wwcp_ocpi.cli.output import ConfigFile, Json, configuration, emit, say, show
from wwcp_ocpi.cli.platforms import with_platform
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import Access, Demand, Partner
from wwcp_ocpi.partners.passwords import PasswordsFrom, PasswordsTo, SealedTOTP
from wwcp_ocpi.partners.securing import new_secret
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security.certificates import CertificateRule
from wwcp_ocpi.security.passwords import SingleUse, carriers
from wwcp_ocpi.security.totp import BASE62, TOTP, configured

Id = Annotated[str, typer.Argument(help="The name you give the partner.")]
SecretFile = Annotated[
    str, typer.Option(help="File with the shared secret; - is standard input. A secret is never an argument.")
]
NewSecret = Annotated[
    str, typer.Option(help="Make a secret and write it to this new file, readable by you alone; - is standard output.")
]
Validity = Annotated[int, typer.Option(help="Seconds that a password is good for; with a secret.")]
Length = Annotated[int, typer.Option(help="Characters of a password, 4 to 255; with a secret.")]
Alphabet = Annotated[str, typer.Option(help="Its characters, in their order; with a secret.")]
Hash = Annotated[str, typer.Option(help="sha256, sha384 or sha512; with a secret.")]
TokenId = Annotated[str, typer.Option("--token", help="Id of one token, see `party show`; by default all of them.")]
Off = Annotated[bool, typer.Option("--off", help="Ask for none, or show none, any more.")]


def totp_from(
    id: Id,
    secret_file: SecretFile = "",
    new_secret: NewSecret = "",
    carrier: Annotated[
        list[str] | None, typer.Option(help="How passwords may come: header, basic or scheme. Repeatable.")
    ] = None,
    must_bind: Annotated[
        bool | None, typer.Option("--must-bind/--may-be-raw", help="Only passwords bound to the TLS connection count.")
    ] = None,
    single_use: Annotated[
        str | None, typer.Option(help="How often a raw password may come: off, per_connection or strict.")
    ] = None,
    bare: Annotated[
        bool | None, typer.Option("--bare/--no-bare", help="Take a TOTP header without the digit as well.")
    ] = None,
    validity: Validity = 30,
    length: Length = 12,
    alphabet: Alphabet = BASE62,
    hash: Hash = "sha256",
    at_once: Annotated[
        bool, typer.Option("--at-once", help="The old secret is good no longer. By default until the new one was used.")
    ] = False,
    token: TokenId = "",
    off: Off = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """The one-time passwords that a partner must show us: begin, change the secret or how, or end."""
    try:
        use = SingleUse(single_use) if single_use is not None else None
    except ValueError as error:
        raise UsageError(f"--single-use: expected off, per_connection or strict, got {single_use!r}") from error
    demand = Demand(
        carriers=tuple(sorted(carriers(carrier), key=lambda one: one.value)) if carrier else None,
        must_bind=must_bind,
        single_use=use,
        bare=bare,
    )
    totp, tell = _secret(secret_file, new_secret, validity_s=validity, length=length, alphabet=alphabet, hash=hash)

    async def work(platform: Platform) -> Partner:
        if off:
            return await platform.securing.expect_none(id, token=token)
        return await platform.securing.expect_passwords(id, totp, demand, token=token, at_once=at_once)

    _done(_changed(config, work, tell), json=json)


def totp_to(
    id: Id,
    secret_file: SecretFile = "",
    new_secret: NewSecret = "",
    carrier: Annotated[str | None, typer.Option(help="How we send it: header, basic or scheme.")] = None,
    bound: Annotated[
        bool | None, typer.Option("--bound/--raw", help="Bind it to the TLS connection, which must be TLS 1.3 then.")
    ] = None,
    validity: Validity = 30,
    length: Length = 12,
    alphabet: Alphabet = BASE62,
    hash: Hash = "sha256",
    off: Off = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """The one-time passwords that we show a partner: begin, change the secret or how, or end."""
    (way,) = carriers([carrier]) if carrier is not None else (None,)
    totp, tell = _secret(secret_file, new_secret, validity_s=validity, length=length, alphabet=alphabet, hash=hash)

    async def work(platform: Platform) -> Partner:
        if off:
            return await platform.securing.show_none(id)
        return await platform.securing.show_passwords(id, totp, carrier=way, is_bound=bound)

    _done(_changed(config, work, tell), json=json)


def certificate(
    id: Id,
    pin: Annotated[
        list[str] | None, typer.Option(help="SHA-256 of the public key of its certificate, in hex. Repeatable.")
    ] = None,
    issuer: Annotated[
        list[str] | None, typer.Option(help="SHA-256 of the public key of an authority that vouches. Repeatable.")
    ] = None,
    environment: Annotated[str, typer.Option(help="Environment that it must name: prod, staging or test.")] = "",
    parties: Annotated[bool, typer.Option("--parties", help="It must name all parties of the partner.")] = False,
    permissions: Annotated[
        bool, typer.Option("--permissions", help="It must name permissions. Those that it names limit it in any case.")
    ] = False,
    token: TokenId = "",
    off: Off = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """The client certificate that a partner must show us; this replaces what was asked before."""
    rule = CertificateRule(
        pins=digests("--pin", pin),
        issuers=digests("--issuer", issuer),
        environment=environment,
        parties=parties,
        permissions=permissions,
    )

    async def work(platform: Platform) -> Partner:
        return await platform.securing.expect_certificate(id, None if off else rule, token=token)

    _done(with_platform(configuration(config), work), json=json)


def limit(
    id: Id,
    token: Annotated[str, typer.Argument(help="Id of the token, see `party show`.")],
    block: Annotated[
        bool | None, typer.Option("--block/--unblock", help="Refuse it (401), or let it in again.")
    ] = None,
    not_before: Annotated[str | None, typer.Option(help="When it begins to be good; empty: at once.")] = None,
    not_after: Annotated[str | None, typer.Option(help="When it ends to be good; empty: never.")] = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Block one token of a partner, or bound the time in which it is good."""

    async def work(platform: Platform) -> Partner:
        return await platform.securing.limit_token(id, token, blocked=block, not_before=not_before, not_after=not_after)

    _done(with_platform(configuration(config), work), json=json)


COMMANDS: Mapping[str, Callable[..., None]] = {
    "totp-from": totp_from,
    "totp-to": totp_to,
    "certificate": certificate,
    "limit": limit,
}
"""What `party` has beside its own."""


def security_of(partner: Partner) -> dict[str, Any]:
    """What can be shown of a partner's secrets: that they are there, and how they are used."""
    return {
        "totp_from": _passwords_from(partner.totp_from),
        "totp_to": _passwords_to(partner.totp_to),
        "certificate": _rule(partner.certificate),
        "tokens": [_token(access) for access in partner.access],
    }


def _token(access: Access) -> dict[str, Any]:
    return {
        "id": access.id,
        "purpose": access.purpose.value,
        "roles": list(access.roles),
        "form": access.form.value,
        "created": access.created,
        "blocked": access.blocked,
        "not_before": access.not_before or None,
        "not_after": access.not_after or None,
        "totp_from": _passwords_from(access.totp_from),
        "certificate": _rule(access.certificate),
    }


def _passwords_from(passwords: PasswordsFrom | None) -> dict[str, Any] | None:
    if passwords is None:
        return None
    return {
        **_made(passwords.newest),
        "carriers": [one.value for one in passwords.carriers],
        "must_bind": passwords.must_bind,
        "single_use": passwords.single_use.value,
        "bare": passwords.bare,
        "older_secrets": len(passwords.older),
    }


def _passwords_to(passwords: PasswordsTo | None) -> dict[str, Any] | None:
    if passwords is None:
        return None
    return {**_made(passwords.made), "carrier": passwords.carrier.value, "bound": passwords.is_bound}


def _made(sealed: SealedTOTP) -> dict[str, Any]:
    return {
        "created": sealed.created,
        "validity_s": sealed.validity_s,
        "length": sealed.length,
        "alphabet": sealed.alphabet,
        "hash": sealed.hash,
    }


def _rule(rule: CertificateRule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    return {
        "pins": list(rule.pins),
        "issuers": list(rule.issuers),
        "environment": rule.environment or None,
        "parties": rule.parties,
        "permissions": rule.permissions,
    }


def digests(option: str, values: list[str] | None) -> tuple[str, ...]:
    """SHA-256 digests in lower case, from hex with or without colons.

    Raises:
        UsageError
    """
    found = []
    for value in values or ():
        text = value.replace(":", "").lower()
        try:
            is_digest = len(bytes.fromhex(text)) == 32  # SHA-256
        except ValueError:
            is_digest = False
        if not is_digest:
            raise UsageError(f"{option}: expected 64 hex digits, got {value[:80]!r}")
        found.append(text)
    return tuple(found)


def _secret(file: str, new_file: str, **made: Any) -> tuple[TOTP | None, Callable[[], None]]:
    """The settings with the secret that was given or asked for, and how a new one is told after it is stored."""
    if file and new_file:
        raise UsageError("--secret-file, --new-secret: expected one of them")
    if new_file:
        secret = new_secret()
        return configured(secret, **made), _telling(secret, new_file)
    if not file:
        return None, _nothing
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--secret-file: {file}: cannot be read: {error}") from error
    return configured(text, **made), _nothing


def _telling(secret: Secret, file: str) -> Callable[[], None]:
    if file == "-":
        return lambda: print(secret.reveal())
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise UsageError(f"--new-secret: {file}: {error.strerror}") from error
    with os.fdopen(descriptor, "w") as opened:
        opened.write(secret.reveal() + "\n")
    return _nothing


def _nothing() -> None:
    return None


def _changed(config: Path | None, work: Callable[[Platform], Awaitable[Partner]], tell: Callable[[], None]) -> Partner:
    partner = with_platform(configuration(config), work)
    tell()
    return partner


def _done(partner: Partner, *, json: bool) -> None:
    found = {"id": partner.id, **security_of(partner)}
    if json:
        emit(found)
    else:
        say(f"{partner.id}: done")
        show(partner.id, ["", ""], [(name, value) for name, value in found.items() if value])
