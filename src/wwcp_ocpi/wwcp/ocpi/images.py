# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures that WWCP knows by their URL, as OCPI Images. Spec: mod_locations#mod_locations_image_class."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from wwcp_ocpi.v2_3_0.enums import ImageCategory
from wwcp_ocpi.v2_3_0.locations import Image
from wwcp_ocpi.wwcp.ocpi.context import Context

_TYPES = frozenset({"gif", "jpeg", "jpg", "png", "svg", "webp"})


def images(urls: Sequence[str], category: ImageCategory, path: str, context: Context) -> list[Image] | None:
    """The pictures whose URLs fit."""
    fitting = [context.exact(url, 255, f"{path}[{index}]") for index, url in enumerate(urls)]
    return [Image(url=url, category=category, type=image_type(url)) for url in fitting if url is not None] or None


def image_type(url: str) -> str:
    """The kind of file, by the end of its name; `jpg` where that tells nothing."""
    try:
        suffix = PurePosixPath(urlsplit(url).path).suffix.lstrip(".").lower()
    except ValueError:  # no URL at all
        suffix = ""
    return suffix if suffix in _TYPES else "jpg"
