#!/usr/bin/env python3
"""Reads the journal of a data directory, written from the page Host/Engine/Coding/README.md and from nothing else.

    journal.py DIRECTORY      prints every record as one JSON line, and what is wrong with the chain
    journal.py --self-test    decodes the page's example, and breaks it in every byte

A record's bytes are `decode(bytes)`; the rows of the table, with their checksum and chain, are `records(path)`.
"""

import hashlib
import json
import re
import sqlite3
import sys
import zlib
from decimal import Decimal
from pathlib import Path

MAGIC = b"SLJ1"
FORMAT = 1
PAGE = Path(__file__).resolve().parents[2] / "Host/Engine/Coding/README.md"


class Malformed(Exception):
    """Bytes that are no record, with their offset."""


class Reader:
    """The elements. Every value has one spelling; another is malformed."""

    def __init__(self, data, start=0, end=None, base=0):
        self.data, self.at, self.end, self.base = data, start, len(data) if end is None else end, base

    def fail(self, why):
        raise Malformed(f"byte {self.at}: {why}")

    def byte(self):
        if self.at >= self.end:
            self.fail("the bytes end here")
        self.at += 1
        return self.data[self.at - 1]

    def number(self, bits):
        value, shift = 0, 0
        while True:
            byte = self.byte()
            if shift and byte == 0:
                self.fail("a number is padded")
            value |= (byte & 127) << shift
            shift += 7
            if not byte & 128:
                break
            if shift > bits + 6:
                self.fail(f"a number has more than {bits} bits")
        if value >> bits:
            self.fail(f"a number has more than {bits} bits")
        return value

    def u(self):
        return self.number(64)

    def zigzag(self, bits):
        value = self.number(bits)
        return (value >> 1) ^ -(value & 1)

    def s(self):
        return self.zigzag(64)

    def i(self):
        return self.zigzag(32)

    def w(self):
        return self.zigzag(128)

    def bytes(self):
        count = self.u()
        if count > self.end - self.at:
            self.fail(f"a length of {count} is more than there is")
        self.at += count
        return self.data[self.at - count:self.at]

    def text(self):
        try:
            return self.bytes().decode("utf-8")
        except UnicodeDecodeError:
            self.fail("a text is no UTF-8")

    def time(self):
        value = (self.base + self.s()) & (1 << 64) - 1
        return value - (1 << 64) if value >> 63 else value

    def dec(self):
        exponent, mantissa = self.s(), self.w()
        if not -38 <= exponent <= 38 or (mantissa == 0 and exponent) or (exponent < 0 and mantissa % 10 == 0):
            self.fail("a decimal is not written as it is to be")
        return Decimal(mantissa).scaleb(exponent)

    def cur(self):
        value = self.u()
        return value.to_bytes(8, "big").lstrip(b"\0").decode("ascii", "replace")

    def flags(self, count):
        value = self.u()
        if value >> count:
            self.fail(f"there are more than {count} flags")
        return value

    def list(self, element):
        count = self.u()
        if count > self.end - self.at:
            self.fail(f"a count of {count} is more than there is")
        return [element() for _ in range(count)]


def words():
    """The raw values of enumerations, from the page's own table."""
    found = {}
    for name, row in re.findall(r"^\| (\w+) \| (\d+ \w+(?:, \d+ \w+)*) \|$", PAGE.read_text(encoding="utf-8"), re.M):
        found[name] = {int(number): word for number, word in re.findall(r"(\d+) (\w+)", row)}
    return found


WORDS = words()


