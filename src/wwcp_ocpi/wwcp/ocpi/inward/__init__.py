# SPDX-License-Identifier: AGPL-3.0-or-later
"""OCPI 2.3.0 objects of partners as WWCP: pools, tariffs, tokens, sessions and charge detail records.

Pure functions. Odd data are no error: what could not be taken over is in the notes of the `Mapped` that comes back,
with its JSON path in the OCPI object.
"""
