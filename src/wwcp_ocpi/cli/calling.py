# SPDX-License-Identifier: AGPL-3.0-or-later
"""`party tls-to`, `hosts`: how a partner is called, and where it may be called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from wwcp_ocpi.cli.output import ConfigFile, Json, configuration, emit, say, show
from wwcp_ocpi.cli.platforms import with_platform
from wwcp_ocpi.cli.secure import Id, digests
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import Partner
from wwcp_ocpi.partners.calling import TLSTo, TLSWish, hosts
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import DateTime, Secret
from wwcp_ocpi.security.client_identity import Shown


def tls_to(
    id: Id,
    certificate: Annotated[
        str, typer.Option(help="Our client certificate for this partner with its chain, a PEM file; with --key.")
    ] = "",
    key: Annotated[str, typer.Option(help="Its private key, a PEM file without a passphrase. It is kept sealed.")] = "",
    authorities: Annotated[
        str | None,
        typer.Option(help="Authorities of the partner's server, a PEM file; empty: those of the configuration."),
    ] = None,
    pin: Annotated[
        list[str] | None,
        typer.Option(help="SHA-256 of the public key of the partner's server, in hex; empty: none. Repeatable."),
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="As the configuration has it for everybody.")] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """The certificate that we show a partner, and whom its server must be vouched by; what is not named stays.

    A running gateway uses it from the next connection on. The files are read once and needed no more.
    """
    if bool(certificate) != bool(key):
        raise UsageError("--certificate, --key: expected both or none")
    if not (certificate or off) and authorities is None and pin is None:
        raise UsageError("expected --certificate with --key, --authorities, --pin or --off")
    wish = TLSWish(
        certificate=(_text("--certificate", certificate), Secret(_text("--key", key))) if certificate else None,
        authorities=authorities and _text("--authorities", authorities),
        pins=None if pin is None else digests("--pin", [one for one in pin if one]),
    )

    async def work(platform: Platform) -> Partner:
        return await platform.securing.meet(id, None if off else wish)

    _done(with_platform(configuration(config), work), json=json)


def at_hosts(
    id: Id,
    host: Annotated[
        list[str] | None, typer.Argument(help="host or host:port, beside those of its URLs; none: just those.")
    ] = None,
    only: Annotated[
        bool, typer.Option("--only", help="The hosts of its URLs count for nothing; new credentials must be on these.")
    ] = False,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Where a partner may be called; this replaces what was said before. Our credentials go nowhere else."""
    made = hosts(host or (), only=only)

    async def work(platform: Platform) -> Partner:
        return await platform.securing.call_at(id, made)

    _done(with_platform(configuration(config), work), json=json)


COMMANDS: Mapping[str, Callable[..., None]] = {"tls-to": tls_to, "hosts": at_hosts}
"""What `party` has of this."""


def calling_of(partner: Partner) -> dict[str, Any]:
    """What can be shown of how a partner is called: no key."""
    return {
        "tls_to": _tls(partner.tls_to),
        "hosts": {"named": list(partner.hosts.named), "only": partner.hosts.only},
    }


def in_words(partner: Partner) -> list[tuple[str, str]]:
    """The same for people, as far as there is something to say."""
    tls, said = partner.tls_to, list[tuple[str, str]]()
    if tls is not None:
        said += [("client certificate", _line(one)) for one in tls.certificates[:1]]
        said += [("authority of its server", _line(one)) for one in tls.trusted]
        said += [("pinned key of its server", pin) for pin in tls.pins]
    if partner.hosts.named:
        said.append(("only at" if partner.hosts.only else "also at", ", ".join(partner.hosts.named)))
    return said


def _tls(tls: TLSTo | None) -> dict[str, Any] | None:
    if tls is None:
        return None
    chain = _all(tls.certificates)
    return {
        "certificate": chain[0] if chain else None,
        "created": tls.created or None,
        "authorities": _all(tls.trusted),
        "pins": list(tls.pins),
    }


def _all(certificates: Iterable[Shown]) -> list[dict[str, str]]:
    return [
        {"subject": one.subject, "fingerprint": one.fingerprint, "expires": DateTime.of(one.not_after).wire}
        for one in certificates
    ]


def _line(one: Shown) -> str:
    return f"{one.subject}, until {DateTime.of(one.not_after).wire}, SHA-256 {one.fingerprint}"


def _text(option: str, file: str) -> str:
    try:
        return Path(file).read_text("ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{option}: {file}: cannot be read: {error}") from error


def _done(partner: Partner, *, json: bool) -> None:
    if json:
        emit({"id": partner.id, **calling_of(partner)})
    else:
        say(f"{partner.id}: done")
        show(partner.id, ["", ""], in_words(partner))