class Decoder(Reader):
    """The structures, in the order of their bytes."""

    def word(self, name):
        value = self.byte()
        if value not in WORDS[name]:
            self.fail(f"{value} is no {name}")
        return WORDS[name][value]

    def maybe(self, flags, bit, read, *arguments):
        return read(*arguments) if flags >> bit & 1 else None

    # ---- definitions

    def account(self):
        f = self.flags(2)
        made = {"id": self.text(), "adapter": self.text(), "login": self.text(), "owner": self.maybe(f, 0, self.text)}
        made.update(environment=self.word("TradingEnvironment"), currency=self.cur(), config=self.text(),
                    is_enabled=bool(f & 2))
        return made

    def member(self):
        f = self.flags(6)
        return {"is_enabled": bool(f & 1), "account": self.text(), "capital": self.maybe(f, 1, self.dec),
                "weight": self.maybe(f, 2, self.s), "lots": self.maybe(f, 3, self.s),
                "risk_budget": self.maybe(f, 4, self.dec), "minimum_lots": self.s(),
                "maximum_lots": self.maybe(f, 5, self.s)}

    def group(self):
        self.flags(3)
        return {"id": self.text(), "version": self.s(), "policy": self.word("AllocationPolicy"),
                "carry": self.word("CarryMode"), "mode": self.word("ExecutionMode"),
                "on_leg_failure": self.word("LegFailurePolicy"), "members": self.list(self.member),
                "created_at": self.time(), "updated_at": self.time()}

    def instrument(self):
        f = self.flags(9)
        made = {"is_tradable": bool(f & 1), "id": self.text(), "name": self.maybe(f, 1, self.text),
                "currency": self.cur(), "tick": self.dec(), "lot": self.dec(), "multiplier": self.dec()}
        for bit, name in enumerate(["contract_size", "freeze", "minimum", "maximum", "low", "high"], 2):
            made[name] = self.maybe(f, bit, self.dec)
        made["expiry"] = self.maybe(f, 8, self.s)
        made["source"] = self.text()
        return made

    def scope(self):
        return {"kind": self.word("ScopeKind"), "id": self.text()}

    def mark(self):
        f = self.flags(1)
        return {"instrument": self.i(), "points": self.maybe(f, 0, self.s)}

    # ---- a run

    def order(self):
        f = self.flags(25)
        made = {"target": self.text(), "is_account": bool(f & 1), "is_reduce_only": bool(f & 4), "symbol": self.text()}
        made.update(side=self.maybe(f, 7, self.word, "Side"), quantity=self.maybe(f, 8, self.dec),
                    lots=self.maybe(f, 9, self.s), percent=self.maybe(f, 10, self.dec),
                    stop_distance=self.maybe(f, 11, self.dec), multiplier=self.maybe(f, 12, self.s),
                    order_type=self.word("OrderType"), limit=self.maybe(f, 13, self.dec),
                    stop=self.maybe(f, 14, self.dec), trail=self.maybe(f, 15, self.dec),
                    product=self.word("Product"), time_in_force=self.word("TimeInForce"),
                    valid_until=self.maybe(f, 16, self.time), order_class=self.word("OrderClass"),
                    disclosed=self.maybe(f, 17, self.dec), mode=self.maybe(f, 18, self.word, "ExecutionMode"),
                    minimum_legs=self.maybe(f, 19, self.s), minimum_part=self.maybe(f, 20, self.s),
                    on_leg_failure=self.maybe(f, 21, self.word, "LegFailurePolicy"), deadline_ms=self.s(),
                    attached_stop=self.maybe(f, 22, self.dec), strategy=self.maybe(f, 23, self.text),
                    tag=self.maybe(f, 24, self.text),
                    options=self.list(lambda: {"adapter": self.text(), "options": self.text()}))
        return made

    def rejection(self):
        return {"control": self.word("ControlID"), "sentence": self.word("Sentence"), "cause": self.word("Cause"),
                "scope": self.word("ScopeKind"), "unit": self.word("Unit"), "limit": self.s(), "observed": self.s(),
                "projected": self.s(), "input_age": self.s()}

    def leg(self):
        f = self.flags(3)
        return {"is_closing": bool(f & 1), "account": self.i(), "side": self.word("Side"),
                "order_type": self.word("OrderType"), "weight": self.s(), "allocated": self.s(), "ordered": self.s(),
                "limit": self.s(), "stop": self.s(), "rejection": self.maybe(f, 1, self.rejection),
                "alerts": self.list(self.rejection), "slices": self.list(self.s),
                "held_until": self.maybe(f, 2, self.time), "margin": self.s()}

    def funds(self):
        if not self.flags(1):
            return None
        return {"available": self.s(), "equity": self.s(), "reserved": self.s(), "age": self.s()}

    def admission(self):
        f = self.flags(3)
        made = {"run": self.u(), "group": self.maybe(f, 0, self.text), "group_version": self.s(),
                "risk_version": self.s(), "order": self.order(), "caller": self.text(), "key": self.text(),
                "instrument": self.i(), "mode": self.word("ExecutionMode"),
                "on_leg_failure": self.word("LegFailurePolicy"), "received_at": self.time(), "admitted_at": self.time(),
                "requested": self.s(), "unallocated": self.s(),
                "left_out": self.list(lambda: {"account": self.text(), "reason": self.text()}),
                "reference": self.maybe(f, 1, lambda: {"points": self.s(), "age": self.s()}), "rotation": self.i(),
                "carry": self.list(self.s), "first_client_sequence": self.u(), "legs": self.list(self.leg),
                "is_gateway_closing": bool(f & 4)}
        if self.at < self.end:  # appended later
            more = self.flags(2)
            made["funds"] = self.maybe(more, 0, self.list, self.funds)
            made["override_uses"] = self.maybe(more, 1, self.list, lambda: (self.s(), self.i()))
        return made

    # ---- what became of it

    def error(self):
        f = self.flags(6)
        return {"code": self.word("AdapterErrorCode"), "broker_code": self.maybe(f, 0, self.text),
                "broker_text": self.maybe(f, 1, self.text), "text": self.maybe(f, 2, self.text),
                "field": self.maybe(f, 3, self.text), "http_status": self.maybe(f, 4, self.s),
                "retry_after": self.maybe(f, 5, self.s)}

    def answer(self):
        f = self.flags(5)
        return {"run": self.u(), "order": self.i(), "outcome": self.word("MutationOutcome"),
                "broker_order_id": self.maybe(f, 0, self.text), "exchange_order_id": self.maybe(f, 1, self.text),
                "error": self.maybe(f, 2, self.error), "adapter_state": self.bytes(), "dispatched_at": self.time(),
                "written_at": self.maybe(f, 3, self.time), "first_byte_at": self.maybe(f, 4, self.time),
                "answered_at": self.time()}

    def report(self):
        f = self.flags(4)
        return {"state": self.word("ReportedState"), "cumulative": self.maybe(f, 0, self.s),
                "broker_order_id": self.maybe(f, 1, self.text), "exchange_order_id": self.maybe(f, 2, self.text),
                "error": self.maybe(f, 3, self.error), "adapter_state": self.bytes(), "at": self.time()}

    def execution(self):
        f = self.flags(3)
        return {"adapter": self.text(), "account": self.i(), "instrument": self.i(), "id": self.text(),
                "kind": self.word("ExecutionKind"), "replaces": self.maybe(f, 0, self.text),
                "run": self.maybe(f, 1, self.u), "order": self.i(), "side": self.word("Side"), "quantity": self.s(),
                "price": self.s(), "fees": self.s(), "transact_time": self.maybe(f, 2, self.time), "at": self.time()}

    def run_order(self, **more):
        """Run and order, then the fields that `more` names with their readers."""
        made = {"run": self.u(), "order": self.i()}
        for name, read in more.items():
            made[name] = read()
        return made

    def outcome(self):
        return self.word("MutationOutcome")

    def perhaps(self, read):
        return self.maybe(self.flags(1), 0, read)

    def run_orders(self):
        return {"run": self.u(), "orders": self.list(self.i)}

    def said(self, *fields):
        """Fields by (name, reader), in their order."""
        return {name: read() for name, read in fields}

    def state_change(self):
        made = self.said(("scope", self.scope), ("status", lambda: self.word("TradingStatus")), ("reason", self.text),
                         ("by", self.text), ("at", self.time))
        made["until"] = self.perhaps(self.time)
        f = self.flags(2)
        made["cause"] = self.maybe(f, 0, self.text)
        made["escalation"] = self.maybe(f, 1, lambda: {"action": self.word("Action"), "at": self.time()})
        return made

    def override(self):
        return self.said(("id", self.s), ("control", lambda: self.word("ControlID")), ("scope", self.scope),
                         ("until", self.time), ("uses", self.s), ("by", self.text), ("reason", self.text),
                         ("at", self.time))

    def day(self):
        made = self.said(("account", self.i), ("day", self.s), ("marks", lambda: self.list(self.mark)))
        made["equity"] = self.perhaps(self.s)
        return made

    def difference(self):
        f = self.flags(2)
        return {"account": self.i(), "cause": self.word("Difference"), "action": self.word("DifferenceAction"),
                "subject": self.text(), "ours": self.maybe(f, 0, self.dec), "theirs": self.maybe(f, 1, self.dec),
                "at": self.time()}

    def replacement(self):
        return {"client_sequence": self.u(), "quantity": self.s(), "limit": self.s(), "stop": self.s()}


