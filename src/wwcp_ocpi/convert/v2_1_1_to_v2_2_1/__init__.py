# SPDX-License-Identifier: AGPL-3.0-or-later
"""The differences between OCPI 2.1.1 and 2.2.1, chapter by chapter."""

from __future__ import annotations

from wwcp_ocpi.convert.rules import Step
from wwcp_ocpi.convert.v2_1_1_to_v2_2_1 import commands, credentials, locations, sessions, tariffs, tokens, words
from wwcp_ocpi.registry import VERSIONS

STEP = Step(
    lower=VERSIONS["2.1.1"],
    upper=VERSIONS["2.2.1"],
    objects={
        **locations.OBJECTS,
        **sessions.OBJECTS,
        **tariffs.OBJECTS,
        **tokens.OBJECTS,
        **commands.OBJECTS,
        **credentials.OBJECTS,
    },
    words=words.WORDS,
)

__all__ = ["STEP"]
