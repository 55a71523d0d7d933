# SPDX-License-Identifier: AGPL-3.0-or-later
"""`pki`: authorities and the certificates of servers and clients. A key or passphrase is never an argument."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from wwcp_ocpi.cli.output import ConfigFile, Json, configuration, emit, say, show
from wwcp_ocpi.gateway.config import Config
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import DateTime, Secret
from wwcp_ocpi.security.files import write_new
from wwcp_ocpi.security.pki import requests
from wwcp_ocpi.security.pki.checking import Expected, Refusal, Trust, check
from wwcp_ocpi.security.pki.describing import Described, describe
from wwcp_ocpi.security.pki.folder import SIGNERS, Folder, Settings, file_name
from wwcp_ocpi.security.pki.issuing import Policy, issue
from wwcp_ocpi.security.pki.keys import CLASSIC, UNREADABLE, key_type, new_key, private_pem
from wwcp_ocpi.security.pki.leaves import make_leaf
from wwcp_ocpi.security.pki.oids import arc
from wwcp_ocpi.security.pki.parties import CertifiedParty, Environment, certified, environment
from wwcp_ocpi.security.pki.permissions import ALL, Permission, permission
from wwcp_ocpi.security.pki.requests import Purpose, Wish
from wwcp_ocpi.security.pki.revocation import Revocation, reason

app = typer.Typer(help="Certificates of servers and clients.", no_args_is_help=True, rich_markup_mode=None)

Place = Annotated[Path | None, typer.Option("--folder", help="The PKI's folder; pki.folder if it is left out.")]
Phrase = Annotated[
    str, typer.Option("--passphrase", help="Of the authorities' keys, as file:PATH or env:NAME. Empty: none.")
]
For = Annotated[str, typer.Option("--for", help="server or client.")]
Parties = Annotated[list[str] | None, typer.Option("--party", help="Role and party, like CPO:DE*GEF. Repeatable.")]
Permissions = Annotated[
    list[str] | None, typer.Option("--permission", help="Like CDR-SENDER; ALL for every one. Repeatable.")
]
Hosts = Annotated[list[str] | None, typer.Option("--host", help="Name or address of a server. Repeatable.")]
Kind = Annotated[
    str, typer.Option("--key-type", help="p256, p384 or ed25519; ml-dsa-44, -65 or -87 where OpenSSL has it.")
]
Group = Annotated[str, typer.Option("--key-group", help="Keys of one group replace each other.")]


@app.command("init")
def init(
    name: Annotated[str, typer.Option(help="Begins the names of the authorities.")] = "OCPI",
    kind: Kind = "p384",
    passphrase: Phrase = "",
    folder: Place = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Make a RootCA, a ServerCA and a ClientCA, with the environment and the arc of the configuration."""
    settings = configuration(config)
    wanted = Settings(environment=environment(settings.pki.environment), arc=settings.pki.arc, name=name)
    made = Folder.create(_place(settings, folder), wanted, key_type(kind), _now(), _secret(passphrase))
    found = {
        "folder": str(made.path),
        "environment": wanted.environment.value,
        "trust": str(made.path / "trust.pem"),
        "crls": str(made.path / "crls.pem"),
    }
    _told("pki", found, json=json)


