package import Domain
package import Transport

/// Where an adapter's prices come from. Called on the lane: must not block, and must not call the session's lane.
package protocol PriceSource: AnyObject, Sendable {
    /// The number of an instrument; `nil`: there is none of that name.
    func resolve(_ id: InstrumentID) -> InstrumentIndex?
    /// The latest price, delivered as soon as the adapter's call has returned.
    func snapshot(_ instrument: InstrumentIndex) -> Quote?
    /// From now on the source calls `session.deliver` for this instrument.
    func watch(_ instrument: InstrumentIndex, for session: AdapterSession)
    func unwatch(_ instrument: InstrumentIndex, for session: AdapterSession)
}

/// What a session gets from the floors above.
package struct SessionServices: Sendable {
    /// `nil`: the adapter finds no instrument.
    package var prices: (any PriceSource)?
    /// Reads an account's durable keys, once, when its session is made.
    package var loadKeyValues: @Sendable (AdapterID, AccountID) throws -> [(key: [UInt8], value: [UInt8])]
    /// How an account reaches its broker. Throws in words for the operator; called when its session is made.
    package var connection: @Sendable (Account) throws -> AccountConnection
    package var transport: any Transport
    /// `nil`: secrets are not kept over restarts.
    package var secretKeeper: (any SecretKeeper)?
    /// Prices that an adapter streams; `instrument` is its number, else the quote's symbol says it. Must not block.
    package var publishTicks: @Sendable ([(instrument: InstrumentIndex?, quote: Quote)]) -> Void
    /// The instrument that an adapter once gave an alias, for what its broker tells of orders that are not ours. On the
    /// lane: must not block for long.
    package var instrumentByAlias: @Sendable (AdapterID, String) -> AdapterInstrument?
    /// Commands that may wait; beyond it they are refused as not sent.
    package var commandBound: Int
    /// When a session stops asking a broker that does not answer.
    package var circuit: CircuitBreaker.Policy
    /// Candles that may wait; beyond it the oldest is dropped and counted.
    package var candleBound: Int

    /// What the session counts together with others; the host's to set.
    var sharedLimits = SharedLimits()

    package init(
        prices: (any PriceSource)? = nil, commandBound: Int = 100_000, candleBound: Int = 65_536,
        circuit: CircuitBreaker.Policy = CircuitBreaker.Policy(),
        transport: any Transport = NetworkTransport.shared, secretKeeper: (any SecretKeeper)? = nil,
        loadKeyValues: @escaping @Sendable (AdapterID, AccountID) throws -> [(key: [UInt8], value: [UInt8])] = { _, _ in
            []
        },
        connection: @escaping @Sendable (Account) throws -> AccountConnection = { _ in AccountConnection() },
        publishTicks: @escaping @Sendable ([(instrument: InstrumentIndex?, quote: Quote)]) -> Void = { _ in },
        instrumentByAlias: @escaping @Sendable (AdapterID, String) -> AdapterInstrument? = { _, _ in nil }
    ) {
        (self.prices, self.loadKeyValues) = (prices, loadKeyValues)
        (self.commandBound, self.candleBound, self.circuit) = (commandBound, candleBound, circuit)
        (self.transport, self.secretKeeper, self.connection) = (transport, secretKeeper, connection)
        (self.publishTicks, self.instrumentByAlias) = (publishTicks, instrumentByAlias)
    }
}

/// Clock, randomness, and who runs lanes: the system's, or a simulation's.
package struct LaneEnvironment: Sendable {
    package var clock: any LaneClock
    package var random: any LaneRandom
    package var makeScheduler: @Sendable (AdapterID) -> any LaneScheduler

    package init(
        clock: any LaneClock, random: any LaneRandom,
        makeScheduler: @escaping @Sendable (AdapterID) -> any LaneScheduler
    ) {
        (self.clock, self.random, self.makeScheduler) = (clock, random, makeScheduler)
    }

    /// One worker thread an adapter.
    package static func threads() -> LaneEnvironment {
        LaneEnvironment(clock: SystemLaneClock.shared, random: SystemLaneRandom.shared) { adapter in
            ThreadLanes(name: "lane-\(adapter)")
        }
    }
}
