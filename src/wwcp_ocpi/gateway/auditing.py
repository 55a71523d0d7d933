# SPDX-License-Identifier: AGPL-3.0-or-later
"""The audit log of a running gateway: opened with its key, written by the clock, its signatures told to the log."""

from __future__ import annotations

import asyncio
from pathlib import Path

import structlog

from wwcp_ocpi.gateway.config import Config
from wwcp_ocpi.security import Vault
from wwcp_ocpi.security.audit_log import AuditLog, AuditSettings, signing_key

log = structlog.get_logger()


def audit_folder(config: Config) -> Path:
    """Where the audit log is."""
    return Path(config.audit.folder or Path(config.store.folder) / "audit")


def open_audit(config: Config, vault: Vault) -> AuditLog:
    """The audit log, to be written by this process alone.

    Raises:
        UsageError: another process writes it, or its key is gone or sealed with another server key.
        OSError: the folder cannot be used.
    """
    folder, section = audit_folder(config), config.audit
    settings = AuditSettings(flush_s=section.flush_s, checkpoint_s=section.checkpoint_s, file_bytes=section.file_bytes)
    return AuditLog(folder, signing_key(folder, vault), settings)


async def keep_written(audit: AuditLog) -> None:
    """Write what was noted, again and again, until cancelled; `close` writes the rest.

    A checkpoint is logged as well: whoever collects the log elsewhere can show that the end of the audit log is gone.
    """
    told = audit.checkpoint
    while True:
        await asyncio.sleep(audit.settings.flush_s)
        writing = asyncio.create_task(asyncio.to_thread(audit.flush))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])  # `close` must not meet it half way
            raise
        except OSError as error:
            log.warning("audit.not_written", error=str(error))
        checkpoint = audit.checkpoint
        if checkpoint is not None and checkpoint is not told:
            told = checkpoint
            log.info("audit.checkpoint", n=checkpoint.n, prev=checkpoint.prev, signature=checkpoint.signature)
