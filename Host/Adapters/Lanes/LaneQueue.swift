/// A first-in first-out queue on one array: taking does not move the rest.
struct LaneQueue<Element> {
    private var elements: [Element?] = []
    private var head = 0

    var count: Int { elements.count - head }
    var isEmpty: Bool { head == elements.count }

    /// The oldest element.
    var first: Element? { head < elements.count ? elements[head] : nil }

    mutating func append(_ element: Element) { elements.append(element) }

    /// Takes the oldest element.
    mutating func popFirst() -> Element? {
        guard head < elements.count else { return nil }
        let element = elements[head]
        elements[head] = nil
        head += 1
        if head == elements.count {
            elements.removeAll(keepingCapacity: head <= 4096)
            head = 0
        } else if head >= 1024, head * 2 >= elements.count {
            elements.removeSubrange(..<head)
            head = 0
        }
        return element
    }

    /// Takes out every element that passes the test, the others keep their order.
    mutating func removeAll(where shouldRemove: (Element) -> Bool) -> [Element] {
        var removed: [Element] = []
        var kept: [Element?] = []
        for case let element? in elements[head...] {
            if shouldRemove(element) { removed.append(element) } else { kept.append(element) }
        }
        (elements, head) = (kept, 0)
        return removed
    }

    /// Puts elements back before all others, in their order.
    mutating func prepend(_ first: some Collection<Element>) {
        elements = first.map { $0 } + elements[head...]
        head = 0
    }

    /// What waits, oldest first.
    var waiting: [Element] { elements[head...].compactMap(\.self) }
}

extension LaneQueue: Sendable where Element: Sendable {}
