# SPDX-License-Identifier: AGPL-3.0-or-later
"""No values of variables in the log.

As structlog comes, and with `rich` beside it, a traceback shows the variables of every frame: of a request that failed,
its credentials token. Whoever configures structlog decides that alone; for everybody else it is decided here.
"""

from __future__ import annotations

import structlog
from structlog.dev import ConsoleRenderer, plain_traceback


def without_values() -> None:
    """Where nobody has configured structlog, print tracebacks as Python itself does."""
    if structlog.is_configured():
        return
    processors = [
        ConsoleRenderer(exception_formatter=plain_traceback) if isinstance(one, ConsoleRenderer) else one
        for one in structlog.get_config()["processors"]
    ]
    structlog.configure(processors=processors)
