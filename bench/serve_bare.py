# SPDX-License-Identifier: AGPL-3.0-or-later
"""What ours is compared with: the same HTTP server around an application that reads the body and answers ready bytes.

The bytes and headers are those that ours answered to the same request, in the file that is named.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import msgspec

from bench.children import only_warnings, pin, until_input_ends
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.server import HTTPServer, run


class Ready(msgspec.Struct):
    """A whole answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def write(path: Path, answers: dict[str, Ready]) -> None:
    """The file from which the bare application answers, by HTTP method."""
    path.write_bytes(msgspec.json.encode(answers))


async def serve(answers: bytes) -> None:
    """Write the port, and answer until the input ends."""
    known: dict[str, Ready] = msgspec.json.decode(answers, type=dict[str, Ready])
    ready: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        method: (
            {
                "type": "http.response.start",
                "status": answer.status,
                "headers": [(name.encode(), value.encode()) for name, value in answer.headers],
            },
            {"type": "http.response.body", "body": answer.body},
        )
        for method, answer in known.items()
    }

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for phase in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{phase}.complete"})
            return
        method = scope["method"]
        if method != "GET":
            while (await receive())["more_body"]:
                pass
        head, body = ready[method]
        await send(head)
        await send(body)

    async with HTTPServer(app, ServerLimits()) as server:
        print(server.port, flush=True)
        await until_input_ends()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("answers", type=Path)
    parser.add_argument("--core", type=int)
    asked = parser.parse_args()
    pin(asked.core)
    only_warnings()
    run(serve(asked.answers.read_bytes()))
