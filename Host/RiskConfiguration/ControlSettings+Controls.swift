import Domain
import Engine
import Settings

// Reading of the controls that count orders, weigh exposures against equity, and look at results.

extension ControlSettings {
    /// `nil` = keeps what stands above.
    struct DailyCountSettings {
        var orders: Int64?
        var modifications: Int64?
        var lots: Int64?
        var cancels: Int64?

        func lay(over limit: inout DailyCountLimit) {
            if let orders { limit.orders = orders }
            if let modifications { limit.modifications = modifications }
            if let lots { limit.lots = lots }
            if let cancels { limit.cancels = cancels }
        }
    }

    struct DrawdownSettings {
        var maximum: MoneyLimit?
        var basisPoints: Int64?
        var epoch: DrawdownLimit.Epoch
        var response: BreachResponse
    }

    struct LossStreakSettings {
        var count: Int64
        var epsilon: [Currency: Int64]
        var coolOff: Int64
    }

    private mutating func accountSection(
        _ reader: MappingReader, _ name: String, _ control: ControlID,
        _ body: (inout ControlSettings, MappingReader) -> Void
    ) {
        if reader.contains(name) { accountControls.append(name) }
        section(reader, name, control, body)
    }

    mutating func readOrderControls(_ reader: MappingReader) {
        accountSection(reader, "trading-hours", .tradingHours) { settings, section in
            var limit = TradingHoursLimit()
            limit.isLimited = section.required("calendar", .choice(["none": false, "venue": true])) ?? true
            limit.openGuard = section.value("open_guard", .duration(0...Self.day), default: 0)
            limit.closeGuard = section.value("close_guard", .duration(0...Self.day), default: 0)
            limit.allowsAfterMarket = section.value("after_market", .boolean, default: false)
            settings.hours = limit
        }
        accountSection(reader, "repeated-execution", .repeatedExecution) { settings, section in
            settings.strategyRuns = section.required("max", .allowedInteger(0 ... .max))
        }
        accountSection(reader, "modification-cap", .modificationCap) { settings, section in
            settings.modifications = section.required("max", .allowedInteger(0 ... .max))
        }
        accountSection(reader, "duplicate-order", .duplicateOrder) { settings, section in
            var limit = DuplicateLimit()
            limit.maximum = section.value("max", .allowedInteger(1...1_000), default: 1)
            limit.window = section.value(
                "window", .duration(1_000_000...DuplicateLimit.longestWindow), default: limit.window)
            settings.duplicates = limit
        }
        accountSection(reader, "daily-counts", .dailyCounts) { settings, section in
            settings.dailyCounts = Self.dailyCounts(section)
            settings.dailyCounts.cancels = section.optional("cancels", .allowedInteger(0 ... .max))
            let single = section.section("per_instrument")
            settings.dailyCountsPerInstrument = Self.dailyCounts(single)
            single.finish()
        }
    }

    private static let day: Int64 = 86_400_000_000_000

    private static func dailyCounts(_ section: MappingReader) -> DailyCountSettings {
        DailyCountSettings(
            orders: section.optional("orders", .allowedInteger(0 ... .max)),
            modifications: section.optional("modifications", .allowedInteger(0 ... .max)),
            lots: section.optional("lots", .allowedInteger(0 ... .max)))
    }

    mutating func readExposureControls(_ reader: MappingReader) {
        section(reader, "net-exposure", .netExposure) { settings, section in
            settings.netExposure = section.required("max", .moneyLimit)
            settings.netByInstrument = section.value("by", .netBasis, default: false)
        }
        accountSection(reader, "concentration", .concentration) { settings, section in
            settings.concentration = section.required("bps", .allowedInteger(1...1_000_000))
        }
        accountSection(reader, "leverage", .leverage) { settings, section in
            settings.leverage = section.required("bps", .allowedInteger(1...10_000_000))
        }
        accountSection(reader, "short-rules", .shortRules) { settings, section in
            settings.delivery = section.optional(
                "delivery",
                .choice(["unlimited": ShortRules.Delivery.unlimited, "holdings": .holdings, "free": .free]))
            settings.allowsNakedOptions = section.optional("naked_options", .boolean)
        }
    }

