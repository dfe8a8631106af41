import Domain

extension EventWriter {
    /// Kind, length, fields.
    package mutating func write(_ event: Event) {
        // One switch for kind and fields: every look at an event costs a copy of its bytes.
        switch event {
        case .accountDefined(let account):
            begin(.accountDefined)
            write(account)
        case .accountRemoved(let account):
            begin(.accountRemoved)
            write(account)
        case .groupDefined(let group):
            begin(.groupDefined)
            write(group)
        case .groupRemoved(let group):
            begin(.groupRemoved)
            write(group)
        case .instrumentDefined(let number, let record):
            begin(.instrumentDefined)
            write(number)
            write(record)
        case .riskConfigured(let version):
            begin(.riskConfigured)
            write(version)
        case .stateChanged(let change):
            begin(.stateChanged)
            write(change)
        case .runAdmitted(let admission):
            begin(.runAdmitted)
            write(admission)
        case .ordersQueued(let run, let orders, let durableAt, let queuedAt):
            begin(.ordersQueued)
            write(run)
            write(orders)
            write(durableAt)
            write(queuedAt)
        case .orderAnswered(let answer):
            begin(.orderAnswered)
            write(answer)
        case .orderReported(let run, let order, let report):
            begin(.orderReported, run, order)
            write(report)
        case .executed(let execution):
            begin(.executed)
            write(execution)
        case .cancelRequested(let run, let order, let by):
            begin(.cancelRequested, run, order)
            write(by)
        case .cancelAnswered(let run, let order, let outcome, let error):
            begin(.cancelAnswered, run, order)
            write(outcome, error)
        case .replaceRequested(let run, let order, let replacement, let by):
            begin(.replaceRequested, run, order)
            write(replacement)
            write(by)
            write(tail: replacement)
        case .replaceAnswered(let run, let order, let outcome, let error):
            begin(.replaceAnswered, run, order)
            write(outcome, error)
        case .ordersCanceledLocally(let run, let orders, let reason):
            begin(.ordersCanceledLocally)
            write(run)
            write(orders)
            write(byte: reason.rawValue)
        case .ordersReleased(let run, let orders):
            begin(.ordersReleased)
            write(run)
            write(orders)
        case .orderLookedUp(let run, let order, let outcome, let brokerOrderID):
            begin(.orderLookedUp, run, order)
            write(byte: outcome.rawValue)
            var flags = FieldFlags()
            flags[0] = brokerOrderID.isPresent
            write(flags)
            if let brokerOrderID { write(brokerOrderID) }
        case .gapClosed(let run, let order):
            begin(.gapClosed, run, order)
        case .dayOpened(let opening):
            begin(.dayOpened)
            write(opening)
        case .overrideGranted(let override):
            begin(.overrideGranted)
            write(override)
        case .overrideRevoked(let id, let revocation):
            begin(.overrideRevoked)
            write(id)
            write(revocation.by, revocation.reason, revocation.at)
        case .squareOffStarted(let squareOff):
            begin(.squareOffStarted)
            write(squareOff.id)
            write(squareOff.scope)
            write(squareOff.by, squareOff.reason, squareOff.at)
        case .squareOffEnded(let id, let end):
            begin(.squareOffEnded)
            write(id)
            write(byte: end.outcome.rawValue)
            write(end.by, end.reason, end.at)
        case .heartbeatSet(let heartbeat):
            begin(.heartbeatSet)
            write(heartbeat.key)
            write(heartbeat.person)
            write(heartbeat.scope)
            write(heartbeat.ttl)
            write(heartbeat.at)
        case .limitWarned(let warning):
            begin(.limitWarned)
            write(byte: warning.control.rawValue)
            write(warning.account)
            write(warning.limit)
            write(warning.observed)
            write(warning.at)
        case .adminActed(let act):
            begin(.adminActed)
            write(act)
        case .termsFound(let run, let order, let terms, let at):
            begin(.termsFound, run, order)
            write(terms)
            write(at)
            write(tail: terms)
        case .anomalyFound(let anomaly):
            begin(.anomalyFound, anomaly.run, anomaly.order)
            write(anomaly)
        case .orderAdopted(let run, let order, let brokerOrderID, let executedBefore, let at):
            begin(.orderAdopted, run, order)
            write(brokerOrderID)
            write(executedBefore)
            write(at)
        case .positionAdopted(let adoption):
            begin(.positionAdopted)
            write(adoption)
        case .orderResolved(let run, let order, let resolution):
            begin(.orderResolved, run, order)
            write(byte: resolution.outcome.rawValue)
            write(resolution.by, resolution.reason, resolution.at)
        case .differenceFound(let difference):
            begin(.differenceFound)
            write(difference)
        }
        closePart()
    }

    private mutating func begin(_ kind: Event.Kind) {
        write(byte: kind.rawValue)
        openPart()
    }

    private mutating func begin(_ kind: Event.Kind, _ run: RunID, _ order: Int32) {
        begin(kind)
        write(run)
        write(order)
    }

    private mutating func write(_ outcome: MutationOutcome, _ error: AdapterError?) {
        write(byte: outcome.rawValue)
        var flags = FieldFlags()
        flags[0] = error.isPresent
        write(flags)
        if let error { write(error) }
    }
}

