#!/usr/bin/env python3
"""Judges one run of the crash harness by V1 to V16 and V18 of RELIABILITY.md §2, from what is left of it.

    checker.py DIRECTORY      prints {"counts": ..., "violations": [...]}; exit status 1 where something is violated
    checker.py --self-test    breaks a sound run in one way after the other, and fails where a check does not see it

It reads the journal and the tables of `data/sluice.db`, the broker's `ledger.jsonl`, what the gateway answered
(`answers.json`) and what `sluice check` found (`check.json`), and shares no code with the gateway. The run has come to
rest: every order ended, every parent is explained.
"""

import json
import sqlite3
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import journal
from model import ENDED, Model

PARENT_ENDS = {"DONE", "PARTIAL", "REFUSED", "CANCELED"}
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
SIDES = {"buy": "1", "sell": "2"}


@dataclass
class Case:
    """Everything that a run left."""
    character: str
    records: list
    # Rows as dictionaries by table: run, leg, execution, idempotency, key_value.
    tables: dict
    ledger: list
    answers: dict
    own: dict
    model: Model = None
    # Client reference -> rows of the ledger about it, in order.
    by_ref: dict = field(default_factory=lambda: defaultdict(list))

    def prepare(self):
        self.model = Model(self.records)
        self.by_ref.clear()
        for row in self.ledger:
            for name in ("ref", "new"):
                if row.get(name):
                    self.by_ref[row[name]].append(row)
        legs = self.tables["leg"]
        self.prefix = legs[0]["client_order_id"][:8] if legs else ""
        return self

    def ref(self, sequence):
        """A client order id: the directory's prefix and the sequence in base 36."""
        text = ""
        for _ in range(10):
            sequence, digit = divmod(sequence, 36)
            text = LETTERS[digit] + text
        return self.prefix + text

    def refs(self, order):
        """Every id that an order had or may have had at its broker."""
        modified = [wanted["client_sequence"] for wanted in order.wanted]
        return [self.ref(number) for number in dict.fromkeys(order.sequences + modified)]

    def price(self, points, instrument):
        tick = self.model.instruments[instrument]["tick"].normalize().as_tuple().exponent
        return Decimal(points).scaleb(min(tick, 0) - 2)

    def api_legs(self):
        for run in self.answers["runs"]:
            for number, leg in enumerate(run["legs"]):
                yield run, number, leg


def load(directory):
    connection = sqlite3.connect(f"file:{directory}/data/sluice.db?mode=ro", uri=True)
    connection.row_factory = sqlite3.Row
    try:
        tables = {name: [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]
                  for name in ("run", "leg", "execution", "idempotency", "key_value", "run_journal")}
    finally:
        connection.close()
    lines = (directory / "ledger.jsonl").read_text().split("\n")[:-1]
    return Case(character=(directory / "plan.txt").read_text().split(",")[3],
                records=list(journal.records(f"{directory}/data/sluice.db")), tables=tables,
                ledger=[json.loads(line) for line in lines],
                answers=json.loads((directory / "answers.json").read_text()),
                own=json.loads((directory / "check.json").read_text())).prepare()


# ---- what was asked for and what was allocated


def v1(case):
    for number, run in case.model.runs.items():
        allocated = sum(leg["allocated"] for leg in run["legs"])
        if allocated != run["requested"] - run["unallocated"]:
            yield f"r{number} allocates {allocated} of {run['requested']}, {run['unallocated']} of them left over"
    for run in case.answers["runs"]:
        allocated = sum(Decimal(leg["allocated_quantity"]) for leg in run["legs"])
        if allocated != Decimal(run["allocated_quantity"]):
            yield f"{run['run_id']} shows {run['allocated_quantity']} allocated and legs of {allocated}"
        if Decimal(run["allocated_quantity"]) != Decimal(run["requested_quantity"]) - Decimal(run["unallocated_quantity"]):
            yield f"{run['run_id']} shows quantities that do not add up"


