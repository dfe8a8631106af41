package import Domain

extension InstrumentMaster {
    /// What a name of a namespace finds.
    package enum Lookup: Hashable, Sendable {
        case found(InstrumentIndex)
        case none
        /// It is the name of several, of which none is preferred.
        case several([InstrumentID])
        /// It cannot be a name of the namespace, and why.
        case malformed(String)
        /// There is no such namespace; there are these.
        case unknownNamespace([String])
    }

    /// Namespaces in which instruments can be looked up now: `sluice` for canonical ids, `isin`, the public schemes, and
    /// the adapters that list instruments.
    package var namespaces: [String] {
        ["sluice", "isin"] + PublicNamespace.allCases.map(\.rawValue) + table.snapshot.sources.map(\.name).sorted()
    }

    /// The instrument that a namespace calls by a name. What is listed comes before what is listed no more; of several
    /// none is taken. Memory alone, but for a name of an adapter that it used at last on an earlier day: one indexed read.
    ///
    /// - Parameter venue: Only instruments of it: `BTC/USDT` is a name of every exchange's.
    package func lookUp(_ text: String, in namespace: String, venue: String? = nil) -> Lookup {
        let snapshot = table.snapshot
        let candidates: [InstrumentIndex]
        if namespace == "sluice" {
            do throws(InstrumentID.Malformed) {
                candidates = snapshot.index(of: try InstrumentID(text)).map { [$0] } ?? []
            } catch { return .malformed(error.reason) }
        } else if namespace == "isin" {
            guard let isin = ISIN(text.uppercased()) else {
                return .malformed(
                    "'\(text.prefix(64))' is no ISIN: 12 letters and digits, the last a check digit that fits")
            }
            candidates = snapshot.indexes(of: isin)
        } else if let scheme = PublicNamespace(rawValue: namespace) {
            do throws(PublicNamespace.Malformed) {
                candidates = try scheme.candidates(for: text).compactMap { snapshot.index(of: $0) }
            } catch { return .malformed(error.reason) }
        } else if snapshot.sources.contains(where: { $0.name == namespace }) {
            candidates = snapshot.indexes(ofAlias: text, in: namespace)
            if candidates.isEmpty {
                return instrument(alias: text, of: namespace).map { .found($0.index) } ?? .none
            }
        } else {
            return .unknownNamespace(namespaces)
        }
        let wanted = candidates.filter { index in
            venue.map { snapshot.id(index)?.venue == $0[...] } ?? true
        }
        let listed = wanted.filter { index in
            snapshot.refusalKind(index) != .withdrawn && snapshot.refusalKind(index) != .renamed
        }
        let found = listed.isEmpty ? wanted : listed
        switch found.count {
        case 0: return .none
        case 1: return .found(found[0])
        default: return .several(found.compactMap { snapshot.id($0) }.sorted { $0.text < $1.text })
        }
    }
}

extension InstrumentSnapshot {
    /// What the public schemes and the ISIN register call an instrument; it follows from its id, so it always held.
    package func publicNames(_ index: InstrumentIndex) -> [(namespace: String, name: String)] {
        guard let id = id(index) else { return [] }
        let isin = isin(index).map { [("isin", $0.text)] } ?? []
        return isin
            + PublicNamespace.allCases.compactMap { scheme in scheme.name(of: id).map { (scheme.rawValue, $0) } }
    }
}
