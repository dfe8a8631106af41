import Domain

/// What every source says, and what follows of it. A value: the table changes a copy and publishes it, so that a change
/// that fails half-way never was.
struct InstrumentRegistry {
    var content = InstrumentSnapshot.Content()
    /// Whether ids or names are new since the last publication.
    var hasNewWords = false
    /// By source and instrument: the number of the terms it states, or -1.
    private(set) var statements: [[Int32]] = []
    private(set) var overlay: [Int32: InstrumentFields] = [:]
    private var acknowledgements: [Int32: Acknowledgement] = [:]
    private let capacity: Int

    /// A person's word on who is right, as long as nobody says anything new.
    private struct Acknowledgement {
        var source: Int
        var stated: [Int32]
    }

    init(capacity: Int) { self.capacity = capacity }

    // MARK: Statements

    /// - Parameters:
    ///   - kept: Ids that the listing has but whose rows were refused: what the source said before stands.
    ///   - at: When a complete listing was read; `nil` leaves the source's age as it is.
    mutating func merge(
        _ rows: some Sequence<InstrumentFields>, from name: String, isComplete: Bool, kept: Set<InstrumentID> = [],
        renames: [InstrumentRename] = [], at: Timestamp? = nil
    ) -> InstrumentMerge {
        let source = number(ofSource: name)
        if let at { content.refreshedAt[source] = at }
        var merge = InstrumentMerge()
        var touched = Set<Int32>()
        var changed: [Int32] = []
        var hasNewNames = false
        for row in rows {
            guard let number = number(of: row.id, merge: &merge) else { continue }
            let terms = content.terms.intern(InstrumentTerms(row))
            guard touched.insert(number).inserted else {
                if statements[source][Int(number)] != terms {
                    merge.refuse(row.id.text, "id", "\(name) lists it twice with different figures; the first stand")
                }
                continue
            }
            let isNews = statements[source][Int(number)] != terms
            let wasAbsent = statements[source][Int(number)] < 0
            if isNews {
                merge.changedCount += 1
                statements[source][Int(number)] = terms
            }
            if !content.handles[source].aliases.equals(Int(number), row.alias) {
                hasNewWords = true
                hasNewNames = true
            }
            hasNewNames = hasNewNames || wasAbsent
            content.handles[source].set(Int(number), alias: row.alias, brokerData: row.brokerData)
            if take(row, number: Int(number)) || isNews { changed.append(number) }
        }
        merge.rowCount = touched.count
        for rename in renames {
            guard let old = content.numbers[rename.old], let new = content.numbers[rename.new] else {
                continue
            }
            content.successors[old] = new
        }
        merge.renames = renames
        if isComplete {
            for id in kept { if let number = content.numbers[id] { touched.insert(number) } }
            for number in statements[source].indices where statements[source][number] >= 0 {
                guard !touched.contains(Int32(number)) else { continue }
                statements[source][number] = -1
                hasNewNames = true
                merge.withdrawnCount += 1
                changed.append(Int32(number))
            }
        }
        for number in changed { resolve(number, merge: &merge) }
        if hasNewNames { indexAliases(source) }
        return merge
    }

    /// Names of what is listed, and where it trades. The file knows who had a name before, and who had it last.
    private mutating func indexAliases(_ source: Int) {
        let aliases = content.handles[source].aliases
        var found = AliasIndex(capacity: statements[source].count { $0 >= 0 })
        var (venues, last): (Set<Substring>, Substring) = ([], "")
        for number in content.ids.indices where statements[source][number] >= 0 {
            let venue = content.ids[number].venue
            if venue != last {
                venues.insert(venue)
                last = venue
            }
            if !aliases.isAbsent(number) { found.insert(Int32(number), in: aliases) }
        }
        content.aliases[source] = found
        content.venues[source] = venues.map(String.init).sorted()
    }

