# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import pytest

from wwcp_ocpi.protocol.http import Response, in_one_piece
from wwcp_ocpi.protocol.joined import OPENING, Joined

ONE, TWO, THREE = b'{"id":"1,2"}', b"", b"[3,4]"


@pytest.mark.parametrize("values", [(), (ONE,), (TWO,), (ONE, TWO, THREE), (TWO, TWO)])
def test_what_was_joined_is_found_again_one_by_one(values: tuple[bytes, ...]) -> None:
    joined = Joined(iter(values))
    assert joined.opened == OPENING + b",".join(values)
    assert (len(joined), tuple(joined)) == (len(values), values)
    assert [joined[at] for at in range(-len(values), 0)] == list(values)


def test_a_part_is_joined_too() -> None:
    joined = Joined([ONE, TWO, THREE])
    assert joined[1:] == Joined([TWO, THREE])
    assert joined[::-1] == Joined([THREE, TWO, ONE])
    assert joined[3:].opened == OPENING
    with pytest.raises(IndexError):
        joined[3]


def test_the_same_values_are_equal_and_others_with_the_same_bytes_are_not() -> None:
    joined = Joined([b"[1]", b"[2]"])
    assert joined == Joined([b"[1]", b"[2]"])
    assert hash(joined) == hash(Joined([b"[1]", b"[2]"]))
    assert joined != Joined([b"[1],[2]"])
    assert joined != (b"[1]", b"[2]")
    assert Joined() != Joined([b""])
    assert repr(joined) == "Joined([b'[1]', b'[2]'])"


def test_a_response_in_pieces_is_put_together() -> None:
    response = Response(status=200, headers={"link": "x"}, pieces=(b'{"data":[', b"", b"]}"))
    assert in_one_piece(response) == Response(status=200, headers={"link": "x"}, body=b'{"data":[]}')
    whole = Response(status=204)
    assert in_one_piece(whole) is whole
