import ArgumentParser
import Domain
import Exact

/// What an order asks, as flags or as a file. The gateway checks it and says of each field what would be right.
struct OrderOptions: ParsableArguments {
    @Option(help: "A JSON order as the API takes it, or '-' for standard input; flags stand above it.")
    var file: String?

    @Option(help: "The instrument, as US:EQ:AAPL or NSE:EQ:RELIANCE.")
    var symbol: String?

    @Option(help: "What to do.")
    var side: WordArgument<Side>?

    @Option(help: "In the instrument's units (shares, contracts).")
    var quantity: String?

    @Option(help: "In lots of the instrument, instead of --quantity.")
    var lots: String?

    @Option(help: "For a group of policy percent_change.")
    var percent: String?

    @Option(help: "For a group of policy risk_unit: distance of the stop, in price.")
    var stopDistance: String?

    @Option(help: "For a group of policy fixed: scales every account's lots.")
    var multiplier: String?

    @Option(help: "How it is priced.")
    var type: WordArgument<OrderType>?

    @Option(help: "The limit.")
    var price: String?

    @Option(help: "Where a stop order triggers.")
    var triggerPrice: String?

    @Option(help: "Under which product it is held.")
    var product: WordArgument<Product>?

    @Option(help: "How long it stays.")
    var timeInForce: WordArgument<TimeInForce>?

    @Option(help: "Until when a GTD order stays, RFC 3339.")
    var validUntil: String?

    @Option(help: "The class of order.")
    var orderClass: WordArgument<OrderClass>?

    @Flag(help: "Never take liquidity.")
    var postOnly = false

    @Flag(help: "Only ever make a position smaller.")
    var reduceOnly = false

    @Flag(help: "For the next session, placed outside trading hours.")
    var afterMarket = false

    @Option(help: "The strategy it belongs to.")
    var strategy: String?

    @Option(help: "A note of yours that comes back with it.")
    var tag: String?

    /// Whether nothing of an order is said.
    var isEmpty: Bool {
        let texts = [
            file, symbol, quantity, lots, percent, stopDistance, multiplier, price, triggerPrice, validUntil, strategy,
            tag,
        ]
        return texts.allSatisfy { $0 == nil } && side == nil && type == nil && product == nil && timeInForce == nil
            && orderClass == nil && !postOnly && !reduceOnly && !afterMarket
    }

    /// The members of the body. Flags replace what the file says; what neither says is left out.
    func members(in session: Session) throws -> JSONObject {
        var members = JSONObject()
        if let file {
            guard let object = try session.readBody(file).object else {
                throw CommandFailure.message("\(file) is no JSON object", remedy: "an order is an object, { … }")
            }
            members = object
        }
        for (name, text) in [
            ("symbol", symbol), ("side", side?.word.rawName), ("quantity", quantity), ("lots", lots),
            ("percent", percent), ("stop_distance", stopDistance), ("multiplier", multiplier),
            ("order_type", type?.word.rawName), ("price", price), ("trigger_price", triggerPrice),
            ("product", product?.word.rawName), ("time_in_force", timeInForce?.word.rawName),
            ("valid_until", validUntil), ("order_class", orderClass?.word.rawName), ("strategy", strategy),
            ("tag", tag),
        ] {
            if let text { members[name] = .string(text) }
        }
        for (name, flag) in [("post_only", postOnly), ("reduce_only", reduceOnly), ("after_market", afterMarket)]
        where flag {
            members[name] = true
        }
        guard members.contains(key: "symbol") else {
            throw CommandFailure.usage("no instrument", remedy: "name it with --symbol, or an order with --file")
        }
        return members
    }
}

/// What only an order to a group can ask.
struct FanOutOptions: ParsableArguments {
    @Option(help: "What becomes of the order when legs are refused.")
    var mode: WordArgument<ExecutionMode>?

    @Option(help: "For --mode quorum: how many legs must pass.")
    var minLegs: Int64?

    @Option(help: "For --mode quorum: how much of the quantity must pass, in ten-thousandths.")
    var minQuantityBps: Int64?

    @Flag(help: "Give refused legs' quantity to the others.")
    var redistribute = false

    @Flag(help: "Take what the accounts' bounds allow when it is less than asked.")
    var allowPartialAllocation = false

    @Option(help: "What becomes of the other legs when a broker rejects one.")
    var onLegFailure: WordArgument<LegFailurePolicy>?

    @Option(help: "Legs not sent within so many milliseconds are cancelled here.")
    var deadlineMs: Int64?

    var isEmpty: Bool {
        mode == nil && minLegs == nil && minQuantityBps == nil && !redistribute && !allowPartialAllocation
            && onLegFailure == nil && deadlineMs == nil
    }

    func add(to members: inout JSONObject) {
        if let mode { members["mode"] = .string(mode.word.rawName) }
        if let minLegs { members["min_legs"] = JSONValue(minLegs) }
        if let minQuantityBps { members["min_quantity_bps"] = JSONValue(minQuantityBps) }
        if redistribute { members["redistribute"] = true }
        if allowPartialAllocation { members["allow_partial_allocation"] = true }
        if let onLegFailure { members["on_leg_failure"] = .string(onLegFailure.word.rawName) }
        if let deadlineMs { members["deadline_ms"] = JSONValue(deadlineMs) }
    }
}

/// The key under which a change can be repeated without happening twice.
struct IdempotencyOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A key of yours: repeating the command with it answers the first result. Default: a fresh one, printed.",
            valueName: "key"))
    var idempotencyKey: String?

    func validate() throws {
        guard let idempotencyKey else { return }
        guard (1...255).contains(idempotencyKey.utf8.count),
            idempotencyKey.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw ValidationError("--idempotency-key must be 1 to 255 visible ASCII characters") }
    }

    var key: String { idempotencyKey ?? IdempotencyKey.fresh() }
}

/// How long an order waits for its outcome before it answers.
struct WaitOptions: ParsableArguments {
    enum Level: String, ExpressibleByArgument, CaseIterable, Sendable { case durable, acked, done }

    @Option(help: "Answer once it is stored (durable), answered by every broker (acked), or ended (done).")
    var wait: Level?

    @Option(help: "Answer after so many milliseconds at the latest, 1 to 60000. Default 10000.")
    var timeoutMs: Int?

    func validate() throws {
        if let timeoutMs, !(1...60_000).contains(timeoutMs) { throw ValidationError("--timeout-ms must be 1 to 60000") }
    }

    var query: [(String, String?)] { [("wait", wait?.rawValue), ("timeout_ms", timeoutMs.map(String.init))] }
    /// Longer than the gateway takes at most.
    var clientTimeout: Int { (timeoutMs ?? 10_000) + 20_000 }
}

/// How much of a list to show.
struct PageOptions: ParsableArguments {
    @Option(help: "How many rows at most, newest first.")
    var limit: Int?

    @Option(help: "Where the last page ended (its next_cursor).")
    var cursor: String?

    var query: [(String, String?)] { [("limit", limit.map(String.init)), ("cursor", cursor)] }
}

extension JSONValue {
    /// The line that leads to the next page; none on the last.
    func nextPage(_ style: Style) -> [String] {
        let cursor = text("next_cursor")
        return cursor.isEmpty ? [] : [style(.dim, "more: --cursor \(cursor)")]
    }
}
