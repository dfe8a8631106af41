import Exact
import Foundation

@testable import CLI

/// Runs command lines against prepared answers and keeps what was asked and printed.
final class Harness: @unchecked Sendable {  // every access to its state is under `lock`
    private let lock = NSLock()
    private var answers: [APIResponse]
    private var asked: [APIRequest] = []
    private var written: (out: [UInt8], error: [UInt8]) = ([], [])
    private let failure: TransportFailure?
    /// How many requests are answered before `failure`.
    private let answersBeforeFailure: Int
    /// What each connection to the event stream brings, the n-th one when a run has been read n times; behind the last one
    /// nothing comes.
    private let streams: [String]
    private let files: [String: String]
    private let environment: [String: String]
    private let style: Style

    init(
        _ answers: [APIResponse] = [], answersBeforeFailure: Int = 0, failure: TransportFailure? = nil,
        streams: [String] = [], files: [String: String] = [:],
        environment: [String: String] = ["SLUICE_API_KEY": "key-1"], style: Style = .plain
    ) {
        self.streams = streams
        (self.answers, self.failure, self.files) = (answers, failure, files)
        self.answersBeforeFailure = answersBeforeFailure
        (self.environment, self.style) = (environment, style)
    }

    convenience init(_ status: Int, _ body: String) {
        self.init([APIResponse(status: status, body: Array(body.utf8))])
    }

    /// These answers, one after another, each with 200 unless it is a problem document.
    convenience init(json: [String], files: [String: String] = [:], style: Style = .plain) {
        let limits = JSONLimits(maximumBytes: 1 << 20, maximumDepth: 32, maximumElements: 100_000)
        self.init(
            json.map { text in
                let status =
                    (try? JSONValue.parse(text, limits: limits))?["status"]?.int64.flatMap(Int.init(exactly:)) ?? 200
                return APIResponse(status: status, body: Array(text.utf8))
            }, files: files, style: style)
    }

    var out: String { lock.withLock { String(decoding: written.out, as: UTF8.self) } }
    var outBytes: [UInt8] { lock.withLock { written.out } }
    var error: String { lock.withLock { String(decoding: written.error, as: UTF8.self) } }
    var requests: [APIRequest] { lock.withLock { asked } }
    var request: APIRequest? { requests.last }

    /// Answers in order; the last one stays.
    fileprivate func answer(_ request: APIRequest) throws -> APIResponse {
        try lock.withLock {
            asked.append(request)
            if let failure, asked.count > answersBeforeFailure { throw failure }
            guard let first = answers.first else { return APIResponse(status: 200, body: Array("{}".utf8)) }
            if answers.count > 1 { answers.removeFirst() }
            return first
        }
    }

    fileprivate func stream(_ request: APIRequest) async throws -> [UInt8] {
        let place = try lock.withLock {
            asked.append(request)
            if let failure, asked.count > answersBeforeFailure { throw failure }
            return asked.count { $0.path.hasPrefix("/api/stream") } - 1
        }
        guard place < streams.count else {
            try await Task.sleep(for: .seconds(3_600))
            return []
        }
        while lock.withLock({ asked.count { $0.path.hasPrefix("/api/runs/") } }) < place {
            try Task.checkCancellation()
            await Task.yield()
        }
        return Array(streams[place].utf8)
    }

    func run(_ arguments: String...) async -> Int32 { await run(arguments) }

    func run(_ arguments: [String]) async -> Int32 {
        let console = Console(
            style: style, errorStyle: style,
            out: { bytes in self.lock.withLock { self.written.out += bytes } },
            error: { bytes in self.lock.withLock { self.written.error += bytes } })
        let surroundings = Surroundings(
            environment: environment, console: console, transport: { _ in CannedTransport(harness: self) },
            readFile: { path, _ in
                guard let text = self.files[path] else { throw CommandFailure.message("no \(path)", remedy: nil) }
                return Array(text.utf8)
            }, now: { "2026-11-25T16:10:00.000000Z" },
            pause: { milliseconds in
                // What takes minutes does not happen in a test that has something to tell.
                if milliseconds > 60_000, !self.streams.isEmpty { try await Task.sleep(for: .seconds(3_600)) }
                await Task.yield()
            })
        return await CommandLineEntry.run(arguments, in: surroundings)
    }
}

private struct CannedTransport: Transport {
    let harness: Harness
    func send(_ request: APIRequest) async throws -> APIResponse { try harness.answer(request) }
    func stream(_ request: APIRequest, _ take: ([UInt8]) throws -> Void) async throws -> APIResponse? {
        guard request.path.hasPrefix("/api/stream") else {
            let answer = try await send(request)
            guard answer.isSuccess else { return answer }
            try take(answer.body)
            return nil
        }
        // In two pieces, as a network may bring it.
        let bytes = try await harness.stream(request)
        try take(Array(bytes.prefix(bytes.count / 2)))
        try take(Array(bytes.dropFirst(bytes.count / 2)))
        return nil
    }
    func shutDown() async {}
}

enum Sample {
    static let problem = """
        {"type":"urn:sluice:problem:invalid_request","title":"The request is not valid","status":400,\
        "detail":"one field is wrong","code":"invalid_request","errors":[{"path":"/quantity","value":"0",\
        "message":"must be above 0","remedy":"give at least one lot, 1"}],"request_id":"q7"}
        """

    /// One leg filled, one refused with numbers.
    static let run = """
        {"run_id":"r7","group_id":"family","group_version":3,"rms_version":12,"status":"PARTIAL","symbol":"US:EQ:AAPL",\
        "side":"BUY","strategy":null,"tag":null,"requested_quantity":"60","allocated_quantity":"60",\
        "unallocated_quantity":"0","left_out":[],"created_at":"2026-11-25T16:09:58.123456Z",\
        "latency_us":{"admitted":41,"durable":260,"last_dispatched":410,"done":21110},"legs":[\
        {"leg_id":"r7-0","account_id":"P1","status":"FILLED","side":"BUY","allocated_quantity":"10",\
        "ordered_quantity":"10","cumulative_quantity":"10","average_price":"329.57","reject":null,\
        "latency_us":{"durable":260,"dispatched":330,"acked":21110,"first_fill":21110,"done":2400000}},\
        {"leg_id":"r7-1","account_id":"P5","status":"REFUSED","side":"BUY","allocated_quantity":"50",\
        "ordered_quantity":"0","cumulative_quantity":"0","average_price":null,"reject":{"code":"notional_limits",\
        "control":"notional-limits","scope":"account:P5","limit":"15000","observed":"0","projected":"17302.42",\
        "unit":"USD","message":"the order's value would exceed the limit","broker":null},"latency_us":{}}]}
        """

    static func refusedRun(status: String) -> String { run.replacingOccurrences(of: "PARTIAL", with: status) }
}
