# SPDX-License-Identifier: AGPL-3.0-or-later
"""Identifiers of WWCP: their grammars, their forms, what follows from one for another."""
