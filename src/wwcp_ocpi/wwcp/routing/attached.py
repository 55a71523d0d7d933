# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who takes part in a roaming network, and in which role.

A provider has drivers of its own, an operator charge points of its own. Roaming providers stand between: one on the
operators' side (CSO) knows foreign providers and is asked when a driver shows a card; one on the providers' side (EMP)
knows foreign operators and is asked when a driver wants to charge there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeVar

from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.wwcp.ids.places import ChargingStationOperatorId, EMobilityProviderId
from wwcp_ocpi.wwcp.network.places import IdTaken
from wwcp_ocpi.wwcp.routing.ports import (
    Authorizer,
    CDRClaimer,
    CDRSink,
    ProfileSetter,
    RemoteStarter,
    Reserver,
    Unlocker,
)
from wwcp_ocpi.wwcp.routing.token_source import TokenSource

_P = TypeVar("_P")


class Attached(NamedTuple):
    """One partner, and what its code can do. `name` is its id as it stands in results and sessions."""

    name: str
    priority: int
    authorizer: Authorizer | None
    starter: RemoteStarter | None
    reserver: Reserver | None
    cdr_sink: CDRSink | None
    unlocker: Unlocker | None = None
    profile_setter: ProfileSetter | None = None
    cdr_claimer: CDRClaimer | None = None
    token_source: TokenSource | None = None


def attached(name: str, code: object, priority: int = 10) -> Attached:
    """Look once at what it can do: looking at an object through a protocol is slow.

    Raises:
        UsageError: nothing at all.
    """
    found = Attached(
        name=name,
        priority=priority,
        authorizer=code if isinstance(code, Authorizer) else None,
        starter=code if isinstance(code, RemoteStarter) else None,
        reserver=code if isinstance(code, Reserver) else None,
        cdr_sink=code if isinstance(code, CDRSink) else None,
        unlocker=code if isinstance(code, Unlocker) else None,
        profile_setter=code if isinstance(code, ProfileSetter) else None,
        cdr_claimer=code if isinstance(code, CDRClaimer) else None,
        token_source=code if isinstance(code, TokenSource) else None,
    )
    if not any(found[2:]):
        ports = "Authorizer, RemoteStarter, Reserver, CDRSink, Unlocker, ProfileSetter"
        raise UsageError(f"{name}: expected an object with the methods of one of {ports}, got {type(code).__name__}")
    return found


class Partners:
    """All that are attached. An id is taken once."""

    def __init__(self) -> None:
        self._operators: dict[ChargingStationOperatorId, Attached] = {}
        self._providers: dict[EMobilityProviderId, Attached] = {}
        self._cso_side: dict[str, Attached] = {}
        self._emp_side: dict[str, Attached] = {}

    def add_operator(self, id: ChargingStationOperatorId, code: object) -> Callable[[], None]:
        """Attach an operator; the answer detaches it. Raises IdTaken."""
        return _take(self._operators, id, attached(str(id), code))

    def add_provider(self, id: EMobilityProviderId, code: object) -> Callable[[], None]:
        """Attach a provider; the answer detaches it. Raises IdTaken."""
        return _take(self._providers, id, attached(str(id), code))

    def add_cso_roaming_provider(self, id: str, code: object, priority: int) -> Callable[[], None]:
        """Attach who knows foreign providers; the answer detaches it. Raises IdTaken."""
        return _take(self._cso_side, id, attached(id, code, priority))

    def add_emp_roaming_provider(self, id: str, code: object, priority: int) -> Callable[[], None]:
        """Attach who knows foreign operators; the answer detaches it. Raises IdTaken."""
        return _take(self._emp_side, id, attached(id, code, priority))

    def authorizers(self, provider_id: EMobilityProviderId | None = None) -> list[Attached]:
        """Who may know a driver: all, or if his provider is told that one and those who know foreign ones."""
        providers = [one for id, one in self._providers.items() if provider_id in (None, id)]
        return [one for one in (*providers, *_by_priority(self._cso_side)) if one.authorizer is not None]

    def local_authorizers(self) -> list[Attached]:
        """The providers of this network alone."""
        return [one for one in self._providers.values() if one.authorizer is not None]

    def token_sources(self) -> dict[EMobilityProviderId, TokenSource]:
        """The providers of this network that tell their tokens."""
        return {id: one.token_source for id, one in self._providers.items() if one.token_source is not None}

    def authorizer(self, name: str | None) -> Attached | None:
        """The one of that name."""
        return next((one for one in self._on_cso_side() if one.name == name and one.authorizer is not None), None)

    def provider(self, id: EMobilityProviderId | None) -> Attached | None:
        """The provider of that id, if it is attached here."""
        return self._providers.get(id) if id is not None else None

    def cdr_sink_of(self, id: EMobilityProviderId | None) -> Attached | None:
        """The provider of that id, if it is attached here and takes records."""
        found = self.provider(id)
        return found if found is not None and found.cdr_sink is not None else None

    def cdr_sink(self, name: str | None) -> Attached | None:
        """Who has that name and takes records."""
        return next((one for one in self._on_cso_side() if one.name == name and one.cdr_sink is not None), None)

    def operator(self, id: ChargingStationOperatorId | None) -> Attached | None:
        """The operator of that id, if it is attached."""
        return self._operators.get(id) if id is not None else None

    def emp_roaming_provider(self, name: str | None) -> Attached | None:
        """Who knows foreign operators and has that name."""
        return self._emp_side.get(name) if name is not None else None

    def starters(self) -> tuple[list[Attached], list[Attached]]:
        """The operators that can start and stop, and those who know foreign ones, by priority."""
        operators = [one for one in self._operators.values() if one.starter is not None]
        return operators, [one for one in _by_priority(self._emp_side) if one.starter is not None]

    def reservers(self) -> list[Attached]:
        """Those who know foreign operators and can keep something free, by priority."""
        return [one for one in _by_priority(self._emp_side) if one.reserver is not None]

    def of_foreign_operators(self) -> list[Attached]:
        """Those who know foreign operators, by priority, whatever they can do."""
        return _by_priority(self._emp_side)

    def cdr_claimers(self) -> list[Attached]:
        """Those who may know whose a record is that names nobody who takes part, by priority."""
        return [one for one in _by_priority(self._cso_side) if one.cdr_sink and one.cdr_claimer]

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
