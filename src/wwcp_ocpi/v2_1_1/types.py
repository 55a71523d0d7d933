# SPDX-License-Identifier: AGPL-3.0-or-later
"""Types that several chapters of OCPI 2.1.1 share."""

from __future__ import annotations

import msgspec

from wwcp_ocpi.scalars.text import String2, String512


class DisplayText(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A text for people in one language, without markup. Spec: types#13-displaytext-class."""

    language: String2
    text: String512
