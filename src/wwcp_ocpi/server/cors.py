# SPDX-License-Identifier: AGPL-3.0-or-later
"""Scripts of other origins may read what is open to everybody anyway, where that is switched on. An extension.

Nothing that needs a token says any of this: a browser then keeps its answer from the script.
"""

from __future__ import annotations

from wwcp_ocpi.protocol.http import CORRELATION_ID, LIMIT, LINK, REQUEST_ID, TOTAL_COUNT, Request

REQUEST_METHOD = "access-control-request-method"
"""What makes an OPTIONS a preflight."""

READABLE = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": f"{REQUEST_ID}, {CORRELATION_ID}, {LINK}, {TOTAL_COUNT}, {LIMIT}, etag",
}
"""The headers of an answer that any script may read."""


PREFLIGHT = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET",
    "access-control-allow-headers": f"{REQUEST_ID}, {CORRELATION_ID}",
    "access-control-max-age": "3600",
}
"""The headers of the answer to a preflight: all that is open is read with GET."""


def is_preflight(request: Request) -> bool:
    """Whether a browser asks what a script may do."""
    return request.method == "OPTIONS" and REQUEST_METHOD in request.headers


def headers(request: Request) -> dict[str, str]:
    """What the answer to a request for something open says beside the rest."""
    return PREFLIGHT if is_preflight(request) else READABLE
