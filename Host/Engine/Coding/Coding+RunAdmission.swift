import Domain

extension EventWriter {
    package mutating func write(_ admission: RunAdmission) {
        var flags = FieldFlags()
        flags[0] = admission.group.isPresent
        flags[1] = admission.reference.isPresent
        flags[2] = admission.isGatewayClosing
        write(flags)
        write(admission.run)
        if let group = admission.group { write(group) }
        write(admission.groupVersion)
        write(admission.riskVersion)
        write(admission.order)
        write(admission.origin)
        write(admission.instrument)
        write(byte: admission.mode.rawValue)
        write(byte: admission.onLegFailure.rawValue)
        write(admission.receivedAt)
        write(admission.admittedAt)
        write(admission.requestedQuantity)
        write(admission.unallocatedQuantity)
        write(count: admission.leftOut.count)
        for leftOut in admission.leftOut {
            write(leftOut.account)
            write(leftOut.reason)
        }
        if let reference = admission.reference {
            write(reference.points)
            write(reference.age)
        }
        write(admission.rotation)
        write(admission.carry)
        write(admission.firstClientSequence)
        write(count: admission.legs.count)
        let legs = admission.legs.span
        for index in legs.indices { write(legs[index]) }
        var tail = FieldFlags()
        tail[0] = admission.isFundsRecorded
        tail[1] = !admission.overrideUses.isEmpty
        tail[2] = admission.origin.trace.isPresent
        tail[3] = !admission.legInstruments.isEmpty
        write(tail)
        if let trace = admission.origin.trace {
            for number in [trace.high, trace.low, trace.parent, UInt64(trace.flags)] { write(number) }
        }
        if admission.isFundsRecorded {
            write(count: admission.legs.count)
            for index in legs.indices { write(legs[index].funds) }
        }
        if !admission.overrideUses.isEmpty {
            write(count: admission.overrideUses.count)
            for use in admission.overrideUses {
                write(use.override)
                write(use.leg)
            }
        }
        guard !admission.legInstruments.isEmpty else { return }
        write(admission.unitsPerStep)
        write(count: admission.legInstruments.count)
        for instrument in admission.legInstruments { write(instrument) }
    }

    private mutating func write(_ instrument: LegInstrument) {
        var flags = FieldFlags()
        flags[0] = instrument.number.isPresent
        flags[1] = instrument.reference.isPresent
        write(flags)
        if let number = instrument.number { write(number) }
        write(instrument.unitsPerStep)
        if let reference = instrument.reference {
            write(reference.points)
            write(reference.age)
        }
        write(instrument.found)
    }

    package mutating func write(_ origin: Origin) {
        write(origin.caller)
        write(origin.idempotencyKey)
    }

    private mutating func write(_ funds: LegAdmission.Funds?) {
        var flags = FieldFlags()
        flags[0] = funds.isPresent
        write(flags)
        guard let funds else { return }
        write(funds.available)
        write(funds.equity)
        write(funds.reserved)
        write(funds.age)
    }

    package mutating func write(_ leg: LegAdmission) {
        var flags = FieldFlags()
        flags[0] = leg.isClosing
        flags[1] = leg.rejection.isPresent
        flags[2] = leg.heldUntil.isPresent
        write(flags)
        write(leg.account)
        write(byte: leg.side.rawValue)
        write(byte: leg.orderType.rawValue)
        write(leg.weight)
        write(leg.allocatedQuantity)
        write(leg.orderedQuantity)
        write(leg.limitPrice)
        write(leg.stopPrice)
        if let rejection = leg.rejection { write(rejection) }
        write(count: leg.alerts.count)
        for alert in leg.alerts { write(alert) }
        write(leg.slices)
        if let heldUntil = leg.heldUntil { write(heldUntil) }
        write(leg.margin)
    }
}

