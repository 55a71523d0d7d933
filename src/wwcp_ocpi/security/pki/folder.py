# SPDX-License-Identifier: AGPL-3.0-or-later
"""The files of a PKI: three authorities, what they signed and revoked, and the leaves made beside them.

    pki.json                      environment and arc
    root-ca/, server-ca/, client-ca/
        certificate.pem, key.pem  the authority
        issued/<serial>.pem       every certificate that it signed
        revoked/<serial>.json     every one of them that is good no more
        crl.pem                   the same, signed
    leaves/<name>/                key.pem, certificate.pem, chain.pem (without the root)
    trust.pem, crls.pem           what others need: the root, and all lists of revocations

Nothing is ever changed but the signed lists, and they are made of the folder `revoked`: two commands at once do no
harm. Keys are readable by their owner only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import Secret
from wwcp_ocpi.security.files import write_new, write_over
from wwcp_ocpi.security.pki.issuing import Authority, root, subordinate
from wwcp_ocpi.security.pki.keys import UNREADABLE, KeyType, new_key, private_key, private_pem
from wwcp_ocpi.security.pki.oids import Arc, arc
from wwcp_ocpi.security.pki.parties import Environment
from wwcp_ocpi.security.pki.requests import Purpose
from wwcp_ocpi.security.pki.revocation import Revocation, revocation_list

ROOT = "root-ca"
SIGNERS = {Purpose.SERVER: "server-ca", Purpose.CLIENT: "client-ca"}
AUTHORITIES = (ROOT, *SIGNERS.values())
CRL_VALID = timedelta(days=30)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What all certificates of a folder have in common."""

    environment: Environment
    arc: str
    name: str


