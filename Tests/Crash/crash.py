#!/usr/bin/env python3
"""The crash harness: kills the gateway at every fault point of every scenario and judges what is left.

    crash.py [--minutes N] [--jobs N] [--seed N]   goes on where the last call stopped; exit status 1 where something is
                                                   violated or a point is not covered
    crash.py --short                               a fixed few, for every change; covers no more than it runs
    crash.py --only PLAN                           one run by its name, SCENARIO/SEED/FAULT/FAULT; its files stay

Needs a debug build of the gateway (`swift build`): only that has fault points. Results stand in DIRECTORY/results.jsonl;
another build of the gateway begins anew. What failed keeps its files under DIRECTORY/failed.
"""

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter, defaultdict
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from pathlib import Path

import checker_self_test
import journal
import scenarios
from place import ROOT, adapter_library
from run import Plan, run
from scenarios import Scenario

LEAST_POINTS = 60
SHORT_SECONDS, SHORT_LEAST = 13, 4  # then no further run begins, if that many did; one takes three to six seconds
MOST_KEPT = 20
MOST_TRIES = 40  # to end a life at one point that no life has ended at
SHORT = [
    "proportional,new,best_effort,dedupes,drops,unwind/1/batch-encoded@9:kill/-",
    "weighted,cancel,best_effort,lookup,drops,leave/1/lane-submit-after@14:kill/-",
    "equal,modify,best_effort,lookup,reorders,none/1/lane-modify-after@2:kill/-",
    "fixed,square-off,best_effort,dedupes,duplicates,leave/1/square-off-durable@1:kill/-",
    "proportional,halt,clip,tag,clean,cancel_rest/1/batch-durable@14:kill/-",
    "risk_unit,new,all_or_none,lookup,reorders,none/1/admission-durable@2:kill/recovery-done@1:kill",
    "equal,cancel,quorum,tag,drops,unwind/1/cancel-emitted@1:kill/-",
    "percent_change,modify,clip,dedupes,drops,none/1/commit-head-noted@30:kill/-",
]


def targets(plan):
    return [fault.split("@")[0] for fault in plan.faults if "@" in fault]


# Points that a life passes only after a death at the right instant: that instant.
RARE = {
    "recovery-replace-open": "dispatch-modifies@1:kill",
    "modify-shown": "dispatch-modifies@1:kill",
    "start-snapshot-taken": "stop-state-noted@1:kill",
}


