import Domain

extension Engine {
    /// What the controls make of one share, filled in as they run; in the end what becomes the leg's record.
    struct Evaluation: Sendable {
        /// Whether controls may lower the quantity.
        let mayClip: Bool
        private(set) var wasClipped = false
        private(set) var isClosing = false
        private(set) var orderType = OrderType.market
        /// 0 for a refused leg; so are `slices` and `margin`.
        var quantity: Int64 = 0
        var slices: Int64 = 0
        var margin: Int64 = 0
        var limitPrice: Int64 = 0
        var stopPrice: Int64 = 0
        /// Points; `nil` = not known.
        private(set) var moneyPrice: Int64?
        private(set) var heldUntil: Timestamp?
        var rejection: Rejection?
        /// The account's reserved margin before the leg's own was added; `nil` = it was not.
        var reservedBefore: Int64?
        /// Most legs have none.
        private var notes: Notes?

        private struct Notes: Sendable {
            var alerts: [Rejection] = []
            var overrides: [Int64] = []
        }

        @inline(__always)
        init(mayClip: Bool) { self.mayClip = mayClip }

        /// Refusals that do not count.
        var alerts: [Rejection] { notes?.alerts ?? [] }
        /// Overrides that let it pass.
        var overrides: [Int64] { notes?.overrides ?? [] }

        mutating func alert(_ rejection: Rejection) {
            notes = notes ?? Notes()
            notes?.alerts.append(rejection)
        }
        mutating func use(_ overrides: [Int64]) {
            notes = notes ?? Notes()
            notes?.overrides += overrides
        }

        mutating func clip() { wasClipped = true }

        /// Refuses it: nothing is left of it.
        mutating func refuse(_ rejection: Rejection) {
            self.rejection = rejection
            (quantity, slices, margin) = (0, 0, 0)
        }

        /// Takes over what the controls left of the candidate.
        @inline(__always)
        mutating func take(_ candidate: inout Candidate) {
            (limitPrice, stopPrice) = (candidate.limitPrice, candidate.stopPrice)
            (orderType, isClosing) = (candidate.orderType, candidate.isClosing)
            (heldUntil, moneyPrice) = (candidate.heldUntil, candidate.moneyPrice)
            guard rejection == nil else { return }
            (quantity, slices, margin) = (candidate.quantity, candidate.slices, candidate.margin)
        }

        /// A past run's leg goes on as it did, whatever the controls make of it now.
        mutating func takeTerms(of recorded: LegAdmission) {
            (limitPrice, stopPrice) = (recorded.limitPrice, recorded.stopPrice)
            (orderType, isClosing) = (recorded.orderType, recorded.isClosing)
        }
    }
}
