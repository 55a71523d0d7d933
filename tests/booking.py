# SPDX-License-Identifier: AGPL-3.0-or-later
"""A CPO with a booking system and an eMSP that books there, registered, over the net in memory."""

from __future__ import annotations

import json
from typing import Any

from msgspec.structs import replace

from tests.objects import booking_location
from tests.platforms import CPO, EMSP, Caller, MemoryNet, platform, register
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners import Access, PartnerParty, Purpose
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId, Secret
from wwcp_ocpi.server.decisions import BookingAnswer, BookingQuestion
from wwcp_ocpi.store.ports import PageRequest, Side, Store

V = VERSIONS["2.3.0"]
MODULES = frozenset({"bookings"})
PLACES = "bookings/booking_locations"
SENDER, RECEIVER = "/ocpi/2.3.0/sender/bookings", "/ocpi/2.3.0/receiver/bookings/DE/GEF"


class BookingSystem:
    """A booker that answers what it was told, and keeps what it was asked."""

    def __init__(self, *verdicts: Any, **fields: Any) -> None:
        self.verdicts = list(verdicts)
        self.fields = fields
        self.asked: list[BookingQuestion] = []

    async def book(self, asked: BookingQuestion) -> BookingAnswer:
        self.asked.append(asked)
        return BookingAnswer(verdict=self.verdicts.pop(0) if self.verdicts else "ACCEPTED", fields=self.fields)


def own(body: dict[str, Any], owner: PartyId = CPO) -> OwnObject:
    """One of our objects to publish."""
    at = DateTime.parse(body["last_updated"]).micros
    return OwnObject(owner=owner, id=body["id"], last_updated=at, body=json.dumps(body).encode())


async def cpo(*verdicts: Any, place: dict[str, Any] | None = None) -> tuple[Platform, BookingSystem, Caller]:
    """A CPO that has a BookingLocation and a booking system, and the calls of an eMSP."""
    made = platform(MemoryNet(), "cpo.example", CPO, "CPO", modules=MODULES)
    system = BookingSystem(*verdicts)
    made.server.booker = system
    await made.publisher.publish(V, PLACES, [own(place or booking_location())])
    return made, system, await known(made, "emsp", EMSP, "EMSP")


async def known(made: Platform, name: str, party: PartyId, role: str) -> Caller:
    """A partner of that name, and its calls."""
    secret = Secret(f"token-{name}")
    access = (Access(hash=made.book._vault.hash_of(secret.reveal()), purpose=Purpose.ACCESS),)
    parties = (PartnerParty(id=party, role=role, name=name),)
    await made.book.change(name, lambda partner: replace(partner, access=access, parties=parties))
    return Caller(made, secret)


async def linked(store: Store | None = None) -> tuple[MemoryNet, Platform, Platform, BookingSystem]:
    """A CPO, with that store, and an eMSP that are registered; the eMSP knows the BookingLocation."""
    net = MemoryNet()
    one = platform(net, "cpo.example", CPO, "CPO", modules=MODULES, store=store)
    other = platform(net, "emsp.example", EMSP, "EMSP", modules=MODULES)
    await register(one, other, ("2.3.0",))
    system = BookingSystem()
    one.server.booker = system
    await one.publisher.publish(V, PLACES, [own(booking_location())])
    await deliver(one)
    return net, one, other, system


async def deliver(made: Platform) -> None:
    """Bring partners all that waits for them."""
    for _ in range(100):
        if await made.courier.round() == 0:
            return
    raise AssertionError("delivery does not come to an end")


async def kept(made: Platform, kind: str, side: Side, audience: str = "") -> list[Any]:
    """What is stored of one kind."""
    request = PageRequest(side=side, module=kind, audience=audience, limit=100)
    return [json.loads(body) for body in (await made.store.page(request)).bodies]