EVENTS = {
    1: ("accountDefined", lambda r: r.account()),
    2: ("accountRemoved", lambda r: {"id": r.text()}),
    3: ("groupDefined", lambda r: r.group()),
    4: ("groupRemoved", lambda r: {"id": r.text()}),
    5: ("instrumentDefined", lambda r: {"number": r.i(), **r.instrument()}),
    6: ("riskConfigured", lambda r: r.said(("version", r.s), ("document", r.text), ("reason", r.text), ("by", r.text),
                                           ("at", r.time))),
    7: ("stateChanged", lambda r: r.state_change()),
    8: ("runAdmitted", lambda r: r.admission()),
    9: ("ordersQueued", lambda r: {**r.run_orders(), "durable_at": r.time(), "queued_at": r.time()}),
    10: ("orderAnswered", lambda r: r.answer()),
    11: ("orderReported", lambda r: r.run_order(report=r.report)),
    12: ("executed", lambda r: r.execution()),
    13: ("cancelRequested", lambda r: r.run_order(by=r.text)),
    14: ("cancelAnswered", lambda r: r.run_order(outcome=r.outcome, error=lambda: r.perhaps(r.error))),
    15: ("replaceRequested", lambda r: r.run_order(wanted=r.replacement, by=r.text)),
    16: ("replaceAnswered", lambda r: r.run_order(outcome=r.outcome, error=lambda: r.perhaps(r.error))),
    17: ("ordersCanceledLocally", lambda r: {**r.run_orders(), "reason": r.word("LocalCancelReason")}),
    18: ("ordersReleased", lambda r: r.run_orders()),
    19: ("orderLookedUp", lambda r: r.run_order(outcome=lambda: r.word("LookupOutcome"),
                                                broker_order_id=lambda: r.perhaps(r.text))),
    20: ("gapClosed", lambda r: r.run_order()),
    21: ("dayOpened", lambda r: r.day()),
    22: ("overrideGranted", lambda r: r.override()),
    23: ("overrideRevoked", lambda r: r.said(("id", r.s), ("by", r.text), ("reason", r.text), ("at", r.time))),
    24: ("squareOffStarted", lambda r: r.said(("id", r.s), ("scope", r.scope), ("by", r.text), ("reason", r.text),
                                              ("at", r.time))),
    25: ("squareOffEnded", lambda r: r.said(("id", r.s), ("outcome", lambda: r.word("Outcome")), ("by", r.text),
                                            ("reason", r.text), ("at", r.time))),
    26: ("heartbeatSet", lambda r: r.said(("key", r.text), ("person", r.text), ("scope", r.scope), ("ttl", r.s),
                                          ("at", r.time))),
    27: ("limitWarned", lambda r: r.said(("control", lambda: r.word("ControlID")), ("account", r.i), ("limit", r.s),
                                         ("observed", r.s), ("at", r.time))),
    28: ("adminActed", lambda r: r.said(("kind", lambda: r.word("Act")), ("subject", r.text), ("key", r.text),
                                        ("detail", r.text), ("by", r.text), ("reason", r.text), ("at", r.time))),
    40: ("termsFound", lambda r: r.run_order(quantity=r.s, limit=r.s, stop=r.s, at=r.time)),
    41: ("anomalyFound", lambda r: r.run_order(kind=lambda: r.word("Anomaly"), ordered=r.s, executed=r.s, excess=r.s,
                                               at=r.time)),
    42: ("orderAdopted", lambda r: r.run_order(broker_order_id=r.text, executed_before=r.s, at=r.time)),
    43: ("positionAdopted", lambda r: r.said(("account", r.i), ("instrument", r.i), ("quantity", r.s), ("before", r.s),
                                             ("price", r.s), ("mark", r.s), ("product", r.byte), ("by", r.text),
                                             ("reason", r.text), ("at", r.time))),
    44: ("orderResolved", lambda r: r.run_order(outcome=lambda: r.word("Resolution"), by=r.text, reason=r.text,
                                                at=r.time)),
    45: ("differenceFound", lambda r: r.difference()),
}


