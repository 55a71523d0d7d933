# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every word of OCPI and every way to fail has its WWCP result, for each verb."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from wwcp_ocpi.protocol.errors import (
    BadAnswer,
    CannotConvert,
    InvalidParameters,
    NotAllowed,
    NotFound,
    OCPIError,
    PartnerError,
    Refused,
    Unreachable,
    UsageError,
)
from wwcp_ocpi.v2_1_1.enums import CommandResponseType as CommandResponseType_2_1_1
from wwcp_ocpi.v2_2_1 import enums as v2_2_1
from wwcp_ocpi.v2_3_0 import enums as v2_3_0
from wwcp_ocpi.v2_3_0.enums import AllowedType
from wwcp_ocpi.wwcp.model.result_codes import (
    AuthStartCode,
    CancelReservationCode,
    RemoteStartCode,
    RemoteStopCode,
    ReservationCode,
)
from wwcp_ocpi.wwcp.model.station_verbs import UnlockCode
from wwcp_ocpi.wwcp.ocpi.emp import results
from wwcp_ocpi.wwcp.ocpi.emp.authorizing import AUTH_START, Unsaid
from wwcp_ocpi.wwcp.ocpi.emp.results import Failure, failure_of, texts_of, word_in

WORDS = {
    word.value
    for kind in (
        CommandResponseType_2_1_1,
        v2_2_1.CommandResponseType,
        v2_2_1.CommandResultType,
        v2_3_0.CommandResponseType,
        v2_3_0.CommandResultType,
    )
    for word in kind
}
TABLES = [results.REMOTE_START, results.REMOTE_STOP, results.RESERVE, results.CANCEL_RESERVATION, results.UNLOCK]
FAILED = [
    results.REMOTE_START_FAILED,
    results.REMOTE_STOP_FAILED,
    results.RESERVE_FAILED,
    results.CANCEL_RESERVATION_FAILED,
    results.UNLOCK_FAILED,
]


@pytest.mark.parametrize("table", TABLES)
def test_every_word_of_every_version_has_a_result(table: Mapping[str, Any]) -> None:
    assert set(table) == WORDS


@pytest.mark.parametrize("table", FAILED)
def test_every_way_to_fail_has_a_result_and_none_is_a_success(table: Mapping[Failure, Any]) -> None:
    assert set(table) == set(Failure)
    assert not {"Success", "AsyncOperation", "Timeout"} & {code.value for code in table.values()}


@pytest.mark.parametrize("table", TABLES)
def test_only_what_was_accepted_is_a_success(table: Mapping[str, Any]) -> None:
    done = {word for word, code in table.items() if code.value == "Success"}
    assert done <= {"ACCEPTED", "CANCELED_RESERVATION"}
    assert "ACCEPTED" in done
    assert table["TIMEOUT"].value == "Timeout"
    assert table["NOT_SUPPORTED"].value == ("NotSupported" if table is results.UNLOCK else "NoOperation")


def test_the_tables_say_the_words_of_their_verb() -> None:
    kinds = [RemoteStartCode, RemoteStopCode, ReservationCode, CancelReservationCode, UnlockCode]
    for kind, table, failed in zip(kinds, TABLES, FAILED, strict=True):
        assert {type(code) for code in itertools.chain(table.values(), failed.values())} == {kind}


def test_a_word_that_no_version_has_is_a_failure() -> None:
    assert word_in(results.REMOTE_START, "EXPLODED") is RemoteStartCode.Error


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Unreachable("no"), Failure.UNREACHABLE),
        (BadAnswer("no"), Failure.NONSENSE),
        (UsageError("no"), Failure.NOT_OURS_TO_SEND),
        (CannotConvert("no", path="$"), Failure.NOT_OURS_TO_SEND),
        (Refused("no", ocpi_status=2003, http_status=200), Failure.UNKNOWN_PLACE),
        (Refused("no", ocpi_status=2001, http_status=200), Failure.REFUSED),
        (Refused("no", ocpi_status=2000, http_status=401), Failure.UNAUTHORIZED),
        (Refused("no", ocpi_status=2000, http_status=403), Failure.UNAUTHORIZED),
        (Refused("no", ocpi_status=3000, http_status=200), Failure.NONSENSE),
        (Refused("no", ocpi_status=3003, http_status=200), Failure.NO_WAY),
        (Refused("no", ocpi_status=4001, http_status=200), Failure.NO_WAY),
        (Refused("no", ocpi_status=4002, http_status=200), Failure.NONSENSE),
        (NotFound("no"), Failure.REFUSED),
        (NotAllowed("no"), Failure.UNAUTHORIZED),
        (InvalidParameters("no"), Failure.REFUSED),
        (PartnerError("no"), Failure.REFUSED),
    ],
)
def test_every_error_is_a_way_to_fail(error: OCPIError, failure: Failure) -> None:
    assert failure_of(error) is failure


def test_the_reason_is_the_cpos_own_or_its_word() -> None:
    assert texts_of("cpo", "REJECTED", [("de", "Nein"), ("en", "No"), ("", "?")]) == {"de": "Nein", "en": "No"}
    assert texts_of("cpo", "REJECTED", []) == {"en": "cpo said REJECTED"}


def test_every_answer_of_the_network_has_a_word_and_the_words_are_all_used() -> None:
    assert set(AUTH_START) == set(AuthStartCode)
    said = {word for word in AUTH_START.values() if not isinstance(word, Unsaid)}
    assert said == {word.value for word in AllowedType}
    assert {word for word in AUTH_START.values() if isinstance(word, Unsaid)} == set(Unsaid)
