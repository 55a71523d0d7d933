# SPDX-License-Identifier: AGPL-3.0-or-later
"""Charge detail records on their way to whoever pays. Nothing is dropped in silence.

A record is durable before anybody is asked, and it stays with what became of it. The one that nobody takes is answered
with the reason, kept, and tried again. The same record twice is one record.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from wwcp_ocpi.wwcp.ids.opaque import ChargeDetailRecordId
from wwcp_ocpi.wwcp.model.charging import ChargeDetailRecord, ChargingSession
from wwcp_ocpi.wwcp.model.requests import AuthorizeStart, ChargingLocation
from wwcp_ocpi.wwcp.model.result_codes import AuthStartCode, SendCDRCode
from wwcp_ocpi.wwcp.model.results import CDR_SUCCESSES, SendCDRResult, SendCDRsResult, all_of, said
from wwcp_ocpi.wwcp.network.events import CDRChange
from wwcp_ocpi.wwcp.network.places import UnknownId
from wwcp_ocpi.wwcp.routing.asking import Failure, ask
from wwcp_ocpi.wwcp.routing.attached import Attached
from wwcp_ocpi.wwcp.routing.authorising import Authorising
from wwcp_ocpi.wwcp.routing.core import CDRFilter, Core
from wwcp_ocpi.wwcp.routing.keeping import CDRState, KeptCDR
from wwcp_ocpi.wwcp.routing.whereabouts import located


class CDRRouting:
    """SendCDRs."""

    def __init__(self, core: Core, authorising: Authorising) -> None:
        self._core = core
        self._authorising = authorising
        self._open: dict[ChargeDetailRecordId, None] = {}
        self._under_way: set[ChargeDetailRecordId] = set()

    async def resume(self) -> None:
        """Know again which records nobody had taken before the restart."""
        kept = await self._core.cdrs.all()
        self._open = {one.cdr.id: None for one in kept if one.state is CDRState.RECEIVED}

    @property
    def waiting(self) -> list[ChargeDetailRecordId]:
        """The records that nobody has taken yet."""
        return list(self._open)

    async def send(self, cdrs: Sequence[ChargeDetailRecord]) -> SendCDRsResult:
        """Forward them; one result each, in their order."""
        results: list[SendCDRResult | None] = [await self._received(cdr) for cdr in cdrs]
        fresh = [index for index, result in enumerate(results) if result is None]
        ids = {cdrs[index].id for index in fresh}
        self._under_way |= ids
        try:
            sent = await self._forward({cdrs[index].id: cdrs[index] for index in fresh})
        finally:
            self._under_way -= ids
        return all_of([result or sent[cdr.id] for cdr, result in zip(cdrs, results, strict=True)])

    async def retry(self) -> SendCDRsResult:
        """Try those again that nobody has taken yet."""
        found = [await self._core.cdrs.get(id) for id in self._open if id not in self._under_way]
        return await self.send([kept.cdr for kept in found if kept is not None])

    async def _received(self, cdr: ChargeDetailRecord) -> SendCDRResult | None:
        """Keep it; a result where there is nothing to forward (any more)."""
        core = self._core
        end = cdr.session_time.end
        if end is not None and end < cdr.session_time.start:
            reason = f"the session ends at {end}, before it begins at {cdr.session_time.start}"
            return self._result(cdr, SendCDRCode.Error, reason)
        is_dropped = core.options.cdr_filter(cdr) is CDRFilter.DROP
        new = KeptCDR(cdr=cdr, received_at=core.now, state=CDRState.FILTERED if is_dropped else CDRState.RECEIVED)
        before, after = await core.cdrs.change(cdr.id, lambda known: known or new)
        assert after is not None
        if before is None:
            core.bus.tell(CDRChange(cdr=cdr, result=None, timestamp=core.now))
        elif before.cdr != cdr:
            return self._result(cdr, SendCDRCode.Error, f"there is another record {cdr.id} already; that one stands")
        if after.state is CDRState.FILTERED:
            return self._result(cdr, SendCDRCode.Filtered, "the filter of this network holds it back")
        if after.state is CDRState.DELIVERED:
            return after.result
        if cdr.id in self._under_way:
            return self._result(cdr, SendCDRCode.Enqueued, "it is on its way")
        self._open[cdr.id] = None
        return None

    async def _forward(
        self, cdrs: dict[ChargeDetailRecordId, ChargeDetailRecord]
    ) -> dict[ChargeDetailRecordId, SendCDRResult]:
        groups: dict[str, tuple[Attached, list[ChargeDetailRecord]]] = {}
        results: dict[ChargeDetailRecordId, SendCDRResult] = {}
        for cdr in cdrs.values():
            session = await self._core.sessions.get(cdr.session_id)
            whole = self._completed(cdr, session)
            target = await self._target(whole, session)
            if isinstance(target, SendCDRResult):
                results[cdr.id] = target
            else:
                groups.setdefault(target.name, (target, []))[1].append(whole)
        for target, group in groups.values():
            results |= await self._send_to(target, group)
        for id, result in results.items():
            await self._done(cdrs[id], result)
        return results

    def _completed(self, cdr: ChargeDetailRecord, session: ChargingSession | None) -> ChargeDetailRecord:
        """With what follows from the EVSE, and with what the session knows and the record does not tell."""
        network = self._core.network
        evse_id = cdr.evse_id or (session.evse_id if session else None)
        place = ChargingLocation()
        if evse_id is not None:
            try:
                place = located(network, ChargingLocation(evse_id=evse_id))
            except UnknownId:
                place = ChargingLocation(evse_id=evse_id, charging_station_operator_id=evse_id.operator)
        cdr = replace(
            cdr,
            evse_id=evse_id,
            charging_station_id=cdr.charging_station_id or place.charging_station_id,
            charging_pool_id=cdr.charging_pool_id or place.charging_pool_id,
            charging_station_operator_id=cdr.charging_station_operator_id or place.charging_station_operator_id,
        )
        if session is None:
            return cdr
        stop = session.stop
        return replace(
            cdr,
            provider_id_start=cdr.provider_id_start or session.start.provider_id,
            provider_id_stop=cdr.provider_id_stop or (stop.provider_id if stop else None),
            authentication_start=cdr.authentication_start or session.start.authentication,
            authentication_stop=cdr.authentication_stop or (stop.authentication if stop else None),
            charging_connector_id=cdr.charging_connector_id or session.charging_connector_id,
            charging_product=cdr.charging_product or session.charging_product,
            reservation_id=cdr.reservation_id or session.reservation_id,
        )

    async def _target(self, cdr: ChargeDetailRecord, session: ChargingSession | None) -> Attached | SendCDRResult:
        """Who gets it; a result with the reason when nobody does."""
        partners = self._core.partners
        found = (
            partners.cdr_sink(cdr.roaming_provider_id_start)
            or partners.cdr_sink_of(cdr.provider_id_start)
            or partners.cdr_sink_of(cdr.provider_id_stop)
            or (partners.cdr_sink(session.start.cso_roaming_provider_id) if session else None)
            or await self._who_knows(cdr)
            or await self._who_claims(cdr)
        )
        if found is not None:
            return found
        if cdr.provider_id_start is not None:
            reason = f"the provider {cdr.provider_id_start} takes no records in this network"
            return self._result(cdr, SendCDRCode.UnknownProviderIdStart, reason)
        reason = f"nobody knows the session {cdr.session_id} or its driver"
        return self._result(cdr, SendCDRCode.UnknownSessionId, reason)

    async def _who_knows(self, cdr: ChargeDetailRecord) -> Attached | None:
        """The provider that says of the driver that he is one of its own."""
        partners = self._core.partners
        asked = partners.local_authorizers()
        for authentication in (cdr.authentication_start, cdr.authentication_stop):
            if authentication is None or not asked:
                continue
            request = AuthorizeStart(authentication=authentication)
            result = await self._authorising.first_or_best(request, asked)
            if result.result in (AuthStartCode.Authorized, AuthStartCode.Blocked):
                return partners.cdr_sink(result.authorizator_id) or partners.cdr_sink_of(result.provider_id)
        return None

    async def _who_claims(self, cdr: ChargeDetailRecord) -> Attached | None:
        """Who stands for the provider that pays, though he himself does not take part here."""
        for one in self._core.partners.cdr_claimers():
            code = one.cdr_claimer
            assert code is not None
            claims, _ = await ask(
                one.name,
                "claims_cdr",
                lambda code=code: code.claims_cdr(cdr),  # type: ignore[misc]
                bool,
                lambda _failure, _reason: False,
                self._core.options.verb_timeout_s,
            )
            if claims:
                return one
        return None

    async def _send_to(
        self, target: Attached, cdrs: list[ChargeDetailRecord]
    ) -> dict[ChargeDetailRecordId, SendCDRResult]:
        code = target.cdr_sink
        assert code is not None

        def failed(failure: Failure, reason: str) -> _Answers:
            late = SendCDRCode.Timeout if failure is Failure.TIMEOUT else SendCDRCode.Error
            return _Answers(self._result(cdr, late, reason) for cdr in cdrs)

        async def call() -> object:
            return _answers(await code.send_cdrs(cdrs))

        answers, runtime_ms = await ask(
            target.name, "send_cdrs", call, _Answers, failed, self._core.options.verb_timeout_s
        )
        results = {}
        for index, cdr in enumerate(cdrs):
            named = next((answer for answer in answers if answer.cdr_id == cdr.id), None)
            result = named or (answers[index] if index < len(answers) and answers[index].cdr_id is None else None)
            if result is None:
                result = self._result(cdr, SendCDRCode.Error, f"{target.name} gave no result for it")
            results[cdr.id] = replace(
                result,
                cdr_id=cdr.id,
                authorizator_id=result.authorizator_id or target.name,
                timestamp=result.timestamp or self._core.now,
                runtime_ms=runtime_ms,
            )
        return results

    async def _done(self, cdr: ChargeDetailRecord, result: SendCDRResult) -> None:
        core = self._core
        state = CDRState.DELIVERED if result.result in CDR_SUCCESSES else CDRState.RECEIVED

        def decide(known: KeptCDR | None) -> KeptCDR | None:
            return known and replace(known, state=state, result=result, attempts=known.attempts + 1)

        await core.cdrs.change(cdr.id, decide)
        if state is CDRState.DELIVERED:
            self._open.pop(cdr.id, None)
        core.bus.tell(CDRChange(cdr=cdr, result=result, timestamp=core.now))

    def _result(self, cdr: ChargeDetailRecord, code: SendCDRCode, reason: str) -> SendCDRResult:
        core = self._core
        return SendCDRResult(
            result=code,
            cdr_id=cdr.id,
            authorizator_id=core.network.id,
            timestamp=core.now,
            description=said(reason),
        )


class _Answers(tuple[SendCDRResult, ...]):
    """What a receiver answered, looked through: results and nothing else."""


def _answers(given: object) -> object:
    if isinstance(given, Sequence) and all(isinstance(one, SendCDRResult) for one in given):
        return _Answers(given)
    return given
