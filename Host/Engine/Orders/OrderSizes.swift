/// The sizes of a leg's orders, in steps and in order of sending. Nearly every leg is one order, whose size needs no list.
package struct OrderSizes: RandomAccessCollection, Hashable, Sendable, ExpressibleByArrayLiteral {
    private enum Storage: Hashable, Sendable {
        case none
        case one(Int64)
        /// Two or more, so that equal sizes are equal values.
        case many([Int64])
    }
    private let storage: Storage

    package init(_ sizes: [Int64]) {
        storage = sizes.count > 1 ? .many(sizes) : sizes.first.map { .one($0) } ?? .none
    }

    package init(one size: Int64) { storage = .one(size) }

    package init(arrayLiteral sizes: Int64...) { self.init(sizes) }

    package var startIndex: Int { 0 }
    package var endIndex: Int {
        switch storage {
        case .none: 0
        case .one: 1
        case .many(let sizes): sizes.count
        }
    }

    package subscript(place: Int) -> Int64 {
        switch storage {
        case .none: preconditionFailure("no size at \(place) of none")
        case .one(let size):
            precondition(place == 0, "no size at \(place) of one")
            return size
        case .many(let sizes): return sizes[place]
        }
    }
}
