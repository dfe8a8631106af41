import Domain

/// The terms of a canonical id, found in one pass over its bytes: tables of a hundred thousand ids ask for them often.
struct InstrumentIDParts {
    let kind: InstrumentKind
    let root: Substring
    /// The last trading date that a future's or option's id names.
    let expiry: CivilDate?

    init(_ id: InstrumentID) {
        let text = id.text
        let bytes = text.utf8
        var ends: [String.Index] = []
        ends.reserveCapacity(8)
        var index = bytes.startIndex
        while index < bytes.endIndex, ends.count < 4 {
            if bytes[index] == UInt8(ascii: ":") { ends.append(index) }
            index = bytes.index(after: index)
        }
        while ends.count < 4 { ends.append(bytes.endIndex) }
        func term(_ number: Int) -> Substring {
            ends[number - 1] == ends[number] ? "" : text[bytes.index(after: ends[number - 1])..<ends[number]]
        }
        kind = Self.kinds[String(term(1))] ?? .equity
        root = term(2)
        expiry = kind == .future || kind == .option ? CivilDate(compact: term(3)) : nil
    }

    var isDatedDerivative: Bool { kind == .future || kind == .option }

    private static let kinds = Dictionary(
        InstrumentKind.allCases.map { ($0.rawName, $0) }, uniquingKeysWith: { first, _ in first })
}
