/// The flags that stand before a structure's fields: which optional ones follow, and its booleans.
///
/// Bits are numbered from the lowest and stored: never renumbered, never reused.
struct FieldFlags {
    private(set) var rawValue: UInt64 = 0

    init() {}
    init(rawValue: UInt64) { self.rawValue = rawValue }

    @inline(__always)
    subscript(bit: Int) -> Bool {
        get { rawValue >> UInt64(bit) & 1 != 0 }
        set {
            let mask: UInt64 = 1 << UInt64(bit)
            rawValue = newValue ? rawValue | mask : rawValue & ~mask
        }
    }
}

extension Optional {
    /// `!= nil` of an equatable value compares whole copies; this looks at the case alone.
    @inline(__always)
    var isPresent: Bool {
        switch self {
        case .some: true
        case .none: false
        }
    }
}
