import CSluice
import Glibc

/// What a shared library says of itself before a line of it runs: its needed libraries and the Sluice note.
///
/// Every offset comes from the file and is checked against its length; a file that lies is refused, never followed.
struct ELFImage: Hashable {
    struct Note: Hashable {
        var major: UInt32
        var minor: UInt32
        var id: String
        var version: String
        /// Release of the Swift runtime that the library shares with the host; "" = none.
        var swiftRelease: String
    }
    var needed: [String] = []
    /// RPATH and RUNPATH entries, as written.
    var runPaths: [String] = []
    var note: Note?

    static var hostMachine: (number: UInt16, name: String) {
        #if arch(x86_64)
            (62, "x86-64")
        #elseif arch(arm64)
            (183, "aarch64")
        #else
            #error("adapters are for x86-64 and aarch64")
        #endif
    }

    static func read(_ path: String, shownAs shown: String) throws(AdapterRefusal) -> ELFImage {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw AdapterRefusal(.libraryUnreadable, "\(shown) cannot be opened: \(errorText(errno))")
        }
        defer { close(descriptor) }
        return try ELFReader(descriptor: descriptor, shown: shown).read()
    }
}

/// Reads an ELF file piece by piece.
private struct ELFReader {
    let descriptor: Int32
    let shown: String

    private struct Segment {
        var type: UInt32
        var offset: UInt64
        var address: UInt64
        var fileSize: UInt64
        var alignment: UInt64
    }

    func read() throws(AdapterRefusal) -> ELFImage {
        guard let header = bytes(at: 0, count: 64), header.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else {
            throw AdapterRefusal(.notELF, "\(shown) is not an ELF file")
        }
        guard header[4] == 2, header[5] == 1 else {
            throw AdapterRefusal(.wrongArchitecture, "\(shown) is not a 64-bit little-endian library")
        }
        let machine = header.number(18, UInt16.self)
        guard machine == ELFImage.hostMachine.number else {
            throw AdapterRefusal(
                .wrongArchitecture,
                "\(shown) is built for machine \(machine); this host is \(ELFImage.hostMachine.name) (\(ELFImage.hostMachine.number))"
            )
        }
        guard header.number(16, UInt16.self) == 3 else {
            throw AdapterRefusal(.notShared, "\(shown) is not a shared library: build it with -shared")
        }
        let segments = try segments(header)
        var image = ELFImage()
        try readDynamic(segments, into: &image)
        for segment in segments where segment.type == 4 && image.note == nil {
            image.note = try note(in: segment)
        }
        return image
    }

    private func segments(_ header: [UInt8]) throws(AdapterRefusal) -> [Segment] {
        let (offset, size, count) = (
            header.number(32, UInt64.self), header.number(54, UInt16.self), header.number(56, UInt16.self)
        )
        guard size == 56, count > 0, count <= 256, let table = bytes(at: offset, count: Int(count) * 56) else {
            throw malformed("its program header table is not readable")
        }
        return (0..<Int(count)).map { index in
            let base = index * 56
            return Segment(
                type: table.number(base, UInt32.self), offset: table.number(base + 8, UInt64.self),
                address: table.number(base + 16, UInt64.self), fileSize: table.number(base + 32, UInt64.self),
                alignment: table.number(base + 48, UInt64.self))
        }
    }

    /// DT_NEEDED (1), DT_RPATH (15) and DT_RUNPATH (29), through DT_STRTAB (5) and DT_STRSZ (10).
    private func readDynamic(_ segments: [Segment], into image: inout ELFImage) throws(AdapterRefusal) {
        guard let dynamic = segments.first(where: { $0.type == 2 }), dynamic.fileSize <= 1_048_576,
            let table = bytes(at: dynamic.offset, count: Int(dynamic.fileSize))
        else { throw malformed("it has no readable dynamic section") }
        var entries: [(tag: UInt64, value: UInt64)] = []
        for base in stride(from: 0, through: table.count - 16, by: 16) {
            let tag = table.number(base, UInt64.self)
            if tag == 0 { break }
            entries.append((tag, table.number(base + 8, UInt64.self)))
        }
        guard let address = entries.first(where: { $0.tag == 5 })?.value,
            let size = entries.first(where: { $0.tag == 10 })?.value, size <= 67_108_864,
            let segment = segments.first(where: {
                $0.type == 1 && address >= $0.address && address - $0.address < $0.fileSize
            }),
            segment.offset <= UInt64(Int64.max), address - segment.address <= UInt64(Int64.max),
            let strings = bytes(at: segment.offset + (address - segment.address), count: Int(size))
        else { throw malformed("its string table is not readable") }
        for entry in entries where [1, 15, 29].contains(entry.tag) {
            guard entry.value < UInt64(strings.count) else { throw malformed("a name lies outside its string table") }
            let text = strings[Int(entry.value)...].prefix { $0 != 0 }
            guard text.count <= 4096, text.endIndex < strings.endIndex,
                let name = String(validating: text, as: UTF8.self)
            else { throw malformed("a name in its string table has no end or is not UTF-8") }
            if entry.tag == 1 { image.needed.append(name) } else { image.runPaths.append(name) }
        }
    }

