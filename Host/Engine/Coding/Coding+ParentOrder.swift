package import Domain

extension EventWriter {
    package mutating func write(_ order: ParentOrder) {
        write(Self.flags(of: order))
        switch order.target {
        case .group(let group): write(group)
        case .account(let account): write(account)
        }
        write(order.symbol)
        if let side = order.side { write(byte: side.rawValue) }
        if let quantity = order.quantity { write(quantity) }
        if let lots = order.lots { write(lots) }
        if let percent = order.percent { write(percent) }
        if let stopDistance = order.stopDistance { write(stopDistance) }
        if let multiplier = order.multiplier { write(multiplier) }
        write(byte: order.orderType.rawValue)
        if let limitPrice = order.limitPrice { write(limitPrice) }
        if let stopPrice = order.stopPrice { write(stopPrice) }
        if let trail = order.trail { write(trail) }
        write(byte: order.product.rawValue)
        write(byte: order.timeInForce.rawValue)
        if let validUntil = order.validUntil { write(validUntil) }
        write(byte: order.orderClass.rawValue)
        if let disclosedQuantity = order.disclosedQuantity { write(disclosedQuantity) }
        if let mode = order.mode { write(byte: mode.rawValue) }
        if let minimumLegs = order.minimumLegs { write(Int64(minimumLegs)) }
        if let basisPoints = order.minimumQuantityBasisPoints { write(Int64(basisPoints)) }
        if let onLegFailure = order.onLegFailure { write(byte: onLegFailure.rawValue) }
        write(order.deadlineMilliseconds)
        if let attachedStop = order.attachedStop { write(attachedStop) }
        if let strategy = order.strategy { write(strategy) }
        if let tag = order.tag { write(tag) }
        write(count: order.brokerOptions.count)
        guard !order.brokerOptions.isEmpty else { return }
        // In one order always: equal orders are equal bytes.
        for (adapter, options) in order.brokerOptions.sorted(by: {
            $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
        }) {
            write(adapter)
            write(options)
        }
    }

    private static func flags(of order: ParentOrder) -> FieldFlags {
        var flags = FieldFlags()
        if case .account = order.target { flags[0] = true }
        flags[1] = order.isPostOnly
        flags[2] = order.isReduceOnly
        flags[3] = order.isAfterMarket
        flags[4] = order.allowsPartialAllocation
        flags[5] = order.redistributes.isPresent
        flags[6] = order.redistributes == true
        flags[7] = order.side.isPresent
        flags[8] = order.quantity.isPresent
        flags[9] = order.lots.isPresent
        flags[10] = order.percent.isPresent
        flags[11] = order.stopDistance.isPresent
        flags[12] = order.multiplier.isPresent
        flags[13] = order.limitPrice.isPresent
        flags[14] = order.stopPrice.isPresent
        flags[15] = order.trail.isPresent
        flags[16] = order.validUntil.isPresent
        flags[17] = order.disclosedQuantity.isPresent
        flags[18] = order.mode.isPresent
        flags[19] = order.minimumLegs.isPresent
        flags[20] = order.minimumQuantityBasisPoints.isPresent
        flags[21] = order.onLegFailure.isPresent
        flags[22] = order.attachedStop.isPresent
        flags[23] = order.strategy.isPresent
        flags[24] = order.tag.isPresent
        return flags
    }
}

extension EventReader {
    package mutating func readParentOrder() throws(EventCodingError) -> ParentOrder {
        let start = offset
        let flags = try readFlags(known: 25)
        guard flags[5] || !flags[6] else {
            throw EventCodingError(.malformed, offset: start, expected: "no value of an absent flag")
        }
        let target: ParentOrder.Target = try flags[0] ? .account(readAccountID()) : .group(readGroupID())
        let symbol = try readInstrumentID()
        // Product and type stand later in the bytes and are put in there.
        var order = ParentOrder(target: target, symbol: symbol, side: nil, orderType: .market, product: .intraday)
        order.isPostOnly = flags[1]
        order.isReduceOnly = flags[2]
        order.isAfterMarket = flags[3]
        order.allowsPartialAllocation = flags[4]
        order.redistributes = flags[5] ? flags[6] : nil
        order.side = try flags[7] ? read(Side.init(rawValue:)) : nil
        order.quantity = try flags[8] ? readDecimal() : nil
        order.lots = try flags[9] ? readSigned() : nil
        order.percent = try flags[10] ? readDecimal() : nil
        order.stopDistance = try flags[11] ? readDecimal() : nil
        order.multiplier = try flags[12] ? readSigned() : nil
        order.orderType = try read(OrderType.init(rawValue:))
        order.limitPrice = try flags[13] ? readDecimal() : nil
        order.stopPrice = try flags[14] ? readDecimal() : nil
        order.trail = try flags[15] ? readDecimal() : nil
        order.product = try read(Product.init(rawValue:))
        order.timeInForce = try read(TimeInForce.init(rawValue:))
        order.validUntil = try flags[16] ? readTime() : nil
        order.orderClass = try read(OrderClass.init(rawValue:))
        order.disclosedQuantity = try flags[17] ? readDecimal() : nil
        order.mode = try flags[18] ? read(ExecutionMode.init(rawValue:)) : nil
        order.minimumLegs = try flags[19] ? readInt() : nil
        order.minimumQuantityBasisPoints = try flags[20] ? readInt() : nil
        order.onLegFailure = try flags[21] ? read(LegFailurePolicy.init(rawValue:)) : nil
        order.deadlineMilliseconds = try readSigned()
        order.attachedStop = try flags[22] ? readDecimal() : nil
        order.strategy = try flags[23] ? readText() : nil
        order.tag = try flags[24] ? readText() : nil
        order.brokerOptions = try readBrokerOptions()
        return order
    }

    private mutating func readBrokerOptions() throws(EventCodingError) -> [String: String] {
        let count = try readCount(ofAtLeast: 2, "broker options")
        var options: [String: String] = [:]
        for _ in 0..<count {
            let start = offset
            let adapter = try readText()
            let previous = options.updateValue(try readText(), forKey: adapter)
            guard previous == nil else {
                throw EventCodingError(.malformed, offset: start, expected: "an adapter that was not named before")
            }
        }
        return options
    }
}
