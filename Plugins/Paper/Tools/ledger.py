#!/usr/bin/env python3
"""Reads what paper accounts hold, from the gateway's database alone, and checks that it adds up.

    ledger.py DATABASE [--account ID] [--duplicates]   one JSON line an account, then its contradictions
    ledger.py --self-test                              checks this script against records made by hand

Exit status 1 where an account's books contradict themselves. `--duplicates`: the scenario's broker does not dedupe, so one
client reference may have several orders. The layout is told in LEDGER.md; this shares no code with the adapter.
"""

import json
import sqlite3
import sys

SIDES = {0: "BUY", 1: "SELL"}
PRODUCTS = {1: "INTRADAY", 2: "DELIVERY", 3: "CARRY", 4: "MARGIN", 5: "CASH"}
STATES = {2: "trigger-pending", 3: "open", 4: "partially-filled", 5: "filled", 8: "canceled", 9: "rejected", 10: "expired"}


class Broken(Exception):
    """A record that is not as documented."""


class Record:
    """The bytes of one record, read from the front."""

    def __init__(self, key, data):
        self.key, self.data, self.at = key, bytes(data), 0
        if self.byte() != 1:
            raise Broken(f"{key}: version {self.data[0]}, and 1 is known")

    def byte(self):
        if self.at >= len(self.data):
            raise Broken(f"{self.key}: ends early")
        self.at += 1
        return self.data[self.at - 1]

    def unsigned(self):
        value = shift = 0
        while True:
            byte = self.byte()
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    def signed(self):
        value = self.unsigned()
        return (value >> 1) ^ -(value & 1)

    def text(self):
        return bytes(self.byte() for _ in range(self.unsigned())).decode()

    def money(self):
        zeros = self.byte()
        return self.signed() * 10**zeros

    def end(self):
        if self.at != len(self.data):
            raise Broken(f"{self.key}: {len(self.data) - self.at} bytes too many")


def decimal(steps, exponent):
    """Steps of a grid as a decimal text: 25005 at -1 is 2500.5."""
    sign, digits = ("-" if steps < 0 else ""), str(abs(steps))
    if exponent >= 0:
        return sign + digits + "0" * exponent
    digits = digits.rjust(1 - exponent, "0")
    return (sign + digits[:exponent] + "." + digits[exponent:]).rstrip("0").rstrip(".")


def read_executions(record, price_grid, quantity_grid, start):
    """The executions at the record's place: id, units, price, fee (10^-18 of the currency), time (ns)."""
    found = []
    for _ in range(record.unsigned()):
        number = record.unsigned()
        quantity, price, fee, delta = record.signed(), record.signed(), record.money(), record.signed()
        found.append({
            "execution_id": f"E{number >> 1}", "liquidity": "maker" if number & 1 else "taker",
            "quantity": decimal(quantity, quantity_grid), "price": decimal(price, price_grid),
            "fee_atoms": fee, "time": start + delta})
    return found


def read_order(record):
    first, second, state, reason = record.byte(), record.byte(), record.byte(), record.byte()
    instrument = record.unsigned()
    price_grid, quantity_grid = record.signed(), record.signed()
    record.unsigned()  # place in time
    quantity, price, trigger, _ = (record.signed() for _ in range(4))
    accepted = record.signed()
    for _ in range(3):
        record.signed()
    if second & 0x20:
        record.signed()  # expires
    record.unsigned()  # number of its end
    shape = record.unsigned()
    references = [record.text() for _ in range(shape >> 1)]
    record.unsigned()  # executions in x records
    order = {
        "side": SIDES[first & 1], "product": PRODUCTS[(first >> 3 & 7) + 1], "state": STATES.get(state, state),
        "end_reason": reason, "instrument": instrument, "quantity": decimal(quantity, quantity_grid),
        "price": decimal(price, price_grid) if price else None,
        "trigger_price": decimal(trigger, price_grid) if trigger else None, "accepted_at": accepted,
        # Oldest first. The last one is the present name where bit 0 of the shape is set.
        "client_order_ids": references,
        "executions": read_executions(record, price_grid, quantity_grid, accepted)}
    record.end()
    return order


def read_account(rows):
    """An account from its (key, value) rows: counters, instruments, orders, positions."""
    ledger = {"orders": {}, "held": {}, "instruments": {}, "last_order": 0, "last_execution": 0}
    sealed = {}
    for key, value in rows:
        record, rest = Record(key, value), key[1:]
        if key == "a":
            ledger["last_order"], ledger["last_execution"] = record.unsigned(), record.unsigned()
        elif key[0] == "i":
            ledger["instruments"][int(rest)] = record.text()
        elif key[0] == "o":
            ledger["orders"][int(rest)] = read_order(record)
        elif key[0] == "x":
            number, place = (int(part) for part in rest.split("."))
            price_grid, quantity_grid, start = record.signed(), record.signed(), record.signed()
            sealed.setdefault(number, {})[place] = read_executions(record, price_grid, quantity_grid, start)
            record.end()
        elif key[0] == "p":
            instrument, product = (int(part) for part in rest.split("."))
            _, grid = record.signed(), record.signed()
            quantity, _, settled = record.signed(), record.signed(), record.signed()
            ledger["held"][(instrument, PRODUCTS[product])] = decimal(quantity + settled, grid)
        elif key != "f":
            raise Broken(f"{key}: no key of the ledger")
    for number, parts in sealed.items():
        older = [execution for place in sorted(parts) for execution in parts[place]]
        ledger["orders"][number]["executions"][:0] = older
    return ledger


