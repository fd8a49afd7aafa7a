"""What spans, metrics and their attributes are called, and the buckets of histograms."""

# The conventions' names. `opentelemetry.semconv` has them in a private, provisional module that asks to be copied from.
OPERATION, PROVIDER, SYSTEM = "gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.system"
AGENT, WORKFLOW = "gen_ai.agent.name", "gen_ai.workflow.name"
REQUEST_MODEL, MAX_TOKENS, STREAM = "gen_ai.request.model", "gen_ai.request.max_tokens", "gen_ai.request.stream"
RESPONSE_MODEL, RESPONSE_ID = "gen_ai.response.model", "gen_ai.response.id"
FINISH_REASONS, TOKEN_TYPE = "gen_ai.response.finish_reasons", "gen_ai.token.type"
INPUT_TOKENS, OUTPUT_TOKENS = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
CACHE_WRITE_TOKENS = "gen_ai.usage.cache_creation.input_tokens"
CACHE_READ_TOKENS = "gen_ai.usage.cache_read.input_tokens"
TOKEN_USAGE, OPERATION_DURATION = "gen_ai.client.token.usage", "gen_ai.client.operation.duration"
SERVER, PORT, ERROR = "server.address", "server.port", "error.type"
# What the conventions have no name for.
RUN_ID, RUN_STATUS, STACK = "design_backend.run.id", "design_backend.run.status", "design_backend.stack"
TASK, REVISION, BATCHED = "design_backend.task", "design_backend.revision", "design_backend.batched"
RULE, SEVERITY, STAGE = "design_backend.rule", "design_backend.severity", "design_backend.stage"
REQUEST_ID = "anthropic.request.id"
FAILURE = "design_backend.error"
"""The same as `error.type`, which Azure Monitor's exporter drops from spans."""
RUNS, FINDINGS = "design_backend.runs", "design_backend.findings"

TOKEN_BUCKETS = [4.0**power for power in range(14)]
SECOND_BUCKETS = [0.01 * 2.0**power for power in range(17)]
"""The conventions' bucket boundaries; for seconds three more, because a deliverable takes minutes."""
