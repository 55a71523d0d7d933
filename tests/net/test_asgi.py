# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from wwcp_ocpi.net.asgi import SEND_JOINED_BYTES, ASGIApp, asgi_app, mounted
from wwcp_ocpi.net.body import Message
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.protocol.errors import NotAuthenticated
from wwcp_ocpi.protocol.http import Request, Response

LIMITS = ServerLimits(body_bytes=10, body_s=0.05)


def part(body: bytes = b"", *, more: bool = False) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


GONE: Message = {"type": "http.disconnect"}


async def call(
    app: ASGIApp,
    method: str = "GET",
    target: str = "/ocpi/versions",
    headers: Iterable[tuple[str, str]] = (),
    parts: Iterable[Message] = (),
    client: tuple[str, int] | None = ("192.0.2.7", 50000),
) -> list[Message]:
    """What the application sends for a request. Asking for a message too many is an error."""
    path, _, query = target.partition("?")
    scope: dict[str, Any] = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "client": client,
    }
    waiting = iter(parts)
    sent: list[Message] = []

    async def receive() -> Message:
        return next(waiting)

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return sent


class Recorder:
    def __init__(self, response: Response | None = None) -> None:
        self.requests: list[Request] = []
        self.response = response or Response(status=200, headers={"content-type": "text/plain"}, body=b"yes")

    async def __call__(self, request: Request) -> Response:
        self.requests.append(request)
        return self.response


def envelope(sent: list[Message]) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(sent[1]["body"])
    found.pop("timestamp")
    return found


async def test_the_handler_gets_the_request_as_it_came() -> None:
    handler = Recorder()
    await call(
        asgi_app(handler, LIMITS),
        "PUT",
        "/ocpi/2.2.1/a%2Fb%20c/?x=1&y=%26",
        [("authorization", "Token ü"), ("content-length", "3")],
        [part(b"abc")],
    )
    assert handler.requests == [
        Request(
            method="PUT",
            url="/ocpi/2.2.1/a%2Fb%20c/?x=1&y=%26",
            headers={"authorization": "Token ü", "content-length": "3"},
            body=b"abc",
            source="192.0.2.7",
        )
    ]


async def test_the_answer_goes_out_in_two_messages_with_its_length() -> None:
    assert await call(asgi_app(Recorder(), LIMITS)) == [
        {
            "type": "http.response.start",
            "status": 200,
            "headers": [(b"content-type", b"text/plain"), (b"content-length", b"3")],
        },
        {"type": "http.response.body", "body": b"yes"},
    ]


async def test_a_header_that_comes_twice_is_joined() -> None:
    handler = Recorder()
    await call(asgi_app(handler, LIMITS), headers=[("accept", "a"), ("host", "h"), ("accept", "b")])
    assert handler.requests[0].headers == {"accept": "a, b", "host": "h"}


async def test_a_caller_without_address_has_an_empty_source() -> None:
    handler = Recorder()
    await call(asgi_app(handler, LIMITS), client=None)
    assert handler.requests[0].source == ""


async def test_head_is_answered_like_get_without_the_body() -> None:
    handler = Recorder()
    start, body = await call(asgi_app(handler, LIMITS), "HEAD")
    assert handler.requests[0].method == "GET"
    assert (b"content-length", b"3") in start["headers"]
    assert body["body"] == b""


async def test_options_is_for_the_handler_to_answer() -> None:
    handler = Recorder()
    await call(asgi_app(handler, LIMITS), "OPTIONS")
    assert handler.requests[0].method == "OPTIONS"


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_that_cannot_have_a_body_tells_no_length(status: int) -> None:
    start, _ = await call(asgi_app(Recorder(Response(status=status)), LIMITS))
    assert start["headers"] == []


async def test_a_body_in_parts_is_joined() -> None:
    handler = Recorder()
    parts = [part(b"ab", more=True), part(b"", more=True), part(b"cd")]
    await call(asgi_app(handler, LIMITS), "PUT", headers=[("transfer-encoding", "chunked")], parts=parts)
    assert handler.requests[0].body == b"abcd"


