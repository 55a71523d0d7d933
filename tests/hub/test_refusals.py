# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a hub says when a request could not be passed on."""

from __future__ import annotations

import pytest

from tests.rules import rule
from wwcp_ocpi.hub.refusals import refusal
from wwcp_ocpi.protocol.errors import BadAnswer, OCPIError, Refused, Unreachable, UsageError
from wwcp_ocpi.registry import VERSIONS


@rule("STC-09")
@rule("STC-10")
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TimeoutError(), 4002),
        (Unreachable("no answer"), 4003),
        (UsageError("not registered"), 4001),
        (BadAnswer("no envelope"), 4000),
        (Refused("no", ocpi_status=2003), 2003),
        (Refused("no", ocpi_status=3001), 3001),
        (Refused("no", ocpi_status=4001), 4000),
    ],
)
def test_each_failure_has_its_status(error: OCPIError | TimeoutError, status: int) -> None:
    for version in VERSIONS.values():
        told = refusal(version, error)
        # 2.1.1 knows no hubs.
        assert told.ocpi_status == (status if version.facts.routed or status < 4000 else 3000)
        assert told.http_status == 200
