import Domain

// What comparing our books with a broker's brought to light, and how it was settled.

extension EventWriter {
    /// Without its words, which are appended to the event.
    mutating func write(_ terms: Order.Terms) {
        write(terms.quantity)
        write(terms.limitPrice)
        write(terms.stopPrice)
    }

    /// Without its run and order, which stand before it.
    mutating func write(_ anomaly: Anomaly) {
        write(byte: anomaly.kind.rawValue)
        write(anomaly.ordered)
        write(anomaly.executed)
        write(anomaly.excess)
        write(anomaly.at)
    }

    mutating func write(_ adoption: PositionAdoption) {
        write(adoption.account)
        write(adoption.instrument)
        write(adoption.quantity)
        write(adoption.before)
        write(adoption.price)
        write(adoption.mark)
        write(byte: adoption.productCode)
        write(adoption.by)
        write(adoption.reason)
        write(adoption.at)
    }

    mutating func write(_ difference: Difference) {
        var flags = FieldFlags()
        flags[0] = difference.ours.isPresent
        flags[1] = difference.theirs.isPresent
        write(flags)
        write(difference.account)
        write(byte: difference.cause.rawValue)
        write(byte: difference.action.rawValue)
        write(difference.subject)
        if let ours = difference.ours { write(ours) }
        if let theirs = difference.theirs { write(theirs) }
        write(difference.at)
    }
}

extension EventReader {
    mutating func readTerms() throws(EventCodingError) -> Order.Terms {
        Order.Terms(quantity: try readSigned(), limitPrice: try readSigned(), stopPrice: try readSigned())
    }

    mutating func readAnomaly() throws(EventCodingError) -> Anomaly {
        Anomaly(
            run: try readRunID(), order: try readInt32(), kind: try read(Anomaly.Kind.init(rawValue:)),
            ordered: try readSigned(), executed: try readSigned(), excess: try readSigned(), at: try readTime())
    }

    mutating func readAdoption() throws(EventCodingError) -> PositionAdoption {
        let (account, instrument) = (try readInt32(), try readInt32())
        let (quantity, before) = (try readSigned(), try readSigned())
        let (price, mark) = (try readSigned(), try readSigned())
        let product = try readByte("a product")
        let (by, reason) = (try readText(), try readText())
        return PositionAdoption(
            account: account, instrument: instrument, quantity: quantity, before: before, price: price, mark: mark,
            productCode: product, reason: reason, by: by, at: try readTime())
    }

    mutating func readResolution() throws(EventCodingError) -> Resolution {
        let outcome = try read(Resolution.Outcome.init(rawValue:))
        let (by, reason) = (try readText(), try readText())
        return Resolution(outcome: outcome, reason: reason, by: by, at: try readTime())
    }

    mutating func readDifference() throws(EventCodingError) -> Difference {
        let flags = try readFlags(known: 2)
        return Difference(
            account: try readInt32(), cause: try read(Difference.Cause.init(rawValue:)),
            action: try read(Difference.Action.init(rawValue:)), subject: try readText(),
            ours: try flags[0] ? readDecimal() : nil, theirs: try flags[1] ? readDecimal() : nil,
            at: try readTime())
    }
}
