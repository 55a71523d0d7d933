# SPDX-License-Identifier: AGPL-3.0-or-later
"""Objects that one partner alone may see, and objects looked for among many owners. Every store does the same."""

from __future__ import annotations

import msgspec
import pytest

from tests.store.objects import BEC, TNM, location, page_of, pages_of, remove, stored, walk, write, written
from wwcp_ocpi.protocol.errors import InvalidParameters, UsageError
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.store.ports import Decision, Key, Outcome, Side, Store, Stored

NOBODY_YET = "?NL*EMP"


def session(id: str, owner: PartyId = TNM) -> Key:
    return location(id, owner, Side.OURS, "sessions")


async def listed(store: Store, audience: str) -> list[str]:
    return await walk(store, pages_of(2, side=Side.OURS, module="sessions", audience=audience))


async def put(store: Store, *ids: str, audience: str, owner: PartyId = TNM) -> None:
    for number, id in enumerate(ids):
        await store.change(session(id, owner), write(id, number * 10, audience=audience))


async def test_an_object_for_one_partner_is_read_back_with_its_audience(store: Store) -> None:
    outcome = await store.change(session("S1"), write("one", 5, source="cpo", audience="emsp"))
    after = stored(1, "one", 5, source="cpo", audience="emsp")
    assert outcome == Outcome(before=None, after=after, changed=True)
    assert await store.get(session("S1")) == after


async def test_lists_of_different_audiences_never_mix(store: Store) -> None:
    await put(store, "S1", "S2", audience="")
    await put(store, "S3", "S4", "S5", audience="emsp")
    await put(store, "S6", audience="hub")
    await put(store, "S7", audience=NOBODY_YET)
    assert await listed(store, "") == ["S1", "S2"]
    assert await listed(store, "emsp") == ["S3", "S4", "S5"]
    assert await listed(store, "hub") == ["S6"]
    assert await listed(store, NOBODY_YET) == ["S7"]
    assert await listed(store, "EMSP") == []


async def test_offsets_dates_and_owners_are_those_of_one_audience(store: Store) -> None:
    of_emsp = pages_of(2, side=Side.OURS, module="sessions", audience="emsp")
    for number in range(6):
        await put(store, f"A{number}", audience="")
        await put(store, f"E{number}", audience="emsp", owner=(TNM, BEC)[number % 2])
        await store.change(session(f"E{number}", (TNM, BEC)[number % 2]), write(f"E{number}", number, audience="emsp"))
    replace = msgspec.structs.replace
    page = await store.page(replace(of_emsp, offset=4))
    assert (page.bodies, page.owners, page.total) == ((b"E4", b"E5"), (TNM, BEC), 6)
    assert await store.page(replace(of_emsp, offset=2, owner=BEC)) == page_of(b"E5", total=3, owner=BEC)
    page = await store.page(replace(of_emsp, date_from=4))
    assert (page.bodies, page.owners, page.total) == ((b"E4", b"E5"), (TNM, BEC), 2)
    assert await store.page(replace(of_emsp, date_to=2, owner=TNM)) == page_of(b"E0", total=1)
    assert await walk(store, replace(of_emsp, date_from=1)) == ["E1", "E2", "E3", "E4", "E5"]


async def test_objects_are_counted_over_all_audiences(store: Store) -> None:
    await put(store, "S1", "S2", audience="")
    await put(store, "S3", audience="emsp")
    await store.change(session("S4"), write("old", version="2.1.1", audience=NOBODY_YET))
    assert await store.count(Side.OURS, "sessions") == 4


async def test_a_write_with_another_audience_moves_the_object_and_keeps_its_place(store: Store) -> None:
    await put(store, "S1", audience="emsp")
    await put(store, "S2", audience="hub")
    outcome = await store.change(session("S1"), write("moved", 0, audience="hub"))
    assert outcome == Outcome(
        before=stored(1, "S1", audience="emsp"), after=stored(1, "moved", audience="hub"), changed=True
    )
    assert await listed(store, "emsp") == []
    assert await listed(store, "hub") == ["moved", "S2"]
    await store.change(session("S1"), write("moved again", 3, "2.1.1", audience="emsp"))
    assert await listed(store, "hub") == ["S2"]
    assert await listed(store, "emsp") == ["moved again"]