    mutating func readResultControls(_ reader: MappingReader) {
        accountSection(reader, "drawdown", .drawdown) { settings, section in
            let maximum = section.optional("max", .moneyLimit)
            let basisPoints = section.optional("bps", .allowedInteger(1...10_000))
            if maximum == nil, basisPoints == nil {
                section.report("neither max nor bps is given", remedy: "give at least one of max and bps")
            }
            settings.drawdown = DrawdownSettings(
                maximum: maximum, basisPoints: basisPoints,
                epoch: section.value(
                    "epoch", .choice(["session": DrawdownLimit.Epoch.session, "all_time": .allTime]), default: .session),
                response: Self.response(section))
        }
        accountSection(reader, "loss-streak", .lossStreak) { settings, section in
            let count = section.required("count", .allowedInteger(1...Int64(RoundTrips.longest)))
            let epsilon = Dictionary(
                (section.optional("epsilon", .moneyPerCurrency) ?? []).map { ($0.currency, $0.minorUnits) },
                uniquingKeysWith: { first, _ in first })
            if epsilon.values.contains(where: { $0 < 0 }) {
                section.report("epsilon is negative", remedy: "give amounts of 0 or more", at: "epsilon")
            }
            let coolOff =
                count == AccountLimits.unlimited
                ? section.value("cool_off", .duration(), default: 0)
                : section.required("cool_off", .duration(1_000_000_000...(30 * Self.day)))
            settings.lossStreak = count.map {
                LossStreakSettings(count: $0, epsilon: epsilon, coolOff: coolOff ?? 0)
            }
        }
        accountSection(reader, "self-trade", .selfTrade) { settings, section in
            var limit = SelfTradeLimit()
            limit.owners =
                section.required(
                    "scope",
                    .choice(["unlimited": SelfTradeLimit.Owners.none, "group": .group, "owner": .owner, "firm": .firm]))
                ?? .firm
            limit.action = section.value(
                "action",
                .choice(["reject": SelfTradeLimit.Action.reject, "cancel_resting": .cancelResting, "tag": .tag]),
                default: .reject)
            settings.selfTrade = limit
        }
    }

    // MARK: Groups

    mutating func readGroupControls(_ reader: MappingReader) {
        section(reader, "group-loss", .groupLoss) { settings, section in
            settings.groupLoss = Self.groupLoss(section)
        }
        section(reader, "group-aggregate", .groupAggregate) { settings, section in
            var limit = AggregateLimit()
            Self.part(section, "notional-limits") { part in
                limit.notional = Self.amounts(part.required("max", .moneyLimit))
            }
            Self.part(section, "message-rate") { part in
                limit.rates = part.required("windows", .list(of: .rateWindow, count: 0...8)) ?? []
            }
            Self.part(section, "max-open-orders") { part in
                limit.openOrders = part.required("max", .allowedInteger(0 ... .max)) ?? 0
            }
            Self.part(section, "max-position") { part in
                limit.position = part.required("max", .exactLimit) ?? .unlimited
                limit.positionUnit = part.value("unit", .choice(["units": .units, "lots": .lots]), default: .units)
            }
            Self.part(section, "gross-exposure") { part in
                limit.grossExposure = Self.amounts(part.required("max", .moneyLimit))
            }
            Self.part(section, "net-exposure") { part in
                limit.netExposure = Self.amounts(part.required("max", .moneyLimit))
                limit.netByInstrument = part.value("by", .netBasis, default: false)
            }
            Self.part(section, "group-loss") { part in limit.loss = Self.groupLoss(part) ?? GroupLossLimit() }
            settings.aggregate = limit
        }
    }

    private static func part(_ section: MappingReader, _ name: String, _ body: (MappingReader) -> Void) {
        guard section.contains(name) else {
            _ = section.value(of: name)
            return
        }
        let part = section.section(name)
        body(part)
        part.finish()
    }

    private static func groupLoss(_ section: MappingReader) -> GroupLossLimit? {
        var limit = GroupLossLimit()
        limit.maximum = amounts(section.required("max", .moneyLimit))
        limit.countsAccounts = section.value("attribution", .choice(["fills": false, "account": true]), default: false)
        limit.response = response(section)
        return limit
    }

    /// Amounts of a scope's total; `unlimited` is none at all.
    static func amounts(_ limit: MoneyLimit?) -> [Currency: Int64] {
        if case .amounts(let amounts)? = limit { amounts } else { [:] }
    }
}

extension ControlSettings {
    /// `then`: what a breach does to its scope.
    static func response(_ section: MappingReader) -> BreachResponse {
        var response = BreachResponse()
        response.action = section.value(
            "then", .choice(["reducing": BreachResponse.Action.reducing, "halted": .halted]), default: .reducing)
        return response
    }
}

extension FieldType where Value == Bool {
    /// `instrument` is true.
    static var netBasis: FieldType<Bool> { .choice(["underlying": false, "instrument": true]) }
}
