# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much one caller, or one partner that we call, may cost us. Every number is a setting."""

from __future__ import annotations

import msgspec


class ServerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller gets before it is refused: with 413 and 431 (bytes), 408 (time), 429 and 503 (connections)."""

    body_bytes: int = 4 * 1024 * 1024
    body_s: float = 30.0
    """From the end of the head to the end of the body."""
    head_bytes: int = 32 * 1024
    """Request line and headers together, up to twice as much where they come in several packets; and all that is sent
    beside a chunked body, between two pieces of it."""
    head_s: float = 10.0
    """From the first byte of a request, or from connecting, to the end of its head."""
    headers: int = 100
    """Header lines of a request."""
    read_s: float = 30.0
    """In which a caller that is behind with reading an answer must take another `READ_BYTES` of it."""
    handshake_s: float = 10.0
    """From connecting to the end of the TLS handshake."""
    linger_s: float = 2.0
    """How long a connection on which we have said our last waits for the caller to close it, too."""
    connections: int = 1000
    """That are open; as many again may be in their TLS handshake, or be told that there are too many."""
    connections_per_address: int = 250
    """Of these, from one IPv4 address or one /64 of IPv6, so that one caller cannot have them all; 0: all."""
    backlog: int = 2048
    keep_alive_s: int = 75
    """How long a connection stays open between two requests."""
    drain_s: int = 10
    """How long requests under way may take to finish when the server stops."""


READ_BYTES = 32 * 1024


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
