"""`python -m tests.fuzz SECONDS`; FUZZ_SEED repeats a run."""

import os
import random
import sys

from tests.fuzz import fuzz

if __name__ == "__main__":
    chosen = int(os.environ.get("FUZZ_SEED") or random.SystemRandom().randrange(2**32))
    print(f"FUZZ_SEED={chosen}", flush=True)
    report = fuzz(float(sys.argv[1]), chosen)
    print(f"inputs by reader: {report.taken}")
    for when, reach in (("from the seeds", report.start), ("at the end", report.end)):
        print(f"{when}: {reach.lines:,} lines, {reach.ways:,} ways of branches, {reach.kept:,} inputs kept")
