import Domain
import Foundation
import Logging
import NIOConcurrencyHelpers
import Testing

@testable import Adapters

/// A directory of its own with manifests, libraries compiled from `Fixtures` and a data directory.
final class Workshop {
    let root: String
    var adapters: String { "\(root)/adapters.d" }
    var data: String { "\(root)/data" }

    init() throws {
        var template = Array("/tmp/sluice-adapters-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        // `mkdtemp` answers with the name it was given, completed.
        root = String(cString: made)
        try FileManager.default.createDirectory(atPath: adapters, withIntermediateDirectories: true)
        try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    static let tests = (#filePath as NSString).deletingLastPathComponent
    static let headers =
        ((tests as NSString).deletingLastPathComponent as NSString).deletingLastPathComponent
        + "/SDK/CSluice/include"

    /// Libraries by their flags: each is compiled once a test run.
    private static let compiled = NIOLockedValueBox<[String: String]>([:])
    /// Where they lie; removed when the test process ends.
    private static let store: String = {
        var template = Array("/tmp/sluice-fixtures-XXXXXX".utf8CString)
        let made = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp"
        atexit { Workshop.removeStore() }
        return made
    }()
    private static func removeStore() {
        if store != "/tmp" { try? FileManager.default.removeItem(atPath: store) }
    }

    static func library(_ source: String = "scripted", _ flags: [String] = []) throws -> String {
        let key = ([source] + flags).joined(separator: " ")
        if let path = compiled.withLockedValue({ $0[key] }) { return path }
        let path = "\(store)/\(UUID().uuidString).so"
        let words =
            ["/usr/bin/cc", "-std=c11", "-O1", "-fPIC", "-shared", "-I", headers] + flags
            + ["-o", path, "\(tests)/Fixtures/\(source).c"]
        try #require(try run(words) == 0, "the fixture \(key) does not compile")
        compiled.withLockedValue { $0[key] = path }
        return path
    }

    /// Runs a program to its end and returns its status. Foundation's `Process` reads the list of open files with copies of
    /// whole directory entries, which ends in a fault where the list fills its buffer: some 1,360 files, and the suites of
    /// this process that run at once come to that.
    private static func run(_ words: [String]) throws -> Int32 {
        let arguments = words.map { strdup($0) } + [nil]
        let environment = ProcessInfo.processInfo.environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var process: pid_t = 0
        let started = posix_spawn(&process, words[0], nil, nil, arguments, environment)
        try #require(started == 0, "\(words[0]) did not start: \(String(cString: strerror(started)))")
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 { try #require(errno == EINTR) }
        return status
    }

    /// Puts a fixture into the workshop as the library of adapter `id`.
    @discardableResult
    func install(_ id: String = "scripted", _ source: String = "scripted", _ flags: [String] = []) throws -> String {
        let path = "\(adapters)/libsluice-\(id).so"
        try? FileManager.default.removeItem(atPath: path)
        let flags = source == "scripted" && id != "scripted" ? ["-DID=\"\(id)\""] + flags : flags
        try FileManager.default.copyItem(atPath: Self.library(source, flags), toPath: path)
        chmod(path, 0o755)
        return path
    }

    func manifest(_ id: String = "scripted", _ more: String = "") throws {
        try write("manifest: 1\nid: \(id)\nlibrary: libsluice-\(id).so\n\(more)", to: "\(adapters)/\(id).yaml")
    }

    func write(_ text: String, to path: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    func host(
        libraryPath: [String] = [], requirePins: Bool = false, environment: LaneEnvironment = .threads(),
        logger: Logger? = nil
    ) -> AdapterHost {
        AdapterHost(
            AdapterHostConfiguration(
                directories: [adapters], libraryPath: libraryPath, dataDirectory: data, requirePins: requirePins,
                hostVersion: "1.0.0", swiftRelease: "6.3.1"),
            environment: environment, logger: logger ?? Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    /// The status of an adapter after a load of the workshop.
    func status(_ id: String = "scripted", requirePins: Bool = false, libraryPath: [String] = []) throws
        -> AdapterStatus
    {
        let host = host(libraryPath: libraryPath, requirePins: requirePins)
        _ = host.reload()
        return try #require(host.statuses.first { $0.id == id })
    }
}

/// Keeps everything that sessions deliver.
final class Recorder: AdapterDelegate {
    private let box = NIOLockedValueBox<[[LaneEvent]]>([])
    private let onBatch: (@Sendable (AdapterSession, [LaneEvent]) -> Void)?
    init(onBatch: (@Sendable (AdapterSession, [LaneEvent]) -> Void)? = nil) { self.onBatch = onBatch }

    func lane(_ session: AdapterSession, delivers batch: inout LaneBatch) {
        box.withLockedValue { $0.append(batch.events) }
        onBatch?(session, batch.events)
    }

    var batches: [[LaneEvent]] { box.withLockedValue { $0 } }
    var events: [LaneEvent] { batches.flatMap(\.self) }
    func clear() { box.withLockedValue { $0 = [] } }

    var submitted: [MutationCompletion] { events.compactMap { if case .submitted(let it) = $0 { it } else { nil } } }
    var modified: [MutationCompletion] { events.compactMap { if case .modified(let it) = $0 { it } else { nil } } }
    var canceled: [MutationCompletion] { events.compactMap { if case .canceled(let it) = $0 { it } else { nil } } }
    var lookedUp: [LookupCompletion] { events.compactMap { if case .lookedUp(let it) = $0 { it } else { nil } } }
    var orders: [OrderReport] { events.compactMap { if case .order(let it) = $0 { it } else { nil } } }
    var executions: [ExecutionReport] { events.compactMap { if case .execution(let it) = $0 { it } else { nil } } }
    var late: [LateCompletion] { events.compactMap { if case .late(let it) = $0 { it } else { nil } } }
    var writes: [KeyValueWrite] { events.compactMap { if case .keyValue(let it) = $0 { it } else { nil } } }
    var states: [SessionState] { events.compactMap { if case .session(let it) = $0 { it.state } else { nil } } }
    var poisons: [String] { events.compactMap { if case .poisoned(let it) = $0 { it } else { nil } } }
}

/// Two instruments; prices are what the test sets.
final class TestPrices: PriceSource {
    let names = ["NSE:EQ:RELIANCE", "NSE:EQ:TCS"]
    private let box = NIOLockedValueBox<(quotes: [InstrumentIndex: Quote], watched: Set<InstrumentIndex>)>(([:], []))

    func resolve(_ id: InstrumentID) -> InstrumentIndex? {
        names.firstIndex(of: id.text).map { InstrumentIndex(Int32($0)) }
    }
    func snapshot(_ instrument: InstrumentIndex) -> Quote? { box.withLockedValue { $0.quotes[instrument] } }
    func watch(_ instrument: InstrumentIndex, for session: AdapterSession) {
        box.withLockedValue { _ = $0.watched.insert(instrument) }
    }
    func unwatch(_ instrument: InstrumentIndex, for session: AdapterSession) {
        box.withLockedValue { _ = $0.watched.remove(instrument) }
    }
    var watched: Set<InstrumentIndex> { box.withLockedValue { $0.watched } }
    func set(_ instrument: Int32, last: ExactDecimal) {
        box.withLockedValue { $0.quotes[InstrumentIndex(instrument)] = Self.quote(last) }
    }
    static func quote(_ last: ExactDecimal) -> Quote {
        Quote(symbol: InstrumentID(canonical: "NSE:EQ:RELIANCE"), last: last, receivedTime: Timestamp(nanoseconds: 1))
    }
}

/// One scripted session on stepped lanes with a clock that stands.
final class Stage {
    let workshop: Workshop
    let clock = ManualClock()
    let lanes: SteppedLanes
    let recorder: Recorder
    let host: AdapterHost
    let session: AdapterSession
    let prices = TestPrices()
    let instrument: AdapterInstrument
    private var nextID: UInt64 = 0

    init(
        _ flags: [String] = [], login: String = "login", accounts: Int = 2, manifest: String = "",
        commandBound: Int = 100_000, candleBound: Int = 65_536, opened: Bool = true, logger: Logger? = nil,
        keyValues: [(key: [UInt8], value: [UInt8])] = [],
        onBatch: (@Sendable (AdapterSession, [LaneEvent]) -> Void)? = nil
    ) throws {
        workshop = try Workshop()
        try workshop.install("scripted", "scripted", flags)
        try workshop.manifest("scripted", manifest)
        let lanes = SteppedLanes(clock: clock)
        self.lanes = lanes
        recorder = Recorder(onBatch: onBatch)
        host = workshop.host(
            environment: LaneEnvironment(clock: clock, random: SeededLaneRandom(seed: 7)) { _ in lanes }, logger: logger
        )
        try host.load()
        let made = host.makeSessions(
            for: (0..<accounts).map { Stage.account("A\($0)", login: login) },
            services: SessionServices(prices: prices, commandBound: commandBound, candleBound: candleBound) { _, _ in
                keyValues
            }, delegate: recorder)
        try #require(made.refusals.isEmpty, "\(made.refusals)")
        session = try #require(made.sessions.first)
        instrument = try session.prepare(
            InstrumentRecord(
                id: InstrumentID("NSE:EQ:RELIANCE"), currency: #require(Currency("INR")),
                tickSize: #require(ExactDecimal("0.05")), source: "test"), index: InstrumentIndex(0),
            alias: "RELIANCE-EQ", brokerData: [1, 2, 3])
        if opened {
            _ = session.open()
            lanes.runUntilIdle()
            recorder.clear()
        }
    }

    static func account(
        _ id: String, login: String, adapter: String = "scripted", config: String = "{}"
    ) -> Account {
        var account = Account(
            id: AccountID(unchecked: id), adapter: AdapterID(adapter) ?? Stage.adapter, login: login,
            currency: Currency(packed: 0x494E52))
        account.config = config
        return account
    }
    private static var adapter: AdapterID { preconditionFailure("the id is well formed") }

    func order(_ run: String, account: Int32 = 0, flags: OrderFlags = [], deadline: Int64? = nil) -> SubmitCommand {
        nextID += 1
        return SubmitCommand(
            id: nextID, accountIndex: account, side: .buy, orderType: .limit, product: .intraday, timeInForce: .day,
            flags: flags, clientOrderID: ClientOrderID(prefix: 1, sequence: nextID), runText: run,
            instrument: instrument, quantity: 10, price: ExactDecimal(mantissa: 250_005, exponent: -2),
            deadline: deadline)
    }

    /// Submits one order and runs until nothing is left to do now.
    @discardableResult
    func submit(_ run: String, flags: OrderFlags = [], deadline: Int64? = nil) throws -> UInt64 {
        let order = order(run, flags: flags, deadline: deadline)
        try #require(session.submit(order) == .taken)
        lanes.runUntilIdle()
        return order.id
    }

    func after(milliseconds: Int64) {
        clock.advance(by: milliseconds * 1_000_000)
        lanes.runUntilIdle()
    }

    /// What the adapter reported under a name.
    func said(_ name: String) -> Int64? { session.health.metrics[name]?.value }
}

/// A small random source whose sequence a seed fixes.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0xd1b5_4a32_d192_ed03 &+ 1 }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15  // SplitMix64
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}
