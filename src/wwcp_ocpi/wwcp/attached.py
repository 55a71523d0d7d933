# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who takes part in a roaming network, and in which role.

A provider has drivers of its own, an operator charge points of its own. Roaming providers stand between: one on the
operators' side (CSO) knows foreign providers and is asked when a driver shows a card; one on the providers' side (EMP)
knows foreign operators and is asked when a driver wants to charge there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from wwcp_ocpi.wwcp.ids import ChargingStationOperatorId, EMobilityProviderId
from wwcp_ocpi.wwcp.network import IdTaken
from wwcp_ocpi.wwcp.ports import Authorizer, CDRSink, RemoteStarter, Reserver

_P = TypeVar("_P")


class Attached(NamedTuple):
    """One partner and its code. `name` is its id as it stands in results and sessions."""

    name: str
    code: object
    priority: int = 10


class Partners:
    """All that are attached. An id is taken once."""

    def __init__(self) -> None:
        self._operators: dict[ChargingStationOperatorId, Attached] = {}
        self._providers: dict[EMobilityProviderId, Attached] = {}
        self._cso_side: dict[str, Attached] = {}
        self._emp_side: dict[str, Attached] = {}

    def add_operator(self, id: ChargingStationOperatorId, code: object) -> Callable[[], None]:
        """Attach an operator; the answer detaches it. Raises IdTaken."""
        return _take(self._operators, id, Attached(str(id), code))

    def add_provider(self, id: EMobilityProviderId, code: object) -> Callable[[], None]:
        """Attach a provider; the answer detaches it. Raises IdTaken."""
        return _take(self._providers, id, Attached(str(id), code))

    def add_cso_roaming_provider(self, id: str, code: object, priority: int) -> Callable[[], None]:
        """Attach who knows foreign providers; the answer detaches it. Raises IdTaken."""
        return _take(self._cso_side, id, Attached(id, code, priority))

    def add_emp_roaming_provider(self, id: str, code: object, priority: int) -> Callable[[], None]:
        """Attach who knows foreign operators; the answer detaches it. Raises IdTaken."""
        return _take(self._emp_side, id, Attached(id, code, priority))

    def authorizers(self, provider_id: EMobilityProviderId | None = None) -> list[tuple[Attached, Authorizer]]:
        """Who may know a driver: all, or if his provider is told that one and those who know foreign ones."""
        providers = [one for id, one in self._providers.items() if provider_id in (None, id)]
        asked = (*providers, *_by_priority(self._cso_side))
        return [(one, one.code) for one in asked if isinstance(one.code, Authorizer)]

    def local_authorizers(self) -> list[tuple[Attached, Authorizer]]:
        """The providers of this network alone."""
        return [(one, one.code) for one in self._providers.values() if isinstance(one.code, Authorizer)]

    def authorizer(self, name: str | None) -> tuple[Attached, Authorizer] | None:
        """The one of that name."""
        found = next((one for one in self._on_cso_side() if one.name == name), None)
        return (found, found.code) if found is not None and isinstance(found.code, Authorizer) else None

    def authorizer_of(self, id: EMobilityProviderId | None) -> tuple[Attached, Authorizer] | None:
        """The provider of that id, if it is attached here."""
        found = self._providers.get(id) if id is not None else None
        return (found, found.code) if found is not None and isinstance(found.code, Authorizer) else None

    def cdr_sink_of(self, id: EMobilityProviderId | None) -> Attached | None:
        """The provider of that id, if it is attached here and takes records."""
        found = self._providers.get(id) if id is not None else None
        return found if found is not None and isinstance(found.code, CDRSink) else None

    def cdr_sink(self, name: str | None) -> Attached | None:
        """Who has that name and takes records."""
        found = next((one for one in self._on_cso_side() if one.name == name), None)
        return found if found is not None and isinstance(found.code, CDRSink) else None

    def operator(self, id: ChargingStationOperatorId | None) -> Attached | None:
        """The operator of that id, if it is attached."""
        return self._operators.get(id) if id is not None else None

    def emp_roaming_provider(self, name: str | None) -> Attached | None:
        """Who knows foreign operators and has that name."""
        return self._emp_side.get(name) if name is not None else None

    def starters(self) -> tuple[list[Attached], list[Attached]]:
        """The operators that can start and stop, and those who know foreign ones, by priority."""
        operators = [one for one in self._operators.values() if isinstance(one.code, RemoteStarter)]
        return operators, [one for one in _by_priority(self._emp_side) if isinstance(one.code, RemoteStarter)]

    def reservers(self) -> tuple[list[Attached], list[Attached]]:
        """The operators that can keep something free, and those who know foreign ones, by priority."""
        operators = [one for one in self._operators.values() if isinstance(one.code, Reserver)]
        return operators, [one for one in _by_priority(self._emp_side) if isinstance(one.code, Reserver)]

    def _on_cso_side(self) -> Iterator[Attached]:
        yield from self._providers.values()
        yield from self._cso_side.values()


def _by_priority(partners: dict[str, Attached]) -> list[Attached]:
    return sorted(partners.values(), key=lambda one: one.priority)


def _take(registry: dict[_P, Attached], id: _P, one: Attached) -> Callable[[], None]:
    if id in registry:
        raise IdTaken(f"{one.name} takes part already")
    registry[id] = one

    def leave() -> None:
        if registry.get(id) is one:
            del registry[id]

    return leave
