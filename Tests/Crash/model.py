"""What the journal makes of each order, computed anew from its events (the second author of RELIABILITY.md §6, 3).

It knows Host/Engine/Coding/README.md and the state graph of RELIABILITY.md §2, and none of the gateway's code. Quantities
are steps and prices points, as in the journal.
"""

ENDED = {"filled", "canceled", "rejected", "notSent", "canceledLocally", "expired"}

# V15: what may follow what. A cancel or a modify may be asked of whatever was handed over, and news come in any order;
# nothing goes back before its hand-over, and an end that a broker told is left only for a stronger one (V12).
LATER = {"working", "pendingCancel", "pendingReplace", "partiallyFilled"}
GRAPH = {
    "reserved": {"sent", "unknown"} | LATER | ENDED,
    "held": {"reserved", "sent", "unknown"} | LATER | ENDED,
    "sent": {"unknown"} | LATER | ENDED,
    "unknown": LATER | ENDED,
    "working": (LATER | ENDED) - {"notSent", "canceledLocally"},
    "partiallyFilled": (LATER | ENDED) - {"notSent", "canceledLocally", "rejected"},
    # A cancel was asked of it before its own answer came: it may still turn out to be anything.
    "pendingCancel": {"sent", "unknown"} | LATER | ENDED,
    "pendingReplace": (LATER | ENDED) - {"notSent", "canceledLocally"},
    # Claims of our own that nothing left; a sign of life refutes them.
    "notSent": LATER | ENDED,
    "canceledLocally": LATER | ENDED,
    "rejected": {"expired", "canceled", "filled"},
    "expired": {"canceled", "filled"},
    "canceled": {"filled"},
    "filled": set(),
}
RANK = {"notSent": 1, "canceledLocally": 2, "rejected": 3, "expired": 4, "canceled": 5, "filled": 6}
# After these a cancel is not wanted any more; what was throttled, lost or not found is asked for again.
REFUSALS_FOR_GOOD = {"alreadyFinal", "unsupported", "invalid", "forbidden"}


class Order:
    def __init__(self, run, number, leg, account, side, sequence, quantity, limit, is_held):
        self.run, self.number, self.leg, self.account, self.side = run, number, leg, account, side
        self.sequences, self.quantity, self.limit = [sequence], quantity, limit
        self.first_quantity, self.first_limit = quantity, limit
        self.wanted = []  # every modify that was asked for: {client_sequence, quantity, limit}
        self.broker_order_id = None
        self.executed, self.value, self.executions = 0, 0, []
        self.is_held, self.is_handed_over, self.is_acknowledged, self.is_unknown = is_held, False, False, False
        self.is_cancel_wanted, self.open_modify, self.is_gap_closed = False, None, False
        # It was recorded as handed over; an execution came after its end.
        self.is_queued, self.is_late = False, False
        # A restart found it without an answer.
        self.is_recovered = False
        self.end, self.hint = None, 0
        self.path = [self.status()]

    @property
    def place(self):
        return f"r{self.run}#{self.number}"

    @property
    def cumulative(self):
        return min(max(0, self.executed), self.quantity)

    @property
    def is_ended(self):
        return self.status() in ENDED

    @property
    def canceled(self):
        return self.quantity - self.cumulative if self.is_ended else 0

    def status(self):
        refuted = self.is_acknowledged and self.end in ("notSent", "canceledLocally")
        ended = self.end is not None and not refuted and (self.is_gap_closed or self.hint <= self.cumulative)
        may_grow = self.open_modify and self.open_modify["quantity"] > self.cumulative and not ended
        if self.cumulative >= self.quantity and not may_grow:
            return "filled"
        if ended:
            return "canceled" if self.end == "filled" else self.end
        if self.is_unknown:
            return "unknown"
        if self.is_cancel_wanted:
            return "pendingCancel"
        if self.open_modify:
            return "pendingReplace"
        if self.cumulative:
            return "partiallyFilled"
        if self.is_acknowledged or self.end:
            return "working"
        if self.is_handed_over:
            return "sent"
        return "held" if self.is_held else "reserved"

    def finish(self, end, hint=0):
        self.is_unknown = False
        self.end = end if self.end is None or RANK[end] > RANK[self.end] else self.end
        self.hint = max(self.hint, hint)

    def lose(self):
        """No word of the outcome: unknown, unless there is a sign of life or of an end."""
        self.is_unknown = not self.is_acknowledged and not self.executed and self.end is None

    def live(self):
        self.is_acknowledged, self.is_unknown = True, False

    def take_over(self, wanted):
        self.open_modify = None
        self.sequences.append(wanted["client_sequence"])
        self.quantity, self.limit = wanted["quantity"], wanted["limit"]

    def settle(self):
        """More is executed than was ordered while a modify to more is open: the broker has taken it."""
        if self.open_modify and self.quantity < self.executed <= self.open_modify["quantity"]:
            self.take_over(self.open_modify)


