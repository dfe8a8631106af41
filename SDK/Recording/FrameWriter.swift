package import CSluice
package import Exact

/// Writes what crosses the boundary as JSON: entities by their layout, texts and bytes as strings (as base64 where they
/// are no UTF-8), decimals so that mantissa and exponent are kept, `"2500.050"`.
///
/// It reads memory of the other side, so it trusts no length: what cannot be right is written as broken and not read.
package struct FrameWriter {
    package var json = JSONWriter(reserving: 512)
    /// Takes known secrets out of a value. Applied to every text and all bytes.
    let redact: (([UInt8]) -> [UInt8])?

    package init(redact: (([UInt8]) -> [UInt8])? = nil) { self.redact = redact }

    /// A text longer than this is garbage, not text; a body may be as long as the host takes one.
    static let longestText: UInt64 = 128 << 20
    /// More elements than a call may carry.
    static let mostElements: UInt64 = 100_000

    // MARK: - Arguments

    package mutating func uint32(_ name: String, _ value: UInt32) { uint64(name, UInt64(value)) }

    package mutating func uint64(_ name: String, _ value: UInt64) {
        guard value != 0 else { return }
        json.key(name)
        json.raw("\(value)")
    }

    package mutating func int64(_ name: String, _ value: Int64) {
        guard value != 0 else { return }
        json.member(name, value)
    }

    package mutating func time(_ name: String, _ value: Int64) {
        if value != Int64.min { int64(name, value) }
    }

    package mutating func text(_ name: String, _ value: sluice_str) {
        bytes(name, UnsafeRawPointer(value.ptr), value.len)
    }

    package mutating func bytes(_ name: String, _ value: sluice_bytes) {
        bytes(name, UnsafeRawPointer(value.ptr), value.len)
    }

    private mutating func bytes(_ name: String, _ start: UnsafeRawPointer?, _ length: UInt64) {
        guard let start else {
            if length > 0 { broken(name, "\(length) bytes of nothing") }
            return
        }
        guard length <= Self.longestText else { return broken(name, "\(length) bytes") }
        json.key(name)
        value(UnsafeRawBufferPointer(start: start, count: Int(length)))
    }

    /// Bytes as a string, or as `{"base64": …}`.
    package mutating func value(_ bytes: UnsafeRawBufferPointer) {
        if let redact {
            redact(Array(bytes)).withUnsafeBytes { plain($0) }
        } else {
            plain(bytes)
        }
    }

    private mutating func plain(_ bytes: UnsafeRawBufferPointer) {
        if let text = String(validating: bytes, as: UTF8.self) { return json.string(text) }
        json.beginObject()
        json.member("base64", Base64.text(bytes))
        json.endObject()
    }

    package mutating func entity(_ name: String, _ pointer: UnsafeRawPointer?, _ entity: Entity) {
        guard let pointer else { return }
        json.key(name)
        self.entity(pointer, entity, room: .max)
    }

    package mutating func list(_ name: String, _ span: sluice_span, _ entity: Entity?) {
        guard let entity else { return uint64(name, span.count) }
        list(name, span.ptr, span.count, Int(span.stride), entity)
    }

    private mutating func broken(_ name: String, _ what: String) {
        json.key(name)
        json.beginObject()
        json.member("broken", what)
        json.endObject()
    }

    private mutating func list(
        _ name: String, _ start: UnsafeRawPointer?, _ count: UInt64, _ stride: Int, _ entity: Entity
    ) {
        guard count > 0 else { return }
        guard let start, count <= Self.mostElements, stride >= 4 else {
            return broken(name, "\(count) elements, \(stride) bytes apart")
        }
        json.key(name)
        json.beginArray()
        for index in 0..<Int(count) { self.entity(start + index * stride, entity, room: stride) }
        json.endArray()
    }

    // MARK: - Entities

    private mutating func entity(_ start: UnsafeRawPointer, _ entity: Entity, room: Int) {
        let size = min(Int(start.loadUnaligned(as: UInt32.self)), room)
        json.beginObject()
        for field in entity.fields where field.offset + min(field.shape.size, 8) <= size {
            self.field(field, start + field.offset, room: size - field.offset)
        }
        json.endObject()
    }

    private mutating func field(_ field: Entity.Field, _ place: UnsafeRawPointer, room: Int) {
        func word(_ offset: Int) -> UInt64 { place.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
        func pointer(_ offset: Int) -> UnsafeRawPointer? { UnsafeRawPointer(bitPattern: UInt(word(offset))) }
        if case .embedded(let entity) = field.shape {
            guard room >= 4, place.loadUnaligned(as: UInt32.self) > 0 else { return }
            json.key(field.name)
            return self.entity(place, entity, room: min(room, entity.size))
        }
        guard field.shape.size <= room else { return }
        switch field.shape {
        case .uint32: uint32(field.name, place.loadUnaligned(as: UInt32.self))
        case .uint64: uint64(field.name, word(0))
        case .int64: int64(field.name, Int64(bitPattern: word(0)))
        case .time: time(field.name, Int64(bitPattern: word(0)))
        case .text, .bytes: bytes(field.name, pointer(0), word(8))
        case .decimal: decimal(field.name, place)
        case .pointer(let target): entity(field.name, pointer(0), target)
        case .list(let element):
            list(
                field.name, pointer(0), word(8), Int(place.loadUnaligned(fromByteOffset: 16, as: UInt32.self)), element)
        case .numbers(let width): numbers(field.name, place, width: width)
        case .embedded: break
        }
    }

    private mutating func numbers(_ name: String, _ place: UnsafeRawPointer, width: Int) {
        let start = UnsafeRawPointer(bitPattern: UInt(place.loadUnaligned(as: UInt64.self)))
        let count = place.loadUnaligned(fromByteOffset: 8, as: UInt64.self)
        let stride = Int(place.loadUnaligned(fromByteOffset: 16, as: UInt32.self))
        guard count > 0 else { return }
        guard let start, count <= Self.mostElements, stride >= width else {
            return broken(name, "\(count) numbers, \(stride) bytes apart")
        }
        json.key(name)
        json.beginArray()
        for index in 0..<Int(count) {
            let place = start + index * stride
            json.raw(width == 4 ? "\(place.loadUnaligned(as: UInt32.self))" : "\(place.loadUnaligned(as: UInt64.self))")
        }
        json.endArray()
    }

    private mutating func decimal(_ name: String, _ place: UnsafeRawPointer) {
        let flags = place.loadUnaligned(fromByteOffset: 20, as: UInt32.self)
        guard flags & UInt32(SLUICE_DECIMAL_PRESENT) != 0 else { return }
        let mantissa = Int128(
            _low: place.loadUnaligned(as: UInt64.self), _high: place.loadUnaligned(fromByteOffset: 8, as: Int64.self))
        json.key(name)
        json.string(DecimalText.text(mantissa, place.loadUnaligned(fromByteOffset: 16, as: Int32.self)))
    }
}

/// A decimal as text and back, mantissa and exponent kept: `25.00` is 2500 and -2, `25e2` is 25 and 2.
package enum DecimalText {
    package static func text(_ mantissa: Int128, _ exponent: Int32) -> String {
        guard (-38...0).contains(exponent) else { return "\(mantissa)e\(exponent)" }
        let digits = String(mantissa.magnitude)
        let places = Int(-exponent)
        let padded = String(repeating: "0", count: max(0, places + 1 - digits.utf8.count)) + digits
        let sign = mantissa < 0 ? "-" : ""
        return places == 0 ? sign + padded : sign + padded.dropLast(places) + "." + padded.suffix(places)
    }

    package static func value(_ text: String) -> (mantissa: Int128, exponent: Int32)? {
        if let mark = text.firstIndex(of: "e") {
            guard let mantissa = Int128(text[..<mark]), let exponent = Int32(text[text.index(after: mark)...]) else {
                return nil
            }
            return (mantissa, exponent)
        }
        guard let point = text.firstIndex(of: ".") else { return Int128(text).map { ($0, 0) } }
        let places = text[text.index(after: point)...]
        guard let mantissa = Int128(text[..<point] + places) else { return nil }
        return (mantissa, -Int32(places.utf8.count))
    }
}

/// Base64 with padding (RFC 4648).
package enum Base64 {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    package static func text(_ bytes: UnsafeRawBufferPointer) -> String {
        var out: [UInt8] = []
        out.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let left = min(3, bytes.count - index)
            var group: UInt32 = 0
            for place in 0..<3 { group = group << 8 | (place < left ? UInt32(bytes[index + place]) : 0) }
            for place in 0..<4 {
                out.append(place <= left ? digits[Int(group >> UInt32(18 - 6 * place) & 63)] : UInt8(ascii: "="))
            }
            index += 3
        }
        return String(decoding: out, as: UTF8.self)
    }

    package static func bytes(_ text: String) -> [UInt8]? {
        var out: [UInt8] = []
        var (group, bits): (UInt32, UInt32) = (0, 0)
        for byte in text.utf8 where byte != UInt8(ascii: "=") {
            guard let digit = digits.firstIndex(of: byte) else { return nil }
            (group, bits) = (group << 6 | UInt32(digit), bits + 6)
            guard bits >= 8 else { continue }
            bits -= 8
            out.append(UInt8(truncatingIfNeeded: group >> bits))
        }
        return out
    }
}