def decode(data):
    """One record: {sequence, at, events: [{event, ...}]}."""
    head = Decoder(data)
    if data[:4] != MAGIC:
        head.fail("the magic is missing")
    head.at = 4
    if (version := head.byte()) != FORMAT:
        head.fail(f"the format is {version}, this reader knows {FORMAT}")
    sequence, base = head.u(), head.s()
    count = head.u()
    events = []
    for _ in range(count):
        kind, length = head.byte(), head.u()
        if kind not in EVENTS:
            head.fail(f"there is no event of kind {kind}")
        if length > head.end - head.at:
            head.fail(f"an event of {length} bytes is longer than the record")
        name, read = EVENTS[kind]
        events.append({"event": name, **read(Decoder(data, head.at, head.at + length, base))})
        head.at += length
    if head.at != head.end:
        head.fail("something follows the last event")
    return {"sequence": sequence, "at": base, "events": events}


def chain_hash(previous, sequence, at, version, data):
    numbers = b"".join(value.to_bytes(8, "little", signed=True) for value in (sequence, at, version))
    return hashlib.sha256(previous + numbers + data).digest()


def records(path):
    """The rows of a database's journal, decoded, each with `flaws`: what is wrong with its place, sum or chain."""
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        previous, expected = bytes(32), 1
        rows = connection.execute(
            "SELECT sequence, recorded_at, format_version, checksum, bytes, chain FROM journal ORDER BY sequence")
        for sequence, at, version, checksum, data, chain in rows:
            flaws = []
            if sequence != expected:
                flaws.append(f"record {expected} is missing before record {sequence}")
            numbers = b"".join(value.to_bytes(8, "little", signed=True) for value in (sequence, at, version))
            if zlib.crc32(numbers + data) != checksum:
                flaws.append(f"record {sequence} fails its checksum")
            if chain_hash(previous, sequence, at, version, data) != chain:
                flaws.append(f"record {sequence} does not follow from the one before")
            record = decode(data)
            if record["sequence"] != sequence or record["at"] != at:
                flaws.append(f"record {sequence} says another number or time of itself than its row")
            yield {**record, "flaws": flaws}
            previous, expected = chain, sequence + 1
    finally:
        connection.close()


