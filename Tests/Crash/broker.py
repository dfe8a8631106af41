#!/usr/bin/env python3
"""A broker of the crash harness: a process of its own that lives on while the gateway is killed.

    broker.py --socket PATH --ledger FILE --character dedupes|lookup|tag --mischief clean|drops|duplicates|reorders
              --seed N --accounts A1,A2,... [--reject ACCOUNT] [--database FILE]

What it did stands in the ledger, one JSON object a line, written before anybody is told of it. The checker takes it for
the truth about the market.

Characters: `dedupes` answers a repeated client reference with the order that it made, and finds orders by it; `lookup`
finds orders by it and would make a second order of a repeated one; `tag` only echoes it, so that absence is never proven.

Mischief, drawn from the seed: `drops` loses requests, replies and reports; `duplicates` tells reports up to three times;
`reorders` holds each report back for a while of its own; `clean` does nothing of it. Orders show in look-ups and lists
after a while of their own in all of them, at the latest after VISIBLE_MS.

The market stands at 100. A market order, and a limit order that meets 100, is filled in one to three executions; a limit of
70 is filled by half and rests; everything else rests. `--reject` names an account whose limit orders to buy are refused.

With `--database` each submit and modify is looked for in the gateway's own database at the moment at which it comes
(V7): the ledger says what was found there.
"""

import argparse
import asyncio
import json
import os
import random
import sqlite3
import time
from decimal import Decimal

VISIBLE_MS = 120
FINAL = {"5", "8", "9"}
OPEN, PARTLY, FILLED, CANCELED, REJECTED = "3", "4", "5", "8", "9"
OK, ACCEPTED, REFUSED, UNKNOWN, FOUND, ABSENT, UNSURE = "1", "2", "3", "5", "6", "7", "8"
CASH = Decimal(1_000_000)


def read_decimal(text):
    if text == "-":
        return None
    mantissa, exponent = text.split(":")
    return Decimal(int(mantissa)).scaleb(int(exponent))


def write_decimal(value):
    if value is None:
        return "-"
    sign, digits, exponent = value.as_tuple()
    mantissa = int("".join(map(str, digits)) or "0")
    return f"{-mantissa if sign else mantissa}:{exponent}"


class Order:
    def __init__(self, number, account, ref, symbol, side, kind, product, tif, quantity, price, visible_at):
        self.id, self.account, self.refs = f"B{number}", account, [ref]
        self.symbol, self.side, self.kind, self.product, self.tif = symbol, side, kind, product, tif
        self.quantity, self.price, self.visible_at = quantity, price, visible_at
        self.state, self.done, self.value, self.reason = OPEN, Decimal(0), Decimal(0), ""

    @property
    def ref(self):
        return self.refs[-1]

    def row(self, sequence):
        average = self.value / self.done if self.done else None
        leaves = Decimal(0) if self.state in FINAL else self.quantity - self.done
        return ["O", str(sequence), self.account, self.id, self.ref, self.state, write_decimal(self.done),
                write_decimal(leaves), write_decimal(round(average, 8).normalize() if average is not None else None),
                self.symbol, self.side, self.kind, self.product, self.tif, write_decimal(self.quantity),
                write_decimal(self.price)]


