# SPDX-License-Identifier: AGPL-3.0-or-later
# ruff: noqa: E501
"""Every operation of OCPI 2.1.1, one row each. `versions` and `credentials` have no sides."""

from __future__ import annotations

from wwcp_ocpi.protocol.endpoint import PAGE, PAGE_FROM, Endpoint, Parameter
from wwcp_ocpi.protocol.rows import (
    AUTHORIZE,
    BOTH,
    COMMAND,
    DELETE,
    DELETE_OF_PARTY,
    EVSE_STATUS,
    GET,
    GET_BY_URL,
    GET_CREDENTIALS,
    LIST,
    LIST_OF_PARTY,
    PATCH,
    POST,
    POST_STATUS,
    PUT,
    RECEIVER,
    REGISTER,
    RESULT,
    SENDER,
    UNREGISTER,
    UPDATE_CREDENTIALS,
    VERSION_DETAILS,
    VERSIONS,
    WEB_PAYMENT,
)
from wwcp_ocpi.v2_1_1.cdrs import CDR
from wwcp_ocpi.v2_1_1.commands import CommandResponse, ReserveNow, StartSession, StopSession, UnlockConnector
from wwcp_ocpi.v2_1_1.credentials import Credentials
from wwcp_ocpi.v2_1_1.extensions import EVSEStatus, NotifyWebPaymentFailed, NotifyWebPaymentStarted
from wwcp_ocpi.v2_1_1.locations import EVSE, Connector, Location
from wwcp_ocpi.v2_1_1.sessions import Session
from wwcp_ocpi.v2_1_1.tariffs import Tariff
from wwcp_ocpi.v2_1_1.tokens import AuthorizationInfo, LocationReferences, Token
from wwcp_ocpi.v2_1_1.versions import Version, VersionDetails

TYPE = (Parameter("type", "TokenType", default="RFID"),)

