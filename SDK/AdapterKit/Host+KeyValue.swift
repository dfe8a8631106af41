import CSluice

/// An account's keys and values at the host. Key at most 256 bytes, value at most 64 KiB, quota by manifest (`.quota`).
public struct KeyValueStore {
    let host: Host
    let account: UInt32

    /// How long a value is kept.
    public enum Class: UInt32, Sendable {
        /// May vanish at any time; has a time to live.
        case cache = 1
        /// Written in the commit that carries the reports of the same lane call, so that an adapter's memory and what the
        /// host heard of it never disagree.
        case durable
    }

    /// The value of a key, or `nil` where there is none.
    public func get(_ key: String, _ keyClass: Class = .durable) throws(HostError) -> [UInt8]? {
        var value: [UInt8]?
        let status = host.call { table, scratch in
            var view = sluice_bytes()
            let status = table.pointee.kv_get(table, account, keyClass.rawValue, scratch.pointee.text(key), &view)
            guard status == SLUICE_OK else { return status }
            guard view.len <= UInt64(Int32.max) else { return SLUICE_ERR_INTERNAL }
            value = [UInt8](UnsafeBufferPointer(start: view.ptr, count: view.ptr == nil ? 0 : Int(view.len)))
            return status
        }
        if status == .notFound { return nil }
        guard status.isOK else { throw HostError(status: status) }
        return value
    }

    /// Sets a key. `timeToLiveNanoseconds`: for the cache class, 0: until evicted.
    public func put(
        _ key: String, _ value: [UInt8], _ keyClass: Class = .durable, timeToLiveNanoseconds: Int64 = 0
    ) throws(HostError) {
        let status = host.call { table, scratch in
            table.pointee.kv_put(
                table, account, keyClass.rawValue, scratch.pointee.text(key), scratch.pointee.bytes(value),
                timeToLiveNanoseconds)
        }
        guard status.isOK else { throw HostError(status: status) }
    }

    /// Removes a key. One that is not there is no error.
    public func delete(_ key: String, _ keyClass: Class = .durable) throws(HostError) {
        let status = host.call { table, scratch in
            table.pointee.kv_delete(table, account, keyClass.rawValue, scratch.pointee.text(key))
        }
        guard status.isOK || status == .notFound else { throw HostError(status: status) }
    }

    /// Every durable key that begins with `prefix`, in byte order, with its value.
    public func list(prefix: String = "") throws(HostError) -> [(key: String, value: [UInt8])] {
        let collector = Collector()
        let status = host.call { table, scratch in
            table.pointee.kv_list(
                table, account, scratch.pointee.text(prefix), Unmanaged.passUnretained(collector).toOpaque()
            ) { context, key, value in
                guard let context else { return }
                let collector = Unmanaged<Collector>.fromOpaque(context).takeUnretainedValue()
                collector.add(
                    UnsafeRawBufferPointer(
                        start: key.ptr, count: key.ptr == nil ? 0 : Int(truncatingIfNeeded: key.len)),
                    UnsafeRawBufferPointer(
                        start: value.ptr, count: value.ptr == nil ? 0 : Int(truncatingIfNeeded: value.len)))
            }
        }
        guard status.isOK else { throw HostError(status: status) }
        return collector.entries
    }

    /// Gathers what `kv_list` hands out, since a C callback captures nothing.
    private final class Collector {
        var entries: [(key: String, value: [UInt8])] = []

        func add(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
            entries.append((String(decoding: key, as: UTF8.self), [UInt8](value)))
        }
    }
}

extension Host {
    /// The keys and values of an account, by its place in `SessionOptions.accounts`.
    public func keyValue(account: Int) -> KeyValueStore {
        KeyValueStore(host: self, account: UInt32(exactly: account) ?? UInt32.max)
    }
}
