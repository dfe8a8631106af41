import AdapterKit
import Exact

/// Compares what is told of frames that are fed in order to one connection, which remembers: what a frame leaves out is as
/// the frame before left it.
struct ConnectionCheck {
    let stage: CaseStage
    /// By topic or ticker.
    private var memory: [String: JSONObject] = [:]
    private(set) var findings: [Finding] = []
    private(set) var uncompared: [String] = []

    init(_ stage: CaseStage) { self.stage = stage }

    /// What a frame made the adapter tell and answer, from `ticks` and `frames` on.
    mutating func frame(
        _ item: CaseFolder.FrameCase, _ decoded: JSONObject, ticks: ArraySlice<Tick>, frames: ArraySlice<SentFrame>
    ) {
        findings = []
        uncompared = []
        if let answer = item.answer, !frames.contains(where: { $0.payload == answer }) {
            let said = frames.map { $0.payload.hex }.joined(separator: ", ")
            findings.append(Finding("client_must_answer", expected: answer.hex, found: said.isEmpty ? "nothing" : said))
        }
        var wanted = Expectation(decoded, at: "decoded")
        if let records = wanted.take("records")?.array {
            let states = wanted.take("state_after")?.object ?? JSONObject()
            for (index, record) in records.compactMap(\.object).enumerated() {
                self.record(record, states, ticks, at: "records[\(index)]")
            }
            if records.isEmpty, !ticks.isEmpty { tellsNothing(ticks) }
        } else if wanted.has("snapshot"), wanted.object["error"]?.bool != true {
            book(&wanted, ticks)
        } else if !ticks.isEmpty {
            tellsNothing(ticks)
        }
        wanted.noPlace([
            "type", "message_number", "accepted", "ack_every", "code", "message", "about_request_type", "snapshot",
            "error",
        ])
        wanted.finish()
        findings += wanted.findings
        uncompared += wanted.uncompared
    }

    private mutating func tellsNothing(_ ticks: ArraySlice<Tick>) {
        findings.append(Finding("ticks", expected: "none", found: "\(ticks.count)"))
    }

    private func told(_ packet: JSONObject, _ ticks: ArraySlice<Tick>) -> Tick? {
        guard let key = InstrumentKey(packet), let known = stage.subscribed[key.text] else { return ticks.last }
        return ticks.last { $0.instrument == known.uid || $0.instrumentID == known.id }
    }

    private mutating func compare(_ tick: Tick?, _ packet: JSONObject, at place: String, mayLack: Set<String>) {
        guard let tick else {
            let key = InstrumentKey(packet)?.text ?? "an instrument"
            findings.append(Finding("\(place)", expected: "a tick of \(key)", found: "none"))
            return
        }
        var check = TickCheck(stage)
        check.compare(tick, packet, at: place, mayLack: mayLack)
        findings += check.findings
        uncompared += check.uncompared
    }

    // MARK: Records

    private mutating func record(
        _ record: JSONObject, _ states: JSONObject, _ ticks: ArraySlice<Tick>, at place: String
    ) {
        guard let topic = record["topic"]?.string, let present = record["present_fields"]?.object else { return }
        let before = memory[topic]
        var after = before ?? JSONObject()
        for (name, value) in present { after[name] = value }
        if let state = states[topic]?.object {
            // The recording's own state: it must follow from the records, or the recording is wrong.
            for (name, value) in after where state[name].map({ !Comparison.isSame(value, $0) }) ?? true {
                findings.append(
                    Finding(
                        "decoded.state_after.\(topic).\(name)", expected: Comparison.text(value),
                        found: "recorded as \(state[name].map { Comparison.text($0) } ?? "absent")"))
            }
            after = state
        }
        memory[topic] = after
        let changed = after.filter { member in
            before?[member.key].map { !Comparison.isSame(member.value, $0) } ?? true
        }
        guard !changed.isEmpty else { return }  // nothing to tell
        var packet = ConnectionCheck.levels(after)
        packet["topic"] = .string(topic)
        compare(
            told(packet, ticks), packet, at: place, mayLack: Set(after.keys).subtracting(changed.map(\.key)))
    }

    /// `bid_price1`, `bid_size1`, `bid_order1` ... as a book.
    private static func levels(_ fields: JSONObject) -> JSONObject {
        var rest = JSONObject()
        var sides: [String: [JSONValue]] = [:]
        for (name, value) in fields
        where !["bid_", "ask_"].contains(where: { name.hasPrefix($0) })
            || !(name.last?.isNumber ?? false)
        {
            rest[name] = value
        }
        for (prefix, side) in [("bid", "buy"), ("ask", "sell")] {
            for level in 1...200 {
                guard let price = fields["\(prefix)_price\(level)"] else { break }
                var one: JSONObject = ["price": price]
                one["quantity"] = fields["\(prefix)_size\(level)"]
                one["orders"] = fields["\(prefix)_order\(level)"]
                sides[side, default: []].append(.object(one))
            }
        }
        if !sides.isEmpty {
            rest["depth"] = .object(
                JSONObject(["buy", "sell"].compactMap { name in sides[name].map { (name, .array($0)) } }))
        }
        return rest
    }

    // MARK: A book by differences

    private mutating func book(_ wanted: inout Expectation, _ ticks: ArraySlice<Tick>) {
        let ticker = wanted.object["ticker"].map { Comparison.text($0) } ?? ""
        let isWhole = wanted.object["snapshot"]?.bool ?? false
        var packet = isWhole ? JSONObject() : memory[ticker] ?? JSONObject()
        var depth = packet["depth"]?.object ?? JSONObject()
        for (name, side) in [("bids", "buy"), ("asks", "sell")] {
            var levels = isWhole ? [] : depth[side]?.array ?? []
            for level in (wanted.take(name)?.array ?? []).compactMap(\.object) {
                let index = level["num"]?.int64.flatMap { Int(exactly: $0) } ?? levels.count
                guard (0...200).contains(index) else { continue }
                while levels.count <= index { levels.append(["price": 0, "quantity": 0, "orders": 0]) }
                var merged = levels[index].object ?? JSONObject()
                for (member, value) in level where member != "num" { merged[member] = value }
                levels[index] = .object(merged)
            }
            depth[side] = .array(levels)
        }
        packet["depth"] = .object(depth)
        for name in wanted.object.keys where !["snapshot", "error", "bids", "asks"].contains(name) {
            packet[name] = wanted.take(name)
        }
        memory[ticker] = packet
        compare(told(packet, ticks), packet, at: "decoded", mayLack: [])
    }
}

extension [UInt8] {
    /// Two digits a byte.
    var hex: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
