package import Domain
import Engine
import Store

/// What one account traded in one instrument in one day, and what it earned by it.
///
/// The day is the UTC date at which the journal learned of the executions; a correction or bust counts in the day it
/// came, by what it changed. Values are rounded down to the minor unit of the instrument's currency, once a row.
package struct DailyResult: Sendable {
    package var day: CivilDate
    package var account: AccountID
    package var adapter: AdapterID
    package var symbol: InstrumentID
    package var currency: Currency
    /// Executions, corrections and busts.
    package var executions: Int64
    package var boughtQuantity: ExactDecimal
    package var soldQuantity: ExactDecimal
    package var boughtValue: Money?
    package var soldValue: Money?
    /// Of what was closed, by average cost, before fees; `nil` where it does not fit.
    package var realised: Money?
    /// In the account's currency.
    package var fees: Money
    /// Held at the end of the day, or now.
    package var quantity: ExactDecimal
    package var averagePrice: ExactDecimal?
}

/// Folds the journal's executions into daily results, oldest day first, beside the running gateway.
///
/// Always from the first record on: a result needs the cost of what was held before. What is kept is a position for each
/// account and instrument, and executions of the last days, which corrections may name. One reader, one task.
package struct DailyResultReader: Sendable {
    private static let portionRecords = 512

    private let gateway: Gateway
    private let from: Timestamp?
    private let to: Timestamp?
    private var next: UInt64 = 1
    private var fold = Fold()
    private var isAtEnd = false

    /// - Parameters:
    ///   - from: days that end after it.
    ///   - to: days that begin before it.
    package init(_ gateway: Gateway, from: Timestamp?, to: Timestamp?) {
        (self.gateway, self.from, self.to) = (gateway, from, to)
    }

    /// The next days; `nil` at the end. May be empty before the end.
    package mutating func rows() async throws(GatewayError) -> [DailyResult]? {
        guard !isAtEnd, let store = gateway.storage as? Store else { return nil }
        try await gateway.settle()
        let (first, last) = (next, gateway.durableSequence)
        let taken = fold
        fold = Fold()
        let (read, done) = try await gateway.onReader { _ -> (UInt64, Fold) in
            var fold = taken
            let (records, failure) =
                first <= last
                ? try store.portion(from: first, limit: Self.portionRecords, bytes: Store.portionBytes) : ([], nil)
            if records.isEmpty, let failure { throw failure }
            for record in records where record.sequence <= last {
                for event in try JournalCoder.events(record) { fold.apply(event, at: record.recordedAt) }
            }
            return (min(last, records.last?.sequence ?? last), fold)
        }
        fold = done
        next = read + 1
        if read >= last {
            isAtEnd = true
            fold.finish()
        }
        let rows = fold.rows.filter { row in
            let begin = row.day.daysSinceEpoch * 86_400_000_000_000
            return from.map { begin + 86_400_000_000_000 > $0.nanoseconds } ?? true
                && to.map { begin < $0.nanoseconds } ?? true
        }
        fold.rows = []
        return rows
    }

    /// The state of the fold: a bare engine, which knows how executions make positions, and the day under way.
    struct Fold: Sendable {
        private struct Place: Hashable {
            var account: Int32
            var instrument: Int32
        }

        private struct Sum {
            var executions: Int64 = 0
            var bought: Int64 = 0
            var sold: Int64 = 0
            var boughtValue: Int128 = 0
            var soldValue: Int128 = 0
            var realised: Int128 = 0
            var fees: Int64 = 0

            /// Counts what an execution changed of a position. Saturates.
            mutating func add(_ side: Side, before: Position?, after: Position) {
                let steps = Self.difference(after.quantity, before?.quantity ?? 0)
                let cash = Self.difference(after.dayCash, before?.dayCash ?? 0)
                executions += 1
                if side == .buy {
                    bought = Self.sum(bought, steps)
                    boughtValue = Self.difference(boughtValue, cash)
                } else {
                    sold = Self.difference(sold, steps)
                    soldValue = Self.sum(soldValue, cash)
                }
                realised = Self.sum(realised, Self.difference(after.realisedValue, before?.realisedValue ?? 0))
                fees = Self.sum(fees, Self.difference(after.fees, before?.fees ?? 0))
            }

            private static func sum<Number: FixedWidthInteger>(_ first: Number, _ second: Number) -> Number {
                let (sum, overflow) = first.addingReportingOverflow(second)
                return overflow ? (first < 0 ? .min : .max) : sum
            }

            private static func difference<Number: FixedWidthInteger>(_ first: Number, _ second: Number) -> Number {
                let (difference, overflow) = first.subtractingReportingOverflow(second)
                return overflow ? (first < 0 ? .min : .max) : difference
            }
        }

        var rows: [DailyResult] = []
        private var engine = Engine(clientOrderIDPrefix: 0)
        private var day = Int64.min
        private var sums: [Place: Sum] = [:]

        mutating func apply(_ event: Event, at time: Timestamp) {
            switch event {
            case .accountDefined, .instrumentDefined, .positionAdopted: engine.apply(event)
            case .executed(var execution):
                // A clock that was set back does not open a day that is over.
                let today = max(day, time.nanoseconds.dividedFloor(by: 86_400_000_000_000))
                if today != day {
                    finish()
                    day = today
                }
                execution.run = nil
                let place = Place(account: execution.account, instrument: execution.instrument)
                let before = engine.book.position(place.account, place.instrument)
                engine.apply(.executed(execution))
                guard let after = engine.book.position(place.account, place.instrument) else { return }
                sums[place, default: Sum()].add(execution.side, before: before, after: after)
            default: break
            }
        }

        /// The day is over.
        mutating func finish() {
            let date = CivilDate(daysSinceEpoch: max(day, 0))
            for (place, sum) in sums {
                let entry = engine.instruments[Int(place.instrument)]
                let (instrument, account) = (entry.instrument, engine.accounts[Int(place.account)].account)
                func money(_ value: Int128) -> Money? {
                    instrument.money(value: value, rounding: .floor).map {
                        Money(minorUnits: $0, currency: instrument.currency)
                    }
                }
                let position = engine.book.position(place.account, place.instrument)
                let held = position?.quantity ?? 0
                rows.append(
                    DailyResult(
                        day: date, account: account.id, adapter: account.adapter, symbol: entry.id,
                        currency: instrument.currency, executions: sum.executions,
                        boughtQuantity: instrument.quantity(sum.bought), soldQuantity: instrument.quantity(sum.sold),
                        boughtValue: money(sum.boughtValue), soldValue: money(sum.soldValue),
                        realised: money(sum.realised),
                        fees: Money(minorUnits: sum.fees, currency: account.currency),
                        quantity: instrument.quantity(held),
                        averagePrice: position.flatMap { position in
                            held == 0 ? nil : engine.averagePrice(position.entryValue, held, instrument)
                        }))
            }
            rows.sort {
                ($0.day.daysSinceEpoch, $0.account.rawValue, $0.symbol.text)
                    < ($1.day.daysSinceEpoch, $1.account.rawValue, $1.symbol.text)
            }
            sums = [:]
        }
    }
}
