/// How one entity of the boundary lies in memory: what a frame is written from, and built from again.
///
/// Entities are read by offset and never past their own `struct_size`, so that a recording made of an older or newer
/// side's entity holds what both know.
package struct Entity: Sendable {
    /// Its name without the prefix, `order_ref`.
    package let name: String
    /// Bytes that this header knows.
    package let size: Int
    package let fields: [Field]

    package struct Field: Sendable {
        package let name: String
        package let offset: Int
        package let shape: Shape

        init(_ name: String, _ offset: Int, _ shape: Shape) {
            (self.name, self.offset, self.shape) = (name, offset, shape)
        }
    }

    /// What a field holds. Zero, null and empty are absent, and stand in no frame.
    package indirect enum Shape: Sendable {
        case uint32, uint64, int64
        /// Nanoseconds since 1970.
        case time
        case text, bytes, decimal
        /// An entity by value.
        case embedded(Entity)
        /// An entity behind a pointer.
        case pointer(Entity)
        case list(Entity)
        /// A span of plain numbers, 4 or 8 bytes wide.
        case numbers(width: Int)

        /// Bytes that the field takes.
        package var size: Int {
            switch self {
            case .uint32: 4
            case .uint64, .int64, .time, .pointer: 8
            case .text, .bytes: 16
            case .decimal, .list, .numbers: 24
            case .embedded(let entity): entity.size
            }
        }
    }

    init(_ name: String, _ size: Int, _ fields: [Field]) { (self.name, self.size, self.fields) = (name, size, fields) }
}

extension Entity {
    /// What a row of a query is, by its kind; a preview's rows are margins. `nil`: no kind that this header knows.
    package static func row(ofQuery kind: UInt32) -> Entity? { rows[kind] }

    /// Every entity that crosses the boundary in a lane or host call.
    package static let all: [Entity] = orders + services
}
