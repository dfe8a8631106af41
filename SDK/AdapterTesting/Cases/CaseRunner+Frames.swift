import AdapterKit
import Exact

extension CaseRunner {
    /// A message of the order stream, or the body of a call that the broker makes.
    mutating func run(update item: CaseFolder.FrameCase) {
        var uncompared: [String] = []
        let found = findings { () throws(CaseTrouble) in
            // What says that it is of the market's stream comes over that.
            let isOfPrices = item.connection?.contains("market") ?? false
            let stage = try self.stage(folder.credentials, role: isOfPrices ? .data : .trading)
            if item.isPostback {
                let mark = stage.host.log.count
                stage.host.webhook(body: item.bytes)
                return check(item, on: stage, logged: mark, &uncompared)
            }
            if !stage.connect() { stage.subscribe(folder.packets) }
            guard stage.connect() else { throw CaseTrouble(Finding("stream", expected: "open", found: "none")) }
            let mark = stage.host.log.count
            stage.receive(item)
            return check(item, on: stage, logged: mark, &uncompared)
        }
        report.add(item.file, item.name, "order update", found, uncompared: uncompared)
    }

    private func check(
        _ item: CaseFolder.FrameCase, on stage: CaseStage, logged mark: Int, _ uncompared: inout [String]
    ) -> [Finding] {
        var check = FrameCheck(item, stage, logged: mark)
        check.update()
        uncompared = check.uncompared
        return check.findings + stage.violations
    }

    /// Frames of prices: each on a connection of its own, or all on one where what they say depends on the ones before.
    mutating func run(ticks file: CaseFolder.TickFile) {
        guard file.isOneConnection else {
            for item in file.frames { run(tick: item) }
            return
        }
        let names = file.frames.flatMap(\.named)
        var opened: CaseStage?
        let trouble = findings { () throws(CaseTrouble) in
            let stage = try self.stage(folder.credentials, role: .data)
            stage.subscribe(names)
            guard stage.connect() else { return [Finding("stream", expected: "open", found: "none")] }
            opened = stage
            return []
        }
        guard let stage = opened else {
            for item in file.frames { report.add(item.file, item.name, "tick", trouble) }
            return
        }
        var check = ConnectionCheck(stage)
        for item in file.frames {
            guard case .records(let decoded) = item.meaning else {
                run(tick: item)
                continue
            }
            let (ticks, frames) = (stage.host.ticks.count, stage.host.frames.count)
            let violations = stage.host.violations.count
            _ = stage.connect()
            stage.receive(item)
            check.frame(item, decoded, ticks: stage.host.ticks[ticks...], frames: stage.host.frames[frames...])
            report.add(
                item.file, item.name, "tick", check.findings + stage.violations.dropFirst(violations),
                uncompared: check.uncompared)
        }
    }

    private mutating func run(tick item: CaseFolder.FrameCase) {
        var uncompared: [String] = []
        let found = findings { () throws(CaseTrouble) in
            let stage = try self.stage(folder.credentials, role: .data)
            let packets = item.named
            stage.subscribe(packets.contains { InstrumentKey($0) != nil } ? packets : folder.packets)
            guard stage.connect() else { throw CaseTrouble(Finding("stream", expected: "open", found: "none")) }
            stage.receive(item)
            if item.isBroken {
                // Cut short: nothing is told of it, and the connection goes on.
                let (told, isOpen) = (stage.host.ticks.count, stage.host.streams.contains { !$0.isClosed })
                return stage.violations
                    + (told > 0 ? [Finding("ticks", expected: "none of a frame cut short", found: "\(told)")] : [])
                    + (isOpen ? [] : [Finding("stream", expected: "open", found: "closed")])
            }
            var check = TickCheck(stage)
            check.packets(packets, stage.host.ticks)
            uncompared = check.uncompared
            return check.findings + stage.violations
        }
        report.add(item.file, item.name, "tick", found, uncompared: uncompared)
    }
}

extension CaseStage {
    /// What the adapter did against the contract.
    var violations: [Finding] {
        host.violations.map { Finding("contract", expected: "kept", found: $0) }
    }

