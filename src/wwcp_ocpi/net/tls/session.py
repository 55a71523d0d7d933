# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is known of a TLS connection. Read once, when it is first asked for, and kept as long as the connection."""

from __future__ import annotations

import ssl
from functools import cached_property
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from wwcp_ocpi.net.tls.contexts import SUITES
from wwcp_ocpi.protocol.http import Channel
from wwcp_ocpi.security.totp import EXPORTER_BYTES, EXPORTER_LABEL

EXTENSION = "wwcp_ocpi.tls"
"""The key in `scope["extensions"]` under which ASGI applications find the Session."""


class Session:
    """A connection whose handshake is done."""

    def __init__(self, connection: SSL.Connection, *, is_leaf_verified: bool = False) -> None:
        """Nothing is read yet.

        Args:
            is_leaf_verified: The peer's own certificate was verified by its key, its chain was not looked at.
        """
        self._connection = connection
        self._is_leaf_verified = is_leaf_verified

    @cached_property
    def channel(self) -> Channel:
        """What the rooms below are told."""
        return Channel(
            tls_version=self._connection.get_protocol_version_name(),
            exporter=self.export(EXPORTER_LABEL, EXPORTER_BYTES),
            peer_chain=self._chain(),
        )

    @cached_property
    def extensions(self) -> dict[str, Any]:
        """For the scope of an ASGI request: `tls` as version 0.2 of the ASGI TLS extension has it, and the Session."""
        chain = self.channel.peer_chain
        leaf = self._connection.get_peer_certificate(as_cryptography=True) if chain else None
        return {
            "tls": {
                "server_cert": None,
                "client_cert_chain": [ssl.DER_cert_to_PEM_cert(der) for der in chain],
                "client_cert_name": leaf.subject.rfc4514_string() if leaf else None,
                "client_cert_error": None,
                "tls_version": self._connection.get_protocol_version(),
                "cipher_suite": SUITES.get(self._connection.get_cipher_name() or ""),
            },
            EXTENSION: self,
        }

    def export(self, label: bytes, length: int, context: bytes | None = None) -> bytes | None:
        """Exporter material (RFC 8446 section 7.5), the same at both ends; None below TLS 1.3."""
        if self._connection.get_protocol_version() < SSL.TLS1_3_VERSION:
            return None
        return self._connection.export_keying_material(label, length, context)

    def _chain(self) -> tuple[bytes, ...]:
        if self._is_leaf_verified:
            leaf = self._connection.get_peer_certificate(as_cryptography=True)
            found = [leaf] if leaf else []
        else:
            found = self._connection.get_verified_chain(as_cryptography=True) or []
        return tuple(one.public_bytes(Encoding.DER) for one in found)
