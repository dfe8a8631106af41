import Domain
package import Engine
import Gateway

/// In which words one run is told to tracing tools.
package enum TraceFormat: String, CaseIterable, Hashable, Sendable {
    /// Trace-event JSON: what the Perfetto UI and Chrome open.
    case perfetto
    /// OTLP/JSON: `ExportTraceServiceRequest`, what a collector takes.
    case otlp
}

/// One run as a trace, in portions of 100 legs. Pure: the same run gives the same bytes.
package struct TraceStream: Sendable {
    private static let portionLegs = 100

    private let run: RunSnapshot
    private let format: TraceFormat
    private var next = -1

    package init(_ run: RunSnapshot, format: TraceFormat) { (self.run, self.format) = (run, format) }

    /// The next bytes; `nil` at the end.
    package mutating func portion() -> [UInt8]? {
        guard next <= run.legs.count else { return nil }
        let spans = RunSpans(run)
        var bytes: [UInt8] = []
        if next < 0 {
            bytes += format == .otlp ? OTLPTrace.opening : PerfettoTrace.opening(run)
            bytes += format == .otlp ? OTLPTrace.span(spans.root(), spans) : PerfettoTrace.run(spans)
            next = 0
        }
        let end = min(next + Self.portionLegs, run.legs.count)
        for index in next..<end {
            bytes.append(UInt8(ascii: ","))
            if format == .otlp {
                bytes += spans.leg(index).map { OTLPTrace.span($0, spans) }.joined(separator: [UInt8(ascii: ",")])
            } else {
                bytes += PerfettoTrace.leg(index, spans)
            }
        }
        next = end
        if end == run.legs.count {
            bytes += format == .otlp ? OTLPTrace.closing : PerfettoTrace.closing
            next = run.legs.count + 1
        }
        return bytes
    }

    /// All of it.
    package static func whole(_ run: RunSnapshot, format: TraceFormat) -> [UInt8] {
        var stream = TraceStream(run, format: format)
        var bytes: [UInt8] = []
        while let portion = stream.portion() { bytes += portion }
        return bytes
    }
}

/// OTLP/JSON, by the protobuf's JSON mapping and the exceptions that OTLP makes of it: ids are lower-case hexadecimal,
/// enumerations are numbers, 64-bit numbers are texts.
enum OTLPTrace {
    static var opening: [UInt8] {
        var json = JSONWriter(reserving: 512)
        json.beginObject()
        json.key("attributes")
        json.beginArray()
        attribute(TraceSpan.Attribute(key: "service.name", value: .text("sluice")), &json)
        attribute(TraceSpan.Attribute(key: "service.version", value: .text(Sluice.version)), &json)
        json.endArray()
        json.endObject()
        return Array("{\"resourceSpans\":[{\"resource\":".utf8) + json.bytes
            + Array(",\"scopeSpans\":[{\"scope\":{\"name\":\"sluice.runs\",\"version\":\"1\"},\"spans\":[".utf8)
    }

    static let closing = Array("]}]}]}".utf8)

    static func span(_ span: TraceSpan, _ spans: RunSpans) -> [UInt8] {
        var json = JSONWriter(reserving: 1_024)
        json.beginObject()
        json.member("traceId", spans.traceID)
        json.member("spanId", TraceContext.hexadecimal(span.id))
        if let parent = span.parent { json.member("parentSpanId", TraceContext.hexadecimal(parent)) }
        json.member("name", span.name)
        json.member("kind", span.kind.rawValue)
        json.member("startTimeUnixNano", String(span.start))
        json.member("endTimeUnixNano", String(span.end))
        if !span.attributes.isEmpty {
            json.key("attributes")
            json.beginArray()
            for entry in span.attributes { attribute(entry, &json) }
            json.endArray()
        }
        if let failure = span.failure {
            json.key("status")
            json.beginObject()
            json.member("message", failure)
            json.member("code", 2)
            json.endObject()
        }
        json.endObject()
        return json.bytes
    }

    private static func attribute(_ attribute: TraceSpan.Attribute, _ json: inout JSONWriter) {
        json.beginObject()
        json.member("key", attribute.key)
        json.key("value")
        json.beginObject()
        switch attribute.value {
        case .text(let text): json.member("stringValue", text)
        case .integer(let number): json.member("intValue", String(number))
        case .flag(let flag): json.member("boolValue", flag)
        }
        json.endObject()
        json.endObject()
    }
}

/// Trace-event JSON: one process for the run, one thread for the run itself and one a leg. Times are microseconds since
/// the request was received, with nanoseconds behind the point.
enum PerfettoTrace {
    static func opening(_ run: RunSnapshot) -> [UInt8] {
        var json = JSONWriter(reserving: 256)
        json.beginObject()
        json.member("received_at", run.receivedAt.rfc3339)
        json.member("run_id", run.id?.description)
        json.endObject()
        return Array("{\"displayTimeUnit\":\"ns\",\"otherData\":".utf8) + json.bytes
            + Array(",\"traceEvents\":[\n".utf8)
    }

    static let closing = Array("\n]}\n".utf8)

    static func run(_ spans: RunSpans) -> [UInt8] {
        let root = spans.root()
        return join([
            name("process_name", root.name, thread: 0), name("thread_name", "run", thread: 0),
            event(root, thread: 0, spans),
        ])
    }

    static func leg(_ index: Int, _ spans: RunSpans) -> [UInt8] {
        let leg = spans.run.legs[index]
        return join(
            [name("thread_name", "\(leg.account.rawValue) · \(leg.adapter.rawValue)", thread: index + 1)]
                + spans.leg(index).map { event($0, thread: index + 1, spans) })
    }

    private static func join(_ events: [[UInt8]]) -> [UInt8] { Array(events.joined(separator: Array(",\n".utf8))) }

    private static func name(_ kind: String, _ name: String, thread: Int) -> [UInt8] {
        var json = begin("M", thread: thread)
        json.member("name", kind)
        json.key("args")
        json.beginObject()
        json.member("name", name)
        json.endObject()
        json.endObject()
        return json.bytes
    }

    private static func event(_ span: TraceSpan, thread: Int, _ spans: RunSpans) -> [UInt8] {
        var json = begin("X", thread: thread)
        json.member("name", span.name)
        json.member("cat", thread == 0 ? "run" : span.attributes.isEmpty ? "stage" : "leg")
        json.member("ts", microseconds(span.start, since: spans.run.receivedAt.nanoseconds))
        json.member("dur", microseconds(span.end, since: span.start))
        json.key("args")
        json.beginObject()
        for attribute in span.attributes {
            switch attribute.value {
            case .text(let text): json.member(attribute.key, text)
            case .integer(let number): json.member(attribute.key, number)
            case .flag(let flag): json.member(attribute.key, flag)
            }
        }
        if let failure = span.failure { json.member("failure", failure) }
        json.endObject()
        json.endObject()
        return json.bytes
    }

    private static func begin(_ phase: String, thread: Int) -> JSONWriter {
        var json = JSONWriter(reserving: 512)
        json.beginObject()
        json.member("ph", phase)
        json.member("pid", 1)
        json.member("tid", Int64(thread))
        return json
    }

    private static func microseconds(_ time: Int64, since start: Int64) -> ExactDecimal {
        ExactDecimal(mantissa: Int128(time) - Int128(start), exponent: -3) ?? .zero
    }
}