    mutating func setOverlay(_ entries: [InstrumentFields]) -> InstrumentMerge {
        var merge = InstrumentMerge()
        var touched = Set(overlay.keys)
        overlay.removeAll()
        for entry in entries {
            guard let number = number(of: entry.id, merge: &merge) else { continue }
            overlay[number] = entry
            touched.insert(number)
            merge.changedCount += 1
            take(entry, number: Int(number))
        }
        for number in touched.sorted() { resolve(number, merge: &merge) }
        return merge
    }

    /// Believes `source` on `id` until somebody says something new. Returns what is wrong with the request, or `nil`.
    mutating func acknowledge(_ id: InstrumentID, believing name: String) -> String? {
        guard let number = content.numbers[id] else { return "the instrument is not known" }
        guard let source = content.sources.firstIndex(of: name), statements[source][Int(number)] >= 0 else {
            let stating = content.sources.indices.filter { statements[$0][Int(number)] >= 0 }.map {
                content.sources[$0]
            }
            return "\(name) does not list it; sources that do: \(stating.sorted().joined(separator: ", "))"
        }
        acknowledgements[number] = Acknowledgement(source: source, stated: stated(number))
        var merge = InstrumentMerge()
        resolve(number, merge: &merge)
        return nil
    }

    /// Makes `name` the source whose figures stand where sources are equally many: what was in force before a restart
    /// stays in force after it.
    mutating func prefer(_ name: String, on id: InstrumentID) {
        guard let number = content.numbers[id], let source = content.sources.firstIndex(of: name) else { return }
        content.leading[Int(number)] = Int16(truncatingIfNeeded: source)
        var merge = InstrumentMerge()
        resolve(number, merge: &merge)
    }

    /// Takes up what a source listed before a restart and lists no more, the latest last: its own words for the instrument,
    /// and where nobody lists it, the figures.
    mutating func restore(_ row: InstrumentFields, from name: String) {
        var merge = InstrumentMerge()
        guard let number = number(of: row.id, merge: &merge) else { return }
        let (source, index) = (self.number(ofSource: name), Int(number))
        guard statements[source][index] < 0 else { return }
        if row.alias != nil || row.brokerData != nil {
            content.handles[source].set(index, alias: row.alias, brokerData: row.brokerData)
        }
        guard overlay[number] == nil, stated(number).allSatisfy({ $0 < 0 }) else { return }
        content.effective[index] = content.terms.intern(InstrumentTerms(row))
        content.leading[index] = Int16(truncatingIfNeeded: source)
        take(row, number: index)
        resolve(number, merge: &merge)
    }

    /// An old id that leads to a new one, from before a restart. It is the same instrument: its figures are, too.
    mutating func setSuccessor(of old: InstrumentID, _ new: InstrumentID) {
        var merge = InstrumentMerge()
        guard let to = content.numbers[new], let from = number(of: old, merge: &merge) else { return }
        let isListed = overlay[from] != nil || stated(from).contains { $0 >= 0 }
        guard !isListed else { return }
        content.successors[from] = to
        if content.effective[Int(from)] < 0 { content.effective[Int(from)] = content.effective[Int(to)] }
        resolve(from, merge: &merge)
    }

    /// Instruments that a source listed and a new listing lacks, or has for the first time, as far as a rename may
    /// explain them.
    func renames(from name: String, rows: InstrumentRows, kept: Set<InstrumentID>) -> [InstrumentRename] {
        guard let source = content.sources.firstIndex(of: name) else { return [] }
        var present = Set<Int32>(minimumCapacity: rows.count)
        for row in rows.order {
            if let number = content.numbers[rows.id(row)], statements[source][Int(number)] >= 0 {
                present.insert(number)
            }
        }
        let none = InstrumentHandle(alias: nil, brokerData: nil)
        let gone = statements[source].indices.compactMap { index -> RenameMatcher.Candidate? in
            guard statements[source][index] >= 0, !present.contains(Int32(index)) else { return nil }
            let id = content.ids[index]
            guard !kept.contains(id) else { return nil }
            return RenameMatcher.Candidate(
                id: id, isin: content.isins[Int32(index)], handle: content.handles[source][index] ?? none)
        }
        guard !gone.isEmpty else { return [] }
        let new = rows.order.compactMap { row -> RenameMatcher.Candidate? in
            if let number = content.numbers[rows.id(row)], present.contains(number) { return nil }
            return RenameMatcher.Candidate(
                id: rows.id(row), isin: rows.isin(row), handle: rows.handle(row) ?? none)
        }
        return RenameMatcher.renames(gone: gone, new: new)
    }

