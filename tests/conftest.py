# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every answer that a server gives in any test is held against the specification's tables."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.validator import validate
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.server import Server

# No test asserts a time, hypothesis's own neither.
settings.register_profile("wwcp-ocpi", deadline=None)
settings.load_profile("wwcp-ocpi")


@pytest.fixture(scope="session", autouse=True)
def _validated() -> Iterator[None]:
    answer = Server.handle

    async def handle(self: Server, request: Request) -> Response:
        response = await answer(self, request)
        validate(self, request, response)
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Server, "handle", handle)
        yield
