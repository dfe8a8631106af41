/// A hash table from (account, instrument) to a slot number: open addressing, linear probing, never shrinks.
///
/// Eight accounts that follow one another stand side by side: a fan-out, which goes through them in turn, finds the next
/// in memory that it has just read.
///
/// Admission looks a pair up for every leg; the general dictionary's keyed hash costs several times what a risk control
/// does. Keys are small integers of ours, so nobody outside can choose collisions.
struct PairTable: Sendable {
    private var keys: [UInt64]
    private var slots: [Int32]
    private var count = 0

    init() {
        keys = Array(repeating: .max, count: 64)
        slots = Array(repeating: -1, count: 64)
    }

    @inline(__always)
    private static func key(_ first: Int32, _ second: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: second)) << 32 | UInt64(UInt32(bitPattern: first))
    }

    /// Where the search for a key begins.
    @inline(__always)
    private static func home(_ key: UInt64) -> Int {
        let block = ((key >> 4) &* 0x9e37_79b9_7f4a_7c15) >> 32
        return Int(truncatingIfNeeded: block << 4 | key & 15)
    }

    /// The slot of a pair, or -1.
    @inline(__always)
    subscript(first: Int32, second: Int32) -> Int32 {
        let key = Self.key(first, second)
        let mask = keys.count - 1
        var place = Self.home(key) & mask
        while true {
            let found = keys[place]
            if found == key { return slots[place] }
            if found == .max { return -1 }
            place = (place + 1) & mask
        }
    }

    mutating func insert(_ first: Int32, _ second: Int32, slot: Int32) {
        if (count + 1) * 2 > keys.count { grow() }
        place(Self.key(first, second), slot)
        count += 1
    }

    private mutating func place(_ key: UInt64, _ slot: Int32) {
        let mask = keys.count - 1
        var place = Self.home(key) & mask
        while keys[place] != .max { place = (place + 1) & mask }
        keys[place] = key
        slots[place] = slot
    }

    private mutating func grow() {
        let old = zip(keys, slots)
        keys = Array(repeating: .max, count: keys.count * 2)
        slots = Array(repeating: -1, count: slots.count * 2)
        for (key, slot) in old where key != .max { place(key, slot) }
    }
}
