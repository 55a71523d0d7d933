# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI as values and rules about them, with no input or output: what every version has in common."""
