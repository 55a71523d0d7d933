# SPDX-License-Identifier: AGPL-3.0-or-later
"""Locations with the Tariffs of the partner that they are shown to. An extension, where the CPO has a chooser.

Without one, where the choice is what is stored, and for whoever comes without a token, every byte stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from wwcp_ocpi.protocol import patch
from wwcp_ocpi.protocol.endpoint import Resource
from wwcp_ocpi.protocol.patch import RawObject
from wwcp_ocpi.protocol.shape import Field, StructType, fields_of
from wwcp_ocpi.protocol.version import Version
from wwcp_ocpi.server.call import Call
from wwcp_ocpi.server.caller import ANONYMOUS
from wwcp_ocpi.server.decisions import ConnectorTariffs, TariffChooser
from wwcp_ocpi.store.ports import Side

_NAMES = ("tariff_ids", "tariff_id")
"""How versions call the Tariffs of a Connector."""
_NOTHING = msgspec.Raw(b"null")


@lru_cache
def _field_of(cls: StructType) -> Field | None:
    return next((field for field in fields_of(cls) if field.name in _NAMES), None)


def _field(resource: Resource) -> Field | None:
    """The field with Tariffs in the innermost parts of an object; None: it has no such parts."""
    return _field_of(resource.parts[-1].type) if resource.parts else None


def _chooser(call: Call) -> TariffChooser | None:
    chooser = call.server.tariffs
    if chooser is None or call.side is not Side.OURS or call.caller is ANONYMOUS or _field(call.resource) is None:
        return None
    return chooser


def page_for_partner(call: Call, bodies: Sequence[bytes]) -> Sequence[bytes]:
    """Objects of a page as this partner sees them."""
    chooser = _chooser(call)
    if chooser is None:
        return bodies
    partner, version = call.caller.partner, call.version
    return [for_partner(chooser, partner, version, call.resource, (), body) for body in bodies]


def object_for_partner(call: Call, body: bytes) -> bytes:
    """One object, or the part of it that the path names, as this partner sees it."""
    chooser = _chooser(call)
    if chooser is None:
        return body
    return for_partner(chooser, call.caller.partner, call.version, call.resource, call.ids, body)


def for_partner(
    chooser: TariffChooser | None,
    partner: str,
    version: Version,
    resource: Resource,
    ids: Sequence[str],
    body: bytes,
    *,
    is_change: bool = False,
) -> bytes:
    """A Location, EVSE or Connector with the Tariffs of a partner.

    Args:
        ids: of the object and the parts on the way to what `body` is; of a whole object none is needed.
        is_change: it is a PATCH, so that what it does not speak of stays unsaid.
    """
    field = _field(resource)
    if chooser is None or field is None:
        return body
    fields = patch.split(body)
    if not ids:
        ids = (patch.text_of(fields, resource.id_field) or "",)
    changed = _Choice(chooser, partner, version, resource, field, is_change).within(fields, tuple(ids))
    return body if changed is None else patch.join(changed)


class _Choice(msgspec.Struct, frozen=True):
    chooser: TariffChooser
    partner: str
    version: Version
    resource: Resource
    field: Field
    is_change: bool

    def within(self, fields: RawObject, ids: tuple[str, ...]) -> RawObject | None:
        """The same with the choice in all Connectors below; None: nothing is different."""
        depth = len(ids) - 1
        if depth == len(self.resource.parts):
            return self.of_connector(fields, ids)
        part = self.resource.parts[depth]
        entries = patch.children(fields, part.field)
        made = [self.within(one, (*ids, patch.text_of(one, part.id_field) or "")) for one in entries]
        if all(one is None for one in made):
            return None
        kept = [old if new is None else new for old, new in zip(entries, made, strict=True)]
        return {**fields, part.field: patch.listed(kept)}

    def of_connector(self, fields: RawObject, ids: tuple[str, ...]) -> RawObject | None:
        name = self.field.name
        if self.is_change and name not in fields:
            return None
        before = _texts(fields.get(name, _NOTHING))
        location_id, evse_uid, connector_id = ids
        chosen = tuple(
            self.chooser.tariff_ids(
                ConnectorTariffs(
                    partner=self.partner,
                    version=self.version.number,
                    location_id=location_id,
                    evse_uid=evse_uid,
                    connector_id=connector_id,
                    tariff_ids=before,
                )
            )
        )
        is_list = self.field.cardinality.is_list
        chosen = chosen if is_list else chosen[:1]
        if chosen == before:
            return None
        if chosen or self.is_change:
            one = chosen[0] if chosen else None
            return {**fields, name: msgspec.Raw(msgspec.json.encode(chosen if is_list else one))}
        return {known: value for known, value in fields.items() if known != name}


def _texts(raw: msgspec.Raw) -> tuple[str, ...]:
    found = msgspec.json.decode(raw, type=str | list[str] | None)
    return (found,) if isinstance(found, str) else tuple(found or ())
