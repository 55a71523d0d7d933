# SPDX-License-Identifier: AGPL-3.0-or-later
"""Servers and clients over real TLS on loopback, with authorities and certificates made for each test."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import trustme
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from tests.net.serving import echo
from wwcp_ocpi.net.asgi import Handler, asgi_app
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.server import HTTPServer
from wwcp_ocpi.net.tls.settings import ClientTLS, ServerTLS
from wwcp_ocpi.protocol.http import Channel, Request, Response

DAY = timedelta(days=1)


class Files:
    """A folder with one authority, and what it issues."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self.authority = trustme.CA()
        self.name = name
        self.ca = self.write(f"{name}.pem", self.authority.cert_pem.bytes())

    def write(self, name: str, content: bytes) -> str:
        path = self.folder / name
        path.write_bytes(content)
        return str(path)

    def issue(self, name: str = "localhost", **how: Any) -> str:
        """A file with key and chain of a certificate for this name."""
        issued = self.authority.issue_cert(name, **how)
        return self.write(f"{self.name}-{name}.pem", issued.private_key_and_cert_chain_pem.bytes())

    def issue_for(self, name: str, purpose: x509.ObjectIdentifier) -> str:
        """A file with key and certificate for one purpose only."""
        key: Any = load_pem_private_key(self.authority.private_key_pem.bytes(), None)
        return self.write(f"{name}.pem", _made(name, certificate(self.ca).subject, key, purpose))

    def revoke(self, *paths: str, days: float = 30) -> str:
        """A file with the revocation list of the authority, with these certificates on it."""
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(certificate(self.ca).subject)
        builder = builder.last_update(now - DAY).next_update(now + timedelta(days=days))
        for path in paths:
            entry = x509.RevokedCertificateBuilder().serial_number(certificate(path).serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(now - DAY).build())
        key: Any = load_pem_private_key(self.authority.private_key_pem.bytes(), None)
        return self.write("crl.pem", builder.sign(key, SHA256()).public_bytes(Encoding.PEM))

    def server(self, **how: Any) -> ServerTLS:
        """Settings of a server for `localhost` and 127.0.0.1."""
        if "certificate" not in how:
            issued = self.authority.issue_cert("localhost", "127.0.0.1")
            how["certificate"] = self.write("server.pem", issued.private_key_and_cert_chain_pem.bytes())
        return ServerTLS(**how)

    def client(self, **how: Any) -> ClientTLS:
        """Settings of a client that trusts this authority."""
        return ClientTLS(**{"authorities": self.ca, **how})


def certificate(path: str) -> x509.Certificate:
    """The first certificate in a file."""
    return x509.load_pem_x509_certificates(Path(path).read_bytes())[0]


def der(path: str) -> bytes:
    return certificate(path).public_bytes(Encoding.DER)


def self_signed(path: Path, name: str = "self.example", key: Any = None) -> str:
    """A file with a key, by default on P-256, and a certificate that nobody issued."""
    path.write_bytes(_made(name, key=key))
    return str(path)


def _made(
    name: str,
    issuer: x509.Name | None = None,
    signer: ec.EllipticCurvePrivateKey | None = None,
    purpose: x509.ObjectIdentifier | None = None,
    key: Any = None,
) -> bytes:
    key = key or ec.generate_private_key(ec.SECP256R1())
    hash = SHA256() if isinstance(signer or key, ec.EllipticCurvePrivateKey) else None
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(issuer or subject, subject, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - DAY).not_valid_after(now + DAY)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
    if purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
    secret: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return secret + builder.sign(signer or key, hash).public_bytes(Encoding.PEM)


class Seen:
    """A handler that keeps what it was asked and answers with the body that it got."""

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        return Response(status=200, body=request.body)

    @property
    def channels(self) -> list[Channel]:
        """Of all requests; every one had one."""
        return [request.channel for request in self.requests if request.channel is not None]


@asynccontextmanager
async def serving_tls(
    tls: ServerTLS, handler: Handler = echo, limits: ServerLimits | None = None
) -> AsyncIterator[HTTPServer]:
    limits = limits or ServerLimits(linger_s=0.5)
    async with HTTPServer(asgi_app(handler, limits), limits, tls=tls) as server:
        yield server


def stdlib_client(ca: str, **how: Any) -> ssl.SSLContext:
    """A client of another make."""
    context = ssl.create_default_context(cafile=ca)
    for name, value in how.items():
        setattr(context, name, value)
    return context


async def said(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *packets: bytes) -> bytes:
    """Everything until the other side closes."""
    for packet in packets:
        writer.write(packet)
        await writer.drain()
    found = await reader.read()
    writer.close()
    await writer.wait_closed()
    return found
