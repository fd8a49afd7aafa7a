"""The table of rules for `cicd-pipeline.md`: ids, severity, reason. Pure."""

from shared.contracts import Rule

NO_PIPELINE = Rule("PIP-001", "error", "There is one pipeline to queue, and each of its files is given once.")
NOT_YAML = Rule("PIP-002", "error", "A file that cannot be read in full is refused, and nothing in it was checked.")
NOT_VALID = Rule("PIP-003", "error", "Azure Pipelines refuses or silently drops what its schema does not know.")
UNKNOWN_TASK = Rule("PIP-004", "warning", "A task or value the schema does not list is a slip, or newer than it.")
BAD_EXPRESSION = Rule("PIP-005", "error", "A condition that does not parse fails the run before it starts.")
BAD_GRAPH = Rule("PIP-006", "error", "`dependsOn` on a name that is missing, double or circular is refused.")
STAGE_MISSING = Rule("PIP-007", "error", "Build, test, security scan, dev, stage and prod are the way to production.")
STAGE_ORDER = Rule("PIP-008", "error", "A stage that does not wait for the one before it can overtake its gate.")
ORDER_IMPLIED = Rule("PIP-009", "warning", "An implied order changes when a stage is moved or inserted.")
NO_ENVIRONMENT = Rule("PIP-010", "error", "Approvals and checks hang on environments of deployment jobs.")
SECRET_LITERAL = Rule("PIP-011", "error", "A secret in a file is known to everyone who can read the repository.")
NO_ROLLBACK = Rule("PIP-012", "error", "A release that cannot be taken back by the pipeline is taken back by hand.")
NO_TEST_RESULTS = Rule("PIP-013", "error", "Results that are not published cannot be judged or compared.")
RESULTS_ON_SUCCESS = Rule("PIP-014", "warning", "Results matter most when a test failed.")
TEMPLATE_MISSING = Rule("PIP-015", "error", "A template that is not given cannot be checked, and the run fails.")
GATE_OPEN = Rule("PIP-016", "warning", "A gate that cannot fail stops nothing.")
RUNS_AFTER_FAILURE = Rule(
    "PIP-017", "error", "A condition replaces the implied succeeded(): the stage would run anyway."
)
ARTIFACT_MISSING = Rule("PIP-018", "error", "A download of what nothing published fails.")
SECRET_EXPOSED = Rule("PIP-019", "warning", "Secrets in a command line end up in logs and process lists.")
RULES = (
    NO_PIPELINE, NOT_YAML, NOT_VALID, UNKNOWN_TASK, BAD_EXPRESSION, BAD_GRAPH, STAGE_MISSING, STAGE_ORDER,
    ORDER_IMPLIED, NO_ENVIRONMENT, SECRET_LITERAL, NO_ROLLBACK, NO_TEST_RESULTS, RESULTS_ON_SUCCESS,
    TEMPLATE_MISSING, GATE_OPEN, RUNS_AFTER_FAILURE, ARTIFACT_MISSING, SECRET_EXPOSED,
)  # fmt: skip
