# SPDX-License-Identifier: AGPL-3.0-or-later
"""The envelope: written from ready bytes, read from whatever partners send."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules import rule
from wwcp_ocpi.protocol import envelope
from wwcp_ocpi.protocol.envelope import Envelope
from wwcp_ocpi.protocol.errors import BadAnswer
from wwcp_ocpi.protocol.status import StatusCode, is_success
from wwcp_ocpi.scalars import DateTime


def stamped(body: bytes) -> dict[str, object]:
    """The envelope as a value, its timestamp checked and taken out."""
    value: dict[str, object] = json.loads(body)
    assert DateTime.parse(str(value.pop("timestamp"))).is_as_specified
    return value


@rule("TRN-29")
def test_a_success_carries_its_data_untouched() -> None:
    body = envelope.success(b'{"price": 1.50}')
    assert b'{"price": 1.50}' in body
    assert stamped(body) == {"data": {"price": 1.5}, "status_code": 1000}


@rule("TRN-31")
@rule("STC-07")
def test_a_success_without_data_has_no_data_field() -> None:
    assert stamped(envelope.success()) == {"status_code": 1000}


@rule("TRN-29")
@pytest.mark.parametrize("bodies", [[], [b"{}"], [b'{"a":1.0}', b"[2]", b"null"]])
def test_a_page_joins_the_bytes_of_its_objects(bodies: list[bytes]) -> None:
    body = b"".join(envelope.success_list(bodies))
    assert body.startswith(b'{"data":[' + b",".join(bodies) + b"]")
    assert stamped(body) == {"data": [json.loads(each) for each in bodies], "status_code": 1000}


@rule("TRN-30")
def test_a_failure_carries_code_and_message_and_no_data() -> None:
    body = envelope.failure(StatusCode.INVALID_PARAMETERS, 'expected "a"\n<b>')
    assert stamped(body) == {"status_code": 2001, "status_message": 'expected "a"\n<b>'}


@pytest.mark.parametrize("data", [b"[1.50]", b'{"a":null}', b'"ACCEPTED"', b"0", b"false", b"[]", b"[null]"])
def test_data_of_any_kind_is_read_untouched(data: bytes) -> None:
    read = envelope.read(b'{"data": ' + data + b' ,"status_code":1000,"timestamp":"2015-06-29T20:39:09Z"}')
    assert read.data is not None
    assert bytes(read.data) == data
    assert not envelope.is_null(read.data)
    assert (read.status_code, read.status_message, read.timestamp) == (1000, None, "2015-06-29T20:39:09Z")


@rule("TRN-31")
@pytest.mark.parametrize(
    "body", [b'{"status_code":1000}', b'{"status_code":1000,"data":null}', b'{"data": null ,"status_code":1000}']
)
def test_absent_and_null_data_are_none(body: bytes) -> None:
    assert envelope.read(body) == Envelope(status_code=1000)
    assert envelope.is_null(envelope.read(body).data)


def test_a_missing_timestamp_and_further_fields_are_forgiven() -> None:
    read = envelope.read(b'{"status_code":2001,"status_message":"no","trace":["x"],"timestamp":null}')
    assert read == Envelope(status_code=2001, status_message="no")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"<html>502 Bad Gateway</html>",
        b"{}",
        b'{"status_code":"1000"}',
        b'{"status_code":null}',
        b'{"status_code":1000.5}',
        b'{"status_code":1000,"data":[1',
        b'{"status_code":1000,"status_message":["no"]}',
        b'{"status_code":1000}{"status_code":1000}',
        b'\xff\xfe{"status_code":1000}',
        b'{"status_code":1000,"status_message":"\xff"}',
        b'{"status_code":1000,"data":' + b"[" * 100_000,
        b'{"status_code":1000,"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_no_envelope_is_a_bad_answer(body: bytes) -> None:
    with pytest.raises(BadAnswer, match="expected an OCPI envelope with data, status_code and timestamp") as caught:
        envelope.read(body)
    assert caught.value.http_status == 502


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    )
)
def test_what_is_written_is_read_back(value: object) -> None:
    data = msgspec.json.encode(value)
    read = envelope.read(envelope.success(data))
    assert (None if read.data is None else bytes(read.data)) == (None if value is None else data)


def test_only_1xxx_is_a_success() -> None:
    assert [code for code in (999, 1000, 1999, 2000, 3000, 4000, 0, -1) if is_success(code)] == [1000, 1999]


@rule("STC-06")
def test_no_status_code_of_ours_is_in_a_range_for_private_agreements() -> None:
    assert [code for code in StatusCode if code % 1000 >= 900] == []
    assert [int(code) for code in StatusCode] == [
        1000, 2000, 2001, 2002, 2003, 2004, 3000, 3001, 3002, 3003, 4000, 4001, 4002, 4003,
    ]  # fmt: skip
