import Domain

/// Immutable bytes at a fixed address, so that a view handed to an adapter stays valid while this object lives.
final class PinnedBytes {
    let start: UnsafeMutablePointer<UInt8>
    let count: Int

    init(_ bytes: some Collection<UInt8>) {
        count = bytes.count
        start = .allocate(capacity: max(1, count))
        _ = UnsafeMutableBufferPointer(start: start, count: count).initialize(from: bytes)
    }

    init(copying pointer: UnsafePointer<UInt8>?, count: Int) {
        self.count = count
        start = .allocate(capacity: max(1, count))
        if let pointer { start.initialize(from: pointer, count: count) }
    }

    deinit { start.deallocate() }

    var array: [UInt8] { Array(UnsafeBufferPointer(start: start, count: count)) }
}

/// One account's keys and values: durable ones as the store holds them plus this turn's writes, and a cache.
struct KeyValueMemory {
    private struct Cached {
        var value: PinnedBytes
        /// Monotonic; `Int64.max` = until evicted.
        var expires: Int64
        var sequence: UInt64
    }
    let quotaBytes: Int
    private var durable: [[UInt8]: PinnedBytes] = [:]
    private var durableBytes = 0
    private var cache: [[UInt8]: Cached] = [:]
    private var cacheBytes = 0
    private var sequence: UInt64 = 0

    init(quotaBytes: Int) { self.quotaBytes = quotaBytes }

    /// Takes the store's content. What was stored was within the quota once, so it is not refused now.
    mutating func load(_ pairs: [(key: [UInt8], value: [UInt8])]) {
        for (key, value) in pairs {
            if let old = durable.updateValue(PinnedBytes(value), forKey: key) { durableBytes -= key.count + old.count }
            durableBytes += key.count + value.count
        }
    }

    func durable(_ key: [UInt8]) -> PinnedBytes? { durable[key] }

    /// `false`: over the quota, nothing changed.
    mutating func putDurable(_ key: [UInt8], _ value: PinnedBytes) -> Bool {
        let old = durable[key].map { key.count + $0.count } ?? 0
        let new = key.count + value.count
        guard durableBytes - old + new <= quotaBytes else { return false }
        durable[key] = value
        durableBytes += new - old
        return true
    }

    /// `false`: no such key.
    mutating func deleteDurable(_ key: [UInt8]) -> Bool {
        guard let old = durable.removeValue(forKey: key) else { return false }
        durableBytes -= key.count + old.count
        return true
    }

    /// Durable keys that begin with `prefix`, in byte order.
    func durable(prefix: [UInt8]) -> [(key: [UInt8], value: PinnedBytes)] {
        durable.filter { $0.key.starts(with: prefix) }
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { (key: $0.key, value: $0.value) }
    }

    mutating func cached(_ key: [UInt8], now: Int64) -> PinnedBytes? {
        guard let entry = cache[key] else { return nil }
        guard entry.expires > now else {
            _ = deleteCached(key)
            return nil
        }
        return entry.value
    }

    /// Evicts expired entries, then the oldest, until the new one fits. `false`: it alone is over the quota.
    mutating func putCached(_ key: [UInt8], _ value: PinnedBytes, expires: Int64, now: Int64) -> Bool {
        let new = key.count + value.count
        guard new <= quotaBytes else { return false }
        _ = deleteCached(key)
        if cacheBytes + new > quotaBytes {
            for entry in cache where entry.value.expires <= now { _ = deleteCached(entry.key) }
        }
        if cacheBytes + new > quotaBytes {  // a quarter at once, so that the sort is paid seldom
            for entry in cache.sorted(by: { $0.value.sequence < $1.value.sequence }) {
                guard cacheBytes + new > quotaBytes - quotaBytes / 4, cacheBytes > 0 else { break }
                _ = deleteCached(entry.key)
            }
        }
        sequence += 1
        cache[key] = Cached(value: value, expires: expires, sequence: sequence)
        cacheBytes += new
        return true
    }

    mutating func deleteCached(_ key: [UInt8]) -> Bool {
        guard let old = cache.removeValue(forKey: key) else { return false }
        cacheBytes -= key.count + old.value.count
        return true
    }
}
