/// Finds numbers by something they stand for that is held elsewhere: an id, a name. Eight bytes a slot, where a dictionary
/// holds the key again.
///
/// A hash table with open addressing, never more than three quarters full. Nothing is taken out of it.
struct NumberIndex: Sendable {
    private struct Slot {
        var number: Int32
        /// As much of the hash, so that few others are compared.
        var hash: UInt32
        static let vacant = Slot(number: -1, hash: 0)
        var isVacant: Bool { number < 0 }
    }

    private var slots: [Slot] = []
    private var count = 0

    init() {}

    /// - Parameter capacity: So many numbers go in before it grows.
    init(capacity: Int) {
        var size = 16
        while 3 * size < 4 * capacity { size *= 2 }
        slots = [Slot](repeating: .vacant, count: size)
    }

    /// - Parameters:
    ///   - hash: Of what is looked for.
    ///   - isIt: Whether a number stands for what is looked for.
    func find(hash: Int, _ isIt: (Int32) -> Bool) -> Int32? {
        guard !slots.isEmpty else { return nil }
        let hash = UInt32(truncatingIfNeeded: hash)
        var place = Int(hash) & (slots.count - 1)
        while !slots[place].isVacant {
            if slots[place].hash == hash, isIt(slots[place].number) { return slots[place].number }
            place = (place + 1) & (slots.count - 1)
        }
        return nil
    }

    /// Takes in a number, not negative, of something that is not found.
    mutating func add(_ number: Int32, hash: Int) {
        if 4 * (count + 1) > 3 * slots.count { grow() }
        put(Slot(number: number, hash: UInt32(truncatingIfNeeded: hash)))
        count += 1
    }

    private mutating func grow() {
        var larger = NumberIndex(capacity: max(slots.count, 12))
        for slot in slots where !slot.isVacant { larger.put(slot) }
        slots = larger.slots
    }

    private mutating func put(_ slot: Slot) {
        var place = Int(slot.hash) & (slots.count - 1)
        while !slots[place].isVacant { place = (place + 1) & (slots.count - 1) }
        slots[place] = slot
    }
}
