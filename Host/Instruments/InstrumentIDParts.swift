import Domain

/// The terms of a canonical id, found in one pass over its bytes: tables of a hundred thousand ids ask for them often.
struct InstrumentIDParts {
    let venue: Substring
    let kind: InstrumentKind
    let root: Substring
    /// A share's, where it is not the venue's default one.
    let series: Substring?
    /// The last trading date that a future's or option's id names.
    let expiry: CivilDate?
    /// An option's, as it is written.
    let strike: Substring?
    /// `C` or `P`.
    let right: Substring?

    init(_ id: InstrumentID) {
        let text = id.text
        let bytes = text.utf8
        var ends: [String.Index] = []
        ends.reserveCapacity(8)
        var index = bytes.startIndex
        while index < bytes.endIndex, ends.count < 6 {
            if bytes[index] == UInt8(ascii: ":") { ends.append(index) }
            index = bytes.index(after: index)
        }
        while ends.count < 6 { ends.append(bytes.endIndex) }
        func term(_ number: Int) -> Substring {
            ends[number - 1] == ends[number] ? "" : text[bytes.index(after: ends[number - 1])..<ends[number]]
        }
        venue = text[..<ends[0]]
        kind = Self.kinds[String(term(1))] ?? .equity
        root = term(2)
        let third = term(3)
        series = kind == .equity && !third.isEmpty ? third : nil
        expiry = kind == .future || kind == .option ? CivilDate(compact: third) : nil
        strike = kind == .option ? term(4) : nil
        right = kind == .option ? term(5) : nil
    }

    var isDatedDerivative: Bool { kind == .future || kind == .option }

    private static let kinds = Dictionary(
        InstrumentKind.allCases.map { ($0.rawName, $0) }, uniquingKeysWith: { first, _ in first })
}
