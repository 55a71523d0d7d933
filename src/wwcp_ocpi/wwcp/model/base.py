# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all objects of the WWCP JSON have in common.

They are `gc=False`: JSON has no cycles, there may be a million objects, and the garbage collector need not look.
"""

from __future__ import annotations

from typing import Any, TypeAlias

I18NText: TypeAlias = dict[str, str]
"""A text by language: `{"en": "Hello", "de": "Hallo"}`. The first one counts where only one can be shown."""

Extra: TypeAlias = dict[str, Any]
"""JSON of others that travels along unread."""
