"""What is counted and measured."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from shared import VERSION
from shared.telemetry import names
from shared.telemetry.spans import SCOPE

if TYPE_CHECKING:
    from opentelemetry.metrics import Counter, Histogram


@dataclass(frozen=True)
class Instruments:
    """The histograms and counters of this app."""

    tokens: "Histogram"
    seconds: "Histogram"
    runs: "Counter"
    findings: "Counter"


@cache
def instruments() -> Instruments:
    """Made once; made before a provider is set, they pass on to it later."""
    from opentelemetry import metrics

    meter = metrics.get_meter(SCOPE, VERSION)
    return Instruments(
        tokens=meter.create_histogram(
            names.TOKEN_USAGE,
            "{token}",
            "Tokens used by a call.",
            explicit_bucket_boundaries_advisory=names.TOKEN_BUCKETS,
        ),
        seconds=meter.create_histogram(
            names.OPERATION_DURATION,
            "s",
            "How long a call took.",
            explicit_bucket_boundaries_advisory=names.SECOND_BUCKETS,
        ),
        runs=meter.create_counter(names.RUNS, "{run}", "Runs that ended, by status."),
        findings=meter.create_counter(names.FINDINGS, "{finding}", "Findings by rule, before and after revision."),
    )
