"""What the clients of a run want, each thing under its own idempotency key, and how they insist on it.

The list is a function of the scenario alone. After a death everything is asked for again from the beginning, under the
same keys: what was done is answered as it stands, what was not is done now.
"""

import time

from place import ACCOUNTS, SYMBOL, Failed, market_order

PASSING = {"RESERVED", "HELD", "SENT", "UNKNOWN", "PENDING_CANCEL", "PENDING_REPLACE"}
LIVE = PASSING | {"WORKING", "PARTIALLY_FILLED"}
# Refusals that end by themselves: the gateway or a session is starting, a request with the key is under way.
AGAIN = {409, 502, 503, 504}
# A run that is not at rest by then is stuck. Runs take five seconds; a machine with much else to do takes its time.
REST_SECONDS = 60


class Client:
    def __init__(self, site, scenario):
        self.site, self.scenario = site, scenario
        self.answers = {}  # key -> [(life, status, answer, replayed)]
        self.requests = {}  # key -> (method, path, body)
        self.constants = {}  # what the first answer decided, for every later life

    # ---- requests

    def ask(self, gateway, key, method, path, body=None):
        """Repeats a request until it has an answer that stays."""
        self.requests[key] = (method, path, body)
        end = time.monotonic() + 40
        while True:
            status, answer = gateway.send(method, path, body, key)
            if status not in AGAIN or time.monotonic() > end:
                self.answers.setdefault(key, []).append((gateway.number, status, answer, gateway.replayed))
                return status, answer
            time.sleep(0.02)

    def fan_out(self, gateway, key, group, body, wait):
        body = {**body, "tag": key, "deadline_ms": 20_000}
        return self.ask(gateway, key, "POST", f"/api/execution-groups/{group}/orders?wait={wait}&timeout_ms=1500", body)

    def parent(self, price):
        """A parent order by the scenario's policy; no price = at market."""
        policy = self.scenario.policy
        body = {"symbol": SYMBOL, "order_type": "LIMIT" if price else "MARKET", "product": "CASH",
                "mode": self.scenario.mode}
        if price:
            body["price"] = price
        if policy != "percent_change":
            body["side"] = "BUY"
        if policy == "percent_change":
            body["percent"] = "50"
        elif policy == "risk_unit":
            body["stop_distance"] = "2.50"
        elif policy != "fixed":
            body["quantity"] = "83"
        if self.scenario.mode == "quorum":
            body["min_legs"] = 3
        # What is to be modified must still be there then: its parent leaves the rest alone.
        is_to_stay = self.scenario.action == "modify" and price in ("60.00", "70.00")
        if self.scenario.failure not in ("none", "leave") and not is_to_stay:
            body["on_leg_failure"] = self.scenario.failure
        return body

    # ---- the story

    def work(self, gateway):
        """Everything, in order. Raises Died where the gateway ends in between."""
        self.fan_out(gateway, "base", "base", market_order(100, "base"), "done")
        _, resting = self.fan_out(gateway, "resting", "main", self.parent("60.00"), "acked")
        _, partly = self.fan_out(gateway, "partly", "main", self.parent("70.00"), "durable")
        _, filling = self.fan_out(gateway, "filling", "main", self.parent("100.00"), "durable")
        getattr(self, self.scenario.action.replace("-", "_"))(gateway, resting, partly, filling)

    def legs(self, run, limit):
        return [leg for leg in (run or {}).get("legs", []) if leg.get("client_order_id")][:limit]

    def new(self, gateway, resting, partly, filling):
        self.fan_out(gateway, "market", "main", self.parent(None), "done")

    def modify(self, gateway, resting, partly, filling):
        for leg in self.legs(resting, 4):
            # The body must be the same each time, and the leg changes by it.
            quantity = self.constants.setdefault(f"quantity of {leg['leg_id']}", str(int(leg["allocated_quantity"]) + 2))
            self.ask(gateway, f"modify-{leg['leg_id']}", "PATCH", f"/api/orders/{leg['leg_id']}",
                     {"quantity": quantity, "price": "61.00"})
        for leg in self.legs(partly, 2):
            self.ask(gateway, f"modify-{leg['leg_id']}", "PATCH", f"/api/orders/{leg['leg_id']}", {"price": "100.00"})

    def cancel(self, gateway, resting, partly, filling):
        if resting.get("run_id"):
            self.ask(gateway, "cancel-resting", "POST", f"/api/runs/{resting['run_id']}/cancel")
        for leg in self.legs(partly, 3):
            self.ask(gateway, f"cancel-{leg['leg_id']}", "DELETE", f"/api/orders/{leg['leg_id']}")

    def halt(self, gateway, resting, partly, filling):
        if "resumed" in self.constants:  # another life has done with it
            return
        self.state(gateway, "halt", {"cancel_working": True})
        self.constants.setdefault("halted", time.time_ns())
        self.fan_out(gateway, "halted", "main", self.parent("60.00"), "durable")
        # From the first halt's answer to here, over deaths in between, nothing of the group may be sent (V18).
        self.constants.setdefault("until", time.time_ns())
        self.state(gateway, "resume", {})
        self.constants["resumed"] = True

    def state(self, gateway, word, more):
        """A change of state has no key: asked for again, it is the same state."""
        status, answer = gateway.send("POST", f"/api/rms/{word}", {"scope": "group:main", "reason": "crash", **more})
        if status != 200:
            raise Failed(f"{word} was answered {status}: {answer}")

    def square_off(self, gateway, resting, partly, filling):
        status, answer = self.ask(gateway, "square-off", "POST", "/api/rms/square-off",
                                  {"scope": "group:main", "reason": "crash"})
        if status != 202:
            raise Failed(f"square-off was answered {status}: {answer}")

    # ---- the end

    def wind_up(self, gateway):
        """Cancels what rests, so that every parent can end; settles as a person what only a person can; waits for quiet."""
        end = time.monotonic() + REST_SECONDS
        last = "nothing was looked at"
        begun = time.monotonic()
        quiet_since = None
        while time.monotonic() < end:
            runs = gateway.items("/api/runs")
            legs = [(run, leg) for run in runs or [] for leg in run["legs"]]
            live = [(run, leg) for run, leg in legs if leg["status"] in LIVE]
            is_closing = self.is_squaring_off(gateway)
            if runs is not None and not is_closing:
                for run in runs:
                    if any(leg["status"] in LIVE for leg in run["legs"]):
                        self.ask(gateway, f"end-{run['run_id']}", "POST", f"/api/runs/{run['run_id']}/cancel")
            # The broker's desk has worked off what had come before it is asked.
            if self.scenario.character == "tag" and time.monotonic() - begun > 1 and self.site.broker_is_idle():
                for run, leg in live:
                    if leg["status"] == "UNKNOWN" and not self.site.has_order(leg["client_order_id"]):
                        self.ask(gateway, f"absent-{leg['leg_id']}", "POST", f"/api/orders/{leg['leg_id']}/resolve",
                                 {"outcome": "absent", "reason": "the broker's desk says that it has no such order"})
            is_complete = self.is_complete(gateway)
            last = (f"live legs {[(leg['leg_id'], leg['status']) for _, leg in live][:6]}" + ", a square-off" * is_closing
                    + ", executions that are not booked" * (not is_complete))
            if runs is not None and not live and not is_closing and is_complete and self.site.broker_is_idle():
                # What ends a leg may begin another (an unwind, a closing order): it must stay quiet for a while.
                quiet_since = quiet_since or time.monotonic()
                if time.monotonic() - quiet_since > 0.15:
                    return None
            else:
                quiet_since = None
            time.sleep(0.03)
        return last

    def is_squaring_off(self, gateway):
        if self.scenario.action != "square-off":
            return False
        # Blocked is one for now: it goes on when what blocks it is settled.
        rows = gateway.send("GET", "/api/rms/square-off")[1]["items"]
        return any(row["status"] not in ("DONE", "CANCELED") for row in rows)

    def is_complete(self, gateway):
        """Whether every execution of the broker's is booked."""
        wanted = self.site.executions()
        found = {}
        for account in wanted:
            status, answer = gateway.send("GET", f"/api/accounts/{account}/trades?limit=1000")
            found[account] = {row["execution_id"] for row in answer["items"]} if status == 200 else set()
        return all(wanted[account] <= found[account] for account in wanted)

    def collect(self, gateway):
        """Everything that the gateway says at the end, for the checker."""
        said = {"runs": gateway.items("/api/runs"), "positions": gateway.send("GET", "/api/positions")[1]["items"], "trades": {}}
        for account in ACCOUNTS:
            said["trades"][account] = gateway.send("GET", f"/api/accounts/{account}/trades?limit=1000")[1]["items"]
        said["status"] = gateway.send("GET", "/api/rms/status")[1]
        said["accounts"] = gateway.items("/api/accounts")
        # Each key once more, with its body and with another.
        said["repeats"], said["others"] = {}, {}
        for key, (method, path, body) in sorted(self.requests.items()):
            said["repeats"][key] = self.repeat(gateway, method, path, body, key)
            other = self.other(body)
            if other:
                said["others"][key] = self.repeat(gateway, method, path, other, key)
        said["answers"] = self.answers
        said["halt"] = [self.constants.get(name) for name in ("halted", "until")]
        said["requests"] = self.requests
        said["runs_after_repeats"] = len(gateway.items("/api/runs"))
        return said

    def repeat(self, gateway, method, path, body, key):
        status, answer = gateway.send(method, path, body, key)
        return {"status": status, "answer": answer, "replayed": gateway.replayed}

    def other(self, body):
        """The same request with one thing else; None where it has nothing to change."""
        if body is None:
            return None
        if "quantity" in body:
            return {**body, "quantity": str(int(body["quantity"]) + 1)}
        if "price" in body:
            return {**body, "price": "59.00"}
        if "reason" in body:
            return {**body, "reason": "another"}
        return {**body, "tag": "another"} if "tag" in body else None
