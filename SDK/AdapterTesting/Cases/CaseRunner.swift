import AdapterKit
import Exact

/// Runs the recorded cases of a venue against an adapter, through the C boundary, on the scripted host: requests are
/// compared with what was recorded, answers with what they mean, frames with what they tell.
public struct CaseRunner {
    private let entry: AdapterEntry
    private let folder: CaseFolder
    private var report = CaseReport()

    /// A runner of a folder's cases.
    public init(_ entry: @escaping AdapterEntry, _ folder: CaseFolder) {
        self.entry = entry
        self.folder = folder
    }

    /// Runs every case. Each has a session of its own.
    public static func run(_ entry: @escaping AdapterEntry, path: String) throws(CaseError) -> CaseReport {
        var runner = CaseRunner(entry, try CaseFolder(path: path))
        runner.runAll()
        return runner.report
    }

    private mutating func runAll() {
        for item in folder.requests { run(item) }
        for item in folder.responses { run(item, isError: false) }
        for item in folder.errors { run(item, isError: true) }
        runFrames()
    }

    // MARK: Requests

    private mutating func run(_ item: CaseFolder.RequestCase) {
        let found = findings { () throws(CaseTrouble) in
            let stage = try self.stage(item.intent)
            let mark = stage.host.everyRequest.count
            let (sent, request) = try play(item, on: stage)
            guard let request else {
                return [
                    Finding(
                        "request", expected: "\(item.method) \(item.path)",
                        found: stage.said(sent, since: mark))
                ]
            }
            var comparison = Comparison(invented: CaseStage.invented)
            comparison.request(request, base: stage.host.baseURL(request.endpoint) ?? "", item.record)
            return comparison.findings + stage.violations
        }
        report.add("requests.json", item.name, item.operation, found)
    }

    /// Plays an intent until the recorded request has been made.
    private func play(
        _ item: CaseFolder.RequestCase, on stage: CaseStage
    ) throws(CaseTrouble) -> (Sent, SentRequest?) {
        let mark = stage.host.everyRequest.count
        let sent: Sent
        do { sent = try stage.play(item.intent) } catch {
            throw CaseTrouble(Finding(error.place, expected: "a word of the contract", found: error.value))
        }
        func isIt(_ request: SentRequest) -> Bool { isRequest(request, of: item, on: stage) }
        stage.answerAll(until: { stage.host.everyRequest[mark...].contains(where: isIt) })
        let made = stage.host.everyRequest[mark...]
        return (sent, made.first(where: isIt) ?? made.first)
    }

    // MARK: Answers

    private mutating func run(_ answer: CaseFolder.AnswerCase, isError: Bool) {
        if answer.isPush { return run(push: answer) }
        guard let item = request(for: answer, isError: isError) ?? ownRequest(for: answer) else {
            report.skip(
                answer.file, answer.name, "\(answer.method) \(answer.path)",
                "no recorded request makes this one, and none of the adapter's intents")
            return
        }
        let verdict = answer.record["for_order_placement"]?.string
        let found = findings { () throws(CaseTrouble) in
            let stage = try self.stage(item.intent)
            let (sent, request) = try play(item, on: stage)
            guard let request, stage.host.requests.contains(request) else {
                return [Finding("request", expected: "\(item.method) \(item.path)", found: stage.said(sent, since: 0))]
            }
            stage.host.answer(request, status: answer.status, headers: answer.headers, body: answer.body)
            stage.answerAll(until: { stage.host.completion(of: sent) != nil })
            guard let completion = stage.host.completion(of: sent) else {
                return [Finding("completion", expected: "one", found: stage.said(sent, since: 0))]
            }
            var check = AnswerCheck(completion, stage.host.rows[sent.token] ?? Rows(), answer)
            if isError {
                check.error(verdict: verdict)
            } else {
                check.success(operation: item.operation)
            }
            return check.findings + stage.violations
        }
        report.add(answer.file, answer.name, item.operation, found)
    }

    /// What the broker posts by itself. A recording made with another account's secret is rightly not believed: then the
    /// adapter says so in its log. What it does never pass by is dropping it without a word.
    private mutating func run(push answer: CaseFolder.AnswerCase) {
        let found = findings { () throws(CaseTrouble) in
            let stage = try self.stage(folder.credentials)
            let mark = stage.host.log.count
            stage.host.webhook(body: answer.body)
            let id = (try? JSONValue.parse(answer.body, limits: .large))?["order_id"].map { Comparison.text($0) }
            let isTold = stage.host.orderUpdates.contains { $0.identity.brokerOrderID == id }
            guard isTold || stage.host.log.count > mark else {
                return [Finding("webhook", expected: "order \(id ?? "?"), or words why not", found: "nothing")]
            }
            return stage.violations
        }
        report.add(answer.file, answer.name, "webhook", found)
    }

