# SPDX-License-Identifier: AGPL-3.0-or-later
"""What ours is compared with: the same HTTP server around an application that reads the body and answers ready bytes.

The bytes and headers are those that ours answered to a request of the same kind, in the file that is named.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import msgspec

from bench.children import only_warnings, pin, until_input_ends
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.server import HTTPServer, run, settled
from wwcp_ocpi.net.tls.settings import ServerTLS


class Ready(msgspec.Struct):
    """A whole answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def write(path: Path, answer: Ready) -> None:
    """The file from which the bare application answers."""
    path.write_bytes(msgspec.json.encode(answer))


async def serve(answer: Ready, by: str = "", certificate: str = "") -> None:
    """Write the port, and answer until the input ends."""
    head: dict[str, Any] = {
        "type": "http.response.start",
        "status": answer.status,
        "headers": [(name.encode(), value.encode()) for name, value in answer.headers],
    }
    body: dict[str, Any] = {"type": "http.response.body", "body": answer.body}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for phase in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{phase}.complete"})
            return
        if scope["method"] != "GET":
            while (await receive())["more_body"]:
                pass
        await send(head)
        await send(body)

    tls = ServerTLS(certificate=certificate) if by == "ours" else None
    server = HTTPServer(app, ServerLimits(), tls=tls)
    if by == "ssl":
        server._config.ssl_certfile = certificate  # TLS as uvicorn itself offers it; our server has no setting for it
    async with server:
        settled()
        print(server.port, flush=True)
        await until_input_ends()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("answer", type=Path)
    parser.add_argument("--core", type=int)
    parser.add_argument("--tls", choices=["ours", "ssl"], default="")
    parser.add_argument("--certificate", default="")
    asked = parser.parse_args()
    pin(asked.core)
    only_warnings()
    run(serve(msgspec.json.decode(asked.answer.read_bytes(), type=Ready), asked.tls, asked.certificate))
