import Domain

/// Which run a client sequence was issued to. Runs get their sequences in one piece and one after the other, so that a
/// sorted list of the pieces takes the place of an entry for every order.
struct RunSequences: Hashable, Sendable {
    private struct Piece: Hashable, Sendable {
        let first: UInt64
        let count: Int32
        let run: UInt64
    }

    /// Ascending. Pieces of runs that have left memory stay until they are half of all.
    private var pieces: [Piece] = []
    private var dropped = 0

    /// - Returns: `false` where the piece does not follow the last one; it is not kept then.
    mutating func append(_ first: UInt64, count: Int, run: RunID) -> Bool {
        guard count > 0 else { return true }
        if let last = pieces.last, first < last.first + UInt64(last.count) { return false }
        pieces.append(Piece(first: first, count: Int32(count), run: run.number))
        return true
    }

    func place(of sequence: UInt64) -> OrderPlace? {
        var (low, high) = (0, pieces.count)
        while low < high {
            let middle = (low + high) / 2
            if pieces[middle].first <= sequence { low = middle + 1 } else { high = middle }
        }
        guard low > 0, sequence - pieces[low - 1].first < UInt64(pieces[low - 1].count) else { return nil }
        return OrderPlace(
            run: RunID(number: pieces[low - 1].run), order: Int32(sequence - pieces[low - 1].first))
    }

    /// A run has left memory.
    mutating func dropOne(isHeld: (UInt64) -> Bool) {
        dropped += 1
        guard dropped > 1_024, dropped * 2 > pieces.count else { return }
        pieces.removeAll { !isHeld($0.run) }
        dropped = 0
    }
}

// MARK: - As bytes

extension RunSequences {
    func write(to writer: inout EventWriter) {
        writer.write(count: dropped)
        writer.write(count: pieces.count)
        for piece in pieces {
            writer.write(piece.first)
            writer.write(piece.count)
            writer.write(piece.run)
        }
    }

    init(_ reader: inout EventReader) throws(EventCodingError) {
        let dropped = try reader.readUnsigned()
        pieces = try reader.readList(ofAtLeast: 3, "runs' client order numbers") { reader throws(EventCodingError) in
            Piece(first: try reader.readUnsigned(), count: try reader.readInt32(), run: try reader.readUnsigned())
        }
        // At most a count of runs: it is counted on from here.
        self.dropped = Int(clamping: min(dropped, UInt64(UInt32.max)))
    }
}
