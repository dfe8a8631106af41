import Domain

/// Reading back what `stateBytes` wrote.
extension Engine {
    /// The state that bytes of this build's `stateLayout` stand for, without limits and whatever else comes from outside.
    ///
    /// - Throws: where the bytes are not whole. They are expected to have been compared with a hash: what is checked here
    ///   is that nothing they hold can trap later.
    package init(clientOrderIDPrefix: UInt64, stateBytes bytes: [UInt8]) throws(EventCodingError) {
        self.init(clientOrderIDPrefix: clientOrderIDPrefix)
        let outcome = bytes.withUnsafeBytes { buffer -> Result<Engine, EventCodingError> in
            var engine = self
            var reader = EventReader(buffer, base: Timestamp(nanoseconds: 0))
            do throws(EventCodingError) {
                try engine.read(&reader)
                return .success(engine)
            } catch {
                return .failure(error)
            }
        }
        self = try outcome.get()
    }

    private mutating func read(_ reader: inout EventReader) throws(EventCodingError) {
        nextClientSequence = try reader.readUnsigned()
        anomalies = try reader.readUnsigned()
        riskHistory = try RiskHistory(&reader)
        try readSetUp(&reader)
        for _ in 0..<(try reader.readCount(ofAtLeast: 23, "positions")) {
            let position = try Position(&reader)
            guard book.hasAccount(position.account), instruments.indices.contains(Int(position.instrument)) else {
                throw reader.outOfRange("an account and an instrument of the state")
            }
            book.update(position.account, position.instrument) { $0 = position }
        }
        attribution = try AttributionBook(&reader, book: &book)
        runs = try RunTable(&reader)
        for run in runs.all {
            guard instruments.indices.contains(Int(run.admission.instrument)),
                run.admission.legInstruments.allSatisfy({ leg in
                    leg.number.map { instruments.indices.contains(Int($0)) } ?? true
                }),
                run.admission.legs.allSatisfy({ accounts.indices.contains(Int($0.account)) })
            else { throw reader.outOfRange("accounts and an instrument of the state") }
        }
        duplicates = try DuplicateLog(&reader)
        try readControl(&reader)
        guard reader.isAtEnd else { throw reader.outOfRange("the end of the state") }
    }

    private mutating func readSetUp(_ reader: inout EventReader) throws(EventCodingError) {
        adapters = try reader.readList(ofAtLeast: 2, "adapters") { reader throws(EventCodingError) in
            try reader.readAdapterID()
        }
        var removed: [Int] = []
        for index in 0..<(try reader.readCount(ofAtLeast: 10, "accounts")) {
            apply(.accountDefined(try reader.readAccount()))
            guard accounts.count == index + 1 else { throw reader.outOfRange("accounts, each once") }
            if try reader.readBool() { removed.append(index) }
            accounts[index].day = try reader.readSigned()
            accounts[index].dayOrders = try reader.readSigned()
            accounts[index].dayModifications = try reader.readSigned()
            accounts[index].dayCancels = try reader.readSigned()
            accounts[index].equityHigh = try reader.readOptionalNumber()
            accounts[index].sessionEquityHigh = try reader.readOptionalNumber()
            accounts[index].isWarned = try reader.readBool()
            accounts[index].trips = try RoundTrips(&reader)
        }
        for index in removed { apply(.accountRemoved(accounts[index].account.id)) }
        removed = []
        for index in 0..<(try reader.readCount(ofAtLeast: 10, "groups")) {
            apply(.groupDefined(try reader.readGroup()))
            guard groups.count == index + 1 else { throw reader.outOfRange("groups, each once") }
            if try reader.readBool() { removed.append(index) }
            groups[index].members = try reader.readOrders()
            guard groups[index].members.allSatisfy({ accounts.indices.contains(Int($0)) }) else {
                throw reader.outOfRange("accounts of the state")
            }
            groups[index].rotation = try reader.readInt32()
            for _ in 0..<(try reader.readCount(ofAtLeast: 3, "remainders")) {
                let key = CarryKey(underlying: try reader.readText(), isClosing: try reader.readBool())
                groups[index].carry[key] = try reader.readNumbers()
            }
        }
        for index in removed { apply(.groupRemoved(groups[index].group.id)) }
        for index in 0..<(try reader.readCount(ofAtLeast: 10, "instruments")) {
            apply(.instrumentDefined(number: Int32(index), try reader.readInstrumentRecord()))
            guard instruments.count == index + 1 else { throw reader.outOfRange("instruments, each once") }
        }
        // The members as they were when the group was defined: an account of that name may have come later.
        updateMembership()
    }

    private mutating func readControl(_ reader: inout EventReader) throws(EventCodingError) {
        for _ in 0..<(try reader.readCount(ofAtLeast: 8, "trading states")) {
            let change = try reader.readStateChange()
            tradingStates[change.scope] = change
        }
        overrides = try OverrideTable(&reader)
        squareOffs = try SquareOffTable(&reader)
        for _ in 0..<(try reader.readCount(ofAtLeast: 6, "heartbeats")) {
            let heartbeat = Heartbeat(
                key: try reader.readText(), person: try reader.readText(), scope: try reader.readScope(),
                ttl: try reader.readSigned(), at: try reader.readTime())
            heartbeats[heartbeat.key] = heartbeat
        }
        selfTradeCancels = try reader.readList(ofAtLeast: 2, "orders to be canceled") {
            reader throws(EventCodingError) in try reader.readPlace()
        }
    }

    /// The client order number that no order has had yet.
    package var firstFreeClientSequence: UInt64 { nextClientSequence }

    /// Margin that the brokers' figures may not contain yet, from the runs alone: what a gateway takes at its start, until
    /// each account's funds have been read. Whether the runs came from a snapshot or a replay makes no difference.
    package mutating func renewMargins() {
        inputs.unsettled = UnsettledLegs(accounts: accounts.count)
        for account in accounts.indices { inputs.reservedMargin[account] = 0 }
        for run in runs.all {
            for index in run.legs.indices {
                let margin = run.margin(ofLeg: index)
                guard margin > 0, run.legs[index].orderCount > 0 else { continue }
                if run.legStatus(index).isTerminal, run.cumulativeQuantity(index) == 0 { continue }
                let account = run.admission.legs[index].account
                inputs.reservedMargin[Int(account)] = saturatingSum(inputs.reservedMargin[Int(account)], margin)
                inputs.unsettled.insert(
                    OrderPlace(run: run.id, order: run.legs[index].firstOrder), of: account, margin: margin)
            }
        }
    }

    /// How full the windows of message rates are, from the runs alone, for the limits in force: what a gateway takes at its
    /// start, once limits were set for the first time. A restart gives no one's window free.
    package mutating func renewRates() {
        for run in runs.all {
            let group = run.admission.group.flatMap { groupNumbers[$0] }
            let strategy = run.admission.order.strategy.flatMap { resolved.strategyNumbers[$0] }
            for leg in run.admission.legs where !leg.slices.isEmpty {
                rates.record(
                    account: leg.account, group: group, adapter: accounts[Int(leg.account)].adapterNumber,
                    strategy: strategy, messages: leg.slices.count, at: leg.heldUntil ?? run.admission.admittedAt)
            }
        }
    }
}

extension EventReader {
    /// A value that this state cannot hold.
    func outOfRange(_ expected: String) -> EventCodingError {
        EventCodingError(.malformed, offset: offset, expected: expected)
    }
}
