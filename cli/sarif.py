"""Findings as SARIF 2.1.0, which code scanning tools and Azure DevOps read. Pure."""

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
        "runs": [{"tool": {"driver": driver}, "results": [_result(each) for each in checked.findings]}],
    }


def _rule(rule: Rule) -> Json:
    return {
        "id": rule.id,
        "shortDescription": {"text": rule.reason},
        "defaultConfiguration": {"level": "note" if rule.severity == "unjudged" else rule.severity},
    }


def _result(each: FolderFinding) -> Json:
    finding = each.finding
    return {
        "ruleId": finding.rule,
        "level": "note" if finding.severity == "unjudged" else finding.severity,
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