async def test_a_body_without_announcement_is_not_waited_for() -> None:
    handler = Recorder()
    await call(asgi_app(handler, LIMITS), "POST", parts=[])
    assert handler.requests[0].body == b""


async def test_a_body_announced_as_too_large_is_refused_and_read_away() -> None:
    handler = Recorder()
    parts = [part(b"x" * 6, more=True), part(b"x" * 5)]
    sent = await call(asgi_app(handler, LIMITS), "PUT", headers=[("content-length", "11")], parts=parts)
    assert handler.requests == []
    assert sent[0]["status"] == 413
    assert (b"connection", b"close") not in sent[0]["headers"]
    assert envelope(sent) == {"status_code": 2001, "status_message": "body: expected at most 10 bytes, got 11"}


async def test_far_too_large_a_body_is_not_read_to_its_end() -> None:
    parts = [part(b"x" * 10, more=True), part(b"x" * 10, more=True), GONE]
    sent = await call(asgi_app(Recorder(), LIMITS), "PUT", headers=[("content-length", "999")], parts=parts)
    assert sent[0]["status"] == 413
    assert (b"connection", b"close") in sent[0]["headers"]


async def test_a_caller_that_asks_before_it_sends_too_much_is_refused_at_once() -> None:
    headers = [("content-length", "11"), ("expect", "100-continue")]
    sent = await call(asgi_app(Recorder(), LIMITS), "PUT", headers=headers, parts=[GONE])
    assert sent[0]["status"] == 413
    assert (b"connection", b"close") in sent[0]["headers"]


@pytest.mark.parametrize(
    "parts",
    [
        [part(b"x" * 11)],
        [part(b"x" * 6, more=True), part(b"x" * 6)],
        [part(b"x" * 6, more=True), part(b"x" * 6, more=True), part(b"x" * 3)],
    ],
)
async def test_a_body_that_turns_out_too_large_is_refused(parts: list[Message]) -> None:
    sent = await call(asgi_app(Recorder(), LIMITS), "PUT", headers=[("transfer-encoding", "chunked")], parts=parts)
    assert sent[0]["status"] == 413
    assert (b"connection", b"close") not in sent[0]["headers"]
    assert envelope(sent)["status_message"] == "body: expected at most 10 bytes, got more"


@pytest.mark.parametrize(
    ("headers", "parts"),
    [
        ([("content-length", "5")], [GONE]),
        ([("content-length", "5")], [part(b"x", more=True), GONE]),
        ([("content-length", "50")], [GONE]),
    ],
)
async def test_a_caller_that_hangs_up_amid_its_body_gets_no_answer(
    headers: list[tuple[str, str]], parts: list[Message]
) -> None:
    handler = Recorder()
    assert await call(asgi_app(handler, LIMITS), "PUT", headers=headers, parts=parts) == []
    assert handler.requests == []


async def test_what_the_handler_lets_escape_is_logged_and_answered_without_details() -> None:
    async def handler(request: Request) -> Response:
        raise NotAuthenticated("the secret reason")

    with capture_logs() as logs:
        sent = await call(asgi_app(handler, LIMITS), target="/ocpi/versions?token=hush")
    assert sent[0]["status"] == 500
    assert envelope(sent) == {"status_code": 3000, "status_message": "internal error"}
    [entry] = logs
    assert entry["event"] == "request.failed"
    assert entry["path"] == "/ocpi/versions"


async def test_a_response_that_cannot_be_written_is_a_failure_of_the_handler() -> None:
    handler = Recorder(Response(status=200, headers={"x-name": "żółw"}))
    with capture_logs():
        sent = await call(asgi_app(handler, LIMITS), "HEAD")
    assert [sent[0]["status"], sent[1]["body"]] == [500, b""]


