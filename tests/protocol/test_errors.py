# SPDX-License-Identifier: AGPL-3.0-or-later
"""Errors know who is to blame, what to tell the partner, and with which two statuses."""

from __future__ import annotations

import pytest

from tests.rules import rule
from wwcp_ocpi.protocol import errors
from wwcp_ocpi.protocol.errors import InvalidParameters, OCPIError, OlderThanStored, PartnerError, Refused, UsageError


@rule("STC-02")
def test_every_error_has_its_two_statuses() -> None:
    found = {
        name: (int(error.ocpi_status), int(error.http_status))
        for name, error in vars(errors).items()
        if isinstance(error, type) and issubclass(error, OCPIError)
    }
    assert found == {
        "OCPIError": (3000, 200),
        "UsageError": (3000, 200),
        "CannotConvert": (3000, 200),
        "NotInVersion": (3000, 200),
        "PartnerError": (2000, 200),
        "InvalidParameters": (2001, 200),
        "MalformedBody": (2001, 400),
        "TooLarge": (2001, 413),
        "WrongContentType": (2001, 415),
        "NotAuthenticated": (2000, 401),
        "NotAllowed": (2001, 403),
        "NotFound": (2001, 404),
        "MethodNotAllowed": (2000, 405),
        "PreconditionFailed": (2001, 412),
        "OlderThanStored": (2001, 200),
        "Unreachable": (3000, 502),
        "BadAnswer": (3000, 502),
        "Refused": (2000, 200),
        "UnknownToken": (2004, 404),
        "TooManyRefusals": (2000, 429),
    }


def test_blame_is_on_one_side() -> None:
    assert not issubclass(UsageError, PartnerError)
    assert issubclass(OlderThanStored, InvalidParameters)


def test_one_error_can_carry_statuses_of_its_own_without_changing_its_kind() -> None:
    error = Refused("no", ocpi_status=2003, http_status=404, headers={"allow": "GET"})
    assert (error.ocpi_status, error.http_status, error.headers) == (2003, 404, {"allow": "GET"})
    assert (Refused.ocpi_status, Refused.http_status) == (2000, 200)
    assert Refused("no").headers == {}


@pytest.mark.parametrize(
    ("message", "path", "shown"),
    [
        ("required, but missing", None, "required, but missing"),
        ("required, but missing", "$.uid", "$.uid: required, but missing"),
        ("tokens/1: $.uid: required, but missing", "$.uid", "tokens/1: $.uid: required, but missing"),
    ],
)
def test_an_error_prints_its_place_once(message: str, path: str | None, shown: str) -> None:
    error = InvalidParameters(message, path=path)
    assert str(error) == shown
    assert (error.message, error.path) == (message, path)
