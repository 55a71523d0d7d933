# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which WWCP ids the objects of partners have, and back: what a command must name in OCPI.

A Location that is called as a pool is (`DE*GEF*P1234`, by a partner that is this software too) has that id. Any other
id is put behind the party's own, escaped: `DE*GEF*P` and what `escaping` makes of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple, TypeVar

from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.wwcp.ids.opaque import TextId
from wwcp_ocpi.wwcp.ids.places import (
    ChargingPoolId,
    ChargingStationId,
    ChargingStationOperatorId,
    ChargingTariffId,
    EMobilityProviderId,
    EVSEId,
    OperatedId,
)
from wwcp_ocpi.wwcp.ocpi.inward.escaping import escape, hashed, unescape
from wwcp_ocpi.wwcp.ocpi.words import DEFAULT_POLICY, LocationIds, MappingPolicy

_I = TypeVar("_I", bound=OperatedId)
_T = TypeVar("_T", bound=TextId)
_LONGEST = 51
_LONGEST_EVSE = 30
_TARIFF_SIGNS = "_-.$"
_FOREIGN_TARIFF = "_"


class OCPIPlace(NamedTuple):
    """How a partner calls a Location, or one of its EVSEs. Ids as he wrote them."""

    party: PartyId
    location_id: str
    evse_uid: str | None = None


class WWCPPlace(NamedTuple):
    """The same in WWCP. Station and EVSE are None where a whole Location is meant."""

    pool_id: ChargingPoolId
    station_id: ChargingStationId | None = None
    evse_id: EVSEId | None = None


class NameBook:
    """The ids of all places that came from partners: never two of theirs on one of ours.

    One book a network, filled by `pool_of`. The first object that comes has the id that is asked for; another one that
    asks for the same gets one of its own. In memory; after a restart it is filled again by mapping what is stored.
    """

    def __init__(self) -> None:
        self._pages: dict[tuple[PartyId, str], Page] = {}
        self._owners: dict[OperatedId, Page] = {}

    def wwcp_place(self, party: PartyId, location_id: str, evse_uid: str | None = None) -> WWCPPlace | None:
        """The pool of a Location, or one of its EVSEs; None for what was never mapped. OCPI ids in any case."""
        page = self._pages.get((party, location_id.upper()))
        if page is None:
            return None
        return page.place if evse_uid is None else page.evses.get(evse_uid.upper())

    def ocpi_place(self, id: EVSEId | ChargingStationId | ChargingPoolId) -> OCPIPlace | None:
        """How the partner calls it. A station has no name in OCPI 2.3.0: its Location is meant."""
        page = self._owners.get(id)
        if page is None:
            return None
        return OCPIPlace(page.party, page.location_id, page.ids.get(id))

    def forget(self, party: PartyId, location_id: str) -> None:
        """The Location is gone: its names are free."""
        page = self._pages.pop((party, location_id.upper()), None)
        for id in page.ids if page else ():
            del self._owners[id]

    def page(self, party: PartyId, location_id: str, pool_ids: Iterable[ChargingPoolId]) -> Page:
        """A new page for a Location, in place of the one there was; its pool has the first of these ids that is free.

        The last of the ids must be one that nobody else asks for.
        """
        self.forget(party, location_id)
        page = Page(self._owners, party, location_id)
        page.place = WWCPPlace(page.take(pool_ids))
        self._pages[party, location_id.upper()] = page
        return page


class Page:
    """The names of one Location while it is mapped, and afterwards."""

    __slots__ = ("_owners", "evses", "ids", "location_id", "party", "place")

    place: WWCPPlace

    def __init__(self, owners: dict[OperatedId, Page], party: PartyId, location_id: str) -> None:
        self._owners = owners
        self.party = party
        self.location_id = location_id
        self.ids: dict[OperatedId, str | None] = {}
        self.evses: dict[str, WWCPPlace] = {}

    def take(self, wishes: Iterable[_I], uid: str | None = None) -> _I:
        """The first of these ids that nobody has. A station id may be taken again by the same Location."""
        for wish in wishes:
            owner = self._owners.get(wish)
            if owner is None or (owner is self and isinstance(wish, ChargingStationId)):
                break
        self._owners[wish] = self
        self.ids[wish] = uid
        return wish

    def settle(self, uid: str, station_id: ChargingStationId, evse_id: EVSEId) -> None:
        """Note where the EVSE stands."""
        self.evses[uid.upper()] = WWCPPlace(self.place.pool_id, station_id, evse_id)


