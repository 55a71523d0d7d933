# SPDX-License-Identifier: AGPL-3.0-or-later
# ruff: noqa: E501
"""Every operation of OCPI 2.2.1, one row each. `versions` and `credentials` have no sides."""

from __future__ import annotations

from wwcp_ocpi.protocol.endpoint import PAGE, PAGE_FROM, Endpoint, Parameter
from wwcp_ocpi.protocol.rows import (
    AUTHORIZE,
    BOTH,
    CLEAR_PROFILE,
    COMMAND,
    DELETE,
    DELETE_OF_PARTY,
    EVSE_STATUS,
    GET,
    GET_BY_URL,
    GET_CREDENTIALS,
    GET_PROFILE,
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
    SET_PREFERENCES,
    SET_PROFILE,
    UNREGISTER,
    UPDATE_CREDENTIALS,
    UPDATE_PROFILE,
    VERSION_DETAILS,
    VERSIONS,
    WEB_PAYMENT,
)
from wwcp_ocpi.v2_2_1.cdrs import CDR
from wwcp_ocpi.v2_2_1.chargingprofiles import (
    ActiveChargingProfile,
    ActiveChargingProfileResult,
    ChargingProfileResponse,
    ChargingProfileResult,
    ClearProfileResult,
    SetChargingProfile,
)
from wwcp_ocpi.v2_2_1.commands import (
    CancelReservation,
    CommandResponse,
    CommandResult,
    ReserveNow,
    StartSession,
    StopSession,
    UnlockConnector,
)
from wwcp_ocpi.v2_2_1.credentials import Credentials
from wwcp_ocpi.v2_2_1.enums import ChargingPreferencesResponse
from wwcp_ocpi.v2_2_1.extensions import EVSEStatus, NotifyWebPaymentFailed, NotifyWebPaymentStarted
from wwcp_ocpi.v2_2_1.hubclientinfo import ClientInfo
from wwcp_ocpi.v2_2_1.locations import EVSE, Connector, Location
from wwcp_ocpi.v2_2_1.sessions import ChargingPreferences, Session
from wwcp_ocpi.v2_2_1.tariffs import Tariff
from wwcp_ocpi.v2_2_1.tokens import AuthorizationInfo, LocationReferences, Token
from wwcp_ocpi.v2_2_1.versions import Version, VersionDetails

TYPE = (Parameter("type", "TokenType", default="RFID"),)
RESPONSE_URL = Parameter("response_url", "URL", required=True)
DURATION = Parameter("duration", "int", required=True, least=1)  # seconds
PROFILE_RESULTS = (ActiveChargingProfileResult, ChargingProfileResult, ClearProfileResult)

