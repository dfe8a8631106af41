/// What has changed since it was last written down. Entries may repeat; the writer skips what is clean.
struct ChangeList: Sendable {
    var account = false
    var books: [Int] = []
    var buckets: [Int] = []
    var orders: [OrderNumber] = []
    /// Forgotten orders, with the number of sealed execution records each has.
    var forgotten: [(number: OrderNumber, sealedRecords: Int)] = []

    var isEmpty: Bool {
        !account && books.isEmpty && buckets.isEmpty && orders.isEmpty && forgotten.isEmpty
    }

    mutating func removeAll() {
        account = false
        books.removeAll(keepingCapacity: true)
        buckets.removeAll(keepingCapacity: true)
        orders.removeAll(keepingCapacity: true)
        forgotten.removeAll(keepingCapacity: true)
    }
}

/// First in, first out. Taking the first costs nothing on average: the front is given back when half of it is stale.
struct Queue<Element> {
    private var elements: [Element] = []
    private var head = 0

    var count: Int { elements.count - head }
    var first: Element? { head < elements.count ? elements[head] : nil }

    mutating func append(_ element: Element) {
        elements.append(element)
    }

    mutating func removeFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head]
        head += 1
        if head > 64, head * 2 > elements.count {
            elements.removeFirst(head)
            head = 0
        }
        return element
    }
}

extension Queue: Sendable where Element: Sendable {}
