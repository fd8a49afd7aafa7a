"""One run: its options, plan, prices, accounts and status. Pure.

May use agents, prd, contracts and errors.
"""

from shared.runs.accounting import accounting_json, accounting_table
from shared.runs.base_view import base_in_words, base_json
from shared.runs.options import NAMES, Source, from_front_matter, from_metadata, resolve
from shared.runs.plan import Plan, make_plan, plan_of
from shared.runs.prices import CAP_REACHED, as_number, cost, price_of, priced_for, reached, read_prices, total
from shared.runs.status import ENDED, progress_of, status_of

__all__ = [
    "CAP_REACHED",
    "ENDED",
    "NAMES",
    "Plan",
    "Source",
    "accounting_json",
    "accounting_table",
    "as_number",
    "base_in_words",
    "base_json",
    "cost",
    "from_front_matter",
    "from_metadata",
    "make_plan",
    "plan_of",
    "price_of",
    "priced_for",
    "progress_of",
    "reached",
    "read_prices",
    "resolve",
    "status_of",
    "total",
]