class Broker:
    def __init__(self, options):
        self.character, self.mischief = options.character, options.mischief
        self.random = random.Random(f"broker {options.seed}")
        self.accounts = {account: {} for account in options.accounts.split(",")}
        self.rejects, self.database = options.reject, options.database
        self.ledger = os.open(options.ledger, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self.orders, self.by_ref, self.trades = [], {}, []
        self.connections = {}  # account -> writer of the session that has it now
        self.waiting = 0  # what is on its way: executions to come, replies and reports to send

    # ---- the ledger

    def note(self, what, **facts):
        line = json.dumps({"at": time.time_ns(), "what": what, **facts}) + "\n"
        os.write(self.ledger, line.encode())

    def is_durable(self, ref):
        """Whether the gateway's database has an order of this reference now; None where it cannot be asked."""
        if not self.database:
            return None
        try:
            connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=1)
            try:
                row = connection.execute("SELECT 1 FROM leg WHERE client_order_id = ?", (ref,)).fetchone()
            finally:
                connection.close()
            return row is not None
        except sqlite3.Error:
            return None

    # ---- mischief

    def loses(self, share):
        return self.mischief == "drops" and self.random.random() < share

    def later(self, seconds, action, *arguments):
        self.waiting += 1

        def run():
            self.waiting -= 1
            action(*arguments)

        asyncio.get_running_loop().call_later(seconds, run)

    def send(self, writer, fields):
        if writer is not None and not writer.is_closing():
            writer.write(("\t".join(fields) + "\n").encode())

    def reply(self, writer, lines, share=0.12):
        """All lines of one answer, after a short while; lost as a whole or not at all."""
        if self.loses(share):
            return
        self.later(self.random.uniform(0, 0.008), self.send_all, writer, lines)

    def send_all(self, writer, lines):
        for fields in lines:
            self.send(writer, fields)

    def tell(self, order, fields):
        if self.loses(0.25):
            return
        for _ in range(self.random.randint(1, 3) if self.mischief == "duplicates" else 1):
            pause = self.random.uniform(0, 0.1 if self.mischief == "reorders" else 0.006)
            self.later(pause, lambda: self.send(self.connections.get(order.account), fields))

    def report(self, order):
        self.tell(order, order.row(0))

    # ---- the market

    def meets(self, order):
        if order.kind == "1" or order.price is None:
            return True
        return order.price >= 100 if order.side == "1" else order.price <= 100

    def match(self, order):
        if order.state in FINAL:
            return
        if self.meets(order):
            left = order.quantity - order.done
            parts = min(self.random.randint(1, 3), int(left)) or 1
            cuts = sorted(self.random.sample(range(1, int(left)), parts - 1)) if parts > 1 else []
            edges = [0] + cuts + [int(left)]
            for first, last in zip(edges, edges[1:]):
                self.later(self.random.uniform(0, 0.03), self.execute, order, Decimal(last - first))
        elif order.price == 70 and order.side == "1" and not order.done and order.quantity >= 2:
            self.later(self.random.uniform(0, 0.03), self.execute, order, order.quantity // 2)

    def execute(self, order, quantity):
        quantity = min(quantity, order.quantity - order.done)
        if order.state in FINAL or quantity <= 0:
            return
        step = Decimal(self.random.randint(0, 3)).scaleb(-2)
        price = Decimal(100) - step if order.side == "1" else Decimal(100) + step
        if order.price is not None and order.side == "1":
            price = min(price, order.price)
        order.done += quantity
        order.value += quantity * price
        order.state = FILLED if order.done >= order.quantity else PARTLY
        positions = self.accounts[order.account]
        signed = quantity if order.side == "1" else -quantity
        positions[order.symbol] = positions.get(order.symbol, Decimal(0)) + signed
        number = f"X{len(self.trades) + 1}"
        row = ["T", "0", order.account, order.id, order.ref, number, order.side, write_decimal(quantity),
               write_decimal(price), str(time.time_ns()), order.symbol]
        self.note("execution", id=order.id, account=order.account, ref=order.ref, execution=number, side=order.side,
                  symbol=order.symbol, quantity=str(quantity), price=str(price))
        self.trades.append((order, row))
        self.tell(order, row)
        self.report(order)

    # ---- requests

    def find(self, account, id, ref):
        """By the broker's id, else by any reference that the order had."""
        for order in self.orders:
            if order.account == account and order.id == id:
                return order
        return self.by_ref.get((account, ref))

    def is_visible(self, order):
        return order.visible_at <= time.monotonic()

    def result(self, sequence, outcome, order=None, code="0", text="-"):
        return ["R", sequence, outcome, order.id if order else "-", order.ref if order else "-",
                order.state if order else "0", code, text]

    def submit(self, writer, sequence, account, ref, symbol, side, kind, product, tif, quantity, price, sent):
        durable = self.is_durable(ref)
        facts = dict(account=account, ref=ref, symbol=symbol, side=side, quantity=str(read_decimal(quantity)),
                     price=str(read_decimal(price)), durable=durable, sent=int(sent))
        if self.loses(0.08):
            return self.note("lost", **facts)
        self.note("submit", **facts)
        known = self.by_ref.get((account, ref))
        if known and self.character == "dedupes":
            self.note("duplicate", id=known.id, account=account, ref=ref)
            return self.reply(writer, [self.result(sequence, ACCEPTED, known)])
        visible_at = time.monotonic() + self.random.uniform(0, VISIBLE_MS / 1000)
        order = Order(len(self.orders) + 1, account, ref, symbol, side, kind, product, tif, read_decimal(quantity),
                      read_decimal(price), visible_at)
        self.orders.append(order)
        self.by_ref[(account, ref)] = order
        if account == self.rejects and kind == "2" and side == "1":
            order.state, order.reason = REJECTED, "not today"
            self.note("rejected", id=order.id, account=account, ref=ref)
            return self.reply(writer, [self.result(sequence, REFUSED, order, "9", "not today")])
        self.note("accepted", id=order.id, account=account, ref=ref, quantity=str(order.quantity),
                  price=str(order.price), side=side, symbol=symbol)
        self.reply(writer, [self.result(sequence, ACCEPTED, order)])
        if self.mischief == "reorders":
            self.report(order)
        self.match(order)

    def modify(self, writer, sequence, account, id, ref, new_ref, quantity, price):
        if self.loses(0.08):
            return self.note("lost", account=account, ref=new_ref, modifies=ref, id=id)
        order = self.find(account, id, ref)
        if order is None or order.state in FINAL:
            self.note("modify-refused", account=account, id=id, ref=ref, new=new_ref)
            code, text = ("16", "no such order") if order is None else ("17", "the order is final")
            return self.reply(writer, [self.result(sequence, REFUSED, order, code, text)])
        wanted = read_decimal(quantity) or order.quantity
        if wanted <= order.done:
            self.note("modify-refused", account=account, id=order.id, ref=ref, new=new_ref)
            return self.reply(writer, [self.result(sequence, REFUSED, order, "11", "less than is filled")])
        order.quantity, order.price = wanted, read_decimal(price) or order.price
        order.refs.append(new_ref)
        self.by_ref[(account, new_ref)] = order
        self.note("modified", account=account, id=order.id, ref=ref, new=new_ref, quantity=str(order.quantity),
                  price=str(order.price))
        self.reply(writer, [self.result(sequence, ACCEPTED, order)])
        self.report(order)
        self.match(order)

    def cancel(self, writer, sequence, account, id, ref):
        if self.loses(0.08):
            return self.note("lost", account=account, ref=ref, cancels=True, id=id)
        order = self.find(account, id, ref)
        if order is None or order.state in FINAL:
            self.note("cancel-refused", account=account, id=id, ref=ref)
            code, text = ("16", "no such order") if order is None else ("17", "the order is final")
            return self.reply(writer, [self.result(sequence, REFUSED, order, code, text)])
        order.state = CANCELED
        self.note("canceled", account=account, id=order.id, ref=order.ref, done=str(order.done))
        self.reply(writer, [self.result(sequence, ACCEPTED, order)])
        self.report(order)

    def look_up(self, writer, sequence, account, id, ref):
        order = self.find(account, id, ref)
        if order and self.is_visible(order):
            trades = [[row[0], sequence] + row[2:] for owner, row in self.trades if owner is order]
            return self.reply(writer, trades + [self.result(sequence, FOUND, order)])
        self.note("looked-up", account=account, ref=ref, id=id, found=False)
        self.reply(writer, [self.result(sequence, UNSURE if self.character == "tag" else ABSENT)])

    def query(self, writer, sequence, account, kind, id, ref):
        lines = []
        if kind in ("1", "2"):
            asked = self.find(account, id, ref) if kind == "1" else None
            lines = [order.row(sequence) for order in self.orders
                     if order.account == account and self.is_visible(order) and (kind == "2" or order is asked)]
        elif kind == "3":
            lines = [[row[0], sequence] + row[2:] for owner, row in self.trades if owner.account == account]
        elif kind == "4":
            lines = [["P", sequence, account, symbol, "5", write_decimal(quantity), write_decimal(Decimal(100))]
                     for symbol, quantity in sorted(self.accounts[account].items()) if quantity]
        elif kind == "6":
            lines = [["F", sequence, account, "USD", write_decimal(CASH)]]
        self.reply(writer, lines + [self.result(sequence, OK)], share=0.04)

    def take(self, writer, fields):
        kind, rest = fields[0], fields[1:]
        if kind == "H":
            for account in rest[2:]:
                self.connections[account] = writer
        elif kind == "S":
            self.submit(writer, *rest)
        elif kind == "M":
            self.modify(writer, *rest)
        elif kind == "C":
            self.cancel(writer, *rest)
        elif kind == "L":
            self.look_up(writer, *rest)
        elif kind == "Q":
            self.query(writer, *rest)
        elif kind == "?":  # the driver asks whether anything is on its way
            self.send(writer, [str(self.waiting)])

    async def serve(self, reader, writer):
        try:
            while line := await reader.readuntil(b"\n"):
                self.take(writer, line.decode().rstrip("\n").split("\t"))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the gateway died; half a line is no request
        finally:
            for account, known in list(self.connections.items()):
                if known is writer:
                    del self.connections[account]
            writer.close()


async def main():
    parser = argparse.ArgumentParser()
    for name in ("socket", "ledger", "character", "mischief", "accounts"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--reject")
    parser.add_argument("--database")
    options = parser.parse_args()
    broker = Broker(options)
    server = await asyncio.start_unix_server(broker.serve, options.socket)
    print("listens", flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except KeyboardInterrupt:
        pass
