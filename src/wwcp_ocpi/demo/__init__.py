# SPDX-License-Identifier: AGPL-3.0-or-later
"""The main job, shown: two gateways in one process, with real HTTP on loopback and real files in a temporary folder."""