# fmt: off
ENDPOINTS = (
    Endpoint("versions", BOTH, VERSIONS, response=Version, spec="version_information_endpoint#get"),
    Endpoint("versions", BOTH, VERSION_DETAILS, "{version}", response=VersionDetails, spec="version_information_endpoint#get-1"),

    Endpoint("credentials", BOTH, GET_CREDENTIALS, response=Credentials, spec="credentials#11-get-method"),
    Endpoint("credentials", BOTH, REGISTER, request=Credentials, response=Credentials, spec="credentials#12-post-method"),
    Endpoint("credentials", BOTH, UPDATE_CREDENTIALS, request=Credentials, response=Credentials, spec="credentials#13-put-method"),
    Endpoint("credentials", BOTH, UNREGISTER, spec="credentials#14-delete-method"),

    Endpoint("locations", SENDER, LIST, response=Location, query=PAGE, spec="mod_locations#211-get-method"),
    Endpoint("locations", SENDER, GET, "{location_id}", response=Location, spec="mod_locations#211-get-method"),
    Endpoint("locations", SENDER, GET, "{location_id}/{evse_uid}", response=EVSE, spec="mod_locations#211-get-method"),
    Endpoint("locations", SENDER, GET, "{location_id}/{evse_uid}/{connector_id}", response=Connector, spec="mod_locations#211-get-method"),
    Endpoint("locations", RECEIVER, GET, "{country_code}/{party_id}/{location_id}", response=Location, spec="mod_locations#221-get-method"),
    Endpoint("locations", RECEIVER, GET, "{country_code}/{party_id}/{location_id}/{evse_uid}", response=EVSE, spec="mod_locations#221-get-method"),
    Endpoint("locations", RECEIVER, GET, "{country_code}/{party_id}/{location_id}/{evse_uid}/{connector_id}", response=Connector, spec="mod_locations#221-get-method"),
    Endpoint("locations", RECEIVER, PUT, "{country_code}/{party_id}/{location_id}", request=Location, spec="mod_locations#222-put-method"),
    Endpoint("locations", RECEIVER, PUT, "{country_code}/{party_id}/{location_id}/{evse_uid}", request=EVSE, spec="mod_locations#222-put-method"),
    Endpoint("locations", RECEIVER, PUT, "{country_code}/{party_id}/{location_id}/{evse_uid}/{connector_id}", request=Connector, spec="mod_locations#222-put-method"),
    Endpoint("locations", RECEIVER, PATCH, "{country_code}/{party_id}/{location_id}", request=Location, spec="mod_locations#223-patch-method"),
    Endpoint("locations", RECEIVER, PATCH, "{country_code}/{party_id}/{location_id}/{evse_uid}", request=EVSE, spec="mod_locations#223-patch-method"),
    Endpoint("locations", RECEIVER, PATCH, "{country_code}/{party_id}/{location_id}/{evse_uid}/{connector_id}", request=Connector, spec="mod_locations#223-patch-method"),
    Endpoint("locations", RECEIVER, LIST_OF_PARTY, "{country_code}/{party_id}", response=Location, query=PAGE, extension=True),
    Endpoint("locations", RECEIVER, DELETE_OF_PARTY, "{country_code}/{party_id}", extension=True),
    Endpoint("locations", RECEIVER, DELETE, "{country_code}/{party_id}/{location_id}", extension=True),
    Endpoint("locations", RECEIVER, DELETE, "{country_code}/{party_id}/{location_id}/{evse_uid}", extension=True),
    Endpoint("locations", RECEIVER, DELETE, "{country_code}/{party_id}/{location_id}/{evse_uid}/{connector_id}", extension=True),
    Endpoint("locations", RECEIVER, POST_STATUS, "{country_code}/{party_id}/{location_id}/{evse_uid}/status", request=EVSEStatus, extension=True, switch=EVSE_STATUS),

    Endpoint("sessions", SENDER, LIST, response=Session, query=PAGE_FROM, spec="mod_sessions#211-get-method"),
    Endpoint("sessions", SENDER, GET, "{session_id}", response=Session, extension=True),
    Endpoint("sessions", RECEIVER, GET, "{country_code}/{party_id}/{session_id}", response=Session, spec="mod_sessions#221-get-method"),
    Endpoint("sessions", RECEIVER, PUT, "{country_code}/{party_id}/{session_id}", request=Session, spec="mod_sessions#222-put-method"),
    Endpoint("sessions", RECEIVER, PATCH, "{country_code}/{party_id}/{session_id}", request=Session, spec="mod_sessions#223-patch-method"),
    Endpoint("sessions", RECEIVER, LIST_OF_PARTY, "{country_code}/{party_id}", response=Session, query=PAGE, extension=True),
    Endpoint("sessions", RECEIVER, DELETE_OF_PARTY, "{country_code}/{party_id}", extension=True),
    Endpoint("sessions", RECEIVER, DELETE, "{country_code}/{party_id}/{session_id}", extension=True),

    Endpoint("cdrs", SENDER, LIST, response=CDR, query=PAGE, spec="mod_cdrs#211-get-method"),
    Endpoint("cdrs", SENDER, GET, "{cdr_id}", response=CDR, extension=True),
    Endpoint("cdrs", RECEIVER, GET_BY_URL, "{country_code}/{party_id}/{cdr_id}", response=CDR, spec="mod_cdrs#221-get-method"),
    Endpoint("cdrs", RECEIVER, POST, request=CDR, spec="mod_cdrs#222-post-method"),
    Endpoint("cdrs", RECEIVER, LIST_OF_PARTY, "{country_code}/{party_id}", response=CDR, query=PAGE, extension=True),
    Endpoint("cdrs", RECEIVER, DELETE_OF_PARTY, "{country_code}/{party_id}", extension=True),

    Endpoint("tariffs", SENDER, LIST, response=Tariff, query=PAGE, spec="mod_tariffs#211-get-method"),
    Endpoint("tariffs", SENDER, GET, "{tariff_id}", response=Tariff, extension=True),
    Endpoint("tariffs", RECEIVER, GET, "{country_code}/{party_id}/{tariff_id}", response=Tariff, spec="mod_tariffs#221-get-method"),
    Endpoint("tariffs", RECEIVER, PUT, "{country_code}/{party_id}/{tariff_id}", request=Tariff, spec="mod_tariffs#222-put-method"),
    Endpoint("tariffs", RECEIVER, PATCH, "{country_code}/{party_id}/{tariff_id}", request=Tariff, spec="mod_tariffs#223-patch-method"),
    Endpoint("tariffs", RECEIVER, DELETE, "{country_code}/{party_id}/{tariff_id}", spec="mod_tariffs#224-delete-method"),
    Endpoint("tariffs", RECEIVER, LIST_OF_PARTY, "{country_code}/{party_id}", response=Tariff, query=PAGE, extension=True),
    Endpoint("tariffs", RECEIVER, DELETE_OF_PARTY, "{country_code}/{party_id}", extension=True),

    Endpoint("tokens", RECEIVER, GET, "{country_code}/{party_id}/{token_uid}", response=Token, spec="mod_tokens#211-get-method"),
    Endpoint("tokens", RECEIVER, PUT, "{country_code}/{party_id}/{token_uid}", request=Token, spec="mod_tokens#212-put-method"),
    Endpoint("tokens", RECEIVER, PATCH, "{country_code}/{party_id}/{token_uid}", request=Token, spec="mod_tokens#212-patch-method"),
    Endpoint("tokens", RECEIVER, LIST_OF_PARTY, "{country_code}/{party_id}", response=Token, query=PAGE, extension=True),
    Endpoint("tokens", RECEIVER, DELETE_OF_PARTY, "{country_code}/{party_id}", extension=True),
    Endpoint("tokens", RECEIVER, DELETE, "{country_code}/{party_id}/{token_uid}", extension=True),
    Endpoint("tokens", SENDER, LIST, response=Token, query=PAGE, spec="mod_tokens#221-get-method"),
    Endpoint("tokens", SENDER, GET, "{token_uid}", response=Token, extension=True),
    Endpoint("tokens", SENDER, AUTHORIZE, "{token_uid}/authorize", request=LocationReferences, response=AuthorizationInfo, query=TYPE, spec="mod_tokens#222-post-method"),

    Endpoint("commands", RECEIVER, COMMAND, "RESERVE_NOW", request=ReserveNow, response=CommandResponse, spec="mod_commands#211-post-method"),
    Endpoint("commands", RECEIVER, COMMAND, "START_SESSION", request=StartSession, response=CommandResponse, spec="mod_commands#211-post-method"),
    Endpoint("commands", RECEIVER, COMMAND, "STOP_SESSION", request=StopSession, response=CommandResponse, spec="mod_commands#211-post-method"),
    Endpoint("commands", RECEIVER, COMMAND, "UNLOCK_CONNECTOR", request=UnlockConnector, response=CommandResponse, spec="mod_commands#211-post-method"),
    Endpoint("commands", RECEIVER, COMMAND, "NOTIFY_WEB_PAYMENT_STARTED", request=NotifyWebPaymentStarted, response=CommandResponse, extension=True, switch=WEB_PAYMENT),
    Endpoint("commands", RECEIVER, COMMAND, "NOTIFY_WEB_PAYMENT_FAILED", request=NotifyWebPaymentFailed, response=CommandResponse, extension=True, switch=WEB_PAYMENT),
    Endpoint("commands", SENDER, RESULT, "{command}/{request_id}", request=CommandResponse, spec="mod_commands#221-post-method"),
)
# fmt: on
