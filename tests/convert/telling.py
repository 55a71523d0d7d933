# SPDX-License-Identifier: AGPL-3.0-or-later
"""Conversions between plain JSON values, for tests of single decisions."""

from __future__ import annotations

from typing import Any

import msgspec

from wwcp_ocpi.convert import NOTHING_KNOWN, Context, Converted, convert
from wwcp_ocpi.protocol.errors import CannotConvert

V1, V2, V3 = "2.1.1", "2.2.1", "2.3.0"


def told(
    value: object, name: str, source: str, target: str, context: Context = NOTHING_KNOWN
) -> tuple[dict[str, Any], dict[str, str]]:
    """The object in the other version, and what was lost by its path."""
    done = convert(msgspec.json.encode(value), name, source, target, context)
    return msgspec.json.decode(done.body), {loss.path: loss.text for loss in done.losses}


def refused(
    value: object, name: str, source: str, target: str, context: Context = NOTHING_KNOWN
) -> tuple[str | None, str | None, str]:
    """Path, setting and text of the refusal."""
    try:
        done = convert(msgspec.json.encode(value), name, source, target, context)
    except CannotConvert as error:
        return error.path, error.setting, str(error)
    raise AssertionError(f"expected a refusal, got {done.body!r}")


def attempt(
    body: bytes, name: str, source: str, target: str, context: Context = NOTHING_KNOWN
) -> Converted | CannotConvert:
    """What comes of a conversion, as a value."""
    try:
        return convert(body, name, source, target, context)
    except CannotConvert as error:
        return error


def also(value: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The same object with other fields; None takes one away."""
    return {name: one for name, one in {**value, **more}.items() if one is not None}
