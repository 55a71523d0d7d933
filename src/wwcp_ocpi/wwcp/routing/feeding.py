# SPDX-License-Identifier: AGPL-3.0-or-later
"""Events of a network to whoever has the methods for them: one after the other, in order, and never lost in silence."""

from __future__ import annotations

import structlog

from wwcp_ocpi.wwcp.network.event_bus import EventStream
from wwcp_ocpi.wwcp.network.events import EVSEStatusChange, Missed, OperatorChange, PoolChange, SessionChange
from wwcp_ocpi.wwcp.routing.ports import POISink, SessionSink, StatusSink

log = structlog.get_logger()


async def feed(events: EventStream, sink: POISink | StatusSink | SessionSink) -> None:
    """Hand every event to the method of the sink that is for it, until the stream is closed or this is cancelled.

    What a method raises is logged with the number of the event; the next event is handed over all the same. A sink
    that is slower than the network is told so in the log, and must read the network anew.
    """
    async for numbered in events:
        try:
            match numbered.event:
                case Missed(count):
                    log.error("wwcp.events_missed", sink=type(sink).__name__, count=count, before=numbered.number)
                case EVSEStatusChange() as change if isinstance(sink, StatusSink):
                    await sink.status_changed(change)
                case PoolChange() as change if isinstance(sink, POISink):
                    await sink.pool_changed(change)
                case OperatorChange() as change if isinstance(sink, POISink):
                    await sink.operator_changed(change)
                case SessionChange(session=session, previous=previous) if session is not None and isinstance(
                    sink, SessionSink
                ):
                    await sink.session_changed(session, previous)
                case _:
                    pass
        except Exception:
            # The edge to code that is not ours.
            log.exception("wwcp.sink_failed", sink=type(sink).__name__, number=numbered.number)
