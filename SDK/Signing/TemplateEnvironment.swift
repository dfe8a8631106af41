/// What a template takes from around it. One environment is one request at the moment it leaves: `nowNanoseconds` is the
/// same for all its parts, so that a header can sign the time that the body tells.
///
/// Called on the thread that evaluates, never kept.
public protocol TemplateEnvironment {
    /// The value that a handle names now, or `nil` where there is none.
    func secret(_ handle: UInt64) -> Secret?
    /// The moment of egress, UTC, with the learned offset of the broker's clock.
    var nowNanoseconds: Int64 { get }
    /// The account's next nonce: at least the clock in a unit of `unitNanoseconds` (1, 1,000 ... 1,000,000,000), and
    /// above every nonce given before.
    mutating func nextNonce(unitNanoseconds: Int64) -> Int64
    /// Fills memory with unpredictable bytes (from the seed in replay).
    mutating func fillRandom(_ bytes: UnsafeMutableRawBufferPointer)
}

/// The parts of a request that were made already, for `SLUICE_NODE_SLOT`.
public struct TemplateSlots: Sendable {
    public var method = ""
    /// `scheme://host[:port][/path]` without a slash at its end.
    public var baseURL = ""
    public var values: [[UInt8]] = []
    public var body: [UInt8]?
    public var target: [UInt8]?

    /// Nothing is made yet.
    public init(method: String = "", baseURL: String = "") {
        self.method = method
        self.baseURL = baseURL
    }

    /// The bytes of a slot, or `nil` where it is not made yet.
    func bytes(_ slot: Slot, _ number: Int64) -> [UInt8]? {
        switch slot {
        case .method: return Array(method.utf8)
        case .value:
            guard let index = Int(exactly: number), values.indices.contains(index) else { return nil }
            return values[index]
        case .body: return body
        case .target: return target
        case .path: return target.map { Array($0.prefix { $0 != UInt8(ascii: "?") }) }
        case .query:
            return target.map { target in
                guard let mark = target.firstIndex(of: UInt8(ascii: "?")) else { return [] }
                return Array(target[(mark + 1)...])
            }
        case .url: return target.map { Array(baseURL.utf8) + $0 }
        }
    }
}
