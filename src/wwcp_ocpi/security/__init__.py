# SPDX-License-Identifier: AGPL-3.0-or-later
"""Secrets at rest: credentials tokens as keyed hashes, and sealing for what we must be able to read again."""

from wwcp_ocpi.security.vault import Vault

__all__ = ["Vault"]
