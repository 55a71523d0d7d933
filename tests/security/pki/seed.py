# SPDX-License-Identifier: AGPL-3.0-or-later
"""Signing requests in the shape of the first drafts: attributes with sets of values, made byte by byte."""

from __future__ import annotations

import base64

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

KEY_GROUP = "1.2.3.4.5.6.7.6.1"
NOT_BEFORE = "1.2.3.4.5.6.7.7.1"
NOT_AFTER = "1.2.3.4.5.6.7.7.2"
PARTY_IDS = "1.2.3.4.5.6.7.8.1"
CPO_IDS = "1.2.3.4.5.6.7.8.2"
EMSP_IDS = "1.2.3.4.5.6.7.8.3"
EXTENSIONS = "1.2.840.113549.1.9.14"

_ECDSA_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")


def tlv(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    size = len(content)
    length = (
        bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else bytes([0x82, size >> 8, size & 255])
    )
    return bytes([tag]) + length + content


def texts(*values: str, sequence: bool = False) -> bytes:
    found = b"".join(tlv(0x0C, value.encode()) for value in values)
    return tlv(0x30, found) if sequence else found


def utc_time(text: str) -> bytes:
    return tlv(0x17, text.encode())


def oid(dotted: str) -> bytes:
    first, second, *rest = map(int, dotted.split("."))
    content = bytearray([40 * first + second])
    for number in rest:
        groups = [number & 127]
        while number := number >> 7:
            groups.append(number & 127 | 128)
        content += bytes(reversed(groups))
    return tlv(0x06, bytes(content))


def attribute(dotted: str, values: bytes) -> bytes:
    return tlv(0x30, oid(dotted), tlv(0x31, values))


def request(*attributes: bytes, name: str = "seed", signed: bool = True) -> bytes:
    """A signing request in PEM with these attributes."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    subject = tlv(0x30, tlv(0x31, tlv(0x30, oid("2.5.4.3"), tlv(0x0C, name.encode()))))
    info = tlv(0x30, b"\x02\x01\x00", subject, public, tlv(0xA0, *sorted(attributes)))
    signature = key.sign(info if signed else b"another", ec.ECDSA(SHA256()))
    whole = tlv(0x30, info, _ECDSA_SHA256, tlv(0x03, b"\x00", signature))
    lines = base64.encodebytes(whole).decode()
    return f"-----BEGIN CERTIFICATE REQUEST-----\n{lines}-----END CERTIFICATE REQUEST-----\n".encode()