async def test_a_write_that_names_no_audience_is_for_everybody(store: Store) -> None:
    await put(store, "S1", audience="emsp")
    await store.change(session("S1"), write("public"))
    assert await listed(store, "emsp") == []
    assert await listed(store, "") == ["public"]


async def test_a_decision_sees_the_audience_and_may_keep_it(store: Store) -> None:
    await put(store, "S1", audience="emsp")

    def keep(before: Stored | None) -> Decision:
        assert before is not None
        return written("changed", audience=before.audience)

    await store.change(session("S1"), keep)
    assert await store.get(session("S1")) == stored(1, "changed", audience="emsp")


async def test_a_removed_object_of_one_audience_leaves_its_list(store: Store) -> None:
    await put(store, "S1", "S2", audience="emsp")
    await store.change(session("S1"), remove())
    assert await listed(store, "emsp") == ["S2"]
    assert await store.count(Side.OURS, "sessions") == 1


async def test_a_party_is_removed_whatever_the_audience(store: Store) -> None:
    await put(store, "S1", audience="")
    await put(store, "S2", "S3", audience="emsp")
    await put(store, "S4", audience=NOBODY_YET)
    await put(store, "S5", audience="emsp", owner=BEC)
    assert await store.delete_of_party(Side.OURS, "sessions", TNM) == 4
    assert [await listed(store, audience) for audience in ("", "emsp", NOBODY_YET)] == [[], ["S5"], []]
    assert await store.count(Side.OURS, "sessions") == 1


@pytest.mark.parametrize(("given_to", "used_by"), [("emsp", "hub"), ("emsp", ""), ("", "emsp"), ("emsp", "0")])
@pytest.mark.parametrize("date_from", [None, 0])
async def test_a_cursor_is_good_for_its_audience_alone(
    store: Store, given_to: str, used_by: str, date_from: int | None
) -> None:
    for audience in (given_to, used_by):
        await put(store, *(f"{audience}{number}" for number in range(4)), audience=audience)
    request = pages_of(2, side=Side.OURS, module="sessions", audience=given_to, date_from=date_from)
    cursor = (await store.page(request)).next
    assert await walk(store, msgspec.structs.replace(request, after=cursor)) == [f"{given_to}2", f"{given_to}3"]
    with pytest.raises(InvalidParameters):
        await store.page(msgspec.structs.replace(request, audience=used_by, after=cursor))


async def test_readdressing_moves_all_modules_sides_versions_and_owners(store: Store) -> None:
    keys = [session("S1"), session("S2", BEC), location("C1", side=Side.OURS, module="cdrs"), location("L1")]
    for number, key in enumerate(keys):
        await store.change(key, write(key.id, number, "2.1.1" if number == 1 else "2.2.1", "x", audience=NOBODY_YET))
    await put(store, "S8", audience="")
    await put(store, "S9", audience="?NL*EM")
    assert await store.readdress(NOBODY_YET, "emsp") == 4
    for number, key in enumerate(keys):
        version = "2.1.1" if number == 1 else "2.2.1"
        assert await store.get(key) == stored(number + 1, key.id, number, version, "x", "emsp")
    assert await listed(store, "emsp") == ["S1", "S2"]
    assert await listed(store, NOBODY_YET) == []
    assert await listed(store, "") == ["S8"]
    assert await listed(store, "?NL*EM") == ["S9"]
    assert await store.count(Side.OURS, "sessions") == 4


async def test_readdressed_objects_merge_into_the_list_that_is_there(store: Store) -> None:
    await put(store, "S1", audience=NOBODY_YET)
    await put(store, "S2", audience="emsp")
    await put(store, "S3", audience=NOBODY_YET, owner=BEC)
    await put(store, "S4", audience="emsp", owner=BEC)
    assert await store.readdress(NOBODY_YET, "emsp") == 2
    assert await listed(store, "emsp") == ["S1", "S2", "S3", "S4"]
    of_bec = pages_of(1, side=Side.OURS, module="sessions", audience="emsp", owner=BEC, offset=1)
    assert await store.page(of_bec) == page_of(b"S4", total=2, owner=BEC)
    assert await store.readdress(NOBODY_YET, "emsp") == 0


async def test_an_object_may_come_back_to_an_audience_that_was_readdressed(store: Store) -> None:
    await put(store, "S1", audience=NOBODY_YET)
    await store.readdress(NOBODY_YET, "emsp")
    await put(store, "S2", audience=NOBODY_YET)
    assert await store.readdress("emsp", NOBODY_YET) == 1
    assert await listed(store, NOBODY_YET) == ["S1", "S2"]
    assert await listed(store, "emsp") == []


