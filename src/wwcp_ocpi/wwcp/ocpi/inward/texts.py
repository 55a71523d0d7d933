# SPDX-License-Identifier: AGPL-3.0-or-later
"""Texts, companies and points on earth of OCPI, as WWCP has them."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation

import msgspec

from wwcp_ocpi.v2_3_0.locations import BusinessDetails
from wwcp_ocpi.v2_3_0.locations import GeoLocation as OCPIGeoLocation
from wwcp_ocpi.v2_3_0.types import DisplayText
from wwcp_ocpi.wwcp.model.base import I18NText
from wwcp_ocpi.wwcp.model.places import Brand, GeoLocation
from wwcp_ocpi.wwcp.ocpi.context import Context


def i18n(texts: list[DisplayText] | None, path: str, context: Context) -> I18NText:
    """Texts by language, the first of each."""
    made: I18NText = {}
    for index, text in enumerate(texts or ()):
        if text.language in made:
            context.note(f"{path}[{index}]", f"left out: a second text in {text.language!r}")
        else:
            made[text.language] = text.text
    return made


def named(text: str | None, context: Context) -> I18NText:
    """A text whose language OCPI does not tell: the policy does."""
    return {context.policy.language: text} if text else {}


def geo_location(place: OCPIGeoLocation | None, path: str, context: Context) -> GeoLocation | None:
    """The point, with the digits that came; None when it is none."""
    if place is None:
        return None
    try:
        latitude, longitude = Decimal(place.latitude), Decimal(place.longitude)
    except InvalidOperation:
        latitude, longitude = Decimal("NaN"), Decimal("NaN")
    if not (latitude.is_finite() and longitude.is_finite()) or abs(latitude) > 90 or abs(longitude) > 180:
        told = f"{place.latitude[:20]!r} and {place.longitude[:20]!r}"
        context.note(path, f"left out: expected degrees of WGS 84, got {told}")
        return None
    return GeoLocation(latitude=latitude, longitude=longitude)


def brand(company: BusinessDetails | None, context: Context) -> list[Brand]:
    """The brand under which the public knows a place: its name is its id."""
    if company is None or not company.name.strip():
        return []
    logo = company.logo.url if company.logo else None
    return [Brand(id=company.name, name=named(company.name, context), logo=logo, homepage=company.website)]


def has_no_place(value: msgspec.Struct, names: Iterable[str], path: str, context: Context) -> None:
    """Note the fields that hold something and that WWCP cannot say."""
    for name in names:
        if getattr(value, name):
            context.note(f"{path}.{name}", "left out: WWCP has no place for it")
