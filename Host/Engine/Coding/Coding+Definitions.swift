package import Domain

// What operators define: accounts, groups, instruments, trading states, days.

extension EventWriter {
    package mutating func write(_ account: Account) {
        var flags = FieldFlags()
        flags[0] = account.owner.isPresent
        flags[1] = account.isEnabled
        write(flags)
        write(account.id)
        write(account.adapter)
        write(account.login)
        if let owner = account.owner { write(owner) }
        write(byte: account.environment.rawValue)
        write(account.currency)
        write(account.config)
    }

    package mutating func write(_ group: ExecutionGroup) {
        var flags = FieldFlags()
        flags[0] = group.allowsUnwind
        flags[1] = group.dropsBelowMinimum
        flags[2] = group.redistributes
        write(flags)
        write(group.id)
        write(group.version)
        write(byte: group.policy.rawValue)
        write(byte: group.carry.rawValue)
        write(byte: group.mode.rawValue)
        write(byte: group.onLegFailure.rawValue)
        write(count: group.members.count)
        for member in group.members { write(member) }
        write(group.createdAt)
        write(group.updatedAt)
    }

    package mutating func write(_ version: RiskVersion) {
        write(version.version)
        write(version.document)
        write(version.reason)
        write(version.by)
        write(version.at)
    }

    package mutating func write(_ member: ExecutionGroup.Member) {
        var flags = FieldFlags()
        flags[0] = member.isEnabled
        flags[1] = member.capital.isPresent
        flags[2] = member.weight.isPresent
        flags[3] = member.lots.isPresent
        flags[4] = member.riskBudget.isPresent
        flags[5] = member.maximumLots.isPresent
        write(flags)
        write(member.account)
        if let capital = member.capital { write(capital) }
        if let weight = member.weight { write(weight) }
        if let lots = member.lots { write(lots) }
        if let riskBudget = member.riskBudget { write(riskBudget) }
        write(member.minimumLots)
        if let maximumLots = member.maximumLots { write(maximumLots) }
    }

    package mutating func write(_ record: InstrumentRecord) {
        var flags = FieldFlags()
        flags[0] = record.isTradable
        flags[1] = record.name.isPresent
        flags[2] = record.contractSize.isPresent
        flags[3] = record.freezeQuantity.isPresent
        flags[4] = record.minimumQuantity.isPresent
        flags[5] = record.maximumQuantity.isPresent
        flags[6] = record.priceLow.isPresent
        flags[7] = record.priceHigh.isPresent
        flags[8] = record.expiry.isPresent
        flags[9] = record.tickTable.isPresent
        write(flags)
        write(record.id)
        if let name = record.name { write(name) }
        write(record.currency)
        write(record.tickSize)
        write(record.lotSize)
        write(record.multiplier)
        if let contractSize = record.contractSize { write(contractSize) }
        if let freezeQuantity = record.freezeQuantity { write(freezeQuantity) }
        if let minimumQuantity = record.minimumQuantity { write(minimumQuantity) }
        if let maximumQuantity = record.maximumQuantity { write(maximumQuantity) }
        if let priceLow = record.priceLow { write(priceLow) }
        if let priceHigh = record.priceHigh { write(priceHigh) }
        if let expiry = record.expiry { write(expiry) }
        write(record.source)
        guard let table = record.tickTable else { return }
        write(count: table.bands.count)
        for band in table.bands {
            write(band.from)
            write(band.tick)
        }
    }

    package mutating func write(_ change: TradingStateChange) {
        write(change.scope)
        write(byte: change.status.rawValue)
        write(change.reason)
        write(change.by)
        write(change.at)
        var flags = FieldFlags()
        flags[0] = change.until.isPresent
        write(flags)
        if let until = change.until { write(until) }
        var more = FieldFlags()
        more[0] = change.cause.isPresent
        more[1] = change.escalation.isPresent
        write(more)
        if let cause = change.cause { write(cause) }
        if let escalation = change.escalation {
            write(byte: escalation.action.rawValue)
            write(escalation.at)
        }
    }

    package mutating func write(_ opening: DayOpening) {
        write(opening.account)
        write(opening.day)
        write(count: opening.marks.count)
        for mark in opening.marks {
            var flags = FieldFlags()
            flags[0] = mark.points.isPresent
            write(flags)
            write(mark.instrument)
            if let points = mark.points { write(points) }
        }
        var flags = FieldFlags()
        flags[0] = opening.equity.isPresent
        write(flags)
        if let equity = opening.equity { write(equity) }
    }
}

