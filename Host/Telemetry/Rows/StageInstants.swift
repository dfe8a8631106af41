package import Domain

/// When a leg passed each of the ten stages, wall time in nanoseconds; 0 = not reached.
///
/// The instants are the journal's: telemetry keeps them by its side so that a question about many legs does not read it.
package struct StageInstants: Hashable, Sendable {
    private var instants: InlineArray<10, Int64> = .init(repeating: 0)

    package init() {}

    package subscript(stage: Stage) -> Int64 {
        get { instants[Int(stage.rawValue)] }
        set { instants[Int(stage.rawValue)] = newValue }
    }

    /// `nil` where the stage is not reached.
    package func instant(_ stage: Stage) -> Timestamp? {
        self[stage] == 0 ? nil : Timestamp(nanoseconds: self[stage])
    }

    /// Nanoseconds from the receipt of the request to the stage; 0 where a clock was set back in between, `nil` where the
    /// stage is not reached.
    package func sinceReceipt(_ stage: Stage) -> Int64? { between(.received, stage) }

    /// Nanoseconds from one stage to another; 0 where a clock was set back in between, `nil` where one is not reached.
    package func between(_ first: Stage, _ second: Stage) -> Int64? {
        guard let start = instant(first), let end = instant(second) else { return nil }
        return max(0, end.since(start))
    }

    package static func == (left: Self, right: Self) -> Bool {
        Stage.allCases.allSatisfy { left[$0] == right[$0] }
    }

    package func hash(into hasher: inout Hasher) {
        for stage in Stage.allCases { hasher.combine(self[stage]) }
    }
}
