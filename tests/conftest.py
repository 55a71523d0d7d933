# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every answer that a server gives in any test is held against the specification's tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.validator import validate
from wwcp_ocpi.protocol.http import Request, Response, in_one_piece
from wwcp_ocpi.server import Server

# No test asserts a time, hypothesis's own neither.
settings.register_profile("wwcp-ocpi", deadline=None)
settings.load_profile("wwcp-ocpi")


@pytest.fixture(scope="session", autouse=True)
def _validated() -> Iterator[None]:
    answer = Server.respond  # which `handle` asks, too

    async def respond(self: Server, request: Request) -> Response:
        response = await answer(self, request)
        validate(self, request, in_one_piece(response))
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Server, "respond", respond)
        yield
