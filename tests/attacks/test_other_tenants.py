# SPDX-License-Identifier: AGPL-3.0-or-later
"""A partner reads or writes what is another partner's: by path, body, header or filter, or in the other role.

Each request is first made by a partner that speaks for that party, and works; then by one that does not.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.attacks.listed import attack
from tests.attacks.wired import over_http
from tests.identity_setting import OTHER, STRANGER, Setting, setting
from tests.objects import MIDDLE, NEW, OLD, cdr, location, session, tariff, token
from tests.platforms import ALL_VERSIONS, CPO, EMSP, envelope_of
from tests.rules import rule
from wwcp_ocpi.partners import PartnerParty, Remote
from wwcp_ocpi.partners.publish import OwnObject
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime, PartyId
from wwcp_ocpi.security.audit import Reason
from wwcp_ocpi.server.extensions import EXTENSIONS
from wwcp_ocpi.store.ports import PageRequest, Side

MODULES = frozenset({"locations", "tariffs", "tokens", "sessions", "cdrs", "commands"})
MAKE: Mapping[str, Callable[..., dict[str, Any]]] = {
    "locations": location,
    "tariffs": tariff,
    "sessions": session,
    "cdrs": cdr,
    "tokens": token,
}
pytestmark = pytest.mark.parametrize("version", ALL_VERSIONS)


@asynccontextmanager
async def receiver() -> AsyncIterator[Setting]:
    """An eMSP; `other` speaks for DE*GEF as well, until `apart`."""
    async with over_http(await setting("EMSP", modules=MODULES, extensions=EXTENSIONS)) as made:
        await made.change("other", parties=(_party(STRANGER), _party(CPO)))
        made.audit.taken()
        yield made


async def apart(made: Setting) -> None:
    await made.change("other", parties=(_party(STRANGER),))
    made.audit.taken()


def _party(id: Any) -> PartnerParty:
    return PartnerParty(id=id, role="CPO", name="x")


def by_path(version: str) -> list[tuple[str, str, Any]]:
    base = f"/ocpi/{version}/receiver"
    change = {"last_updated": NEW, "name": "taken over"}
    return [
        ("PUT", f"{base}/locations/DE/GEF/LOC1", location(version)),
        ("GET", f"{base}/locations/DE/GEF/LOC1", None),
        ("PATCH", f"{base}/locations/DE/GEF/LOC1", change),
        ("GET", f"{base}/locations/DE/GEF/LOC1/E1", None),
        ("GET", f"{base}/locations/DE/GEF", None),
        ("PUT", f"{base}/tariffs/DE/GEF/T1", tariff(version)),
        ("DELETE", f"{base}/tariffs/DE/GEF/T1", None),
        ("PUT", f"{base}/sessions/DE/GEF/S1", session(version)),
        ("DELETE", f"{base}/locations/DE/GEF", None),
        ("DELETE", f"{base}/locations/de/gef", None),
    ]


@attack("tenant-path")
async def test_by_path(version: str) -> None:
    async with receiver() as made:
        for method, path, body in by_path(version):
            assert await made.status(path, method=method, body=body, token=OTHER) in (200, 201), path
        await apart(made)
        for method, path, body in by_path(version):
            assert await made.status(path, method=method, body=body) in (200, 201), path
            assert await made.status(path, method=method, body=body, token=OTHER) == 403, path
            assert made.audit.taken() == [Reason.PARTY_VIOLATION]


@attack("tenant-path")
async def test_what_is_there_and_what_is_not_look_alike(version: str) -> None:
    async with receiver() as made:
        await apart(made)
        path = f"/ocpi/{version}/receiver/locations/DE/GEF/"
        assert await made.status(path + "LOC1", method="PUT", body=location(version)) == 201
        there, not_there = [await made.ask(path + id, token=OTHER) for id in ("LOC1", "LOC2")]
        assert there.status == not_there.status == 403
        assert envelope_of(there) == envelope_of(not_there)


@attack("tenant-body")
@pytest.mark.parametrize("module", ["locations", "tariffs", "sessions", "cdrs"])
async def test_by_body(version: str, module: str) -> None:
    """In the own path, an object that says that it is another's; 2.1.1 has no such words, and they mean nothing."""
    async with receiver() as made:
        body = {**MAKE[module](version), "country_code": "DE", "party_id": "GEF"}
        path, method = f"/ocpi/{version}/receiver/{module}", "POST" if module == "cdrs" else "PUT"
        own, others = (
            (path, path) if module == "cdrs" else (f"{path}/FR/OTH/{body['id']}", f"{path}/DE/GEF/{body['id']}")
        )
        assert await made.status(others, method=method, body=body, token=OTHER) in (200, 201)
        await apart(made)
        before = await _stored(made, module, CPO)
        response = await made.ask(own, method=method, body=body, token=OTHER)
        names_owner = VERSIONS[version].facts.objects_name_owner
        assert (envelope_of(response)["status_code"] == 2001) is names_owner
        assert await _stored(made, module, CPO) == before
        assert len(await _stored(made, module, STRANGER)) == (0 if names_owner else 1)