class Folder:
    """A PKI on disk. `open` and `create` make one."""

    def __init__(self, path: Path, settings: Settings) -> None:
        self.path = path
        self.settings = settings
        self.arc: Arc = arc(settings.arc)

    @classmethod
    def open(cls, path: Path) -> Folder:
        """The PKI in that folder.

        Raises:
            UsageError: there is none.
        """
        try:
            settings = msgspec.json.decode((path / "pki.json").read_bytes(), type=Settings)
        except FileNotFoundError as error:
            raise UsageError(f"{path}: no PKI there; `wwcp-ocpi pki init` makes one") from error
        except (OSError, msgspec.DecodeError) as error:
            raise UsageError(f"{path / 'pki.json'}: cannot be read: {error}") from error
        return cls(path, settings)

    @classmethod
    def create(
        cls, path: Path, settings: Settings, kind: KeyType, at: datetime, passphrase: Secret | None = None
    ) -> Folder:
        """Three authorities with fresh keys. The root is valid for ten years, the others for five.

        Raises:
            UsageError: there is a PKI already.
            OSError: the folder cannot be used.
        """
        if (path / "pki.json").exists():
            raise UsageError(f"{path}: there is a PKI already")
        made = cls(path, settings)
        top = root(f"{settings.name} RootCA", new_key(kind), timedelta(days=3650), at)
        authorities = {ROOT: top}
        for purpose, folder in SIGNERS.items():
            name = f"{settings.name} {'ServerCA' if purpose is Purpose.SERVER else 'ClientCA'}"
            authorities[folder] = subordinate(name, purpose, new_key(kind), top, timedelta(days=1825), at)
        for folder, authority in authorities.items():
            place = path / folder
            for inner in (place, place / "issued", place / "revoked"):
                inner.mkdir(parents=True, exist_ok=True)
            write_new(place / "key.pem", private_pem(authority.key, passphrase), 0o600)
            write_new(place / "certificate.pem", pem_of(authority.certificate))
            if folder != ROOT:
                made.record(authority.certificate, ROOT)
        write_new(path / "trust.pem", pem_of(top.certificate))
        made.write_lists(at, passphrase)
        write_new(path / "pki.json", msgspec.json.encode(settings) + b"\n")  # last: without it there is no PKI
        return made

    def certificate(self, authority: str) -> x509.Certificate:
        """The certificate of an authority."""
        return x509.load_pem_x509_certificate(_read(self.path / authority / "certificate.pem"))

    def authority(self, name: str, passphrase: Secret | None = None) -> Authority:
        """An authority with its key.

        Raises:
            UsageError: the key is not there (it may be kept elsewhere), or does not open.
        """
        place = self.path / name / "key.pem"
        try:
            return Authority(self.certificate(name), private_key(_read(place), passphrase))
        except UsageError as error:
            raise UsageError(f"{place}: {error}") from error

    def record(self, certificate: x509.Certificate, authority: str) -> Path:
        """Keep a certificate that an authority signed; without this it can be revoked by its file only."""
        place = self.path / authority / "issued" / f"{certificate.serial_number:x}.pem"
        write_new(place, pem_of(certificate))
        return place

    def chain(self, certificate: x509.Certificate, purpose: Purpose) -> bytes:
        """The leaf and the authority between it and the root, as servers and clients show them."""
        return pem_of(certificate) + pem_of(self.certificate(SIGNERS[purpose]))

    def leaf(self, name: str) -> Path:
        """The folder of a leaf of ours.

        Raises:
            UsageError: a name that is none.
        """
        return self.path / "leaves" / file_name(name)

    def issued(self) -> Iterator[tuple[str, x509.Certificate]]:
        """Every certificate that was signed, each with the folder of its authority."""
        for authority in AUTHORITIES:
            for file in sorted((self.path / authority / "issued").glob("*.pem")):
                yield authority, x509.load_pem_x509_certificate(_read(file))

    def revocations(self, authority: str) -> list[Revocation]:
        """What an authority has revoked."""
        files = sorted((self.path / authority / "revoked").glob("*.json"))
        return [msgspec.json.decode(_read(file), type=Revocation) for file in files]

    def revoke(self, certificate: x509.Certificate, revocation: Revocation) -> str:
        """Note that a certificate is good no more; `write_lists` makes it known. Returns the authority's folder.

        Raises:
            UsageError: none of ours signed it, or it was revoked before.
        """
        for authority in AUTHORITIES:
            try:
                certificate.verify_directly_issued_by(self.certificate(authority))
            except (InvalidSignature, *UNREADABLE):  # not this one
                continue
            place = self.path / authority / "revoked" / f"{revocation.serial}.json"
            try:
                write_new(place, msgspec.json.encode(revocation) + b"\n")
            except FileExistsError as error:
                raise UsageError(f"{revocation.serial}: was revoked before") from error
            return authority
        raise UsageError(f"{revocation.serial}: signed by none of the authorities in {self.path}")

    def write_lists(self, at: datetime, passphrase: Secret | None = None, valid: timedelta = CRL_VALID) -> None:
        """Sign the lists of revocations anew, as they are now. They expire after `valid`.

        Raises:
            UsageError: a key does not open.
        """
        lists = []
        for name in AUTHORITIES:
            if not (self.path / name / "key.pem").exists():  # a root may be kept elsewhere, with its own list
                lists.append(_read(self.path / name / "crl.pem"))
                continue
            issuer, known = self.authority(name, passphrase), self.revocations(name)
            made = revocation_list(known, issuer, valid, at)
            while known != (known := self.revocations(name)):  # one may have come while we signed
                made = revocation_list(known, issuer, valid, at)
            lists.append(made.public_bytes(Encoding.PEM))
            write_over(self.path / name / "crl.pem", lists[-1])
        write_over(self.path / "crls.pem", b"".join(lists))

    def lists(self) -> tuple[x509.CertificateRevocationList, ...]:
        """The signed lists."""
        return tuple(x509.load_pem_x509_crl(_read(self.path / name / "crl.pem")) for name in AUTHORITIES)


def file_name(name: str) -> str:
    """The name, if it can be one of a file.

    Raises:
        UsageError
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"expected a name of letters, digits, dots, dashes and underscores, got {name[:80]!r}")
    return name


def pem_of(certificate: x509.Certificate) -> bytes:
    """A certificate in PEM."""
    return certificate.public_bytes(Encoding.PEM)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
