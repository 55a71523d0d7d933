# SPDX-License-Identifier: AGPL-3.0-or-later
"""The command line: `wwcp-ocpi`. Exit 0 on success, 1 when the answer is "no", 2 on wrong use."""

from wwcp_ocpi.cli.app import app, main

__all__ = ["app", "main"]
