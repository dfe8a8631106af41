import AdapterKit

extension PaperOrder {
    /// The order as it is remembered. Prices and quantities stand on the grid it names, which the instrument may refine
    /// later. Executions that stand in sealed records are left out.
    func record(on instrument: PaperInstrument) -> [UInt8] {
        var writer = RecordWriter(capacity: 112)
        writer.byte(
            UInt8(side.rawValue - 1) | UInt8(orderType.rawValue - 1) << 1 | UInt8(product.rawValue - 1) << 3
                | (isTriggered ? 0x40 : 0) | (hasRested ? 0x80 : 0))
        writer.byte(
            UInt8(timeInForce.rawValue - 1) | (isPriced ? 0x08 : 0) | (isDelayed ? 0x10 : 0)
                | (expiresAt == nil ? 0 : 0x20))
        writer.byte(UInt8(truncatingIfNeeded: state.rawValue))
        writer.byte(endReason.rawValue)
        writer.unsigned(UInt64(self.instrument))
        instrument.writeGrid(to: &writer)
        writer.unsigned(sequence)
        for steps in [quantity, price, triggerPrice, blockPrice] { writer.signed(steps) }
        writer.time(acceptedAt)
        for time in [workingSince, activeAt, updatedAt] { writer.signed(time.nanoseconds &- acceptedAt.nanoseconds) }
        if let expiresAt { writer.time(expiresAt) }
        writer.unsigned(endSequence)
        let names = earlierReferences + (reference.map { [$0] } ?? [])
        writer.unsigned(UInt64(names.count) << 1 | (reference == nil ? 0 : 1))
        for name in names { writer.text(name.description) }
        writer.unsigned(UInt64(sealedExecutions))
        let tail = executions[sealedExecutions...]
        writer.unsigned(UInt64(tail.count))
        for execution in tail { execution.write(to: &writer, since: acceptedAt) }
        return writer.bytes
    }

    /// Reads an order with its sealed records, oldest first, and brings it to the present grid of its instrument.
    init(
        record: [UInt8], number: OrderNumber, sealed: [[UInt8]], instruments: [PaperInstrument]
    ) throws(RecordReader.Broken) {
        var reader = try RecordReader(record)
        let (first, second) = (try reader.byte(), try reader.byte())
        guard let side = Side(rawValue: UInt32(first & 1) + 1),
            let orderType = OrderType(rawValue: UInt32(first >> 1 & 3) + 1),
            let product = Product(rawValue: UInt32(first >> 3 & 7) + 1),
            let timeInForce = TimeInForce(rawValue: UInt32(second & 7) + 1),
            let state = OrderState(rawValue: UInt32(try reader.byte())),
            let endReason = EndReason(rawValue: try reader.byte()),
            let instrument = Int(exactly: try reader.unsigned()), instrument < instruments.count
        else { throw RecordReader.Broken() }
        let factor = try instruments[instrument].factor(from: &reader)
        let sequence = try reader.unsigned()
        let (quantity, price) = (try reader.signed(), try reader.signed())
        let (triggerPrice, blockPrice) = (try reader.signed(), try reader.signed())
        let acceptedAt = try reader.time()
        func after(_ delta: Int64) -> Timestamp { Timestamp(nanoseconds: acceptedAt.nanoseconds &+ delta) }
        let (workingSince, activeAt) = (after(try reader.signed()), after(try reader.signed()))
        let updatedAt = after(try reader.signed())
        self.init(
            number: number, instrument: instrument, side: side, orderType: orderType, product: product,
            timeInForce: timeInForce, sequence: sequence, quantity: quantity, price: price,
            triggerPrice: triggerPrice, acceptedAt: acceptedAt, workingSince: workingSince,
            expiresAt: second & 0x20 == 0 ? nil : try reader.time(), activeAt: activeAt, updatedAt: updatedAt)
        self.blockPrice = blockPrice
        self.state = state
        self.endReason = endReason
        isTriggered = first & 0x40 != 0
        hasRested = first & 0x80 != 0
        isPriced = second & 0x08 != 0
        isDelayed = second & 0x10 != 0
        endSequence = try reader.unsigned()
        try readReferences(&reader)
        let sealedCount = try reader.unsigned()
        for _ in 0..<(try reader.count()) {
            executions.append(try Execution(from: &reader, since: acceptedAt))
        }
        guard reader.isAtEnd else { throw RecordReader.Broken() }
        try checkSteps()
        guard scale(price: factor.price, quantity: factor.quantity) else { throw RecordReader.Broken() }
        var older: [Execution] = []
        for record in sealed { older += try Execution.executions(in: record, on: instruments[instrument]) }
        guard UInt64(older.count) == sealedCount else { throw RecordReader.Broken() }
        sealedExecutions = older.count
        executions = older + executions
        try addUp()
    }

