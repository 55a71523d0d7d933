# SPDX-License-Identifier: AGPL-3.0-or-later
"""A quirk is a twist: a function that makes an awkward handler out of an honest one.

The functions here make twists out of what is really meant: another answer, a changed body, a changed page.
JSON is only taken apart as far as needed; what is inside keeps its bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import msgspec

from wwcp_ocpi.net.asgi import Handler
from wwcp_ocpi.protocol.http import TOTAL_COUNT, Request, Response

Data: TypeAlias = dict[str, msgspec.Raw]

_envelope = msgspec.json.Decoder(Data)
_list = msgspec.json.Decoder(list[msgspec.Raw])


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """What the quirks need from the test."""

    delay: Callable[[Request], Awaitable[None]]
    now: Callable[[], dt.datetime]
    retry_after_s: int = 2
    huge_bytes: int = 1024 * 1024
    other_host: str = "elsewhere.example"


Twist: TypeAlias = Callable[[Handler, Setup], Handler]


def instead(answer: Callable[[Request, Setup], Response]) -> Twist:
    """The honest handler is not even asked."""

    def twist(handler: Handler, setup: Setup) -> Handler:
        async def awkward(request: Request) -> Response:
            return answer(request, setup)

        return awkward

    return twist


def after(change: Callable[[Request, Response, Setup], Response]) -> Twist:
    """The honest answer, changed."""

    def twist(handler: Handler, setup: Setup) -> Handler:
        async def awkward(request: Request) -> Response:
            return change(request, await handler(request), setup)

        return awkward

    return twist


def before(change: Callable[[Request, Setup], Request | Response]) -> Twist:
    """Another request for the honest handler, or an answer without it."""

    def twist(handler: Handler, setup: Setup) -> Handler:
        async def awkward(request: Request) -> Response:
            changed = change(request, setup)
            return changed if isinstance(changed, Response) else await handler(changed)

        return awkward

    return twist


def on_body(change: Callable[[bytes], bytes]) -> Twist:
    """The bytes of every body, changed."""
    return after(lambda request, response, setup: msgspec.structs.replace(response, body=change(response.body)))


def on_envelope(change: Callable[[Data], Data]) -> Twist:
    """The members of every envelope, changed."""

    def twist(request: Request, response: Response, setup: Setup) -> Response:
        envelope = read_envelope(response)
        return response if envelope is None else with_envelope(response, change(envelope))

    return after(twist)


def on_page(change: Callable[[list[msgspec.Raw]], list[msgspec.Raw]]) -> Twist:
    """The objects of every page, changed."""

    def twist(request: Request, response: Response, setup: Setup) -> Response:
        objects = read_page(response)
        return response if objects is None else with_page(response, change(objects))

    return after(twist)


def read_envelope(response: Response) -> Data | None:
    """The members of the envelope, or None if the answer has none."""
    try:
        return _envelope.decode(response.body)
    except msgspec.DecodeError:
        return None


def with_envelope(response: Response, envelope: Data) -> Response:
    """The response with these members in its envelope."""
    return msgspec.structs.replace(response, body=msgspec.json.encode(envelope))


def read_page(response: Response) -> list[msgspec.Raw] | None:
    """The objects of a page, or None if the answer is none: only pages tell a total."""
    envelope = read_envelope(response)
    if envelope is None or TOTAL_COUNT not in response.headers or "data" not in envelope:
        return None
    return _list.decode(envelope["data"])


def with_page(response: Response, objects: list[msgspec.Raw]) -> Response:
    """The response with these objects as its page."""
    envelope = read_envelope(response) or {}
    return with_envelope(response, {**envelope, "data": raw(objects)})


def with_headers(response: Response, **changed: str | None) -> Response:
    """The response with headers set, or left out where None. Underscores stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in changed.items()}
    headers = {name: value for name, value in {**response.headers, **named}.items() if value is not None}
    return msgspec.structs.replace(response, headers=headers)


def raw(value: object) -> msgspec.Raw:
    """A value as JSON."""
    return msgspec.Raw(msgspec.json.encode(value))