async def _stored(made: Setting, module: str, owner: PartyId) -> list[bytes]:
    page = await made.made.store.page(PageRequest(side=Side.THEIRS, module=module, owner=owner, audience="", limit=10))
    return list(page.bodies)


@attack("tenant-header")
async def test_by_header(version: str) -> None:
    """OCPI-from of another party: refused where the version knows such headers; elsewhere nobody reads them."""
    async with receiver() as made:
        path = f"/ocpi/{version}/sender/tokens"
        headers = {"ocpi-from-country-code": "DE", "ocpi-from-party-id": "GEF"}
        assert await made.status(path, headers=headers, token=OTHER) == 200
        await apart(made)
        routed = VERSIONS[version].facts.routed
        assert await made.status(path, headers=headers, token=OTHER) == (403 if routed else 200)
        assert made.audit.taken() == [Reason.PARTY_VIOLATION] * routed
        to = {"ocpi-to-country-code": "FR", "ocpi-to-party-id": "OTH"}
        assert await made.status(path, headers=to, token=OTHER) == (404 if routed else 200)


@attack("tenant-filter")
@rule("TRN-10")
@pytest.mark.parametrize("module", ["sessions", "cdrs"])
@pytest.mark.parametrize(
    "filter", ["", "&country_code=NL&party_id=EMP", "&match=S1", "&match=NL", "&with_extensions=true", "&offset=0"]
)
async def test_by_filter(version: str, module: str, filter: str) -> None:
    async with over_http(await setting("CPO", modules=MODULES, extensions=EXTENSIONS)) as made:
        body = MAKE[module](version)
        object = OwnObject(
            owner=CPO,
            id=body["id"],
            last_updated=DateTime.parse(MIDDLE).micros,
            body=json.dumps(body).encode(),
            concerns=EMSP,
        )
        await made.change("partner", remote=_remote(version))
        await made.made.publisher.publish(VERSIONS[version], module, [object])
        path = f"/ocpi/{version}/sender/{module}?date_from={OLD}{filter}"
        mine, foreign = await made.ask(path), await made.ask(path, token=OTHER)
        assert (mine.status, foreign.status) == (200, 200)
        assert mine.headers["x-total-count"] == "1"
        assert envelope_of(foreign)["data"] == []
        assert foreign.headers["x-total-count"] == "0"
        single = f"/ocpi/{version}/sender/{module}/{body['id']}"
        assert (await made.status(single), await made.status(single, token=OTHER)) == (200, 404)


def _remote(version: str) -> Remote:
    url = "https://partner.example/versions"
    return Remote(versions_url=url, token="", form=TokenForm.RAW, version=version, endpoints=())


@attack("tenant-role")
async def test_a_role_does_not_call_the_other_side(version: str) -> None:
    async with receiver() as made:
        path = f"/ocpi/{version}/sender/tokens"
        assert await made.status(path) == 200
        await made.change("partner", parties=(PartnerParty(id=CPO, role="EMSP", name="x"),))
        assert await made.status(path) == 403
        assert made.audit.taken() == [Reason.ROLE_VIOLATION]
