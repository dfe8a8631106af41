import AdapterTesting

/// A reader of an account's durable records written from `LEDGER.md` alone: what an independent checker sees.
struct PaperLedger {
    struct Order {
        var number: UInt64
        var isBuy: Bool
        var product: Int
        /// `OrderState`'s numbers.
        var state: UInt8
        var instrument: UInt64
        var quantity: Int64
        var references: [String]
        var executions: [Execution] = []
    }

    struct Execution {
        var number: UInt64
        var quantity: Int64
    }

    /// By number.
    private(set) var orders: [UInt64: Order] = [:]
    /// Positions and holdings together, by `instrument.product`.
    private(set) var held: [String: Int64] = [:]
    private(set) var lastOrder: UInt64 = 0
    private(set) var lastExecution: UInt64 = 0

    /// Throws where a record is not as documented.
    init(_ store: [StoreKey: [UInt8]], account: UInt32 = 0) throws {
        let records = store.filter { $0.key.account == account && $0.key.keyClass == 2 }
            .map { (key: $0.key.key, value: $0.value) }
        var sealed: [UInt64: [(place: Int, executions: [Execution])]] = [:]
        for (key, value) in records {
            var bytes = Bytes(value)
            try bytes.expect(bytes.byte() == 1, "\(key): version")
            let rest = key.dropFirst()
            switch key.first {
            case "a":
                lastOrder = try bytes.unsigned()
                lastExecution = try bytes.unsigned()
            case "o":
                var order = try Self.order(&bytes)
                order.number = UInt64(rest) ?? 0
                orders[order.number] = order
            case "x":
                let parts = rest.split(separator: ".")
                for _ in 0..<3 { _ = try bytes.signed() }
                let executions = try Self.executions(&bytes)
                sealed[UInt64(parts[0]) ?? 0, default: []].append((Int(parts[1]) ?? 0, executions))
            case "p":
                for _ in 0..<2 { _ = try bytes.signed() }
                let (quantity, _, settled) = (try bytes.signed(), try bytes.signed(), try bytes.signed())
                held[String(rest)] = quantity + settled
            case "i", "f": continue
            default: throw Broken(text: "\(key) is no key of the ledger")
            }
        }
        for (number, parts) in sealed {
            let older = parts.sorted { $0.place < $1.place }.flatMap(\.executions)
            orders[number]?.executions.insert(contentsOf: older, at: 0)
        }
    }

    private static func order(_ bytes: inout Bytes) throws -> Order {
        let (first, second) = (try bytes.byte(), try bytes.byte())
        let state = try bytes.byte()
        _ = try bytes.byte()  // why it ended
        let instrument = try bytes.unsigned()
        for _ in 0..<2 { _ = try bytes.signed() }  // the grid
        _ = try bytes.unsigned()
        let quantity = try bytes.signed()
        for _ in 0..<7 { _ = try bytes.signed() }  // three prices, four times
        if second & 0x20 != 0 { _ = try bytes.signed() }
        _ = try bytes.unsigned()
        var references: [String] = []
        for _ in 0..<(try bytes.unsigned() >> 1) { references.append(try bytes.text()) }
        _ = try bytes.unsigned()  // executions in sealed records
        return Order(
            number: 0, isBuy: first & 1 == 0, product: Int(first >> 3 & 7) + 1, state: state, instrument: instrument,
            quantity: quantity, references: references, executions: try executions(&bytes))
    }

    private static func executions(_ bytes: inout Bytes) throws -> [Execution] {
        var list: [Execution] = []
        for _ in 0..<(try bytes.unsigned()) {
            let number = try bytes.unsigned() >> 1
            let (quantity, _) = (try bytes.signed(), try bytes.signed())
            _ = try bytes.byte()  // the fee: zeros left out, and a number
            while try bytes.byte() >= 0x80 {}
            _ = try bytes.signed()
            list.append(Execution(number: number, quantity: quantity))
        }
        return list
    }

    struct Broken: Error { var text: String }

    private struct Bytes {
        private var rest: ArraySlice<UInt8>

        init(_ bytes: [UInt8]) { rest = bytes[...] }

        func expect(_ condition: Bool, _ text: String) throws { if !condition { throw Broken(text: text) } }

        mutating func byte() throws -> UInt8 {
            guard let byte = rest.popFirst() else { throw Broken(text: "a record ends early") }
            return byte
        }

        mutating func unsigned() throws -> UInt64 {
            var (value, shift) = (UInt64(0), UInt64(0))
            while true {
                let next = try byte()
                value |= UInt64(next & 0x7F) << shift
                if next < 0x80 { return value }
                shift += 7
            }
        }

        mutating func signed() throws -> Int64 {
            let value = try unsigned()
            return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
        }

        mutating func text() throws -> String {
            var bytes: [UInt8] = []
            for _ in 0..<(try unsigned()) { bytes.append(try byte()) }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}

extension PaperLedger {
    /// What contradicts what; empty where the books are right whatever was told about them.
    ///
    /// - Parameter dedupes: whether the broker refuses a client reference that it has seen.
    func contradictions(dedupes: Bool = true) -> [String] {
        var found: [String] = []
        var taken: [String: UInt64] = [:]
        var executions: Set<UInt64> = []
        var sums: [String: Int64] = [:]
        for (number, order) in orders.sorted(by: { $0.key < $1.key }) {
            for reference in order.references {
                if let first = taken.updateValue(number, forKey: reference), dedupes {
                    found.append("\(reference) was accepted as P\(first) and as P\(number)")
                }
            }
            let done = order.executions.reduce(0) { $0 + $1.quantity }
            if done > order.quantity { found.append("P\(number): \(done) executed of \(order.quantity)") }
            let isFilled = order.state == 5
            if isFilled != (done == order.quantity) { found.append("P\(number) has state \(order.state) with \(done)") }
            for execution in order.executions where !executions.insert(execution.number).inserted {
                found.append("E\(execution.number) is there twice")
            }
            sums["\(order.instrument).\(order.product)", default: 0] += order.isBuy ? done : -done
        }
        if orders.count != Int(lastOrder) { found.append("\(orders.count) orders of \(lastOrder)") }
        if executions.count != Int(lastExecution) { found.append("\(executions.count) executions of \(lastExecution)") }
        for place in Set(sums.keys).union(held.keys) where sums[place, default: 0] != held[place, default: 0] {
            found.append("\(place): executions sum to \(sums[place, default: 0]), held is \(held[place, default: 0])")
        }
        return found
    }
}
