"""The requests about runs."""

import asyncio

from ptyd_protocol.errors import ErrorCode, Refusal
from ptyd_protocol.methods import NoParams
from ptyd_protocol.runs import RunInfo, RunParams, RunRefParams, RunWaitParams

from ptyd.edge.net.requests import Caller
from ptyd.runs import Runs


class RunService:
    """Handlers for the service's table; each minds who asks."""

    def __init__(self, runs: Runs) -> None:
        self._runs = runs

    async def run(self, caller: Caller, params: RunParams) -> RunInfo:
        caller.principal.require("create", "start a run")
        return await self._runs.submit(params, caller.principal)

    async def list_runs(self, caller: Caller, params: NoParams) -> list[RunInfo]:
        return self._runs.list_runs(caller.principal.sees)

    async def wait(self, caller: Caller, params: RunWaitParams) -> RunInfo:
        found = self._runs.find(params.run, caller.principal.sees)
        try:
            async with asyncio.timeout(params.timeout_seconds):
                return await self._runs.wait(found, params.until)
        except TimeoutError:
            raise Refusal(
                ErrorCode.TIMEOUT, f"run {found.id}: no {params.until} within {params.timeout_seconds:g} s"
            ) from None

    async def stop(self, caller: Caller, params: RunRefParams) -> RunInfo:
        found = self._runs.find(params.run, caller.principal.sees)
        caller.principal.require_control(found, f"stop run {found.id}")
        before = self._runs.describe(found)
        await self._runs.stop(found)
        return before
