import Domain
import Engine

/// One seed's storm: the histories of some orders told cleanly, and told again with every report ten times, shuffled
/// among all orders, a fifth of them lost and learnt by questions at last. Both must come to the same (V14).
package struct Storm: Sendable {
    package let seed: UInt64
    /// Orders, each with a history.
    package private(set) var histories = 0
    /// Reports that reached the engine in the storm.
    package private(set) var reports = 0
    /// Reports of which every copy was lost.
    package private(set) var lost = 0
    /// What was violated, each named by its invariant; empty = all held.
    package private(set) var violations: [String] = []

    package static let copies = 10
    /// Of a hundred.
    package static let lossRate: UInt64 = 20

    package init(seed: UInt64) {
        self.seed = seed
        do { try run() } catch { violations.append("the world cannot be built: \(error)") }
    }

    private mutating func run() throws {
        var dice = Dice(seed: seed)
        let accounts = Int(dice.number(1...3))
        let quantities = (0..<8).map { _ in dice.chance(20) ? dice.number(401...1_200) : dice.number(1...400) }
        // Both worlds begin alike.
        var again = dice
        var clean = try StormWorld(accounts: accounts, quantities: quantities, using: &dice)
        var storm = try StormWorld(accounts: accounts, quantities: quantities, using: &again)
        let stories = clean.places.indices.map { index in
            History(quantity: clean.order(index)?.quantity ?? 1, using: &dice)
        }
        histories = stories.count
        for (index, story) in stories.enumerated() {
            for item in story.items { clean.take(item, of: index) }
            if story.isAbsent || story.needsTerms { clean.ask(story, of: index) }
        }
        for (item, index) in scramble(stories, &dice) { storm.take(item, of: index) }
        reports = storm.taken + storm.repeated
        if dice.chance(15) { for index in stories.indices { storm.closeGap(of: index) } }
        for (index, story) in stories.enumerated().shuffled(using: &dice) { storm.ask(story, of: index) }
        violations += clean.violations + storm.violations
        for (index, story) in stories.enumerated() {
            compare(clean, storm, index)
            judge(clean, index, story, "clean")
            judge(storm, index, story, "storm")
        }
        compareBooks(clean, storm)
        if seed % 8 == 0 { try replay(storm) }
    }

    /// The gateway's own steps once and in order, each report ten times or not at all, all of it shuffled.
    private mutating func scramble(_ stories: [History], _ dice: inout Dice) -> [(History.Item, Int)] {
        var told: [(place: UInt64, item: History.Item, index: Int)] = []
        for (index, story) in stories.enumerated() {
            // Steps come in their order, early or late; what a modify led to is heard after it was asked for.
            var (step, cause) = (UInt64(0), UInt64(0))
            for item in story.items {
                switch item {
                case .step(let made):
                    step += dice.next() % (.max / 8)
                    told.append((step, item, index))
                    if case .askReplace = made { cause = step }
                case .news:
                    if dice.chance(Self.lossRate) {
                        lost += 1
                        continue
                    }
                    for _ in 0..<Self.copies { told.append((cause + dice.next() % (.max - cause), item, index)) }
                }
            }
        }
        // Equal places keep their order: steps of one order are never turned round.
        return told.enumerated().sorted { ($0.element.place, $0.offset) < ($1.element.place, $1.offset) }
            .map { ($0.element.item, $0.element.index) }
    }

    // MARK: What must hold

    private mutating func compare(_ clean: StormWorld, _ storm: StormWorld, _ index: Int) {
        guard let first = clean.order(index), let second = storm.order(index) else { return }
        func same<Value: Equatable>(_ name: String, _ field: (Order) -> Value) -> String? {
            let (wanted, found) = (field(first), field(second))
            return wanted == found ? nil : "V14: order \(index): \(name) is \(found), in its clean history \(wanted)"
        }
        violations += [
            same("status") { $0.status }, same("quantity") { $0.quantity },
            same("cumulative quantity") { $0.cumulativeQuantity }, same("leaves") { $0.leavesQuantity },
            same("canceled quantity") { $0.canceledQuantity }, same("overfill") { $0.overfilledQuantity },
            same("executed value") { $0.executedValue }, same("reserved quantity") { $0.reservedQuantity },
            same("broker's id") { $0.brokerOrderID }, same("exchange's id") { $0.exchangeOrderID },
            same("open modify") { $0.replacement?.quantity }, same("wanted cancel") { $0.isCancelWanted },
            same("wait for executions") { $0.waitsForExecutions },
        ].compactMap { $0 }
        let place = clean.places[index]
        guard let before = clean.engine.runs[place.run], let after = storm.engine.runs[place.run] else { return }
        if before.status != after.status || before.liveLegs != after.liveLegs {
            violations.append("V14: run \(place.run) is \(after.status), in its clean history \(before.status)")
        }
    }

    /// Against the history itself, by arithmetic of its own (V2, V6, V12).
    private mutating func judge(_ world: StormWorld, _ index: Int, _ story: History, _ name: String) {
        guard let order = world.order(index), let run = world.engine.runs[world.places[index].run] else { return }
        let instrument = world.engine.instruments[0].instrument
        let executed = story.standing.quantity
        let value = story.standing.value * Int128(instrument.points(StormWorld.hundredths(1)) ?? 0)
        func fail(_ text: String) { violations.append("\(text) (order \(index), \(name))") }
        if order.status != story.expectedStatus { fail("V14: \(order.status), not \(story.expectedStatus)") }
        if order.quantity != story.lastQuantity { fail("V2: ordered \(order.quantity), not \(story.lastQuantity)") }
        if order.cumulativeQuantity != min(executed, order.quantity)
            || order.overfilledQuantity != max(0, executed - order.quantity)
        {
            fail(
                "V2: \(order.cumulativeQuantity) and \(order.overfilledQuantity) over, not \(executed) of \(order.quantity)"
            )
        }
        if order.executedValue != value { fail("V6: a value of \(order.executedValue), not \(value)") }
        if executed > 0 {
            // Rounded at a hundredth of a point: half of one for each unit at most.
            let average = world.engine.averagePrice(order.executedValue, executed, instrument)
            let hundredths = average?.scaled(to: instrument.priceExponent - 2, rounding: .floor) ?? 0
            if abs(hundredths * Int128(executed) - value * 100) * 2 > Int128(executed) {
                fail("V6: an average price of \(average?.description ?? "none") for \(value) over \(executed)")
            }
        }
        if order.overfilledQuantity > 0, !run.legs[Int(order.legIndex)].hasAnomaly {
            fail("V12: more filled than ordered, and nobody is told")
        }
    }

    /// V4 and V5: reservations and positions.
    private mutating func compareBooks(_ clean: StormWorld, _ storm: StormWorld) {
        violations += clean.engine.reservationFlaws() + storm.engine.reservationFlaws()
        for wanted in clean.engine.book.positions {
            guard let found = storm.engine.book.position(wanted.account, wanted.instrument) else {
                violations.append("V5: account \(wanted.account) has no position")
                continue
            }
            func figures(_ position: Position) -> [Int128] {
                [
                    Int128(position.quantity), Int128(position.openBuy), Int128(position.openSell),
                    Int128(position.openOrders), Int128(position.unknownOrders), Int128(position.fees),
                    position.dayCash, Int128(position.dayTraded),
                    // Average cost depends on the order of fills, its sum with the result does not.
                    position.entryValue - position.realisedValue,
                ]
            }
            if figures(found) != figures(wanted) {
                violations.append("V5: position \(figures(found)), in the clean history \(figures(wanted))")
            }
        }
    }

    /// V16: the same events through the journal's bytes make the same orders and books.
    private mutating func replay(_ world: StormWorld) throws {
        var bytes: [UInt8] = []
        JournalRecord.encode(events: world.journal, sequence: 1, at: world.now, into: &bytes)
        var engine = Engine(clientOrderIDPrefix: 7)
        for event in try JournalRecord.decode(bytes).events { engine.apply(event) }
        for place in world.places where engine.runs[place.run] != world.engine.runs[place.run] {
            violations.append("V16: run \(place.run) is another one after a replay")
        }
        if engine.book.positions != world.engine.book.positions {
            violations.append("V16: positions are others after a replay")
        }
    }
}
