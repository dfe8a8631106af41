import AdapterKit
import Exact

/// One change of the durable memory.
enum MemoryChange: Sendable {
    case put(key: String, value: [UInt8])
    case delete(key: String)
}

/// The layout of the durable memory: one record each, keys of at most 15 bytes for what is written often.
///
/// | key | record |
/// | --- | --- |
/// | `a` | the account: counters, cash, fees, end of the day, what was forgotten |
/// | `i<n>` | instrument n: its id and terms |
/// | `p<n>.<product>` | what is held of instrument n under a product |
/// | `o<number>` | an order, with its latest executions |
/// | `x<number>.<k>` | executions 16k to 16k + 15 of an order |
/// | `f` | how many events each rule of a scenario has seen |
enum MemoryKey {
    static let account = "a"
    static let faults = "f"
    static func instrument(_ index: Int) -> String { "i\(index)" }
    static func bucket(_ index: Int) -> String { "p\(index / 5).\(index % 5 + 1)" }
    static func order(_ number: OrderNumber) -> String { "o\(number.rawValue)" }
    static func sealed(_ number: OrderNumber, _ index: Int) -> String { "x\(number.rawValue).\(index)" }
}

extension SimulatedBroker {
    /// Hands out what has to be written so that `restore` makes the same account again, and counts it as written.
    mutating func takeChanges(_ write: (MemoryChange) -> Void) {
        guard !changes.isEmpty else { return }
        for index in changes.books {
            write(.put(key: MemoryKey.instrument(index), value: books[index].instrument.record))
        }
        for number in changes.orders {
            guard let index = orders.index(forKey: number), orders.values[index].isDirty else { continue }
            writeOrder(at: index, write)
        }
        for index in changes.buckets where ledger.buckets[index].isDirty {
            let instrument = books[index / 5].instrument
            write(.put(key: MemoryKey.bucket(index), value: ledger.buckets[index].record(on: instrument)))
            ledger.markClean(index)
        }
        for (number, sealedRecords) in changes.forgotten {
            write(.delete(key: MemoryKey.order(number)))
            for index in 0..<sealedRecords { write(.delete(key: MemoryKey.sealed(number, index))) }
        }
        if changes.account { write(.put(key: MemoryKey.account, value: accountRecord)) }
        changes.removeAll()
    }

    private mutating func writeOrder(
        at index: Dictionary<OrderNumber, PaperOrder>.Index, _ write: (MemoryChange) -> Void
    ) {
        let size = PaperOrder.sealedRecordSize
        let instrument = books[orders.values[index].instrument].instrument
        while orders.values[index].executions.count - orders.values[index].sealedExecutions > size {
            // The newest stay with the order.
            let order = orders.values[index]
            let first = order.sealedExecutions
            let record = Execution.record(
                of: order.executions[first..<first + size], on: instrument, since: order.acceptedAt)
            write(.put(key: MemoryKey.sealed(order.number, first / size), value: record))
            orders.values[index].sealedExecutions += size
        }
        orders.values[index].isDirty = false
        write(
            .put(
                key: MemoryKey.order(orders.values[index].number),
                value: orders.values[index].record(on: instrument)))
    }

    private var accountRecord: [UInt8] {
        var writer = RecordWriter(capacity: 64)
        for counter in [counters.order, counters.execution, counters.sequence, counters.end] {
            writer.unsigned(counter)
        }
        writer.unsigned(UInt64(books.count))
        writer.money(ledger.cash)
        writer.money(ledger.fees)
        writer.time(nextDayEnd)
        writer.time(forgottenThrough)
        return writer.bytes
    }
}

extension PaperInstrument {
    fileprivate var record: [UInt8] {
        var writer = RecordWriter(capacity: 64)
        writer.text(id)
        for value in [terms.tick, terms.lot, multiplier] { writer.text(value.description) }
        writeGrid(to: &writer)
        return writer.bytes
    }

    /// Reads an instrument, on the grid that it had, which its terms alone may not tell.
    static func read(_ record: [UInt8]) throws(RecordReader.Broken) -> PaperInstrument {
        var reader = try RecordReader(record)
        let id = try reader.text()
        let (tick, lot) = (ExactDecimal(try reader.text()), ExactDecimal(try reader.text()))
        let multiplier = ExactDecimal(try reader.text())
        let (price, quantity) = (try reader.signed(), try reader.signed())
        guard reader.isAtEnd, (-38...0).contains(price), (-38...0).contains(quantity) else {
            throw RecordReader.Broken()
        }
        let terms = InstrumentTerms(id: id, currency: "", tick: tick, lotSize: lot, multiplier: multiplier)
        do throws(AdapterError) {
            return try PaperInstrument(terms, exponents: (Int(price), Int(quantity)))
        } catch { throw RecordReader.Broken() }
    }
}

extension Bucket {
    fileprivate func record(on instrument: PaperInstrument) -> [UInt8] {
        var writer = RecordWriter(capacity: 48)
        instrument.writeGrid(to: &writer)
        for steps in [quantity, overnightQuantity, heldQuantity] { writer.signed(steps) }
        for amount in [cost, realised, heldCost] { writer.money(amount) }
        return writer.bytes
    }

    /// Reads what is held; working orders are counted in anew.
    init(record: [UInt8], on instrument: PaperInstrument) throws(RecordReader.Broken) {
        var reader = try RecordReader(record)
        let factor = try instrument.factor(from: &reader)
        (quantity, overnightQuantity, heldQuantity) = (try reader.signed(), try reader.signed(), try reader.signed())
        guard quantity.scale(by: factor.quantity), overnightQuantity.scale(by: factor.quantity),
            heldQuantity.scale(by: factor.quantity), heldQuantity >= 0
        else { throw RecordReader.Broken() }
        (cost, realised, heldCost) = (try reader.money(), try reader.money(), try reader.money())
        guard reader.isAtEnd else { throw RecordReader.Broken() }
    }
}
