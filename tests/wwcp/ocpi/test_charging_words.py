# SPDX-License-Identifier: AGPL-3.0-or-later
"""Every word of what happens at an EVSE has its row, and the words of OCPI are those of the specification."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from wwcp_ocpi.v2_3_0.enums import AllowedType, ChargingProfileResultType, CommandResultType
from wwcp_ocpi.wwcp.model.authentication import AuthMethod
from wwcp_ocpi.wwcp.model.energy import MeteringValueType
from wwcp_ocpi.wwcp.model.result_codes import (
    CancelReservationCode,
    RemoteStartCode,
    RemoteStopCode,
    ReservationCode,
)
from wwcp_ocpi.wwcp.model.station_verbs import ProfileCode, UnlockCode
from wwcp_ocpi.wwcp.ocpi import charging_words as words
from wwcp_ocpi.wwcp.ocpi.inward.words import AUTH_METHOD, NATURE

TABLES = [
    (words.REMOTE_START, RemoteStartCode),
    (words.REMOTE_STOP, RemoteStopCode),
    (words.RESERVE, ReservationCode),
    (words.CANCEL_RESERVATION, CancelReservationCode),
    (words.UNLOCK, UnlockCode),
    (words.PROFILE, ProfileCode),
    (words.AUTH_METHOD, AuthMethod),
    (words.SIGNED_NATURE, MeteringValueType),
    (words.ALLOWED, AllowedType),
]


@pytest.mark.parametrize(("table", "codes"), TABLES)
def test_every_word_has_its_row(table: Mapping[Any, Any], codes: Any) -> None:
    assert set(table) == set(codes)


@pytest.mark.parametrize("table", [one for one, _ in TABLES[:5]])
def test_a_success_is_accepted_and_nothing_else_is(table: Mapping[Any, CommandResultType]) -> None:
    accepted = {str(code) for code, word in table.items() if word is CommandResultType.ACCEPTED}
    assert accepted == {str(code) for code in table if str(code).startswith(("Success", "AsyncOperation"))}


@pytest.mark.parametrize("table", [one for one, _ in TABLES[:5]])
def test_time_outs_are_time_outs(table: Mapping[Any, CommandResultType]) -> None:
    late = {str(code) for code, word in table.items() if word is CommandResultType.TIMEOUT}
    assert late == {str(code) for code in table if str(code) in ("Timeout", "CommunicationError")}


def test_an_accepted_profile_is_one_that_is_followed() -> None:
    accepted = {code for code, word in words.PROFILE.items() if word is ChargingProfileResultType.ACCEPTED}
    assert accepted == {ProfileCode.Success, ProfileCode.AsyncOperation}


def test_words_come_back_as_what_they_mean() -> None:
    for method, ocpi in words.AUTH_METHOD.items():
        assert words.AUTH_METHOD[AUTH_METHOD[ocpi]] is ocpi, method
    for type, nature in words.SIGNED_NATURE.items():
        assert NATURE[nature.upper()] in (type, MeteringValueType.Intermediate)
