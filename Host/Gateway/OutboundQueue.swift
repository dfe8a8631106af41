import Domain
import Engine
import Telemetry

/// Orders that are durable and wait for their turn to be handed to a lane: at once, when a hold ends, or when a rate
/// window opens. A value stepped by the pump.
struct OutboundQueue {
    struct Entry {
        var place: OrderPlace
        /// Not handed over before.
        var notBefore: Timestamp
        /// Withdrawn locally from then on.
        var deadline: Timestamp
        /// What it was last told to wait for.
        var wait: WaitReason?
    }

    private(set) var entries: [Entry] = []
    /// Commits that must leave before new orders: cancels and modifies, in order.
    var mutations: [Mutation] = []

    enum Mutation {
        case cancel(OrderPlace)
        case replace(OrderPlace)
        case lookUp(OrderPlace)
    }

    /// Lets an order go now that was not to go before some time.
    mutating func release(_ place: OrderPlace) {
        for index in entries.indices where entries[index].place == place {
            entries[index].notBefore = Timestamp(nanoseconds: .min)
        }
    }

    mutating func append(_ entry: Entry) { entries.append(entry) }

    var isEmpty: Bool { entries.isEmpty && mutations.isEmpty }

    /// Takes everything out, for one pass; what cannot go yet is put back by the caller.
    mutating func take() -> (entries: [Entry], mutations: [Mutation]) {
        defer {
            entries.removeAll(keepingCapacity: true)
            mutations.removeAll(keepingCapacity: true)
        }
        return (entries, mutations)
    }
}
