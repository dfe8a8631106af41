package import Domain

/// A position that the broker shows in another size than our executions make.
package struct PositionGap: Hashable, Sendable {
    package var symbol: InstrumentID
    /// `nil` = an instrument that nothing is known of here.
    package var instrument: Int32?
    /// `position`, or `positionElsewhere` where nothing of it was ever traded from here.
    package var cause: Difference.Cause
    /// Units, signed.
    package var ours: ExactDecimal
    package var theirs: ExactDecimal
    /// Steps; `nil` = not a whole number of them.
    package var steps: Int64?
    package var averagePrice: ExactDecimal?
    /// `nil` = the broker does not say, or it is held under several.
    package var product: Product?
}

extension Engine {
    /// Compares a broker's positions with ours, by instrument over all products.
    ///
    /// What was bought for delivery moves to the holdings when it settles: with holdings known, a long position of ours may
    /// be theirs and what they hold together.
    ///
    /// - Parameters:
    ///   - rows: The whole list; what is not in it is not held. A failed question is no list.
    ///   - holdings: `nil` = not known.
    package func compare(
        _ rows: [PositionReport], holdings: [HoldingReport]?, of account: Int32
    ) -> (matched: Int, gaps: [PositionGap]) {
        struct Theirs {
            var quantity = ExactDecimal.zero
            var averagePrice: ExactDecimal?
            var product: Product?
            var rows = 0
        }
        var theirs: [InstrumentID: Theirs] = [:]
        var seen: Set<PositionReport> = []
        for row in rows where row.account == accounts[Int(account)].account.id && seen.insert(row).inserted {
            var sum = theirs[row.symbol] ?? Theirs()
            // A sum that does not fit is no number to act on: it stays visible as a gap.
            sum.quantity = sum.quantity.adding(row.quantity) ?? row.quantity
            if !row.quantity.isZero {
                sum.rows += 1
                sum.averagePrice = sum.rows == 1 ? row.averagePrice : nil
                sum.product = sum.rows == 1 ? row.product : nil
            }
            theirs[row.symbol] = sum
        }
        var held: [InstrumentID: ExactDecimal] = [:]
        for row in holdings ?? [] {
            held[row.symbol] = (held[row.symbol] ?? .zero).adding(row.quantity) ?? row.quantity
        }
        var symbols = Set(theirs.keys)
        for position in book.positions(of: account) where position.quantity != 0 {
            symbols.insert(instruments[Int(position.instrument)].id)
        }
        var matched = 0
        var gaps: [PositionGap] = []
        for symbol in symbols.sorted(by: { $0.text < $1.text }) {
            let their = theirs[symbol] ?? Theirs()
            let number = instrumentNumbers[symbol]
            let position = number.flatMap { book.position(account, $0) }
            let instrument = number.map { instruments[Int($0)].instrument }
            let ours = instrument.map { $0.quantity(position?.quantity ?? 0) } ?? .zero
            let gap = ours.subtracting(their.quantity) ?? ours
            let isSettled = gap > .zero && ours > .zero && gap <= held[symbol] ?? .zero
            if gap.isZero || isSettled {
                if !ours.isZero || !their.quantity.isZero { matched += 1 }
                continue
            }
            gaps.append(
                PositionGap(
                    symbol: symbol, instrument: number,
                    cause: position.map(Self.wasTraded) ?? false ? .position : .positionElsewhere, ours: ours,
                    theirs: their.quantity, steps: instrument?.steps(their.quantity),
                    averagePrice: their.averagePrice, product: their.product))
        }
        return (matched, gaps)
    }

    private static func wasTraded(_ position: Position) -> Bool {
        position.quantity != 0 || position.realisedValue != 0 || position.dayTraded != 0 || position.productCode != 0
    }

    /// The broker's position in place of ours. `nil` where no price is known to count its cost from, or its size is none
    /// that can be held.
    package func adoption(
        of gap: PositionGap, account: Int32, reason: String, by: String, now: Timestamp
    ) -> PositionAdoption? {
        guard let number = gap.instrument, let steps = gap.steps, steps.magnitude <= UInt64(Self.maximumExecution)
        else { return nil }
        let instrument = instruments[Int(number)].instrument
        let stated = gap.averagePrice.flatMap { instrument.pointsRounded($0) }.flatMap { $0 > 0 ? $0 : nil }
        let reference = inputs.reference(number).points
        let price = steps == 0 ? 0 : stated ?? reference
        guard steps == 0 || price > 0 else { return nil }
        return PositionAdoption(
            account: account, instrument: number, quantity: steps,
            before: book.position(account, number)?.quantity ?? 0, price: price,
            mark: reference > 0 ? reference : price, productCode: gap.product?.rawValue ?? 0, reason: reason, by: by,
            at: now)
    }
}
