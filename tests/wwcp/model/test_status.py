# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wwcp.making import MONDAY, TUESDAY, WEDNESDAY
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.wwcp.model.status import EVSEStatus, StatusChange, StatusSchedule, Timestamped

AVAILABLE, CHARGING, RESERVED = EVSEStatus.available, EVSEStatus.charging, EVSEStatus.reserved


def schedule(*, cap: int = 50) -> StatusSchedule[EVSEStatus]:
    return StatusSchedule(EVSEStatus.unknown, cap=cap)


def test_before_the_first_entry_the_default_holds() -> None:
    assert schedule().value(MONDAY) is EVSEStatus.unknown
    assert schedule().current(MONDAY) is None
    assert schedule().since(MONDAY) == []
    assert schedule().settle(MONDAY) is None


def test_entries_stand_newest_first_in_whatever_order_they_come() -> None:
    made = schedule()
    made.put(CHARGING, TUESDAY, WEDNESDAY)
    made.put(AVAILABLE, MONDAY, WEDNESDAY)
    made.put(RESERVED, WEDNESDAY, WEDNESDAY)
    assert [entry.value for entry in made.entries] == [RESERVED, CHARGING, AVAILABLE]


def test_what_holds_is_the_newest_entry_that_is_not_planned() -> None:
    made = schedule()
    for value, at in [(AVAILABLE, MONDAY), (CHARGING, TUESDAY), (RESERVED, WEDNESDAY)]:
        made.put(value, at, TUESDAY)
    assert made.current(TUESDAY) == Timestamped(TUESDAY, CHARGING)
    assert made.next(TUESDAY) == Timestamped(WEDNESDAY, RESERVED)
    assert made.next(WEDNESDAY) is None
    assert made.since(TUESDAY) == [Timestamped(WEDNESDAY, RESERVED), Timestamped(TUESDAY, CHARGING)]


def test_a_value_that_holds_already_is_not_put_again() -> None:
    made = schedule()
    assert made.put(AVAILABLE, MONDAY, MONDAY)
    assert not made.put(AVAILABLE, TUESDAY, TUESDAY)
    assert made.entries == [Timestamped(MONDAY, AVAILABLE)]


def test_of_two_values_of_one_moment_the_last_one_counts() -> None:
    made = schedule()
    made.put(AVAILABLE, MONDAY, MONDAY)
    made.put(CHARGING, MONDAY, MONDAY)
    assert made.entries == [Timestamped(MONDAY, CHARGING)]


def test_a_change_tells_old_and_new_and_since_when() -> None:
    made = schedule()
    first = made.insert(AVAILABLE, MONDAY, MONDAY)
    second = made.insert(CHARGING, TUESDAY, TUESDAY)
    assert first == StatusChange(timestamp=MONDAY, old=EVSEStatus.unknown, new=AVAILABLE)
    assert second == StatusChange(timestamp=TUESDAY, old=AVAILABLE, new=CHARGING)
    assert made.insert(CHARGING, WEDNESDAY, WEDNESDAY) is None


def test_history_and_plans_are_no_changes_until_their_moment_comes() -> None:
    made = schedule()
    made.insert(AVAILABLE, TUESDAY, TUESDAY)
    assert made.insert(CHARGING, MONDAY, TUESDAY) is None
    assert made.insert(RESERVED, WEDNESDAY, TUESDAY) is None
    assert made.settle(WEDNESDAY) == StatusChange(timestamp=WEDNESDAY, old=AVAILABLE, new=RESERVED)


def test_a_clock_that_goes_back_before_the_first_entry_changes_to_the_default() -> None:
    made = schedule()
    made.insert(AVAILABLE, TUESDAY, TUESDAY)
    assert made.settle(MONDAY) == StatusChange(timestamp=MONDAY, old=AVAILABLE, new=EVSEStatus.unknown)


def test_the_cap_drops_the_oldest_but_never_what_holds() -> None:
    made = schedule(cap=2)
    for day, value in enumerate([AVAILABLE, CHARGING, AVAILABLE, CHARGING]):
        made.put(value, DateTime.parse(f"2026-08-0{day + 1}T00:00:00Z"), WEDNESDAY)
    assert [entry.value for entry in made.entries] == [CHARGING, AVAILABLE]
    planned = schedule(cap=2)
    planned.put(AVAILABLE, MONDAY, MONDAY)
    for day, value in enumerate([CHARGING, AVAILABLE, CHARGING]):
        planned.put(value, DateTime.parse(f"2026-09-0{day + 1}T00:00:00Z"), MONDAY)
    assert planned.value(MONDAY) is AVAILABLE
    assert len(planned.entries) == 4


def test_a_status_is_read_in_any_case_and_an_unknown_one_is_kept() -> None:
    assert EVSEStatus("Available") is EVSEStatus.available
    assert EVSEStatus(" OUTOFSERVICE ") is EVSEStatus.outOfService
    assert EVSEStatus("dancing").value == "dancing"
    assert not EVSEStatus("dancing").is_known
    with pytest.raises(ValueError, match="3 is not a valid EVSEStatus"):
        EVSEStatus(3)


moments = st.integers(min_value=0, max_value=40).map(lambda hour: DateTime.from_micros(hour * 3_600_000_000))
values = st.sampled_from([AVAILABLE, CHARGING, RESERVED])


@given(st.lists(st.tuples(values, moments), max_size=60), moments, st.integers(min_value=1, max_value=10))
def test_a_schedule_is_sorted_has_one_entry_a_moment_and_knows_what_holds(
    puts: list[tuple[EVSEStatus, DateTime]], now: DateTime, cap: int
) -> None:
    made = schedule(cap=cap)
    for value, at in puts:
        made.put(value, at, now)
    at_times = [entry.timestamp for entry in made.entries]
    assert at_times == sorted(set(at_times), reverse=True)
    planned = sum(moment > now for moment in at_times)
    assert len(at_times) <= max(cap, planned + 1)
    if any(at <= now for _, at in puts):
        assert made.current(now) is not None
