# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a receiver asks of the objects of every module alike: whose they are, what a PATCH is, and how they end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from tests.objects import NEW, location, session, tariff, token
from tests.platforms import ALL_VERSIONS, CPO, EMSP, Caller, envelope_of
from tests.rules import rule
from tests.server.test_modules import at, refused, served
from wwcp_ocpi.protocol.endpoint import Interface
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId


class Kind(NamedTuple):
    """A module, its objects, whose they are, and a change of one of their fields."""

    module: str
    make: Callable[..., dict[str, Any]]
    owner: PartyId
    id: str
    change: dict[str, Any]

    def url(self, version: str, *owner: str) -> str:
        return at(version, self.module, *(owner or self.owner), self.id)


LOCATIONS = Kind("locations", location, CPO, "LOC1", {"name": "Other"})
TARIFFS = Kind("tariffs", tariff, CPO, "T1", {"currency": "USD"})
SESSIONS = Kind("sessions", session, CPO, "S1", {"kwh": 2.5})
TOKENS = Kind("tokens", token, EMSP, "012345678", {"valid": False})


KINDS = (LOCATIONS, TARIFFS, SESSIONS, TOKENS)


def every(has: Callable[[str, Kind], bool] = lambda *_: True) -> Any:
    """Every version with every module of which `has` is true."""
    return pytest.mark.parametrize(
        ("version", "kind"),
        [
            pytest.param(version, kind, id=f"{version}-{kind.module}")
            for version in ALL_VERSIONS
            for kind in KINDS
            if has(version, kind)
        ],
    )


def has_method(method: str) -> Callable[[str, Kind], bool]:
    """Whether receivers of the module are asked by this method."""

    def has(version: str, kind: Kind) -> bool:
        rows = VERSIONS[version].rows(kind.module, Interface.RECEIVER)
        return any(row.method == method and not row.extension for row in rows)

    return has


def names_owner(version: str, kind: Kind) -> bool:
    """Whether the objects say whose they are."""
    return VERSIONS[version].facts.objects_name_owner


async def receiver(version: str, kind: Kind, **settings: Any) -> Caller:
    """A platform that keeps such objects, and the calls of their owner."""
    ours, theirs = ("EMSP", "CPO") if kind.owner == CPO else ("CPO", "EMSP")
    _, (call,) = await served(ours, ("owner", kind.owner, theirs), **settings)
    return call


async def stored(call: Caller, version: str, kind: Kind) -> Any:
    return envelope_of(await call("GET", kind.url(version)))["data"]


@rule("LOC-13")
@rule("SES-11")
@rule("TAR-10")
@rule("TOK-07")
@every(names_owner)
@pytest.mark.parametrize("wrong", [{"country_code": "FR"}, {"party_id": "ABC"}])
async def test_an_object_names_the_owner_that_its_url_names(version: str, kind: Kind, wrong: dict[str, str]) -> None:
    call = await receiver(version, kind)
    response = await call("PUT", kind.url(version), kind.make(version, **wrong))
    assert refused(response) == (200, 2001)
    assert envelope_of(response)["status_message"].startswith(f"$.{next(iter(wrong))}: expected")
    assert (await call("GET", kind.url(version))).status == 404
    assert (await call("PUT", kind.url(version), kind.make(version))).status == 201


@rule("LOC-12")
@rule("SES-10")
@rule("TAR-09")
@rule("TOK-06")
@every()
async def test_an_object_is_put_and_read_under_its_owner_and_its_id_only(version: str, kind: Kind) -> None:
    call = await receiver(version, kind)
    for short in (at(version, kind.module, kind.id), at(version, kind.module, kind.owner.party_id, kind.id)):
        response = await call("PUT", short, kind.make(version))
        assert response.status in (404, 405)
    assert (await call("PUT", kind.url(version), kind.make(version))).status == 201
    assert await stored(call, version, kind) == kind.make(version)


@rule("LOC-17")
@rule("SES-15")
@rule("TOK-09")
@rule("TAR-12")
@every(has_method("PATCH"))
async def test_a_patch_changes_what_it_names_and_nothing_else(version: str, kind: Kind) -> None:
    call = await receiver(version, kind)
    await call("PUT", kind.url(version), kind.make(version, x_vendor=[1, None]))
    change = {**kind.change, "last_updated": NEW}
    assert (await call("PATCH", kind.url(version), change)).status == 200
    assert await stored(call, version, kind) == {**kind.make(version, x_vendor=[1, None]), **change}


@rule("LOC-18")
@rule("SES-14")
@rule("TOK-08")
@every(has_method("PATCH"))
async def test_a_patch_says_when_where_the_version_asks_for_it(version: str, kind: Kind) -> None:
    call = await receiver(version, kind)
    await call("PUT", kind.url(version), kind.make(version))
    response = await call("PATCH", kind.url(version), kind.change)
    if VERSIONS[version].facts.patch_needs_last_updated:
        assert refused(response) == (200, 2001)
        assert await stored(call, version, kind) == kind.make(version)
    else:
        assert response.status == 200


@rule("LOC-01")
@rule("SES-01")
@rule("TOK-01")
@every(lambda version, kind: not has_method("DELETE")(version, kind))
async def test_what_is_never_deleted_has_no_delete(version: str, kind: Kind) -> None:
    call = await receiver(version, kind, extensions=frozenset())
    await call("PUT", kind.url(version), kind.make(version))
    urls = [kind.url(version), *([f"{kind.url(version)}/E1", f"{kind.url(version)}/E1/1"] if kind is LOCATIONS else [])]
    for url in urls:
        response = await call("DELETE", url)
        assert response.status == 405
        assert "DELETE" not in response.headers["allow"]
    assert await stored(call, version, kind) == kind.make(version)


def test_only_tariffs_can_be_deleted() -> None:
    deletes = [
        (version, kind.module) for version in ALL_VERSIONS for kind in KINDS if has_method("DELETE")(version, kind)
    ]
    assert deletes == [(version, "tariffs") for version in ALL_VERSIONS]


@rule("LOC-16")
@rule("LOC-10")
@rule("TRN-22")
@every()
async def test_an_object_that_lacks_a_required_field_is_not_kept(version: str, kind: Kind) -> None:
    call = await receiver(version, kind)
    body = kind.make(version)
    del body["last_updated"]
    assert refused(await call("PUT", kind.url(version), body)) == (200, 2001)
    assert (await call("GET", kind.url(version))).status == 404


@rule("TRN-22")
@every()
async def test_what_a_put_leaves_out_is_gone(version: str, kind: Kind) -> None:
    call = await receiver(version, kind)
    await call("PUT", kind.url(version), kind.make(version, x_vendor=1))
    await call("PUT", kind.url(version), kind.make(version, last_updated=NEW))
    assert await stored(call, version, kind) == kind.make(version, last_updated=NEW)
