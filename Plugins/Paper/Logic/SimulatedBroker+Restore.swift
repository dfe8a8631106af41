import AdapterKit

/// Why an account's durable memory cannot be used. A broker that guessed at what it holds would be worse than none.
struct BrokenMemory: Error, Hashable, Sendable {
    /// The record that is missing or wrong.
    var key: String
    var text: String
}

extension SimulatedBroker {
    /// Makes the account again from what `takeChanges` handed out. `nil`: there is no memory, the account is new.
    ///
    /// Working orders are in their places again and wait for prices; orders that should have expired meanwhile expire with
    /// the first `advance`.
    init?(
        memory: [(key: String, value: [UInt8])], settings: Settings, currency: String
    ) throws(BrokenMemory) {
        let image = try MemoryImage(memory)
        guard let account = image.account else {
            guard image.isEmpty else { throw BrokenMemory(key: MemoryKey.account, text: "missing") }
            return nil
        }
        let instrumentCount: UInt64
        do throws(RecordReader.Broken) {
            var reader = try RecordReader(account)
            let counters = Counters(
                order: try reader.unsigned(), execution: try reader.unsigned(), sequence: try reader.unsigned(),
                end: try reader.unsigned())
            instrumentCount = try reader.unsigned()
            let ledger = Ledger(cash: try reader.money(), fees: try reader.money())
            self.init(
                settings: settings, currency: currency, ledger: ledger, counters: counters,
                nextDayEnd: try reader.time())
            forgottenThrough = try reader.optionalTime()
            guard reader.isAtEnd, ledger.cash.isStorable, ledger.fees.isStorable else { throw RecordReader.Broken() }
        } catch { throw BrokenMemory(key: MemoryKey.account, text: "unreadable") }
        try restoreInstruments(instrumentCount, image)
        try restoreBuckets(image)
        try restoreOrders(image)
    }

    private mutating func restoreInstruments(_ count: UInt64, _ image: MemoryImage) throws(BrokenMemory) {
        for index in 0..<Int(clamping: count) {
            let key = MemoryKey.instrument(index)
            guard let record = image.instruments[index] else { throw BrokenMemory(key: key, text: "missing") }
            guard let instrument = try? PaperInstrument.read(record), instruments[instrument.id] == nil else {
                throw BrokenMemory(key: key, text: "unreadable")
            }
            books.append(Book(instrument))
            ledger.addInstrument()
            instruments[instrument.id] = index
        }
    }

    private mutating func restoreBuckets(_ image: MemoryImage) throws(BrokenMemory) {
        for (index, record) in image.buckets.sorted(by: { $0.key < $1.key }) {
            guard ledger.buckets.indices.contains(index),
                case let instrument = books[index / 5].instrument,
                let bucket = try? Bucket(record: record, on: instrument),
                ledger.replace(instrument, index, with: bucket, rates: settings.margins)
            else { throw BrokenMemory(key: MemoryKey.bucket(index), text: "unreadable") }
        }
    }

    private mutating func restoreOrders(_ image: MemoryImage) throws(BrokenMemory) {
        let instruments = books.map(\.instrument)
        orders.reserveCapacity(image.orders.count + 1)
        references.reserveCapacity(image.orders.count + 1)
        var ends: [(sequence: UInt64, number: OrderNumber)] = []
        var late: [(at: Timestamp, number: OrderNumber)] = []
        for (number, record) in image.orders {
            let key = MemoryKey.order(number)
            guard let sealed = image.sealedRecords(of: number),
                let order = try? PaperOrder(
                    record: record, number: number, sealed: sealed, instruments: instruments),
                // The account's own record is written last: what it does not count was written by half.
                number.rawValue <= counters.order, order.sequence <= counters.sequence,
                order.endSequence <= counters.end, order.executions.last?.number ?? 0 <= counters.execution
            else { throw BrokenMemory(key: key, text: "unreadable") }
            for reference in order.earlierReferences { references[reference] = number }
            if let reference = order.reference { references[reference] = number }
            orders[number] = order
            guard order.isWorking else {
                ends.append((order.endSequence, number))
                continue
            }
            workingCount += 1
            let index = Ledger.index(order.instrument, order.product)
            guard
                let (bucket, _) = ledger.reservation(
                    of: order.leavesQuantity, at: order.blockPrice, order.side, instruments[order.instrument], index,
                    rates: settings.margins),
                ledger.replace(instruments[order.instrument], index, with: bucket, rates: settings.margins)
            else { throw BrokenMemory(key: key, text: "does not fit the account") }
            if let expiresAt = order.expiresAt { nextExpiry = min(nextExpiry ?? expiresAt, expiresAt) }
            if order.isDelayed { late.append((order.activeAt, number)) } else { books[order.instrument].insert(order) }
        }
        for end in ends.sorted(by: { $0.sequence < $1.sequence }) { ended.append(end.number) }
        for entry in late.sorted(by: { ($0.at, $0.number) < ($1.at, $1.number) }) { delayed.append(entry) }
        for index in books.indices where Ledger.products.contains(where: { ledger[index, $0].isActive }) {
            watch(index)
        }
    }
}
