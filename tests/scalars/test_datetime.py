# SPDX-License-Identifier: AGPL-3.0-or-later
"""DateTime: read leniently, printed as it came, exact to the microsecond inside."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import pickle
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.rules import rule
from wwcp_ocpi.scalars import DateTime, now
from wwcp_ocpi.scalars.datetime import STRICT

moments = st.datetimes(
    min_value=dt.datetime(1000, 1, 1),  # noqa: DTZ001 - the zone is added below
    max_value=dt.datetime(9998, 12, 31),  # noqa: DTZ001
    timezones=st.just(dt.UTC),
)


def utc(*parts: int) -> dt.datetime:
    year, month, day, *rest = parts
    return dt.datetime(year, month, day, *rest, tzinfo=dt.UTC)  # type: ignore[misc,arg-type]


@rule("TYP-04")
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2015-06-29T20:39:09Z", utc(2015, 6, 29, 20, 39, 9)),
        ("2015-06-29T20:39:09", utc(2015, 6, 29, 20, 39, 9)),
        ("2016-12-29T17:45:09.2Z", utc(2016, 12, 29, 17, 45, 9, 200_000)),
        ("2016-12-29T17:45:09.2", utc(2016, 12, 29, 17, 45, 9, 200_000)),
        ("2018-01-01T01:08:01.123Z", utc(2018, 1, 1, 1, 8, 1, 123_000)),
        ("2018-01-01T01:08:01.1234Z", utc(2018, 1, 1, 1, 8, 1, 123_400)),
        ("2018-01-01T01:08:01.12345", utc(2018, 1, 1, 1, 8, 1, 123_450)),
        ("2024-02-29T00:00:00Z", utc(2024, 2, 29)),
    ],
)
def test_what_the_specification_allows_is_read_and_is_as_specified(text: str, moment: dt.datetime) -> None:
    read = DateTime.parse(text)
    assert read == moment
    assert str(read) == read.wire == text
    assert read.is_as_specified


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2015-06-29T20:39:09+00:00", utc(2015, 6, 29, 20, 39, 9)),
        ("2015-06-29T22:39:09+02:00", utc(2015, 6, 29, 20, 39, 9)),
        ("2015-06-29T22:39:09+0200", utc(2015, 6, 29, 20, 39, 9)),
        ("2015-06-29T16:09:09-04:30", utc(2015, 6, 29, 20, 39, 9)),
        ("2015-06-29 20:39:09", utc(2015, 6, 29, 20, 39, 9)),
        ("2015-06-29t20:39:09z", utc(2015, 6, 29, 20, 39, 9)),
        ("2015-06-29 20:39:09 UTC", utc(2015, 6, 29, 20, 39, 9)),
        ("2015-06-29T20:39Z", utc(2015, 6, 29, 20, 39)),
        ("2015-06-29T20:39:09.123456Z", utc(2015, 6, 29, 20, 39, 9, 123_456)),
        ("2015-06-29T20:39:09.123456789Z", utc(2015, 6, 29, 20, 39, 9, 123_456)),
        ("2015-06-29T20:39:09,5Z", utc(2015, 6, 29, 20, 39, 9, 500_000)),
        (" 2015-06-29T20:39:09Z\n", utc(2015, 6, 29, 20, 39, 9)),
        ("2015-06-29T20:39:09Z\n", utc(2015, 6, 29, 20, 39, 9)),
    ],
)
def test_what_partners_write_is_understood_kept_and_not_as_specified(text: str, moment: dt.datetime) -> None:
    read = DateTime.parse(text)
    assert read == moment
    assert str(read) == text
    assert not read.is_as_specified


def test_a_leap_second_is_the_last_moment_of_its_minute() -> None:
    read = DateTime.parse("2016-12-31T23:59:60Z")
    assert read == utc(2016, 12, 31, 23, 59, 59, 999_000)
    assert str(read) == "2016-12-31T23:59:60Z"
    assert read.is_as_specified


@rule("CDR-24")
def test_the_date_that_stands_for_an_unknown_one_is_read_though_it_is_none() -> None:
    assert DateTime.parse("1970-1-1T00:00:00Z") == utc(1970, 1, 1)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2015-06-29",
        "20:39:09",
        "2015-13-29T20:39:09Z",
        "2015-02-29T20:39:09Z",
        "2015-06-29T24:00:00Z",
        "2025-03-23T23:59:99Z",
        "2015-06-29T20:39:09+24:00",
        "2015-06-29T20:39:09+02",
        "2015-06-29T20:39:09Z trailing",
        "0000-06-29T20:39:09Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "٢٠١٥-٠٦-٢٩T٢٠:٣٩:٠٩Z",
        "1435610349",
        "2015-06-29T20:39:09." + "1" * 10 + "Z",
        " " * 1_000_000,
        "2015-06-29T20:39:09Z" + " " * 1_000_000,
    ],
)
def test_what_is_no_moment_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match="expected a DateTime like 2015-06-29T20:39:09Z, got") as caught:
        DateTime.parse(text)
    assert len(str(caught.value)) < 500


@rule("TYP-01")
@rule("TYP-03")
@given(moments)
def test_a_moment_prints_seconds_or_milliseconds_in_utc_and_reads_back(moment: dt.datetime) -> None:
    made = DateTime.of(moment)
    again = DateTime.parse(made.wire)
    assert made.is_as_specified
    assert again == made == moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    assert made.wire == again.wire
    assert made.wire.endswith("Z")
    assert ("." in made.wire) is (made.microsecond > 0)


@given(moments, st.timezones())
def test_the_same_moment_in_another_zone_is_the_same(moment: dt.datetime, zone: dt.tzinfo) -> None:
    assert DateTime.of(moment.astimezone(zone)) == DateTime.of(moment)


@rule("TYP-02")
@given(moments)
def test_no_zone_means_utc(moment: dt.datetime) -> None:
    text = DateTime.of(moment).wire
    assert DateTime.parse(text.removesuffix("Z")) == DateTime.parse(text)


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(ValueError, match="a moment needs a time zone: 2015-06-29T20:39:09"):
        DateTime.of(dt.datetime(2015, 6, 29, 20, 39, 9))  # noqa: DTZ001


@given(moments)
def test_microseconds_since_1970_order_moments_and_lead_back(moment: dt.datetime) -> None:
    made = DateTime.of(moment)
    assert DateTime.from_micros(made.micros) == made
    assert DateTime(1970, 1, 1, 0, 0, 1, 5, dt.UTC).micros == 1_000_005
    assert DateTime.of(moment + dt.timedelta(seconds=1)).micros == made.micros + 1_000_000


def test_a_moment_that_was_calculated_prints_in_its_own_form() -> None:
    read = DateTime.parse("2015-06-29T22:39:09+02:00")
    assert str(read + dt.timedelta(milliseconds=250)) == "2015-06-29T20:39:09.250Z"
    assert str(read.replace(year=2016)) == "2016-06-29T20:39:09Z"
    assert str(DateTime(2015, 6, 29, 20, 39, 9, 999, dt.UTC)) == "2015-06-29T20:39:09Z"


def test_two_spellings_of_one_moment_are_equal_and_hash_alike() -> None:
    one, other = DateTime.parse("2015-06-29T20:39:09Z"), DateTime.parse("2015-06-29T22:39:09+02:00")
    assert one == other
    assert hash(one) == hash(other)
    assert one.wire != other.wire


def test_a_moment_survives_copy_and_pickle() -> None:
    read = DateTime.parse("2015-06-29T20:39:09Z")
    assert copy.deepcopy(read) == pickle.loads(pickle.dumps(read)) == read
    assert str(pickle.loads(pickle.dumps(read))) == "2015-06-29T20:39:09Z"


def test_now_is_this_moment_to_the_millisecond() -> None:
    before, made, after = dt.datetime.now(dt.UTC), now(), dt.datetime.now(dt.UTC)
    assert before - dt.timedelta(milliseconds=1) <= made <= after
    assert made.microsecond % 1000 == 0
    assert made.is_as_specified


@given(
    st.tuples(
        st.sampled_from([0, 1, 1900, 2000, 2015, 2024, 2100, 9999]) | st.integers(0, 9999),
        st.integers(0, 13),
        st.integers(0, 32),
        st.integers(0, 25),
        st.integers(58, 61),
        st.integers(58, 61),
    )
)
def test_the_strict_form_is_that_of_the_moments_that_there_are(parts: tuple[int, ...]) -> None:
    text = "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}:{:02d}Z".format(*parts)
    try:
        DateTime.parse(text)
        is_moment = True
    except ValueError:
        is_moment = False
    assert bool(re.fullmatch(STRICT, text)) is is_moment


@given(st.text(max_size=40))
def test_any_text_is_a_moment_or_a_value_error(text: str) -> None:
    with contextlib.suppress(ValueError):
        assert DateTime.parse(text).wire == text
