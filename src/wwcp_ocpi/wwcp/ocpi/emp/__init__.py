# SPDX-License-Identifier: AGPL-3.0-or-later
"""We are the eMSP: what OCPI CPOs send becomes part of a WWCP network, and its providers answer and command them.

`emp_adapter.EMPAdapter` is what is used from outside; these are its parts.
"""
