"""Proves that every sentence of the checker can be said: a small sound run, and one way after the other to break it.

Each sample names the check that must speak. In the end every line of `checker.py` and `model.py` that reports something
must have been reached by some sample, so that a check which nothing here can break is itself a failure.
"""

import ast
import copy
import inspect
import sys
from decimal import Decimal

import checker
import model
from checker import Case

PREFIX = "aprefixa"
AT = 1_000


def ref(sequence):
    return PREFIX + "a" * 8 + checker.LETTERS[sequence // 36] + checker.LETTERS[sequence % 36]


def share(account, quantity, rejection=None, limit=1_000_000):
    return {"account": account, "side": "buy", "allocated": quantity, "ordered": 0 if rejection else quantity,
            "limit": limit, "rejection": rejection, "slices": [] if rejection else [quantity], "held_until": None}


def admitted(run, key, first, legs, unallocated=0):
    return {"event": "runAdmitted", "run": run, "caller": "k1", "key": key, "instrument": 0, "group": "main",
            "is_gateway_closing": False,
            "requested": sum(leg["allocated"] for leg in legs) + unallocated, "unallocated": unallocated,
            "first_client_sequence": first, "legs": legs}


def answered(run, order, outcome, broker=None):
    return {"event": "orderAnswered", "run": run, "order": order, "outcome": outcome, "broker_order_id": broker,
            "error": None}


def reported(run, order, state, cumulative=None):
    return {"event": "orderReported", "run": run, "order": order,
            "report": {"state": state, "cumulative": cumulative, "broker_order_id": None}}


def executed(run, order, account, name, quantity, price=1_000_000):
    return {"event": "executed", "adapter": "crash", "account": account, "instrument": 0, "id": name, "kind": "new",
            "run": run, "order": order, "side": "buy", "quantity": quantity, "price": price}


def simple(event, run, order, **more):
    return {"event": event, "run": run, "order": order, **more}


def looked_up(run, order, outcome):
    return simple("orderLookedUp", run, order, outcome=outcome, broker_order_id=None)


def events():
    return [
        [{"event": "accountDefined", "id": name, "adapter": "crash"} for name in ("A1", "A2", "A3")]
        + [{"event": "instrumentDefined", "number": 0, "id": "MAIN", "tick": Decimal("0.01")}],
        [admitted(1, "one", 1, [share(0, 30), share(1, 20), share(2, 10, {"control": "maxPosition"})], unallocated=5)],
        [{"event": "ordersQueued", "run": 1, "orders": [0, 1]}, answered(1, 0, "accepted", "B1"),
         answered(1, 1, "accepted", "B2")],
        [executed(1, 0, 0, "X1", 10), executed(1, 0, 0, "X2", 20, 999_900), executed(1, 1, 1, "X3", 5)],
        [simple("replaceRequested", 1, 1, wanted={"client_sequence": 3, "quantity": 22, "limit": 990_000})],
        [simple("replaceAnswered", 1, 1, outcome="accepted", error=None)],
        [simple("cancelRequested", 1, 1, by="k1"), simple("cancelAnswered", 1, 1, outcome="accepted", error=None),
         reported(1, 1, "canceled", 5)],
        [admitted(2, "two", 4, [share(0, 7, limit=0), share(1, 8, limit=0), share(2, 9, limit=0)])],
        [{"event": "ordersQueued", "run": 2, "orders": [0, 1, 2]}, answered(2, 0, "rejected", "B3"),
         answered(2, 1, "unknown"), answered(2, 2, "unknown")],
        [looked_up(2, 1, "provenAbsent"), looked_up(2, 2, "found"), executed(2, 2, 2, "X4", 4), reported(2, 2, "canceled", 4)],
        [{"event": "squareOffStarted", "id": 1}, {"event": "squareOffEnded", "id": 1, "outcome": "done"}],
    ]


def at_broker(what, account, sequence, **more):
    return {"at": AT, "what": what, "account": account, "ref": ref(sequence), **more}


def ledger():
    sent = dict(symbol="MAIN", side="1", price="100.00", durable=True, sent=AT)
    market = {**sent, "price": "None"}
    return [
        at_broker("submit", "A1", 1, quantity="30", **sent),
        at_broker("accepted", "A1", 1, id="B1", quantity="30"),
        at_broker("submit", "A2", 2, quantity="20", **sent),
        at_broker("accepted", "A2", 2, id="B2", quantity="20"),
        at_broker("execution", "A1", 1, id="B1", execution="X1", side="1", symbol="MAIN", quantity="10", price="100"),
        at_broker("execution", "A1", 1, id="B1", execution="X2", side="1", symbol="MAIN", quantity="20", price="99.99"),
        at_broker("execution", "A2", 2, id="B2", execution="X3", side="1", symbol="MAIN", quantity="5", price="100"),
        at_broker("modified", "A2", 2, id="B2", new=ref(3), quantity="22", price="99.00"),
        at_broker("canceled", "A2", 3, id="B2", done="5"),
        at_broker("submit", "A1", 4, quantity="7", **market),
        at_broker("rejected", "A1", 4, id="B3"),
        at_broker("lost", "A2", 5, quantity="8", **market),
        at_broker("looked-up", "A2", 5, id="-", found=False),
        {**at_broker("looked-up", "A2", 5, id="-", found=False), "at": AT + 1},
        at_broker("submit", "A3", 6, quantity="9", **market),
        at_broker("accepted", "A3", 6, id="B4", quantity="9"),
        at_broker("execution", "A3", 6, id="B4", execution="X4", side="1", symbol="MAIN", quantity="4", price="100"),
        at_broker("canceled", "A3", 6, id="B4", done="4"),
    ]


def shown(run, number, account, status, allocated, ordered, done, sequence, average):
    slices = [] if sequence is None else [
        {"client_order_id": ref(sequence), "quantity": str(ordered), "cumulative_quantity": str(done)}]
    return {"leg_id": f"r{run}-{number}", "account_id": account, "status": status, "allocated_quantity": str(allocated),
            "ordered_quantity": str(ordered), "cumulative_quantity": str(done), "canceled_quantity": str(ordered - done),
            "overfilled_quantity": "0", "average_price": average, "slices": slices,
            "client_order_id": ref(sequence) if sequence is not None else None}


def sound():
    runs = [
        {"run_id": "r1", "status": "PARTIAL", "requested_quantity": "65", "allocated_quantity": "60",
         "unallocated_quantity": "5", "legs": [
             shown(1, 1, "A1", "FILLED", 30, 30, 30, 1, "99.993333"), shown(1, 2, "A2", "CANCELED", 20, 22, 5, 3, "100"),
             shown(1, 3, "A3", "REFUSED", 10, 0, 0, None, None)]},
        {"run_id": "r2", "status": "PARTIAL", "requested_quantity": "24", "allocated_quantity": "24",
         "unallocated_quantity": "0", "legs": [
             shown(2, 1, "A1", "REJECTED", 7, 7, 0, 4, None), shown(2, 2, "A2", "NOT_SENT", 8, 8, 0, 5, None),
             shown(2, 3, "A3", "CANCELED", 9, 9, 4, 6, "100")]},
    ]
    position = {"symbol": "MAIN", "open_buy_quantity": "0", "open_sell_quantity": "0"}
    trade = {"A1": [("X1", 1, 10, "100"), ("X2", 1, 20, "99.99")], "A2": [("X3", 1, 5, "100")], "A3": [("X4", 2, 4, "100")]}
    leg_of = {"X1": "r1-1", "X2": "r1-1", "X3": "r1-2", "X4": "r2-3"}
    first = {"r1-1": 1, "r1-2": 2, "r2-1": 4, "r2-2": 5, "r2-3": 6}

    def key(leg):
        run, number = leg[1:].split("-")
        return int(run) << 20 | int(number) - 1

    statuses = {leg["leg_id"]: leg["status"] for run in runs for leg in run["legs"]}
    orders = ("POST", "/api/execution-groups/main/orders?wait=done", {})
    repeat = {name: {"status": 200, "replayed": True, "answer": {"run_id": run["run_id"], "status": run["status"], "legs": []}}
              for name, run in zip(("one", "two"), runs)}
    answers = {
        "runs": runs,
        "positions": [{"account_id": account, "quantity": quantity, **position}
                      for account, quantity in (("A1", "30"), ("A2", "5"), ("A3", "4"))],
        "trades": {account: [{"execution_id": name, "order_id": leg_of[name], "quantity": str(quantity), "price": price}
                             for name, _, quantity, price in rows] for account, rows in trade.items()},
        "answers": {name: [[1, 200, copy.deepcopy(run), False], [2, 200, copy.deepcopy(run), True]]
                    for name, run in zip(("one", "two"), runs)} | {"refused": [[1, 422, None, False]]},
        "repeats": repeat | {"refused": {"status": 422, "replayed": False, "answer": None}},
        "others": {"one": {"status": 422}, "two": {"status": 422}},
        "requests": {"one": orders, "two": orders, "refused": orders}, "runs_after_repeats": 2,
        "halt": [AT, AT + 100]}
    tables = {
        "run": [{"run_number": 1}, {"run_number": 2}],
        "leg": [{"leg_key": key(leg), "client_order_id": ref(sequence), "status": statuses[leg]}
                for leg, sequence in first.items()],
        "execution": [{"account_id": account, "execution_id": name, "leg_key": key(leg_of[name]),
                       "last_quantity": str(quantity), "last_price": price}
                      for account, rows in trade.items() for name, _, quantity, price in rows],
        "idempotency": [{"caller": "admin", "key": "one"}, {"caller": "admin", "key": "two"}],
        "key_value": [{"account_id": "A1", "key": "accepted", "value": ref(1).encode()},
                      {"account_id": "A2", "key": "accepted", "value": ref(2).encode()}]}
    records = [{"sequence": number, "at": AT, "events": batch, "flaws": []} for number, batch in enumerate(events(), 1)]
    own = {"sound": True, "records": len(records), "runs": 2,
           "checks": [{"name": "invariants", "verdict": "ok", "note": "", "findings": []}]}
    return Case(character="lookup", records=records, tables=tables, ledger=ledger(), answers=answers, own=own)


# ---- ways to break it: (check that must speak, what is done to the case)

SAMPLES = []


def breaks(check):
    def add(function):
        SAMPLES.append((check, function))
        return function
    return add


def event(case, name, nth=0):
    return [event for record in case.records for event in record["events"] if event["event"] == name][nth]


def record_with(case, name, nth=0):
    wanted = event(case, name, nth)
    return next(record for record in case.records if any(event is wanted for event in record["events"]))


def append(case, *more):
    case.records[-1]["events"] += more


def row(case, what, nth=0):
    return [row for row in case.ledger if row["what"] == what][nth]


def leg(case, name):
    return next(leg for run in case.answers["runs"] for leg in run["legs"] if leg["leg_id"] == name)


def simple_breaks(check, *changes):
    for change in changes:
        SAMPLES.append((check, change))


simple_breaks(
    "V1",
    lambda case: event(case, "runAdmitted").update(requested=66),
    lambda case: leg(case, "r1-3").update(allocated_quantity="11"),
    lambda case: case.answers["runs"][0].update(unallocated_quantity="4"))
simple_breaks(
    "V2",
    lambda case: leg(case, "r1-2").update(canceled_quantity="16"),
    lambda case: leg(case, "r1-1").update(overfilled_quantity="1"),
    lambda case: event(case, "executed").update(quantity=-40),
    lambda case: event(case, "replaceRequested")["wanted"].update(quantity=-2))
simple_breaks(
    "V3",
    lambda case: event(case, "runAdmitted")["legs"][0].update(slices=[10, 19]),
    lambda case: leg(case, "r1-1")["slices"][0].update(quantity="29"))
simple_breaks(
    "V4",
    lambda case: case.answers["positions"][0].update(open_buy_quantity="1"),
    lambda case: case.own["checks"][0].update(findings=["V4: account A1 reserves nothing for its live orders"]))
simple_breaks(
    "V5",
    lambda case: case.answers["positions"][0].update(quantity="29"),
    lambda case: case.ledger.remove(row(case, "execution")),
    lambda case: append(case, {"event": "positionAdopted", "account": 0}),
    lambda case: append(case, {"event": "positionAdopted", "account": 7}))
simple_breaks(
    "V6",
    lambda case: leg(case, "r1-1").update(average_price="99.993"),
    lambda case: leg(case, "r1-1").update(average_price=None))
simple_breaks(
    "V7",
    lambda case: row(case, "submit").update(ref=ref(30)),
    lambda case: row(case, "submit").update(durable=False),
    lambda case: row(case, "submit").update(account="A2"),
    lambda case: row(case, "submit").update(side="2"),
    lambda case: row(case, "submit").update(quantity="31"),
    lambda case: row(case, "modified").update(price="98.00"),
    lambda case: row(case, "modified").update(new=ref(30)),
    lambda case: case.ledger.append(at_broker("lost", "A2", 30, modifies=ref(2), id="B2")),
    lambda case: append(case, simple("orderAdopted", 2, 0, broker_order_id="B9", executed_before=0)))
simple_breaks(
    "V8",
    lambda case: case.ledger.append(at_broker("accepted", "A1", 1, id="B9", quantity="30")),
    lambda case: case.ledger.insert(2, dict(row(case, "submit"))),
    lambda case: case.ledger.insert(
        case.ledger.index(row(case, "looked-up", 1)), {**row(case, "lost"), "what": "submit"}))


@breaks("V9")
def two_orders_of_one_id(case):
    event(case, "runAdmitted", 1)["first_client_sequence"] = 3


simple_breaks(
    "V9",
    lambda case: leg(case, "r1-1")["slices"][0].update(client_order_id=ref(30)),
    lambda case: case.tables["leg"][0].update(client_order_id=ref(30)),
    lambda case: row(case, "execution").update(account="A3"),
    lambda case: case.answers["answers"]["one"][0][2]["legs"][0].update(client_order_id=ref(30)))
simple_breaks(
    "V10",
    lambda case: case.answers["runs"][0].update(status="NEEDS_RECONCILE"),
    lambda case: record_with(case, "orderReported")["events"].pop(),
    lambda case: case.records[-1]["events"].pop())


@breaks("V11")
def left_without_evidence(case):
    looked = record_with(case, "orderLookedUp")
    looked["events"][0] = {"event": "ordersCanceledLocally", "run": 2, "orders": [1], "reason": "requested"}


@breaks("V11")
def called_absent_and_there(case):
    case.ledger.append(at_broker("accepted", "A2", 5, id="B9", quantity="8"))


@breaks("V11")
def resolved_by_nobody(case):
    record_with(case, "orderLookedUp")["events"][0] = simple("orderResolved", 2, 1, outcome="absent", by="", reason="x")


simple_breaks(
    "V11",
    lambda case: setattr(case, "character", "tag"),
    lambda case: case.ledger.remove(row(case, "looked-up")))


@breaks("V12")
def another_end(case):
    case.ledger.remove(row(case, "canceled", 1))


@breaks("V12")
def rejected_and_filled_there(case):
    row(case, "rejected").update(what="canceled")


@breaks("V12")
def never_there(case):
    case.ledger[:] = [line for line in case.ledger if line["ref"] != ref(4)]


@breaks("V12")
def filled_after_its_end_in_silence(case):
    record = record_with(case, "orderReported", 1)
    record["events"].reverse()
    record["events"][0]["report"]["cumulative"] = 0
    record["events"] = record["events"][-1:] + record["events"][2:0:-1] + record["events"][:1]
    record["events"] = [looked_up(2, 1, "provenAbsent"), looked_up(2, 2, "found"), reported(2, 2, "canceled", 0),
                        executed(2, 2, 2, "X4", 4)]


@breaks("V12")
def left_an_end(case):
    append(case, simple("replaceRequested", 1, 0, wanted={"client_sequence": 9, "quantity": 40, "limit": 1_000_000}))


simple_breaks(
    "V13",
    lambda case: event(case, "runAdmitted", 1).update(key="one"),
    lambda case: case.tables["idempotency"][1].update(key="one"),
    lambda case: case.answers["repeats"]["one"].update(status=404),
    lambda case: case.answers["repeats"]["one"]["answer"].update(run_id="r2"),
    lambda case: case.answers["repeats"]["one"].update(replayed=False),
    lambda case: case.answers["others"]["one"].update(status=200),
    lambda case: case.tables["idempotency"].pop(),
    lambda case: case.answers["repeats"]["one"]["answer"].update(status="DONE"),
    lambda case: case.answers.update(runs_after_repeats=3),
    lambda case: append(case, dict(event(case, "runAdmitted"))))
simple_breaks(
    "V14",
    lambda case: append(case, dict(event(case, "executed"))),
    lambda case: event(case, "executed").update(kind="bust"),
    lambda case: event(case, "executed").update(run=None),
    lambda case: event(case, "executed").update(order=1),
    lambda case: case.tables["execution"].pop(),
    lambda case: case.ledger.remove(row(case, "execution")),
    lambda case: case.answers["trades"]["A1"][0].update(price="99.98"))


simple_breaks(
    "V15",
    lambda case: record_with(case, "orderReported")["events"].insert(0, reported(1, 1, "rejected", 0)),
    lambda case: append(case, {"event": "ordersQueued", "run": 1, "orders": [0]}),
    lambda case: record_with(case, "ordersQueued")["events"].insert(
        0, {"event": "ordersCanceledLocally", "run": 1, "orders": [0], "reason": "requested"}),
    lambda case: append(case, simple("cancelRequested", 1, 0, by="k1")),
    lambda case: record_with(case, "replaceRequested")["events"].append(
        simple("replaceRequested", 1, 1, wanted={"client_sequence": 9, "quantity": 23, "limit": 990_000})),
    lambda case: event(case, "ordersQueued", 1)["orders"].remove(2))
simple_breaks(
    "V16",
    lambda case: case.records[3].update(flaws=["record 4 fails its checksum"]),
    lambda case: case.own["checks"][0].update(verdict="fail", note="something"),
    lambda case: case.own.update(sound=False),
    lambda case: case.own.update(records=7),
    lambda case: case.tables["leg"][0].update(status="WORKING"),
    lambda case: case.answers["runs"][0]["legs"].pop(0),
    lambda case: leg(case, "r1-2").update(cumulative_quantity="6"),
    lambda case: case.tables["run"].pop(),
    lambda case: case.tables["key_value"][0].update(value=ref(2).encode()),
    lambda case: case.answers["runs"][1]["legs"].pop(),
    lambda case: append(case, simple("gapClosed", 7, 0)))


simple_breaks(
    "V18",
    lambda case: row(case, "submit").update(sent=AT + 50),
    lambda case: event(case, "runAdmitted").update(key="halted"))


# ---- that no sentence is left out


def sentences(module):
    """Lines of a module that report something: each `yield` of a check, each call of `flaw`."""
    lines = set()
    for node in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(node, (ast.Yield, ast.YieldFrom)):
            lines.add(node.lineno)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "flaw":
            lines.add(node.lineno)
    return lines


def watch(reached):
    files = {checker.__file__, model.__file__}

    def trace(frame, kind, _):
        if frame.f_code.co_filename not in files:
            return None
        if kind == "line":
            reached.add((frame.f_code.co_filename, frame.f_lineno))
        return trace

    return trace


def main():
    failed = []
    clean = checker.judge(sound().prepare())
    failed += [f"the sound run is called wrong: {line}" for line in clean]
    reached = set()
    for number, (check, change) in enumerate(SAMPLES):
        case = sound()
        sys.settrace(watch(reached))
        try:
            change(case)
            found = checker.judge(case.prepare())
        finally:
            sys.settrace(None)
        if not any(line.startswith(f"{check} ") for line in found):
            failed.append(f"sample {number}, {change.__name__} at line {change.__code__.co_firstlineno}: {check} says nothing; "
                          f"said is {found[:2]}")
    checks = {check for check, _ in SAMPLES}
    failed += [f"{check} has no sample" for check in checker.CHECKS if check not in checks]
    count = 0
    for module in (checker, model):
        text = inspect.getsource(module).split("\n")
        for line in sorted(sentences(module)):
            count += 1
            if (module.__file__, line) not in reached and '"yield from' not in text[line - 1]:
                failed.append(f"{module.__name__}.py:{line} was never said: {text[line - 1].strip()[:90]}")
    for line in failed:
        print(f"checker self-test: {line}")
    print(f"checker self-test: {'failed' if failed else 'ok'}, {len(checks)} checks, {count} sentences, {len(SAMPLES)} samples")
    return 1 if failed else 0
