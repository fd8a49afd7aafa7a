"""The Execution Plan Summary."""

from shared.catalogue import catalogue
from shared.contracts import Options
from shared.plan import make_plan


def plan_for(characters: int = 8_000, db: str | None = None):
    return make_plan(catalogue().calls_for("python"), Options("python", "asked for", db), characters)


def test_the_summary_has_the_commands_form():
    lines = plan_for(db="postgres").text().splitlines()
    assert lines[0] == "Execution Plan Summary:"
    assert lines[1] == "Phase 1: Task(orchestrator) — Setup"
    assert lines[2].startswith("Phase 2: Task(system-architect) — ")
    assert lines[3] == (
        "Phase 3: Task(api-backend-tester) + Task(azure-devops-pipelines-expert) + Task(azure-monitor-logs-expert)"
        " + Task(python-backend-dev) — Parallel"
    )
    assert lines[4] == "Phase 4: Task(orchestrator) — Synthesis (MANIFEST)"
    assert lines[5] == "Total Task calls: 7"
    assert "Database: postgres" in lines
    assert any(line.startswith("Estimated completion: about ") for line in lines)


def test_a_parallel_phase_takes_as_long_as_its_longest_call():
    plan = plan_for()
    alone = sum(5 + call.estimated_output_tokens // 70 for phase in plan.phases for call in phase.calls)
    assert plan.estimated_seconds < alone


def test_a_longer_prd_is_estimated_to_cost_more_input_for_every_call():
    assert plan_for(44_000).estimated_input_tokens - plan_for(4_000).estimated_input_tokens == 7 * 10_000


def test_the_json_form_names_phases_calls_and_reasons():
    plan = plan_for().to_dict()
    assert [phase["number"] for phase in plan["phases"]] == [1, 2, 3, 4]
    assert plan["phases"][2]["parallel"] is True
    assert plan["calls"] == 7
    assert plan["stack_reason"] == "asked for"
