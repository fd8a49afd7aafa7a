"""What intake refuses before anything is claimed or paid."""

import pytest

from shared.errors import BadInput
from shared.settings.environment import Settings
from triggers.intake import read_request

STORAGE = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"}
PRD = b"# Orders\n\n- A customer must be able to order.\n"


def test_economy_mode_is_refused_where_claude_has_no_batches():
    foundry = Settings.read(STORAGE | {"FOUNDRY_RESOURCE": "our-claude"})
    with pytest.raises(BadInput) as refused:
        read_request("orders.md", PRD, {"economy": "true"}, "the query", foundry)
    assert refused.value.code == "no-economy"
    assert "Foundry" in refused.value.detail
    assert refused.value.mend
    assert read_request("orders.md", PRD, {}, "the query", foundry).options.economy is False


def test_a_request_without_economy_keeps_the_identity_that_it_always_had():
    settings = Settings.read(STORAGE | {"ANTHROPIC_API_KEY": "test"})
    plain = read_request("orders.md", PRD, {"stack": "python"}, "the query", settings)
    economy = read_request("orders.md", PRD, {"stack": "python", "economy": True}, "the body", settings)
    assert plain.identity.endswith('"python", null, null]')
    assert economy.identity != plain.identity