def v2(case):
    for order in case.model.orders.values():
        parts = order.cumulative, order.canceled, 0 if order.is_ended else order.quantity - order.cumulative
        if min(parts) < 0 or sum(parts) != order.quantity:
            yield f"{order.place} has {parts} filled, canceled and live of {order.quantity}"
    for _, _, leg in case.api_legs():
        filled, canceled, ordered = (
            Decimal(leg[name]) for name in ("cumulative_quantity", "canceled_quantity", "ordered_quantity"))
        if min(filled, canceled, ordered) < 0 or filled + canceled != ordered:
            yield f"{leg['leg_id']} shows {filled} filled and {canceled} canceled of {ordered}"
        if Decimal(leg["overfilled_quantity"]):
            yield f"{leg['leg_id']} shows an overfill of {leg['overfilled_quantity']}; the broker makes none"


def v3(case):
    for number, run in case.model.runs.items():
        for place, leg in enumerate(run["legs"], 1):
            if sum(leg["slices"]) != leg["ordered"]:
                yield f"r{number}-{place} orders {leg['ordered']} in slices of {leg['slices']}"
    for _, _, leg in case.api_legs():
        for whole, part in (("ordered_quantity", "quantity"), ("cumulative_quantity", "cumulative_quantity")):
            if sum(Decimal(piece[part]) for piece in leg["slices"]) != Decimal(leg[whole]):
                yield f"{leg['leg_id']} shows {whole} {leg[whole]}, its slices another sum"


def v4(case):
    """At rest nothing is reserved; in between the replay of `sluice check` adds up reservations and live orders."""
    for row in case.answers["positions"]:
        for name in ("open_buy_quantity", "open_sell_quantity"):
            if Decimal(row[name]):
                yield f"{row['account_id']} reserves {name} {row[name]} of {row['symbol']} without a live order"
    for check in case.own["checks"]:
        yield from (f"sluice check: {finding}" for finding in check["findings"] if "V4" in finding)


def v5(case):
    """Three books of one position: the broker's executions, the journal's, and what the gateway shows."""
    sums = {name: defaultdict(Decimal) for name in ("broker", "journal", "api")}
    for row in case.ledger:
        if row["what"] == "execution":
            sums["broker"][row["account"], row["symbol"]] += Decimal(row["quantity"]) * (1 if row["side"] == "1" else -1)
    for (_, account, _), row in case.model.executions.items():
        symbol = case.model.instruments[row["instrument"]]["id"]
        sums["journal"][account, symbol] += row["quantity"] * (1 if row["side"] == "buy" else -1)
    for row in case.answers["positions"]:
        sums["api"][row["account_id"], row["symbol"]] += Decimal(row["quantity"])
    for key in sorted(set().union(*sums.values())):
        found = {name: book[key] for name, book in sums.items()}
        if len(set(found.values())) > 1:
            yield f"{' '.join(key)}: {', '.join(f'{name} {value}' for name, value in found.items())}"


def v6(case):
    half = Decimal("0.0000005")
    for run, number, leg in case.api_legs():
        orders = [order for order in case.model.runs[int(run["run_id"][1:])]["orders"] if order.leg == number]
        quantity, value = sum(order.executed for order in orders), sum(order.value for order in orders)
        if (leg["average_price"] is None) != (quantity == 0):
            yield f"{leg['leg_id']} shows the average price {leg['average_price']} for {quantity}"
        elif quantity:
            exact = case.price(value, case.model.runs[int(run["run_id"][1:])]["instrument"])
            if abs(Decimal(leg["average_price"]) * quantity - exact) > half * quantity:
                yield f"{leg['leg_id']}: {quantity} at {leg['average_price']} are not {exact}"


# ---- intent and send


def terms(case, order, ref):
    """Quantity and limit that the journal has under a reference, or None."""
    run = case.model.runs[order.run]
    for sequence, quantity, limit in [(order.sequences[0], order.first_quantity, order.first_limit)] + [
            (wanted["client_sequence"], wanted["quantity"], wanted["limit"]) for wanted in order.wanted]:
        if case.ref(sequence) == ref:
            return Decimal(quantity), case.price(limit, run["instrument"]) if limit else None
    return None