extension EventReader {
    package mutating func readRunAdmission() throws(EventCodingError) -> RunAdmission {
        let flags = try readFlags(known: 3)
        var admission = RunAdmission(
            run: try readRunID(), group: try flags[0] ? readGroupID() : nil, groupVersion: try readSigned(),
            riskVersion: try readSigned(), order: try readParentOrder(), origin: try readOrigin(),
            instrument: try readInt32(), mode: try read(ExecutionMode.init(rawValue:)),
            onLegFailure: try read(LegFailurePolicy.init(rawValue:)), receivedAt: try readTime(),
            admittedAt: try readTime(),
            requestedQuantity: try readSigned(), unallocatedQuantity: try readSigned(),
            leftOut: try readList(ofAtLeast: 2, "accounts left out") { reader throws(EventCodingError) in
                RunAdmission.LeftOut(account: try reader.readAccountID(), reason: try reader.readText())
            },
            reference: try flags[1] ? readReference() : nil, rotation: try readInt32(), carry: try readNumbers(),
            firstClientSequence: try readUnsigned(),
            legs: try readList(ofAtLeast: 12, "legs") { reader throws(EventCodingError) in try reader.readLeg() },
            isGatewayClosing: flags[2])
        // Fields of a later gateway; records from before them end here.
        guard !isAtEnd else { return admission }
        let tail = try readFlags(known: 4)
        if tail[2] { admission.origin.trace = try readTraceContext() }
        if tail[0] {
            let start = offset
            let funds = try readList(ofAtLeast: 1, "accounts' funds") { reader throws(EventCodingError) in
                try reader.readFunds()
            }
            guard funds.count == admission.legs.count else {
                throw EventCodingError(.malformed, offset: start, expected: "funds for \(admission.legs.count) legs")
            }
            admission.isFundsRecorded = true
            for index in funds.indices { admission.legs[index].funds = funds[index] }
        }
        if tail[1] {
            admission.overrideUses = try readList(ofAtLeast: 2, "override uses") { reader throws(EventCodingError) in
                OverrideUse(override: try reader.readSigned(), leg: try reader.readInt32())
            }
        }
        if tail[3] {
            admission.unitsPerStep = try readSigned()
            let start = offset
            admission.legInstruments = try readList(ofAtLeast: 3, "instruments of legs") {
                reader throws(EventCodingError) in try reader.readLegInstrument()
            }
            guard admission.legInstruments.count == admission.legs.count else {
                throw EventCodingError(
                    .malformed, offset: start, expected: "an instrument for each of \(admission.legs.count) legs")
            }
        }
        return admission
    }

    private mutating func readLegInstrument() throws(EventCodingError) -> LegInstrument {
        let flags = try readFlags(known: 2)
        return LegInstrument(
            number: try flags[0] ? readInt32() : nil, unitsPerStep: try readSigned(),
            reference: try flags[1] ? readReference() : nil, found: try readText())
    }

    private mutating func readFunds() throws(EventCodingError) -> LegAdmission.Funds? {
        guard try readFlags(known: 1)[0] else { return nil }
        return LegAdmission.Funds(
            available: try readSigned(), equity: try readSigned(), reserved: try readSigned(), age: try readSigned())
    }

    private mutating func readTraceContext() throws(EventCodingError) -> TraceContext {
        let start = offset
        let (high, low, parent, flags) =
            (try readUnsigned(), try readUnsigned(), try readUnsigned(), try readUnsigned())
        guard let flags = UInt8(exactly: flags),
            let trace = TraceContext(high: high, low: low, parent: parent, flags: flags)
        else { throw EventCodingError(.malformed, offset: start, expected: "a trace context") }
        return trace
    }

    /// Without its trace context, which only admissions keep.
    package mutating func readOrigin() throws(EventCodingError) -> Origin {
        Origin(caller: try readText(), idempotencyKey: try readText())
    }

    private mutating func readReference() throws(EventCodingError) -> RunAdmission.Reference {
        RunAdmission.Reference(points: try readSigned(), age: try readSigned())
    }

    package mutating func readLeg() throws(EventCodingError) -> LegAdmission {
        let flags = try readFlags(known: 3)
        let account = try readInt32()
        let side = try read(Side.init(rawValue:))
        let orderType = try read(OrderType.init(rawValue:))
        return LegAdmission(
            account: account, side: side, weight: try readSigned(), allocatedQuantity: try readSigned(),
            orderedQuantity: try readSigned(), limitPrice: try readSigned(), stopPrice: try readSigned(),
            orderType: orderType, isClosing: flags[0], rejection: try flags[1] ? readRejection() : nil,
            alerts: try readList(ofAtLeast: 9, "alerts") { reader throws(EventCodingError) in
                try reader.readRejection()
            },
            slices: OrderSizes(try readNumbers()), heldUntil: try flags[2] ? readTime() : nil, margin: try readSigned())
    }
}
