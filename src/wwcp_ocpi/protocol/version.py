# SPDX-License-Identifier: AGPL-3.0-or-later
"""One OCPI version as a value: its number, its facts, its tables."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

import msgspec

from wwcp_ocpi.protocol.endpoint import Endpoint, Interface, Module, Resource
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.protocol.facts import Facts
from wwcp_ocpi.protocol.shape import StructType
from wwcp_ocpi.scalars import fold


class Kind(NamedTuple):
    """One kind of object that is kept, and the module it belongs to."""

    module: Module
    resource: Resource


class Version(msgspec.Struct, frozen=True, dict=True):
    """What a version folder offers to the code that acts on it."""

    number: str
    facts: Facts
    endpoints: tuple[Endpoint, ...]
    modules: Mapping[str, Module]
    objects: Mapping[str, StructType]
    """Every object of the version by its name in the specification."""

    @cached_property
    def kinds(self) -> Mapping[str, Kind]:
        """Every kind of object that is kept, by its name: `locations`, `payments/terminals`."""
        return {
            module.kind(resource): Kind(module, resource)
            for module in self.modules.values()
            for resource in module.resources
        }

    @cached_property
    def rank(self) -> tuple[int, ...]:
        """For choosing the latest of several."""
        return tuple(int(part) for part in self.number.split("."))

    def kind(self, name: str) -> Kind:
        """A kind of object by its name.

        Raises:
            UsageError: this version keeps no such objects.
        """
        found = self.kinds.get(name)
        if found is None:
            raise UsageError(f"OCPI {self.number} keeps no {name!r}; it keeps {', '.join(sorted(self.kinds))}")
        return found

    def object_named(self, name: str) -> StructType:
        """The object of that name; a kind's or a module's stands for its main object (`locations` for Location).

        Raises:
            UsageError: this version has no such object.
        """
        if name in self.kinds:
            return self.kinds[name].resource.type
        module = self.modules.get(name)
        if module is not None and module.resource is not None:
            return module.resource.type
        folded = {known.lower(): cls for known, cls in self.objects.items()}
        found = folded.get(name.lower())
        if found is None:
            raise UsageError(f"OCPI {self.number} has no object {name!r}; it has {', '.join(sorted(self.objects))}")
        return found

    def key_id(self, resource: Resource, id: str, qualifier: str | None = None) -> str:
        """An object's id as stores have it: folded where ids are equal in any case, with what qualifies it."""
        known = fold(id) if self.facts.ids_fold else id
        return _qualified(known, qualifier if resource.qualifier else None)

    def key_ids(self, resource: Resource, id: str, qualifier: str | None = None) -> tuple[str, ...]:
        """Under which ids the object may be stored: as this version keeps it, then as versions with other rules do."""
        folded = fold(id)
        if folded == id and not resource.named_elsewhere:
            return (_qualified(id, qualifier if resource.qualifier else None),)
        spelled = (folded, id) if self.facts.ids_fold else (id, folded)
        named = (qualifier if resource.qualifier else None, *resource.named_elsewhere)
        return tuple(dict.fromkeys(_qualified(one, word) for word in named for one in spelled))

    def rows(self, module: str, interface: Interface) -> tuple[Endpoint, ...]:
        """The endpoint rows of one side of a module."""
        return tuple(row for row in self.endpoints if row.module == module and row.interface is interface)

    def rows_of(self, kind: Kind, interface: Interface) -> tuple[Endpoint, ...]:
        """The same of one kind of object."""
        rows = self.rows(kind.module.identifier, interface)
        return tuple(row for row in rows if kind.module.resource_of(row) is kind.resource)


def _qualified(id: str, qualifier: str | None) -> str:
    return id if qualifier is None else f"{id}|{qualifier}"