class Model:
    """Every run and order of a journal. `flaws`: (check, sentence) for what the events themselves break."""

    def __init__(self, records):
        self.accounts, self.account_numbers, self.adapters = [], {}, {}
        self.instruments, self.runs, self.orders = {}, {}, {}
        self.executions, self.adopted, self.squares = {}, [], {}
        self.accepted = {}  # account -> client sequence of the order whose acceptance was recorded last
        self.flaws = []
        self.events = 0
        for record in records:
            for event in record["events"]:
                self.events += 1
                self.take(event, record["sequence"])

    def flaw(self, check, sentence):
        self.flaws.append((check, sentence))

    def account(self, number):
        return self.accounts[number] if 0 <= number < len(self.accounts) else f"account {number}"

    def take(self, event, sequence):
        kind = event["event"]
        if kind == "accountDefined" and event["id"] not in self.account_numbers:
            self.account_numbers[event["id"]] = len(self.accounts)
            self.accounts.append(event["id"])
            self.adapters[event["id"]] = event["adapter"]
        elif kind == "instrumentDefined":
            self.instruments[event["number"]] = event
        elif kind == "runAdmitted":
            self.admit(event, sequence)
        elif kind == "squareOffStarted":
            self.squares[event["id"]] = None
        elif kind == "squareOffEnded":
            self.squares[event["id"]] = event["outcome"]
        elif kind == "orderAdopted":
            self.flaw("V7", f"r{event['run']} was taken for an order of somebody else, and nobody else trades")
        elif kind == "positionAdopted":
            self.flaw("V5", f"a position of {self.account(event['account'])} was adopted, and nobody else trades")
        elif kind == "executed":
            self.execute(event)
        elif "run" in event:
            for number in event.get("orders", [event.get("order")]):
                order = self.orders.get((event["run"], number))
                if order is None:
                    self.flaw("V16", f"record {sequence}: {kind} of r{event['run']}#{number}, which was not admitted")
                    continue
                self.step(order, kind, event, sequence)

    def admit(self, event, sequence):
        if event["run"] in self.runs:
            return self.flaw("V13", f"r{event['run']} was admitted twice")
        self.runs[event["run"]] = {**event, "record": sequence, "orders": []}
        number, client = 0, event["first_client_sequence"]
        for leg, share in enumerate(event["legs"]):
            for quantity in share["slices"]:
                order = Order(event["run"], number, leg, self.account(share["account"]), share["side"], client, quantity,
                              share["limit"], share["held_until"] is not None)
                self.orders[event["run"], number] = order
                self.runs[event["run"]]["orders"].append(order)
                number, client = number + 1, client + 1

    def execute(self, event):
        account = self.account(event["account"])
        key = (event["adapter"], account, event["id"])
        if key in self.executions:
            return self.flaw("V14", f"execution {event['id']} of {account} was booked twice")
        self.executions[key] = event
        if event["kind"] != "new":
            self.flaw("V14", f"execution {event['id']} of {account} is a {event['kind']}; the broker makes none")
        order = self.orders.get((event["run"], event["order"])) if event["run"] is not None else None
        if order is None:
            return self.flaw("V14", f"execution {event['id']} of {account} belongs to no order")
        if order.account != account or order.side != event["side"]:
            self.flaw("V14", f"execution {event['id']} of {account} was booked on {order.place} of {order.account}")
        self.step(order, "executed", event, None)

    def step(self, order, kind, event, sequence):
        before = order.status()
        if kind == "ordersQueued":
            if order.is_queued:
                self.flaw("V15", f"{order.place} was handed over twice")
            if before == "canceledLocally":
                self.flaw("V15", f"{order.place} was handed over after it was withdrawn")
            order.is_queued = True
        if kind in ("cancelRequested", "replaceRequested") and before in ENDED:
            self.flaw("V15", f"{kind} of {order.place}, which was {before}")
        if kind == "replaceRequested" and order.open_modify:
            self.flaw("V15", f"{order.place} was to be modified while another modify was open")
        was_unknown = order.is_unknown
        is_evidence = self.apply(order, kind, event)
        after = order.status()
        if was_unknown and after != "unknown" and not is_evidence:
            self.flaw("V11", f"{order.place} stopped being unknown by {kind}, which is no evidence")
        if after != before:
            order.path.append(after)
            if after not in GRAPH[before]:
                self.flaw("V12" if before in ENDED else "V15", f"{order.place} went from {before} to {after} by {kind}")
        if order.executed < 0 or order.quantity <= 0:
            self.flaw("V2", f"{order.place} has {order.executed} of {order.quantity} executed after {kind}")

    def apply(self, order, kind, event):
        """True where the event is evidence of what became of the order."""
        if kind == "ordersQueued":
            order.is_handed_over = True
        elif kind == "ordersReleased":
            order.is_held = False
        elif kind == "orderAnswered":
            order.is_handed_over = True
            order.broker_order_id = event["broker_order_id"] or order.broker_order_id
            outcome = event["outcome"]
            if outcome == "accepted":
                order.live()
                self.accepted[order.account] = order.sequences[0]
            elif outcome == "unknown":
                order.is_recovered |= "restarted" in ((event["error"] or {}).get("text") or "")
                order.lose()
            else:
                order.finish(outcome)
            return outcome != "unknown"
        elif kind == "orderReported":
            order.is_handed_over = True
            report = event["report"]
            order.broker_order_id = report["broker_order_id"] or order.broker_order_id
            state, cumulative = report["state"], report["cumulative"] or 0
            if state == "filled":
                order.finish("filled", max(cumulative, order.quantity))
            elif state in ("canceled", "rejected", "expired"):
                order.finish(state, cumulative)
            elif state != "other":
                order.live()
            return True
        elif kind == "executed":
            order.is_handed_over = True
            order.live()
            if order.end is not None and order.status() in ENDED:
                order.is_late = True
            order.executed += event["quantity"]
            order.value += event["quantity"] * event["price"]
            order.executions.append(event["id"])
            order.settle()
            return True
        elif kind == "cancelRequested":
            order.is_cancel_wanted = True
        elif kind == "cancelAnswered":
            error = (event["error"] or {}).get("code")
            if event["outcome"] in ("rejected", "notSent") and error in REFUSALS_FOR_GOOD:
                order.is_cancel_wanted = False
        elif kind == "replaceRequested":
            order.open_modify = event["wanted"]
            order.wanted.append(event["wanted"])
        elif kind == "replaceAnswered" and order.open_modify:
            if event["outcome"] == "accepted":
                order.take_over(order.open_modify)
                order.settle()
            elif event["outcome"] != "unknown":
                order.open_modify = None
        elif kind == "termsFound":
            if order.open_modify and (order.open_modify["quantity"], order.open_modify["limit"]) == (
                    event["quantity"], event["limit"]):
                order.sequences.append(order.open_modify["client_sequence"])
            order.open_modify = None
            order.quantity, order.limit = event["quantity"], event["limit"]
            order.settle()
        elif kind == "ordersCanceledLocally":
            if not order.is_acknowledged and not order.executed:
                order.finish("canceledLocally")
        elif kind == "orderLookedUp":
            if event["outcome"] == "found":
                order.live()
            elif event["outcome"] == "provenAbsent":
                if not order.is_acknowledged and not order.executed:
                    order.finish("notSent")
            else:
                order.lose()
            return True
        elif kind == "gapClosed":
            order.is_gap_closed = True
        elif kind == "orderResolved":
            if not event["by"] or not event["reason"]:
                self.flaw("V11", f"{order.place} was resolved without a person or a reason")
            outcome = event["outcome"]
            if outcome == "released":
                order.is_held = False
            elif outcome == "dropped":
                order.finish("canceledLocally")
            elif outcome == "absent":
                order.finish("canceled" if order.is_acknowledged or order.executed else "notSent")
            else:
                order.finish("rejected" if outcome == "rejected" else "canceled")
            return True
        return False
