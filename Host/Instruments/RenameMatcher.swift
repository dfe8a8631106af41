import Domain

/// Finds instruments that changed their name between two dumps of one adapter.
///
/// One that vanished and one that is new are the same where both carry the same ISIN, else the same broker token
/// (`broker_data`, else the alias), their ids differ in the root alone, and no third instrument fits as well. Nothing
/// else is evidence: a like name or a like price is not, and a token or an alias that is given anew under another ISIN or
/// with another token is another instrument.
struct RenameMatcher {
    struct Candidate {
        var id: InstrumentID
        var isin: ISIN?
        var handle: InstrumentHandle
    }

    static func renames(gone: [Candidate], new: [Candidate]) -> [InstrumentRename] {
        guard !gone.isEmpty, !new.isEmpty else { return [] }
        var renames: [InstrumentRename] = []
        var takenOld = Set<InstrumentID>()
        var takenNew = Set<InstrumentID>()
        for (evidence, key) in keys {
            var old: [Key: [Candidate]] = [:]
            for candidate in gone where !takenOld.contains(candidate.id) {
                if let value = key(candidate) { old[Key(value, candidate.id), default: []].append(candidate) }
            }
            var found: [Key: [Candidate]] = [:]
            for candidate in new where !takenNew.contains(candidate.id) {
                guard let value = key(candidate) else { continue }
                found[Key(value, candidate.id), default: []].append(candidate)
            }
            for (key, candidates) in old {
                guard candidates.count == 1, let matches = found[key], matches.count == 1 else { continue }
                let (old, new) = (candidates[0], matches[0])
                if let one = old.isin, let other = new.isin, one != other { continue }
                renames.append(InstrumentRename(old: old.id, new: new.id, evidence: evidence))
                takenOld.insert(old.id)
                takenNew.insert(new.id)
            }
        }
        return renames.sorted { $0.old.text < $1.old.text }
    }

    private static let keys: [(evidence: String, value: @Sendable (Candidate) -> [UInt8]?)] = [
        ("isin", { $0.isin.map { Array($0.text.utf8) } }),
        ("broker_data", { candidate in candidate.handle.brokerData.flatMap { $0.isEmpty ? nil : $0 } }),
        (
            "alias",
            { candidate in
                guard candidate.handle.brokerData?.isEmpty ?? true else { return nil }
                return candidate.handle.alias.flatMap { $0.isEmpty ? nil : Array($0.utf8) }
            }
        ),
    ]

    /// The evidence, and the id without its root.
    private struct Key: Hashable {
        let value: [UInt8]
        let shape: [Substring]

        init(_ value: [UInt8], _ id: InstrumentID) {
            self.value = value
            var terms = id.text.split(separator: ":", omittingEmptySubsequences: false)
            if terms.count > 2 { terms.remove(at: 2) }
            shape = terms
        }
    }
}
