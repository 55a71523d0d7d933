# SPDX-License-Identifier: AGPL-3.0-or-later
"""The values of WWCP: places, statuses, sessions, records, requests and results. Nothing here changes or waits."""
