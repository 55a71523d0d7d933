# SPDX-License-Identifier: AGPL-3.0-or-later
"""Configuration, and the only wiring: where the rooms meet."""
