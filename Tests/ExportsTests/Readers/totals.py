"""Reads an export of legs as CSV with Python's own csv module and prints what it adds up to, as JSON.

Numbers are added as decimals. A text cell's protecting apostrophe is taken off, as the documentation says.
"""

import csv
import json
import sys
from decimal import Decimal

with open(sys.argv[1], newline="", encoding="utf-8") as file:
    rows = list(csv.DictReader(file, strict=True))
unsafe = [cell for row in rows for cell in row.values() if cell[:1] in ("=", "+", "-", "@", "\t", "\r", "\n")
          and not cell.lstrip("-").replace(".", "", 1).isdigit()]
assert not unsafe, unsafe
statuses = {}
for row in rows:
    statuses[row["status"]] = statuses.get(row["status"], 0) + 1
print(json.dumps({
    "rows": len(rows),
    "statuses": statuses,
    "allocated": str(sum((Decimal(row["allocated_quantity"]) for row in rows), Decimal(0))),
    "filled": str(sum((Decimal(row["cumulative_quantity"]) for row in rows), Decimal(0))),
    "last": rows[-1]["leg_id"] if rows else "",
}))
