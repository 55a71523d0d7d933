# SPDX-License-Identifier: AGPL-3.0-or-later
"""Versions and version details: what is really served, for the role of the caller's token. Spec: versions."""

from __future__ import annotations

from collections.abc import Iterator

from wwcp_ocpi.protocol import codec
from wwcp_ocpi.protocol.endpoint import Interface, Module
from wwcp_ocpi.server.call import Answer, Call, ok
from wwcp_ocpi.server.caller import ANONYMOUS
from wwcp_ocpi.server.routing import base_segments


async def list_versions(call: Call) -> Answer:
    """Every version that we speak, and where its details are."""
    base = call.server.settings.base_url
    versions = call.server.versions
    return ok(
        codec.encode([{"version": version.number, "url": f"{base}/ocpi/{version.number}"} for version in versions])
    )


async def version_details(call: Call) -> Answer:
    """The endpoints of one version. Credentials come first; their role means nothing and is SENDER (VER-06)."""
    has_roles = call.version.facts.endpoints_have_roles
    endpoints = [
        {
            "identifier": module,
            **({"role": "RECEIVER" if interface is Interface.RECEIVER else "SENDER"} if has_roles else {}),
            "url": "/".join((call.server.settings.base_url, *base_segments(call.version, module, interface))),
        }
        for module, interface in [("credentials", Interface.BOTH), *_offered(call)]
    ]
    return ok(codec.encode({"version": call.version.number, "endpoints": endpoints}))


def _offered(call: Call) -> Iterator[tuple[str, Interface]]:
    """The sides of modules that are served, that one of our roles implements and the caller's role calls.

    Without a token, those that need none.
    """
    served = call.server.served(call.version)
    if call.caller is ANONYMOUS:
        served &= call.server.open_sides
    for module in call.version.modules.values():
        for interface in (Interface.SENDER, Interface.RECEIVER):
            if (module.identifier, interface) in served and may_call(call.caller.roles, module, interface):
                yield module.identifier, interface


def may_call(roles: frozenset[str], module: Module, interface: Interface) -> bool:
    """Whether a partner in one of these roles is the other side of an interface; before roles are known, it is."""
    return not roles or not roles.isdisjoint(module.callers(interface))
