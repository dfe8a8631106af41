import AdapterKit
import Exact

/// Orders of ours that the broker cuts into several (`autoslice`), and which of its orders belong to which.
///
/// The broker says it in two places (FACTS.md §3.3): the answer to the order names the slices, and each slice but the
/// first carries the first one's id in a tag. Nothing promises that a slice carries our own tag, and the first carries no
/// mark at all. So the ids are remembered: no slice alone is ever taken for the order, nor for somebody else's.
struct Slices {
    /// One order by its slices.
    struct Family: Equatable {
        /// The id of the first slice, which names the whole.
        let root: String
        var reference: ClientReference?
        /// All that were named, the first included.
        var ids: Set<String>
        /// What was ordered altogether, in what the broker counts; `nil` where nobody told.
        var total: ExactDecimal?
        /// Whether there can be slices that `ids` does not have.
        var isOpen = false
        /// Until then a slice that the book does not show may be on its way into it.
        var hiddenUntil = Timestamp(nanoseconds: .min)

        init(_ root: String) {
            self.root = root
            ids = [root]
        }

        /// Ids that are not among `parts` and may be live.
        func hidden(beside parts: [OrderRecord], at now: Timestamp) -> [String] {
            guard now < hiddenUntil else { return [] }
            return ids.subtracting(parts.map(\.orderID)).sorted()
        }

        /// Whether `parts` may not be all that there is of it.
        func lacks(_ parts: [OrderRecord], at now: Timestamp) -> Bool {
            guard now < hiddenUntil else { return false }
            if !ids.isSubset(of: parts.map(\.orderID)) { return true }
            guard isOpen, let total else { return isOpen }
            return parts.sum(\.quantity).map { $0 < total } ?? true
        }
    }

    /// By the id of the first slice.
    private var families: [String: Family] = [:]
    /// The id of the first slice, by that of each.
    private var roots: [String: String] = [:]
    /// Orders whose answer has not come, or never will.
    private var wishes: [ClientReference: Wish] = [:]

    private struct Wish {
        let total: ExactDecimal
        let hiddenUntil: Timestamp

        /// Whether this is less than was ordered, or nobody knows.
        func isCut(_ record: OrderRecord) -> Bool { record.quantity.map { $0 < total } ?? true }
    }

    /// A day has 5,000 orders (FACTS.md §7); of more the memory starts anew, and the tags tell them again.
    static let most = 20_000

    // MARK: What is learnt

    /// An order leaves that the broker may cut.
    mutating func willSend(_ reference: ClientReference, total: ExactDecimal, hiddenUntil: Timestamp) {
        if wishes.count >= Self.most { wishes.removeAll() }
        wishes[reference] = Wish(total: total, hiddenUntil: hiddenUntil)
    }

    /// The broker took the order under these ids.
    ///
    /// - Parameter isOpen: Further slices may be live, whose ids the broker did not say.
    mutating func wasTaken(
        _ ids: [String], _ reference: ClientReference, isSeveral: Bool, isOpen: Bool, hiddenUntil: Timestamp
    ) {
        // Orders that nobody asked to be cut have neither.
        let wish = wishes.isEmpty ? nil : wishes.removeValue(forKey: reference)
        guard isSeveral, let root = ids.first else { return }
        keep(root, ids) { family in
            if !reference.isAbsent { family.reference = reference }
            // The book may have told it before the answer came.
            family.total = wish?.total ?? family.total
            family.isOpen = isOpen
            family.hiddenUntil = hiddenUntil
        }
    }

    /// What orders of the broker's say by their tags.
    mutating func learn(_ records: [OrderRecord]) {
        for record in records {
            if let root = record.slicedFrom, roots[record.orderID] != root { keep(root, [record.orderID]) }
        }
        for record in records {
            guard let reference = record.clientReference else { continue }
            if let wish = wishes[reference] {
                // The answer is not here, so the book says what it would have said: one order is all of it, or a slice.
                wishes[reference] = nil
                let root = roots[record.orderID]
                guard root != nil || wish.isCut(record) else { continue }
                keep(root ?? record.orderID, [record.orderID]) { family in
                    (family.total, family.isOpen, family.hiddenUntil) = (wish.total, true, wish.hiddenUntil)
                }
            }
            if let root = roots[record.orderID], families[root]?.reference == nil {
                families[root]?.reference = reference
            }
        }
    }

    private mutating func keep(_ root: String, _ ids: [String], _ change: (inout Family) -> Void = { _ in }) {
        if roots.count >= Self.most {
            roots.removeAll()
            families.removeAll()
        }
        var family = families[root] ?? Family(root)
        family.ids.formUnion(ids)
        change(&family)
        families[root] = family
        for id in family.ids { roots[id] = root }
    }

    // MARK: What is known

    /// The family that an order of the broker's belongs to; `nil`: none that is known.
    func family(of orderID: String) -> Family? { roots[orderID].flatMap { families[$0] } }

    /// The family that is an order of ours.
    func family(of reference: ClientReference) -> Family? { families.values.first { $0.reference == reference } }

    /// Whether news of this order say nothing of the whole that it is a slice of, or may be.
    func isSlice(_ record: OrderRecord) -> Bool {
        if record.slicedFrom != nil || roots[record.orderID] != nil { return true }
        guard !wishes.isEmpty, let reference = record.clientReference else { return false }
        return wishes[reference]?.isCut(record) ?? false
    }
}

extension [OrderRecord] {
    /// The sum of a figure of each; `nil` where one has none.
    func sum(_ figure: (OrderRecord) -> ExactDecimal?) -> ExactDecimal? {
        reduce(ExactDecimal?.some(.zero)) { sum, record in
            sum.flatMap { sum in figure(record).flatMap { sum.adding($0) } }
        }
    }
}
