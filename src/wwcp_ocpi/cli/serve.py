# SPDX-License-Identifier: AGPL-3.0-or-later
"""`serve` runs the gateway; `config show` prints what it would run with."""

from __future__ import annotations

from pathlib import Path

import typer

from wwcp_ocpi.cli.output import ConfigFile, Json, configuration, emit, say, show
from wwcp_ocpi.gateway.config import Config, effective, wants_network
from wwcp_ocpi.gateway.gateway import Gateway
from wwcp_ocpi.gateway.roaming import empty_network
from wwcp_ocpi.net.server import run, settled
from wwcp_ocpi.protocol.errors import UsageError
from wwcp_ocpi.wwcp.http.routes import PREFIX
from wwcp_ocpi.wwcp.network.loading import load

config_app = typer.Typer(help="The configuration.", no_args_is_help=True, rich_markup_mode=None)


def serve(config: ConfigFile = None, json: Json = False) -> None:
    """Run the gateway until SIGTERM or Ctrl-C; requests under way are finished first."""
    settings = configuration(config)
    run(_serve(settings, _network(settings.wwcp.network), json=json))


def _network(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes() if path else None
    except OSError as error:
        raise UsageError(f"wwcp.network: {path}: {error.strerror}") from error


async def _serve(config: Config, network: bytes | None, *, json: bool) -> None:
    gateway = Gateway(config)
    await gateway.start()
    try:
        urls = {"versions_url": gateway.versions_url, "health_url": f"{gateway.http.base_url}/-/health"}
        if wants_network(config):
            await gateway.attach(load(network).value if network is not None else empty_network(config))
            urls["wwcp_url"] = f"{gateway.base_url}{PREFIX}"
        settled()
        if json:
            emit(urls)
        else:
            names = {"versions_url": "versions:", "health_url": "health:  ", "wwcp_url": "wwcp:    "}
            say("\n".join(f"{names[key]} {url}" for key, url in urls.items()))
        await gateway.http.run_forever()
    finally:
        await gateway.stop()


@config_app.command("show")
def config_show(config: ConfigFile = None, json: Json = False) -> None:
    """Print the effective configuration. Secrets are named by where they are, never shown."""
    found = effective(configuration(config))
    if json:
        emit(found)
        return
    rows = [
        (f"{section}.{key}", value)
        for section, keys in found.items()
        if isinstance(keys, dict)
        for key, value in keys.items()
    ]
    rows += [("party", f"{party['id']} as {party['role']}") for party in found["party"]]
    rows += [("node", f"{node['url']} ({node['network']})") for node in found["node"]]
    show("configuration", ["key", "value"], rows)
