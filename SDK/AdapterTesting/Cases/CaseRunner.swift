import AdapterKit
import Exact

/// Runs the recorded cases of a venue against an adapter, through the C boundary, on the scripted host: requests are
/// compared with what was recorded, answers with what they mean, frames with what they tell.
public struct CaseRunner {
    let entry: AdapterEntry
    let folder: CaseFolder
    var report = CaseReport()

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
        for item in folder.updates { run(update: item) }
        for file in folder.ticks { run(ticks: file) }
        for file in folder.unexplained {
            report.skip(file, "", "tick", "nothing beside it says what the frame means")
        }
        report.unread = folder.unread
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

    private func isRequest(_ request: SentRequest, of item: CaseFolder.RequestCase, on stage: CaseStage) -> Bool {
        request.method == item.method
            && item.paths.contains { PathPattern($0).matches(stage.fullPath(request), or: request.path) }
    }

    // MARK: Answers

    private mutating func run(_ answer: CaseFolder.AnswerCase, isError: Bool) {
        if answer.isPush { return run(push: answer) }
        guard let item = request(for: answer) ?? ownRequest(for: answer) else {
            report.skip(
                answer.file, answer.name, "\(answer.method) \(answer.path)",
                "no recorded request makes this one, and none of the adapter's intents")
            return
        }
        var uncompared: [String] = []
        let found = findings { () throws(CaseTrouble) in
            let stage = try self.stage(item.intent)
            let (sent, request) = try play(item, on: stage)
            guard let request, stage.host.requests.contains(request) else {
                return [Finding("request", expected: "\(item.method) \(item.path)", found: stage.said(sent, since: 0))]
            }
            stage.host.answer(request, status: answer.status, headers: answer.headers, body: answer.body)
            stage.answerAll(until: { stage.host.completion(of: sent) != nil })
            var check = AnswerCheck(
                stage, sent, answer, operation: item.operation,
                isMutation: request.effect == .mutation || request.effect == .idempotent)
            check.run(isError: isError)
            uncompared = check.uncompared
            return check.findings + stage.violations
        }
        report.add(answer.file, answer.name, item.operation, found, uncompared: uncompared)
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

    /// The operation that makes the request an answer belongs to: of the adapter's own (`CaseWords.intents`), or one of
    /// the contract's.
    private func ownRequest(for answer: CaseFolder.AnswerCase) -> CaseFolder.RequestCase? {
        guard let probe = try? ScriptedHost.describe(entry) else { return nil }
        let words = CaseWords(capabilityDocument: probe.capabilityDocument, optionsSchema: probe.orderOptionsSchema)
        var record = JSONObject()
        record["method"] = .string(answer.method)
        record["path"] = .string(answer.path)
        let intents = words.intents + CaseWords.commonIntents(path: answer.path)
        if answer.path.isEmpty {
            return intents.first { $0["op"]?.string == "place_order" }
                .map { CaseFolder.RequestCase(name: "place_order", intent: $0, record: record) }
        }
        return intents.lazy
            .map { CaseFolder.RequestCase(name: $0["op"]?.string ?? "", intent: $0, record: record) }
            .first { item in
                guard let stage = try? self.stage(item.intent), let (_, request) = try? play(item, on: stage) else {
                    return false
                }
                return request.map { isRequest($0, of: item, on: stage) } ?? false
            }
    }

    /// The recorded operation that an answer answers.
    private func request(for answer: CaseFolder.AnswerCase) -> CaseFolder.RequestCase? {
        if let name = answer.answersCase, let item = folder.requests.first(where: { $0.name == name }) { return item }
        if answer.path.isEmpty { return folder.requests.first { $0.operation == "place_order" } }
        let pattern = PathPattern(answer.path)
        let wish = answer.path.split(separator: " ").last.map(String.init) ?? ""
        var fits = folder.requests.filter { $0.method == answer.method && $0.paths.contains(where: pattern.matches) }
        if fits.isEmpty {
            // The same call for another account or another order.
            fits = folder.requests.filter { $0.method == answer.method && pattern.isAlike($0.path) }
        }
        if wish.contains("="), let best = fits.first(where: { ($0.record["body_raw"]?.string ?? "").contains(wish) }) {
            return best
        }
        return fits.first
    }

    // MARK: Stages

    func stage(_ intent: JSONObject, role: SessionRole = .trading) throws(CaseTrouble) -> CaseStage {
        do { return try CaseStage(entry, folder, intent, role: role) } catch {
            throw CaseTrouble(Finding("session", expected: "made", found: "\(error.text) (\(error.status))"))
        }
    }

    func findings(_ body: () throws(CaseTrouble) -> [Finding]) -> [Finding] {
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
    var packets: [JSONObject] { ticks.flatMap { $0.frames.flatMap(\.named) } }

    /// An intent of nothing, with credentials of a logged-in session.
    var credentials: JSONObject {
        var intent = JSONObject()
        let best = requests.max {
            ($0.intent["credentials"]?.object?.count ?? 0) < ($1.intent["credentials"]?.object?.count ?? 0)
        }
        if let credentials = best?.intent["credentials"] { intent["credentials"] = credentials }
        return intent
    }
}

extension CaseFolder.FrameCase {
    /// What names the instruments of a frame.
    var named: [JSONObject] {
        switch meaning {
        case .packets(let packets): packets
        case .records(let decoded): (decoded["records"]?.array ?? []).compactMap(\.object) + [decoded]
        }
    }
}