    private mutating func readReferences(_ reader: inout RecordReader) throws(RecordReader.Broken) {
        let shape = try reader.unsigned()
        for _ in 0..<(shape >> 1) {
            guard let name = ClientReference(try reader.text()) else { throw RecordReader.Broken() }
            earlierReferences.append(name)
        }
        if shape & 1 != 0 { reference = earlierReferences.popLast() }
    }

    /// Refuses steps that cannot have been written, and that a finer grid could not hold.
    private func checkSteps() throws(RecordReader.Broken) {
        let bound = PaperInstrument.largestSteps
        guard quantity > 0, quantity < bound, (0..<bound).contains(price), (0..<bound).contains(triggerPrice),
            (0..<2 * bound).contains(blockPrice)
        else { throw RecordReader.Broken() }
    }

    /// What the executions come to together; refuses what cannot have been written.
    private mutating func addUp() throws(RecordReader.Broken) {
        try checkSteps()
        guard executions.count <= Self.mostExecutions else { throw RecordReader.Broken() }
        filledProduct = 0
        for execution in executions {
            guard execution.isPlausible else { throw RecordReader.Broken() }
            cumulativeQuantity += execution.quantity  // both at most 2^60
            guard cumulativeQuantity <= quantity else { throw RecordReader.Broken() }
            filledProduct += Int128(execution.quantity) * Int128(execution.price)  // 4,096 times below 2^113
            fees += execution.fee
            guard fees.isStorable else { throw RecordReader.Broken() }
        }
    }
}

extension PaperInstrument {
    /// The grid as a record names it.
    func writeGrid(to writer: inout RecordWriter) {
        writer.signed(Int64(priceExponent))
        writer.signed(Int64(quantityExponent))
    }

    /// Reads the grid of a record and yields what brings its steps to the present grid, which is as fine or finer.
    func factor(from reader: inout RecordReader) throws(RecordReader.Broken) -> (price: Int64, quantity: Int64) {
        let (price, quantity) = (try reader.signed(), try reader.signed())
        guard (-38...0).contains(price), (-38...0).contains(quantity),
            let priceFactor = Int64.powerOfTen(Int(price) - priceExponent),
            let quantityFactor = Int64.powerOfTen(Int(quantity) - quantityExponent)
        else { throw RecordReader.Broken() }
        return (priceFactor, quantityFactor)
    }
}

extension Execution {
    func write(to writer: inout RecordWriter, since start: Timestamp) {
        writer.unsigned(number << 1 | (isMaker ? 1 : 0))
        writer.signed(quantity)
        writer.signed(price)
        writer.money(fee)
        writer.signed(time.nanoseconds &- start.nanoseconds)
    }

    init(from reader: inout RecordReader, since start: Timestamp) throws(RecordReader.Broken) {
        let first = try reader.unsigned()
        self.init(
            number: first >> 1, quantity: try reader.signed(), price: try reader.signed(), fee: try reader.money(),
            time: Timestamp(nanoseconds: 0), isMaker: first & 1 != 0)
        time = Timestamp(nanoseconds: start.nanoseconds &+ (try reader.signed()))
    }

    /// A sealed record: `PaperOrder.sealedRecordSize` executions that will never change.
    static func record(
        of executions: ArraySlice<Execution>, on instrument: PaperInstrument, since start: Timestamp
    ) -> [UInt8] {
        var writer = RecordWriter(capacity: 24 * executions.count)
        instrument.writeGrid(to: &writer)
        writer.time(start)
        writer.unsigned(UInt64(executions.count))
        for execution in executions { execution.write(to: &writer, since: start) }
        return writer.bytes
    }

    static func executions(
        in record: [UInt8], on instrument: PaperInstrument
    ) throws(RecordReader.Broken) -> [Execution] {
        var reader = try RecordReader(record)
        let factor = try instrument.factor(from: &reader)
        let start = try reader.time()
        var executions: [Execution] = []
        for _ in 0..<(try reader.count()) {
            var execution = try Execution(from: &reader, since: start)
            guard execution.scale(price: factor.price, quantity: factor.quantity), execution.isPlausible else {
                throw RecordReader.Broken()
            }
            executions.append(execution)
        }
        guard reader.isAtEnd else { throw RecordReader.Broken() }
        return executions
    }
}
