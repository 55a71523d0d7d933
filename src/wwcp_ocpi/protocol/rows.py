# SPDX-License-Identifier: AGPL-3.0-or-later
"""The words that endpoint tables are written with: interfaces and operations by their bare names, and switches."""

from __future__ import annotations

from wwcp_ocpi.protocol.endpoint import Interface, Operation

SENDER = Interface.SENDER
RECEIVER = Interface.RECEIVER
BOTH = Interface.BOTH

VERSIONS = Operation.VERSIONS
VERSION_DETAILS = Operation.VERSION_DETAILS
GET_CREDENTIALS = Operation.GET_CREDENTIALS
REGISTER = Operation.REGISTER
UPDATE_CREDENTIALS = Operation.UPDATE_CREDENTIALS
UNREGISTER = Operation.UNREGISTER
LIST = Operation.LIST
GET = Operation.GET
PUT = Operation.PUT
PATCH = Operation.PATCH
POST = Operation.POST
DELETE = Operation.DELETE
LIST_OF_PARTY = Operation.LIST_OF_PARTY
DELETE_OF_PARTY = Operation.DELETE_OF_PARTY
AUTHORIZE = Operation.AUTHORIZE
COMMAND = Operation.COMMAND
RESULT = Operation.RESULT
GET_BY_URL = Operation.GET_BY_URL
SET_PREFERENCES = Operation.SET_PREFERENCES
GET_PROFILE = Operation.GET_PROFILE
SET_PROFILE = Operation.SET_PROFILE
CLEAR_PROFILE = Operation.CLEAR_PROFILE
UPDATE_PROFILE = Operation.UPDATE_PROFILE
POST_STATUS = Operation.POST_STATUS
REQUEST_BOOKING = Operation.REQUEST_BOOKING
ACTIVATE = Operation.ACTIVATE
DEACTIVATE = Operation.DEACTIVATE

EVSE_STATUS = "evse_status"
WEB_PAYMENT = "web_payment"