def v7(case):
    """What reached the broker is in the journal, with the same terms, and was durable when it came."""
    owners = {ref: order for order in case.model.orders.values() for ref in case.refs(order)}
    for row in case.ledger:
        what = row["what"]
        is_submit = what == "submit" or (what == "lost" and "quantity" in row)
        if is_submit:
            ref = row["ref"]
        elif what == "modified":
            ref = row["new"]
        elif what == "lost" and "modifies" in row:
            ref = row["ref"]
        else:
            continue
        order = owners.get(ref)
        if order is None:
            yield f"the broker was sent {ref} of {row['account']}, which the journal does not have"
            continue
        if row.get("durable") is False:
            yield f"{order.place} was sent before it was durable"
        if order.account != row["account"] or (is_submit and SIDES[order.side] != row["side"]):
            yield f"{order.place} of {order.account} was sent for {row['account']}"
        if "quantity" in row:
            quantity, price = terms(case, order, ref)
            sent = Decimal(row["quantity"]), None if row["price"] == "None" else Decimal(row["price"])
            # A modify names only what it changes; the ledger has what came of it.
            if sent[0] != quantity or (sent[1] or None) != price:
                yield f"{order.place} was sent with {sent[0]} at {sent[1]}, the journal has {quantity} at {price}"


def v8(case):
    for ref, rows in case.by_ref.items():
        made = [row["id"] for row in rows if row["what"] in ("accepted", "rejected") and row["ref"] == ref]
        if len(made) > 1:
            yield f"{ref} became {len(made)} orders at the broker: {', '.join(made)}"
        if case.character != "dedupes":
            absences = None
            for row in rows:
                if row["what"] == "looked-up" and absences is not None:
                    absences += 1
                elif row["ref"] == ref and (row["what"] == "submit" or row["what"] == "lost" and "quantity" in row):
                    if absences is not None and absences < 2:
                        yield f"{ref} was sent again after {absences} proofs of absence"
                    absences = 0


def v9(case):
    seen = Counter(number for order in case.model.orders.values()
                   for number in dict.fromkeys([order.sequences[0]] + [wanted["client_sequence"] for wanted in order.wanted]))
    for number, count in seen.items():
        if count > 1:
            yield f"client sequence {number} was given {count} times"
    for run, number, leg in case.api_legs():
        orders = [order for order in case.model.runs[int(run["run_id"][1:])]["orders"] if order.leg == number]
        shown = [piece["client_order_id"] for piece in leg["slices"]]
        if len(shown) != len(orders) or any(ref != case.ref(order.sequences[-1]) for ref, order in zip(shown, orders)):
            yield f"{leg['leg_id']} shows the ids {shown}, the journal has others"
    for row in case.tables["leg"]:
        orders = [order for order in case.model.orders.values() if order.run == row["leg_key"] >> 20
                  and order.leg == row["leg_key"] & (1 << 20) - 1]
        if orders and row["client_order_id"] != case.ref(orders[0].sequences[0]):
            yield f"the table has {row['client_order_id']} for {orders[0].place}"
    accounts = defaultdict(set)
    for ref, rows in case.by_ref.items():
        accounts[ref].update(row["account"] for row in rows if "account" in row)
    for ref, names in accounts.items():
        if len(names) > 1:
            yield f"{ref} came to the broker for {', '.join(sorted(names))}"
    # What a client was told in one life is what it is told in the next.
    for key, answers in case.answers["answers"].items():
        first = {}
        for _, status, answer, _ in answers:
            for leg in (answer or {}).get("legs", []) if status < 300 else []:
                known = first.setdefault(leg["leg_id"], leg["client_order_id"])
                order = case.model.orders.get((int(leg["leg_id"][1:].split("-")[0]), None))
                if known != leg["client_order_id"] and not was_modified(case, leg["leg_id"]):
                    yield f"{leg['leg_id']} was {known} for key {key} and then {leg['client_order_id']}"


