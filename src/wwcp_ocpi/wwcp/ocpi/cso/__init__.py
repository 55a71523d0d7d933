# SPDX-License-Identifier: AGPL-3.0-or-later
"""A WWCP charging station operator as a CPO of OCPI: `adapter.CSOAdapter`, and the halves of it.

scope          which places partners may know of
names          published ids and the places that they mean
partner_names  the same ids as single partners want them
payers         who pays for a session, and how a partner's Token is read
authorizing    AuthorizeStart and AuthorizeStop asked of eMSPs
commanding     commands of eMSPs to the roaming network; `reserving` for reservations, `profiling` for profiles
sessions       sessions and records told to eMSPs
"""
