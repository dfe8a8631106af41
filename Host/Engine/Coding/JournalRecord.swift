package import Domain

/// One commit batch of the journal as bytes: a header, then events (README.md beside this file).
///
/// The bytes hold no checksum; who stores them guards them.
package enum JournalRecord {
    /// "SLJ1".
    static let magic: [UInt8] = [0x53, 0x4c, 0x4a, 0x31]
    /// Counts formats in which a reader of another one would go wrong.
    package static let formatVersion: UInt8 = 1

    package struct Header: Hashable, Sendable {
        package var formatVersion: UInt8
        /// Place of the record in the journal.
        package var sequence: UInt64
        /// When the batch was closed; the times in its events are stored relative to it.
        package var at: Timestamp
        package var eventCount: Int
    }

    /// Appends a record to `bytes`.
    package static func encode(events: [Event], sequence: UInt64, at: Timestamp, into bytes: inout [UInt8]) {
        var writer = EventWriter(base: at, capacity: 64 + events.count * 64)
        for byte in magic { writer.write(byte: byte) }
        writer.write(byte: formatVersion)
        writer.write(sequence)
        writer.write(at.nanoseconds)
        writer.write(count: events.count)
        let lent = events.span
        for index in lent.indices { writer.write(lent[index]) }
        writer.withBytes { bytes.append(contentsOf: $0) }
    }

    /// Reads the header alone: any number of bytes may follow.
    package static func decodeHeader(_ bytes: UnsafeRawBufferPointer) throws(EventCodingError) -> Header {
        var reader = EventReader(bytes, base: Timestamp(nanoseconds: 0))
        return try readHeader(&reader)
    }

    /// Reads a whole record. Nothing may follow it, and every event must be known: a gateway that does not know what
    /// was decided must not go on from it.
    package static func decode(
        _ bytes: UnsafeRawBufferPointer
    ) throws(EventCodingError) -> (header: Header, events: [Event]) {
        var reader = EventReader(bytes, base: Timestamp(nanoseconds: 0))
        let header = try readHeader(&reader)
        reader = EventReader(reader, base: header.at)
        var events: [Event] = []
        // An event is far larger in memory than its shortest spelling: a wrong count must not reserve for all of it.
        events.reserveCapacity(min(header.eventCount, 1024))
        for _ in 0..<header.eventCount { events.append(try reader.readEvent()) }
        guard reader.isAtEnd else {
            throw EventCodingError(.malformed, offset: reader.offset, expected: "the end of the record")
        }
        return (header, events)
    }

    package static func decode(_ bytes: [UInt8]) throws(EventCodingError) -> (header: Header, events: [Event]) {
        try bytes.withUnsafeBufferPointer { buffer throws(EventCodingError) in
            try decode(UnsafeRawBufferPointer(buffer))
        }
    }

    private static func readHeader(_ reader: inout EventReader) throws(EventCodingError) -> Header {
        for byte in magic {
            let found = try reader.readByte("a journal record, which begins with SLJ1")
            guard found == byte else {
                throw EventCodingError(
                    .notARecord, offset: reader.offset - 1, expected: "a journal record, which begins with SLJ1",
                    found: UInt64(found))
            }
        }
        let version = try reader.readByte("a format version")
        guard version == formatVersion else {
            throw EventCodingError(
                .unsupportedVersion, offset: reader.offset - 1, expected: "format version \(formatVersion)",
                found: UInt64(version))
        }
        let sequence = try reader.readUnsigned()
        let at = Timestamp(nanoseconds: try reader.readSigned())
        let count = try reader.readCount(ofAtLeast: 2, "events")
        return Header(formatVersion: version, sequence: sequence, at: at, eventCount: count)
    }
}