def was_modified(case, leg_id):
    run, leg = leg_id[1:].split("-")
    return any(order.wanted for order in case.model.runs[int(run)]["orders"] if order.leg == int(leg) - 1)


def v10(case):
    for run in case.answers["runs"]:
        if run["status"] not in PARENT_ENDS:
            yield f"{run['run_id']} is stuck in {run['status']}"
    for order in case.model.orders.values():
        if not order.is_ended:
            yield f"{order.place} is stuck in {order.status()}"
    for number, outcome in case.model.squares.items():
        if outcome is None:
            yield f"square-off {number} has not ended"


def v11(case):
    for run in case.records:
        for event in run["events"]:
            if event["event"] != "orderLookedUp" or event["outcome"] != "provenAbsent":
                continue
            order = case.model.orders[event["run"], event["order"]]
            rows = [row for ref in case.refs(order) for row in case.by_ref.get(ref, [])]
            if any(row["what"] == "accepted" for row in rows):
                yield f"{order.place} was called absent, and the broker has it"
            if case.character == "tag":
                yield f"{order.place} was called absent of a broker that cannot tell"
            asked = {(row["at"], row["ref"]) for row in rows if row["what"] == "looked-up"}
            if len(asked) < 2:
                yield f"{order.place} was called absent after {len(asked)} look-ups"


def v12(case):
    """The end that the gateway shows is the one that the broker's book has."""
    ends = {}
    for row in case.ledger:
        if row["what"] in ("accepted", "rejected", "canceled"):
            ends[row["id"]] = "working" if row["what"] == "accepted" else row["what"]
    quantities, done, names = {}, Counter(), {}
    for row in case.ledger:
        if row["what"] in ("accepted", "modified"):
            quantities[row["id"]] = Decimal(row["quantity"])
        if row["what"] == "execution":
            done[row["id"]] += Decimal(row["quantity"])
        for ref in (row.get("ref"), row.get("new")):
            if ref and row.get("id") in ends:
                names[ref] = row["id"]
    for order in case.model.orders.values():
        ids = {names[ref] for ref in case.refs(order) if ref in names}
        for broker in ids:
            end = "filled" if done[broker] and done[broker] >= quantities.get(broker, 0) else ends[broker]
            if end == "working":
                yield f"{order.place} is {order.status()}, and the broker still works {broker}"
            elif end != order.status():
                yield f"{order.place} is {order.status()}, and the broker has {broker} as {end}"
        if not ids and order.status() not in ("canceledLocally", "notSent"):
            yield f"{order.place} is {order.status()}, and the broker never had it"
        if order.is_late and not shows_anomaly(case, order):
            yield f"{order.place} was filled after its end, and no anomaly is shown"


def shows_anomaly(case, order):
    return any(leg.get("anomaly") for run, number, leg in case.api_legs()
               if run["run_id"] == f"r{order.run}" and number == order.leg)


# ---- idempotency


def identity(answer):
    answer = answer or {}
    return answer.get("run_id") or answer.get("square_off_id") or answer.get("id")


