import Domain

/// What every source says, and what follows of it. A value: the table mutates its own under a lock and publishes copies.
struct InstrumentRegistry {
    private(set) var content = InstrumentSnapshot.Content()
    /// Whether ids or names are new since the last publication.
    var hasNewWords = false
    /// By source and instrument: the number of the terms it states, or -1.
    private var statements: [[Int32]] = []
    private var overlay: [Int32: InstrumentFields] = [:]
    private var acknowledgements: [Int32: Acknowledgement] = [:]
    private let capacity: Int

    /// A person's word on who is right, as long as nobody says anything new.
    private struct Acknowledgement {
        var source: Int
        var stated: [Int32]
    }

    init(capacity: Int) { self.capacity = capacity }

    // MARK: Statements

    mutating func merge(_ rows: some Sequence<InstrumentFields>, from name: String, isComplete: Bool) -> InstrumentMerge
    {
        let source = number(ofSource: name)
        var merge = InstrumentMerge()
        var touched = Set<Int32>()
        var changed: [Int32] = []
        for row in rows {
            guard let number = number(of: row.id, merge: &merge) else { continue }
            let terms = content.terms.intern(InstrumentTerms(row))
            guard touched.insert(number).inserted else {
                if statements[source][Int(number)] != terms {
                    merge.refuse(row.id, "\(name) lists it twice with different figures; the first stand")
                }
                continue
            }
            let isNews = statements[source][Int(number)] != terms
            if isNews { merge.changedCount += 1 }
            statements[source][Int(number)] = terms
            if take(row, number: Int(number)) || isNews { changed.append(number) }
        }
        if isComplete {
            for number in statements[source].indices where statements[source][number] >= 0 {
                guard !touched.contains(Int32(number)) else { continue }
                statements[source][number] = -1
                merge.withdrawnCount += 1
                changed.append(Int32(number))
            }
        }
        for number in changed { resolve(number, merge: &merge) }
        return merge
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
        for number in touched { resolve(number, merge: &merge) }
        return merge
    }

    /// Believes `source` on `id` until somebody says something new. Returns what is wrong with the request, or `nil`.
    mutating func acknowledge(_ id: InstrumentID, believing name: String) -> String? {
        guard let number = content.numbers[id] else { return "the instrument is not known" }
        guard let source = content.sources.firstIndex(of: name), statements[source][Int(number)] >= 0 else {
            let stating = content.sources.indices.filter { statements[$0][Int(number)] >= 0 }.map {
                content.sources[$0]
            }
            return "\(name) does not list it; sources that do: \(stating.joined(separator: ", "))"
        }
        acknowledgements[number] = Acknowledgement(source: source, stated: stated(number))
        var merge = InstrumentMerge()
        resolve(number, merge: &merge)
        return nil
    }

    // MARK: Numbers

    private mutating func number(of id: InstrumentID, merge: inout InstrumentMerge) -> Int32? {
        if let number = content.numbers[id] { return number }
        guard content.ids.count < capacity else {
            merge.refuse(id, "the table is full with \(capacity) instruments")
            return nil
        }
        let number = Int32(content.ids.count)
        content.ids.append(id)
        content.numbers[id] = number
        content.names.append(nil)
        content.bands.append(.init())
        content.effective.append(-1)
        content.instruments.append(nil)
        content.leading.append(-1)
        hasNewWords = true
        for source in statements.indices { statements[source].append(-1) }
        merge.addedCount += 1
        return number
    }

    private mutating func number(ofSource name: String) -> Int {
        if let source = content.sources.firstIndex(of: name) { return source }
        content.sources.append(name)
        statements.append([Int32](repeating: -1, count: content.ids.count))
        return content.sources.count - 1
    }

    private func stated(_ number: Int32) -> [Int32] { statements.map { $0[Int(number)] } }

    /// Name and price band are the latest ones said, but for an overlay's, which stay.
    /// Returns whether the price band has changed.
    @discardableResult
    private mutating func take(_ row: InstrumentFields, number: Int) -> Bool {
        let fixed = overlay[Int32(number)]
        if let name = fixed?.name ?? row.name, name != content.names[number] {
            content.names[number] = name
            hasNewWords = true
        }
        let band = content.bands[number]
        content.bands[number].low = fixed?.priceLow ?? row.priceLow ?? band.low
        content.bands[number].high = fixed?.priceHigh ?? row.priceHigh ?? band.high
        return content.bands[number] != band
    }

    // MARK: What follows

    private mutating func resolve(_ number: Int32, merge: inout InstrumentMerge) {
        let index = Int(number)
        let stating = statements.indices.filter { statements[$0][index] >= 0 }
        let fixed = overlay[number]
        content.sourceTexts[number] = fixed?.source
        guard fixed != nil || !stating.isEmpty else {
            // Its figures stay, so that positions are valued and closed.
            content.reasons[number] = "no source lists it any more"
            rebuild(number)
            return
        }
        var leader = stating.first
        var acknowledged = false
        if let word = acknowledgements[number] {
            acknowledged = word.stated == stated(number)
            if acknowledged { leader = word.source } else { acknowledgements[number] = nil }
        }
        content.leading[index] = Int16(truncatingIfNeeded: leader ?? -1)
        if fixed == nil, stating.count == 1 {
            content.effective[index] = statements[stating[0]][index]
        } else {
            var terms = fixed.map { InstrumentTerms($0) }
            for source in [leader].compactMap(\.self) + stating {
                let stated = content.terms[statements[source][index]]
                if terms == nil { terms = stated } else { terms?.fill(from: stated) }
            }
            if let terms { content.effective[index] = content.terms.intern(terms) }
        }
        content.reasons[number] =
            acknowledged || stating.count < 2 ? nil : disagreement(index, among: stating, except: fixed)
        if content.reasons[number] != nil { merge.disagreements.append(content.ids[index]) }
        if content.reasons[number] == nil, content.terms[content.effective[index]].isTradable == false {
            content.reasons[number] = "its source says that it is not traded"
        }
        rebuild(number)
    }

    /// Makes the integers of an instrument from its figures; what cannot be made has a reason.
    private mutating func rebuild(_ number: Int32) {
        let index = Int(number)
        content.instruments[index] = nil
        guard content.effective[index] >= 0 else { return }
        if let missing = content.terms[content.effective[index]].missingField(
            of: InstrumentIDParts(content.ids[index]).kind)
        {
            content.reasons[number] = "\(missing) is missing: no source and no overlay says it"
            return
        }
        guard let record = InstrumentSnapshot.record(index, in: content) else { return }
        do throws(Instrument.Unusable) {
            content.instruments[index] = try Instrument(record, index: InstrumentIndex(number))
        } catch {
            content.reasons[number] = "\(error)"
        }
    }

    private func disagreement(_ index: Int, among stating: [Int], except fixed: InstrumentFields?) -> String? {
        let settled = fixed.map { InstrumentTerms($0) }
        for (field, text) in InstrumentTerms.compared where settled.flatMap(text) == nil {
            var said: [(source: String, value: String)] = []
            for source in stating {
                guard let value = text(content.terms[statements[source][index]]) else { continue }
                said.append((content.sources[source], value))
            }
            guard let first = said.first, let other = said.first(where: { $0.value != first.value }) else { continue }
            return
                "sources disagree on \(field): \(first.source) says \(first.value), \(other.source) says \(other.value)"
        }
        return nil
    }
}
