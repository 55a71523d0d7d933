# SPDX-License-Identifier: AGPL-3.0-or-later
"""Changes leave alone what they do not speak of, byte for byte."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol.samples import LOCATION
from tests.rules import rule
from wwcp_ocpi.protocol.errors import InvalidParameters, MalformedBody, NotFound, TooLarge
from wwcp_ocpi.protocol.patch import (
    RawObject,
    Step,
    children,
    descend,
    join,
    merge,
    moment_of,
    replace,
    split,
    stamped,
    text_of,
)
from wwcp_ocpi.scalars import DateTime

EARLY, LATE = DateTime.parse("2010-01-01T00:00:00Z"), DateTime.parse("2030-01-01T00:00:00Z")

leaves = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=5)
objects = st.dictionaries(
    st.sampled_from("abcdef"), st.recursive(leaves, lambda inner: st.lists(inner, max_size=3), max_leaves=4), max_size=6
)


def raw(value: Any) -> RawObject:
    return split(json.dumps(value).encode())


def plain(fields: RawObject) -> Any:
    return json.loads(join(fields))


def evse(uid: str, *, fold: bool = False) -> Step:
    return Step("evses", "uid", uid, fold)


def connector(id: str) -> Step:
    return Step("connectors", "id", id)


def test_an_object_is_taken_apart_and_joined_with_its_bytes() -> None:
    body = b'{"price": 1.50 , "vendor" : {"x":[1,  2.00]}, "u":"\\u00e4","n":null}'
    assert {name: bytes(value) for name, value in split(body).items()} == {
        "price": b"1.50",
        "vendor": b'{"x":[1,  2.00]}',
        "u": b'"\\u00e4"',
        "n": b"null",
    }
    assert join(split(body)) == b'{"price":1.50,"vendor":{"x":[1,  2.00]},"u":"\\u00e4","n":null}'
    assert join(split(join(split(body)))) == join(split(body))
    assert split(msgspec.Raw(b"{}")) == {}


@pytest.mark.parametrize("body", [b"", b"{", b"nul", b"{} {}", b'{"a":}'])
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody, match="expected JSON"):
        split(body)


@pytest.mark.parametrize("body", [b"null", b"[]", b"1", b'"text"'])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidParameters, match="expected a JSON object"):
        split(body)


def test_nesting_without_end_is_refused() -> None:
    with pytest.raises(TooLarge):
        split(b'{"x":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


@rule("TRN-23")
@given(objects, objects)
def test_a_merge_changes_what_is_named_and_nothing_else(stored: dict[str, Any], change: dict[str, Any]) -> None:
    merged = plain(merge(raw(stored), raw(change)))
    assert merged == {
        name: value for name, value in {**stored, **change}.items() if name not in change or change[name] is not None
    }
    untouched = [name for name in stored if name not in change]
    assert {name: merged[name] for name in untouched} == {name: stored[name] for name in untouched}


@given(objects, objects)
def test_the_same_change_twice_is_the_change_once(stored: dict[str, Any], change: dict[str, Any]) -> None:
    once = merge(raw(stored), raw(change))
    assert plain(merge(once, raw(change))) == plain(once)


@given(objects)
def test_no_change_is_no_change_and_an_object_over_nothing_is_itself_without_nulls(stored: dict[str, Any]) -> None:
    assert plain(merge(raw(stored), {})) == stored
    assert plain(merge({}, raw(stored))) == {name: value for name, value in stored.items() if value is not None}


@given(objects, objects, objects)
def test_changes_that_take_nothing_away_can_be_merged_first(
    stored: dict[str, Any], one: dict[str, Any], other: dict[str, Any]
) -> None:
    one, other = ({k: v for k, v in change.items() if v is not None} for change in (one, other))
    one_by_one = merge(merge(raw(stored), raw(one)), raw(other))
    assert plain(one_by_one) == plain(merge(raw(stored), merge(raw(one), raw(other))))


@rule("LOC-17")
def test_nested_objects_are_replaced_whole_and_unknown_fields_keep_their_bytes() -> None:
    stored = split(
        b'{"opening_times":{"twentyfourseven":false,"regular_hours":[1]},"vendor":{ "x" : 1.50 },"name":"a"}'
    )
    change = split(b'{"opening_times":{"twentyfourseven":true},"name":null}')
    assert join(merge(stored, change)) == b'{"opening_times":{"twentyfourseven":true},"vendor":{ "x" : 1.50 }}'


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"a":"x"}', "x"),
        (b'{"a":"\\u00e4"}', "ä"),
        (b'{"a":1}', None),
        (b'{"a":null}', None),
        (b"{}", None),
        (b'{"a":"\xff"}', None),
    ],
)
def test_a_text_is_read_out_of_its_bytes(body: bytes, text: str | None) -> None:
    assert text_of(split(body), "a") == text


@pytest.mark.parametrize(
    ("value", "moment"),
    [("2015-06-29T20:39:09Z", DateTime.parse("2015-06-29T20:39:09Z")), ("yesterday", None), (1, None), (None, None)],
)
def test_a_moment_is_read_out_of_its_bytes(value: object, moment: DateTime | None) -> None:
    assert moment_of(raw({"last_updated": value})) == moment
    assert moment_of(raw({"other": value}), "other") == moment


def test_a_step_compares_ids_exactly_or_in_any_case() -> None:
    entry = raw({"uid": "ABC"})
    assert [evse("abc", fold=fold).is_at(entry) for fold in (False, True)] == [False, True]
    assert evse("ABC").is_at(entry)
    assert not evse("ABC").is_at(raw({"id": "ABC"}))
    assert not evse("1").is_at(raw({"uid": 1}))


def test_the_entries_of_a_list_are_found_and_no_list_is_none() -> None:
    assert [plain(entry)["uid"] for entry in children(raw(LOCATION), "evses")] == ["3256", "3257"]
    assert (
        children(raw({"evses": None}), "evses")
        == children(raw({}), "evses")
        == children(raw({"evses": []}), "evses")
        == []
    )


@pytest.mark.parametrize("value", ["none", 1, {}, [1], [[]], [None]])
def test_what_is_no_list_of_objects_is_refused(value: object) -> None:
    with pytest.raises(InvalidParameters, match=r"^\$\.evses: expected a list of objects") as caught:
        children(raw({"evses": value}), "evses")
    assert caught.value.path == "$.evses"


def test_steps_lead_down_to_a_part() -> None:
    location = raw(LOCATION)
    assert descend(location, []) is location
    assert plain(descend(location, [evse("3257")])) == LOCATION["evses"][1]
    assert plain(descend(location, [evse("3256"), connector("2")])) == LOCATION["evses"][0]["connectors"][1]


@pytest.mark.parametrize(
    ("steps", "message"),
    [
        ([evse("9999")], "$.evses: no entry with uid '9999'"),
        ([evse("9999"), connector("1")], "$.evses: no entry with uid '9999'"),
        ([evse("3256"), connector("9")], "$.connectors: no entry with id '9'"),
        ([Step("nothing", "id", "1")], "$.nothing: no entry with id '1'"),
    ],
)
def test_a_part_that_is_not_there_is_not_found(steps: list[Step], message: str) -> None:
    with pytest.raises(NotFound) as caught:
        descend(raw(LOCATION), steps)
    assert str(caught.value) == message


@rule("LOC-07")
@rule("LOC-14")
@rule("LOC-15")
def test_a_new_part_takes_its_place_and_the_parents_are_stamped() -> None:
    part = raw({"id": "2", "standard": "CHADEMO", "last_updated": LATE.wire})
    changed = plain(replace(raw(LOCATION), [evse("3256"), connector("2")], part, LATE))
    one, other = LOCATION["evses"]
    expected = {
        **LOCATION,
        "evses": [{**one, "connectors": [one["connectors"][0], plain(part)], "last_updated": LATE.wire}, other],
        "last_updated": LATE.wire,
    }
    assert changed == expected
    assert list(changed) == list(LOCATION)


@rule("LOC-15")
def test_a_part_that_was_not_there_is_added_at_the_end() -> None:
    part = raw({"uid": "new"})
    changed = plain(replace(raw(LOCATION), [evse("new")], part, LATE))
    assert changed == {**LOCATION, "evses": [*LOCATION["evses"], {"uid": "new"}], "last_updated": LATE.wire}
    assert plain(replace(raw({"id": "1"}), [evse("new")], part, LATE)) == {
        "id": "1",
        "evses": [{"uid": "new"}],
        "last_updated": LATE.wire,
    }


def test_parents_that_are_younger_than_the_part_keep_their_own_stamp() -> None:
    changed = plain(replace(raw(LOCATION), [evse("3256")], raw({"uid": "3256"}), EARLY))
    assert changed["last_updated"] == LOCATION["last_updated"]


def test_a_part_below_one_that_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound, match=r"\$\.evses: no entry with uid '9999'"):
        replace(raw(LOCATION), [evse("9999"), connector("1")], raw({"id": "1"}), LATE)


def test_no_steps_replace_the_whole() -> None:
    assert replace(raw(LOCATION), [], raw({"id": "2"}), LATE) == raw({"id": "2"})


def test_what_is_not_on_the_way_keeps_its_bytes() -> None:
    body = b'{"id":"1","evses":[{"uid":"a","v":1.50,"n": null},{"uid":"b"}],"x":{ "y" : 2.00 }}'
    changed = join(replace(split(body), [evse("b")], split(b'{"uid":"b","z":3.0}'), LATE))
    assert changed == (
        b'{"id":"1","evses":[{"uid":"a","v":1.50,"n": null},{"uid":"b","z":3.0}],"x":{ "y" : 2.00 },'
        b'"last_updated":"2030-01-01T00:00:00Z"}'
    )


@pytest.mark.parametrize(
    ("own", "shown"),
    [
        (EARLY.wire, LATE.wire),
        ("2031-01-01T00:00:00+00:00", "2031-01-01T00:00:00+00:00"),
        (LATE.wire, LATE.wire),
        ("nonsense", LATE.wire),
        (None, LATE.wire),
    ],
)
def test_a_stamp_makes_nothing_older(own: str | None, shown: str) -> None:
    fields = raw({"last_updated": own} if own else {})
    assert text_of(stamped(fields, LATE), "last_updated") == shown