def v13(case):
    admitted = Counter((run["caller"], run["key"]) for run in case.model.runs.values() if run["key"])
    for (caller, key), count in admitted.items():
        if count > 1:
            yield f"key {key} of {caller} made {count} parents"
    rows = Counter((row["caller"], row["key"]) for row in case.tables["idempotency"])
    for key, count in rows.items():
        if count > 1:
            yield f"key {key[1]} stands {count} times in the table"
    for key, answers in case.answers["answers"].items():
        told = {identity(answer) for _, status, answer, _ in answers if status < 300}
        repeat, other = case.answers["repeats"].get(key), case.answers["others"].get(key)
        if not told:
            continue
        if repeat is None or repeat["status"] >= 300:
            yield f"key {key} was answered and is refused now: {repeat and repeat['status']}"
            continue
        told.add(identity(repeat["answer"]))
        if len(told) > 1:
            yield f"key {key} was answered with {', '.join(sorted(map(str, told)))}"
        if not repeat["replayed"] and case.answers["requests"][key][1].split("?")[0].endswith("/orders"):
            yield f"key {key} was not answered as a repetition"
        if other is not None and other["status"] != 422:
            yield f"key {key} with another body was answered {other['status']}, not 422"
        if sum(row["key"] == key for row in case.tables["idempotency"]) != 1:
            yield f"key {key} was answered and does not stand in the table once"
        shown = next((run for run in case.answers["runs"] if run["run_id"] == identity(repeat["answer"])), None)
        if "legs" in (repeat["answer"] or {}) and (shown is None or shown["status"] != repeat["answer"]["status"]):
            yield f"key {key} is answered with another state than the run's"
    if case.answers["runs_after_repeats"] != len(case.answers["runs"]):
        yield f"repetitions made {case.answers['runs_after_repeats'] - len(case.answers['runs'])} new runs"


# ---- order of events


def v14(case):
    """Every execution of the broker's is booked once, on its own order, as it was; and no other is."""
    books = {"journal": {}, "table": {}, "api": {}}
    for (_, account, name), row in case.model.executions.items():
        run = row["run"]
        place = case.model.orders.get((run, row["order"])) if run is not None else None
        books["journal"][account, name] = (place and case.ref(place.sequences[0]), Decimal(row["quantity"]),
                                           case.price(row["price"], row["instrument"]))
    legs = {row["leg_key"]: row["client_order_id"] for row in case.tables["leg"]}
    for row in case.tables["execution"]:
        books["table"][row["account_id"], row["execution_id"]] = (
            legs.get(row["leg_key"]), Decimal(row["last_quantity"]), Decimal(row["last_price"]))
    first = {f"r{row['leg_key'] >> 20}-{(row['leg_key'] & (1 << 20) - 1) + 1}": row["client_order_id"]
             for row in case.tables["leg"]}
    for account, rows in case.answers["trades"].items():
        for row in rows:
            books["api"][account, row["execution_id"]] = (
                first.get(row["order_id"]), Decimal(row["quantity"]), Decimal(row["price"]))
    origin = {}
    for row in case.ledger:
        if row["what"] in ("accepted", "rejected"):
            origin[row["id"]] = row["ref"]
    truth = {(row["account"], row["execution"]): (origin.get(row["id"]), Decimal(row["quantity"]), Decimal(row["price"]))
             for row in case.ledger if row["what"] == "execution"}
    for name, book in books.items():
        for key in truth.keys() - book.keys():
            yield f"execution {key[1]} of {key[0]} is missing in the {name}"
        for key in book.keys() - truth.keys():
            yield f"the {name} has execution {key[1]} of {key[0]}, which the broker never made"
        for key in truth.keys() & book.keys():
            if truth[key] != book[key]:
                yield f"execution {key[1]} of {key[0]} is {book[key]} in the {name} and {truth[key]} at the broker"


def v15(case):
    """The model walks every path while it reads; here what a path must have passed."""
    for order in case.model.orders.values():
        if order.executed and not order.is_queued and not order.is_recovered:
            yield f"{order.place} was executed and there is no record of its hand-over, nor of a restart in between"