extension EventReader {
    /// Reason, person and time were appended to the format's first version.
    package mutating func readRiskVersion() throws(EventCodingError) -> RiskVersion {
        var version = RiskVersion(
            version: try readSigned(), document: try readText(), reason: "", by: "", at: base)
        guard !isAtEnd else { return version }
        version.reason = try readText()
        version.by = try readText()
        version.at = try readTime()
        return version
    }

    package mutating func readAccount() throws(EventCodingError) -> Account {
        let flags = try readFlags(known: 2)
        return Account(
            id: try readAccountID(), adapter: try readAdapterID(), login: try readText(),
            owner: try flags[0] ? readText() : nil, environment: try read(TradingEnvironment.init(rawValue:)),
            currency: try readCurrency(), config: try readText(), isEnabled: flags[1])
    }

    package mutating func readGroup() throws(EventCodingError) -> ExecutionGroup {
        let flags = try readFlags(known: 3)
        return ExecutionGroup(
            id: try readGroupID(), version: try readSigned(), policy: try read(AllocationPolicy.init(rawValue:)),
            carry: try read(CarryMode.init(rawValue:)), mode: try read(ExecutionMode.init(rawValue:)),
            onLegFailure: try read(LegFailurePolicy.init(rawValue:)), allowsUnwind: flags[0],
            dropsBelowMinimum: flags[1],
            redistributes: flags[2],
            members: try readList(ofAtLeast: 3, "members") { reader throws(EventCodingError) in
                try reader.readMember()
            },
            createdAt: try readTime(), updatedAt: try readTime())
    }

    package mutating func readMember() throws(EventCodingError) -> ExecutionGroup.Member {
        let flags = try readFlags(known: 6)
        return ExecutionGroup.Member(
            account: try readAccountID(), isEnabled: flags[0],
            capital: try flags[1] ? readDecimal() : nil,
            weight: try flags[2] ? readSigned() : nil,
            lots: try flags[3] ? readSigned() : nil,
            riskBudget: try flags[4] ? readDecimal() : nil,
            minimumLots: try readSigned(),
            maximumLots: try flags[5] ? readSigned() : nil)
    }

    package mutating func readInstrumentRecord() throws(EventCodingError) -> InstrumentRecord {
        let flags = try readFlags(known: 10)
        let id = try readInstrumentID()
        let name = try flags[1] ? readText() : nil
        var record = InstrumentRecord(
            id: id, name: name, currency: try readCurrency(), tickSize: try readDecimal(),
            lotSize: try readDecimal(), multiplier: try readDecimal(),
            contractSize: try flags[2] ? readDecimal() : nil,
            freezeQuantity: try flags[3] ? readDecimal() : nil,
            minimumQuantity: try flags[4] ? readDecimal() : nil,
            maximumQuantity: try flags[5] ? readDecimal() : nil,
            priceLow: try flags[6] ? readDecimal() : nil,
            priceHigh: try flags[7] ? readDecimal() : nil,
            expiry: nil, isTradable: flags[0], source: "")
        // The initialiser would take an absent expiry from the id: the journal says what was used.
        record.expiry = try flags[8] ? readDate() : nil
        record.source = try readText()
        if flags[9] {
            let start = offset
            let bands = try readList(ofAtLeast: 2, "bands of ticks") { reader throws(EventCodingError) in
                TickTable.Band(from: try reader.readDecimal(), tick: try reader.readDecimal())
            }
            guard let table = try? TickTable(bands) else {
                throw EventCodingError(.malformed, offset: start, expected: "a tick table")
            }
            record.tickTable = table
        }
        return record
    }

    package mutating func readStateChange() throws(EventCodingError) -> TradingStateChange {
        var change = TradingStateChange(
            scope: try readScope(), status: try read(TradingStatus.init(rawValue:)), reason: try readText(),
            by: try readText(),
            at: try readTime(),
            until: try readAppendedFlags(known: 1)[0] ? readTime() : nil)
        let more = try readAppendedFlags(known: 2)
        if more[0] { change.cause = try readText() }
        if more[1] {
            change.escalation = TradingStateChange.Escalation(
                action: try read(BreachResponse.Action.init(rawValue:)), at: try readTime())
        }
        return change
    }

    package mutating func readDayOpening() throws(EventCodingError) -> DayOpening {
        DayOpening(
            account: try readInt32(), day: try readSigned(),
            marks: try readList(ofAtLeast: 2, "marks") { reader throws(EventCodingError) in
                let flags = try reader.readFlags(known: 1)
                return DayOpening.Mark(
                    instrument: try reader.readInt32(), points: try flags[0] ? reader.readSigned() : nil)
            }, equity: try readAppendedFlags(known: 1)[0] ? readSigned() : nil)
    }
}