# ---- the example of the page

EXAMPLE = bytes.fromhex(
    "534c4a31 01 4d 80809cbdabbf8fe931 02 1207ac020300028001 0a1d0dac02020202423112080973686f727420e282b9a00601abcf0f"
    "00e807")


def self_test():
    failed = []
    found = decode(EXAMPLE)
    wanted = [{"event": "ordersReleased", "run": 300, "orders": [0, 1, 64]}]
    if (found["sequence"], found["at"]) != (77, 1795000000000000000) or found["events"][:1] != wanted:
        failed.append(f"the example is read as {found}")
    answer = found["events"][1]
    if (answer["order"], answer["outcome"], answer["broker_order_id"], answer["error"]["code"]) != (
            1, "rejected", "B1", "funds") or answer["error"]["broker_text"] != "short ₹":
        failed.append(f"the example's answer is read as {answer}")
    if answer["answered_at"] - answer["dispatched_at"] != 1500:
        failed.append("the example's times are not 1500 ns apart")
    if set(WORDS) < {"Side", "MutationOutcome", "ReportedState", "Sentence"}:
        failed.append(f"the page's words are {sorted(WORDS)}")
    # No cut is a record, and no padded number, unknown kind or later format is.
    for length in range(len(EXAMPLE)):
        if is_record(EXAMPLE[:length]):
            failed.append(f"the first {length} bytes are read as a record")
    for place, bytes_ in [(0, b"X"), (4, b"\x02"), (5, b"\xcd\x00"), (15, b"\x1d"), (16, b"\x08"), (15, b"\x01")]:
        broken = EXAMPLE[:place] + bytes_ + EXAMPLE[place + 1:]
        if is_record(broken):
            failed.append(f"with {bytes_.hex()} at {place} it is still read as a record")
    # Any byte changed is a record or malformed, never something else.
    for place in range(len(EXAMPLE)):
        for value in range(256):
            is_record(EXAMPLE[:place] + bytes([value]) + EXAMPLE[place + 1:])
    for line in failed:
        print(f"journal self-test: {line}")
    print(f"journal self-test: {'failed' if failed else 'ok'}, {len(EVENTS)} kinds, {len(WORDS)} lists of words")
    return 1 if failed else 0


def is_record(data):
    try:
        decode(data)
        return True
    except Malformed:
        return False


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) != 1:
        sys.exit(__doc__)
    flaws = 0
    for record in records(f"{arguments[0]}/sluice.db"):
        for flaw in record["flaws"]:
            print(flaw, file=sys.stderr)
            flaws += 1
        print(json.dumps(record, default=lambda value: value.hex() if isinstance(value, bytes) else str(value)))
    return 1 if flaws else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
