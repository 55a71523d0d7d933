# SPDX-License-Identifier: AGPL-3.0-or-later
"""The kinds of keys that certificates are made for, and how a private key is written."""

from __future__ import annotations

import hashlib
from enum import Enum
from importlib import import_module
from typing import Any

import cryptography
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.backends.openssl import backend
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes, CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.scalars import Secret

UNREADABLE = (
    ValueError,
    TypeError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What `cryptography` raises for a certificate, list or request that is broken, whenever a part of it is looked at."""

_LEAST_RSA_BITS = 2048


class KeyType(Enum):
    """What a key can be. RSA is accepted of others, where a public authority vouches for it, and never made."""

    P256 = "p256"
    P384 = "p384"
    ED25519 = "ed25519"
    ML_DSA_44 = "ml-dsa-44"
    ML_DSA_65 = "ml-dsa-65"
    ML_DSA_87 = "ml-dsa-87"
    RSA = "rsa"


CLASSIC = frozenset({KeyType.P256, KeyType.P384, KeyType.ED25519})
"""What an authority of ours signs unless it is told more."""

_CURVES: dict[KeyType, type[ec.EllipticCurve]] = {KeyType.P256: ec.SECP256R1, KeyType.P384: ec.SECP384R1}


ML_DSA = (KeyType.ML_DSA_44, KeyType.ML_DSA_65, KeyType.ML_DSA_87)
_MODULE = "cryptography.hazmat.primitives.asymmetric.mldsa"


def _ml_dsa(module: str = _MODULE) -> tuple[dict[KeyType, tuple[Any, Any]], str]:
    """Private and public classes of ML-DSA; or none, and what it is that lacks them."""
    library = f"cryptography {cryptography.__version__}"
    try:
        offered = import_module(module)
        found = {
            KeyType(f"ml-dsa-{size}"): (
                getattr(offered, f"MLDSA{size}PrivateKey"),
                getattr(offered, f"MLDSA{size}PublicKey"),
            )
            for size in (44, 65, 87)
        }
        offered.MLDSA44PrivateKey.from_seed_bytes(bytes(32))
    except (ImportError, AttributeError):
        return {}, f"{library} has no ML-DSA; a later one does"
    except UnsupportedAlgorithm:
        return {}, f"the {backend.openssl_version_text()} of {library} has no ML-DSA; OpenSSL 3.5 and later do"
    return found, ""


_ML_DSA, LACKING = _ml_dsa()
"""`LACKING` says why there is none, and is empty where there is."""
MADE = frozenset({*CLASSIC, *_ML_DSA})
"""What can be made here."""


def key_type(name: str) -> KeyType:
    """The kind of that name, if it can be made.

    Raises:
        UsageError: no such kind, or this library does not offer it.
    """
    known = sorted(kind.value for kind in MADE)
    if name.lower() in {kind.value for kind in ML_DSA} - set(known):
        raise UsageError(f"{name.lower()}: {LACKING}")
    if name.lower() not in known:
        raise UsageError(f"expected a key type of {', '.join(known)}, got {name[:32]!r}")
    return KeyType(name.lower())


def new_key(kind: KeyType) -> CertificateIssuerPrivateKeyTypes:
    """A fresh private key.

    Raises:
        UsageError: this library does not offer the kind.
    """
    if kind in _CURVES:
        return ec.generate_private_key(_CURVES[kind]())
    if kind is KeyType.ED25519:
        return ed25519.Ed25519PrivateKey.generate()
    if kind not in _ML_DSA:
        raise UsageError(f"{kind.value}: {LACKING if kind in ML_DSA else 'this library makes no such keys'}")
    made: CertificateIssuerPrivateKeyTypes = _ML_DSA[kind][0].generate()
    return made


def kind_of(key: CertificatePublicKeyTypes) -> KeyType | None:
    """The kind of a public key; None for one that is too weak or that nobody here knows."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        return next((kind for kind, curve in _CURVES.items() if isinstance(key.curve, curve)), None)
    if isinstance(key, rsa.RSAPublicKey):
        return KeyType.RSA if key.key_size >= _LEAST_RSA_BITS else None
    if isinstance(key, ed25519.Ed25519PublicKey):
        return KeyType.ED25519
    return next((kind for kind, (_, public) in _ML_DSA.items() if isinstance(key, public)), None)


def signing_hash(key: CertificateIssuerPrivateKeyTypes) -> hashes.SHA256 | hashes.SHA384 | None:
    """The hash that this key signs with; None where the algorithm has its own."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return hashes.SHA384() if isinstance(key.curve, ec.SECP384R1) else hashes.SHA256()
    return hashes.SHA256() if isinstance(key, rsa.RSAPrivateKey) else None


def pin_of(key: CertificatePublicKeyTypes) -> str:
    """The SHA-256 of a public key (SPKI) in hex: by this a key is pinned, whoever signed the certificate."""
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def private_pem(key: CertificateIssuerPrivateKeyTypes, passphrase: Secret | None = None) -> bytes:
    """PKCS #8, encrypted if there is a passphrase."""
    closed: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        closed = serialization.BestAvailableEncryption(passphrase.reveal().encode())
    return key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, closed)


def private_key(pem: bytes, passphrase: Secret | None = None) -> CertificateIssuerPrivateKeyTypes:
    """The private key in a PEM file.

    Raises:
        UsageError: no key, a passphrase that is missing, wrong or not needed, or a kind that signs nothing.
    """
    try:
        found = serialization.load_pem_private_key(
            pem, passphrase.reveal().encode() if passphrase is not None else None
        )
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise UsageError("expected a private key in PEM, and its passphrase if it has one") from error
    if kind_of(found.public_key()) is None:  # type: ignore[arg-type]
        raise UsageError("expected a private key that signs")
    return found  # type: ignore[return-value]
