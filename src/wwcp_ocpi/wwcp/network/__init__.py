# SPDX-License-Identifier: AGPL-3.0-or-later
"""Places and their statuses as they live: a `LiveNetwork`, what changes in it, and who hears of that."""
