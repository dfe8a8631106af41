import Glibc

/// Texts by number, their bytes end to end: one costs eight bytes beside its own, where a `String` costs sixteen and an
/// allocation. A hundred thousand instruments have three hundred thousand of them.
///
/// A value: copies share the bytes, and a change copies the places and the piece it is written to.
struct TextColumn: Sendable {
    /// Where a text stands. One of `Self.alone` bytes and more has a piece for itself.
    private struct Place {
        var piece: UInt32
        var start: UInt16
        var count: UInt16
        static let absent = Place(piece: .max, start: 0, count: 0)
        static let alone = UInt16.max
        var isAbsent: Bool { piece == .max }
    }

    /// The most bytes of a piece that holds several texts.
    private static let pieceBytes = 1 << 16

    private var places: [Place] = []
    private var pieces: [[UInt8]] = []
    /// Bytes that some place names, and bytes that none names any more.
    private var (used, unused) = (0, 0)

    /// Numbers are 0 up to this.
    var count: Int { places.count }
    /// Bytes that are held for texts, those of former ones included.
    var heldBytes: Int { used + unused }

    mutating func append(_ text: String?) {
        places.append(text.map { text in Self.withBytes(of: text) { write($0) } } ?? .absent)
    }

    mutating func append(bytes: [UInt8]?) {
        places.append(bytes.map { bytes in bytes.withUnsafeBufferPointer { write($0) } } ?? .absent)
    }

    mutating func append(bytes: UnsafeBufferPointer<UInt8>) { places.append(write(bytes)) }

    /// Replaces a text. The same again costs nothing.
    mutating func set(_ number: Int, _ text: String?) {
        guard let text else { return clear(number) }
        Self.withBytes(of: text) { replace(number, $0) }
    }

    mutating func set(_ number: Int, bytes: [UInt8]?) {
        guard let bytes else { return clear(number) }
        bytes.withUnsafeBufferPointer { replace(number, $0) }
    }

    func isAbsent(_ number: Int) -> Bool { places[number].isAbsent }

    subscript(_ number: Int) -> String? {
        withBytes(number) { bytes in bytes.map { String(decoding: $0, as: UTF8.self) } }
    }

    func bytes(_ number: Int) -> [UInt8]? { withBytes(number) { bytes in bytes.map { Array($0) } } }

    /// The bytes of a text, without a copy; `nil` where there is none.
    func withBytes<Result>(_ number: Int, _ body: (UnsafeBufferPointer<UInt8>?) -> Result) -> Result {
        let place = places[number]
        guard !place.isAbsent else { return body(nil) }
        return pieces[Int(place.piece)].withUnsafeBufferPointer { piece in
            guard place.count != Place.alone else { return body(piece) }
            let start = Int(place.start)
            return body(UnsafeBufferPointer(rebasing: piece[start..<start + Int(place.count)]))
        }
    }

    func equals(_ number: Int, _ text: String?) -> Bool {
        guard let text else { return isAbsent(number) }
        return Self.withBytes(of: text) { isSame(number, $0) }
    }

    func equals(_ number: Int, bytes: [UInt8]?) -> Bool {
        guard let bytes else { return isAbsent(number) }
        return bytes.withUnsafeBufferPointer { isSame(number, $0) }
    }

    func equals(_ number: Int, _ other: Int) -> Bool {
        withBytes(other) { bytes in bytes.map { isSame(number, $0) } ?? isAbsent(number) }
    }

    /// Whether a text stands before another in the order of bytes.
    func precedes(_ number: Int, _ other: Int) -> Bool {
        withBytes(number) { first in
            withBytes(other) { second in
                guard let second else { return false }
                return first?.precedes(second) ?? true
            }
        }
    }

    /// The hash of a text in the process, that of `Self.hash(of:)` for the same bytes; 0 where there is none.
    func hash(_ number: Int) -> Int { withBytes(number) { bytes in bytes.map { $0.textHash } ?? 0 } }

    static func hash(of text: String) -> Int { withBytes(of: text) { $0.textHash } }

    // MARK: Pieces

    private func isSame(_ number: Int, _ text: UnsafeBufferPointer<UInt8>) -> Bool {
        withBytes(number) { bytes in bytes.map { $0.isSame(as: text) } ?? false }
    }

    private mutating func clear(_ number: Int) {
        guard !isAbsent(number) else { return }
        forget(number)
        places[number] = .absent
    }

    private mutating func replace(_ number: Int, _ text: UnsafeBufferPointer<UInt8>) {
        guard !isSame(number, text) else { return }
        forget(number)
        places[number] = write(text)
        if unused > max(used, 4 * Self.pieceBytes) { repack() }
    }

    private mutating func forget(_ number: Int) {
        let count = withBytes(number) { $0?.count ?? 0 }
        used -= count
        unused += count
    }

    private mutating func write(_ text: UnsafeBufferPointer<UInt8>) -> Place {
        used += text.count
        if text.count >= Int(Place.alone) {
            pieces.append(Array(text))
            return Place(piece: UInt32(pieces.count - 1), start: 0, count: Place.alone)
        }
        if pieces.last.map({ $0.count + text.count >= Self.pieceBytes }) ?? true {
            var piece: [UInt8] = []
            if !pieces.isEmpty { piece.reserveCapacity(Self.pieceBytes) }  // a few texts stay small
            pieces.append(piece)
        }
        let last = pieces.count - 1
        let start = pieces[last].count
        pieces[last].append(contentsOf: text)
        return Place(piece: UInt32(last), start: UInt16(start), count: UInt16(text.count))
    }

    /// Writes everything anew without what nobody names: texts that change every day take no more than twice their room.
    private mutating func repack() {
        var fresh = TextColumn()
        fresh.places.reserveCapacity(places.count)
        for number in places.indices {
            withBytes(number) { bytes in fresh.places.append(bytes.map { fresh.write($0) } ?? .absent) }
        }
        self = fresh
    }

    private static func withBytes<Result>(of text: String, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
        var text = text
        return text.withUTF8(body)
    }
}

extension UnsafeBufferPointer<UInt8> {
    var textHash: Int {
        var hasher = Hasher()
        hasher.combine(bytes: UnsafeRawBufferPointer(self))
        return hasher.finalize()
    }

    func isSame(as other: UnsafeBufferPointer<UInt8>) -> Bool {
        guard count == other.count else { return false }
        guard let base = baseAddress, let start = other.baseAddress, count > 0 else { return true }
        return memcmp(base, start, count) == 0
    }

    func precedes(_ other: UnsafeBufferPointer<UInt8>) -> Bool {
        if let base = baseAddress, let start = other.baseAddress, count > 0, other.count > 0 {
            let difference = memcmp(base, start, Swift.min(count, other.count))
            if difference != 0 { return difference < 0 }
        }
        return count < other.count
    }

    func begins(with prefix: UnsafeBufferPointer<UInt8>) -> Bool {
        count >= prefix.count && UnsafeBufferPointer(rebasing: self[..<prefix.count]).isSame(as: prefix)
    }
}
