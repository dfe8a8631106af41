"""Reads trace-event JSON as its viewers do, with nothing of ours, and prints what a person would see, as JSON.

Slices of one thread must nest: a slice that begins within another ends within it.
"""

import json
import sys
from decimal import Decimal

with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file, parse_float=Decimal, parse_int=Decimal)
events = document["traceEvents"]
names, slices = {}, {}
for event in events:
    key = (event["pid"], event["tid"])
    if event["ph"] == "M":
        if event["name"] == "thread_name":
            names[key] = event["args"]["name"]
        continue
    assert event["ph"] == "X", event
    assert event["dur"] >= 0 and event["ts"] >= 0, event
    slices.setdefault(key, []).append((event["ts"], event["ts"] + event["dur"], event["name"]))
for key, found in slices.items():
    assert key in names, key
    opened = []
    for start, end, name in sorted(found, key=lambda slice: (slice[0], -slice[1])):
        while opened and opened[-1] <= start:
            opened.pop()
        assert not opened or end <= opened[-1], (names[key], name)
        opened.append(end)
print(json.dumps({
    "threads": len(names),
    "slices": sum(len(found) for found in slices.values()),
    "stages": sorted({name for found in slices.values() for _, _, name in found
                      if not name.startswith(("run ", "leg "))}),
}))
