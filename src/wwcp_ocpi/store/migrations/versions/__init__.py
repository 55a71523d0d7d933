# SPDX-License-Identifier: AGPL-3.0-or-later
"""One file a schema version, in order."""
