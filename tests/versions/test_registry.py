# SPDX-License-Identifier: AGPL-3.0-or-later
"""Finding a version by its number, what it is made of, and the best one that two sides speak."""

from __future__ import annotations

import itertools

import msgspec
import pytest

from wwcp_ocpi import registry, v2_1_1, v2_2_1, v2_3_0
from wwcp_ocpi.protocol.credentials_token import TokenForm
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.protocol.facts import CredentialsShape, Facts
from wwcp_ocpi.registry import VERSIONS, best_common, version


def test_versions_are_known_by_their_number_oldest_first() -> None:
    assert VERSIONS == {"2.1.1": v2_1_1.VERSION, "2.2.1": v2_2_1.VERSION, "2.3.0": v2_3_0.VERSION}
    assert list(VERSIONS) == sorted(VERSIONS, key=lambda number: VERSIONS[number].rank)
    assert VERSIONS["2.2.1"].rank == (2, 2, 1)


def test_a_version_is_found_by_its_number() -> None:
    assert registry.version("2.2.1") is v2_2_1.VERSION


@pytest.mark.parametrize("number", ["2.2", "", "3.0", "2.2.1 ", "x" * 1000])
def test_an_unknown_version_is_refused_with_those_that_are_known(number: str) -> None:
    with pytest.raises(UsageError) as caught:
        version(number)
    assert str(caught.value) == f"expected an OCPI version of 2.1.1, 2.2.1, 2.3.0, got {number[:32]!r}"


@pytest.mark.parametrize(
    ("ours", "theirs", "best"),
    [
        (["2.1.1", "2.2.1", "2.3.0"], ["2.1.1", "2.2.1"], "2.2.1"),
        (["2.3.0", "2.1.1"], ["2.1.1", "2.3.0"], "2.3.0"),
        (["2.1.1"], ["2.2.1"], None),
        (["2.1.1", "2.10.0"], ["2.10.0", "2.1.1"], "2.1.1"),
        (["2.2.1"], ["2.2.1", "2.2.1", "nonsense"], "2.2.1"),
        ([], [], None),
    ],
)
def test_the_best_common_version_is_the_latest_that_both_speak(
    ours: list[str], theirs: list[str], best: str | None
) -> None:
    found = best_common(ours, theirs)
    assert (found and found.number) == best
    assert best_common(theirs, ours) is found


def test_facts_are_those_of_each_version() -> None:
    of_2_1_1 = Facts(
        token_form=TokenForm.RAW,
        credentials_shape=CredentialsShape.ONE_PARTY,
        endpoints_have_roles=False,
        objects_name_owner=False,
        ids_fold=False,
        patch_needs_last_updated=False,
        routed=False,
        unknown_token_status=2001,
        has_hub_role=False,
        failed_command="REJECTED",
    )
    of_2_2_1 = Facts(
        token_form=TokenForm.BASE64,
        credentials_shape=CredentialsShape.ROLES,
        endpoints_have_roles=True,
        objects_name_owner=True,
        ids_fold=True,
        patch_needs_last_updated=True,
        routed=True,
        unknown_token_status=2004,
        has_hub_role=True,
        failed_command="FAILED",
    )
    of_2_3_0 = msgspec.structs.replace(of_2_2_1, credentials_shape=CredentialsShape.ROLES_AND_HUB, has_hub_role=False)
    assert {number: known.facts for number, known in VERSIONS.items()} == {
        "2.1.1": of_2_1_1,
        "2.2.1": of_2_2_1,
        "2.3.0": of_2_3_0,
    }


def test_every_fact_differs_somewhere() -> None:
    for name in Facts.__struct_fields__:
        assert len({getattr(known.facts, name) for known in VERSIONS.values()}) > 1, name


def test_facts_about_shapes_are_true_of_the_objects() -> None:
    for known in VERSIONS.values():
        facts = known.facts
        assert ("role" in known.objects["Endpoint"].__struct_fields__) is facts.endpoints_have_roles
        assert ("country_code" in known.objects["Location"].__struct_fields__) is facts.objects_name_owner
        credentials = set(known.objects["Credentials"].__struct_fields__)
        assert (
            credentials
            >= {
                CredentialsShape.ONE_PARTY: {"party_id", "country_code", "business_details"},
                CredentialsShape.ROLES: {"roles"},
                CredentialsShape.ROLES_AND_HUB: {"roles", "hub_party_id"},
            }[facts.credentials_shape]
        )
    assert {role.value for role in v2_2_1.Role} - {role.value for role in v2_3_0.Role} == {"HUB"}


def test_versions_share_no_object() -> None:
    classes = [set(known.objects.values()) for known in VERSIONS.values()]
    assert all(one.isdisjoint(other) for one, other in itertools.combinations(classes, 2))


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("locations", v2_3_0.Location),
        ("Location", v2_3_0.Location),
        ("LOCATION", v2_3_0.Location),
        ("cdrtoken", v2_3_0.CdrToken),
        ("payments", v2_3_0.Terminal),
        ("bookings", v2_3_0.Booking),
        ("credentials", v2_3_0.Credentials),
    ],
)
def test_an_object_is_found_by_its_name_or_that_of_its_module(name: str, cls: type) -> None:
    assert v2_3_0.VERSION.object_named(name) is cls


def test_an_unknown_object_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(UsageError) as caught:
        v2_1_1.VERSION.object_named("commands")
    assert str(caught.value).startswith("OCPI 2.1.1 has no object 'commands'; it has AdditionalGeoLocation, ")