# fmt: off
ENDPOINTS = (
    Endpoint("versions", BOTH, VERSIONS, response=Version, spec="version_information_endpoint_get"),
    Endpoint("versions", BOTH, VERSION_DETAILS, "{version}", response=VersionDetails, spec="version_information_get_endpoint"),

    Endpoint("credentials", BOTH, GET_CREDENTIALS, response=Credentials, spec="credentials_get_method"),
    Endpoint("credentials", BOTH, REGISTER, request=Credentials, response=Credentials, spec="credentials_post_method"),
    Endpoint("credentials", BOTH, UPDATE_CREDENTIALS, request=Credentials, response=Credentials, spec="credentials_put_method"),
    Endpoint("credentials", BOTH, UNREGISTER, spec="credentials_delete_method"),

    Endpoint("locations", SENDER, LIST, response=Location, query=PAGE, spec="mod_locations_get_method"),
    Endpoint("locations", SENDER, GET, "{location_id}", response=Location, spec="mod_locations_get_method"),
    Endpoint("locations", SENDER, GET, "{location_id}/{evse_uid}", response=EVSE, spec="mod_locations_get_method"),
    Endpoint("locations", SENDER, GET, "{location_id}/{evse_uid}/{connector_id}", response=Connector, spec="mod_locations_get_method"),
    Endpoint("locations", RECEIVER, GET, "{country_code}/{party_id}/{location_id}", response=Location, spec="mod_locations_get_method_eMSP"),
    Endpoint("locations", RECEIVER, GET, "{country_code}/{party_id}/{location_id}/{evse_uid}", response=EVSE, spec="mod_locations_get_method_eMSP"),
    Endpoint("locations", RECEIVER, GET, "{country_code}/{party_id}/{location_id}/{evse_uid}/{connector_id}", response=Connector, spec="mod_locations_get_method_eMSP"),
    Endpoint("locations", RECEIVER, PUT, "{country_code}/{party_id}/{location_id}", request=Location, spec="mod_locations_put_method"),
    Endpoint("locations", RECEIVER, PUT, "{country_code}/{party_id}/{location_id}/{evse_uid}", request=EVSE, spec="mod_locations_put_method"),
    Endpoint("locations", RECEIVER, PUT, "{country_code}/{party_id}/{location_id}/{evse_uid}/{connector_id}", request=Connector, spec="mod_locations_put_method"),
    Endpoint("locations", RECEIVER, PATCH, "{country_code}/{party_id}/{location_id}", request=Location, spec="mod_locations_patch_method"),
    Endpoint("locations", RECEIVER, PATCH, "{country_code}/{party_id}/{location_id}/{evse_uid}", request=EVSE, spec="mod_locations_patch_method"),
    Endpoint("locations", RECEIVER, PATCH, "{country_code}/{party_id}/{location_id}/{evse_uid}/{connector_id}", request=Connector, spec="mod_locations_patch_method"),
    Endpoint("locations", RECEIVER, LIST_OF_PARTY, "{country_code}/{party_id}", response=Location, query=PAGE, extension=True),
    Endpoint("locations", RECEIVER, DELETE_OF_PARTY, "{country_code}/{party_id}", extension=True),
    Endpoint("locations", RECEIVER, DELETE, "{country_code}/{party_id}/{location_id}", extension=True),
    Endpoint("locations", RECEIVER, DELETE, "{country_code}/{party_id}/{location_id}/{evse_uid}", extension=True),
    Endpoint("locations", RECEIVER, DELETE, "{country_code}/{party_id}/{location_id}/{evse_uid}/{connector_id}", extension=True),
    Endpoint("locations", RECEIVER, POST_STATUS, "{country_code}/{party_id}/{location_id}/{evse_uid}/status", request=EVSEStatus, extension=True, switch=EVSE_STATUS),

    Endpoint("sessions", SENDER, LIST, response=Session, query=PAGE_FROM, spec="mod_sessions_cpo_get_method"),
    Endpoint("sessions", SENDER, GET, "{session_id}", response=Session, extension=True),
    Endpoint("sessions", SENDER, SET_PREFERENCES, "{session_id}/charging_preferences", request=ChargingPreferences, response=ChargingPreferencesResponse, spec="mod_sessions_cpo_put_method"),
    Endpoint("sessions", RECEIVER, GET, "{country_code}/{party_id}/{session_id}", response=Session, spec="mod_sessions_msp_get_method"),
    Endpoint("sessions", RECEIVER, PUT, "{country_code}/{party_id}/{session_id}", request=Session, spec="mod_sessions_msp_put_method"),
    Endpoint("sessions", RECEIVER, PATCH, "{country_code}/{party_id}/{session_id}", request=Session, spec="mod_sessions_patch_method"),
    Endpoint("sessions", RECEIVER, LIST_OF_PARTY, "{country_code}/{party_id}", response=Session, query=PAGE, extension=True),
    Endpoint("sessions", RECEIVER, DELETE_OF_PARTY, "{country_code}/{party_id}", extension=True),
    Endpoint("sessions", RECEIVER, DELETE, "{country_code}/{party_id}/{session_id}", extension=True),

    Endpoint("cdrs", SENDER, LIST, response=CDR, query=PAGE, spec="mod_cdrs_cpo_get_method"),
    Endpoint("cdrs", SENDER, GET, "{cdr_id}", response=CDR, extension=True),
    Endpoint("cdrs", RECEIVER, GET_BY_URL, "{country_code}/{party_id}/{cdr_id}", response=CDR, spec="mod_cdrs_msp_get_method"),
    Endpoint("cdrs", RECEIVER, POST, request=CDR, spec="mod_cdrs_post_method"),
    Endpoint("cdrs", RECEIVER, LIST_OF_PARTY, "{country_code}/{party_id}", response=CDR, query=PAGE, extension=True),
    Endpoint("cdrs", RECEIVER, DELETE_OF_PARTY, "{country_code}/{party_id}", extension=True),

    Endpoint("tariffs", SENDER, LIST, response=Tariff, query=PAGE, spec="mod_tariffs_cpo_get_method"),
    Endpoint("tariffs", SENDER, GET, "{tariff_id}", response=Tariff, extension=True),
    Endpoint("tariffs", RECEIVER, GET, "{country_code}/{party_id}/{tariff_id}", response=Tariff, spec="mod_tariffs_msp_get_method"),
    Endpoint("tariffs", RECEIVER, PUT, "{country_code}/{party_id}/{tariff_id}", request=Tariff, spec="mod_tariffs_put_method"),
    Endpoint("tariffs", RECEIVER, DELETE, "{country_code}/{party_id}/{tariff_id}", spec="mod_tariffs_delete_method"),
    Endpoint("tariffs", RECEIVER, LIST_OF_PARTY, "{country_code}/{party_id}", response=Tariff, query=PAGE, extension=True),
    Endpoint("tariffs", RECEIVER, DELETE_OF_PARTY, "{country_code}/{party_id}", extension=True),

    Endpoint("tokens", RECEIVER, GET, "{country_code}/{party_id}/{token_uid}", response=Token, query=TYPE, spec="mod_tokens_cpo_get_method"),
    Endpoint("tokens", RECEIVER, PUT, "{country_code}/{party_id}/{token_uid}", request=Token, query=TYPE, spec="mod_tokens_put_method"),
    Endpoint("tokens", RECEIVER, PATCH, "{country_code}/{party_id}/{token_uid}", request=Token, query=TYPE, spec="mod_tokens_patch_method"),
    Endpoint("tokens", RECEIVER, LIST_OF_PARTY, "{country_code}/{party_id}", response=Token, query=PAGE, extension=True),
    Endpoint("tokens", RECEIVER, DELETE_OF_PARTY, "{country_code}/{party_id}", extension=True),
    Endpoint("tokens", RECEIVER, DELETE, "{country_code}/{party_id}/{token_uid}", query=TYPE, extension=True),
    Endpoint("tokens", SENDER, LIST, response=Token, query=PAGE, spec="mod_tokens_msp_get_method"),
    Endpoint("tokens", SENDER, GET, "{token_uid}", response=Token, query=TYPE, extension=True),
    Endpoint("tokens", SENDER, AUTHORIZE, "{token_uid}/authorize", request=LocationReferences, response=AuthorizationInfo, query=TYPE, spec="mod_tokens_post_method"),

    Endpoint("commands", RECEIVER, COMMAND, "CANCEL_RESERVATION", request=CancelReservation, response=CommandResponse, spec="mod_commands_cpo_post_method"),
    Endpoint("commands", RECEIVER, COMMAND, "RESERVE_NOW", request=ReserveNow, response=CommandResponse, spec="mod_commands_cpo_post_method"),
    Endpoint("commands", RECEIVER, COMMAND, "START_SESSION", request=StartSession, response=CommandResponse, spec="mod_commands_cpo_post_method"),
    Endpoint("commands", RECEIVER, COMMAND, "STOP_SESSION", request=StopSession, response=CommandResponse, spec="mod_commands_cpo_post_method"),
    Endpoint("commands", RECEIVER, COMMAND, "UNLOCK_CONNECTOR", request=UnlockConnector, response=CommandResponse, spec="mod_commands_cpo_post_method"),
    Endpoint("commands", RECEIVER, COMMAND, "NOTIFY_WEB_PAYMENT_STARTED", request=NotifyWebPaymentStarted, response=CommandResponse, extension=True, switch=WEB_PAYMENT),
    Endpoint("commands", RECEIVER, COMMAND, "NOTIFY_WEB_PAYMENT_FAILED", request=NotifyWebPaymentFailed, response=CommandResponse, extension=True, switch=WEB_PAYMENT),
    Endpoint("commands", SENDER, RESULT, "{command}/{request_id}", request=CommandResult, spec="mod_commands_msp_post_method"),

    Endpoint("chargingprofiles", RECEIVER, GET_PROFILE, "{session_id}", response=ChargingProfileResponse, query=(DURATION, RESPONSE_URL), result=ActiveChargingProfileResult, spec="mod_charging_profiles_cpo_get_method"),
    Endpoint("chargingprofiles", RECEIVER, SET_PROFILE, "{session_id}", request=SetChargingProfile, response=ChargingProfileResponse, result=ChargingProfileResult, spec="mod_charging_profiles_cpo_put_method"),
    Endpoint("chargingprofiles", RECEIVER, CLEAR_PROFILE, "{session_id}", response=ChargingProfileResponse, query=(RESPONSE_URL,), result=ClearProfileResult, spec="mod_charging_profiles_cpo_delete_method"),
    Endpoint("chargingprofiles", SENDER, RESULT, "results/{request_id}", request=PROFILE_RESULTS, spec="mod_charging_profiles_msp_post_method"),
    Endpoint("chargingprofiles", SENDER, UPDATE_PROFILE, "{session_id}", request=ActiveChargingProfile, spec="mod_charging_profiles_msp_put_method"),

    Endpoint("hubclientinfo", RECEIVER, GET, "{country_code}/{party_id}", response=ClientInfo, spec="mod_hub_client_info_client_get"),
    Endpoint("hubclientinfo", RECEIVER, PUT, "{country_code}/{party_id}", request=ClientInfo, spec="mod_hub_client_info_client_put"),
    Endpoint("hubclientinfo", SENDER, LIST, response=ClientInfo, query=PAGE, spec="mod_hub_client_info_hub_get"),
)
# fmt: on
