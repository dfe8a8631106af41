package import Domain

/// What the engine was last told of the world: prices, funds, readiness. Not state: never in the journal, gone with the
/// process. A missing input refuses opening orders.
package struct Inputs: Sendable {
    package struct Reference: Hashable, Sendable {
        /// 0 = none.
        package var points: Int64 = 0
        package var at = Timestamp(nanoseconds: .min)
    }

    package struct Funds: Hashable, Sendable {
        /// Free margin in minor units.
        package var available: Int64
        package var equity: Int64
        /// When the query left: `t0` of RISK.md §2.
        package var asOf: Timestamp
    }

    package enum Readiness: UInt8, Hashable, Sendable {
        /// No session takes orders.
        case notReady = 0
        /// Cancels and strict closing orders.
        case degraded = 1
        case ready = 2
    }

    /// What an adapter takes, one bit a word of the vocabulary (bit = raw value).
    package struct Offer: Hashable, Sendable {
        package var orderTypes: UInt32 = 0
        package var timesInForce: UInt32 = 0
        package var products: UInt32 = 0
        package var orderClasses: UInt32 = 0

        package init(
            orderTypes: [OrderType], timesInForce: [TimeInForce], products: [Product], orderClasses: [OrderClass]
        ) {
            for word in orderTypes { self.orderTypes |= 1 << UInt32(word.rawValue) }
            for word in timesInForce { self.timesInForce |= 1 << UInt32(word.rawValue) }
            for word in products { self.products |= 1 << UInt32(word.rawValue) }
            for word in orderClasses { self.orderClasses |= 1 << UInt32(word.rawValue) }
        }

        /// Whether every word of an order, either side, is taken.
        @inline(__always)
        func covers(_ words: UInt64) -> Bool {
            // Words of `AllowRule.mask`, eight bits a kind.
            let either = UInt64(0xff) << 24
            let taken =
                UInt64(products & 0xff) | UInt64(orderTypes & 0xff) << 8 | UInt64(timesInForce & 0xff) << 16 | either
                | UInt64(orderClasses & 0xff) << 32
            return taken & words == words
        }
    }

    /// By adapter number; `nil` = the adapter's document was not read.
    var offers: [Offer?] = []
    /// What logins offer, where it is less, by account number; most of the time there is none.
    var narrowedOffers: [Int32: Offer] = [:]
    var references: [Reference] = []
    var funds: [Funds?] = []
    var readiness: [Readiness] = []
    /// By account; `nil` = none were told.
    var holdings: [Holdings?] = []
    /// Margin reserved by what the last funds cannot contain (`M_res`), by account.
    var reservedMargin: [Int64] = []
    /// Legs behind `reservedMargin`.
    var unsettled = UnsettledLegs()
    /// What keeps opening orders on instruments back, as refusals; most of the time there is none.
    var holds: [HoldKey: Rejection] = [:]

    @inline(__always)
    package func reference(_ instrument: Int32) -> Reference {
        Int(instrument) < references.count ? references[Int(instrument)] : Reference()
    }

    mutating func makeRoom(accounts: Int) {
        while funds.count < accounts {
            funds.append(nil)
            holdings.append(nil)
            readiness.append(.notReady)
            reservedMargin.append(0)
            unsettled.addAccount()
        }
    }
}

extension Engine {
    /// A reference price was heard: the last trade, else the mid. Older news never replaces newer.
    package mutating func setReference(_ instrument: Int32, price: ExactDecimal, at: Timestamp) {
        guard let points = instruments[Int(instrument)].instrument.pointsRounded(price), points > 0 else { return }
        while inputs.references.count <= Int(instrument) { inputs.references.append(Inputs.Reference()) }
        guard inputs.references[Int(instrument)].at <= at else { return }
        inputs.references[Int(instrument)] = Inputs.Reference(points: points, at: at)
    }

    /// The source of an instrument's prices is gone: the last one still values positions, and is too old for any order.
    package mutating func ageReference(_ instrument: Int32) {
        guard inputs.references.indices.contains(Int(instrument)) else { return }
        inputs.references[Int(instrument)].at = Timestamp(nanoseconds: .min)
    }

    /// A broker's figures for an account. Another currency than the account's is not taken: there is no rate for it.
    package mutating func setFunds(_ account: Int32, _ report: FundsReport) {
        let entry = accounts[Int(account)]
        guard report.currency == entry.account.currency,
            let available = report.available.flatMap({ minorUnits($0, report.currency) }),
            let equity = report.equity.flatMap({ minorUnits($0, report.currency) })
        else { return }
        if let known = inputs.funds[Int(account)], known.asOf > report.asOf { return }
        inputs.funds[Int(account)] = Inputs.Funds(available: available, equity: equity, asOf: report.asOf)
        settleMargin(account, asOf: report.asOf)
    }

    /// What an adapter takes, from its capability document.
    package mutating func setOffer(_ adapter: AdapterID, _ offer: Inputs.Offer) {
        guard let number = adapters.firstIndex(of: adapter) else { return }
        while inputs.offers.count < adapters.count { inputs.offers.append(nil) }
        inputs.offers[number] = offer
    }

    /// What the login of an account offers of it; `nil`: all.
    package mutating func setNarrowedOffer(_ account: Int32, _ offer: Inputs.Offer?) {
        inputs.narrowedOffers[account] = offer
    }

    package mutating func setReadiness(_ account: Int32, _ readiness: Inputs.Readiness) {
        inputs.readiness[Int(account)] = readiness
    }

    /// Sets the limits that a `riskConfigured` event names. Applies to the next admission as a whole.
    package mutating func setLimits(_ limits: RiskLimits) {
        self.limits = limits
        resolveLimits()
        resolveResting()
    }

    /// Sets when venues trade, for the next admission; `nil` = there is no calendar.
    package mutating func setCalendar(_ calendar: TradingCalendar?) { self.calendar = calendar }

    private func minorUnits(_ amount: ExactDecimal, _ currency: Currency) -> Int64? {
        amount.scaled(to: -currency.minorDigits, rounding: .floor).flatMap(Int64.init(exactly:))
    }
}

extension Engine {
    package func readiness(_ account: Int32) -> Inputs.Readiness { inputs.readiness[Int(account)] }
    package func funds(_ account: Int32) -> Inputs.Funds? { inputs.funds[Int(account)] }
    /// Margin reserved by what `funds` cannot contain yet, minor units.
    package func reservedMargin(_ account: Int32) -> Int64 { inputs.reservedMargin[Int(account)] }
}
