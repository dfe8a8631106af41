/// Adapters' names for instruments, found by their beginnings: `NSE:INFY` and `INFY` both find what an adapter calls
/// `NSE:INFY`.
///
/// Sorted by what stands behind the last colon. The names themselves are the snapshot's; those that are not in capitals are
/// held again in capitals.
struct AliasWords: Sendable {
    fileprivate struct Entry: Sendable {
        /// Where the instrument stands in the order of display.
        var place: Int32
        /// The name's number in its column.
        var number: Int32
        /// Bytes before what it is sorted by.
        var start: Int32
        /// The adapter whose column it is in; none = it is in `capitals`.
        var source: Int16
        static let none: Int16 = -1
    }

    private let entries: [Entry]
    private let columns: [TextColumn]
    private let capitals: TextColumn

    /// Names place by place.
    struct Builder {
        private let columns: [TextColumn]
        private var capitals = TextColumn()
        private var entries: [Entry] = []

        init(_ columns: [TextColumn]) { self.columns = columns }

        /// Adds every adapter's name of an instrument.
        ///
        /// - Parameter spaced: Gets those that are several words.
        mutating func add(_ number: Int32, at place: Int32, spaced: (UnsafeBufferPointer<UInt8>) -> Void) {
            for (source, column) in columns.enumerated() {
                column.withBytes(Int(number)) { bytes in
                    guard let bytes else { return }
                    var entry = Entry(
                        place: place, number: number, start: Self.start(bytes),
                        source: Int16(truncatingIfNeeded: source))  // sources are numbered so everywhere
                    if bytes.contains(where: { $0 &- 97 < 26 }) {
                        var text = String(decoding: bytes, as: UTF8.self).uppercased()
                        (entry.number, entry.source) = (Int32(capitals.count), Entry.none)
                        entry.start = text.withUTF8 { Self.start($0) }
                        capitals.append(text)
                    }
                    entries.append(entry)
                    if bytes.contains(UInt8(ascii: " ")) { spaced(bytes) }
                }
            }
        }

        private static func start(_ bytes: UnsafeBufferPointer<UInt8>) -> Int32 {
            bytes.lastIndex(of: UInt8(ascii: ":")).map { Int32(truncatingIfNeeded: $0 + 1) } ?? 0
        }

        func made() -> AliasWords { AliasWords(columns: columns, capitals: capitals, entries: entries) }
    }

    private init(columns: [TextColumn], capitals: TextColumn, entries: [Entry]) {
        var sorted = entries
        sorted.sort { first, second in
            Self.withName(of: first, columns, capitals) { name in
                Self.withName(of: second, columns, capitals) { name.tail(first).precedes($0.tail(second)) }
            }
        }
        (self.columns, self.capitals, self.entries) = (columns, capitals, sorted)
    }

    /// Marks the places whose names begin with a term in capitals, before or behind their last colon.
    func mark(beginningWith term: String, in bits: inout Bits, exact: inout Bits) {
        var term = term
        term.withUTF8 { whole in
            let start = whole.lastIndex(of: UInt8(ascii: ":")).map { $0 + 1 } ?? 0
            let prefix = UnsafeBufferPointer(rebasing: whole[start...])
            // Those that are the whole word stand first.
            var place = firstIndex(notBefore: prefix)
            while place < entries.count {
                let entry = entries[place]
                let (begins, isWhole, fits) = Self.withName(of: entry, columns, capitals) { name in
                    let tail = name.tail(entry)
                    return (
                        tail.begins(with: prefix), tail.count == prefix.count, start == 0 || name.begins(with: whole)
                    )
                }
                guard begins else { break }
                if fits {
                    bits.insert(Int(entry.place))
                    if isWhole { exact.insert(Int(entry.place)) }
                }
                place += 1
            }
        }
    }

    private func firstIndex(notBefore prefix: UnsafeBufferPointer<UInt8>) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = low + (high - low) / 2
            let entry = entries[middle]
            if Self.withName(of: entry, columns, capitals, { $0.tail(entry).precedes(prefix) }) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }

    private static func withName<Result>(
        of entry: Entry, _ columns: [TextColumn], _ capitals: TextColumn,
        _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        let empty = UnsafeBufferPointer<UInt8>(start: nil, count: 0)
        guard entry.source != Entry.none else { return capitals.withBytes(Int(entry.number)) { body($0 ?? empty) } }
        return columns[Int(entry.source)].withBytes(Int(entry.number)) { body($0 ?? empty) }
    }
}

extension UnsafeBufferPointer<UInt8> {
    fileprivate func tail(_ entry: AliasWords.Entry) -> Self { Self(rebasing: self[Int(entry.start)...]) }
}
