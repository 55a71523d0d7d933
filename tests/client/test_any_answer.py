# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever bytes come back, the caller hears of a fault of the partner, and of nothing else."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.client.awkward import IDS, VERSIONS_URL, partner
from tests.platforms import ALL_VERSIONS
from wwcp_ocpi.client import Peer, Retries
from wwcp_ocpi.protocol.errors import PartnerError, UsageError
from wwcp_ocpi.protocol.http import Request, Response

ONCE = Retries(attempts=1)
STATUSES = st.sampled_from([200, 200, 200, 201, 204, 302, 400, 401, 404, 418, 429, 500, 503])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
ENVELOPES = st.fixed_dictionaries({"status_code": st.sampled_from([1000, 2001, 10**30, "x", None]), "data": JSON})
BODIES = st.one_of(
    st.binary(max_size=60),
    ENVELOPES.map(msgspec.json.encode),
    ENVELOPES.map(msgspec.json.encode).flatmap(lambda body: st.integers(0, len(body)).map(lambda cut: body[:cut])),
    st.binary(max_size=8).map(lambda raw: b'{"status_code":1000,"data":[' + raw + b"]}"),
    st.integers(1, 3000).map(lambda depth: b'{"status_code":1000,"data":' + b"[" * depth + b"]" * depth + b"}"),
)
VALUES = st.text(max_size=20) | st.from_regex(r'<[^>]{0,12}>; rel="?next"?', fullmatch=True) | st.integers().map(str)
HEADERS = st.dictionaries(st.sampled_from(["link", "x-total-count", "x-limit", "retry-after", "location"]), VALUES)
RESPONSES = st.builds(
    lambda status, headers, body: Response(status=status, headers=headers, body=body), STATUSES, HEADERS, BODIES
)


async def _read(version: str, answers: list[Response], start: int) -> list[object]:
    """Read a list from a partner whose answers from the `start`th on are these, and then honest ones."""
    honest = partner(version)
    count = 0

    async def transport(request: Request) -> Response:
        nonlocal count
        count += 1
        return answers.pop(0) if count > start and answers else await honest(request)

    peer = await Peer.open(VERSIONS_URL, "token-a", transport, retries=ONCE)
    return [found async for found in peer.locations()]


@settings(max_examples=300, deadline=None)
@given(
    version=st.sampled_from(ALL_VERSIONS), answers=st.lists(RESPONSES, min_size=1, max_size=3), start=st.integers(0, 4)
)
def test_no_answer_is_anything_but_understood_or_the_partners_fault(
    version: str, answers: list[Response], start: int
) -> None:
    with suppress(PartnerError, UsageError):
        asyncio.run(_read(version, answers, start))


def test_the_partner_behind_that_test_is_understood() -> None:
    assert len(asyncio.run(_read("2.2.1", [], 0))) == len(IDS)
