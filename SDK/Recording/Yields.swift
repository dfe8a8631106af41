package import CSluice
package import Exact

/// What a host function gives back beside its status: written into a frame, or filled in from one.
package struct Yields {
    private enum Side {
        case writing
        case filling(JSONObject, EntityMemory)
    }
    private let side: Side
    /// The frame under way, while a frame is written.
    package var frame: FrameWriter
    /// Values that stand in no frame, for whoever takes them out of later ones.
    package private(set) var masked: [[UInt8]] = []

    /// What stands for a value that is kept out of a recording.
    package static let mask = "***"

    package init(writing frame: FrameWriter) { (side, self.frame) = (.writing, frame) }
    package init(filling object: JSONObject, _ memory: EntityMemory) {
        (side, frame) = (.filling(object, memory), FrameWriter())
    }

    /// What a frame says under a name; `nil` while one is written.
    package func recorded(_ name: String) -> JSONValue? {
        guard case .filling(let object, _) = side else { return nil }
        return object[name]
    }

    package mutating func uint64(_ name: String, _ place: UnsafeMutablePointer<UInt64>?) {
        guard let place else { return }
        switch side {
        case .writing: frame.uint64(name, place.pointee)
        case .filling(let object, _): place.pointee = EntityMemory.uint64(object[name])
        }
    }

    package mutating func time(_ name: String, _ place: UnsafeMutablePointer<Int64>?) {
        guard let place else { return }
        switch side {
        case .writing: frame.time(name, place.pointee)
        case .filling(let object, _):
            place.pointee = object[name] == nil ? Int64.min : EntityMemory.int64(object[name])
        }
    }

    /// - Parameter isMasked: the bytes are secret: a frame holds `***` in their place.
    package mutating func bytes(_ name: String, _ place: UnsafeMutablePointer<sluice_bytes>?, isMasked: Bool = false) {
        guard let place else { return }
        switch side {
        case .writing:
            guard isMasked else { return frame.bytes(name, place.pointee) }
            if let start = place.pointee.ptr, place.pointee.len <= 65_536 {
                masked.append(Array(UnsafeBufferPointer(start: start, count: Int(place.pointee.len))))
            }
            frame.json.member(name, Yields.mask)
        case .filling(let object, let memory): place.pointee = memory.bytes(object[name])
        }
    }

    /// Bytes that the adapter has room for.
    package mutating func fill(_ name: String, _ place: UnsafeMutablePointer<UInt8>?, _ length: UInt64) {
        guard let place, length <= 65_536 else { return }
        switch side {
        case .writing:
            frame.json.key(name)
            frame.value(UnsafeRawBufferPointer(start: place, count: Int(length)))
        case .filling(let object, _):
            let recorded = object[name].flatMap { EntityMemory.plain($0) } ?? []
            for index in 0..<Int(length) {
                place[index] = index < recorded.count ? recorded[index] : UInt8(index & 255)
            }
        }
    }

    package mutating func instrument(
        _ name: String, _ place: UnsafeMutablePointer<UnsafePointer<sluice_instrument>?>?
    ) {
        guard let place else { return }
        switch side {
        case .writing: frame.entity(name, place.pointee.map { UnsafeRawPointer($0) }, .instrument)
        case .filling(let object, let memory):
            place.pointee = memory.entity(object[name], .instrument)
                .map { UnsafePointer($0.assumingMemoryBound(to: sluice_instrument.self)) }
        }
    }
}
