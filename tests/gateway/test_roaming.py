# SPDX-License-Identifier: AGPL-3.0-or-later
"""A gateway serves its roaming network below /wwcp, keeps what was uploaded, and lets configured nodes take part."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.gateway.gateways import config, until
from tests.platforms import ALL_VERSIONS
from tests.wwcp.making import FIRST, GEF, evse, operator, pool, station
from tests.wwcp.roaming import GDF, Provider, auth_start, record
from wwcp_ocpi import Gateway
from wwcp_ocpi.gateway.config import Config, NodeSection, PartySection, WWCPSection, wants_network
from wwcp_ocpi.gateway.roaming import empty_network
from wwcp_ocpi.net.client import HTTPTransport
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.security.audit import Reason
from wwcp_ocpi.security.outbound import OutboundPolicy
from wwcp_ocpi.wwcp.ids.places import ChargingPoolId, ChargingStationId, EVSEId
from wwcp_ocpi.wwcp.jsonld.documents import write
from wwcp_ocpi.wwcp.model.places import EVSE, RoamingNetworkData
from wwcp_ocpi.wwcp.model.result_codes import AuthStartCode, SendCDRCode
from wwcp_ocpi.wwcp.model.status import EVSEStatus
from wwcp_ocpi.wwcp.network.places import LiveNetwork

DATA = RoamingNetworkData(id="Prod", charging_station_operators=[operator(charging_pools=[pool(station(evse()))])])
POOL_PATH = "/wwcp/RNs/Prod/ChargingPools/DE*GEF*P1"


async def ask(gateway: Gateway, method: str, path: str, token: str, body: Any = None) -> Response:
    policy = OutboundPolicy(allow_http=True, allow_private=True)
    async with HTTPTransport(allow=policy.check_url, allow_address=policy.check_address) as transport:
        return await transport(
            Request(
                method=method,
                url=f"{gateway.http.base_url}{path.replace('>', '%3E')}",
                headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
                body=b"" if body is None else json.dumps(body).encode(),
            )
        )


def wwcp_config(folder: Path, role: str = "CPO", *nodes: NodeSection, **section: Any) -> Config:
    party = PartySection(id="DE*GEF" if role == "CPO" else "DE*GDF", role=role)
    return replace(config(folder, role), wwcp=WWCPSection(**section), node=nodes, party=(party,))


async def test_a_network_is_served_and_its_uploads_reach_partners_and_survive_a_restart(tmp_path: Path) -> None:
    settings = wwcp_config(tmp_path, id="Prod")
    assert wants_network(settings)
    async with Gateway(settings) as gateway:
        assert (await ask(gateway, "GET", POOL_PATH, "x")).status == 503
        roaming = await gateway.attach(empty_network(settings))
        assert roaming.adapters.cso is not None
        publisher = roaming.adapters.cso.publisher
        assert gateway.roaming is not None
        token = (await gateway.roaming.clients.add("gef", ["DE*GEF"])).reveal()
        assert (await ask(gateway, "GET", POOL_PATH, "nobody")).status == 401
        assert gateway.audit.counts[Reason.UNKNOWN_TOKEN] > 0
        body = json.loads(write(pool(station(evse()))))
        assert (await ask(gateway, "PUT", POOL_PATH, token, body)).status == 201
        assert (
            await ask(gateway, "SET", "/wwcp/RNs/Prod/EVSEs->Status", token, {str(FIRST): "charging"})
        ).status == 200
        await publisher.settle()
        assert publisher.published == {"DE*GEF*P1"}
    async with Gateway(settings) as gateway:
        await gateway.attach(empty_network(settings))
        assert gateway.roaming is not None
        assert gateway.roaming.network.places.evse_status(FIRST) is EVSEStatus.charging
        found = await ask(gateway, "GET", f"{POOL_PATH}/EVSEs->Id", token)
        assert json.loads(found.body) == [str(FIRST)]


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_t2_places_are_read_over_http_by_partners_and_where_it_is_allowed_by_everybody(
    tmp_path: Path, version: str
) -> None:
    """Two pools, with three EVSEs and with one: as Locations for a partner's token, as pools for nobody's."""
    ids = [EVSEId(GEF, f"1*{n}*1") for n in range(3)], [EVSEId(GEF, "2*A*1")]
    pools = [
        pool(station(*map(evse, evses), id=ChargingStationId(GEF, f"{n}")), id=ChargingPoolId(GEF, f"{n}"))
        for n, evses in enumerate(ids, start=1)
    ]
    data = RoamingNetworkData(id="Prod", charging_station_operators=[operator(charging_pools=pools)])
    settings = wwcp_config(tmp_path, id="Prod", anonymous_read=True)
    async with Gateway(settings) as cpo, Gateway(config(tmp_path, "EMSP")) as emsp:
        await cpo.attach(LiveNetwork(data))
        token = await cpo.platform.registration.invite("emsp")
        await emsp.platform.registration.join("cpo", cpo.versions_url, token, versions=[version])
        found = [one async for one in emsp.platform.peer("cpo").locations()]
        assert [len(one.evses or ()) for one in found] == [3, 1]
        policy = OutboundPolicy(allow_http=True, allow_private=True)
        async with HTTPTransport(allow=policy.check_url, allow_address=policy.check_address) as transport:
            nobody = await transport(Request(method="GET", url=f"{cpo.base_url}/ocpi/versions"))
            assert nobody.status == 401
            url = f"{cpo.http.base_url}/wwcp/RNs/Prod/ChargingPools?expand=EVSEs"
            listed = json.loads((await transport(Request(method="GET", url=url))).body)
        told = [sum(len(station["EVSEs"]) for station in one["chargingStations"]) for one in listed]
        assert told == [3, 1]


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_t2_locations_are_read_over_ocpi_with_a_token_and_as_open_data_without(
    tmp_path: Path, version: str
) -> None:
    """The pools of the scenario, and a third one that is not for the public."""
    ids = {"POOL1": ["1*A*1", "1*A*2", "1*B*1"], "POOL2": ["2*A*1"], "POOL3": ["3*A*1"]}
    pools = [
        pool(
            *(
                station(*group, id=ChargingStationId(GEF, f"STATION*{name}"), published=id != "POOL3")
                for name, group in _by_station(evses).items()
            ),
            id=ChargingPoolId(GEF, id),
            name={"en": f"Test pool #{id[-1]}"},
        )
        for id, evses in ids.items()
    ]
    data = RoamingNetworkData(id="Prod", charging_station_operators=[operator(charging_pools=pools)])
    settings = wwcp_config(tmp_path, id="Prod")
    settings = replace(settings, server=replace(settings.server, open_locations=True))
    async with Gateway(settings) as cpo, Gateway(config(tmp_path, "EMSP")) as emsp:
        await cpo.attach(LiveNetwork(data))
        token = await cpo.platform.registration.invite("emsp")
        await emsp.platform.registration.join("cpo", cpo.versions_url, token, versions=[version])
        partners = [one async for one in emsp.platform.peer("cpo").locations()]
        policy = OutboundPolicy(allow_http=True, allow_private=True)
        async with HTTPTransport(allow=policy.check_url, allow_address=policy.check_address) as transport:

            async def read(url: str, **headers: str) -> tuple[int, Any]:
                response = await transport(Request(method="GET", url=url, headers=headers))
                return response.status, json.loads(response.body)

            _, versions = await read(cpo.versions_url)
            details = next(one["url"] for one in versions["data"] if one["version"] == version)
            _, told = await read(details)
            endpoints = {one["identifier"]: one["url"] for one in told["data"]["endpoints"]}
            assert set(endpoints) == {"credentials", "locations"}
            status, listed = await read(endpoints["locations"])
            assert (status, listed["status_code"]) == (200, 1000)
            assert datetime.now(UTC) - datetime.fromisoformat(listed["timestamp"]) < timedelta(seconds=10)
            assert [(one["name"], len(one["evses"])) for one in listed["data"]] == [
                ("Test pool #1", 3),
                ("Test pool #2", 1),
            ]
            assert (await read(endpoints["locations"], authorization="Token 1234xyz"))[0] == 401
            assert (await read(endpoints["credentials"]))[0] == 401
            assert (await read(f"{endpoints['locations']}/{listed['data'][0]['id']}"))[1]["data"] == listed["data"][0]
        # What 2.1.1 cannot know to be hidden, its partners are not told, either.
        shown = [3, 1] if version == "2.1.1" else [3, 1, 1]
        assert [len(one.evses or ()) for one in partners] == shown


def _by_station(evses: list[str]) -> dict[str, list[EVSE]]:
    """The EVSEs by what their ids say of their station."""
    found: dict[str, list[EVSE]] = {}
    for id in evses:
        found.setdefault(id.rpartition("*")[0], []).append(evse(EVSEId(GEF, f"EVSE*{id}")))
    return found


async def test_published_places_are_read_without_a_token_where_it_is_allowed(tmp_path: Path) -> None:
    async with Gateway(wwcp_config(tmp_path, id="Prod", anonymous_read=True)) as gateway:
        await gateway.attach(LiveNetwork(DATA))
        policy = OutboundPolicy(allow_http=True, allow_private=True)
        async with HTTPTransport(allow=policy.check_url, allow_address=policy.check_address) as transport:
            answer = await transport(Request(method="GET", url=f"{gateway.http.base_url}{POOL_PATH}"))
            assert json.loads(answer.body)["@id"] == "DE*GEF*P1"
            secret = await transport(
                Request(method="GET", url=f"{gateway.http.base_url}/wwcp/RNs/Prod/ChargingSessions")
            )
            assert secret.status == 401


async def test_two_gateways_are_one_network_over_http(tmp_path: Path) -> None:
    """The operator's gateway uploads its places; the provider's authorises its drivers and takes its records."""
    async with Gateway(wwcp_config(tmp_path, "EMSP", id="Prod")) as emp:
        await emp.attach(LiveNetwork(RoamingNetworkData(id="Prod")))
        assert emp.roaming is not None
        provider = Provider(tokens={"11223344": AuthStartCode.Authorized})
        emp.roaming.network.add_provider(GDF, provider)
        token = await emp.roaming.clients.add("gef", ["DE*GEF"])
        (tmp_path / "token").write_text(f"{token.reveal()}\n", "ascii")
        node = NodeSection(
            url=f"{emp.http.base_url}/wwcp",
            network="Prod",
            token=f"file:{tmp_path / 'token'}",
            providers=(str(GDF),),
            upload=True,
        )
        async with Gateway(wwcp_config(tmp_path, "CPO", node)) as cso:
            await cso.attach(LiveNetwork(DATA))
            assert cso.roaming is not None
            [uploading] = cso.roaming.uploading
            await uploading.settle()
            ours, theirs = cso.roaming.network, emp.roaming.network
            assert theirs.places.static_pools() == ours.places.static_pools()
            result = await ours.authorize_start(auth_start())
            assert (result.result, result.provider_id) == (AuthStartCode.Authorized, GDF)
            assert result.session_id is not None
            sent = await ours.send_cdrs([record(result.session_id, evse_id=FIRST)])
            assert (sent.result, len(provider.cdrs)) == (SendCDRCode.Success, 1)
            ours.places.set_evse_status(FIRST, EVSEStatus.charging)

            async def is_told() -> bool:
                return theirs.places.evse_status(FIRST) is EVSEStatus.charging

            await until(is_told)


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        ({}, "expected operators, providers, upload or follow"),
        ({"token": "file:/nowhere/at/all", "upload": True}, "node.token: file:/nowhere/at/all: expected a token there"),
        (
            {"token": "env:WWCP_OCPI_NO_SUCH", "upload": True},
            "node.token: env:WWCP_OCPI_NO_SUCH: expected a token there",
        ),
    ],
)
async def test_a_node_that_cannot_take_part_is_refused_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, node: dict[str, Any], reason: str
) -> None:
    monkeypatch.setenv("TOKEN_OF_A_NODE", "t0ken")
    section = NodeSection(
        **{"url": "https://h.example/wwcp", "network": "Prod", "token": "env:TOKEN_OF_A_NODE", **node}
    )
    async with Gateway(wwcp_config(tmp_path, "CPO", section)) as gateway:
        with pytest.raises(UsageError, match=reason.replace(".", r"\.")):
            await gateway.attach(LiveNetwork(DATA))


async def test_without_a_network_there_is_nothing_below_wwcp(tmp_path: Path) -> None:
    async with Gateway(config(tmp_path)) as gateway:
        assert (await ask(gateway, "GET", POOL_PATH, "x")).status == 404
        assert (await ask(gateway, "AUTHSTART", "/ocpi/versions", "x")).status in (401, 405)


def test_there_is_a_network_only_where_one_is_wanted(tmp_path: Path) -> None:
    assert not wants_network(config(tmp_path))
    assert wants_network(wwcp_config(tmp_path, anonymous_read=True))
    assert empty_network(wwcp_config(tmp_path)).id == "Prod"
    assert empty_network(wwcp_config(tmp_path, id="x")).id == "x"
    assert GEF != FIRST
