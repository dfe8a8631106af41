import Domain

// What brokers said of our orders, and what we asked of them.

extension EventWriter {
    package mutating func write(_ answer: OrderAnswer) {
        var flags = FieldFlags()
        flags[0] = answer.brokerOrderID.isPresent
        flags[1] = answer.exchangeOrderID.isPresent
        flags[2] = answer.error.isPresent
        flags[3] = answer.writtenAt.isPresent
        flags[4] = answer.firstByteAt.isPresent
        write(flags)
        write(answer.run)
        write(answer.order)
        write(byte: answer.outcome.rawValue)
        if let brokerOrderID = answer.brokerOrderID { write(brokerOrderID) }
        if let exchangeOrderID = answer.exchangeOrderID { write(exchangeOrderID) }
        if let error = answer.error { write(error) }
        write(answer.adapterState)
        write(answer.dispatchedAt)
        if let writtenAt = answer.writtenAt { write(writtenAt) }
        if let firstByteAt = answer.firstByteAt { write(firstByteAt) }
        write(answer.answeredAt)
    }

    package mutating func write(_ report: ReportedOrder) {
        var flags = FieldFlags()
        flags[0] = report.cumulativeQuantity.isPresent
        flags[1] = report.brokerOrderID.isPresent
        flags[2] = report.exchangeOrderID.isPresent
        flags[3] = report.error.isPresent
        write(flags)
        write(byte: report.state.rawValue)
        if let cumulativeQuantity = report.cumulativeQuantity { write(cumulativeQuantity) }
        if let brokerOrderID = report.brokerOrderID { write(brokerOrderID) }
        if let exchangeOrderID = report.exchangeOrderID { write(exchangeOrderID) }
        if let error = report.error { write(error) }
        write(report.adapterState)
        write(report.at)
    }

    package mutating func write(_ execution: Execution) {
        var flags = FieldFlags()
        flags[0] = execution.replaces.isPresent
        flags[1] = execution.run.isPresent
        flags[2] = execution.transactTime.isPresent
        write(flags)
        write(execution.adapter)
        write(execution.account)
        write(execution.instrument)
        write(execution.executionID)
        write(byte: execution.kind.rawValue)
        if let replaces = execution.replaces { write(replaces) }
        if let run = execution.run { write(run) }
        write(execution.order)
        write(byte: execution.side.rawValue)
        write(execution.lastQuantity)
        write(execution.lastPrice)
        write(execution.fees)
        if let transactTime = execution.transactTime { write(transactTime) }
        write(execution.at)
    }

    /// Without its words and options, which are appended to the event.
    package mutating func write(_ replacement: Order.Replacement) {
        write(replacement.clientSequence)
        write(replacement.quantity)
        write(replacement.limitPrice)
        write(replacement.stopPrice)
    }

    mutating func write(tail replacement: Order.Replacement) {
        var flags = FieldFlags(replacement.words)
        flags[3] = replacement.options.isPresent
        flags[4] = replacement.addedMargin != 0
        write(flags)
        write(replacement.words)
        if let options = replacement.options { write(options) }
        if replacement.addedMargin != 0 { write(replacement.addedMargin) }
    }

    mutating func write(tail terms: Order.Terms) {
        write(FieldFlags(terms.words))
        write(terms.words)
    }

    /// Without the flags that say which follow.
    private mutating func write(_ words: Order.Words) {
        if let orderType = words.orderType { write(byte: orderType.rawValue) }
        if let timeInForce = words.timeInForce { write(byte: timeInForce.rawValue) }
        if let disclosed = words.disclosedQuantity { write(disclosed) }
    }
}

extension EventReader {
    package mutating func readOrderAnswer() throws(EventCodingError) -> OrderAnswer {
        let flags = try readFlags(known: 5)
        return OrderAnswer(
            run: try readRunID(), order: try readInt32(), outcome: try read(MutationOutcome.init(rawValue:)),
            brokerOrderID: try flags[0] ? readText() : nil, exchangeOrderID: try flags[1] ? readText() : nil,
            error: try flags[2] ? readAdapterError() : nil, adapterState: try readBytes(),
            dispatchedAt: try readTime(), writtenAt: try flags[3] ? readTime() : nil,
            firstByteAt: try flags[4] ? readTime() : nil, answeredAt: try readTime())
    }

    package mutating func readReportedOrder() throws(EventCodingError) -> ReportedOrder {
        let flags = try readFlags(known: 4)
        return ReportedOrder(
            state: try read(ReportedState.init(rawValue:)), cumulativeQuantity: try flags[0] ? readSigned() : nil,
            brokerOrderID: try flags[1] ? readText() : nil, exchangeOrderID: try flags[2] ? readText() : nil,
            error: try flags[3] ? readAdapterError() : nil, adapterState: try readBytes(), at: try readTime())
    }

    package mutating func readExecution() throws(EventCodingError) -> Execution {
        let flags = try readFlags(known: 3)
        return Execution(
            adapter: try readAdapterID(), account: try readInt32(), instrument: try readInt32(),
            executionID: try readText(), kind: try read(ExecutionReport.Kind.init(rawValue:)),
            replaces: try flags[0] ? readText() : nil, run: try flags[1] ? readRunID() : nil,
            order: try readInt32(), side: try read(Side.init(rawValue:)), lastQuantity: try readSigned(),
            lastPrice: try readSigned(), fees: try readSigned(), transactTime: try flags[2] ? readTime() : nil,
            at: try readTime())
    }

    package mutating func readReplacement() throws(EventCodingError) -> Order.Replacement {
        Order.Replacement(
            clientSequence: try readUnsigned(), quantity: try readSigned(), limitPrice: try readSigned(),
            stopPrice: try readSigned())
    }

    /// What a modify says of an order's words; records from before it could end here.
    mutating func readTail(of replacement: inout Order.Replacement) throws(EventCodingError) {
        guard !isAtEnd else { return }
        let flags = try readFlags(known: 5)
        replacement.words = try readWords(flags)
        if flags[3] { replacement.options = try readText() }
        if flags[4] { replacement.addedMargin = try readSigned() }
    }

    mutating func readTail(of terms: inout Order.Terms) throws(EventCodingError) {
        guard !isAtEnd else { return }
        terms.words = try readWords(try readFlags(known: 3))
    }

    private mutating func readWords(_ flags: FieldFlags) throws(EventCodingError) -> Order.Words {
        Order.Words(
            orderType: try flags[0] ? read(OrderType.init(rawValue:)) : nil,
            timeInForce: try flags[1] ? read(TimeInForce.init(rawValue:)) : nil,
            disclosedQuantity: try flags[2] ? readDecimal() : nil)
    }
}

extension FieldFlags {
    /// Which words of an order are there: the lowest three bits.
    fileprivate init(_ words: Order.Words) {
        self.init()
        self[0] = words.orderType.isPresent
        self[1] = words.timeInForce.isPresent
        self[2] = words.disclosedQuantity.isPresent
    }
}
