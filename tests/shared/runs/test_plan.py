"""The Execution Plan Summary."""

from dataclasses import replace

from shared.agents.agent_files import catalogue
from shared.contracts import Options
from shared.runs.plan import make_plan
from shared.runs.prices import DEFAULT


def plan_for(
    prefix_tokens: int = 4_000,
    db: str | None = None,
    *,
    model: str = "claude-sonnet-5-5",
    counted: bool = False,
    economy: bool = False,
):
    calls = [replace(call, model=model) for call in catalogue().calls_for("python")]
    options = Options("python", "asked for", db, economy=economy)
    return make_plan(calls, options, prefix_tokens, counted=counted, prices=DEFAULT)


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


def test_a_prd_that_asks_for_more_than_can_be_traced_is_told_so_before_anything_is_paid():
    plan = replace(plan_for(), requirements=10_000, untraced_from=4_321)
    assert plan.to_dict()["requirements"] == {"found": 10_000, "untraced_from_line": 4_321}
    assert "Requirements: 10,000 found; the first 1,000 are traced. From line 4321 on " in plan.text()
    assert "Requirements: 12 found" in replace(plan_for(), requirements=12).text().splitlines()


def test_a_parallel_phase_takes_as_long_as_its_longest_call():
    plan = plan_for()
    alone = sum(5 + call.estimated_output_tokens // 70 for phase in plan.phases for call in phase.calls)
    assert plan.estimated_seconds < alone


def test_a_longer_prd_is_estimated_to_cost_more_input_for_every_call():
    assert plan_for(14_000).estimated_input_tokens - plan_for(4_000).estimated_input_tokens == 7 * 10_000


def test_the_plan_says_whether_claude_counted_the_prd():
    assert plan_for(counted=True).to_dict()["estimated_tokens"]["basis"] == "counted"
    assert "(PRD counted by the model)" in plan_for(counted=True).text()
    assert "(PRD estimated from its length)" in plan_for().text()


def test_the_cost_is_estimated_from_the_price_list_with_its_day():
    plan = plan_for(20_000)
    # Written to the cache: the PRD once, the architecture once, and the other four documents for the synthesis.
    others = 18_000 + 9_000 + 11_000 + 12_000
    dollars = (7 * 2_000 * 2 + (20_000 + 20_000 + others) * 2.5 + (6 * 20_000 + 4 * 20_000) * 0.1) / 1e6
    assert plan.estimated_cost is not None
    assert float(plan.estimated_cost) == round(dollars + plan.estimated_output_tokens * 10 / 1e6, 9)
    assert f"Estimated cost: about ${plan.estimated_cost:.2f} (prices of {DEFAULT.as_of})" in plan.text()


def test_economy_is_half_the_price_of_uncached_calls_and_says_how_long_it_may_take():
    plan = plan_for(20_000, economy=True)
    dollars = (plan.estimated_input_tokens * 2 + plan.estimated_output_tokens * 10) / 1e6
    assert plan.estimated_cost is not None
    assert float(plan.estimated_cost) == round(dollars / 2, 9)
    assert plan.estimated_cost < (plan_for(20_000).estimated_cost or 0)
    assert (
        "Estimated completion: about 240 min (economy: 4 batches one after another, each of up to 24 h)" in plan.text()
    )
    assert "half price in batches" in plan.text()
    assert plan.to_dict()["economy"] is True


def test_a_model_without_a_price_costs_nobody_knows_what():
    plan = plan_for(model="claude-next")
    assert plan.to_dict()["estimated_cost_usd"] is None
    assert "Estimated cost: price unknown (claude-next)" in plan.text()


def test_the_json_form_names_phases_calls_and_reasons():
    plan = plan_for().to_dict()
    assert [phase["number"] for phase in plan["phases"]] == [1, 2, 3, 4]
    assert plan["phases"][2]["parallel"] is True
    assert plan["calls"] == 7
    assert plan["stack_reason"] == "asked for"
