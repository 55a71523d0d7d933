# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is made of files, and made again when one of them changes; a file that is broken leaves things as they are.

A certificate and its key are two files and are not replaced at once. Between the two they do not fit: that is logged,
the old ones stay in use, and the second change brings the new ones.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Generic, NamedTuple, Protocol, TypeAlias, TypeVar

import structlog
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from wwcp_ocpi.net.tls.settings import Source
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.security.pki.ocsp import Responses, read_responses

log = structlog.get_logger(__name__)

_DAY_S = 86_400
_WARN_DAYS: dict[str, tuple[int, ...]] = {
    "certificate": (0, 1, 7, 30),
    "authority": (0, 1, 7, 30),
    "CRL": (0, 1),
    "OCSP": (0,),
}
"""How many days before the end there is a warning. Revocation lists are short-lived and always near it."""
_Mark: TypeAlias = tuple[int, int, int] | None
_PEM_END = b"-----END X509 CRL-----"


class Expiry(NamedTuple):
    """Something in a file that is of no use after a moment. `kind` is a key of the table of warnings."""

    kind: str
    path: str
    name: str
    at: datetime


class Expiring(Protocol):
    """What is made of files with certificates in them."""

    @property
    def expiries(self) -> tuple[Expiry, ...]: ...


_T = TypeVar("_T", bound=Expiring)


class Reloaded(Generic[_T]):
    """A value that is made of files. `value` is the newest that could be made."""

    def __init__(self, paths: Iterable[Source | None], make: Callable[[], _T]) -> None:
        """Make the first value.

        Raises:
            UsageError: by `make`, a file cannot be used.
        """
        self._paths = tuple(path for path in paths if path and isinstance(path, str))
        self._make = make
        self._seen = self._marks()
        self._warned: dict[Expiry, int] = {}
        self.value = make()

    def refresh(self, now: datetime | None = None) -> bool:
        """Look at the files again, and at the dates of what is in them. True if there is a new value."""
        renewed = False
        marks = self._marks()
        if marks != self._seen:
            self._seen = marks
            try:
                self.value = self._make()
            except UsageError as error:
                log.error("tls.files_refused", error=str(error), files=self._paths)  # noqa: TRY400 - no traceback
            else:
                renewed = True
                log.info("tls.files_read", files=self._paths)
        self._warn(now or datetime.now(UTC))
        return renewed

    def _marks(self) -> tuple[_Mark, ...]:
        return tuple(_mark(path) for path in self._paths)

    def _warn(self, now: datetime) -> None:
        """Once for each threshold that is crossed."""
        for expiry in self.value.expiries:
            left = (expiry.at - now).total_seconds() / _DAY_S
            crossed = threshold(expiry.kind, expiry.at, now)
            if crossed is None or self._warned.get(expiry) == crossed:
                continue
            self._warned[expiry] = crossed
            facts = {"kind": expiry.kind, "file": expiry.path, "name": expiry.name, "at": expiry.at.isoformat()}
            if crossed:
                log.warning("tls.expires_soon", **facts, days_left=round(left, 1))
            else:
                log.error("tls.expired", **facts)


def threshold(kind: str, ends: datetime, at: datetime) -> int | None:
    """The fewest days before the end at which there is a warning, and that are over; 0 is the end itself."""
    left = (ends - at).total_seconds() / _DAY_S
    return next((days for days in _WARN_DAYS[kind] if left <= days), None)


def _mark(path: str) -> _Mark:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def name_of(source: Source) -> str:
    """What messages call it."""
    return source if isinstance(source, str) else source.name


def read_certificates(source: Source, kind: str = "certificate") -> tuple[list[x509.Certificate], tuple[Expiry, ...]]:
    """All certificates of a file, in its order, and when they expire.

    Raises:
        UsageError: it cannot be read, or there is none in it.
    """
    path = name_of(source)
    try:
        found = x509.load_pem_x509_certificates(read_pem(source))
    except ValueError as error:
        raise UsageError(f"{path}: expected certificates, PEM") from error
    return found, tuple(
        Expiry(kind, path, one.subject.rfc4514_string()[:120], one.not_valid_after_utc) for one in found
    )


def check_key(source: Source) -> None:
    """See that a file has a private key which can be used: OpenSSL itself would ask the terminal for a password.

    Raises:
        UsageError: it cannot be read, there is none in it, or it needs a password.
    """
    try:
        load_pem_private_key(read_pem(source), password=None)
    except (ValueError, TypeError) as error:
        raise UsageError(f"{name_of(source)}: expected a private key, PEM, without a password") from error


def read_crls(path: str) -> tuple[list[x509.CertificateRevocationList], tuple[Expiry, ...]]:
    """All revocation lists of a file, and until when they are good.

    Raises:
        UsageError: it cannot be read, or there is none in it.
    """
    parts = [part for part in read_pem(path).split(_PEM_END) if part.strip()]
    try:
        found = [x509.load_pem_x509_crl(part + _PEM_END + b"\n") for part in parts]
    except ValueError as error:
        raise UsageError(f"{path}: expected revocation lists, PEM") from error
    if not found:
        raise UsageError(f"{path}: expected revocation lists, PEM")
    return found, tuple(
        Expiry("CRL", path, one.issuer.rfc4514_string()[:120], one.next_update_utc)
        for one in found
        if one.next_update_utc is not None
    )


def read_ocsp(path: str) -> tuple[Responses, tuple[Expiry, ...]]:
    """All OCSP responses of a file, and when the first of them is good no more.

    Raises:
        UsageError: it cannot be read, or there is none in it.
    """
    try:
        found = read_responses(read_pem(path))
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    return found, (Expiry("OCSP", path, "OCSP responses", min(found.ends)),) if found.ends else ()


def read_pem(source: Source) -> bytes:
    """What stands there.

    Raises:
        UsageError: the file cannot be read.
    """
    if not isinstance(source, str):
        return source.pem.reveal().encode()
    try:
        return Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"{source}: {error.strerror}") from error
