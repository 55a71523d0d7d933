# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all objects of the WWCP JSON have in common."""

from __future__ import annotations

from typing import Any, TypeAlias

import msgspec

I18NText: TypeAlias = dict[str, str]
"""A text by language: `{"en": "Hello", "de": "Hallo"}`. The first one counts where only one can be shown."""

Extra: TypeAlias = dict[str, Any]
"""JSON of others that travels along unread."""


class WWCPObject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel", gc=False):
    """Base of all: a value whose keys are camelCase unless a field says otherwise, without what is not there.

    The garbage collector need not look at such values, since JSON has no cycles: there may be a million of them.
    """
