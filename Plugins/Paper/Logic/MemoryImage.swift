import AdapterKit

/// The durable records of one account, sorted by what they are. See `MemoryKey` for the layout.
struct MemoryImage {
    var account: [UInt8]?
    /// The counts of a scenario; no part of the account.
    var faults: [UInt8]?
    var instruments: [Int: [UInt8]] = [:]
    var buckets: [Int: [UInt8]] = [:]
    var orders: [(number: OrderNumber, record: [UInt8])] = []
    /// Sealed records by order, each with its place.
    var sealed: [OrderNumber: [(place: Int, record: [UInt8])]] = [:]

    /// Throws for a key that this adapter never wrote.
    init(_ entries: [(key: String, value: [UInt8])]) throws(BrokenMemory) {
        for (key, value) in entries {
            guard take(key, value) else { throw BrokenMemory(key: key, text: "is no key of the paper adapter") }
        }
        orders.sort { $0.number < $1.number }
    }

    var isEmpty: Bool { account == nil && instruments.isEmpty && buckets.isEmpty && orders.isEmpty && sealed.isEmpty }

    /// The sealed records of an order, oldest first; `nil` where one is missing.
    func sealedRecords(of number: OrderNumber) -> [[UInt8]]? {
        guard let records = sealed[number]?.sorted(by: { $0.place < $1.place }) else { return [] }
        for (index, record) in records.enumerated() where record.place != index { return nil }
        return records.map(\.record)
    }

    private mutating func take(_ key: String, _ value: [UInt8]) -> Bool {
        let rest = key.utf8.dropFirst()
        var parts = rest.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).makeIterator()
        let first = parts.next().flatMap { Self.number($0) }
        let second = parts.next().map { Self.number($0) }
        switch (key.utf8.first, first, second) {
        case (UInt8(ascii: "a"), nil, nil) where key == MemoryKey.account: account = value
        case (UInt8(ascii: "f"), nil, nil) where key == MemoryKey.faults: faults = value
        case (UInt8(ascii: "i"), let index?, nil): instruments[Int(index)] = value
        case (UInt8(ascii: "o"), let number?, nil): orders.append((OrderNumber(number), value))
        case (UInt8(ascii: "p"), let index?, let product??) where (1...5).contains(product) && index < 1 << 40:
            buckets[Int(index) * 5 + Int(product) - 1] = value
        case (UInt8(ascii: "x"), let number?, let place??) where place < 1 << 20:
            sealed[OrderNumber(number), default: []].append((Int(place), value))
        default: return false
        }
        return parts.next() == nil
    }

    /// A decimal number of at most 18 digits.
    private static func number(_ digits: some Collection<UInt8>) -> UInt64? {
        guard (1...18).contains(digits.count) else { return nil }
        var value: UInt64 = 0
        for digit in digits {
            let digit = digit &- UInt8(ascii: "0")
            guard digit <= 9 else { return nil }
            value = value * 10 + UInt64(digit)  // below 10^18
        }
        return value
    }
}
