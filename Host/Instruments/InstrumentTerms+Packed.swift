import Domain

/// The stored form of terms: their figures in a fixed order, split by bars, empty where nothing is said.
extension InstrumentTerms {
    var packed: String {
        // Most have no table, and then nothing stands for it: so it was stored before there were tables.
        let table = tickTable.map { "|\($0)" } ?? ""
        return [
            currency?.description, tickSize?.description, lotSize?.description, multiplier?.description,
            contractSize?.description, freezeQuantity?.description, minimumQuantity?.description,
            maximumQuantity?.description, expiry?.description, isTradable.map { $0 ? "1" : "0" }, underlying?.text,
        ].map { $0 ?? "" }.joined(separator: "|") + table
    }

    /// `nil` where the text is none that `packed` makes.
    init?(packed text: String) {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false)
        guard parts.count == 11 || parts.count == 12 else { return nil }
        var isWhole = true
        func read<Value>(_ place: Int, _ make: (String) -> Value?) -> Value? {
            guard !parts[place].isEmpty else { return nil }
            let value = make(String(parts[place]))
            if value == nil { isWhole = false }
            return value
        }
        self.init(InstrumentFields(id: InstrumentID(canonical: "")))
        currency = read(0) { Currency($0) }
        tickSize = read(1) { ExactDecimal($0) }
        lotSize = read(2) { ExactDecimal($0) }
        multiplier = read(3) { ExactDecimal($0) }
        contractSize = read(4) { ExactDecimal($0) }
        freezeQuantity = read(5) { ExactDecimal($0) }
        minimumQuantity = read(6) { ExactDecimal($0) }
        maximumQuantity = read(7) { ExactDecimal($0) }
        expiry = read(8) { CivilDate(compact: $0.filter { $0 != "-" }) }
        isTradable = read(9) { $0 == "1" ? true : $0 == "0" ? false : nil }
        underlying = read(10) { try? InstrumentID($0) }
        if parts.count == 12 {
            tickTable = try? TickTable(String(parts[11]))
            guard tickTable != nil, tickSize == nil else { return nil }
        }
        guard isWhole else { return nil }
    }
}

extension InstrumentFields {
    /// The figures of shared terms, for an instrument of its own.
    init(id: InstrumentID, terms: InstrumentTerms) {
        self.init(id: id)
        (currency, tickSize, lotSize, multiplier) = (terms.currency, terms.tickSize, terms.lotSize, terms.multiplier)
        tickTable = terms.tickTable
        (contractSize, freezeQuantity) = (terms.contractSize, terms.freezeQuantity)
        (minimumQuantity, maximumQuantity) = (terms.minimumQuantity, terms.maximumQuantity)
        (expiry, isTradable, underlying) = (terms.expiry, terms.isTradable, terms.underlying)
    }
}
