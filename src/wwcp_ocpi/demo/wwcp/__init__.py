# SPDX-License-Identifier: AGPL-3.0-or-later
"""The demo where there is a WWCP network on both sides, and OCPI between them.

network    the operator's network: uploaded to A over HTTP, found at B behind OCPI
charge     a driver's charges, with the verbs of WWCP over HTTP on either side
sides      the WWCP side of each gateway, with a client of its HTTP API
parts      who takes part: the operator's stations, the provider
comparing  what of a network is told otherwise, or not at all, where it has come through OCPI
"""
