# SPDX-License-Identifier: AGPL-3.0-or-later
"""The configuration: one TOML file, every key optional, every key with its meaning beside it.

`WWCP_OCPI_<SECTION>_<KEY>` in the environment overrides a key. Unknown keys are refused with the nearest known
name. A secret is never written here: `file:PATH` or `env:NAME` says where it is.
"""

from __future__ import annotations

import difflib
import os
import tomllib
import types
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Meta

from wwcp_ocpi.net.tls.settings import CLIENT_CERTIFICATES, TLS_VERSIONS
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.protocol.http import can_be_called
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId, Secret
from wwcp_ocpi.security.outbound import networks
from wwcp_ocpi.security.pki.oids import DEFAULT_ARC, arc
from wwcp_ocpi.server.extensions import DEFAULT, EXTENSIONS
from wwcp_ocpi.server.settings import OwnParty
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    EMobilityProviderId,
    EVSEId,
)

ENV_PREFIX = "WWCP_OCPI_"
ROLES = ("CPO", "EMSP", "HUB", "NAP", "NSP", "SCSP", "PTP", "OTHER")
"""The roles of all versions; none of them has every one."""


class ServerSection(msgspec.Struct, frozen=True, kw_only=True):
    """Where the gateway listens, and what it serves."""

    host: Annotated[str, Meta(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Meta(ge=0, le=65535, description="Port to listen on; 0 takes a free one.")] = 2310
    base_url: Annotated[
        str,
        Meta(description="How partners reach the gateway, without a slash at the end. Empty: host and port."),
    ] = ""
    certificate: Annotated[str, Meta(description="TLS certificate chain, a PEM file. Empty: plain HTTP.")] = ""
    key: Annotated[str, Meta(description="Private key of the certificate, a PEM file.")] = ""
    tls_min: Annotated[
        str,
        Meta(description="Least version of TLS: 1.3 or 1.2. Passwords that are bound to the connection need 1.3."),
    ] = "1.2"
    client_certificates: Annotated[
        str,
        Meta(
            description="Whether callers show a certificate: none, optional or required. One that comes must be good."
        ),
    ] = "none"
    client_ca: Annotated[
        str, Meta(description="Authorities of client certificates, or self-signed ones themselves; a PEM file.")
    ] = ""
    crl: Annotated[
        str,
        Meta(
            description="Revocation lists of all these authorities and those above them, a PEM file. Empty: no check."
        ),
    ] = ""
    ocsp: Annotated[
        str,
        Meta(
            description="OCSP responses of client certificates, in DER, one behind the other; a certificate that has "
            "none which is good now is refused. Empty: no check."
        ),
    ] = ""
    versions: Annotated[tuple[str, ...], Meta(description="OCPI versions that are served.")] = tuple(VERSIONS)
    modules: Annotated[tuple[str, ...], Meta(description="Functional modules that are served.")] = (
        "locations",
        "tariffs",
        "tokens",
        "sessions",
        "cdrs",
        "commands",
        "chargingprofiles",
        "bookings",
        "payments",
        "invoicereconciliation",
        "hubclientinfo",
    )
    page_size: Annotated[int, Meta(ge=1, description="Objects on a page when the partner does not say.")] = 50
    max_page_size: Annotated[int, Meta(ge=1, description="Objects on a page at most (X-Limit).")] = 1000
    extensions: Annotated[
        bool | tuple[str, ...],
        Meta(description="What is offered beyond the specification: all, nothing, or these. See extensions.md."),
    ] = tuple(sorted(DEFAULT))
    open_versions: Annotated[bool, Meta(description="Whether versions and their details need no token.")] = False
    open_locations: Annotated[
        bool,
        Meta(description="Whether our published Locations need no token; nor do versions then. See extensions.md."),
    ] = False
    open_tariffs: Annotated[bool, Meta(description="The same for our Tariffs that are for everybody.")] = False
    cors: Annotated[
        bool, Meta(description="Whether scripts of other origins may read what needs no token, as openapi.json.")
    ] = False
    metrics: Annotated[
        bool, Meta(description="Whether /-/metrics tells whoever asks how much is done, by partner. See metrics.md.")
    ] = True
    trusted_proxies: Annotated[
        tuple[str, ...],
        Meta(description="Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed: addresses and networks."),
    ] = ()
    exporter_header: Annotated[
        str,
        Meta(
            description="Header in which these proxies hand over the exporter secret of the caller's TLS 1.3 "
            "connection, in hex. Taken off the requests of all others. Empty: there is none."
        ),
    ] = ""


class StoreSection(msgspec.Struct, frozen=True, kw_only=True):
    """Where things are kept."""

    folder: Annotated[str, Meta(description="Data folder; holds the SQLite file and, unless set, the key.")] = (
        "wwcp-ocpi-data"
    )
    key: Annotated[
        str,
        Meta(
            description="Server key that hashes and seals credentials tokens, as file:PATH or env:NAME (hex, 64 "
            "digits). Empty: server.key in the data folder, made at the first start."
        ),
    ] = ""


class LimitsSection(msgspec.Struct, frozen=True, kw_only=True):
    """How much one caller may cost."""

    body_bytes: Annotated[int, Meta(ge=1024, description="Largest request body.")] = 4 * 1024 * 1024
    body_s: Annotated[float, Meta(gt=0, description="Seconds that a request body may take to come.")] = 30.0
    head_bytes: Annotated[
        int,
        Meta(
            ge=1024,
            description="Request line and headers together, or twice as much where they come in several packets; also "
            "all that is sent beside two pieces of a chunked body.",
        ),
    ] = 32 * 1024
    head_s: Annotated[float, Meta(gt=0, description="Seconds that request line and headers may take to come.")] = 10.0
    headers: Annotated[int, Meta(ge=16, description="Header lines of a request at most.")] = 100
    read_s: Annotated[
        float,
        Meta(gt=0, description="Seconds in which a caller that is slow to read an answer must take 32 KiB more of it."),
    ] = 30.0
    handshake_s: Annotated[float, Meta(gt=0, description="Seconds that a TLS handshake may take.")] = 10.0
    keep_alive_s: Annotated[
        int, Meta(ge=0, description="Seconds that a connection stays open between two requests.")
    ] = 75
    connections: Annotated[int, Meta(ge=1, description="Open connections at most.")] = 1000
    connections_per_address: Annotated[
        int,
        Meta(
            ge=0,
            description="Of these, from one address (of IPv6: from one /64); those of server.trusted_proxies may have "
            "all. 0: any number.",
        ),
    ] = 250
    drain_s: Annotated[int, Meta(ge=0, description="Seconds that requests get to finish at a stop.")] = 10
    refusals_per_minute: Annotated[
        int,
        Meta(
            ge=0,
            description="Requests of one address that may be refused with 401 in a minute before it gets 429; 0: any "
            "number.",
        ),
    ] = 60
    open_reads_per_minute: Annotated[
        int,
        Meta(
            ge=0, description="Requests of one address without a token in a minute before it gets 429; 0: any number."
        ),
    ] = 600
    call_s: Annotated[float, Meta(gt=0, description="Seconds that a call to a partner may take.")] = 30.0


class OutboundSection(msgspec.Struct, frozen=True, kw_only=True):
    """Where the gateway is willing to call."""

    allow_http: Annotated[bool, Meta(description="Whether partners may be called without TLS.")] = False
    allow_private: Annotated[
        bool, Meta(description="Whether private, loopback and link-local addresses may be called.")
    ] = False
    networks: Annotated[
        tuple[str, ...],
        Meta(description="Networks that may be called although they are not public, like 10.20.0.0/16."),
    ] = ()
    ports: Annotated[
        tuple[int, ...],
        Meta(
            description="Ports that may be called beside 80, 443 and those from 1024 on where no other service is "
            "known to listen."
        ),
    ] = ()
    authorities: Annotated[
        str,
        Meta(description="Authorities of the partners' servers, a PEM file. Empty: those that the machine trusts."),
    ] = ""
    certificate: Annotated[
        str,
        Meta(
            description="Our client certificate with its chain, a PEM file, for servers that ask for one. "
            "`party tls-to` gives a partner its own. Empty: none."
        ),
    ] = ""
    key: Annotated[str, Meta(description="Private key of our client certificate, a PEM file.")] = ""


class PKISection(msgspec.Struct, frozen=True, kw_only=True):
    """Certificates that say for which parties, in which environment and for what they are good."""

    environment: Annotated[
        str,
        Meta(
            pattern="^(prod|staging|test)$",
            description="prod, staging or test: a certificate of another one is refused.",
        ),
    ] = "test"
    arc: Annotated[
        str,
        Meta(
            description="Arc of the object identifiers of permissions, party ids and key groups; the same on both "
            "sides. The default is a placeholder that is registered to nobody."
        ),
    ] = DEFAULT_ARC
    folder: Annotated[str, Meta(description="Folder of the authorities that `wwcp-ocpi pki` makes.")] = "wwcp-ocpi-pki"


class AuditSection(msgspec.Struct, frozen=True, kw_only=True):
    """The log of security events."""

    folder: Annotated[str, Meta(description="Folder of the audit log. Empty: audit in the data folder.")] = ""
    flush_s: Annotated[
        float, Meta(gt=0, description="Seconds after which records are on disk: what a crash may lose.")
    ] = 1.0
    checkpoint_s: Annotated[
        float, Meta(gt=0, description="Seconds after which records are signed: what a thief may change unnoticed.")
    ] = 60.0
    file_bytes: Annotated[int, Meta(ge=65536, description="Size after which a new file is begun.")] = 16 * 1024 * 1024


class OperatorSection(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever runs the gateway, towards its own pages."""

    token: Annotated[
        str,
        Meta(
            description="Token that /-/events asks for, as file:PATH or env:NAME, of at least 20 characters. Empty: "
            "there is no such page."
        ),
    ] = ""


class PullSection(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of partners by itself."""

    every_h: Annotated[
        float,
        Meta(
            ge=0,
            le=168,
            description="Hours between two pulls of everything that a partner sends, a quarter more or less by "
            "chance; also when it comes back. 0: nothing is pulled by itself.",
        ),
    ] = 6.0


class ConvertSection(msgspec.Struct, frozen=True, kw_only=True):
    """What objects do not say of themselves, where another OCPI version asks for it. See conversion.md."""

    time_zone: Annotated[
        str, Meta(description="IANA time zone of Locations of 2.1.1 that name none. Empty: they stay in 2.1.1.")
    ] = ""
    postal_code: Annotated[
        str, Meta(description="What 2.1.1 is told where an address has no postal code. Empty: it is not told of it.")
    ] = ""
    tax_included: Annotated[
        str, Meta(pattern="^(NO|N/A)$", description="`tax_included` of Tariffs before 2.3.0: NO or N/A.")
    ] = "NO"
    vat: Annotated[
        str,
        Meta(pattern=r"^\d{0,3}(\.\d+)?$", description="Percent of VAT where prices do not say it. Empty: unknown."),
    ] = ""
    names_owners: Annotated[
        str,
        Meta(
            pattern="^(hub|always|never)$",
            description="Whether objects of 2.1.1 name their owner, in fields that it has not: only if this is a hub, "
            "always (for a platform of several parties), or never.",
        ),
    ] = "hub"
    unpublished: Annotated[
        bool, Meta(description="Whether 2.1.1, which cannot know, is told of Locations that are not to be published.")
    ] = False


class HubSection(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway with a party in the role HUB does for the partners that are connected to it. See hub.md."""

    modules: Annotated[
        tuple[str, ...], Meta(description="Modules in which it passes on what partners give and ask. Empty: none.")
    ] = ("locations", "tariffs", "tokens", "sessions", "cdrs", "commands")


class WWCPSection(msgspec.Struct, frozen=True, kw_only=True):
    """The operator's own side."""

    network: Annotated[
        str, Meta(description="A roaming network in its JSON form, loaded and published at the start.")
    ] = ""
    id: Annotated[
        str,
        Meta(
            description="Id of the roaming network where there is no file: it begins empty, and fills by upload. "
            "Empty, and neither a file nor a [[node]]: there is no network."
        ),
    ] = ""
    anonymous_read: Annotated[
        bool, Meta(description="Whether published places and their statuses may be read without a token. See wwcp.md.")
    ] = False
    operators: Annotated[
        tuple[str, ...],
        Meta(description="The operators that OCPI partners may know of. Empty: all for whom there is a [[party]]."),
    ] = ()
    pools: Annotated[tuple[str, ...], Meta(description="The pools that they may know of. Empty: all.")] = ()
    stations: Annotated[tuple[str, ...], Meta(description="The same for stations.")] = ()
    evses: Annotated[tuple[str, ...], Meta(description="The same for EVSEs.")] = ()
    short_ids_for: Annotated[
        tuple[str, ...],
        Meta(description="Partners for whom Locations are called by what follows the P of the pool id. See wwcp.md."),
    ] = ()
    await_result_s: Annotated[
        float,
        Meta(
            ge=0,
            le=60,
            description="Seconds that RemoteStart and the like wait for the result of a partner's charge point; "
            "0: they are answered at once, and the session begins when the result comes.",
        ),
    ] = 0.0


class NodeSection(msgspec.Struct, frozen=True, kw_only=True):
    """Another WWCP node that takes part in our roaming network over HTTP. Write `[[node]]` once for each."""

    url: Annotated[str, Meta(description="Its WWCP API, like https://gateway.example.org/wwcp.")]
    network: Annotated[str, Meta(description="The id of its roaming network.")]
    token: Annotated[str, Meta(description="What it gave us, as file:PATH or env:NAME.")]
    operators: Annotated[
        tuple[str, ...], Meta(description="Operators that it runs: it is asked to start, stop and reserve there.")
    ] = ()
    providers: Annotated[
        tuple[str, ...], Meta(description="Providers that it speaks for: it authorises drivers and takes records.")
    ] = ()
    upload: Annotated[bool, Meta(description="Whether our places and all that changes there are uploaded to it.")] = (
        False
    )
    follow: Annotated[bool, Meta(description="Whether its places are taken over, and all that changes there.")] = False
    custom_methods: Annotated[
        bool, Meta(description="Whether it is asked with AUTHSTART and so on, since it has no POST for that.")
    ] = False


class LogSection(msgspec.Struct, frozen=True, kw_only=True):
    """What is logged, to standard error."""

    level: Annotated[str, Meta(pattern="^(debug|info|warning|error)$", description="Least level.")] = "info"
    json: Annotated[bool, Meta(description="One JSON object a line instead of text for people.")] = False


class PartySection(msgspec.Struct, frozen=True, kw_only=True):
    """One of the parties that this gateway is. Write `[[party]]` once for each."""

    id: Annotated[str, Meta(description="Country code and party id, like DE*GEF.")]
    role: Annotated[str, Meta(description=f"{', '.join(ROLES[:-1])} or {ROLES[-1]}.")] = "CPO"
    name: Annotated[str, Meta(description="Business name.")] = ""
    website: Annotated[str, Meta(description="Website.")] = ""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The whole configuration."""

    server: ServerSection = ServerSection()
    store: StoreSection = StoreSection()
    limits: LimitsSection = LimitsSection()
    outbound: OutboundSection = OutboundSection()
    pull: PullSection = PullSection()
    convert: ConvertSection = ConvertSection()
    pki: PKISection = PKISection()
    audit: AuditSection = AuditSection()
    operator: OperatorSection = OperatorSection()
    hub: HubSection = HubSection()
    wwcp: WWCPSection = WWCPSection()
    log: LogSection = LogSection()
    party: tuple[PartySection, ...] = ()
    node: tuple[NodeSection, ...] = ()

    def own_parties(self) -> tuple[OwnParty, ...]:
        """The configured parties.

        Raises:
            UsageError: none, or an id that is no party.
        """
        if not self.party:
            raise UsageError("party: expected at least one [[party]] with id and role")
        try:
            return tuple(
                OwnParty(
                    id=PartyId.parse(one.id),
                    role=one.role.upper(),
                    name=one.name or one.id,
                    website=one.website or None,
                )
                for one in self.party
            )
        except ValueError as error:
            raise UsageError(f"party.id: {error}") from error


def load(path: Path | None, environ: Mapping[str, str] | None = None) -> Config:
    """The configuration in a file, overridden by the environment; without a file, the defaults.

    Raises:
        UsageError: the file cannot be read, is no TOML, or has a key or value that is not understood.
    """
    found: dict[str, Any] = {}
    if path is not None:
        try:
            found = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            raise UsageError(f"{path}: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path}: expected TOML: {error}") from error
    where = str(path or "configuration")
    _refuse_unknown(found, where)
    _override(found, os.environ if environ is None else environ)
    try:
        config = msgspec.convert(found, Config)
    except msgspec.ValidationError as error:
        raise UsageError(f"{where}: {error}") from error
    for key, values, known in _choices(config):
        for value in values:
            if value not in known:
                raise UsageError(f"{where}: {key}: expected one of {', '.join(known)}, got {value!r}")
    for key, problem in _problems(config):
        raise UsageError(f"{where}: {key}: {problem}")
    return config


def _choices(config: Config) -> list[tuple[str, Iterable[str], Iterable[str]]]:
    """Keys that name something: what they name, and what there is."""
    named = () if isinstance(config.server.extensions, bool) else config.server.extensions
    modules = sorted({name for known in VERSIONS.values() for name in known.modules})
    return [
        ("server.versions", config.server.versions, VERSIONS),
        ("server.modules", config.server.modules, modules),
        ("hub.modules", config.hub.modules, HubSection().modules),
        ("server.extensions", named, sorted(EXTENSIONS)),
        ("server.tls_min", [config.server.tls_min], TLS_VERSIONS),
        ("server.client_certificates", [config.server.client_certificates], CLIENT_CERTIFICATES),
        ("party.role", [party.role.upper() for party in config.party], ROLES),
    ]


def _problems(config: Config) -> Iterator[tuple[str, str]]:
    """What is wrong though its type is right: the key, and what was expected."""
    server, key = config.server, config.store.key
    if server.base_url and not server.base_url.startswith(("http://", "https://")):
        yield "server.base_url", f"expected an absolute http or https URL, got {server.base_url!r}"
    if server.page_size > server.max_page_size:
        yield "server.page_size", f"expected at most server.max_page_size ({server.max_page_size})"
    yield from _tls_problems(server)
    yield from _outbound_problems(config.outbound)
    for place, reference in (("store.key", key), ("operator.token", config.operator.token)):
        if reference and not reference.startswith(("file:", "env:")):
            yield place, "expected file:PATH or env:NAME"
    for place, value, reader in (
        ("pki.arc", config.pki.arc, arc),
        ("outbound.networks", config.outbound.networks, networks),
    ):
        try:
            reader(value)  # type: ignore[arg-type]
        except UsageError as error:
            yield place, str(error)
    for party in config.party:
        try:
            PartyId.parse(party.id)
        except ValueError as error:
            yield "party.id", str(error)
    yield from _scope_problems(config.wwcp)
    yield from _node_problems(config.node)


def _scope_problems(section: WWCPSection) -> Iterator[tuple[str, str]]:
    for key, parse in (
        ("operators", ChargingStationOperatorId.parse),
        ("pools", ChargingPoolId.parse),
        ("stations", ChargingStationId.parse),
        ("evses", EVSEId.parse),
    ):
        for id in getattr(section, key):
            try:
                parse(id)
            except ValueError as error:
                yield f"wwcp.{key}", str(error)


def _node_problems(nodes: Iterable[NodeSection]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if not can_be_called(node.url):
            yield "node.url", f"expected an absolute http or https URL, got {node.url!r}"
        if not node.token.startswith(("file:", "env:")):
            yield "node.token", "expected file:PATH or env:NAME"
        for key, ids, parse in (
            ("node.operators", node.operators, ChargingStationOperatorId.parse),
            ("node.providers", node.providers, EMobilityProviderId.parse),
        ):
            for id in ids:
                try:
                    parse(id)
                except ValueError as error:
                    yield key, str(error)


def _outbound_problems(section: OutboundSection) -> Iterator[tuple[str, str]]:
    if section.key and not section.certificate:
        yield "outbound.key", "expected outbound.certificate as well"


def _tls_problems(server: ServerSection) -> Iterator[tuple[str, str]]:
    if not server.certificate:
        for name in ("key", "client_ca", "crl", "ocsp"):
            if getattr(server, name):
                yield f"server.{name}", "expected server.certificate as well"
        if server.client_certificates != "none":
            yield "server.client_certificates", "expected server.certificate as well"
    elif server.client_certificates == "none":
        for name in ("client_ca", "crl", "ocsp"):
            if getattr(server, name):
                yield f"server.{name}", "expected server.client_certificates to be optional or required"
    elif not server.client_ca:
        yield "server.client_ca", "expected a file, or server.client_certificates to be none"
    for proxy in server.trusted_proxies:
        try:
            if proxy != "*":
                ip_network(proxy, strict=False)
        except ValueError as error:
            yield "server.trusted_proxies", f"expected addresses and networks: {error}"
    if server.exporter_header and (not server.trusted_proxies or "*" in server.trusted_proxies):
        yield "server.exporter_header", "expected server.trusted_proxies to name those that may send it"


def _sections() -> dict[str, type[msgspec.Struct]]:
    hints = get_type_hints(Config)
    return {
        name: get_args(hint)[0] if get_origin(hint) is tuple else hint
        for name, hint in ((name, hints[name]) for name in Config.__struct_fields__)
    }


def _refuse_unknown(found: Mapping[str, Any], where: str) -> None:
    sections = _sections()
    for name, value in found.items():
        if name not in sections:
            raise UsageError(f"{where}: {name}: no such section{_nearest(name, sections)}")
        known = sections[name].__struct_fields__
        for entry in value if isinstance(value, list) else [value]:
            for key in entry if isinstance(entry, dict) else ():
                if key not in known:
                    raise UsageError(f"{where}: {name}.{key}: no such key{_nearest(key, known)}")


def _nearest(name: str, known: Any) -> str:
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else f"; there are {', '.join(known)}"


_REPEATED = frozenset({"party", "node"})


def _override(found: dict[str, Any], environ: Mapping[str, str]) -> None:
    for section, cls in _sections().items():
        if section in _REPEATED:
            continue
        hints = get_type_hints(cls)
        for key in cls.__struct_fields__:
            text = environ.get(f"{ENV_PREFIX}{section}_{key}".upper())
            if text is not None and isinstance(found.setdefault(section, {}), dict):
                found[section][key] = _typed(hints[key], text)


def _typed(hint: Any, text: str) -> Any:
    """An environment variable as the key's type; what does not fit is left for the validation to name."""
    alternatives = get_args(hint) if get_origin(hint) is types.UnionType else ()
    if bool in alternatives and text.lower() in ("true", "false"):
        return text.lower() == "true"
    entries = next((get_args(one)[0] for one in (hint, *alternatives) if get_origin(one) is tuple), None)
    if entries is not None:
        return [_typed(entries, part.strip()) for part in text.split(",") if part.strip()]
    readers = {
        bool: lambda: {"true": True, "false": False}[text.lower()],
        int: lambda: int(text),
        float: lambda: float(text),
    }
    try:
        return readers.get(hint, lambda: text)()
    except (ValueError, KeyError):
        return text


def read_secret(reference: str) -> bytes:
    """The secret that `file:PATH` or `env:NAME` points to, as bytes from hex.

    Raises:
        UsageError: no such file or variable, or no hex digits in it.
    """
    try:
        return bytes.fromhex(read_text(reference, "store.key", "hex digits"))
    except ValueError as error:
        raise UsageError(f"store.key: {reference}: expected hex digits there") from error


def read_token(reference: str, key: str) -> Secret:
    """The token that `file:PATH` or `env:NAME` points to; `key` is named where there is none.

    Raises:
        UsageError: no such file or variable, or nothing in it that could be a token.
    """
    text = read_text(reference, key, "a token")
    if not text or not text.isprintable() or " " in text:
        raise UsageError(f"{key}: {reference}: expected a token there")
    return Secret(text)


def read_text(reference: str, key: str, expected: str) -> str:
    """The secret text that `file:PATH` or `env:NAME` points to, without blanks around it.

    Args:
        key: of the configuration, for messages; so is what is `expected` there.

    Raises:
        UsageError: no such file or variable, or no ASCII in it.
    """
    kind, _, place = reference.partition(":")
    try:
        if kind == "file":
            return Path(place).read_text("ascii").strip()
        if kind == "env":
            return os.environ[place].strip()
    except (OSError, KeyError, ValueError) as error:
        raise UsageError(f"{key}: {kind}:{place}: expected {expected} there") from error
    raise UsageError(f"{key}: expected file:PATH or env:NAME")


def describe() -> list[tuple[str, str, str, str]]:
    """Every key: its name, type, default and meaning. The configuration page is made of this."""
    rows = []
    for section, cls in _sections().items():
        hints = get_type_hints(cls, include_extras=True)
        for field in msgspec.structs.fields(cls):
            meta = next(note for note in get_args(hints[field.name])[1:] if isinstance(note, Meta))
            kind = get_args(hints[field.name])[0]
            name = " or ".join(
                _in_words(one) for one in (get_args(kind) if isinstance(kind, types.UnionType) else [kind])
            )
            required = field.default is msgspec.NODEFAULT
            default = "required" if required else msgspec.json.encode(field.default).decode()
            rows.append((f"{section}.{field.name}", name, default, meta.description or ""))
    return rows


def _in_words(kind: Any) -> str:
    if get_origin(kind) is tuple:
        return "list of texts" if get_args(kind)[0] is str else "list of numbers"
    return "text" if kind is str else str(kind.__name__)


def wants_network(config: Config) -> bool:
    """Whether the configuration asks for a roaming network."""
    return bool(config.wwcp.network or config.wwcp.id or config.wwcp.anonymous_read or config.node)


def effective(config: Config) -> dict[str, Any]:
    """The configuration as plain values. There is no secret in it, only where secrets are."""
    return msgspec.to_builtins(config)  # type: ignore[no-any-return]
