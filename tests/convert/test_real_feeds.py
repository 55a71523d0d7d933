# SPDX-License-Identifier: AGPL-3.0-or-later
"""Locations that operators really publish, in every other version; and the report on them in the documents.

The feeds are not part of this repository; without them beside it these tests skip.
"""

from __future__ import annotations

from itertools import islice

import pytest

from scripts.conversion_report import CONTEXT, FEEDS, FILES, PAGE, locations, report
from scripts.generate_docs import ROOT, with_block
from tests.convert.making import at, canonical, errors
from tests.convert.telling import attempt
from wwcp_ocpi.convert import convert
from wwcp_ocpi.protocol.errors import CannotConvert
from wwcp_ocpi.registry import VERSIONS

pytestmark = pytest.mark.skipif(not FEEDS.exists(), reason="the real feeds are not beside the repository")
MOST = 100


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("target", VERSIONS)
def test_a_real_location_is_valid_in_every_version(file: str, target: str) -> None:
    source = FILES[file][0]
    for body in islice(locations(file), MOST):
        done = attempt(body, "Location", source, target, CONTEXT)
        if isinstance(done, CannotConvert):
            assert done.setting == "unpublished"
            continue
        assert errors("Location", target, done.body) == []
        if source <= target:
            assert done.losses == ()
            assert canonical(convert(done.body, "Location", target, source, CONTEXT).body) == canonical(body)
        for loss in done.losses:
            at(canonical(body), loss.path)


def test_the_report_in_the_documents_is_what_the_feeds_give() -> None:
    assert with_block(PAGE, "feeds", report()) == (ROOT / PAGE).read_text(encoding="utf-8")
