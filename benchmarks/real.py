"""What the checks are worth on documents that a strong model wrote: `python -m benchmarks.real [PACK ...]`.

Prints precision of errors, recall of the defects that code can see, what was not judged, and seconds, for each pack and
each rule; `--list` names the errors that no label confirms and the defects that no finding tells.
"""

import sys
from collections import Counter
from time import process_time

from tests.real.corpus import KEPT_OUT, RealPack, load, packs


def main(arguments: list[str]) -> None:
    """Measure the named packs, or all."""
    named = [each for each in arguments if not each.startswith("-")]
    chosen = [load(name) for name in named] if named else list(packs())
    for is_kept in (False, True):
        group = [each for each in chosen if (each.name in KEPT_OUT) == is_kept]
        if group:
            print("kept out of sight" if is_kept else "in sight while rules were written")
            for pack in group:
                _print(pack, is_listed="--list" in arguments)
            _total(group)
    _print_rules(chosen)


def _print(pack: RealPack, *, is_listed: bool) -> None:
    began = process_time()
    errors = pack.errors
    seconds = process_time() - began
    true = sum(pack.is_true(each) for each in errors)
    code = [each for each in pack.defects if each.sees == "code"]
    told = sum(pack.is_found(each) for each in code)
    unjudged = Counter(each.rule for each in pack.findings if each.severity == "unjudged")
    print(
        f"  {pack.name}: {len(errors)} errors, {true} of them true ({_share(true, len(errors))}); "
        f"{told} of {len(code)} defects that code can see ({_share(told, len(code))}); "
        f"not judged {dict(unjudged)}; {seconds:.1f} s of CPU"
    )
    if is_listed:
        for each in errors:
            if not pack.is_true(each):
                print(f"    no label: {each.rule} {each.deliverable}:{each.line} {each.message[:200]}")
        for each in code:
            if not pack.is_found(each):
                print(f"    not told: {each.document}:{each.line} {each.kind[:170]} {each.words}")


def _total(group: list[RealPack]) -> None:
    errors = [(pack, each) for pack in group for each in pack.errors]
    code = [(pack, each) for pack in group for each in pack.defects if each.sees == "code"]
    true = sum(pack.is_true(each) for pack, each in errors)
    told = sum(pack.is_found(each) for pack, each in code)
    print(f"  together: precision {_share(true, len(errors))}, recall {_share(told, len(code))}")


def _print_rules(chosen: list[RealPack]) -> None:
    rules: dict[str, list[bool]] = {}
    for pack in chosen:
        for each in pack.errors:
            rules.setdefault(each.rule, []).append(pack.is_true(each))
    print("by rule: errors, true")
    for rule, verdicts in sorted(rules.items()):
        print(f"  {rule}: {len(verdicts)}, {sum(verdicts)}")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} %" if whole else "none"


if __name__ == "__main__":
    main(sys.argv[1:])
