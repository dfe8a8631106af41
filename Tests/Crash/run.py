"""One run: a scenario, a seed, and at most two faults, from an empty directory to the checker's verdict."""

import json
import subprocess
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from pathlib import Path

from client import REST_SECONDS, Client
from place import Died, Failed, Site
from scenarios import Scenario

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Plan:
    scenario: Scenario
    seed: int
    # `NAME@K:ACTION` or `N:ACTION` for the first and the second life; empty = none.
    faults: tuple = ("", "")

    @property
    def name(self):
        return f"{self.scenario}/{self.seed}/{self.faults[0] or '-'}/{self.faults[1] or '-'}"

    @staticmethod
    def parse(text):
        parts = text.split("/")
        if len(parts) != 4 or not parts[1].isdigit():
            raise ValueError(f"'{text}' is no run: SCENARIO/SEED/FAULT/FAULT, - for no fault")
        return Plan(Scenario.parse(parts[0]), int(parts[1]), tuple("" if part == "-" else part for part in parts[2:]))


@dataclass
class Result:
    plan: Plan
    seconds: float = 0
    # What is wrong; empty = the run is good.
    violations: list = field(default_factory=list)
    # By life: how it ended and how often each point was passed.
    endings: list = field(default_factory=list)
    passings: list = field(default_factory=list)
    counts: dict = field(default_factory=dict)

    @property
    def reached(self):
        """Whether each fault was met."""
        return all(not fault or ending in ("killed", "exited")
                   for fault, ending in zip(self.plan.faults, self.endings))


STALL_SECONDS = 5


def run(plan, directory, binary, build, points):
    """Never raises for what the gateway does: that is a violation of the run."""
    result, begun = Result(plan), time.monotonic()
    directory.mkdir(parents=True, mode=0o700)
    (directory / "plan.txt").write_text(plan.name + "\n")
    site, gateways = Site(directory, binary, build, plan.scenario, plan.seed), []
    client = Client(site, plan.scenario)
    try:
        site.start_broker()
        # The last life is always one without a fault.
        for fault in (*plan.faults, "") if plan.faults[1] else plan.faults:
            gateway = site.start(fault)
            gateways.append(gateway)
            result.endings.append(live(gateway, client, fault, directory, result))
            result.passings.append(site.passings(gateway.number, points))
            if result.violations:
                break
    except Failed as failure:
        result.violations.append(f"RUN {failure}")
    except Exception:  # of the harness: the run counts as failed and says where
        result.violations.append(f"RUN {traceback.format_exc()}")
    finally:
        for gateway in gateways:
            gateway.kill()
        site.end()
    if not result.violations:
        check(result, directory, binary)
    elif any(line.startswith("V10 ") for line in result.violations):
        result.counts = {"stuck_parents": 1}  # at least; without rest there is nothing to judge
    result.seconds = time.monotonic() - begun
    return result


def live(gateway, client, fault, directory, result):
    """One life: everything is asked for, then quiet is waited for, then it is stopped. How it ended."""
    if fault.endswith(":stall"):  # what stands still is killed in the end
        timer = threading.Timer(STALL_SECONDS, gateway.process.kill)
        timer.daemon = True
        timer.start()
    try:
        gateway.become_ready()
        client.work(gateway)
        left = client.wind_up(gateway)
        if left:
            result.violations.append(f"V10 the run does not come to rest in {REST_SECONDS} s: {left}")
            return "alive"
        if fault == "":
            (directory / "answers.json").write_text(json.dumps(client.collect(gateway), indent=1))
        status = gateway.stop()
    except Died:
        status = gateway.wait(5)
    endings = {0: "stopped", -9: "killed", 75: "exited"}
    if status not in endings or (status != 0 and fault == ""):
        raise Failed(f"life {gateway.number} ended with status {status}, fault '{fault}'")
    return endings[status]


def check(result, directory, binary):
    """The gateway's own check of its directory, then the independent one."""
    own = subprocess.run([binary, "check", "--json", str(directory / "data")], capture_output=True, text=True,
                         cwd=directory, timeout=120)
    (directory / "check.json").write_text(own.stdout)
    checked = subprocess.run([sys.executable, str(HERE / "checker.py"), str(directory)], capture_output=True, text=True,
                             timeout=120)
    try:
        verdict = json.loads(checked.stdout)
    except ValueError:
        result.violations.append(f"RUN the checker failed: {checked.stderr.strip()[-800:]}")
        return
    result.counts = verdict["counts"]
    result.violations += verdict["violations"]
