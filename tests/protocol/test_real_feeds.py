# SPDX-License-Identifier: AGPL-3.0-or-later
"""The laws of the protocol core on Locations that operators really publish, mistakes and all.

The feeds are not part of this repository; without them beside it these tests skip.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import msgspec
import pytest

from wwcp_ocpi.protocol import codec, patch
from wwcp_ocpi.protocol.conformance import Severity, check
from wwcp_ocpi.protocol.errors import InvalidParameters, MalformedBody
from wwcp_ocpi.protocol.etag import etag
from wwcp_ocpi.protocol.shape import StructType
from wwcp_ocpi.registry import VERSIONS

FEEDS = Path(__file__).parents[3] / "shared" / "data" / "locations"
FILES = sorted(FEEDS.glob("*")) if FEEDS.exists() else []
MOST = 300

feeds = pytest.mark.parametrize(
    "file", [pytest.param(file, id=file.name) for file in FILES] or [pytest.param(None, id="none")]
)
present = pytest.mark.skipif(not FILES, reason="the real feeds are not beside the repository")


def _locations(file: Path) -> list[bytes]:
    """The first Locations of a feed, each as the bytes that it came with."""
    body = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    if ".jsonl" in file.suffixes:
        return body.splitlines()[:MOST]
    try:
        whole = codec.decode(msgspec.Raw, body.removeprefix(b"\xef\xbb\xbf"))
    except MalformedBody:
        return []
    while bytes(whole)[:1] == b"{":
        fields = patch.split(whole)
        if "data" not in fields:
            return [bytes(whole)]
        whole = fields["data"]
    return [bytes(item) for item in msgspec.json.decode(whole, type=list[msgspec.Raw])[:MOST]]


def _type(file: Path) -> StructType:
    return VERSIONS["2.1.1" if "2_1_1" in file.name else "2.2.1"].objects["Location"]


@present
@feeds
def test_quick_look_thorough_look_and_decoder_agree(file: Path) -> None:
    cls = _type(file)
    for body in _locations(file):
        found = {finding.severity for finding in check(cls, body)}
        assert codec.conforms(cls, body) is (not found - {Severity.NOTE})
        try:
            codec.decode(cls, body)
        except InvalidParameters:
            assert Severity.ERROR in found
        else:
            assert Severity.ERROR not in found


@present
@feeds
def test_a_location_is_the_same_after_being_taken_apart(file: Path) -> None:
    for body in _locations(file):
        again = patch.join(patch.split(body))
        assert json.loads(again) == json.loads(body)
        assert etag(again) == etag(body)


@present
@feeds
def test_a_location_that_decodes_comes_back_the_same(file: Path) -> None:
    cls = _type(file)
    for body in _locations(file):
        try:
            decoded = codec.decode(cls, body)
        except InvalidParameters:
            continue
        again = codec.encode(decoded)
        assert codec.decode(cls, again) == decoded
        assert {finding for finding in check(cls, again) if finding.severity is not Severity.NOTE} == {
            finding for finding in check(cls, body) if finding.severity is not Severity.NOTE
        }