extension EventReader {
    /// An event of a kind that is not known is an error, a tail of one that is known is skipped.
    package mutating func readEvent() throws(EventCodingError) -> Event {
        let number = try readByte("an event's kind")
        guard let kind = Event.Kind(rawValue: number) else {
            throw EventCodingError(
                .unknownEvent, offset: offset - 1, expected: "an event's kind, 1 to \(Event.Kind.allCases.count)",
                found: UInt64(number))
        }
        return try readPart { reader throws(EventCodingError) in try reader.readFields(kind) }
    }

    private mutating func readFields(_ kind: Event.Kind) throws(EventCodingError) -> Event {
        // Arguments are evaluated in the order they are written, which is the order of the bytes.
        switch kind {
        case .accountDefined: .accountDefined(try readAccount())
        case .accountRemoved: .accountRemoved(try readAccountID())
        case .groupDefined: .groupDefined(try readGroup())
        case .groupRemoved: .groupRemoved(try readGroupID())
        case .instrumentDefined: .instrumentDefined(number: try readInt32(), try readInstrumentRecord())
        case .riskConfigured: .riskConfigured(try readRiskVersion())
        case .stateChanged: .stateChanged(try readStateChange())
        case .runAdmitted: .runAdmitted(try readRunAdmission())
        case .ordersQueued:
            .ordersQueued(
                run: try readRunID(), orders: try readOrders(), durableAt: try readTime(), queuedAt: try readTime())
        case .orderAnswered: .orderAnswered(try readOrderAnswer())
        case .orderReported:
            .orderReported(run: try readRunID(), order: try readInt32(), report: try readReportedOrder())
        case .executed: .executed(try readExecution())
        case .cancelRequested: .cancelRequested(run: try readRunID(), order: try readInt32(), by: try readText())
        case .cancelAnswered:
            .cancelAnswered(
                run: try readRunID(), order: try readInt32(), outcome: try read(MutationOutcome.init(rawValue:)),
                error: try readFlags(known: 1)[0] ? readAdapterError() : nil)
        case .replaceRequested: try readReplaceRequested()
        case .replaceAnswered:
            .replaceAnswered(
                run: try readRunID(), order: try readInt32(), outcome: try read(MutationOutcome.init(rawValue:)),
                error: try readFlags(known: 1)[0] ? readAdapterError() : nil)
        case .ordersCanceledLocally:
            .ordersCanceledLocally(
                run: try readRunID(), orders: try readOrders(), reason: try read(LocalCancelReason.init(rawValue:)))
        case .ordersReleased: .ordersReleased(run: try readRunID(), orders: try readOrders())
        case .orderLookedUp:
            .orderLookedUp(
                run: try readRunID(), order: try readInt32(), outcome: try read(LookupOutcome.init(rawValue:)),
                brokerOrderID: try readFlags(known: 1)[0] ? readText() : nil)
        case .gapClosed: .gapClosed(run: try readRunID(), order: try readInt32())
        case .dayOpened: .dayOpened(try readDayOpening())
        case .overrideGranted: .overrideGranted(try readOverride())
        case .overrideRevoked:
            .overrideRevoked(
                id: try readSigned(),
                OverrideTable.Revocation(by: try readText(), reason: try readText(), at: try readTime()))
        case .squareOffStarted: .squareOffStarted(try readSquareOff())
        case .limitWarned:
            .limitWarned(
                LimitWarning(
                    control: try read(ControlID.init(rawValue:)), account: try readInt32(), limit: try readSigned(),
                    observed: try readSigned(), at: try readTime()))
        case .squareOffEnded: try readSquareOffEnd()
        case .adminActed: .adminActed(try readAdminAct())
        case .termsFound: try readTermsFound()
        case .anomalyFound: .anomalyFound(try readAnomaly())
        case .orderAdopted:
            .orderAdopted(
                run: try readRunID(), order: try readInt32(), brokerOrderID: try readText(),
                executedBefore: try readSigned(), at: try readTime())
        case .positionAdopted: .positionAdopted(try readAdoption())
        case .orderResolved:
            .orderResolved(run: try readRunID(), order: try readInt32(), try readResolution())
        case .differenceFound: .differenceFound(try readDifference())
        case .heartbeatSet:
            .heartbeatSet(
                Heartbeat(
                    key: try readText(), person: try readText(), scope: try readScope(), ttl: try readSigned(),
                    at: try readTime()))
        }
    }

    private mutating func readReplaceRequested() throws(EventCodingError) -> Event {
        let (run, order) = (try readRunID(), try readInt32())
        var wanted = try readReplacement()
        let by = try readText()
        try readTail(of: &wanted)
        return .replaceRequested(run: run, order: order, replacement: wanted, by: by)
    }

    private mutating func readTermsFound() throws(EventCodingError) -> Event {
        let (run, order) = (try readRunID(), try readInt32())
        var terms = try readTerms()
        let at = try readTime()
        try readTail(of: &terms)
        return .termsFound(run: run, order: order, terms: terms, at: at)
    }
}
