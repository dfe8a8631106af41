package import Domain

/// What groups and strategies earned by their own runs: positions made of the fills of those runs alone, by average cost
/// (RISK.md C27).
///
/// A position here belongs to one owner and one (account, instrument) of the book. Fills of orders that were entered
/// elsewhere belong to nobody. At most `maximumStrategies` strategies are told apart; fills of further ones are not
/// attributed to a strategy, and C7 refuses their runs where it limits them.
package struct AttributionBook: Sendable {
    package static let maximumStrategies = 4_096

    package private(set) var positions: [Position] = []
    /// (slot of the book, owner) to place.
    private var table = PairTable()
    private var placesOfOwner: [Int32: [Int32]] = [:]
    /// Places by account number.
    private var placesOfAccount: [Int32: [Int32]] = [:]
    private var strategyNumbers: [String: Int32] = [:]
    /// Runs of each strategy with an admitted leg since a person enabled it last.
    package private(set) var strategyRuns: [Int64] = []

    static func group(_ number: Int32) -> Int32 { number * 2 }
    static func strategy(_ number: Int32) -> Int32 { number * 2 + 1 }

    // MARK: Strategies

    package func strategyNumber(_ name: String) -> Int32? { strategyNumbers[name] }

    /// Runs that count for C7; `nil` = the strategy cannot be counted.
    package func runs(ofStrategy name: String) -> Int64? {
        if let number = strategyNumbers[name] { return strategyRuns[Int(number)] }
        return strategyNumbers.count < Self.maximumStrategies ? 0 : nil
    }

    mutating func countRun(ofStrategy name: String) {
        if let number = strategyNumbers[name] {
            strategyRuns[Int(number)] += 1
        } else if strategyNumbers.count < Self.maximumStrategies {
            strategyNumbers[name] = Int32(strategyRuns.count)
            strategyRuns.append(1)
        }
    }

    /// A person enabled the strategy: its runs count from zero.
    mutating func enable(strategy name: String) {
        if let number = strategyNumbers[name] { strategyRuns[Int(number)] = 0 }
    }

    // MARK: Positions

    mutating func apply(
        owner: Int32, slot: Int32, account: Int32, instrument: Int32, execution added: Int64, price: Int64, fees: Int64
    ) {
        var place = table[slot, owner]
        if place < 0 {
            place = Int32(positions.count)
            positions.append(Position(account: account, instrument: instrument))
            table.insert(slot, owner, slot: place)
            placesOfOwner[owner, default: []].append(place)
            placesOfAccount[account, default: []].append(place)
        }
        positions[Int(place)].apply(execution: added, price: price, fees: fees)
    }

    /// The trading day of an account began: results count from these marks.
    mutating func openDay(of account: Int32, mark: (Int32) -> Int64?) {
        for place in placesOfAccount[account] ?? [] {
            let instrument = positions[Int(place)].instrument
            positions[Int(place)].openDay(mark: mark(instrument))
        }
    }

    /// Whether both hold the same, whatever slots the book gave to its places.
    func holdsSame(as other: AttributionBook) -> Bool {
        positions == other.positions && placesOfOwner == other.placesOfOwner
            && placesOfAccount == other.placesOfAccount && strategyNumbers == other.strategyNumbers
            && strategyRuns == other.strategyRuns
    }

    func positions(of owner: Int32) -> [Position] { (placesOfOwner[owner] ?? []).map { positions[Int($0)] } }

    /// Instruments of an account that some owner holds.
    func heldInstruments(of account: Int32) -> [Int32] {
        (placesOfAccount[account] ?? []).compactMap { place in
            let position = positions[Int(place)]
            return position.quantity == 0 ? nil : position.instrument
        }
    }
}

extension Engine {
    /// The day's result of a group in one currency, minor units (RISK.md C27): realised and marked results of its own
    /// fills less fees. `nil` where a held instrument has no price, or is in another currency than its account.
    package func groupResult(_ group: Int32, currency: Currency) -> Int64? {
        var sum: Int64 = 0
        for position in attribution.positions(of: AttributionBook.group(group))
        where accounts[Int(position.account)].account.currency == currency {
            guard let value = dayMoney(position, currency) else { return nil }
            sum = saturatingSum(sum, value)
        }
        return sum
    }

    /// The same of a strategy; 0 for one that never filled.
    package func strategyResult(_ name: String, currency: Currency) -> Int64? {
        guard let number = attribution.strategyNumber(name) else { return 0 }
        var sum: Int64 = 0
        for position in attribution.positions(of: AttributionBook.strategy(number))
        where accounts[Int(position.account)].account.currency == currency {
            guard let value = dayMoney(position, currency) else { return nil }
            sum = saturatingSum(sum, value)
        }
        return sum
    }

    /// The same by the member accounts' whole results.
    package func memberResult(_ group: Int32, currency: Currency) -> Int64? {
        var sum: Int64 = 0
        for account in groups[Int(group)].members where accounts[Int(account)].account.currency == currency {
            guard let value = dayResult(account: account) else { return nil }
            sum = saturatingSum(sum, value)
        }
        return sum
    }

    /// A position's result of the day in its account's currency, rounded down; `nil` = not known.
    func dayMoney(_ position: Position, _ currency: Currency) -> Int64? {
        let instrument = instruments[Int(position.instrument)].instrument
        let reference = inputs.reference(position.instrument).points
        guard let value = position.dayValue(mark: reference > 0 ? reference : nil),
            let money = converted(value, instrument, to: currency)
        else { return nil }
        return saturatingSum(money, -position.dayFees)
    }
}

// MARK: - As bytes

extension AttributionBook {
    func write(to writer: inout EventWriter) {
        let names = strategyNumbers.sorted { $0.value < $1.value }
        writer.write(count: names.count)
        for (name, number) in names {
            writer.write(name)
            writer.write(strategyRuns[Int(number)])
        }
        var owners = Array(repeating: Int32(-1), count: positions.count)
        for (owner, places) in placesOfOwner {
            for place in places { owners[Int(place)] = owner }
        }
        writer.write(count: positions.count)
        for (position, owner) in zip(positions, owners) {
            writer.write(owner)
            position.write(to: &writer)
        }
    }

    /// - Parameter book: makes the places that its positions are found under.
    init(_ reader: inout EventReader, book: inout Book) throws(EventCodingError) {
        for _ in 0..<(try reader.readCount(ofAtLeast: 2, "strategies")) {
            strategyNumbers[try reader.readText()] = Int32(strategyRuns.count)
            strategyRuns.append(try reader.readSigned())
        }
        for _ in 0..<(try reader.readCount(ofAtLeast: 24, "positions")) {
            let owner = try reader.readInt32()
            let position = try Position(&reader)
            guard book.hasAccount(position.account) else { throw reader.outOfRange("an account of the state") }
            let place = Int32(positions.count)
            positions.append(position)
            table.insert(book.ensure(position.account, position.instrument), owner, slot: place)
            placesOfOwner[owner, default: []].append(place)
            placesOfAccount[position.account, default: []].append(place)
        }
    }
}
