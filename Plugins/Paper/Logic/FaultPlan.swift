import AdapterKit

/// A scenario under way for one account: how many events each rule has seen, and what the next one meets.
///
/// Pure. Each rule draws from a source of its own, made from the seed, the account, the rule's place and the event's
/// number alone: rules do not disturb one another, and what was drawn needs no memory but the counts.
struct FaultPlan: Sendable, Equatable {
    /// A fault that an event meets.
    struct Hit: Sendable, Equatable {
        /// The rule's place in the scenario.
        var rule: Int
        var fault: Fault
        /// For whatever the fault itself leaves to chance.
        var dice: FaultDice
    }

    /// What one rule has seen.
    private struct Tally: Sendable, Equatable {
        var seen: UInt64 = 0
        var fired: UInt64 = 0
    }

    let scenario: Scenario
    private let account: String
    private var tallies: [Tally]
    /// Whether the counts have changed since they were last written.
    private(set) var isDirty = false
    /// Whether any rule looks at reports.
    let watchesReports: Bool

    init(_ scenario: Scenario, account: String) {
        self.scenario = scenario
        self.account = account
        tallies = Array(repeating: Tally(), count: scenario.rules.count)
        watchesReports = scenario.rules.contains { !$0.trigger.events.isDisjoint(with: FaultEvent.reports) }
    }

    /// Counts an event, and says what it meets: the fault of the first rule that it sets off. Later rules count it too.
    ///
    /// - Parameter elapsed: nanoseconds since the session was opened.
    mutating func meet(_ event: FaultEvent, symbol: String?, side: Side?, elapsed: Int64) -> Hit? {
        var hit: Hit?
        for (index, rule) in scenario.rules.enumerated() {
            guard rule.trigger.matches(event, account: account, symbol: symbol, side: side, elapsed: elapsed) else {
                continue
            }
            tallies[index].seen += 1
            isDirty = true
            var dice = FaultDice(
                seed: scenario.seed, account: account, rule: UInt64(index), event: tallies[index].seen)
            guard hit == nil, tallies[index].fired < rule.trigger.limit,
                rule.trigger.frequency.selects(tallies[index].seen, &dice)
            else { continue }
            tallies[index].fired += 1
            hit = Hit(rule: index, fault: rule.fault, dice: dice)
        }
        return hit
    }
}

extension FaultTrigger {
    fileprivate func matches(
        _ event: FaultEvent, account: String, symbol: String?, side: Side?, elapsed: Int64
    ) -> Bool {
        events.contains(event) && (self.account == nil || self.account == account)
            && (self.symbol == nil || self.symbol == symbol) && (self.side == nil || self.side == side)
            && elapsed >= from && elapsed < to
    }
}

extension FaultTrigger.Frequency {
    /// Whether the event of this number, counted from 1, is one of those.
    fileprivate func selects(_ number: UInt64, _ dice: inout FaultDice) -> Bool {
        switch self {
        case .always: true
        case .nth(let nth): number == nth
        case .every(let every): number % every == 0
        case .chance(let billionths): dice.draw(below: 1_000_000_000) < billionths
        }
    }
}

// MARK: - Memory

extension FaultPlan {
    /// The counts as they are remembered; with them a scenario goes on after a restart where it was.
    mutating func takeRecord() -> [UInt8]? {
        guard isDirty else { return nil }
        isDirty = false
        var writer = RecordWriter(capacity: 16 + 4 * tallies.count)
        writer.unsigned(scenario.fingerprint)
        writer.unsigned(UInt64(tallies.count))
        for tally in tallies {
            writer.unsigned(tally.seen)
            writer.unsigned(tally.fired)
        }
        return writer.bytes
    }

    /// Goes on from a record. Counts of another scenario are left alone: this one begins anew.
    mutating func resume(_ record: [UInt8]) throws(BrokenMemory) {
        do throws(RecordReader.Broken) {
            var reader = try RecordReader(record)
            let fingerprint = try reader.unsigned()
            var known: [Tally] = []
            for _ in 0..<(try reader.count()) {
                known.append(Tally(seen: try reader.unsigned(), fired: try reader.unsigned()))
            }
            guard reader.isAtEnd else { throw RecordReader.Broken() }
            if fingerprint == scenario.fingerprint, known.count == tallies.count { tallies = known }
        } catch { throw BrokenMemory(key: MemoryKey.faults, text: "unreadable") }
    }
}

// MARK: - Chance

/// A small random source (SplitMix64) whose draws its four origins fix.
struct FaultDice: Sendable, Equatable {
    private var state: UInt64

    init(seed: UInt64, account: String, rule: UInt64, event: UInt64) {
        state = Self.mix(seed ^ Self.hash(account))
        state = Self.mix(state ^ rule)
        state = Self.mix(state ^ event)
    }

    /// A number from 0 up to, not including, `bound`; `bound` is above zero.
    mutating func draw(below bound: UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        return Self.mix(state).multipliedFullWidth(by: bound).high
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var word = value &+ 0x9E37_79B9_7F4A_7C15
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// FNV-1a, 64 bits: the same in every process, as Swift's own hash is not.
    static func hash(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        return hash
    }
}
