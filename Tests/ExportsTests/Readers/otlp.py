"""Parses OTLP/JSON with the official protobuf messages (PyPI: opentelemetry-proto) and prints what they hold, as JSON.

OTLP writes ids in hexadecimal where protobuf's mapping has base64; everything else is the mapping, and an unknown or
misspelt member is an error. Exit status 77 where the messages are not installed.
"""

import base64
import json
import sys

try:
    from google.protobuf import json_format
    from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
except ImportError as error:
    print(error)
    sys.exit(77)


def with_base64(value):
    if isinstance(value, list):
        return [with_base64(item) for item in value]
    if not isinstance(value, dict):
        return value
    ids = ("traceId", "spanId", "parentSpanId")
    return {key: base64.b64encode(bytes.fromhex(item)).decode() if key in ids else with_base64(item)
            for key, item in value.items()}


with open(sys.argv[1], encoding="utf-8") as file:
    document = json.load(file)
request = json_format.ParseDict(with_base64(document), trace_service_pb2.ExportTraceServiceRequest())
spans = [span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans]
ids = [span.span_id for span in spans]
assert len(set(ids)) == len(ids), "a span's id comes twice"
assert all(len(span.trace_id) == 16 and len(span.span_id) == 8 for span in spans)
assert all(0 < span.start_time_unix_nano <= span.end_time_unix_nano for span in spans)
roots = [span for span in spans if span.parent_span_id not in ids]
assert len(roots) == 1, roots
again = trace_service_pb2.ExportTraceServiceRequest.FromString(request.SerializeToString())
assert again == request
print(json.dumps({
    "service": next(a.value.string_value for a in request.resource_spans[0].resource.attributes if a.key == "service.name"),
    "spans": len(spans),
    "trace": roots[0].trace_id.hex(),
    "parent": roots[0].parent_span_id.hex(),
    "legs": sum(span.name.startswith("leg ") for span in spans),
    "failed": sum(span.status.code == 2 for span in spans),
}))
