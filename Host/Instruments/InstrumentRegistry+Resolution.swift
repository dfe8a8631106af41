import Domain

/// What follows of what sources say: the figures in force, and who deviates from them.
extension InstrumentRegistry {
    mutating func resolve(_ number: Int32, merge: inout InstrumentMerge) {
        let index = Int(number)
        let stating = statements.indices.filter { statements[$0][index] >= 0 }
        let fixed = overlay[number]
        content.sourceTexts[number] = fixed?.source
        content.quarantines[number] = nil
        guard fixed != nil || !stating.isEmpty else {
            // Its figures stay, so that positions are valued and closed.
            content.reasons[number] = withdrawal(number)
            rebuild(number)
            return
        }
        content.successors[number] = nil
        content.reasons[number] = nil
        let word = acknowledged(number)
        let leader = word ?? leader(index, among: stating, except: fixed.map { InstrumentTerms($0) })
        content.leading[index] = Int16(truncatingIfNeeded: leader ?? -1)
        if fixed == nil, stating.count == 1 {
            content.effective[index] = statements[stating[0]][index]
        } else {
            var terms = fixed.map { InstrumentTerms($0) }
            for source in [leader].compactMap(\.self) + byName(stating) {
                let stated = content.terms[statements[source][index]]
                if terms == nil { terms = stated } else { terms?.fill(from: stated) }
            }
            if let terms { content.effective[index] = content.terms.intern(terms) }
        }
        if word == nil, stating.count > 1 {
            let odd = quarantines(index, among: stating, except: fixed.map { InstrumentTerms($0) })
            if !odd.isEmpty {
                content.quarantines[number] = odd
                merge.disagreements.append(content.ids[index])
            }
        }
        if InstrumentIDParts(content.ids[index]).kind == .index {
            content.reasons[number] = InstrumentRefusal(
                kind: .notTraded, text: "an index is not traded, what is derived from it is")
        } else if content.terms[content.effective[index]].isTradable == false {
            content.reasons[number] = InstrumentRefusal(
                kind: .notTraded, text: "its source says that it is not traded")
        }
        rebuild(number)
    }

    /// Why a dump is taken for a broken one: what it lacks of what the source listed and has not expired. `nil` = it is not.
    func shrinkage(_ content: InstrumentLoad.Content, of name: String, at now: Timestamp) -> String? {
        guard let source = self.content.sources.firstIndex(of: name) else { return nil }
        let today = CivilDate(daysSinceEpoch: now.nanoseconds / 86_400_000_000_000)
        let present = numbers(of: content.rows)
        var (expected, missing) = (0, 0)
        for (number, terms) in statements[source].enumerated() where terms >= 0 {
            let id = self.content.ids[number]
            if let expiry = id.expiry, expiry < today { continue }
            expected += 1
            if !present.contains(number), !content.refused.contains(id) { missing += 1 }
        }
        guard missing >= 100, missing > expected / 2 else { return nil }
        return
            "the dump lacks \(missing) of \(expected) instruments that were listed and have not expired: it is taken for "
            + "a broken one until a person accepts it"
    }

    /// The instruments that are known of those that rows are of.
    private func numbers(of rows: InstrumentRows) -> Bits {
        var numbers = Bits(count: content.ids.count)
        for row in rows.order {
            if let number = content.numbers[rows.id(row)] { numbers.insert(Int(number)) }
        }
        return numbers
    }

    /// What a listing lacks and what a row of it that could not be read may be: it stays listed.
    ///
    /// A row that carries a known name is the instrument of that name. One whose name and broker data are both new is a
    /// new instrument. Any other may be any, and then only what is told apart is withdrawn: what has expired, what goes
    /// by another id now, and what has given its name to another.
    func kept(
        _ content: InstrumentLoad.Content, of name: String, renames: [InstrumentRename], at now: Timestamp
    ) -> Set<InstrumentID> {
        guard !content.unreadable.isEmpty, let source = self.content.sources.firstIndex(of: name) else { return [] }
        var present = numbers(of: content.rows)
        for id in content.refused.union(renames.map(\.old)) {
            if let number = self.content.numbers[id] { present.insert(Int(number)) }
        }
        let aliases = content.rows.aliasIndex
        let lines = content.unreadable
        let (named, numbered) = (Set(lines.compactMap(\.alias)), Set(lines.compactMap(\.brokerData)))
        var (knownNames, knownNumbers): (Set<String>, Set<[UInt8]>) = ([], [])
        var (kept, others): (Set<InstrumentID>, [InstrumentID]) = ([], [])
        let today = CivilDate(daysSinceEpoch: now.nanoseconds / 86_400_000_000_000)
        for (number, terms) in statements[source].enumerated() where terms >= 0 {
            let (id, handle) = (self.content.ids[number], self.content.handles[source][number])
            let hasName = handle?.alias.map { named.contains($0) } ?? false
            let hasNumber = handle?.brokerData.map { numbered.contains($0) } ?? false
            if hasName, let alias = handle?.alias { knownNames.insert(alias) }
            if hasNumber, let data = handle?.brokerData { knownNumbers.insert(data) }
            guard !present.contains(number) else { continue }
            if hasName || hasNumber {
                kept.insert(id)
            } else if id.expiry.map({ $0 >= today }) ?? true,
                handle?.alias.map({ aliases.match($0, in: content.rows.aliases) == .unknown }) ?? true
            {
                others.append(id)
            }
        }
        let mayBeAny = lines.contains { line in
            let isKnown =
                line.alias.map { knownNames.contains($0) } ?? false
                || line.brokerData.map { knownNumbers.contains($0) } ?? false
            return !isKnown && (line.alias == nil || line.brokerData == nil)
        }
        return mayBeAny ? kept.union(others) : kept
    }

