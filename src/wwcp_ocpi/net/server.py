# SPDX-License-Identifier: AGPL-3.0-or-later
"""uvicorn inside an event loop that is not its own: started, asked for its port, drained and stopped.

uvicorn alone would take over the process: its signals, its exit code on failure, its log configuration. Here
it does none of that, and it is told to stop by an event instead of looking ten times a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
from collections.abc import Coroutine, Generator, Iterable
from types import FrameType
from typing import Self, TypeVar

import structlog
import uvicorn

from wwcp_ocpi.net.asgi import ASGIApp
from wwcp_ocpi.net.crowd import Crowd
from wwcp_ocpi.net.http1 import guarded
from wwcp_ocpi.net.limits import ServerLimits
from wwcp_ocpi.net.proxied import behind_proxies, membership
from wwcp_ocpi.net.tls.incoming import Refused, TLSListener
from wwcp_ocpi.net.tls.settings import ServerTLS

log = structlog.get_logger(__name__)

_T = TypeVar("_T")
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class HTTPServer:
    """Serves one ASGI application on one address. `port` 0 takes a free one; after `start` it tells which."""

    def __init__(
        self,
        app: ASGIApp,
        limits: ServerLimits,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        tls: ServerTLS | None = None,
        trusted_proxies: tuple[str, ...] = (),
        exporter_header: str = "",
        refused: Refused | None = None,
        methods: Iterable[str] = (),
    ) -> None:
        """Read the certificates; nothing is opened yet.

        Args:
            tls: With it the server speaks TLS only.
            trusted_proxies: Addresses and networks whose X-Forwarded-For and X-Forwarded-Proto are believed.
            exporter_header: The header in which these proxies hand over the exporter secret of the caller's TLS
                connection. See `net.proxied`.
            refused: Told of each handshake that came to nothing, with the caller's address and the cause.
            methods: Methods beside those that HTTP parsers know. See `net.http1`.

        Raises:
            UsageError: a certificate, key or revocation list cannot be used.
        """
        self.host = host
        self.port = port
        self.scheme = "https" if tls else "http"
        self._task: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        most_per_address = 0 if "*" in trusted_proxies else limits.connections_per_address
        crowd = Crowd(most_per_address, membership(trusted_proxies))
        self._listener = TLSListener(tls, limits, crowd, refused, methods) if tls else None
        if trusted_proxies:
            app = behind_proxies(app, trusted_proxies, exporter_header)
        self._config = uvicorn.Config(
            app,
            http=self._listener.protocol() if self._listener else guarded(limits, crowd, methods=methods),
            ws="none",
            lifespan="on",
            interface="asgi3",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # behind_proxies does it, and sees the proxy's own address
            backlog=limits.backlog,
            timeout_keep_alive=limits.keep_alive_s,
            timeout_graceful_shutdown=limits.drain_s,
        )
        self._server = _EmbeddedServer(self._config)

    @property
    def base_url(self) -> str:
        """Scheme, host and port, without a slash at the end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    async def start(self) -> str:
        """Listen, and return the base URL once requests are answered.

        Raises:
            OSError: the address is taken, not ours, or not allowed.
            RuntimeError: a startup callable of the application failed; the log has the reason.
        """
        listener = _listen(self.host, self.port)
        self.port = listener.getsockname()[1]
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]), name=f"http {self.base_url}")
        ready = asyncio.create_task(self._server.ready.wait())
        try:
            await asyncio.wait({self._task, ready}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await self.stop()
            raise
        finally:
            ready.cancel()
        if self._task.done():
            listener.close()
            failed, self._task = self._task, None
            await failed
        if self._listener:
            self._watching = asyncio.create_task(self._listener.watch(), name=f"tls files {self.base_url}")
        log.info("http.listening", url=self.base_url)
        return self.base_url

    async def stop(self) -> None:
        """Take no more connections, let requests under way finish within the limits, and close."""
        if self._task is None:
            return
        self._server.stopping.set()
        if self._listener:
            self._listener.close()
        if self._watching:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
            self._watching = None
        await self._task
        self._task = None
        log.info("http.stopped", url=self.base_url)

    async def run_forever(self) -> None:
        """Serve until SIGTERM or SIGINT, then drain and stop. A second signal ends the process at once."""
        if self._task is None:
            await self.start()
        loop = asyncio.get_running_loop()
        asked = asyncio.Event()
        before = {number: signal.getsignal(number) for number in _SIGNALS}

        def restore() -> None:
            for number, handler in before.items():
                signal.signal(number, handler)

        def on_signal(number: int, frame: FrameType | None) -> None:
            restore()
            loop.call_soon_threadsafe(asked.set)

        for number in _SIGNALS:
            signal.signal(number, on_signal)
        try:
            await asked.wait()
        finally:
            restore()
            await self.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def run(main: Coroutine[None, None, _T]) -> _T:
    """`asyncio.run` on uvloop where there is one."""
    try:
        import uvloop
    except ImportError:  # Windows
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


def settled() -> None:
    """To be called when all is there that lives as long as the process: modules, tables, what was loaded.

    The garbage collector need not look at it again. A full collection, which stops everything, takes 5 ms from then
    on instead of 200.
    """
    gc.collect()
    gc.freeze()


class _EmbeddedServer(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self.stopping = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        try:
            await super().startup(sockets)
        except SystemExit as error:  # in a task it would tear down the whole event loop
            raise RuntimeError("the application refused to start") from error
        self.ready.set()

    async def main_loop(self) -> None:
        # on_tick(0) renews the Date header, which has seconds.
        while not (self.stopping.is_set() or await self.on_tick(0)):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.stopping.wait(), 1.0)


def _listen(host: str, port: int) -> socket.socket:
    """A bound socket that says it is TCP: only then asyncio switches Nagle's delay off for connections."""
    family, kind, proto, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, proto)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
