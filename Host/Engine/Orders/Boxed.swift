/// A value that is mostly absent, kept out of line: of the thousands of orders that hold one it takes a word each.
package enum Boxed<Value> {
    case none
    indirect case some(Value)

    init(_ value: Value?) { self = value.map { .some($0) } ?? .none }

    var value: Value? {
        switch self {
        case .none: nil
        case .some(let value): value
        }
    }
}

extension Boxed: Equatable where Value: Equatable {}
extension Boxed: Hashable where Value: Hashable {}
extension Boxed: Sendable where Value: Sendable {}
