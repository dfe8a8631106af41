import Exact

/// The demo: a client of its own gateway, step by step, each with what must hold.
struct DemoScript {
    var story: DemoStory
    var market: DemoMarket
    let surroundings: Surroundings
    /// Where exported files go.
    let output: String
    /// What was written there.
    var files: [String] = []
    /// The way to the gateway; set once it runs.
    var client: GatewayClient?
    var stepPrices: @Sendable (Int) async -> Void = { _ in }
    /// Runs in the order they were placed.
    var runs: [String] = []
    /// What each account should hold of each instrument, by what the demo saw filled: `P1 US:EQ:AAPL`.
    var held: [String: Holding] = [:]

    struct Holding: Hashable, Sendable {
        var quantity: ExactDecimal
        var price: ExactDecimal
        var realised: ExactDecimal = .zero
    }

    init(story: DemoStory, market: DemoMarket, surroundings: Surroundings, output: String) {
        (self.story, self.market, self.surroundings, self.output) = (story, market, surroundings, output)
    }

    /// Why a step could not go on; the story has the failed check.
    struct Stopped: Error {}

    /// Runs every step, or up to the one that cannot go on.
    ///
    /// - Returns: the running gateway, for the caller to stop; `nil` when it did not start.
    mutating func run(file: String, directory: String) async -> DemoGateway? {
        var gateway: DemoGateway?
        story.begin(
            "A gateway starts",
            "Five simulated accounts with different capital, limits that are finite for everybody and tighter for "
                + "\(DemoFiles.tightAccount), recorded prices that stand still until the story moves them.")
        do {
            let started = try await DemoGateway.start(file: file, directory: directory)
            gateway = started
            let transport = HTTPTransport(Connection(url: started.url, key: started.adminKey))
            client = GatewayClient(transport: transport, key: started.adminKey)
            stepPrices = started.stepPrices
            do {
                try await steps()
                await transport.shutDown()
            } catch {
                await transport.shutDown()
                throw error
            }
        } catch is Stopped {
        } catch let failure as CommandFailure {
            story.check(false, "the step goes through", found: failure.lines(.plain).joined(separator: " "))
        } catch {
            story.check(false, "the step goes through", found: "\(error)")
        }
        story.end()
        story.conclude()
        return gateway
    }

    private mutating func steps() async throws {
        try await accountsAreReady()
        try await pricesArrive()
        try await groupIsMade()
        try await orderIsPreviewed()
        try await orderFansOut()
        try await sameKeyIsAnsweredTheSame()
        try await restingOrderIsCancelled()
        try await haltStopsEverything()
        try await tradingResumes()
        try await haltStopsFanOut()
        try await resultIsRealised()
        try await positionsAddUp()
        try await runsAreListed()
        try await runsAreExported()
    }

    // MARK: Asking

    /// One request; the answer is told by whoever asked.
    mutating func ask(
        _ method: APIRequest.Method, _ path: String, body: JSONValue? = nil, key: String? = nil
    ) async throws -> GatewayClient.Answer {
        guard let client else { throw Stopped() }
        return try await client.send(method, path, body: body, idempotencyKey: key)
    }

    /// A request that the story shows.
    mutating func askAloud(
        _ method: APIRequest.Method, _ path: String, body: JSONValue? = nil, key: String? = nil
    ) async throws -> GatewayClient.Answer {
        let header = key.map { "  Idempotency-Key: \($0)" } ?? ""
        story.asked("\(method.rawValue) \(path)\(header)")
        if let body { story.asked("  \(body.serializedText())") }
        return try await ask(method, path, body: body, key: key)
    }

    /// Looks again until the answer is as wanted, for ten seconds at most.
    mutating func eventually(
        _ path: String, until isWanted: (GatewayClient.Answer) -> Bool
    ) async throws -> GatewayClient.Answer {
        var waited = 0
        while true {
            let answer = try await ask(.get, path)
            if isWanted(answer) || waited >= 10_000 { return answer }
            try await surroundings.pause(25)
            waited += 25
        }
    }

    /// A run once it is as wanted, or as it is after ten seconds.
    mutating func run(_ id: String, until isWanted: (JSONValue) -> Bool) async throws -> JSONValue {
        try await eventually(APIPath.make("api", "runs", id)) { isWanted($0.value) }.value
    }

    /// Tells a run as `sluice runs show` would.
    mutating func show(_ run: JSONValue) {
        story.show(RunReport.lines(run, surroundings.console.style, now: surroundings.now()))
    }

    /// The step cannot go on unless this holds.
    mutating func require(_ isMet: Bool, _ text: String, found: @autoclosure () -> String = "") throws {
        story.check(isMet, text, found: found())
        guard isMet else { throw Stopped() }
    }

    static let groupPath = APIPath.make("api", "execution-groups", DemoFiles.group)

    /// An order of the demo: shares held in cash, for the day.
    static func order(
        _ side: String, _ quantity: Int64, _ symbol: String, limit: String? = nil, account: String? = nil
    ) -> JSONValue {
        var members: JSONObject = [
            "symbol": .string(symbol), "side": .string(side), "quantity": .string(String(quantity)),
            "order_type": limit == nil ? "MARKET" : "LIMIT", "product": "CASH", "time_in_force": "DAY",
        ]
        if let limit { members["price"] = .string(limit) }
        if let account { members["account_id"] = .string(account) }
        return .object(members)
    }
}

extension GatewayClient.Answer {
    /// What it says in short, for a check that failed.
    var summary: String {
        let text = value.serializedText()
        return "\(status) \(text.count > 400 ? String(text.prefix(400)) + "…" : text)"
    }
}

extension JSONValue {
    /// A run's leg of an account.
    func leg(_ account: String) -> JSONValue { legs.first { $0.text("account_id") == account } ?? .null }

    var legs: [JSONValue] { self["legs"]?.array ?? [] }

    /// A member as a number, whether it comes as text or as a number.
    func amount(_ name: String) -> ExactDecimal? { self[name]?.decimalOrText }

    /// One member of every leg, in order: `10, 20, 30`.
    func ofLegs(_ name: String) -> String { legs.map { $0.text(name) }.joined(separator: ", ") }
}
