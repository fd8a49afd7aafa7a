"""A run's verdict: three lines that a lead can act on, first in the manifest."""

from collections.abc import Sequence
from dataclasses import replace

from shared.agents.agent_files import catalogue
from shared.contracts import Failure, Finding, ManifestRequest, PackCheckResult, ReferenceCount
from shared.pack.composition import Material, compose_pack
from shared.pack.manifest import Written, render_manifest
from shared.pack.verdict import NOT_RUN, Checked, Verdict
from tests.shared.pack.test_manifest_json import ARCHITECTURE, PRD_TEXT, outcome, request

NAME = "integration-architecture.md"
ERROR = Finding("OAS-004", "error", NAME, 3, "Broken.", "Mend it.")
WARNING = replace(ERROR, severity="warning", rule="STR-006")
LEFT = Finding("REF-003", "unjudged", "test-specifications.md", 7, "Whence | it comes could not be told.", "")
CHECKED = Checked(("structure", "openapi", "across"), 61)
REFERENCES = (ReferenceCount("fixture", 40, 1, 2), ReferenceCount("module", 1_200, 0, 7))


def verdict(request: ManifestRequest, *findings: Finding) -> Sequence[str]:
    across = replace(request.across, references=REFERENCES)
    return Verdict(replace(request, across=across), findings, None, CHECKED).lines()


def test_a_complete_run_says_what_was_checked_followed_and_left_and_that_nothing_was_run():
    first, second, third = verdict(request(), LEFT, LEFT, replace(LEFT, rule="XDC-001"))
    assert first == "Complete. All 5 documents were written, no rule finds an error. Next: have it proved."
    assert second == (
        "Checked: 61 rules of 3 checks. References: 1,240 resolved, 1 missing, 9 undecided. "
        "Not judged: 3 places (REF-003 2, XDC-001 1)."
    )
    assert third == NOT_RUN
    assert "design-backend prove" in third


def test_checks_whose_rules_nobody_could_count_were_made_all_the_same():
    assert Verdict(request(), (), None, Checked(("structure",))).lines()[1] == "Checked: 1 check."
    assert Verdict(request("failed")).lines()[1] == "Checked: nothing."


def test_warnings_are_to_be_looked_at_and_change_nothing_else():
    assert verdict(request(), WARNING)[0].endswith("no rule finds an error. Look at 1 warning, then have it proved.")


def test_errors_are_told_by_document_and_rule():
    first, *_ = verdict(request("completed_with_findings"), ERROR, ERROR, replace(ERROR, deliverable="x.md"), WARNING)
    assert first == (
        "Mend before you build. All 5 documents were written. "
        "3 errors stand: 2 in integration-architecture.md (OAS-004), 1 in x.md (OAS-004)."
    )


def test_documents_that_could_not_be_held_against_each_other_are_no_good_verdict():
    failure = Failure("check-failed", "No answer.", "Run it again.")
    first, *_ = verdict(replace(request("completed_with_findings"), across=PackCheckResult(failure=failure)))
    assert first.endswith("The documents could not be held against each other.")


def test_what_is_not_there_is_named():
    call = next(call for call in request().run.calls if call.deliverable == "observability-plan.md")
    absent = replace(outcome(call), state="failed", file=None)
    first, *_ = verdict(request("partial", [absent]), ERROR)
    assert first.startswith("Not complete. 4 of 5 documents were written; there is no observability-plan.md. 1 error ")


def test_the_manifest_opens_with_the_verdict():
    lines = render_manifest(request(), Written({}, [LEFT], checked=CHECKED), catalogue()).splitlines()
    assert lines[:3] == ["# Orders: design manifest", "", f"- **Complete.** {lines[2].partition('** ')[2]}"]
    assert lines[3] == "- Checked: 61 rules of 3 checks. Not judged: 1 place (REF-003 1)."
    assert lines[4:6] == [f"- {NOT_RUN}", ""]


def test_a_manifest_of_a_run_that_goes_on_has_no_verdict_yet():
    lines = render_manifest(request("running"), Written({}), catalogue()).splitlines()
    assert lines[2:4] == ["- **Not ended.** The verdict comes with the last document.", ""]


def test_what_was_not_judged_has_a_heading_of_its_own_and_is_no_finding():
    manifest = render_manifest(request(), Written({}, [LEFT, LEFT], [LEFT]), catalogue())
    assert "## Findings" not in manifest
    assert "## Not judged" in manifest
    assert "| REF-003 | 2 |" in manifest
    assert "| REF-003 | test-specifications.md | 7 | Whence \\| it comes could not be told. |" in manifest
    assert "| passed |" in manifest
    assert "warning(s)" not in manifest


def test_a_pack_stays_completed_with_places_that_nobody_could_judge_and_not_with_an_error():
    material = Material({NAME: ARCHITECTURE}, PRD_TEXT, {}, [LEFT], [])
    composed = compose_pack(request(), material, catalogue())
    assert (composed.status, composed.verdict[0].partition(".")[0]) == ("completed", "Complete")
    assert "1 of 2 requirements designed (1 declined)" in composed.verdict[0]
    failing = compose_pack(request(), replace(material, findings=[ERROR]), catalogue())
    assert (failing.status, failing.verdict[0].partition(".")[0]) == (
        "completed_with_findings",
        "Mend before you build",
    )
    assert b"completed with findings" in failing.files["MANIFEST.md"]
