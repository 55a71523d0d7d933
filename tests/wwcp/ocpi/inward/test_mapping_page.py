# SPDX-License-Identifier: AGPL-3.0-or-later
from __future__ import annotations

import re

from scripts.generate_docs import ROOT
from wwcp_ocpi.wwcp.ocpi.words import MappingPolicy


def test_the_page_names_every_decision() -> None:
    page = (ROOT / "docs" / "wwcp-mapping.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (`.*?) \|", page.partition("## What is ours to decide")[2].partition("## Ids")[0], re.M)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == set(MappingPolicy.__struct_fields__)