    private func withdrawal(_ number: Int32) -> InstrumentRefusal {
        if let successor = content.successors[number] {
            return InstrumentRefusal(kind: .renamed, text: "it is \(content.ids[Int(successor)]) now")
        }
        return InstrumentRefusal(kind: .withdrawn, text: "no source lists it any more")
    }

    /// Makes the integers of an instrument from its figures; what cannot be made has a reason.
    private mutating func rebuild(_ number: Int32) {
        let index = Int(number)
        content.forms[index] = -1
        let effective = content.effective[index]
        guard effective >= 0 else { return }
        let (parts, terms) = (InstrumentIDParts(content.ids[index]), content.terms[effective])
        if let missing = terms.missingField(of: parts.kind) {
            content.reasons[number] = InstrumentRefusal(
                kind: .missingField, text: "\(missing) is missing: no source and no overlay says it", field: missing)
            return
        }
        let key = InstrumentForms.Key(
            terms: effective, kind: parts.kind, expiry: terms.expiry ?? parts.expiry)
        let band = content.bands[index]
        do throws(Instrument.Unusable) {
            let form: Int32
            if let known = content.formTable.number(key) {
                form = known
            } else {
                guard var record = InstrumentSnapshot.record(index, in: content) else { return }
                (record.priceLow, record.priceHigh) = (nil, nil)
                form = content.formTable.add(try Instrument(record, index: InstrumentIndex(number)), key)
            }
            _ = try content.formTable[form].placed(
                at: InstrumentIndex(number), priceLow: band.low, priceHigh: band.high)
            content.forms[index] = form
        } catch {
            content.reasons[number] = InstrumentRefusal(kind: .unusable, text: "\(error)")
        }
    }

    private func byName(_ sources: [Int]) -> [Int] { sources.sorted { content.sources[$0] < content.sources[$1] } }

    /// Whose figures stand: of the sources that say what most say of every field, the one that stood before, else the first
    /// by name. So one adapter that errs changes nothing, and of two the newcomer is the odd one.
    private func leader(_ index: Int, among stating: [Int], except settled: InstrumentTerms?) -> Int? {
        let before = Int(content.leading[index])
        let ordered = byName(stating).sorted { ($0 == before ? 0 : 1) < ($1 == before ? 0 : 1) }
        guard ordered.count > 1, Set(stating.map { statements[$0][index] }).count > 1 else { return ordered.first }
        var odd = Set<Int>()
        for (_, text) in InstrumentTerms.compared where settled.flatMap(text) == nil {
            var holders: [String: [Int]] = [:]
            var values: [String] = []
            for source in ordered {
                guard let value = text(content.terms[statements[source][index]]) else { continue }
                if holders[value] == nil { values.append(value) }
                holders[value, default: []].append(source)
            }
            // The first of the largest: values stand in the order of their first holders.
            guard let most = values.map({ holders[$0]?.count ?? 0 }).max(),
                let common = values.first(where: { holders[$0]?.count == most })
            else { continue }
            for value in values where value != common { odd.formUnion(holders[value] ?? []) }
        }
        return ordered.first { !odd.contains($0) } ?? ordered.first
    }

    private func quarantines(
        _ index: Int, among stating: [Int], except settled: InstrumentTerms?
    ) -> [InstrumentQuarantine] {
        let inForce = content.terms[content.effective[index]]
        return byName(stating).compactMap { source in
            let stated = content.terms[statements[source][index]]
            for (field, text) in InstrumentTerms.compared where settled.flatMap(text) == nil {
                guard let theirs = text(stated), let ours = text(inForce), theirs != ours else { continue }
                return InstrumentQuarantine(
                    source: content.sources[source], field: field, stated: theirs, inForce: ours)
            }
            return nil
        }
    }
}