@lru_cache(maxsize=4096)
def _operator(party: PartyId) -> ChargingStationOperatorId | None:
    return ChargingStationOperatorId.try_parse(str(party))


def operator_id_of(party: PartyId, policy: MappingPolicy = DEFAULT_POLICY) -> ChargingStationOperatorId | None:
    """The operator that a party is: as the policy says (operators in DIN form have more digits), or by its letters."""
    given = policy.operators.get(str(party))
    return _operator(party) if given is None else ChargingStationOperatorId.try_parse(given)


def provider_id_of(party: PartyId) -> EMobilityProviderId | None:
    """The provider that a party is; None for a country that does not exist, or other signs than letters and digits."""
    return EMobilityProviderId.try_parse(f"{party.country_code}-{party.party_id}")


def pool_ids_of(
    operator: ChargingStationOperatorId, party: PartyId, location_id: str, policy: MappingPolicy = DEFAULT_POLICY
) -> Iterator[ChargingPoolId]:
    """How the pool of a Location may be called, the best first, the last one for this Location alone."""
    text = location_id.strip()
    found = _own(ChargingPoolId, operator, text)
    if found is not None:
        yield found
    elif policy.location_ids is LocationIds.SUFFIX:
        yield from _made(ChargingPoolId, operator, text)
    yield ChargingPoolId(operator, escape(text, _LONGEST))
    yield ChargingPoolId(operator, hashed([*party, location_id], _LONGEST))


def evse_ids_of(
    operator: ChargingStationOperatorId, party: PartyId, evse_id: str | None, uid: str, location_id: str
) -> Iterator[EVSEId]:
    """How an EVSE may be called, the best first. An evse_id may name another operator than its party.

    An evse_id that is none is still what people see: `1210` is `BR*EZV*E1210`, and so is `BR*EZV*1210`.
    """
    told = EVSEId.try_parse(evse_id) if evse_id else None
    called = _own(EVSEId, operator, uid.strip())
    if told is not None:
        yield told
    if called is not None:
        yield called
    if evse_id and told is None:
        yield EVSEId(operator, escape(evse_id.strip().removeprefix(f"{operator}*"), _LONGEST_EVSE))
    yield EVSEId(operator, escape(uid.strip(), _LONGEST_EVSE))
    yield EVSEId(operator, hashed([*party, location_id, uid], _LONGEST_EVSE))


def tariff_id_of(party: PartyId, tariff_id: str, policy: MappingPolicy = DEFAULT_POLICY) -> ChargingTariffId | None:
    """The WWCP id of a Tariff of this party; the same for a Tariff and where Connectors name it.

    None when no operator id can be made of the party. Tariffs need no book: what is no tariff id of the operator has an
    underscore in front, `AC1` is `DE*GEF*T_AC1`, which is another tariff than `DE*GEF*TAC1`.
    """
    operator = operator_id_of(party, policy)
    if operator is None:
        return None
    text = tariff_id.strip()
    found = _own(ChargingTariffId, operator, text)
    if found is not None and found.suffix[0] != _FOREIGN_TARIFF:
        return found
    return ChargingTariffId(operator, _FOREIGN_TARIFF + escape(text, _LONGEST - 1, also=_TARIFF_SIGNS))


def tariff_text(tariff_id: ChargingTariffId) -> str:
    """The inverse: how OCPI calls it. A tariff of a partner has the id again that it came with."""
    suffix = tariff_id.suffix
    original = unescape(suffix[1:]) if suffix[0] == _FOREIGN_TARIFF else None
    return original or str(tariff_id)


def text_id_of(kind: type[_T], party: PartyId, text: str, policy: MappingPolicy, *, provider: PartyId | None) -> _T:
    """The WWCP id of a Session, CDR or reservation of this party.

    Args:
        provider: whose driver it was: an id that begins with his is taken as it is, and so is one of the operator.
    """
    operator, told = operator_id_of(party, policy), kind.try_parse(text)
    may_stand = told is not None and told.party is not None
    if told is not None and may_stand and told.party in (operator, provider and provider_id_of(provider)):
        return told
    if operator is None:
        return told or kind.parse(hashed([*party, text], _LONGEST))
    return kind.of(operator, escape(text, 240, also="-*"))


def _own(kind: type[_I], operator: ChargingStationOperatorId, text: str) -> _I | None:
    found = kind.try_parse(text)
    return found if found is not None and found.operator == operator else None


def _made(kind: type[_I], operator: ChargingStationOperatorId, suffix: str) -> list[_I]:
    try:
        return [kind(operator, suffix)]
    except ValueError:
        return []
