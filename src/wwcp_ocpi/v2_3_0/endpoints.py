# SPDX-License-Identifier: AGPL-3.0-or-later
# ruff: noqa: E501
"""Every operation of OCPI 2.3.0, one row each. `versions` and `credentials` have no sides."""

from __future__ import annotations

from wwcp_ocpi.protocol.endpoint import PAGE, PAGE_FROM, Endpoint, Parameter
from wwcp_ocpi.protocol.rows import (
    ACTIVATE,
    AUTHORIZE,
    BOTH,
    CLEAR_PROFILE,
    COMMAND,
    DEACTIVATE,
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
    REQUEST_BOOKING,
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
from wwcp_ocpi.v2_3_0.bookings import Booking, BookingLocation, BookingRequest, Calendar
from wwcp_ocpi.v2_3_0.cdrs import CDR
from wwcp_ocpi.v2_3_0.chargingprofiles import (
    ActiveChargingProfile,
    ActiveChargingProfileResult,
    ChargingProfileResponse,
    ChargingProfileResult,
    ClearProfileResult,
    SetChargingProfile,
)
from wwcp_ocpi.v2_3_0.commands import (
    CancelReservation,
    CommandResponse,
    CommandResult,
    ReserveNow,
    StartSession,
    StopSession,
    UnlockConnector,
)
from wwcp_ocpi.v2_3_0.credentials import Credentials
from wwcp_ocpi.v2_3_0.enums import ChargingPreferencesResponse
from wwcp_ocpi.v2_3_0.extensions import EVSEStatus, NotifyWebPaymentFailed, NotifyWebPaymentStarted
from wwcp_ocpi.v2_3_0.hubclientinfo import ClientInfo
from wwcp_ocpi.v2_3_0.invoicereconciliation import InvoiceReconciliationRecord
from wwcp_ocpi.v2_3_0.locations import EVSE, Connector, Location
from wwcp_ocpi.v2_3_0.payments import FinancialAdviceConfirmation, Terminal
from wwcp_ocpi.v2_3_0.sessions import ChargingPreferences, Session
from wwcp_ocpi.v2_3_0.tariffs import Tariff
from wwcp_ocpi.v2_3_0.tokens import AuthorizationInfo, LocationReferences, Token
from wwcp_ocpi.v2_3_0.versions import Version, VersionDetails

TYPE = (Parameter("type", "TokenType", default="RFID"),)
RESPONSE_URL = Parameter("response_url", "URL", required=True)
DURATION = Parameter("duration", "int", required=True, least=1)  # seconds
PROFILE_RESULTS = (ActiveChargingProfileResult, ChargingProfileResult, ClearProfileResult)
TIMESLOT_PAGE = (*PAGE, Parameter("timeslot_from", "DateTime"), Parameter("timeslot_to", "DateTime"))

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

    Endpoint("invoicereconciliation", SENDER, LIST, response=InvoiceReconciliationRecord, query=PAGE, spec="mod_invoice_reconciliation_sender_get_method"),
    Endpoint("invoicereconciliation", RECEIVER, GET, "{country_code}/{party_id}/{id}", response=InvoiceReconciliationRecord, spec="mod_invoice_reconciliation_receiver_get_method"),
    Endpoint("invoicereconciliation", RECEIVER, POST, request=InvoiceReconciliationRecord, spec="mod_invoice_reconciliation_receiver_post_method"),
    Endpoint("invoicereconciliation", RECEIVER, PUT, "{country_code}/{party_id}/{id}", request=InvoiceReconciliationRecord, spec="mod_invoice_reconciliation_receiver_put_method"),
    Endpoint("invoicereconciliation", RECEIVER, DELETE, "{country_code}/{party_id}/{id}", spec="mod_invoice_reconciliation_receiver_delete_method"),

    Endpoint("bookings", SENDER, LIST, "booking_locations", response=BookingLocation, query=TIMESLOT_PAGE, spec="mod_bookings_get_booking_locations"),
    Endpoint("bookings", SENDER, GET, "booking_locations/{booking_location_id}", response=BookingLocation, spec="mod_bookings_get_booking_location_calendar"),
    Endpoint("bookings", SENDER, GET, "booking_locations/{booking_location_id}/{calendar_id}", response=Calendar, spec="mod_bookings_get_booking_location_calendar"),
    Endpoint("bookings", SENDER, LIST, response=Booking, query=PAGE, spec="mod_bookings_get_bookings"),
    Endpoint("bookings", SENDER, REQUEST_BOOKING, request=BookingRequest, response=Booking, spec="mod_bookings_cpo_post_booking_method"),
    Endpoint("bookings", RECEIVER, GET, "{country_code}/{party_id}/booking_locations/{booking_location_id}", response=BookingLocation, spec="mod_bookings_msp_booking_location_get_method"),
    Endpoint("bookings", RECEIVER, GET, "{country_code}/{party_id}/booking_locations/{booking_location_id}/{calendar_id}", response=Calendar, spec="mod_bookings_msp_booking_location_get_method"),
    Endpoint("bookings", RECEIVER, PUT, "{country_code}/{party_id}/booking_locations/{booking_location_id}", request=BookingLocation, spec="mod_bookings_put_booking_location_method"),
    Endpoint("bookings", RECEIVER, PUT, "{country_code}/{party_id}/booking_locations/{booking_location_id}/{calendar_id}", request=Calendar, spec="mod_bookings_put_booking_location_method"),
    Endpoint("bookings", RECEIVER, PATCH, "{country_code}/{party_id}/booking_locations/{booking_location_id}", request=BookingLocation, spec="mod_bookings_booking_location_patch_method"),
    Endpoint("bookings", RECEIVER, PATCH, "{country_code}/{party_id}/booking_locations/{booking_location_id}/{calendar_id}", request=Calendar, spec="mod_bookings_booking_location_patch_method"),
    Endpoint("bookings", RECEIVER, GET, "{country_code}/{party_id}/{booking_id}", response=Booking, spec="mod_bookings_msp_booking_get_method"),
    Endpoint("bookings", RECEIVER, PUT, "{country_code}/{party_id}/{booking_id}", request=Booking, spec="mod_bookings_put_booking_method"),
    Endpoint("bookings", RECEIVER, PATCH, "{country_code}/{party_id}/{booking_id}", request=Booking, spec="mod_bookings_booking_patch_method"),

    Endpoint("payments", SENDER, LIST, "terminals", response=Terminal, query=PAGE, spec="mod_payments_ptp_get_terminals_method"),
    Endpoint("payments", SENDER, GET, "terminals/{terminal_id}", response=Terminal, spec="mod_payments_ptp_get_terminal_method"),
    Endpoint("payments", SENDER, ACTIVATE, "terminals/activate", request=Terminal, undated=True, spec="mod_payments_ptp_terminal_post_activate_method"),
    Endpoint("payments", SENDER, DEACTIVATE, "terminals/{terminal_id}/deactivate", spec="mod_payments_ptp_terminal_post_deactivate_method"),
    Endpoint("payments", SENDER, PUT, "terminals/{terminal_id}", request=Terminal, undated=True, spec="mod_payments_ptp_terminal_put_method"),
    Endpoint("payments", SENDER, PATCH, "terminals/{terminal_id}", request=Terminal, undated=True, spec="mod_payments_ptp_patch_terminal_method"),
    Endpoint("payments", SENDER, LIST, "financial-advice-confirmations", response=FinancialAdviceConfirmation, query=PAGE, spec="mod_payments_ptp_get_financial_advice_confirmations_method"),
    Endpoint("payments", SENDER, GET, "financial-advice-confirmations/{financial_advice_confirmation_id}", response=FinancialAdviceConfirmation, spec="mod_payments_ptp_get_financial_advice_confirmation_method"),
    Endpoint("payments", RECEIVER, GET, "terminals/{terminal_id}", response=Terminal, spec="mod_payments_cpo_terminal_get_method"),
    Endpoint("payments", RECEIVER, POST, "terminals", request=Terminal, undated=True, spec="mod_payments_cpo_terminal_post_method"),
    Endpoint("payments", RECEIVER, GET, "financial-advice-confirmations/{financial_advice_confirmation_id}", response=FinancialAdviceConfirmation, spec="mod_payments_cpo_financial_advice_confirmation_get_method"),
    Endpoint("payments", RECEIVER, POST, "financial-advice-confirmations", request=FinancialAdviceConfirmation, spec="mod_payments_cpo_financial_advice_confirmation_post_method"),
)
# fmt: on