    /// The operation of the adapter's own (`CaseWords.intents`) that makes the request an answer belongs to.
    private func ownRequest(for answer: CaseFolder.AnswerCase) -> CaseFolder.RequestCase? {
        guard let probe = try? ScriptedHost.describe(entry) else { return nil }
        let words = CaseWords(capabilityDocument: probe.capabilityDocument, optionsSchema: probe.orderOptionsSchema)
        var record = JSONObject()
        _ = record.append("method", .string(answer.method))
        _ = record.append("path", .string(answer.path))
        return words.intents.lazy
            .map { CaseFolder.RequestCase(name: $0["op"]?.string ?? "", intent: $0, record: record) }
            .first { item in
                guard let stage = try? self.stage(item.intent), let (_, request) = try? play(item, on: stage) else {
                    return false
                }
                return request.map { isRequest($0, of: item, on: stage) } ?? false
            }
    }

    private func isRequest(_ request: SentRequest, of item: CaseFolder.RequestCase, on stage: CaseStage) -> Bool {
        request.method == item.method && PathPattern(item.path).matches(stage.fullPath(request), or: request.path)
    }

    /// The recorded operation that an answer answers.
    private func request(for answer: CaseFolder.AnswerCase, isError: Bool) -> CaseFolder.RequestCase? {
        if let name = answer.record["answers_case"]?.string { return folder.requests.first { $0.name == name } }
        if answer.path.isEmpty { return folder.requests.first { $0.operation == "place_order" } }
        let pattern = PathPattern(answer.path)
        let wish = answer.path.split(separator: " ").last.map(String.init) ?? ""
        let fits = folder.requests.filter { $0.method == answer.method && pattern.matches($0.path) }
        if wish.contains("="), let best = fits.first(where: { ($0.record["body_raw"]?.string ?? "").contains(wish) }) {
            return best
        }
        return fits.first
    }

    // MARK: Frames

    private mutating func runFrames() {
        for item in folder.updates {
            let found = findings { () throws(CaseTrouble) in
                let stage = try self.stage(folder.credentials)
                if !stage.connect() { stage.subscribe(folder.packets) }
                guard stage.connect() else { throw CaseTrouble(Finding("stream", expected: "open", found: "none")) }
                stage.receive(item)
                var check = FrameCheck(item)
                check.update(stage.host)
                return check.findings + stage.violations
            }
            report.add(item.file, item.name, "order update", found)
        }
        for item in folder.ticks {
            guard let packets = item.record["packets"]?.array else {
                report.skip(item.file, item.name, "tick", "no `packets` that say what it means")
                continue
            }
            let found = findings { () throws(CaseTrouble) in
                let stage = try self.stage(folder.credentials, role: .data)
                stage.subscribe(packets.isEmpty ? folder.packets : packets)
                guard stage.connect() else { throw CaseTrouble(Finding("stream", expected: "open", found: "none")) }
                stage.receive(item)
                var check = FrameCheck(item)
                check.ticks(stage.host, packets)
                return check.findings + stage.violations
            }
            report.add(item.file, item.name, "tick", found)
        }
    }

    // MARK: Stages

    private func stage(_ intent: JSONObject, role: SessionRole = .trading) throws(CaseTrouble) -> CaseStage {
        do { return try CaseStage(entry, folder, intent, role: role) } catch {
            throw CaseTrouble(Finding("session", expected: "made", found: "\(error.text) (\(error.status))"))
        }
    }

    private func findings(_ body: () throws(CaseTrouble) -> [Finding]) -> [Finding] {
        do { return try body() } catch { return [error.finding] }
    }
}

/// A case that could not be played to its end.
struct CaseTrouble: Error {
    var finding: Finding
    init(_ finding: Finding) { self.finding = finding }
}

extension CaseFolder {
    /// What any recorded frame names, for frames that name nothing.
    var packets: [JSONValue] { ticks.flatMap { $0.record["packets"]?.array ?? [] } }

    /// An intent of nothing, with credentials of a logged-in session.
    var credentials: JSONObject {
        var intent = JSONObject()
        let best = requests.max {
            ($0.intent["credentials"]?.object?.count ?? 0) < ($1.intent["credentials"]?.object?.count ?? 0)
        }
        if let credentials = best?.intent["credentials"] { _ = intent.append("credentials", credentials) }
        return intent
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
        for stream in host.streams where !stream.isClosed { host.stream(stream.id, is: .open) }
        return host.streams.contains { !$0.isClosed }
    }

    func receive(_ item: CaseFolder.FrameCase) {
        guard let stream = host.streams.last(where: { !$0.isClosed }) else { return }
        host.receive(stream.id, stream.isWebSocket ? (item.isText ? .text : .binary) : .bytes, item.bytes)
    }

    /// Subscribes to the instruments of recorded packets.
    func subscribe(_ packets: [JSONValue]) {
        let instruments = packets.compactMap(\.object).map { packet in
            var members = JSONObject()
            for (name, value) in packet where ["instrument_token", "security_id", "exchange_segment"].contains(name) {
                _ = members.append(name, value)
            }
            _ = members.append("exchange", "NSE")
            let token = members["instrument_token"] ?? members["security_id"]
            _ = members.append("symbol", .string("T\(token.map { Comparison.text($0) } ?? "")"))
            return IntentReader(words: words, intent: members).instrument
        }
        guard !instruments.isEmpty else { return }
        host.subscribe(instruments, .depth)
    }
}
