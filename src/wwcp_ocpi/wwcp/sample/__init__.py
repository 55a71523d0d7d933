# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network of any size, for the demo and the bench."""