def scaled(text):
    """A decimal text as an exact integer of 10^-38."""
    whole, _, part = text.lstrip("-").partition(".")
    value = int(whole + part.ljust(38, "0"))
    return -value if text.startswith("-") else value


def contradictions(ledger, duplicates=False):
    """What cannot be; empty where the books are right. Forgotten orders and planted positions are not looked for: set
    max_remembered_orders high, and plant nothing, in an account that is to be checked."""
    found, taken, seen, sums = [], {}, set(), {}
    for number, order in sorted(ledger["orders"].items()):
        for reference in order["client_order_ids"]:
            if reference in taken and not duplicates:
                found.append(f"{reference} was accepted as P{taken[reference]} and as P{number}")
            taken[reference] = number
        done = sum(scaled(execution["quantity"]) for execution in order["executions"])
        if done > scaled(order["quantity"]):
            found.append(f"P{number}: more executed than ordered")
        if (order["state"] == "filled") != (done == scaled(order["quantity"])):
            found.append(f"P{number} is {order['state']} and its executions say otherwise")
        for execution in order["executions"]:
            if execution["execution_id"] in seen:
                found.append(f"{execution['execution_id']} is there twice")
            seen.add(execution["execution_id"])
        place = (order["instrument"], order["product"])
        sums[place] = sums.get(place, 0) + (done if order["side"] == "BUY" else -done)
    if len(ledger["orders"]) != ledger["last_order"]:
        found.append(f"{len(ledger['orders'])} orders, and {ledger['last_order']} were accepted")
    if len(seen) != ledger["last_execution"]:
        found.append(f"{len(seen)} executions, and {ledger['last_execution']} were made")
    for place in sorted(set(sums) | set(ledger["held"])):
        held = scaled(ledger["held"].get(place, "0"))
        if sums.get(place, 0) != held:
            found.append(f"{place}: held is not the sum of its executions")
    return found


def read_database(path):
    """Account id -> ledger, of every paper account in a gateway's database."""
    accounts = {}
    with sqlite3.connect(path) as connection:
        query = "SELECT account_id, key, value FROM key_value WHERE adapter_id = 'paper'"
        for account, key, value in connection.execute(query):
            accounts.setdefault(account, []).append((key, value))
    return {account: read_account(rows) for account, rows in sorted(accounts.items())}


def self_test():
    def number(value):
        out = bytearray()
        while value >= 0x80:
            out.append(value & 0x7F | 0x80)
            value >>= 7
        return bytes(out + bytearray([value]))

    def signed(value):
        return number((value << 1) ^ (value >> 63) if value >= 0 else ((-value) << 1) - 1)

    def order(reference, state, fills):
        head = bytes([1, 5 - 1 << 3, 0, state, 0]) + number(0) + signed(-2) + signed(0) + number(1)
        body = signed(10) + signed(0) * 3 + signed(7) + signed(0) * 3 + number(0)
        names = number(3) + number(len(reference)) + reference.encode() + number(0)
        executions = b"".join(
            number(n << 1) + signed(q) + signed(10050) + bytes([16]) + signed(3) + signed(0) for n, q in fills)
        return head + body + names + number(len(fills)) + executions

    def rows(first, second, held):
        return [
            ("a", bytes([1]) + number(2) + number(3)), ("i0", bytes([1]) + number(1) + b"S"), ("f", bytes([1])),
            ("o1", first), ("o2", second),
            ("p0.5", bytes([1]) + signed(-2) + signed(0) + signed(held) + signed(0) * 2)]

    good = read_account(rows(order("ab", 5, [(1, 4), (2, 6)]), order("cd", 3, [(3, 1)]), 11))
    assert contradictions(good) == [], contradictions(good)
    assert good["orders"][1]["executions"][0]["price"] == "100.5"
    assert good["orders"][1]["executions"][0]["fee_atoms"] == 3 * 10**16
    for bad, word in [
        (rows(order("ab", 5, [(1, 4), (2, 6)]), order("ab", 3, [(3, 1)]), 11), "as P1 and as P2"),
        (rows(order("ab", 3, [(1, 4), (2, 6)]), order("cd", 3, [(3, 1)]), 11), "say otherwise"),
        (rows(order("ab", 5, [(1, 4), (2, 6)]), order("cd", 3, [(2, 1)]), 11), "E2 is there twice"),
        (rows(order("ab", 5, [(1, 4), (2, 6)]), order("cd", 3, [(3, 1)]), 12), "not the sum"),
        (rows(order("ab", 5, [(1, 4), (2, 7)]), order("cd", 3, [(3, 1)]), 12), "more executed"),
    ]:
        assert any(word in text for text in contradictions(read_account(bad))), (word, contradictions(read_account(bad)))
    print("ledger self-test: passed")


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if not arguments or arguments[0].startswith("-"):
        sys.exit(__doc__)
    wanted = arguments[arguments.index("--account") + 1] if "--account" in arguments else None
    is_bad = False
    for account, ledger in read_database(arguments[0]).items():
        if wanted not in (None, account):
            continue
        found = contradictions(ledger, "--duplicates" in arguments)
        shown = dict(ledger, held={f"{i}.{product}": units for (i, product), units in ledger["held"].items()})
        print(json.dumps({"account_id": account, "contradictions": found, **shown}))
        is_bad = is_bad or bool(found)
    sys.exit(1 if is_bad else 0)


if __name__ == "__main__":
    main(sys.argv[1:])
