"""Findings as SARIF 2.1.0, which code scanning tools and Azure DevOps read. Pure.

What a rule could not judge is a result of the kind `open` (3.27.9: evaluated, and not decided for lack of information),
which by 3.27.10 has the level `none`; how many there are of each rule is a notification of the level `note`.
"""

from cli.check_folder import CheckedFolder, FolderFinding
from cli.records import Json
from shared import VERSION
from shared.checks import all_rules
from shared.contracts import Rule

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def as_sarif(checked: CheckedFolder) -> Json:
    """One SARIF log with one run; rules come from the rule table, places are files on disk."""
    rules = {rule.id: rule for rule in all_rules()}
    driver = {
        "name": "design-backend",
        "version": VERSION,
        "rules": [_rule(rule) for rule in rules.values()],
    }
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _notes(checked)}],
                "results": [
                    *(_result(each, level=each.finding.severity) for each in checked.findings),
                    *(_result(each, kind="open", level="none") for each in checked.not_judged),
                ],
            }
        ],
    }


def _notes(checked: CheckedFolder) -> list[Json]:
    """What was not judged, counted by rule."""
    return [
        {
            "level": "note",
            "message": {"text": f"{rule} could not judge {count} {'place' if count == 1 else 'places'}."},
            "associatedRule": {"id": rule},
        }
        for rule, count in checked.not_judged_by_rule.items()
    ]


def _rule(rule: Rule) -> Json:
    told: Json = {
        "id": rule.id,
        "shortDescription": {"text": rule.reason},
        "defaultConfiguration": {"level": "note" if rule.severity == "unjudged" else rule.severity},
    }
    if not rule.proves:
        return told
    left = f" Left unjudged: {rule.leaves}" if rule.leaves else ""
    return {**told, "help": {"text": f"{rule.proves}{left}"}}


def _result(each: FolderFinding, **kind_and_level: str) -> Json:
    finding = each.finding
    return {
        "ruleId": finding.rule,
        **kind_and_level,
        "message": {"text": f"{finding.message} {finding.mend}".strip()},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": each.file.as_posix()},
                    "region": {"startLine": max(1, finding.line)},
                }
            }
        ],
    }