@pytest.mark.parametrize("date_from", [None, 0])
async def test_walks_through_both_lists_go_on_after_readdressing(store: Store, date_from: int | None) -> None:
    await put(store, "E1", "E2", "E3", audience="emsp")
    await put(store, "N1", "N2", "N3", audience=NOBODY_YET)
    of_emsp = pages_of(2, side=Side.OURS, module="sessions", audience="emsp", date_from=date_from)
    of_nobody = msgspec.structs.replace(of_emsp, audience=NOBODY_YET)
    emsp, nobody = (await store.page(of_emsp)).next, (await store.page(of_nobody)).next
    await store.readdress(NOBODY_YET, "emsp")
    # By date, what came is found as far as it is later than where the walk is.
    left = ["E3", "N3"] if date_from is not None else ["E3", "N1", "N2", "N3"]
    found = await walk(store, msgspec.structs.replace(of_emsp, after=emsp))
    assert [id for id in found if id in left] == left
    assert await walk(store, msgspec.structs.replace(of_nobody, after=nobody)) == []


async def test_readdressing_what_is_not_there_changes_nothing(store: Store) -> None:
    await put(store, "S1", audience="emsp")
    assert await store.readdress("nobody", "emsp") == 0
    assert await store.readdress("' OR 1=1 --", "emsp") == 0
    assert await listed(store, "emsp") == ["S1"]


async def test_readdressing_to_the_same_audience_changes_nothing(store: Store) -> None:
    await put(store, "S1", "S2", audience="emsp")
    assert await store.readdress("emsp", "emsp") == 2
    assert await listed(store, "emsp") == ["S1", "S2"]
    assert await store.count(Side.OURS, "sessions") == 2


@pytest.mark.parametrize(("old", "new"), [("", "emsp"), ("emsp", ""), ("", "")])
async def test_nothing_becomes_public_or_private_by_readdressing(store: Store, old: str, new: str) -> None:
    await put(store, "S1", audience="")
    await put(store, "S2", audience="emsp")
    with pytest.raises(UsageError, match="not empty"):
        await store.readdress(old, new)
    assert (await listed(store, ""), await listed(store, "emsp")) == (["S1"], ["S2"])


async def test_a_closed_store_readdresses_nothing(store: Store) -> None:
    await store.close()
    with pytest.raises(UsageError, match="closed"):
        await store.readdress("a", "b")


async def test_an_object_is_found_among_owners_in_their_order(store: Store) -> None:
    await put(store, "S1", audience="emsp")
    await store.change(session("S1", BEC), write("of BEC", 7))
    of_tnm, of_bec = stored(1, "S1", audience="emsp"), stored(2, "of BEC", 7)
    other = PartyId("DE", "ABC")
    assert await store.find(Side.OURS, "sessions", "S1", [TNM, BEC]) == of_tnm
    assert await store.find(Side.OURS, "sessions", "S1", [other, BEC, TNM]) == of_bec
    assert await store.find(Side.OURS, "sessions", "S1", [TNM]) == of_tnm


async def test_what_none_of_the_owners_has_is_not_found(store: Store) -> None:
    await put(store, "S1", audience="emsp")
    assert await store.find(Side.OURS, "sessions", "S1", []) is None
    assert await store.find(Side.OURS, "sessions", "S1", [BEC]) is None
    assert await store.find(Side.OURS, "sessions", "s1", [TNM]) is None
    assert await store.find(Side.OURS, "cdrs", "S1", [TNM]) is None
    assert await store.find(Side.THEIRS, "sessions", "S1", [TNM]) is None


async def test_for_whom_there_are_objects_is_known(store: Store) -> None:
    assert await store.audiences(Side.OURS, "sessions") == []
    await put(store, "S1", audience="")
    await put(store, "S2", "S3", audience="hub")
    await put(store, "S4", audience="emsp")
    assert await store.audiences(Side.OURS, "sessions") == ["", "emsp", "hub"]
    assert await store.audiences(Side.THEIRS, "sessions") == []
    assert await store.audiences(Side.OURS, "cdrs") == []
    await store.change(session("S4"), remove())
    assert await store.audiences(Side.OURS, "sessions") == ["", "hub"]