@app.command("issue")
def issue_(
    name: Annotated[str, typer.Argument(help="Name of the certificate and of its folder.")],
    purpose: For,
    party: Parties = None,
    permission: Permissions = None,
    host: Hosts = None,
    days: Annotated[int, typer.Option(min=1, help="How long it is valid.")] = 90,
    kind: Kind = "p256",
    key_group: Group = "",
    passphrase: Phrase = "",
    folder: Place = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Make a key and a certificate for it, in leaves/NAME."""
    pki = Folder.open(_place(configuration(config), folder))
    wish = Wish(name=name, key_group=key_group or None)
    policy = _policy(purpose, pki.settings.environment, party, permission, host, days, [kind])
    leaf = make_leaf(pki, wish, policy, key_type(kind), _now(), _secret(passphrase))
    files = {"key": str(leaf.key), "chain": str(leaf.chain)}
    _told(name, {**files, **_row(describe(leaf.certificate, pki.arc))}, json=json)


@app.command("csr")
def csr(
    name: Annotated[str, typer.Argument(help="Common name, and what the two files are called.")],
    purpose: For,
    party: Parties = None,
    permission: Permissions = None,
    host: Hosts = None,
    not_before: Annotated[str | None, typer.Option(help="Wished begin of the validity.")] = None,
    not_after: Annotated[str | None, typer.Option(help="Wished end of the validity.")] = None,
    kind: Kind = "p256",
    key_group: Group = "",
    out: Annotated[Path, typer.Option(help="Folder of the two files.")] = Path(),
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Make a key and a signing request for it: NAME.key.pem stays here, NAME.csr.pem goes to the authority."""
    settings = configuration(config)
    wish = Wish(
        name=name,
        purpose=_purpose(purpose),
        hosts=tuple(host or ()),
        environment=environment(settings.pki.environment),
        parties=_parties(party),
        permissions=_permissions(permission),
        key_group=key_group or None,
        not_before=_moment(not_before, "--not-before"),
        not_after=_moment(not_after, "--not-after"),
    )
    key = new_key(key_type(kind))
    made = requests.write(wish, key, arc(settings.pki.arc))
    base = file_name(name)
    files = {"key": out / f"{base}.key.pem", "csr": out / f"{base}.csr.pem"}
    try:
        write_new(files["key"], private_pem(key), 0o600)
        write_new(files["csr"], made.public_bytes(Encoding.PEM))
    except FileExistsError as error:
        raise UsageError(f"{error.filename}: is there already") from error
    _told("signing request", {what: str(file) for what, file in files.items()}, json=json)


@app.command("sign")
def sign(
    file: Annotated[str, typer.Argument(help="The signing request in PEM; - is standard input.")],
    purpose: For,
    party: Parties = None,
    permission: Permissions = None,
    host: Hosts = None,
    days: Annotated[int, typer.Option(min=1, help="How long it may be valid at most.")] = 90,
    allow_key_type: Annotated[
        list[str] | None, typer.Option(help="Types of keys that are accepted. Repeatable; p256, p384 and ed25519.")
    ] = None,
    revoke_replaced: Annotated[
        bool, typer.Option(help="Revoke older certificates of the same key group and parties.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Where the chain goes; standard output without it.")] = None,
    passphrase: Phrase = "",
    folder: Place = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Sign a request, as far as what is named here goes. Exit 1 if it asks for more."""
    pki, at = Folder.open(_place(configuration(config), folder)), _now()
    kinds = allow_key_type or [kind.value for kind in CLASSIC]
    policy = _policy(purpose, pki.settings.environment, party, permission, host, days, kinds)
    if out is not None and out.exists():
        raise UsageError(f"{out}: is there already")
    asked = requests.read(_read(file), pki.arc)
    secret = _secret(passphrase)
    made = issue(asked, policy, pki.authority(SIGNERS[policy.purpose], secret), pki.arc, at)
    found = describe(made, pki.arc)
    replaced = _replaced(pki, policy.purpose, found)
    pki.record(made, SIGNERS[policy.purpose])
    chain = pki.chain(made, policy.purpose)
    if out is not None:
        write_new(out, chain)
    elif not json:
        sys.stdout.write(chain.decode())
    if revoke_replaced and replaced:
        for older in replaced:
            pki.revoke(older, Revocation(serial=f"{older.serial_number:x}", at=at, reason="superseded"))
        pki.write_lists(at, secret)
    row = {**_row(found), "replaces": [f"{older.serial_number:x}" for older in replaced]}
    if json:
        emit({**row, "chain": chain.decode()})
    else:
        say("\n".join(f"{what}: {_shown(value)}" for what, value in row.items()))


@app.command("revoke")
def revoke(
    certificate: Annotated[str, typer.Argument(help="Name of a leaf, serial in hex, or file of the certificate.")],
    why: Annotated[str, typer.Option("--reason", help="Like key_compromise or superseded.")] = "unspecified",
    passphrase: Phrase = "",
    folder: Place = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Revoke a certificate and write the lists of revocations."""
    pki, at = Folder.open(_place(configuration(config), folder)), _now()
    found = _certificate(pki, certificate)
    revocation = Revocation(serial=f"{found.serial_number:x}", at=at, reason=reason(why))
    pki.authority(SIGNERS[Purpose.CLIENT], secret := _secret(passphrase))  # before anything is written
    authority = pki.revoke(found, revocation)
    pki.write_lists(at, secret)
    _told("revoked", {"serial": revocation.serial, "reason": revocation.reason, "by": authority}, json=json)


@app.command("crl")
def crl(
    days: Annotated[int, typer.Option(min=1, help="How long the lists are valid.")] = 30,
    passphrase: Phrase = "",
    folder: Place = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """Write the lists of revocations anew, before the old ones expire."""
    pki, at = Folder.open(_place(configuration(config), folder)), _now()
    pki.write_lists(at, _secret(passphrase), timedelta(days=days))
    _told(
        "lists of revocations",
        {"file": str(pki.path / "crls.pem"), "until": _wire(at + timedelta(days=days))},
        json=json,
    )


@app.command("show")
def show_(
    certificate: Annotated[
        str | None, typer.Argument(help="Name of a leaf, serial in hex, or a file; everything if it is left out.")
    ] = None,
    folder: Place = None,
    config: ConfigFile = None,
    json: Json = False,
) -> None:
    """What a certificate or signing request says. Exit 1 if the certificate is not good now."""
    settings = configuration(config)
    place = _place(settings, folder)
    if certificate is None:
        _overview(Folder.open(place), json=json)
        return
    pki = Folder.open(place) if (place / "pki.json").exists() else None
    pem = _pem(pki, certificate)
    known = pki.arc if pki else arc(settings.pki.arc)
    if b"CERTIFICATE REQUEST" in pem:
        _told(certificate, _wished(requests.read(pem, known).wish), json=json)
        return
    chain = _loaded(pem, certificate)
    row = _row(describe(chain[0], known))
    verdict = _verdict(pki, chain) if pki else None
    _told(certificate, {**row, "verdict": verdict}, json=json)
    sys.exit(0 if verdict in {None, "ok"} else 1)


def _overview(pki: Folder, *, json: bool) -> None:
    rows = [
        {**_row(describe(found, pki.arc)), "authority": authority, "verdict": _verdict(pki, [found])}
        for authority, found in pki.issued()
    ]
    if json:
        emit({"environment": pki.settings.environment.value, "arc": pki.settings.arc, "certificates": rows})
        return
    columns = ("serial", "subject", "authority", "parties", "not_after", "days_left", "verdict")
    show(
        f"{pki.path} ({pki.settings.environment.value})",
        columns,
        [[_shown(row[one]) for one in columns] for row in rows],
    )


def _verdict(pki: Folder, chain: list[x509.Certificate]) -> str:
    """`ok`, or the word for why the certificate is not good now."""
    leaf = chain[0]
    described = describe(leaf, pki.arc)
    trust = Trust(
        authorities=(pki.certificate("root-ca"),),
        intermediates=tuple(pki.certificate(folder) for folder in SIGNERS.values()),
        revocations=pki.lists(),
        arc=pki.arc,
    )
    if described.is_authority:
        serial = f"{leaf.serial_number:x}"
        return "revoked" if any(one.serial == serial for one in pki.revocations("root-ca")) else "ok"
    purpose = Purpose.SERVER if described.purpose == "server" else Purpose.CLIENT
    needed = pki.settings.environment if purpose is Purpose.CLIENT else None
    verdict = check(chain, trust, Expected(purpose=purpose, environment=needed), _now())
    return verdict.why.value if isinstance(verdict, Refusal) else "ok"


def _replaced(pki: Folder, purpose: Purpose, made: Described) -> list[x509.Certificate]:
    """Older certificates that are good still, for the same parties and of the same key group."""
    if not made.key_group:
        return []
    return [
        found
        for authority, found in pki.issued()
        if authority == SIGNERS[purpose]
        and (other := describe(found, pki.arc)).key_group == made.key_group
        and other.parties == made.parties
        and _verdict(pki, [found]) == "ok"
    ]


def _policy(
    purpose: str,
    environment: Environment,
    party: Iterable[str] | None,
    permission: Iterable[str] | None,
    host: Iterable[str] | None,
    days: int,
    kinds: Iterable[str],
) -> Policy:
    return Policy(
        purpose=_purpose(purpose),
        environment=environment,
        parties=_parties(party),
        permissions=_permissions(permission),
        hosts=frozenset(host or ()),
        longest=timedelta(days=days),
        key_types=frozenset(map(key_type, kinds)),
    )


def _purpose(text: str) -> Purpose:
    try:
        return Purpose(text)
    except ValueError as error:
        raise UsageError(f"--for: expected server or client, got {text!r}") from error


def _parties(texts: Iterable[str] | None) -> frozenset[CertifiedParty]:
    return frozenset(map(certified, texts or ()))


def _permissions(texts: Iterable[str] | None) -> frozenset[Permission]:
    words = list(texts or ())
    return ALL if "ALL" in words else frozenset(map(permission, words))


def _place(config: Config, folder: Path | None) -> Path:
    return folder or Path(config.pki.folder)


def _secret(reference: str) -> Secret | None:
    """The passphrase that `file:PATH` or `env:NAME` points to."""
    kind, _, place = reference.partition(":")
    try:
        if not reference:
            return None
        if kind == "file":
            text = Path(place).read_text("utf-8").strip()
        elif kind == "env":
            text = os.environ[place]
        else:
            raise UsageError("--passphrase: expected file:PATH or env:NAME")
    except (OSError, KeyError, UnicodeDecodeError) as error:
        raise UsageError(f"--passphrase: {reference}: expected a passphrase there") from error
    if not text:
        raise UsageError(f"--passphrase: {reference}: expected a passphrase there")
    return Secret(text)


def _moment(text: str | None, option: str) -> datetime | None:
    try:
        return DateTime.parse(text) if text else None
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageError(f"{file}: {error.strerror}") from error


def _pem(pki: Folder | None, name: str) -> bytes:
    """A certificate or request by the name of its leaf, its serial or its file."""
    if pki is not None and Path(name).name == name:
        kept = [pki.path / "leaves" / name / "chain.pem"]
        kept += [pki.path / folder / "issued" / f"{name.lower()}.pem" for folder in ("root-ca", *SIGNERS.values())]
        for file in kept:
            if file.is_file():
                return file.read_bytes()
    return _read(name)


def _loaded(pem: bytes, name: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(pem)
    except UNREADABLE as error:
        raise UsageError(f"{name}: expected a certificate or a signing request in PEM") from error


def _certificate(pki: Folder, name: str) -> x509.Certificate:
    return _loaded(_pem(pki, name), name)[0]


def _row(found: Described) -> dict[str, object]:
    return {
        "serial": found.serial,
        "subject": found.subject,
        "issuer": found.issuer,
        "for": found.purpose,
        "environment": found.environment.value if found.environment else None,
        "parties": sorted(map(str, found.parties)),
        "permissions": sorted(map(str, found.permissions)),
        "hosts": list(found.hosts),
        "key_group": found.key_group,
        "key_type": found.key_type,
        "pin": found.pin,
        "not_before": _wire(found.not_before),
        "not_after": _wire(found.not_after),
        "days_left": (found.not_after - _now()).days,
    }


def _wished(wish: Wish) -> dict[str, object]:
    return {
        "subject": wish.name,
        "for": wish.purpose.value if wish.purpose else None,
        "environment": wish.environment.value if wish.environment else None,
        "parties": sorted(map(str, wish.parties)) + sorted(map(str, wish.ids)),
        "permissions": sorted(map(str, wish.permissions)),
        "hosts": list(wish.hosts),
        "key_group": wish.key_group,
        "not_before": _wire(wish.not_before) if wish.not_before else None,
        "not_after": _wire(wish.not_after) if wish.not_after else None,
    }


def _told(title: str, row: dict[str, object] | dict[str, str], *, json: bool) -> None:
    if json:
        emit(row)
    else:
        show(title, ["", ""], [(what, _shown(value)) for what, value in row.items()])


def _shown(value: object) -> str:
    text = ", ".join(value) if isinstance(value, list) else "" if value is None else str(value)
    return "".join(char if char.isprintable() else "?" for char in text)


def _wire(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _now() -> datetime:
    return datetime.now(UTC)
