import Domain

/// JSON as it is put together where time counts: punctuation and names are literals, so that a name costs a copy of its
/// bytes. Whoever writes here answers for the commas; everything else goes through `JSONWriter`.
struct JSONText {
    private(set) var bytes: [UInt8] = []

    init(reserving capacity: Int) { bytes.reserveCapacity(capacity) }

    /// Punctuation and names, as they stand.
    mutating func raw(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// A word of ours, which has nothing to escape: `"WORKING"`.
    mutating func word(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: text.utf8)
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func word(_ text: String?) {
        if let text { word(text) } else { raw("null") }
    }

    /// Anybody's text.
    mutating func text(_ text: String?) {
        guard let text else { return raw("null") }
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        if isPlain { word(text) } else { bytes.append(contentsOf: JSONValue.string(text).serialized()) }
    }

    /// `"2500.05"`.
    mutating func decimal(_ value: ExactDecimal) {
        bytes.append(UInt8(ascii: "\""))
        value.write(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    mutating func decimal(_ value: ExactDecimal?) {
        if let value { decimal(value) } else { raw("null") }
    }

    mutating func integer(_ value: Int64) { ExactDecimal(value).write(to: &bytes) }

    mutating func time(_ time: Timestamp) {
        bytes.append(UInt8(ascii: "\""))
        time.writeRFC3339(to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }
}
