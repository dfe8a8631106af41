package import Domain

// Values that several structures hold. What was checked when it entered is not checked again by its rules, only where
// a wrong value could be no value at all or would trap its user.

extension EventWriter {
    /// Exponent, then mantissa.
    package mutating func write(_ decimal: ExactDecimal) {
        write(Int64(decimal.exponent))
        write(decimal.mantissa)
    }

    package mutating func write(_ currency: Currency) { write(currency.packed) }
    package mutating func write(_ date: CivilDate) { write(date.daysSinceEpoch) }
    package mutating func write(_ run: RunID) { write(run.number) }
    package mutating func write(_ account: AccountID) { write(account.rawValue) }
    package mutating func write(_ group: GroupID) { write(group.rawValue) }
    package mutating func write(_ adapter: AdapterID) { write(adapter.rawValue) }
    package mutating func write(_ instrument: InstrumentID) { write(instrument.text) }

    package mutating func write(_ scope: Scope) {
        write(byte: scope.kind.rawValue)
        write(scope.id)
    }

    /// Places of orders in their run.
    package mutating func write(_ orders: [Int32]) {
        write(count: orders.count)
        for order in orders { write(order) }
    }

    package mutating func write(_ numbers: some Collection<Int64>) {
        write(count: numbers.count)
        for number in numbers { write(number) }
    }

    package mutating func write(_ rejection: Rejection) {
        write(byte: rejection.control.rawValue)
        write(byte: rejection.sentence.rawValue)
        write(byte: rejection.cause.rawValue)
        write(byte: rejection.scope.rawValue)
        write(byte: rejection.unit.rawValue)
        write(rejection.limit)
        write(rejection.observed)
        write(rejection.projected)
        write(rejection.inputAge)
    }

    package mutating func write(_ error: AdapterError) {
        var flags = FieldFlags()
        flags[0] = error.brokerCode.isPresent
        flags[1] = error.brokerText.isPresent
        flags[2] = error.text.isPresent
        flags[3] = error.field.isPresent
        flags[4] = error.httpStatus.isPresent
        flags[5] = error.retryAfterNanoseconds.isPresent
        write(flags)
        write(byte: error.code.rawValue)
        if let brokerCode = error.brokerCode { write(brokerCode) }
        if let brokerText = error.brokerText { write(brokerText) }
        if let text = error.text { write(text) }
        if let field = error.field { write(field) }
        if let httpStatus = error.httpStatus { write(Int64(httpStatus)) }
        if let retryAfter = error.retryAfterNanoseconds { write(retryAfter) }
    }
}

extension EventReader {
    package mutating func readDecimal() throws(EventCodingError) -> ExactDecimal {
        let start = offset
        let exponent = try readInt()
        let mantissa = try readInt128()
        guard let decimal = ExactDecimal(mantissa: mantissa, exponent: exponent), decimal.exponent == exponent else {
            throw EventCodingError(.malformed, offset: start, expected: "a decimal in its shortest form")
        }
        return decimal
    }

    package mutating func readCurrency() throws(EventCodingError) -> Currency {
        let start = offset
        let packed = try readUnsigned()
        var rest = packed
        while rest != 0, (48...57).contains(rest & 0xff) || (65...90).contains(rest & 0xff) { rest >>= 8 }
        guard packed != 0, rest == 0 else {
            throw EventCodingError(.malformed, offset: start, expected: "a currency of A-Z 0-9", found: packed)
        }
        return Currency(packed: packed)
    }

    package mutating func readDate() throws(EventCodingError) -> CivilDate {
        let start = offset
        let days = try readSigned()
        guard (-719_528...2_932_896).contains(days) else {
            throw EventCodingError(.malformed, offset: start, expected: "a day of the years 0 to 9999")
        }
        return CivilDate(daysSinceEpoch: days)
    }

    package mutating func readRunID() throws(EventCodingError) -> RunID { RunID(number: try readUnsigned()) }
    package mutating func readAccountID() throws(EventCodingError) -> AccountID { AccountID(unchecked: try readText()) }
    package mutating func readGroupID() throws(EventCodingError) -> GroupID { GroupID(unchecked: try readText()) }

    package mutating func readAdapterID() throws(EventCodingError) -> AdapterID {
        let start = offset
        guard let adapter = AdapterID(try readText()) else {
            throw EventCodingError(.malformed, offset: start, expected: "an adapter's id, \(AdapterID.rule)")
        }
        return adapter
    }

    /// An id's parts are reached by their place, so at least the first three must be there.
    package mutating func readInstrumentID() throws(EventCodingError) -> InstrumentID {
        let start = offset
        let text = try readText()
        var (parts, previous) = (0, UInt8(ascii: ":"))
        for byte in text.utf8 {
            if previous == UInt8(ascii: ":"), byte != previous { parts += 1 }
            previous = byte
        }
        guard parts >= 3 else {
            throw EventCodingError(.malformed, offset: start, expected: "an instrument's id, VENUE:KIND:ROOT")
        }
        return InstrumentID(canonical: text)
    }

    package mutating func readScope() throws(EventCodingError) -> Scope {
        Scope(kind: try read(ScopeKind.init(rawValue:)), id: try readText())
    }

    package mutating func readOrders() throws(EventCodingError) -> [Int32] {
        try readList(ofAtLeast: 1, "orders") { reader throws(EventCodingError) in try reader.readInt32() }
    }

    package mutating func readNumbers() throws(EventCodingError) -> [Int64] {
        try readList(ofAtLeast: 1, "numbers") { reader throws(EventCodingError) in try reader.readSigned() }
    }

    package mutating func readRejection() throws(EventCodingError) -> Rejection {
        Rejection(
            try read(ControlID.init(rawValue:)), try read(Rejection.Sentence.init(rawValue:)),
            cause: try read(Rejection.Cause.init(rawValue:)),
            scope: try read(ScopeKind.init(rawValue:)), unit: try read(Rejection.Unit.init(rawValue:)),
            limit: try readSigned(),
            observed: try readSigned(), projected: try readSigned(), inputAge: try readSigned())
    }

    package mutating func readAdapterError() throws(EventCodingError) -> AdapterError {
        let flags = try readFlags(known: 6)
        return AdapterError(
            code: try read(AdapterErrorCode.init(rawValue:)),
            brokerCode: try flags[0] ? readText() : nil,
            brokerText: try flags[1] ? readText() : nil,
            text: try flags[2] ? readText() : nil,
            field: try flags[3] ? readText() : nil,
            httpStatus: try flags[4] ? readInt() : nil,
            retryAfterNanoseconds: try flags[5] ? readSigned() : nil)
    }
}
