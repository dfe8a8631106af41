/// What waits for answers, found again by the tags of their requests without hashing.
///
/// A tag is the kit's bit, a serial number and a slot (lower 20 bits), so no tag comes twice in a session.
struct AnswerHandlers {
    private struct Slot {
        var tag: UInt64 = 0
        var handler: AnswerHandler?
    }
    private static let slotBits: UInt64 = 20
    /// Tags of the kit have this bit, those of an adapter's own do not.
    static let ownTags: UInt64 = 1 << 63

    private var slots: [Slot] = []
    private var free: [Int] = []
    private var serial: UInt64 = 1

    /// The tag of the next request, which is that of no other, whether it is used or not.
    mutating func nextTag() -> UInt64 {
        if free.isEmpty {
            free.append(slots.count)
            slots.append(Slot())
        }
        let tag = Self.ownTags | serial << Self.slotBits | UInt64(free[free.count - 1])
        serial += 1
        return tag
    }

    /// Keeps what waits for the answer to the request that was sent under the last tag.
    mutating func keep(_ handler: AnswerHandler, for tag: UInt64) {
        free.removeLast()
        slots[place(tag)] = Slot(tag: tag, handler: handler)
    }

    /// What waits under a tag; `nil`: nothing does.
    subscript(tag: UInt64) -> AnswerHandler? {
        let place = place(tag)
        return place < slots.count && slots[place].tag == tag ? slots[place].handler : nil
    }

    /// The same, which waits no more.
    mutating func take(_ tag: UInt64) -> AnswerHandler? {
        let place = place(tag)
        guard place < slots.count, slots[place].tag == tag, let handler = slots[place].handler else { return nil }
        slots[place].handler = nil
        free.append(place)
        return handler
    }

    private func place(_ tag: UInt64) -> Int { Int(tag & (1 << Self.slotBits - 1)) }
}
