# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a test names the rule that it holds: `@rule("LOC-07")`, an id of spec/tables/rules.tsv.

tests/versions/test_rules.py refuses ids that are in no table.
"""

from __future__ import annotations

import pytest

rule = pytest.mark.rule
