# SPDX-License-Identifier: AGPL-3.0-or-later
"""`cli` for every test of a command."""

from tests.cli.running import cli

__all__ = ["cli"]
