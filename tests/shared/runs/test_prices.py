"""What calls cost: exact arithmetic on dated prices, and "price unknown" rather than a guess."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from shared.contracts import Cap, Prices, Usage
from shared.runs.prices import DEFAULT, as_number, cost, in_words, price_of, priced_for, reached, read_prices, total

MILLION = 1_000_000
USED = Usage(
    calls=1,
    input_tokens=MILLION,
    cache_write_tokens=MILLION,
    cache_read_tokens=MILLION,
    output_tokens=MILLION,
    longest_prompt_tokens=3 * MILLION,
)


@pytest.mark.parametrize(
    ("model", "dollars"),
    [
        ("claude-sonnet-5-5", "14.60"),  # 2 + 2.50 + 0.10 + 10
        ("claude-opus-5-5", "29.20"),  # 4 + 5 + 0.20 + 20
        ("claude-fable-5-1", "72.75"),  # 10 + 12.50 + 0.25 + 50
        ("claude-opus-5", "36.75"),  # 5 + 6.25 + 0.50 + 25
        ("claude-haiku-4-5", "7.35"),  # 1 + 1.25 + 0.10 + 5
        ("claude-haiku-4-5-20251001", "7.35"),  # a dated snapshot of the same
    ],
)
def test_each_kind_of_token_has_its_own_price(model: str, dollars: str):
    assert cost(USED, model, DEFAULT) == Decimal(dollars)


def test_what_came_in_a_batch_costs_half_cached_or_not():
    batched = replace(USED, batched=USED)
    assert cost(batched, "claude-sonnet-5-5", DEFAULT) == Decimal("7.30")
    assert cost(batched + USED, "claude-sonnet-5-5", DEFAULT) == Decimal("21.90"), "and what was asked live the whole"


def test_a_model_that_is_not_in_the_table_has_no_price():
    assert cost(USED, "claude-fable-5-2", DEFAULT) is None
    assert cost(USED, "claude-sonnet-5-5-preview", DEFAULT) is None, "not even one whose name is similar"
    assert cost(Usage(reused=1), "claude-fable-5-2", DEFAULT) == 0, "nothing used costs nothing at any price"
    assert total([(USED, "claude-sonnet-5-5"), (USED, "claude-fable-5-2")], DEFAULT) is None
    assert (in_words(None), as_number(None)) == ("price unknown", None)


def test_a_long_prompt_costs_more_where_the_model_says_so():
    short = Usage(input_tokens=90_000, output_tokens=10_000, longest_prompt_tokens=90_000)
    long = Usage(input_tokens=110_000, output_tokens=10_000, longest_prompt_tokens=110_000)
    assert cost(short, "claude-haiku-5-5", DEFAULT) == Decimal("0.014")
    assert cost(long, "claude-haiku-5-5", DEFAULT) == Decimal("0.080")
    both = short + short
    assert cost(both, "claude-haiku-5-5", DEFAULT) == Decimal("0.028"), "two short prompts are no long one"


@pytest.mark.parametrize(
    ("dollars", "words"), [("0", "$0.00"), ("0.0123", "$0.0123"), ("0.624", "$0.62"), ("1234.5", "$1,234.50")]
)
def test_amounts_are_said_in_cents_or_finer(dollars: str, words: str):
    assert in_words(Decimal(dollars)) == words


def test_a_setting_replaces_and_extends_the_table():
    rows = {"claude-sonnet-5-5": {"input": 3, "output": 15}, "own": {"input": 1, "output": 2, "cache_read": 0}}
    prices = read_prices(json.dumps({"as_of": "2026-12-01", "models": rows}))
    assert prices.as_of == "2026-12-01"
    sonnet, own = price_of("claude-sonnet-5-5", prices), price_of("own", prices)
    assert sonnet and own
    assert (sonnet.input, sonnet.cache_write, sonnet.cache_read) == (3.0, 3.75, 0.3)
    assert (own.cache_write, own.cache_read) == (1.25, 0.0)
    assert price_of("claude-opus-5-5", prices) == price_of("claude-opus-5-5", DEFAULT)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("{", "it is not JSON"),
        ("[]", "it must be a JSON object"),
        ('{"models": {}}', "`as_of` must be the day"),
        ('{"as_of": "yesterday", "models": {}}', "`as_of` must be the day"),
        ('{"as_of": "2026-12-01"}', "`models` must be a JSON object"),
        ('{"as_of": "2026-12-01", "models": {"x": {"input": 1}}}', "`output` of x is missing"),
        ('{"as_of": "2026-12-01", "models": {"x": {"input": -1, "output": 1}}}', "`input` of x is no number"),
        ('{"as_of": "2026-12-01", "models": {"x": {"input": NaN, "output": 1}}}', "`input` of x is no number"),
        ('{"as_of": "2026-12-01", "models": {"x": {"input": 1, "output": 1, "out": 1}}}', "`out` of x is unknown"),
    ],
)
def test_a_setting_that_cannot_be_read_says_where(setting: str, said: str):
    with pytest.raises(ValueError, match=said):
        read_prices(setting)


def test_a_run_keeps_the_rows_that_it_needs():
    kept = priced_for(["claude-sonnet-5-5", "claude-sonnet-5-5", "claude-opus-5-5"], DEFAULT)
    assert [row.model for row in kept.models] == ["claude-sonnet-5-5", "claude-opus-5-5"]
    assert priced_for(["our-deployment"], DEFAULT) == DEFAULT, "a deployment's answers say which model it is"


SPENT = [(Usage(input_tokens=600_000), "claude-sonnet-5-5"), (Usage(output_tokens=400_000), "claude-sonnet-5-5")]


@pytest.mark.parametrize(
    ("cap", "said"),
    [
        (Cap(), None),
        (Cap(tokens=1_000_001), None),
        (Cap(tokens=1_000_000), "The run's cap of 1,000,000 tokens is reached: 1,000,000 were used."),
        (Cap(usd=5.21), None),
        (Cap(usd=5.20), "The run's cap of $5.20 is reached: $5.20 was spent."),
        (Cap(tokens=1, usd=0.01), "The run's cap of 1 tokens is reached: 1,000,000 were used."),
    ],
)
def test_a_cap_is_reached_when_that_much_is_spent(cap: Cap, said: str | None):
    assert reached(cap, SPENT, DEFAULT) == said


def test_money_that_cannot_be_reckoned_cannot_be_capped():
    spent = [*SPENT, (Usage(input_tokens=1), "claude-next")]
    said = "The run's cap of $99.00 cannot be kept: the price of claude-next is unknown."
    assert reached(Cap(usd=99.0), spent, DEFAULT) == said
    assert reached(Cap(tokens=2_000_000), spent, Prices()) is None, "tokens are counted all the same"
