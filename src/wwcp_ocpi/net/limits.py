# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much one caller, or one partner that we call, may cost us. Every number is a setting."""

from __future__ import annotations

import msgspec


class ServerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller gets before it is refused: with 413 and 431 (bytes), 408 (time), 503 (connections)."""

    body_bytes: int = 4 * 1024 * 1024
    body_s: float = 30.0
    """From the end of the head to the end of the body."""
    head_bytes: int = 32 * 1024
    """Request line and headers together; up to twice as much where they come in several packets."""
    head_s: float = 10.0
    """From the first byte of a request, or from connecting, to the end of its head."""
    handshake_s: float = 10.0
    """From connecting to the end of the TLS handshake."""
    linger_s: float = 2.0
    """How long a TLS connection that we closed waits for the caller to close it, too."""
    connections: int = 1000
    """That are open; as many again may be in their TLS handshake."""
    backlog: int = 2048
    keep_alive_s: int = 75
    """How long a connection stays open between two requests."""
    drain_s: int = 10
    """How long requests under way may take to finish when the server stops."""


class ClientLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a partner gets before its answer counts as none."""

    body_bytes: int = 64 * 1024 * 1024
    """Of an answer, before and after decompression."""
    connect_s: float = 10.0
    """Until TCP and TLS are up."""
    total_s: float = 30.0
    """From the call to the last byte, redirects included."""
    redirects: int = 3
    connections: int = 100
    connections_per_host: int = 20
    keep_alive_s: float = 30.0
