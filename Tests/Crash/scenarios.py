"""What runs are about: every pair of two factors' values comes together in some scenario.

Every value of `action` meets every allocation policy, which takes 45 scenarios; the other pairs fit into those and a few
more. The list is the same on every machine.
"""

import itertools
import random
from dataclasses import dataclass

FACTORS = {
    "policy": ["proportional", "net_liquidation", "available_margin", "weighted", "equal", "equal_position", "fixed",
               "percent_change", "risk_unit"],
    "action": ["new", "modify", "cancel", "halt", "square-off"],
    "mode": ["best_effort", "all_or_none", "quorum", "clip"],
    "character": ["dedupes", "lookup", "tag"],
    "mischief": ["clean", "drops", "duplicates", "reorders"],
    # What the parent asks for when one account's order is rejected; `none` = no order is.
    "failure": ["none", "leave", "cancel_rest", "unwind"],
}


@dataclass(frozen=True)
class Scenario:
    policy: str
    action: str
    mode: str
    character: str
    mischief: str
    failure: str

    def __str__(self):
        return ",".join(getattr(self, name) for name in FACTORS)

    @staticmethod
    def parse(text):
        words = text.split(",")
        if len(words) != len(FACTORS):
            raise ValueError(f"'{text}' is no scenario: name {', '.join(FACTORS)}")
        for (name, values), word in zip(FACTORS.items(), words):
            if word not in values:
                raise ValueError(f"'{word}' is no {name}: one of {', '.join(values)}")
        return Scenario(*words)


def pairs(row):
    return set(itertools.combinations(row.items(), 2))


def pairwise(factors=FACTORS):
    """Rows that hold every pair, greedily: the two longest factors are crossed, each other value is the one that adds most."""
    names = list(factors)
    left = {pair for combination in itertools.combinations(names, 2)
            for pair in itertools.product(*([(name, value) for value in factors[name]] for name in combination))}
    order, rows = random.Random("pairwise"), []

    def complete(row):
        """Fills the row's open factors, in drawn order, each with the value of which most pairs are still missing."""
        open_names = [name for name in names if name not in row]
        order.shuffle(open_names)
        for name in open_names:
            values = list(factors[name])
            order.shuffle(values)
            row[name] = max(values, key=lambda value: len(pairs(in_order({**row, name: value})) & left))
        return in_order(row)

    def in_order(row):
        return {name: row[name] for name in names if name in row}

    seeds = [dict(zip(names[:2], values)) for values in itertools.product(*(factors[name] for name in names[:2]))]
    while left:
        seed = seeds.pop(0) if seeds else dict(min(left))
        row = max((complete(dict(seed)) for _ in range(8)), key=lambda row: len(pairs(row) & left))
        left -= pairs(row)
        rows.append(row)
    return rows


def all_scenarios():
    return [Scenario(**row) for row in pairwise()]


def self_test():
    rows = pairwise()
    seen = set().union(*(pairs(row) for row in rows))
    wanted = {pair for combination in itertools.combinations(FACTORS, 2)
              for pair in itertools.product(*([(name, value) for value in FACTORS[name]] for name in combination))}
    assert wanted <= seen, f"pairs are missing: {sorted(wanted - seen)[:3]}"
    assert rows == pairwise(), "the list differs from call to call"
    assert len(rows) <= 60, f"{len(rows)} scenarios are too many"
    assert all(Scenario.parse(str(scenario)) == scenario for scenario in all_scenarios())
    return len(rows)