    /// The note with the owner "sluice" and our type among a segment's notes.
    private func note(in segment: Segment) throws(AdapterRefusal) -> ELFImage.Note? {
        guard segment.fileSize <= 1_048_576, let bytes = bytes(at: segment.offset, count: Int(segment.fileSize)) else {
            throw malformed("its notes are not readable")
        }
        let alignment = segment.alignment == 8 ? 8 : 4
        var cursor = 0
        while cursor + 12 <= bytes.count {
            let ownerSize = Int(bytes.number(cursor, UInt32.self))
            let descriptorSize = Int(bytes.number(cursor + 4, UInt32.self))
            let type = bytes.number(cursor + 8, UInt32.self)
            let owner = cursor + 12
            let descriptor = (owner + ownerSize + alignment - 1) / alignment * alignment
            guard ownerSize <= bytes.count, descriptorSize <= bytes.count, descriptor + descriptorSize <= bytes.count
            else { throw malformed("a note is longer than its segment") }
            if type == SLUICE_NOTE_TYPE, ownerSize == 7,
                bytes[owner..<(owner + 7)].elementsEqual("sluice\0".utf8)
            {
                return try parse(Array(bytes[descriptor..<(descriptor + descriptorSize)]))
            }
            cursor = (descriptor + descriptorSize + alignment - 1) / alignment * alignment
        }
        return nil
    }

    private func parse(_ bytes: [UInt8]) throws(AdapterRefusal) -> ELFImage.Note {
        let size = MemoryLayout<sluice_note_descriptor>.size
        guard bytes.count >= size else { throw malformed("its note has \(bytes.count) bytes; at least \(size)") }
        func text(_ offset: Int, _ field: String) throws(AdapterRefusal) -> String {
            let field32 = bytes[offset..<(offset + 32)]
            let characters = field32.prefix { $0 != 0 }
            guard characters.count < 32, let text = String(validating: characters, as: UTF8.self) else {
                throw malformed("the \(field) of its note has no end within 32 bytes or is not UTF-8")
            }
            return text
        }
        return ELFImage.Note(
            major: bytes.number(0, UInt32.self), minor: bytes.number(4, UInt32.self), id: try text(8, "id"),
            version: try text(40, "version"), swiftRelease: try text(72, "Swift release"))
    }

    private func malformed(_ reason: String) -> AdapterRefusal {
        AdapterRefusal(.malformedELF, "\(shown) is a damaged ELF file: \(reason)")
    }

    /// `nil` where the file ends before.
    private func bytes(at offset: UInt64, count: Int) -> [UInt8]? {
        guard let offset = Int(exactly: offset), count >= 0, count <= 67_108_864 else { return nil }
        var buffer = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let position = offset.addingReportingOverflow(filled)
            guard !position.overflow else { return nil }
            let step = buffer.withUnsafeMutableBytes { target in
                pread(descriptor, target.baseAddress.map { $0 + filled }, count - filled, position.partialValue)
            }
            if step < 0, errno == EINTR { continue }
            guard step > 0 else { return nil }
            filled += step
        }
        return buffer
    }
}

extension [UInt8] {
    /// A little-endian number at `offset`, which the caller has checked.
    fileprivate func number<Number: FixedWidthInteger>(_ offset: Int, _: Number.Type) -> Number {
        withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self)) }
    }
}