class Schedule:
    """What to run next, from what is known so far. The same results give the same next plan."""

    def __init__(self, points, seed):
        self.points, self.seed = points, seed
        self.scenarios = scenarios.all_scenarios()
        self.known = set()  # names of plans that were run or are under way
        self.under_way = Counter()  # points that a plan under way is to end at
        self.seen = defaultdict(list)  # point -> [(scenario, seed, faults before that life, passings)]
        self.killed = Counter()
        self.bases = {}  # (scenario, seed) -> passings of its first life

    def take(self, record):
        """One finished run, of this call or an earlier one."""
        plan = Plan.parse(record["plan"])
        self.known.add(record["plan"])
        self.under_way -= Counter(targets(plan))
        for life, (fault, ending) in enumerate(zip((*plan.faults, ""), record["endings"])):
            point = fault.split("@")[0]
            if ending in ("killed", "exited") and point in self.points:
                self.killed[point] += 1
            before = plan.faults[:life]
            if life < 2 and all(before):
                for name, count in record["passings"][life].items():
                    self.seen[name].append((plan.scenario, plan.seed, before, count))
        if not any(plan.faults):
            self.bases[plan.scenario, plan.seed] = record["passings"][0]

    def uncovered(self):
        return [point for point in self.points if not self.killed[point]]

    def draw(self, *words):
        return random.Random(" ".join(map(str, words)))

    def at(self, point, place, is_first=False):
        """A plan that ends a life at a point which was passed at a place: the first time, or any."""
        scenario, seed, before, count = place
        # How often a point is passed differs from run to run: the last quarter is left out, so that most plans are met.
        number = 1 if is_first else self.draw(point, scenario, seed).randint(1, max(1, count * 3 // 4))
        faults = (*before, f"{point}@{number}:kill")
        return Plan(scenario, seed, (*faults, "")[:2])

    def next(self):
        """The next plan; None where this seed has nothing left."""
        for plan in self.candidates():
            if plan.name not in self.known:
                self.known.add(plan.name)
                self.under_way.update(targets(plan))
                return plan
        return None

    def candidates(self):
        # Points that no run ended at, where some run passed them.
        for point in self.uncovered():
            if self.under_way[point] or sum(name.count(f"/{point}@") for name in self.known) >= MOST_TRIES:
                continue
            if point in RARE:
                for scenario in sorted(self.scenarios, key=lambda scenario: scenario.character != "tag"):
                    if scenario.action == "modify":
                        yield Plan(scenario, self.seed, (RARE[point], f"{point}@1:kill"))
            # After the fewest deaths, where it was passed most often; then elsewhere.
            for place in sorted(self.seen.get(point, []), key=lambda place: (len(place[2]), -place[3])):
                yield self.at(point, place)
                yield self.at(point, place, is_first=True)
        # Then what each scenario passes.
        for scenario in self.scenarios:
            yield Plan(scenario, self.seed)
        # Then every point of every scenario, each scenario's in an order of its own.
        rows = []
        for scenario in self.scenarios:
            passed = sorted(self.bases.get((scenario, self.seed), {}).items())
            self.draw("order", scenario, self.seed).shuffle(passed)
            rows.append([self.at(point, (scenario, self.seed, (), count)) for point, count in passed])
        for place in range(max(map(len, rows), default=0)):
            yield from (row[place] for row in rows if place < len(row))
        # Then two deaths, the second while the first is mended; and one at any passing at all, by standing still.
        for scenario in self.scenarios:
            passed = self.bases.get((scenario, self.seed), {})
            chance = self.draw("twice", scenario, self.seed)
            for _ in range(12 if passed else 0):
                first = chance.randint(1, sum(passed.values()))
                second = chance.choice(["recovery-done", "batch-durable", "commit-begun", "news-emitted", "batch-taken",
                                        "look-up-found", "start-serving", "session-changed"])
                yield Plan(scenario, self.seed, (f"{first}:kill", f"{second}@{chance.randint(1, 3)}:kill"))
            for action in ("stall", "exit"):
                if passed:
                    yield Plan(scenario, self.seed, (f"{chance.randint(1, sum(passed.values()))}:{action}", ""))


class Book:
    """Results of all calls for one build, and the files of what failed."""

    def __init__(self, directory, print_of_build, keeps_all=False):
        self.directory, self.path, self.keeps_all = directory, directory / "results.jsonl", keeps_all
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.records = []
        lines = self.path.read_text().split("\n")[:-1] if self.path.exists() else []
        if lines and json.loads(lines[0]) == {"build": print_of_build}:
            self.records = [json.loads(line) for line in lines[1:]]
        else:
            for folder in ("failed", "good"):
                shutil.rmtree(directory / folder, ignore_errors=True)
            self.path.write_text(json.dumps({"build": print_of_build}) + "\n")
        shutil.rmtree(directory / "runs", ignore_errors=True)

    def add(self, result, files):
        record = {"plan": result.plan.name, "seconds": round(result.seconds, 2), "endings": result.endings,
                  "reached": result.reached, "violations": result.violations[:20], "counts": result.counts,
                  "passings": [{name: count for name, count in life.items() if count} for life in result.passings]}
        self.records.append(record)
        with open(self.path, "a") as file:
            file.write(json.dumps(record) + "\n")
        if result.violations or self.keeps_all:
            kept = self.directory / ("failed" if result.violations else "good")
            kept.mkdir(exist_ok=True)
            if len(list(kept.iterdir())) < MOST_KEPT:
                files.rename(kept / files.name)
                record["files"] = str(kept / files.name)
        shutil.rmtree(files, ignore_errors=True)
        return record


def work(plan, files, binary, build, points):
    """In a process of the pool."""
    return run(plan, files, binary, build, points)


def drive(plans, book, options, points, deadline, least=0):
    """Runs plans side by side until there are none, or the time is over and `least` have begun. `plans` yields them one
    by one, and None where it has to wait for results."""
    number = len(book.records)
    failed = 0

    def goes_on():
        return time.monotonic() < deadline or number < least

    with ProcessPoolExecutor(options.jobs) as pool:
        under_way = {}
        while True:
            while len(under_way) < options.jobs and goes_on() and (plan := plans.next()):
                number += 1
                files = book.directory / "runs" / f"{number:05}"
                job = pool.submit(work, plan, files, options.binary, options.directory / "adapters", points)
                under_way[job] = (plan, files)
            if not under_way:
                return failed
            done, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for job in done:
                plan, files = under_way.pop(job)
                record = book.add(job.result(), files)
                plans.take(record)
                if record["violations"]:
                    failed += 1
                    print(f"FAILED {record['plan']}  {record.get('files', '')}", flush=True)
                    for line in record["violations"][:5]:
                        print(f"       {line}", flush=True)
                elif options.verbose:
                    print(f"ok     {record['plan']}  {record['seconds']} s  {record.get('files', '')}".rstrip(), flush=True)


class List:
    """A fixed list of plans."""

    def __init__(self, plans):
        self.plans = list(plans)

    def next(self):
        return self.plans.pop(0) if self.plans else None

    def take(self, record):
        pass


def summary(records, points, schedule, seconds):
    sums = Counter()
    for record in records:
        sums.update(record["counts"])
    endings = Counter(ending for record in records for ending in record["endings"])
    seeds = {record["plan"].split("/")[1] for record in records}
    of = {record["plan"].split("/")[0] for record in records}
    bad = [record for record in records if record["violations"]]
    print(f"crash: {len(records)} runs of {len(of)} scenarios, {len(seeds)} seeds, in {seconds:.0f} s; {sum(endings.values())} "
          f"lives, {endings['killed']} killed, {endings['exited']} ended in mid-work, {endings['stopped']} stopped; "
          f"{sum(not record['reached'] for record in records)} runs did not come to their fault")
    print(f"crash: {sums['runs']} parents, {sums['legs']} legs, {sums['sent']} orders sent, {sums['executions']} executions, "
          f"{sums['events']} journalled events judged by V1-V16 and V18")
    if schedule:
        times = sorted(schedule.killed[point] for point in points)
        print(f"crash: {len(points) - len(schedule.uncovered())} of {len(points)} fault points covered; the least often "
              f"{times[0]} times, the median {times[len(times) // 2]}")
    print(f"crash: {sums['lost_legs']} lost legs, {sums['duplicate_orders']} duplicate economic orders, "
          f"{sums['stuck_parents']} stuck parents; {len(bad)} runs failed")


def fault_points(binary):
    listed = subprocess.run([binary, "check", "--fault-points"], capture_output=True, text=True)
    if listed.returncode:
        sys.exit(f"crash: {listed.stderr.strip()}")
    points = listed.stdout.split()
    if len(points) < LEAST_POINTS or len(set(points)) != len(points):
        sys.exit(f"crash: the build lists {len(points)} fault points; {LEAST_POINTS} different ones are wanted")
    return points


def own_copy(options):
    """The gateway as it is now: a build that runs meanwhile does not change it. Its print names the build."""
    data = Path(options.binary).read_bytes()
    options.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = options.directory / "sluice"
    if not made.exists() or made.read_bytes() != data:
        partial = made.with_suffix(f".{os.getpid()}")
        partial.write_bytes(data)
        partial.chmod(0o700)
        partial.rename(made)
    sources = b"".join(path.read_bytes() for path in sorted((ROOT / "Tests/Crash").glob("**/*.[pc]*")) if path.is_file()
                       and "__pycache__" not in path.parts)
    options.binary = str(made)
    return hashlib.sha256(data + sources).hexdigest()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=ROOT / ".build/debug/sluice")
    parser.add_argument("--directory", type=Path, default=ROOT / ".build/crash")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--jobs", type=int, default=max(2, os.cpu_count() or 2))
    parser.add_argument("--seed", type=int, default=1, help="the first seed; the next ones follow when it has nothing left")
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--only", action="append", metavar="PLAN")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    try:
        named = List(Plan.parse(text) for text in options.only or SHORT)
    except ValueError as flaw:
        parser.error(f"--only: {flaw}")
    options.directory = options.directory.resolve()
    begun = time.monotonic()
    if not Path(options.binary).exists():
        sys.exit(f"crash: there is no {options.binary}; make it with: swift build")
    print_of_build = own_copy(options)
    points = fault_points(options.binary)
    for character in scenarios.FACTORS["character"]:
        adapter_library(character, options.directory / "adapters")
    if journal.self_test() or checker_self_test.main():
        return 1
    scenarios.self_test()

    if options.only or options.short:
        book = Book(options.directory / ("only" if options.only else "short"), f"{print_of_build} {time.time()}",
                    keeps_all=bool(options.only))
        deadline = begun + (SHORT_SECONDS if options.short else 3_600)
        failed = drive(named, book, options, points, deadline, SHORT_LEAST if options.short else 0)
        summary(book.records, points, None, time.monotonic() - begun)
        return 1 if failed else 0

    book = Book(options.directory, print_of_build)
    known = len(book.records)
    if known:
        print(f"crash: goes on after {known} runs of this build")
    deadline = begun + options.minutes * 60
    schedule = Schedule(points, options.seed)
    for record in book.records:
        schedule.take(record)
    while time.monotonic() < deadline:
        drive(schedule, book, options, points, deadline)
        if time.monotonic() < deadline:
            schedule.seed += 1
    summary(book.records, points, schedule, time.monotonic() - begun)
    missing = schedule.uncovered()
    if missing:
        print(f"crash: NOT COVERED: {' '.join(missing)}")
    return 1 if missing or any(record["violations"] for record in book.records) else 0


if __name__ == "__main__":
    sys.exit(main())
