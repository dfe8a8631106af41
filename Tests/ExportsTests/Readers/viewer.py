"""Opens a trace as the viewer of VizTracer does, a program that is not ours (`make readers`): it reads the events, puts them
into its own report and into a page for the browser. What it made of them is held against the file.
"""

import io
import json
import sys

try:
    from viztracer.report_builder import ReportBuilder
except ImportError:
    sys.exit(print("NOT CHECKED by a viewer of traces, absent (make readers)", file=sys.stderr))

path = sys.argv[1]


def opened(form):
    text = io.StringIO()
    ReportBuilder([path], verbose=0).generate_report(text, output_format=form)
    return text.getvalue()


def slices(events):
    return sorted((e["pid"], e["tid"], e["ts"], e["dur"], e["name"]) for e in events if e["ph"] == "X")


with open(path, encoding="utf-8") as file:
    written = json.load(file)["traceEvents"]
read = json.loads(opened("json"))["traceEvents"]
assert slices(read) == slices(written) and slices(read), "the viewer shows other slices"
threads = {event["args"]["name"] for event in read if event["ph"] == "M" and event["name"] == "thread_name"}
page = opened("html")
assert threads and all(json.dumps(name)[1:-1] in page for name in threads), "the viewer's page misses a row"
print(json.dumps({"viewer": "viztracer", "threads": len(threads), "slices": len(slices(read)), "page_bytes": len(page)}))
