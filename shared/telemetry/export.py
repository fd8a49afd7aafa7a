"""Export to Application Insights: set up once in a process, where a connection string is given."""

import asyncio
import logging
import threading
from typing import Protocol

from shared import logs
from shared.telemetry.spans import use_run_ids

_INSTRUMENTED = (
    "azure_sdk", "django", "fastapi", "flask", "httpx", "httpx2", "psycopg2", "requests", "urllib", "urllib3",
)  # fmt: skip
"""What Azure Monitor's package would trace besides; off, so that nothing leaves that is not made here."""

log = logs.logger(__name__)


class ExportSettings(Protocol):
    """Where telemetry goes, and whether prompts are logged: those of the app's settings that are read here."""

    @property
    def log_prompts(self) -> bool: ...

    @property
    def insights_connection(self) -> str | None: ...


async def start(settings: ExportSettings) -> None:
    """Do what the settings ask for: export and prompt logging. Cheap to repeat; imports take seconds, in a thread."""
    logs.show_texts(settings.log_prompts)
    if settings.insights_connection and not _export.done:
        await asyncio.to_thread(_export.set_up, settings.insights_connection)


class _Export:
    """Export to Application Insights, set up once in a process."""

    def __init__(self) -> None:
        self.done = False
        self._lock = threading.Lock()

    def set_up(self, connection: str) -> None:
        """Set up export, or use what the worker has set up. A failure is reported and leaves the app without it."""
        with self._lock:
            if self.done:
                return
            try:
                _configure(connection)
            except Exception as error:  # noqa: BLE001 - reported, and never a reason for a run to fail
                kind = type(error).__name__  # its text may quote the connection string
                log.error("no telemetry is exported (%s): check APPLICATIONINSIGHTS_CONNECTION_STRING", kind)
            finally:
                self.done = True  # only now: whoever does not find it so waits at the lock


def _configure(connection: str) -> None:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider

    if not isinstance(trace.get_tracer_provider(), TracerProvider):
        from azure.monitor.opentelemetry import (
            configure_azure_monitor,  # pyright: ignore[reportUnknownVariableType] (untyped keyword arguments)
        )

        # Its HTTP client tells of every request at INFO, its own exports included.
        logging.getLogger("azure.core.pipeline.policies.http_logging_policy").setLevel(logging.WARNING)
        configure_azure_monitor(
            connection_string=connection,
            logger_name=logs.ROOT,
            sampling_ratio=1.0,  # a run is a dozen spans, and half a trace explains nothing
            enable_live_metrics=False,
            enable_performance_counters=False,
            instrumentation_options={library: {"enabled": False} for library in _INSTRUMENTED},
        )
    provider = trace.get_tracer_provider()
    assert isinstance(provider, TracerProvider)
    use_run_ids(provider)


_export = _Export()
