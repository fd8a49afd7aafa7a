"""Telemetry adapter: the only importer of OpenTelemetry and Azure Monitor, each where it is first used.

Spans (run, agent, call) and metrics follow the GenAI semantic conventions. They and our log lines go to Application
Insights where APPLICATIONINSIGHTS_CONNECTION_STRING is set; elsewhere the API's no-op tracers and meters take them and
no SDK is configured. Neither holds PRD, prompt or answer text, nor an error's message: it may quote them.
"""

from shared.telemetry.calls import Call, batched, call, claude_answered
from shared.telemetry.export import start
from shared.telemetry.runs import about_request, about_run, agent, run_ended
from shared.telemetry.spans import run_ids, use_run_ids

__all__ = [
    "Call",
    "about_request",
    "about_run",
    "agent",
    "batched",
    "call",
    "claude_answered",
    "run_ended",
    "run_ids",
    "start",
    "use_run_ids",
]
