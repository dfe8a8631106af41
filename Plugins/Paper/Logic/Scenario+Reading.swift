import AdapterKit
import Exact

extension Scenario {
    /// Reads the member `scenario` of an account's config. Every word is checked: a rule that could never be met, or a
    /// parameter that its fault does not have, is refused by name.
    init(_ value: JSONValue, path: String) throws(AdapterFailure) {
        var reader = try SettingsReader(value, path: path)
        var seed: Int64 = 0
        try reader.integer("seed", 0...Int64.max, &seed)
        self.seed = UInt64(seed)
        try reader.flag("dedupes_client_reference", &dedupesReferences)
        try reader.flag("allow_crash", &allowsCrash)
        let rows = try reader.rows("rules")
        guard rows.count <= Self.mostRules else {
            throw reader.fault("rules", "a list of \(rows.count)", "a list of at most \(Self.mostRules) rules")
        }
        for var row in rows { rules.append(try FaultRule(&row, allowsCrash: allowsCrash)) }
        try reader.finish()
        fingerprint = FaultDice.hash(value.serializedText())
    }
}

extension FaultRule {
    fileprivate init(_ row: inout SettingsReader, allowsCrash: Bool) throws(AdapterFailure) {
        guard var when = try row.section("when") else { throw row.fault("when", "missing", Self.triggerShape) }
        guard var then = try row.section("then") else {
            throw row.fault("then", "missing", "an object with a fault and its parameters")
        }
        trigger = try FaultTrigger(&when)
        fault = try Fault(&then)
        try row.finish()
        let strange = trigger.events.subtracting(fault.name.events)
        if let event = strange.map(\.rawValue).min() {
            let right = fault.name.events.map(\.rawValue).sorted().joined(separator: ", ")
            throw then.fault(
                "fault", "\"\(fault.name.rawValue)\" for \(event)", "one that \(event) can meet; it is met by \(right)")
        }
        if fault.name == .crash, !allowsCrash {
            throw then.fault("fault", "\"crash\"", "another, or scenario.allow_crash must be true: it ends the process")
        }
    }

    static let triggerShape = "an object with a command or a report"
}

extension FaultTrigger {
    fileprivate init(_ when: inout SettingsReader) throws(AdapterFailure) {
        let (command, report) = (try when.text("command"), try when.text("report"))
        switch (command, report) {
        case (let command?, nil):
            if command == "query" {
                events = FaultEvent.queries
            } else if let event = FaultEvent(rawValue: command), FaultEvent.commands.contains(event) {
                events = [event]
            } else {
                let words = FaultEvent.allCases.filter { FaultEvent.commands.contains($0) }.map(\.rawValue)
                throw when.fault("command", "\"\(command)\"", "query, or one of \(words.joined(separator: ", "))")
            }
        case (nil, let report?):
            if report == "any" {
                events = FaultEvent.reports
            } else if let event = FaultEvent(rawValue: report), FaultEvent.reports.contains(event) {
                events = [event]
            } else {
                throw when.fault("report", "\"\(report)\"", "execution, state or any")
            }
        case (nil, nil): throw when.fault("command", "missing", "there, or a report in its place")
        default: throw when.fault("report", "there beside a command", "in a rule of its own")
        }
        account = try when.text("account")
        symbol = try when.text("symbol")
        if let word = try when.text("side") {
            switch word {
            case "BUY": side = .buy
            case "SELL": side = .sell
            default: throw when.fault("side", "\"\(word)\"", "BUY or SELL")
            }
        }
        try readFrequency(&when)
        from = try when.milliseconds("from_ms", 0...Self.longest) ?? 0
        to = try when.milliseconds("to_ms", 0...Self.longest) ?? .max
        guard from < to else { throw when.fault("to_ms", "\(to / 1_000_000)", "after from_ms") }
        var most: Int64 = -1
        try when.integer("limit", 1...Int64.max, &most)
        if most > 0 { limit = UInt64(most) }
        try when.finish()
    }

    /// A day, milliseconds.
    private static let longest: Int64 = 86_400_000

    private mutating func readFrequency(_ when: inout SettingsReader) throws(AdapterFailure) {
        let given = ["nth", "every", "chance"].filter { when.has($0) }
        guard given.count < 2 else {
            throw when.fault(given[1], "there beside \(given[0])", "the only one of nth, every and chance")
        }
        var count: Int64 = 0
        try when.integer("nth", 1...Int64.max, &count)
        if count > 0 { frequency = .nth(UInt64(count)) }
        count = 0
        try when.integer("every", 1...Int64.max, &count)
        if count > 0 { frequency = .every(UInt64(count)) }
        if let chance = try when.decimal("chance") {
            guard let billionths = chance.scaled(to: -9), (0...1_000_000_000).contains(billionths) else {
                throw when.fault("chance", "\(chance)", "0 to 1 with at most nine decimals, such as \"0.05\"")
            }
            frequency = .chance(billionths: UInt64(billionths))
        }
    }
}

