# SPDX-License-Identifier: AGPL-3.0-or-later
"""The JSON of WWCP, read and written."""
