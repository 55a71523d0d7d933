# SPDX-License-Identifier: AGPL-3.0-or-later
"""A CPO with an operator and an eMSP that sends it commands, registered, in a world with one clock."""

from __future__ import annotations

import json
from typing import Any

from tests.commanding import (
    START,
    Operator,
    Timer,
    fields,
    rest,
)
from tests.platforms import CPO, EMSP, MemoryNet, platform, register
from wwcp_ocpi.gateway.platform import Platform
from wwcp_ocpi.partners.commands import SentCommand
from wwcp_ocpi.protocol.errors import Unreachable
from wwcp_ocpi.protocol.http import Request, Response
from wwcp_ocpi.registry import VERSIONS
from wwcp_ocpi.scalars import PartyId
from wwcp_ocpi.security import Vault
from wwcp_ocpi.server.decisions import CommandOutcome

MODULES = frozenset({"locations", "sessions", "commands"})
EXTENSIONS = frozenset({"web_payment"})
OTHER = PartyId("FR", "OTH")


class Pair:
    """A CPO with an operator and an eMSP, registered in one version, in a world with one clock."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.net = MemoryNet()
        self.timer = Timer()
        self.operator = Operator()
        self.cpo = self._made("cpo.example", CPO, "CPO")
        self.emsp = self._made("emsp.example", EMSP, "EMSP")

    def _made(self, host: str, party: PartyId, role: str, old: Platform | None = None) -> Platform:
        store = old.store if old else None
        vault = Vault(b"k" * 32)
        made = platform(self.net, host, party, role, modules=MODULES, extensions=EXTENSIONS, store=store, vault=vault)
        for one in (made.desk, made.commands):
            one.clock, one.sleep = self.timer.clock, self.timer.sleep
        made.server.commander = self.operator
        return made

    async def restart(self) -> None:
        """Both platforms begin again on what they stored."""
        await self.close()
        self.cpo = self._made("cpo.example", CPO, "CPO", self.cpo)
        self.emsp = self._made("emsp.example", EMSP, "EMSP", self.emsp)
        for made in (self.cpo, self.emsp):
            await made.book.load()
            await made.desk.resume()

    async def close(self) -> None:
        await self.cpo.desk.stop()

    async def send(self, command: str = START, **more: Any) -> SentCommand:
        return await self.emsp.commands.send("cpo.example", command, fields(self.version, command, **more))

    async def report(self, result: str = "ACCEPTED", *message: tuple[str, str]) -> None:
        """The charge point answers the last command."""
        await self.operator.reports[-1](CommandOutcome(result=result, message=message))
        await rest()

    def posted(self) -> list[Request]:
        """The results that went out."""
        return [request for request in self.net.requests if "/sender/commands/" in request.url]

    def results(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.posted()]

    def answer_results(self, *answers: Response | None) -> None:
        """The eMSP answers results this way, one after another, then as it should; None does not answer."""
        handle, left = self.net.hosts["emsp.example"], list(answers)

        async def front(request: Request) -> Response:
            if "/sender/commands/" in request.url and left:
                answer = left.pop(0)
                if answer is None:
                    raise Unreachable("emsp.example: connection reset")
                return answer
            return await handle(request)

        self.net.hosts["emsp.example"] = front

    async def orders(self) -> int:
        return len(await self.cpo.store.documents("order"))

    async def pendings(self) -> int:
        return len(await self.emsp.store.documents("command"))


async def linked(version: str) -> Pair:
    pair = Pair(version)
    await register(pair.cpo, pair.emsp, (version,))
    pair.net.requests.clear()
    return pair


def has(version: str, command: str) -> bool:
    return any(row.path == command for row in VERSIONS[version].endpoints)
