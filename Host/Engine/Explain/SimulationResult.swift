package import Domain

/// What a simulation found: exact counts, and the first differing legs.
package struct SimulationResult: Sendable {
    package enum Change: UInt8, Hashable, Sendable {
        /// Was admitted, would be refused.
        case refused
        /// Would be admitted with less.
        case clipped
        /// Would be admitted with more than what a clip had left of it.
        case enlarged
        /// Was refused, would be admitted.
        case newlyAdmitted
    }

    package struct Difference: Hashable, Sendable {
        package var leg: LegID
        package var account: Int32
        package var instrument: Int32
        package var side: Side
        package var admittedAt: Timestamp
        package var change: Change
        /// The recorded refusal.
        package var before: Rejection?
        /// Steps, as ordered; 0 = refused.
        package var beforeQuantity: Int64
        package var after: Rejection?
        package var afterQuantity: Int64
        /// What makes the difference: the new refusal or clip, or the recorded refusal that is gone.
        package var reason: Rejection?
    }

    package struct Count: Hashable, Sendable {
        package var refused = 0
        package var clipped = 0
        /// Legs that the control had refused and no control refuses now.
        package var newlyAdmitted = 0
    }

    package internal(set) var runs = 0
    /// Every leg of those runs: the sum of the counts below.
    package internal(set) var legs = 0
    package internal(set) var refused = 0
    package internal(set) var clipped = 0
    package internal(set) var enlarged = 0
    package internal(set) var newlyAdmitted = 0
    /// Admitted with the same quantity, or refused before and after, by whichever control.
    package internal(set) var unchanged = 0
    package internal(set) var undecided = 0
    package internal(set) var byControl: [ControlID: Count] = [:]
    /// In order of the journal, at most `Simulation.maximumLegs`.
    package internal(set) var differences: [Difference] = []
    package internal(set) var isTruncated = false
    /// What is approximated or not known, for a person.
    package internal(set) var notes: [String] = []

    mutating func count(_ change: Change, _ control: ControlID?) {
        switch change {
        case .refused: refused += 1
        case .clipped: clipped += 1
        case .enlarged: enlarged += 1
        case .newlyAdmitted: newlyAdmitted += 1
        }
        guard let control else { return }
        switch change {
        case .refused: byControl[control, default: Count()].refused += 1
        case .clipped: byControl[control, default: Count()].clipped += 1
        case .newlyAdmitted: byControl[control, default: Count()].newlyAdmitted += 1
        case .enlarged: break
        }
    }
}