    /// Whose figures stand, of every instrument for which the figures alone do not say it: an adapter deviates, or it is not
    /// the first by name.
    var leaders: [(id: InstrumentID, source: String)] {
        guard content.sources.count > 1 else { return [] }
        let byName = content.sources.indices.sorted { content.sources[$0] < content.sources[$1] }
        return content.leading.indices.compactMap { number in
            let leading = Int(content.leading[number])
            guard leading >= 0 else { return nil }
            let isPlain =
                content.quarantines[Int32(number)] == nil
                && byName.first { statements[$0][number] >= 0 } == leading
            return isPlain ? nil : (content.ids[number], content.sources[leading])
        }
    }

    /// What every source says of an instrument, as one text: an acknowledgement holds as long as it stays the same.
    func statement(on id: InstrumentID) -> String {
        guard let number = content.numbers[id] else { return "" }
        return content.sources.indices.sorted { content.sources[$0] < content.sources[$1] }.compactMap { source in
            let terms = statements[source][Int(number)]
            return terms < 0 ? nil : "\(content.sources[source])=\(content.terms[terms].packed)"
        }.joined(separator: "\n")
    }

    // MARK: Numbers

    private mutating func number(of id: InstrumentID, merge: inout InstrumentMerge) -> Int32? {
        if let number = content.numbers[id] { return number }
        guard content.ids.count < capacity else {
            merge.refuse(id.text, "id", "the table is full with \(capacity) instruments")
            return nil
        }
        let number = Int32(content.ids.count)
        content.ids.append(id)
        content.numbers[id] = number
        content.names.append(nil)
        content.effective.append(-1)
        content.forms.append(-1)
        content.leading.append(-1)
        hasNewWords = true
        for source in statements.indices {
            statements[source].append(-1)
            content.handles[source].append(alias: nil, brokerData: nil)
        }
        merge.addedCount += 1
        return number
    }

    private mutating func number(ofSource name: String) -> Int {
        if let source = content.sources.firstIndex(of: name) { return source }
        content.sources.append(name)
        content.refreshedAt.append(nil)
        statements.append([Int32](repeating: -1, count: content.ids.count))
        content.aliases.append(AliasIndex())
        content.venues.append([])
        var handles = HandleColumn()
        for _ in content.ids.indices { handles.append(alias: nil, brokerData: nil) }
        content.handles.append(handles)
        return content.sources.count - 1
    }

    func stated(_ number: Int32) -> [Int32] { statements.map { $0[Int(number)] } }

    /// Name and price band are the latest ones said, but for an overlay's, which stay.
    /// Returns whether the price band has changed.
    @discardableResult
    private mutating func take(_ row: InstrumentFields, number: Int) -> Bool {
        let fixed = overlay[Int32(number)]
        if let name = fixed?.name ?? row.name, !content.names.equals(number, name) {
            content.names.set(number, name)
            hasNewWords = true
        }
        if let isin = fixed?.isin ?? row.isin, content.isins[Int32(number)] != isin {
            content.isins[Int32(number)] = isin
            hasNewWords = true
        }
        let band = content.bands[number]
        let latest = InstrumentSnapshot.PriceBand(
            low: fixed?.priceLow ?? row.priceLow ?? band.low, high: fixed?.priceHigh ?? row.priceHigh ?? band.high)
        guard latest != band else { return false }
        content.bands[number] = latest
        return true
    }

    /// The person's word on an instrument, as long as it holds.
    mutating func acknowledged(_ number: Int32) -> Int? {
        guard let word = acknowledgements[number] else { return nil }
        guard word.stated == stated(number) else {
            acknowledgements[number] = nil
            return nil
        }
        return word.source
    }
}
