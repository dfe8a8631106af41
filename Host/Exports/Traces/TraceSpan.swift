import Domain

/// A piece of work with a beginning and an end, as tracing tools know it.
struct TraceSpan {
    /// Raw values are OTLP's `SpanKind`.
    enum Kind: Int64 {
        case `internal` = 1
        /// It answers somebody's request.
        case server = 2
        /// It waits for somebody else's answer.
        case client = 3
    }

    enum Value {
        case text(String)
        case integer(Int64)
        case flag(Bool)
    }

    struct Attribute {
        var key: String
        var value: Value
    }

    var id: UInt64
    /// `nil` for a root.
    var parent: UInt64?
    var name: String
    var kind = Kind.internal
    /// Nanoseconds since 1970; `end` is never before `start`.
    var start: Int64
    var end: Int64
    var attributes: [Attribute] = []
    /// Why it counts as failed; `nil` = it does not. An unknown outcome is no failure.
    var failure: String?
}

extension [TraceSpan.Attribute] {
    mutating func add(_ key: String, _ text: String?) {
        if let text, !text.isEmpty { append(TraceSpan.Attribute(key: key, value: .text(text))) }
    }
    /// Exact numbers go as text: tools would make binary fractions of them.
    mutating func add(_ key: String, _ decimal: ExactDecimal?) { add(key, decimal?.description) }
    mutating func add(_ key: String, _ integer: Int64?) {
        if let integer { append(TraceSpan.Attribute(key: key, value: .integer(integer))) }
    }
    mutating func add(_ key: String, _ flag: Bool) {
        if flag { append(TraceSpan.Attribute(key: key, value: .flag(true))) }
    }
}
