package import Domain
import NIOConcurrencyHelpers

/// What became of the rows of one source.
package struct InstrumentMerge: Hashable, Sendable {
    package struct Refusal: Hashable, Sendable {
        /// The row's id, or as much of it as could be read.
        package let id: String
        /// The field that is wrong.
        package let field: String
        package let reason: String
    }
    /// Refusals that are kept with their reasons; `refusedCount` counts all.
    package static let maximumRefusals = 1_000

    /// Rows that were taken.
    package var rowCount = 0
    /// Ids seen for the first time.
    package var addedCount = 0
    /// Rows whose figures are new, additions included.
    package var changedCount = 0
    /// Ids that a complete listing no longer has.
    package var withdrawnCount = 0
    /// Ids that it lacks and that stay as they were, since a row that could not be read may be theirs.
    package var keptCount = 0
    /// Rows that came more than once, word for word.
    package var repeatedCount = 0
    /// Rows whose name held control or direction characters, which were replaced.
    package var cleanedCount = 0
    package var renames: [InstrumentRename] = []
    /// Ids on which an adapter now deviates from the figures in force.
    package var disagreements: [InstrumentID] = []
    package var refusals: [Refusal] = []
    package var refusedCount = 0

    package init() {}

    mutating func refuse(_ id: String, _ field: String, _ reason: String) {
        refusedCount += 1
        if refusals.count < Self.maximumRefusals {
            refusals.append(Refusal(id: String(id.prefix(128)), field: field, reason: reason))
        }
    }
}

/// Every instrument of the process: what an overlay file and the adapters say, merged.
///
/// - An index, once given to an id, is never given to another and never changes while the process runs.
/// - An overlay's fields stand above every source's.
/// - Where sources say different ticks, lots, multipliers, freeze quantities, expiries or currencies of one id, what most
///   say is in force, of equally many what was before; the odd ones are quarantined for it, until a person says whom to
///   believe or they agree. What the overlay says settles it.
/// - An instrument that no source lists any more keeps its figures: it opens nothing, and what is open in it is closed.
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

    /// Changes the registry and publishes what follows. Where `body` throws, nothing has changed.
    func change<Result>(_ body: (inout InstrumentRegistry) throws -> Result) rethrows -> Result {
        try registry.withLockedValue { registry in
            var next = registry
            let result = try body(&next)
            next.content.listed = next.statements.map { $0.count { $0 >= 0 } }
            next.content.statements = next.statements
            let last = snapshot
            let made = InstrumentSnapshot(
                version: last.version + 1, content: next.content, previous: next.hasNewWords ? nil : last)
            next.hasNewWords = false
            registry = next
            published.withLockedValue { $0 = made }
            return result
        }
    }

    /// Looks at the registry as it stands.
    func look<Result>(_ body: (InstrumentRegistry) throws -> Result) rethrows -> Result {
        try registry.withLockedValue { try body($0) }
    }
}
