import Domain

/// What kind of call a token stands for.
enum CommandKind: UInt8 {
    case submit, modify, cancel, cancelAll, lookup, query, open, close, service

    var isMutation: Bool { rawValue <= CommandKind.cancelAll.rawValue }

    var lateKind: LateCompletion.Kind {
        switch self {
        case .submit: .submit
        case .modify: .modify
        case .cancel: .cancel
        case .cancelAll: .cancelAll
        case .lookup: .lookup
        case .query: .query
        case .open, .close, .service: .lifecycle
        }
    }
}

/// A command that the adapter has accepted, or is being given, and whose completion is awaited.
struct OpenCommand {
    var kind: CommandKind
    /// Place of the account in the session's; -1 = none.
    var account: Int32
    /// The caller's number.
    var id: UInt64
    var queued: Int64
    var dispatched: Int64
    /// Monotonic; `Int64.max` = none.
    var deadline: Int64
    var query: QueryOperation?
}

/// Hands out tokens and finds their commands again.
///
/// A token is a generation (upper 44 bits) and a slot (lower 20): found without hashing, never 0, and not reused within
/// a session, since a generation that counted a million commands a second would last half a year per slot.
struct TokenTable {
    private struct Slot {
        var generation: UInt64
        var command: OpenCommand?
    }
    private static let slotBits: UInt64 = 20
    static let capacity = 1 << 20

    private var slots: [Slot] = []
    private var free: [Int32] = []
    private(set) var openCount = 0

    /// `nil` where a million commands are open.
    mutating func issue(_ command: OpenCommand) -> UInt64? {
        let slot: Int
        if let index = free.popLast() {
            slot = Int(index)
        } else {
            guard slots.count < Self.capacity else { return nil }
            slot = slots.count
            slots.append(Slot(generation: 0, command: nil))
        }
        slots[slot].generation &+= 1
        slots[slot].command = command
        openCount += 1
        return slots[slot].generation << Self.slotBits | UInt64(slot)
    }

    /// The command behind a token, while it is open.
    func command(_ token: UInt64) -> OpenCommand? {
        let slot = Int(token & (1 << Self.slotBits - 1))
        guard slot < slots.count, slots[slot].generation == token >> Self.slotBits else { return nil }
        return slots[slot].command
    }

    func isOpen(_ token: UInt64) -> Bool {
        let slot = Int(token & (1 << Self.slotBits - 1))
        return slot < slots.count && slots[slot].generation == token >> Self.slotBits && slots[slot].command != nil
    }

    /// What kind of call an open token stands for.
    func kind(_ token: UInt64) -> CommandKind? {
        let slot = Int(token & (1 << Self.slotBits - 1))
        guard slot < slots.count, slots[slot].generation == token >> Self.slotBits else { return nil }
        return slots[slot].command?.kind
    }

    /// Ends a token. `nil`: it is not open.
    mutating func take(_ token: UInt64) -> OpenCommand? {
        let slot = Int(token & (1 << Self.slotBits - 1))
        guard slot < slots.count, slots[slot].generation == token >> Self.slotBits,
            let command = slots[slot].command
        else { return nil }
        slots[slot].command = nil
        free.append(Int32(slot))
        openCount -= 1
        return command
    }

    /// Ends a token that stands for a submit, modify or cancel. `nil`: it is not open, or stands for something else.
    @inline(__always)
    mutating func takeMutation(_ token: UInt64) -> OpenCommand? {
        let slot = Int(token & (1 << Self.slotBits - 1))
        guard slot < slots.count, slots[slot].generation == token >> Self.slotBits,
            slots[slot].command?.kind.isMutation == true
        else { return nil }
        return take(token)
    }

    /// Gives an open command another number of its caller.
    mutating func renumber(_ token: UInt64, id: UInt64) {
        guard isOpen(token) else { return }
        slots[Int(token & (1 << Self.slotBits - 1))].command?.id = id
    }

    /// Lets an open command wait longer.
    mutating func extend(_ token: UInt64, to deadline: Int64) {
        guard isOpen(token) else { return }
        let slot = Int(token & (1 << Self.slotBits - 1))
        if let current = slots[slot].command?.deadline, current < deadline { slots[slot].command?.deadline = deadline }
    }

    /// Every open token, in order of issue within a slot.
    var openTokens: [UInt64] {
        slots.indices.compactMap { slot in
            slots[slot].command == nil ? nil : slots[slot].generation << Self.slotBits | UInt64(slot)
        }
    }
}
