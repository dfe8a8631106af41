import Domain
import Engine
import Store

/// What a seed decides before anything happens: accounts, group, limits, and what goes wrong how often.
struct WorldPlan {
    let prefix: UInt64
    let accounts: [(id: String, adapter: String, login: String)]
    let positionLimit: Int64
    let openOrders: Int64
    let policy: AllocationPolicy
    let rates: [String: FaultRates]
    /// Steps of the schedule before the world calms down.
    let steps: Int
    /// Of a thousand steps.
    let crashes: Int
    let diskFaults: Int
    /// Jumps of the wall clock.
    let clockJumps: Int
    /// Messages an account may send in a second; `nil` = any number.
    let rate: Int?
    /// Nanoseconds a leg may wait for the window to open.
    let hold: Int64
    let hasCollar: Bool
    /// Minor units; `nil` = unlimited.
    let dailyLoss: Int64?
    let lossAction: BreachResponse.Action

    static let group = "family"
    static let instruments: [InstrumentRecord] = World.symbols.enumerated().compactMap { index, symbol in
        Currency("USD").map { currency in
            InstrumentRecord(
                id: InstrumentID(canonical: symbol), currency: currency,
                tickSize: ExactDecimal(mantissa: 1, exponent: -2) ?? 1, freezeQuantity: index == 1 ? 7 : nil,
                source: "simulation")
        }
    }

    init(seed: UInt64) {
        var dice = Dice(seed: seed, stream: 2)
        prefix = dice.next() % 1_000
        let adapters = ChaosEntries.all.map(\.id)
        let count = Int(dice.number(1...5))
        accounts = (0..<count).map { index in
            let adapter = adapters[dice.index(below: adapters.count)]
            // Two accounts of one adapter may share a login, and with it a session.
            return ("A\(index)", adapter, dice.chance(400) ? "shared" : "A\(index)")
        }
        positionLimit = dice.number(10...60)
        openOrders = dice.chance(500) ? dice.number(2...6) : AccountLimits.unlimited
        policy = dice.chance(500) ? .equal : .proportional
        var rates: [String: FaultRates] = [:]
        for adapter in adapters { rates[adapter] = FaultRates(&dice) }
        self.rates = rates
        steps = Int(dice.number(60...400))
        crashes = [0, 2, 8, 20][dice.index(below: 4)]
        diskFaults = [0, 0, 2, 8][dice.index(below: 4)]
        clockJumps = [0, 0, 0, 6][dice.index(below: 4)]
        rate = dice.chance(300) ? Int(dice.number(2...8)) : nil
        hold = dice.chance(500) ? 3_000_000_000 : 0
        hasCollar = dice.chance(400)
        dailyLoss = dice.chance(250) ? dice.number(100...3_000) : nil
        lossAction = [.reducing, .cancelAll, .squareOff, .halted][dice.index(below: 4)]
    }

    var limits: RiskLimits {
        var all = RiskLimits(version: 1)
        guard let currency = Currency("USD") else { return all }
        var limits = AccountLimits()
        limits.allowList = [
            AllowRule(
                segments: ["US"], products: Set(Product.allCases), orderTypes: Set(OrderType.allCases),
                timesInForce: Set(TimeInForce.allCases), sides: Set(Side.allCases),
                orderClasses: Set(OrderClass.allCases), allowsShortSelling: true, allowsOptionSelling: true)
        ]
        limits.margin.isLimited = false
        limits.position = .value(ExactDecimal(positionLimit))
        limits.openOrdersPerInstrument = openOrders
        if let rate {
            limits.rates = [RateWindow(limit: rate, window: 1_000_000_000)]
            limits.maximumHold = hold
        }
        if hasCollar {
            limits.collar.basisPoints = 300
            limits.collar.maximumAge = 60_000_000_000
        }
        if let dailyLoss {
            limits.dailyLoss.maximum = dailyLoss
            limits.dailyLoss.response.action = lossAction
        }
        all.defaults[currency] = limits
        return all
    }

    /// The journal that the first life finds: accounts and the group.
    func firstRecord(at now: Timestamp, world: Int64) -> CommitBatch {
        var events: [Event] = []
        var members: [ExecutionGroup.Member] = []
        for (index, account) in accounts.enumerated() {
            guard let id = AccountID(account.id), let adapter = AdapterID(account.adapter),
                let currency = Currency("USD")
            else { continue }
            events.append(
                .accountDefined(
                    Account(
                        id: id, adapter: adapter, login: account.login, environment: .sandbox, currency: currency,
                        config: #"{"world":\#(world)}"#)))
            members.append(ExecutionGroup.Member(account: id, capital: ExactDecimal(Int64(index + 1) * 1_000)))
        }
        if let id = GroupID(Self.group) {
            events.append(
                .groupDefined(
                    ExecutionGroup(
                        id: id, policy: policy, allowsUnwind: true, members: members, createdAt: now, updatedAt: now)))
        }
        return FirstRecord.batch(events, at: now)
    }
}