def v16(case):
    """The journal alone makes what the tables and the answers show, by this model and by the gateway's own replay."""
    for record in case.records:
        yield from record["flaws"]
    for check in case.own["checks"]:
        if check["verdict"] == "fail":
            yield from (f"sluice check, {check['name']}: {finding}" for finding in check["findings"][:3] or [check["note"]])
    if not case.own["sound"]:
        yield "sluice check calls the directory unsound"
    if (case.own["records"], case.own["runs"]) != (str(len(case.records)), str(len(case.model.runs))) and (
            case.own["records"], case.own["runs"]) != (len(case.records), len(case.model.runs)):
        yield f"sluice check read {case.own['records']} records and {case.own['runs']} runs, this reader " \
              f"{len(case.records)} and {len(case.model.runs)}"
    statuses = {}
    for row in case.tables["leg"]:
        statuses[row["leg_key"] >> 20, row["leg_key"] & (1 << 20) - 1] = row["status"]
    shown = {(int(run["run_id"][1:]), number): leg for run, number, leg in case.api_legs()}
    for order in case.model.orders.values():
        if len([other for other in case.model.runs[order.run]["orders"] if other.leg == order.leg]) > 1:
            continue  # a leg of several slices has a word of its own
        word = spelled(order.status())
        stored, told = statuses.get((order.run, order.leg)), shown.get((order.run, order.leg))
        if stored != word:
            yield f"{order.place} is {word} by the journal and {stored} in the table"
        if told is None:
            yield f"{order.place} is not shown at all"
        elif (told["status"], Decimal(told["cumulative_quantity"])) != (word, order.cumulative):
            yield f"{order.place} is {word} with {order.cumulative} by the journal, shown as {told['status']} with " \
                  f"{told['cumulative_quantity']}"
    if {row["run_number"] for row in case.tables["run"]} != set(case.model.runs):
        yield "the table has other runs than the journal"
    # Key-values of an adapter's call stand in the commit of the reports of that call.
    kept = {row["account_id"]: row["value"] for row in case.tables["key_value"] if row["key"] == "accepted"}
    for account in case.model.accounts:
        wanted = case.model.accepted.get(account)
        found = kept.get(account)
        if (found.decode() if found else None) != (case.ref(wanted) if wanted is not None else None):
            yield f"{account} keeps {found} as the last accepted order, and the journal has sequence {wanted}"


def v18(case):
    """Between the answer of a halt and the request that ended it, nothing of the group was sent."""
    begin, end = case.answers["halt"]
    if begin is None:
        return
    owners = {ref: order for order in case.model.orders.values() for ref in case.refs(order)}
    for row in case.ledger:
        if "sent" in row and begin < row["sent"] < (end or row["sent"] + 1) and row["ref"] in owners:
            run = case.model.runs[owners[row["ref"]].run]
            if run["group"] == "main" and not run["is_gateway_closing"]:
                yield f"{owners[row['ref']].place} was sent {(row['sent'] - begin) // 1000} us after the halt was answered"
    for run in case.model.runs.values():
        if run["key"] == "halted" and run["orders"]:
            yield f"r{run['run']} was asked for in the halt and has orders"


def spelled(status):
    return "".join(f"_{letter}" if letter.isupper() else letter for letter in status).upper()


CHECKS = {name.upper(): globals()[name] for name in (f"v{number}" for number in (*range(1, 17), 18))}


def judge(case):
    found = [f"{check} {sentence}" for check, sentence in case.model.flaws]
    for name, check in CHECKS.items():
        found += [f"{name} {sentence}" for sentence in check(case)]
    return found


def counts(case, violations):
    legs = [leg for _, _, leg in case.api_legs()]
    return {
        "runs": len(case.answers["runs"]), "legs": len(legs), "orders": len(case.model.orders),
        "records": len(case.records), "events": case.model.events, "executions": len(case.model.executions),
        "sent": sum(row["what"] == "submit" for row in case.ledger),
        "lost_legs": sum(line.split()[0] in ("V7", "V11", "V14", "V16") for line in violations),
        "duplicate_orders": sum(line.startswith("V8 ") for line in violations),
        "stuck_parents": sum(line.startswith("V10 ") for line in violations),
        "anomalies": sum(bool(leg.get("anomaly")) for leg in legs)}


def main(arguments):
    if arguments == ["--self-test"]:
        import checker_self_test
        return checker_self_test.main()
    if len(arguments) != 1:
        sys.exit(__doc__)
    case = load(Path(arguments[0]))
    violations = judge(case)
    print(json.dumps({"counts": counts(case, violations), "violations": violations}, indent=1))
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