    /// What became of a command, for a difference.
    func said(_ sent: Sent, since mark: Int) -> String {
        if !sent.status.isOK { return "call refused: \(sent.status)" }
        if let completion = host.completion(of: sent) {
            let error = completion.error.map { ": \($0.text ?? $0.brokerText ?? "\($0.code)")" } ?? ""
            return "no request; \(completion.outcome)\(error)"
        }
        let waiting = host.requests.map { "\($0.method) \($0.path)" }.joined(separator: ", ")
        return waiting.isEmpty ? "nothing (session \(host.state.map { "\($0)" } ?? "new"))" : "waits for \(waiting)"
    }

    /// Opens the streams that the adapter asked for; whether there is one.
    func connect() -> Bool {
        answerAll(until: { self.host.streams.contains { !$0.isClosed } })
        // A folder of frames alone has no answer to what a login asks first: that something answered is enough here.
        for request in host.requests where request.effect == .read && recorded(request) == nil {
            if host.streams.contains(where: { !$0.isClosed }) { break }
            host.answer(request, headers: ["content-type": "application/json"], text: "{}")
        }
        for stream in host.streams where !stream.isClosed && !opened.contains(stream.id) {
            opened.insert(stream.id)
            host.stream(stream.id, is: .open)
        }
        return host.streams.contains { !$0.isClosed }
    }

    /// Gives a frame to the connection that it was recorded from, else to the one opened last.
    func receive(_ item: CaseFolder.FrameCase) {
        let open = host.streams.filter { !$0.isClosed }
        let own = item.connection.flatMap { name in open.last { $0.endpoint == name } }
        guard let stream = own ?? open.last else { return }
        let bytes = item.isPacket ? words.framed(item.bytes) ?? item.bytes : item.bytes
        host.receive(stream.id, stream.isWebSocket ? (item.isText ? .text : .binary) : .bytes, bytes)
    }

    /// Subscribes to the instruments of recorded packets.
    func subscribe(_ packets: [JSONObject]) {
        var instruments: [StoredInstrument] = []
        let named = packets.filter { InstrumentKey($0) != nil }
        // Frames that name nothing still come over a stream that somebody asked for.
        for packet in named.isEmpty && subscribed.isEmpty ? [["instrument_token": 1]] : named {
            guard let key = InstrumentKey(packet)?.text, subscribed[key] == nil else { continue }
            var members = JSONObject()
            for (name, value) in packet where CaseStage.names.contains(name) { members[name] = value }
            if let topic = packet["topic"]?.string {
                let parts = topic.split(separator: "|").map(String.init)
                if parts.count == 3 {
                    (members["exchange_segment"], members["symbol_token"]) = (.string(parts[1]), .string(parts[2]))
                }
            }
            if members["symbol_token"] == nil { members["symbol_token"] = packet["token"] }
            if members["exchange"] == nil { members["exchange"] = members["exchange_segment"] ?? "NSE" }
            if let symbol = packet["venue_symbol"] ?? packet["ticker"] { members["symbol"] = symbol }
            if members["symbol"] == nil {
                let token = members["instrument_token"] ?? members["security_id"] ?? members["symbol_token"]
                members["symbol"] = .string("T\(token.map { Comparison.text($0) } ?? "")")
            }
            var instrument = IntentReader(words: words, intent: members).instrument
            if instrument.uid == 0 || subscribed.values.contains(where: { $0.uid == instrument.uid }) {
                instrument.uid = 1 << 48 + UInt64(subscribed.count)
            }
            subscribed[key] = instrument
            instruments.append(instrument)
        }
        guard !instruments.isEmpty else { return }
        host.subscribe(instruments, .depth)
    }

    private static let names: Set<String> = [
        "instrument_token", "security_id", "exchange_segment", "symbol", "venue_symbol", "exchange_type", "exchange",
        "topic",
    ]

    /// Which of the subscribed instruments a number is.
    func name(ofUID uid: UInt64) -> String { subscribed.first { $0.value.uid == uid }?.key ?? "instrument \(uid)" }
}
