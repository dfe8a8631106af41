package import Domain
package import Engine
import Store

/// One run from the request to the last news of it, as the journal tells it: who asked, what decided, and every step after.
package struct RunStory: Sendable {
    /// What decided one leg.
    package struct Share: Sendable {
        package var leg: LegID
        package var account: AccountID
        package var symbol: InstrumentID
        /// Of its instrument, as the decision knew it; `nil` = none was known.
        package var referencePrice: ExactDecimal?
        package var side: Side
        /// The policy's number for the account, as the snapshot that decided.
        package var weight: Int64
        package var allocated: ExactDecimal
        package var ordered: ExactDecimal
        /// Sizes, where the leg was sliced.
        package var slices: [ExactDecimal]
        package var limitPrice: ExactDecimal?
        package var isClosing: Bool
        package var heldUntil: Timestamp?
        package var funds: Funds?
        package var reject: RunSnapshot.Reject?
        /// What controls that only observe would have refused.
        package var alerts: [RunSnapshot.Reject]
        /// Overrides that let it pass a control.
        package var overrides: [Int64]
    }

    /// What was known of the account's money.
    package struct Funds: Sendable {
        package var available: Money
        package var equity: Money
        package var reserved: Money
        /// Nanoseconds from the query to the decision.
        package var age: Int64
    }

    /// Something that happened.
    package struct Step: Sendable {
        package var at: Timestamp
        /// `received`, `admitted`, `durable`, `queued`, `dispatched` … and the types of events.
        package var type: String
        package var leg: LegID?
        package var account: AccountID?
        /// A sentence for a person.
        package var text: String
        /// Who caused it; empty where it followed by itself or a broker spoke.
        package var by: String
        /// The journal record that tells it.
        package var record: UInt64
    }

    /// How it stands now.
    package var run: RunSnapshot
    /// Id of the key that asked, or `gateway`.
    package var caller: String
    package var idempotencyKey: String
    /// The group's policy; `nil` for an order on one account, and where the group is not known any more.
    package var policy: AllocationPolicy?
    package var isGatewayClosing: Bool
    package var shares: [Share]
    /// In order of time.
    package var steps: [Step]
}

extension Gateway {
    /// The whole story of a run; `nil` where there is none.
    package func story(of id: RunID) async throws(GatewayError) -> RunStory? {
        try await settle()
        guard let store = storage as? Store else { return nil }
        let bare = state.withLockedValue { $0.engine.withoutRuns() }
        return try await onReader { _ in
            var teller = StoryTeller(id, engine: bare)
            try store.forEachRecord(of: id) { record in
                for event in try JournalCoder.events(record) where event.run == id {
                    teller.tell(event, record: record.sequence, at: record.recordedAt)
                }
            }
            return teller.story
        }
    }
}
