package import Domain
import NIOConcurrencyHelpers

/// What became of the rows of one source.
package struct InstrumentMerge: Hashable, Sendable {
    package struct Refusal: Hashable, Sendable {
        package let id: InstrumentID
        package let reason: String
    }

    /// Ids seen for the first time.
    package var addedCount = 0
    /// Rows whose figures are new, additions included.
    package var changedCount = 0
    /// Ids that a complete listing no longer has.
    package var withdrawnCount = 0
    /// Ids on which sources now disagree: not tradable until acknowledged.
    package var disagreements: [InstrumentID] = []
    /// At most 1,000; `refusedCount` counts all.
    package var refusals: [Refusal] = []
    package var refusedCount = 0

    mutating func refuse(_ id: InstrumentID, _ reason: String) {
        refusedCount += 1
        if refusals.count < 1_000 { refusals.append(Refusal(id: id, reason: reason)) }
    }
}

/// Every instrument of the process: what an overlay file and the adapters say, merged.
///
/// - An index, once given to an id, is never given to another and never changes while the process runs.
/// - An overlay's fields stand above every source's.
/// - Two sources that say different ticks, lots, multipliers, freeze quantities, expiries or currencies of one id make
///   it untradable, with a reason, until a person says whom to believe or they agree. What the overlay says settles it.
/// - An instrument that no source lists any more keeps its figures and is not tradable.
///
/// Any thread; readers take a snapshot and are never blocked by a merge, which works on a copy.
package final class InstrumentTable: Sendable {
    private let published: NIOLockedValueBox<InstrumentSnapshot>
    /// Held for a whole merge: one at a time. No reader takes it.
    private let registry: NIOLockedValueBox<InstrumentRegistry>

    /// - Parameter capacity: The most instruments; rows beyond are refused and reported.
    package init(capacity: Int = 2_000_000) {
        published = NIOLockedValueBox(InstrumentSnapshot(version: 0, content: .init()))
        registry = NIOLockedValueBox(InstrumentRegistry(capacity: min(max(capacity, 1), Int(Int32.max))))
    }

    /// The latest state, for as long as the caller likes.
    package var snapshot: InstrumentSnapshot { published.withLockedValue(\.self) }

    /// Takes the rows of one source, an adapter's for instance, all at once.
    ///
    /// - Parameter isComplete: Whether `rows` are all that the source lists, so that the others are withdrawn.
    @discardableResult
    package func merge(
        _ rows: some Sequence<InstrumentFields>, from source: String, isComplete: Bool = false
    ) -> InstrumentMerge {
        change { $0.merge(rows, from: source, isComplete: isComplete) }
    }

    /// Replaces the overlay.
    @discardableResult
    package func setOverlay(_ entries: [InstrumentFields]) -> InstrumentMerge {
        change { $0.setOverlay(entries) }
    }

    /// Settles a disagreement: `source` is believed on `id` until a source says something new.
    ///
    /// - Returns: What is wrong with the request; `nil` = done.
    package func acknowledge(_ id: InstrumentID, believing source: String) -> String? {
        change { $0.acknowledge(id, believing: source) }
    }

    private func change<Result>(_ body: (inout InstrumentRegistry) -> Result) -> Result {
        registry.withLockedValue { registry in
            let result = body(&registry)
            let last = snapshot
            let next = InstrumentSnapshot(
                version: last.version + 1, content: registry.content, previous: registry.hasNewWords ? nil : last)
            registry.hasNewWords = false
            published.withLockedValue { $0 = next }
            return result
        }
    }
}
