import Domain

/// What makes two orders the same one for C15: account, instrument, side, quantity, type, price, product, group.
struct OrderFingerprint: Hashable, Sendable {
    let account: Int32
    let instrument: Int32
    /// -1 = a single order.
    let group: Int32
    let side: Side
    let orderType: OrderType
    let product: Product
    /// Steps, as allocated: before any control clipped it.
    let quantity: Int64
    /// Points, as asked for; 0 = none.
    let price: Int64

    /// A word to find it by: accounts of one fan-out with equal quantities are neighbours. Strangers gain nothing by
    /// choosing it: a collision costs one comparison.
    @inline(__always)
    fileprivate var bucket: UInt64 {
        let words = (side.isBuy ? 1 : 0) << 16 | orderType.code << 8 | product.code
        var mixed = UInt64(UInt32(bitPattern: group)) << 32 | UInt64(UInt32(bitPattern: instrument))
        mixed = Self.mix(Self.mix(mixed) &+ words) &+ UInt64(bitPattern: price)
        return Self.mix(Self.mix(mixed) &+ UInt64(bitPattern: quantity)) &+ UInt64(UInt32(bitPattern: account))
    }

    @inline(__always)
    private static func mix(_ word: UInt64) -> UInt64 {
        let product = (word ^ (word >> 31)) &* 0xbf58_476d_1ce4_e5b9
        return product ^ (product >> 29)
    }
}

/// The legs admitted lately, by fingerprint (C15): a ring in order of admission with chains through equal buckets.
///
/// Holds what the last `DuplicateLimit.longestWindow` admitted, at most `capacity` legs. At that bound the oldest leave early, and a
/// window that reaches back to one of them is not counted but reported as unknown: the control then refuses.
struct DuplicateLog: Hashable, Sendable {
    static let capacity = 1 << 17

    private struct Entry: Hashable, Sendable {
        var fingerprint: OrderFingerprint
        var at: Int64
        /// Place of the next older entry of the bucket, -1 = none; a younger one stands there once that has left.
        var previous: Int32
    }

    private var ring: [Entry] = []
    /// Place of each bucket's newest entry, -1 = none; one of another bucket stands there once that has left.
    private var heads: [Int32] = []
    /// Numbers of the entries held: `oldest..<next`.
    private var oldest: Int64 = 0
    private var next: Int64 = 0
    /// Admission time of the newest entry that left before its time; `Int64.min` = none did.
    private var lostAt = Int64.min
    private var newestAt = Int64.min

    /// How many equal legs were admitted in `(now - window, now]`, counted no further than `limit`; `nil` = not known.
    ///
    /// - Parameter fingerprint: made where anything was admitted since then.
    @inline(__always)
    func count(
        _ fingerprint: @autoclosure () -> OrderFingerprint, now: Timestamp, window: Int64, upTo limit: Int64
    ) -> Int64? {
        let (start, overflow) = now.nanoseconds.subtractingReportingOverflow(window)
        let begin = overflow ? Int64.min : start
        if lostAt > begin { return nil }
        // Nothing at all was admitted since then.
        if newestAt <= begin { return 0 }
        return count(fingerprint(), after: begin, upTo: limit)
    }

    @inline(never)
    private func count(_ fingerprint: OrderFingerprint, after begin: Int64, upTo limit: Int64) -> Int64 {
        var found: Int64 = 0
        var place = heads[Int(truncatingIfNeeded: fingerprint.bucket) & (heads.count - 1)]
        var youngest = -1
        while place >= 0, found < limit {
            // How many entries are younger. A link to one that is not older leads to what came into its place.
            let age = (Int(next) - 1 - Int(place)) & (ring.count - 1)
            guard age > youngest, age < Int(next - oldest) else { break }
            youngest = age
            if ring[Int(place)].at <= begin { break }
            if ring[Int(place)].fingerprint == fingerprint { found += 1 }
            place = ring[Int(place)].previous
        }
        return found
    }

    @inline(__always)
    mutating func record(_ fingerprint: OrderFingerprint, at time: Timestamp) {
        // A clock that is set back must not hide what came before.
        newestAt = max(newestAt, time.nanoseconds)
        while oldest < next, newestAt - ring[Int(oldest) & (ring.count - 1)].at >= DuplicateLimit.longestWindow {
            oldest += 1
        }
        if Int(next - oldest) == ring.count {
            if ring.count < Self.capacity {
                grow()
            } else {
                lostAt = ring[Int(oldest) & (ring.count - 1)].at
                oldest += 1
            }
        }
        append(fingerprint, at: newestAt)
    }

    @inline(__always)
    private mutating func append(_ fingerprint: OrderFingerprint, at: Int64) {
        let bucket = Int(truncatingIfNeeded: fingerprint.bucket) & (heads.count - 1)
        let entry = Entry(fingerprint: fingerprint, at: at, previous: heads[bucket])
        let place = Int(next) & (ring.count - 1)
        ring[place] = entry
        heads[bucket] = Int32(place)
        next += 1
    }

    @inline(never)
    private mutating func grow() {
        let held = (oldest..<next).map { ring[Int($0) & (ring.count - 1)] }
        let size = max(64, ring.count * 2)
        let empty = Entry(
            fingerprint: OrderFingerprint(
                account: -1, instrument: -1, group: -1, side: .buy, orderType: .market, product: .intraday, quantity: 0,
                price: 0), at: 0, previous: -1)
        ring = Array(repeating: empty, count: size)
        heads = Array(repeating: -1, count: size)
        next = oldest
        for entry in held { append(entry.fingerprint, at: entry.at) }
    }
}

// MARK: - As bytes

extension DuplicateLog {
    /// What is held, oldest first.
    private var held: some Sequence<Entry> { (oldest..<next).lazy.map { ring[Int($0) & (ring.count - 1)] } }

    /// The same content: where in the ring it lies, and what was there before, says nothing.
    static func == (left: Self, right: Self) -> Bool {
        left.lostAt == right.lostAt && left.newestAt == right.newestAt
            && left.next - left.oldest == right.next - right.oldest
            && zip(left.held, right.held).allSatisfy { $0.fingerprint == $1.fingerprint && $0.at == $1.at }
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(next - oldest)
        hasher.combine(newestAt)
    }

    func write(to writer: inout EventWriter) {
        writer.write(lostAt)
        writer.write(newestAt)
        writer.write(count: Int(next - oldest))
        for entry in held {
            let print = entry.fingerprint
            for number in [print.account, print.instrument, print.group] { writer.write(number) }
            for word in [print.side.rawValue, print.orderType.rawValue, print.product.rawValue] {
                writer.write(byte: word)
            }
            writer.write(print.quantity)
            writer.write(print.price)
            writer.write(entry.at)
        }
    }

    init(_ reader: inout EventReader) throws(EventCodingError) {
        lostAt = try reader.readSigned()
        newestAt = try reader.readSigned()
        for _ in 0..<(try reader.readCount(ofAtLeast: 9, "admitted legs")) {
            let (account, instrument, group) = (try reader.readInt32(), try reader.readInt32(), try reader.readInt32())
            let fingerprint = OrderFingerprint(
                account: account, instrument: instrument, group: group,
                side: try reader.read(Side.init(rawValue:)), orderType: try reader.read(OrderType.init(rawValue:)),
                product: try reader.read(Product.init(rawValue:)), quantity: try reader.readSigned(),
                price: try reader.readSigned())
            let at = try reader.readSigned()
            if Int(next - oldest) == ring.count { grow() }
            append(fingerprint, at: at)
        }
    }
}