extension Fault {
    fileprivate init(_ then: inout SettingsReader) throws(AdapterFailure) {
        let word = try then.required("fault", then.text("fault"))
        guard let name = Name(rawValue: word) else {
            let words = Name.allCases.map(\.rawValue).joined(separator: ", ")
            throw then.fault("fault", "\"\(word)\"", "one of \(words)")
        }
        self = try Self.read(name, &then)
        try then.finish()
    }

    /// A minute, milliseconds: the longest that anything is kept back.
    private static let longest: Int64 = 60_000

    private static func read(_ name: Name, _ then: inout SettingsReader) throws(AdapterFailure) -> Fault {
        switch name {
        case .replyLost:
            let phase = try then.word("phase", Phase.self) ?? .after
            let timeout = try then.milliseconds("timeout_ms", 0...2 * longest) ?? 1_000_000_000
            let remains = try then.word("remains", Remains.self) ?? .nothing
            var losesReports = false
            try then.flag("lose_reports", &losesReports)
            return .replyLost(phase, timeout: timeout, remains: remains, losesReports: losesReports)
        case .lateReject: return .lateReject(delay: try delay(&then, 100))
        case .partialThenReject:
            return .partialThenReject(part: try part(&then), delay: try delay(&then, 100))
        case .fillBeforeAck: return .fillBeforeAck(delay: try delay(&then, 50))
        case .fillAfterCancel: return .fillAfterCancel(part: try part(&then), delay: try delay(&then, 100))
        case .reportLost: return .reportLost
        case .duplicateReports:
            var times = 2
            try then.count("times", 2...10, &times)
            return .duplicateReports(times: times)
        case .shuffleReports:
            return .shuffleReports(within: try then.milliseconds("within_ms", 1...longest) ?? 100_000_000)
        case .visibilityDelay:
            var isDeclared = true
            try then.flag("declared", &isDeclared)
            return .visibilityDelay(delay: try delay(&then, 1_000), isDeclared: isDeclared)
        case .pagesDisagree: return .pagesDisagree(try then.word("how", Disagreement.self) ?? .repeats)
        case .sessionExpiry:
            return .sessionExpiry(login: try then.milliseconds("login_ms", 0...longest) ?? 500_000_000)
        case .throttle: return .throttle(retryAfter: try then.milliseconds("retry_after_ms", 0...longest))
        case .clockSkew:
            let offset = try then.milliseconds("offset_ms", -86_400_000...86_400_000)
            return .clockSkew(offset: try then.required("offset_ms", offset))
        case .hang:
            return .hang(try then.required("hang_ms", try then.milliseconds("hang_ms", 1...10_000)))
        case .slow:
            let jitter = try then.milliseconds("jitter_ms", 0...longest) ?? 0
            return .slow(delay: try delay(&then, 1_000), jitter: jitter)
        case .crash:
            return .crash(try then.word("phase", Phase.self) ?? .after, delay: try delay(&then, 100))
        }
    }

    private static func delay(_ then: inout SettingsReader, _ usual: Int64) throws(AdapterFailure) -> Int64 {
        try then.milliseconds("delay_ms", 0...longest) ?? usual * 1_000_000
    }

    private static func part(_ then: inout SettingsReader) throws(AdapterFailure) -> Int64 {
        var part: Int64 = 5_000
        try then.integer("part_bps", 1...10_000, &part)
        return part
    }
}

extension SettingsReader {
    /// A length of time in milliseconds, as nanoseconds.
    fileprivate mutating func milliseconds(
        _ key: String, _ range: ClosedRange<Int64>
    ) throws(AdapterFailure) -> Int64? {
        guard has(key) else { return nil }
        var value: Int64 = 0
        try integer(key, range, &value)
        return value * 1_000_000  // the widest range is two days
    }

    /// One of the words of a closed list.
    fileprivate mutating func word<Word: RawRepresentable & CaseIterable>(
        _ key: String, _ type: Word.Type
    ) throws(AdapterFailure) -> Word? where Word.RawValue == String {
        guard let text = try text(key) else { return nil }
        guard let word = Word(rawValue: text) else {
            throw fault(key, "\"\(text)\"", Word.allCases.map(\.rawValue).joined(separator: " or "))
        }
        return word
    }
}
