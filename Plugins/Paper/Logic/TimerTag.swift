/// What a timer is for.
enum TimerTag {
    /// The next accounts are restored.
    case opening
    /// Something of an account falls due.
    case wake(Int)
    /// A request reaches the simulated broker.
    case arrival(Int)
    /// Something comes down from it.
    case delivery(Int)

    init(_ rawValue: UInt64) {
        let index = Int(truncatingIfNeeded: rawValue >> 2)
        switch rawValue & 3 {
        case 1: self = .wake(index)
        case 2: self = .arrival(index)
        case 3: self = .delivery(index)
        default: self = .opening
        }
    }

    var rawValue: UInt64 {
        switch self {
        case .opening: 0
        case .wake(let index): UInt64(index) << 2 | 1
        case .arrival(let index): UInt64(index) << 2 | 2
        case .delivery(let index): UInt64(index) << 2 | 3
        }
    }
}
