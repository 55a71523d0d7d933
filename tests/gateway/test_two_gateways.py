# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two gateways over real HTTP, registered in every version, through restarts of either side."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gateway.gateways import config, kept, publish, until
from tests.objects import NEW
from tests.platforms import ALL_VERSIONS, CPO
from tests.rules import rule
from wwcp_ocpi import Gateway
from wwcp_ocpi.protocol.errors import NotAuthenticated, UsageError
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import DateTime
from wwcp_ocpi.store.ports import Side


async def register(asked: Gateway, asking: Gateway, version: str) -> None:
    """`asking` joins `asked`; each knows the other as `partner`."""
    token = await asked.platform.registration.invite("partner")
    await asking.platform.registration.join("partner", asked.versions_url, token, versions=[version])


async def restarted(gateway: Gateway, folder: Path) -> Gateway:
    """The same gateway from its files, on the port that its partner knows."""
    port, role = gateway.http.port, gateway.config.party[0].role
    await gateway.stop()
    return await Gateway(config(folder, role, port=port)).start()


async def talk(*gateways: Gateway) -> None:
    for gateway in gateways:
        await gateway.platform.peer("partner").credentials()


def states(*gateways: Gateway) -> list[tuple[str, str | None]]:
    partners = [gateway.platform.book.get("partner") for gateway in gateways]
    return [(known.state(), known.remote.version if known.remote else None) for known in partners]


@rule("CRD-14")
@rule("CRD-21")
@pytest.mark.parametrize("first", ["CPO", "EMSP"])
@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_a_registration_survives_restarts_of_both_sides_and_ends_on_both(
    tmp_path: Path, version: str, first: str
) -> None:
    cpo = await Gateway(config(tmp_path, "CPO")).start()
    emsp = await Gateway(config(tmp_path, "EMSP")).start()
    try:
        await register(*((cpo, emsp) if first == "CPO" else (emsp, cpo)), version)
        assert states(cpo, emsp) == [("registered", version)] * 2
        await publish(cpo, version, "L1", "L2", "L3", "L4")
        await talk(cpo, emsp)

        cpo, emsp = await restarted(cpo, tmp_path), await restarted(emsp, tmp_path)
        assert states(cpo, emsp) == [("registered", version)] * 2
        await talk(cpo, emsp)
        done = await emsp.platform.pull("partner", "locations")
        assert (done.received, done.pages) == (4, 2)
        assert await kept(emsp, version) == await kept(cpo, version, Side.OURS)

        change = {"status": "CHARGING", "last_updated": DateTime.parse(NEW)}
        await cpo.platform.publisher.change(VERSIONS[version], "locations", CPO, ["L1", "E1"], change)

        async def arrived() -> bool:
            return bool((await kept(emsp, version))["L1"]["evses"][0]["status"] == "CHARGING")

        await until(arrived)
        await emsp.platform.registration.renew("partner", versions=[version])
        emsp = await restarted(emsp, tmp_path)
        await talk(cpo, emsp)

        old = emsp.platform.peer("partner")
        await (cpo if first == "CPO" else emsp).platform.registration.leave("partner")
        assert states(cpo, emsp) == [("known", None)] * 2
        with pytest.raises(NotAuthenticated):
            await old.credentials()
        cpo, emsp = await restarted(cpo, tmp_path), await restarted(emsp, tmp_path)
        assert states(cpo, emsp) == [("known", None)] * 2
        with pytest.raises(UsageError, match="not registered"):
            emsp.platform.peer("partner")
    finally:
        await emsp.stop()
        await cpo.stop()


@pytest.mark.parametrize("version", ALL_VERSIONS)
async def test_what_could_not_be_delivered_arrives_when_the_partner_is_back_and_we_restarted(
    tmp_path: Path, version: str
) -> None:
    cpo = await Gateway(config(tmp_path, "CPO")).start()
    emsp = await Gateway(config(tmp_path, "EMSP")).start()
    try:
        await register(cpo, emsp, version)
        port = emsp.http.port
        await emsp.stop()
        await publish(cpo, version, "L1", "L2")
        cpo = await restarted(cpo, tmp_path)
        emsp = await Gateway(config(tmp_path, "EMSP", port=port)).start()

        async def delivered() -> bool:
            return await cpo.platform.store.waiting() == 0

        await until(delivered)
        assert await kept(emsp, version) == await kept(cpo, version, Side.OURS)
    finally:
        await emsp.stop()
        await cpo.stop()


@rule("HCI-01")
@pytest.mark.parametrize("version", ["2.2.1", "2.3.0"])
async def test_a_hub_tells_who_came_and_who_left(tmp_path: Path, version: str) -> None:
    async with Gateway(config(tmp_path, "HUB")) as hub, Gateway(config(tmp_path, "EMSP")) as emsp:
        await register(hub, emsp, version)
        async with Gateway(config(tmp_path, "CPO")) as cpo:
            token = await hub.platform.registration.invite("cpo")
            await cpo.platform.registration.join("partner", hub.versions_url, token, versions=[version])

            async def told(status: str) -> bool:
                known = await kept(emsp, version, kind="hubclientinfo", id="party_id")
                return bool(known.get("GEF", {}).get("status") == status)

            await until(lambda: told("CONNECTED"))
            await cpo.platform.registration.leave("partner")
            await until(lambda: told("SUSPENDED"))
