import Domain

/// The terms of a canonical id, found in one pass over its bytes: tables of a hundred thousand ids ask for them often.
struct InstrumentIDParts {
    let kind: InstrumentKind
    private let text: String
    /// Where the first six terms end, in bytes; those that there are not are empty and stand at the end.
    private let ends: [6 of Int]

    init(_ id: InstrumentID) {
        text = id.text
        let bytes = text.utf8
        var ends = [6 of Int](repeating: bytes.count)
        var (count, code): (Int, UInt64) = (0, 0)
        func look(at byte: UInt8, _ offset: Int) {
            if byte == UInt8(ascii: ":") {
                ends[count] = offset
                count += 1
            } else if count == 1 {
                code = code << 8 | UInt64(byte)
            }
        }
        let isDone: Void? = bytes.withContiguousStorageIfAvailable { bytes in
            for offset in bytes.indices where count < 6 { look(at: bytes[offset], offset) }
        }
        if isDone == nil { for (offset, byte) in bytes.enumerated() where count < 6 { look(at: byte, offset) } }
        self.ends = ends
        kind = Self.codes.first { $0.code == code }?.kind ?? .equity
    }

    var venue: Substring { text[..<place(ends[0])] }
    var root: Substring { term(2) }

    /// A share's, where it is not the venue's default one.
    var series: Substring? {
        let third = kind == .equity ? term(3) : ""
        return third.isEmpty ? nil : third
    }

    /// The last trading date that a future's or option's id names.
    var expiry: CivilDate? { isDatedDerivative ? CivilDate(compact: term(3)) : nil }
    /// An option's, as it is written.
    var strike: Substring? { kind == .option ? term(4) : nil }
    /// `C` or `P`.
    var right: Substring? { kind == .option ? term(5) : nil }
    var isDatedDerivative: Bool { kind == .future || kind == .option }

    private func term(_ number: Int) -> Substring {
        let start = ends[number - 1]
        return start == ends[number] ? "" : text[place(start + 1)..<place(ends[number])]
    }

    private func place(_ offset: Int) -> String.Index { text.utf8.index(text.utf8.startIndex, offsetBy: offset) }

    /// Kinds by the bytes of their words as a number.
    private static let codes = InstrumentKind.allCases.map { kind in
        (code: kind.rawName.utf8.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }, kind: kind)
    }
}
