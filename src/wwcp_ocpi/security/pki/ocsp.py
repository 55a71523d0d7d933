# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a responder said of a certificate (OCSP, RFC 6960), in responses that somebody fetched and put into a file.

Nobody is asked here. A response counts if the authority that issued the certificate signed it, or a responder whom that
authority itself made one. That a certificate is good is believed as long as the response says so; that it is revoked,
for ever, unless it is only on hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.security.pki import der
from wwcp_ocpi.security.pki.keys import UNREADABLE, kind_of

OLD_HASHES = frozenset({"md5", "sha1"})
_MOST_BYTES = 16 * 1024 * 1024


class Status(Enum):
    """What is known of a certificate, the best answer first."""

    REVOKED = "revoked"
    GOOD = "good"
    UNKNOWN = "the responder does not know the certificate"
    OUT_OF_DATE = "the response is out of date"
    NOT_YET_VALID = "the response is of a later time"
    BAD_SIGNATURE = "the signature of the response is not good"
    WRONG_RESPONDER = "signed by nobody whom the authority has made a responder"
    WEAK = "signed with a hash or a key that is not accepted"
    NONE = "no response is about it"


_KNOWN = {ocsp.OCSPCertStatus.GOOD: Status.GOOD}
_ORDER = {status: place for place, status in enumerate(Status)}


class _Rejected(Exception):
    def __init__(self, status: Status) -> None:
        super().__init__(status.value)
        self.status = status


class Said(NamedTuple):
    """One answer in a response, with the response that holds and proves it."""

    response: ocsp.OCSPResponse
    single: ocsp.OCSPSingleResponse


class Responses:
    """Answers by the serial number that they are about."""

    def __init__(self, responses: Iterable[ocsp.OCSPResponse] = ()) -> None:
        self._said: dict[int, list[Said]] = {}
        self.ends: list[datetime] = []
        """Until when each answer is good, as far as it says so."""
        for response in responses:
            for single in response.responses:
                self._said.setdefault(single.serial_number, []).append(Said(response, single))
                if single.next_update_utc is not None:
                    self.ends.append(single.next_update_utc)

    def status_of(self, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime) -> Status:
        """What is known of a certificate that this authority issued, `at` this moment."""
        found = [
            _judged(said, issuer, at)
            for said in self._said.get(certificate.serial_number, ())
            if _is_about(said.single, certificate, issuer)
        ]
        return min(found, key=_ORDER.__getitem__, default=Status.NONE)


def read_responses(content: bytes) -> Responses:
    """The responses in a file: one in DER, or several one behind the other.

    Raises:
        UsageError: there is something else in it, or a response without an answer.
    """
    if len(content) > _MOST_BYTES:
        raise UsageError(f"expected OCSP responses of at most {_MOST_BYTES} bytes")
    try:
        found = [_read(one) for one in der.pieces(content)]
        made = Responses(found)
    except UNREADABLE as error:
        raise UsageError(f"expected OCSP responses, DER: {str(error)[:120]}") from error
    if not found:
        raise UsageError("expected OCSP responses, DER")
    return made


def _read(content: bytes) -> ocsp.OCSPResponse:
    response = ocsp.load_der_ocsp_response(content)
    if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        raise UsageError(f"expected answers of an OCSP responder, got {response.response_status.name.lower()}")
    return response


def _is_about(single: ocsp.OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether it names the certificate and its authority: serials are those of one authority."""
    try:
        wanted = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, single.hash_algorithm).build()
    except UNREADABLE:
        return False
    return (wanted.issuer_key_hash, wanted.issuer_name_hash) == (single.issuer_key_hash, single.issuer_name_hash)


def _judged(said: Said, issuer: x509.Certificate, at: datetime) -> Status:
    response, single = said
    try:
        _check_signed(response, issuer, at)
    except _Rejected as rejected:
        return rejected.status
    except UNREADABLE:
        return Status.BAD_SIGNATURE
    is_revoked = single.certificate_status is ocsp.OCSPCertStatus.REVOKED
    if is_revoked and single.revocation_reason is not x509.ReasonFlags.certificate_hold:
        return Status.REVOKED
    if single.this_update_utc > at:
        return Status.NOT_YET_VALID
    if single.next_update_utc is None or single.next_update_utc <= at:
        return Status.OUT_OF_DATE  # without an end, nobody can tell how old a file may get
    return Status.REVOKED if is_revoked else _KNOWN.get(single.certificate_status, Status.UNKNOWN)


def _check_signed(response: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime) -> None:
    hash = response.signature_hash_algorithm
    if hash is not None and hash.name in OLD_HASHES:
        raise _Rejected(Status.WEAK)
    refusal = Status.WRONG_RESPONDER
    for signer in _signers(response, issuer, at):
        if kind_of(signer.public_key()) is None:
            refusal = Status.WEAK
            continue
        if _is_signed(response, signer):
            return
        refusal = Status.BAD_SIGNATURE
    raise _Rejected(refusal)


def _signers(response: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime) -> Iterator[x509.Certificate]:
    """Who may have signed: the authority, or one that comes with the response and that the authority vouches for."""
    for one in (issuer, *response.certificates[:8]):
        if _is_named(response, one) and (one == issuer or _is_responder(one, issuer, at)):
            yield one


def _is_named(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    """Whether the response says that this one signed it, by name or by the SHA-1 of the key that RFC 6960 has."""
    if response.responder_name is not None:
        return response.responder_name == signer.subject
    return response.responder_key_hash == x509.SubjectKeyIdentifier.from_public_key(signer.public_key()).digest


def _is_responder(one: x509.Certificate, issuer: x509.Certificate, at: datetime) -> bool:
    try:
        one.verify_directly_issued_by(issuer)
        usage = one.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (InvalidSignature, x509.ExtensionNotFound, *UNREADABLE):
        return False
    old = one.signature_hash_algorithm is not None and one.signature_hash_algorithm.name in OLD_HASHES
    is_now = one.not_valid_before_utc <= at < one.not_valid_after_utc
    return is_now and not old and ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _is_signed(response: ocsp.OCSPResponse, signer: x509.Certificate) -> bool:
    key: Any = signer.public_key()
    signature, signed, hash = response.signature, response.tbs_response_bytes, response.signature_hash_algorithm
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            if hash is None:
                return False
            key.verify(signature, signed, ec.ECDSA(hash))
        elif isinstance(key, rsa.RSAPublicKey):
            if hash is None:
                return False
            key.verify(signature, signed, padding.PKCS1v15(), hash)
        else:
            key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True