async def test_other_applications_answer_below_their_prefix() -> None:
    async def pages(scope: Message, receive: Any, send: Any) -> None:
        await send({"page": scope["path"]})

    app = asgi_app(Recorder(), LIMITS, apps={"/-/": pages})
    assert await call(app, target="/-/admin") == [{"page": "/-/admin"}]
    assert (await call(app, target="/ocpi"))[0]["status"] == 200


@pytest.mark.parametrize(
    ("url", "answer"),
    [
        ("/ocpi", b"ocpi"),
        ("/ocpi/versions?limit=1", b"ocpi"),
        ("/ocpi/2.1.1/x", b"old"),
        ("https://here.example/ocpi/versions", b"ocpi"),
        ("/-/health", b"own"),
    ],
)
async def test_the_longest_mounted_prefix_decides(url: str, answer: bytes) -> None:
    table = {
        "/ocpi": Recorder(Response(status=200, body=b"ocpi")),
        "/ocpi/2.1.1": Recorder(Response(status=200, body=b"old")),
        "/-/": Recorder(Response(status=200, body=b"own")),
    }
    response = await mounted(table)(Request(method="GET", url=url))
    assert response.body == answer
    assert sum(len(handler.requests) for handler in table.values()) == 1


@pytest.mark.parametrize("url", ["/", "/ocpiX", "/-", "/wwcp"])
async def test_a_path_below_no_mount_is_not_found(url: str) -> None:
    response = await mounted({"/ocpi": Recorder(), "/-/": Recorder()})(Request(method="GET", url=url))
    assert response.status == 404
    assert msgspec.json.decode(response.body)["status_message"] == f"{url}: no such path"


async def lifespan(app: ASGIApp) -> list[Message]:
    phases = iter(["lifespan.startup", "lifespan.shutdown"])
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": next(phases)}

    async def send(message: Message) -> None:
        sent.append(message)

    await app({"type": "lifespan"}, receive, send)
    return sent


async def test_startup_and_shutdown_are_called_in_order() -> None:
    order: list[str] = []

    def step(name: str) -> Any:
        async def note() -> None:
            order.append(name)

        return note

    app = asgi_app(
        Recorder(), LIMITS, startup=[step("store"), step("courier")], shutdown=[step("drain"), step("close")]
    )
    assert await lifespan(app) == [{"type": "lifespan.startup.complete"}, {"type": "lifespan.shutdown.complete"}]
    assert order == ["store", "courier", "drain", "close"]


async def test_a_startup_that_fails_is_told_to_the_server() -> None:
    async def fail() -> None:
        raise OSError("no disk")

    with capture_logs() as logs:
        sent = await lifespan(asgi_app(Recorder(), LIMITS, startup=[fail]))
    assert sent == [{"type": "lifespan.startup.failed", "message": "no disk"}]
    assert [entry["event"] for entry in logs] == ["startup.failed"]


@pytest.mark.parametrize(("size", "sends"), [(3, 1), (SEND_JOINED_BYTES - 2, 1), (SEND_JOINED_BYTES - 1, 3)])
async def test_a_large_body_in_pieces_is_sent_without_being_joined(size: int, sends: int) -> None:
    pieces = (b"[", b"x" * size, b"]")
    head, *bodies = await call(asgi_app(Recorder(Response(status=200, pieces=pieces)), LIMITS))
    assert head["headers"] == [(b"content-length", b"%d" % (size + 2))]
    assert [body.get("more_body", False) for body in bodies] == [True] * (sends - 1) + [False]
    assert b"".join(body["body"] for body in bodies) == b"".join(pieces)
    if sends > 1:
        assert bodies[1]["body"] is pieces[1]


async def test_head_is_told_the_length_of_a_body_in_pieces() -> None:
    recorder = Recorder(Response(status=200, pieces=(b"[", b"x" * SEND_JOINED_BYTES, b"]")))
    sent = await call(asgi_app(recorder, LIMITS), "HEAD")
    assert sent[0]["headers"] == [(b"content-length", b"%d" % (SEND_JOINED_BYTES + 2))]
    assert [message["body"] for message in sent[1:]] == [b""]
