import Domain
import InstrumentKit
import Instruments
import Testing

@Suite("Instrument master")
struct InstrumentMasterTests {
    @Test("A uid is given once for ever, through refreshes and restarts", arguments: 0..<8)
    func uids(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        try withDirectory { directory in
            var given: [InstrumentID: Int64] = [:]
            for today in Int64(0)..<6 {
                let master = try InstrumentMaster(directory: directory, at: noon(today))
                for source in ["alpha", "beta"] where Bool.random(using: &random) {
                    let rows = Set((0..<30).map { _ in Int.random(in: 0..<40, using: &random) }).map {
                        row("US:EQ:S\($0)", alias: "S\($0)")
                    }
                    try master.take(rows, from: source, at: noon(today), chunk: Int.random(in: 1...20, using: &random))
                }
                for number in 0..<40 {
                    let known = id("US:EQ:S\(number)")
                    guard let identity = try master.identity(of: known) else { continue }
                    #expect(given[known, default: identity.uid] == identity.uid)
                    given[known] = identity.uid
                }
                #expect(Set(given.values).count == given.count)
                try master.close()
            }
        }
    }

    @Test("A tick table is as it was after a restart")
    func tickTables() throws {
        try withDirectory { directory in
            let banded = try TickTable("0:0.01 250:0.05")
            var (plain, listed) = (row("US:EQ:A"), row("US:EQ:B"))
            (listed.tickSize, listed.tickTable) = (nil, banded)
            plain.alias = "a"
            var master = try InstrumentMaster(directory: directory)
            try master.take([plain, listed], from: "alpha", at: noon(0))
            try master.close()
            master = try InstrumentMaster(directory: directory)
            let snapshot = master.table.snapshot
            #expect(snapshot.record(try master.index("US:EQ:B"))?.tickTable == banded)
            #expect(snapshot.record(try master.index("US:EQ:A"))?.tickSize == ExactDecimal("0.01"))
            #expect(snapshot.record(try master.index("US:EQ:A"))?.tickTable == nil)
            try master.close()
        }
    }

    @Test("Whatever the order and the calls in which a dump comes, the same is known", arguments: 0..<10)
    func order(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var rows = (0..<60).map { number in
            row("US:EQ:S\(number)", alias: "s\(number % 50)", token: "\(number % 55)", lot: number % 3 == 0 ? 10 : 1)
        }
        rows += rows.prefix(5)  // word for word again
        var other = rows[7]
        other.lotSize = 99
        rows.append(other)  // another row of the same id
        let first = InstrumentMaster()
        let merge = try first.take(rows, from: "alpha", at: noon(0))
        let second = InstrumentMaster()
        let shuffled = try second.take(
            rows.shuffled(using: &random), from: "alpha", at: noon(0), chunk: Int.random(in: 1...30, using: &random))
        #expect(merge.repeatedCount == 5 && merge.refusedCount == 2 && merge.rowCount == 59)
        #expect(
            (shuffled.rowCount, shuffled.refusedCount, shuffled.repeatedCount)
                == (merge.rowCount, merge.refusedCount, merge.repeatedCount))
        for number in 0..<60 {
            let text = "US:EQ:S\(number)"
            let (left, right) = (first.table.snapshot, second.table.snapshot)
            #expect(
                left.index(of: id(text)).flatMap { left.record($0) }
                    == right.index(of: id(text)).flatMap { right.record($0) })
            #expect(
                first.instrument(alias: "s\(number)", of: "alpha")?.id
                    == second.instrument(alias: "s\(number)", of: "alpha")?.id)
        }
    }

    @Test("A restart changes nothing of what is known, quarantines and words of persons included", arguments: 0..<8)
    func restart(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        try withDirectory { directory in
            let master = try InstrumentMaster(directory: directory)
            for today in Int64(0)..<3 {
                for source in ["alpha", "beta", "gamma"] {
                    let rows = (0..<30).filter { _ in Int.random(in: 0..<5, using: &random) > 0 }.map { number in
                        row(
                            "US:EQ:S\(number)", alias: "\(source)-\(number)", token: "\(number)",
                            lot: [1, 1, 1, 5][Int.random(in: 0..<4, using: &random)])
                    }
                    try master.take(rows, from: source, at: noon(today))
                }
            }
            for (id, quarantines) in master.table.snapshot.allQuarantines.prefix(3) {
                let wrong = try master.acknowledge(
                    id, believing: quarantines[0].source, by: "ada", reason: "read the circular", at: noon(3))
                #expect(wrong == nil)
            }
            let before = master.table.snapshot
            try master.close()
            let again = try InstrumentMaster(directory: directory, at: noon(3))
            let after = again.table.snapshot
            #expect(before.allQuarantines.map(\.quarantines) == after.allQuarantines.map(\.quarantines))
            #expect(before.allQuarantines.map(\.id) == after.allQuarantines.map(\.id))
            for number in 0..<30 {
                let known = id("US:EQ:S\(number)")
                guard let left = before.index(of: known) else { continue }
                let right = try again.index(known.text)
                #expect(before.record(left) == after.record(right))
                #expect(before.refusal(left) == after.refusal(right))
                for source in ["alpha", "beta", "gamma"] {
                    #expect(before.handle(left, for: source) == after.handle(right, for: source))
                    if let alias = before.handle(left, for: source)?.alias {
                        #expect(again.instrument(alias: alias, of: source)?.id == known)
                    }
                }
            }
            try again.close()
        }
    }

    @Test("An alias finds its instrument, today's before yesterday's, and never a guess", arguments: 0..<20)
    func aliases(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        try withDirectory { directory in
            var master = try InstrumentMaster(directory: directory)
            var last: [String: (day: Int64, ids: Set<InstrumentID>)] = [:]
            for today in Int64(0)..<4 {
                var rows: [InstrumentFields] = []
                for number in 0..<12 where Int.random(in: 0..<4, using: &random) > 0 {
                    let alias = "A\(Int.random(in: 0..<10, using: &random))"
                    rows.append(row("US:EQ:S\(number)", alias: alias, token: "\(number)"))
                }
                // Nothing is missing for long enough to look like a broken dump: there are fewer than a hundred.
                try master.take(rows, from: "alpha", at: noon(today))
                for row in rows {
                    guard let alias = row.alias else { continue }
                    if last[alias]?.day != today { last[alias] = (today, []) }
                    last[alias]?.ids.insert(row.id)
                }
                if Bool.random(using: &random) {
                    try master.close()
                    master = try InstrumentMaster(directory: directory, at: noon(today))
                }
                for (alias, holders) in last where holders.day == today {
                    let expected = holders.ids.count == 1 ? holders.ids.first : nil
                    #expect(master.instrument(alias: alias, of: "alpha")?.id == expected, "\(alias)")
                    #expect(master.instrument(alias: alias, of: "beta") == nil)
                }
                // A name of an earlier day leads to an instrument that had it, or nowhere.
                for alias in (0..<10).map({ "A\($0)" }) where last[alias]?.day != today {
                    guard let found = master.instrument(alias: alias, of: "alpha")?.id else { continue }
                    #expect(last[alias]?.ids.contains(found) == true, "\(alias)")
                }
            }
            try master.close()
        }
    }

    @Test("Yesterday's name is kept with the time at which it ended")
    func yesterday() throws {
        try withDirectory { directory in
            let master = try InstrumentMaster(directory: directory)
            try master.take([row("NSE:EQ:A", alias: "OLD", token: "1")], from: "alpha", at: noon(0))
            try master.take([row("NSE:EQ:A", alias: "NEW", token: "1")], from: "alpha", at: noon(2))
            #expect(try master.find("OLD", in: "alpha", at: noon(1)) == [id("NSE:EQ:A")])
            #expect(try master.find("OLD", in: "alpha", at: noon(3)).isEmpty)
            #expect(try master.find("NEW", in: "alpha", at: noon(1)).isEmpty)
            #expect(try master.find("NEW", in: "alpha", at: noon(3)) == [id("NSE:EQ:A")])
            let match = try #require(master.instrument(alias: "OLD", of: "alpha"))
            #expect(match.id == id("NSE:EQ:A") && match.handle.alias == "NEW")
            let past = try #require(try master.identity(of: id("NSE:EQ:A"))?.aliases.first { $0.text == "OLD" })
            #expect(past.validFrom == noon(0) && past.validTo == noon(2))
            try master.close()
        }
    }

    @Test(
        "A corporate rename keeps the uid; the old id leads to the new one and opens nothing",
        arguments: ["isin", "token"])
    func rename(evidence: String) throws {
        try withDirectory { directory in
            var master = try InstrumentMaster(directory: directory)
            let (isin, token) = evidence == "isin" ? ("INE009A01021", nil) : (nil, "408065")
            try master.take(
                [
                    row("NSE:EQ:OLDCO", alias: "OLDCO", token: token ?? "1", isin: isin),
                    row("NSE:EQ:X", alias: "X", token: "9"),
                ],
                from: "alpha", at: noon(0))
            let uid = try #require(try master.identity(of: id("NSE:EQ:OLDCO"))?.uid)
            let merge = try master.take(
                [
                    row("NSE:EQ:NEWCO", alias: "NEWCO", token: token ?? "2", isin: isin),
                    row("NSE:EQ:X", alias: "X", token: "9"),
                ],
                from: "alpha", at: noon(1))
            #expect(
                merge.renames.map(\.old) == [id("NSE:EQ:OLDCO")] && merge.renames.map(\.new) == [id("NSE:EQ:NEWCO")])
            for isAgain in [false, true] {
                if isAgain {
                    try master.close()
                    master = try InstrumentMaster(directory: directory, at: noon(2))
                }
                let held = master
                #expect(try held.identity(of: id("NSE:EQ:NEWCO"))?.uid == uid)
                let snapshot = held.table.snapshot
                let old = try held.index("NSE:EQ:OLDCO")
                #expect(snapshot.refusalKind(old) == .renamed)
                #expect(snapshot.successor(old) == id("NSE:EQ:NEWCO"))
                #expect(snapshot.handle(old, for: "alpha")?.alias == "NEWCO")
                #expect(held.instrument(alias: "NEWCO", of: "alpha")?.id == id("NSE:EQ:NEWCO"))
                #expect(try held.find("NSE:EQ:OLDCO", in: "sluice", at: noon(0)) == [id("NSE:EQ:NEWCO")])
            }
        }
    }

    @Test("A like name or a name that two share is no rename")
    func noRename() throws {
        let master = InstrumentMaster()
        try master.take(
            [
                row("NSE:EQ:A", isin: "INE009A01021"), row("NSE:EQ:B", isin: "INE009A01021"),
                row("NSE:EQ:C", token: "7"),
            ],
            from: "alpha", at: noon(0))
        let merge = try master.take(
            [row("NSE:EQ:D", isin: "INE009A01021"), row("NFO:FUT:C2:20261231", token: "7")], from: "alpha", at: noon(1))
        #expect(merge.renames.isEmpty && merge.withdrawnCount == 3)
    }

    @Test("A name that is given anew with another token, or a token under another ISIN, is another instrument")
    func nameGivenAnew() throws {
        let master = InstrumentMaster()
        try master.take(
            [row("NSE:EQ:A", alias: "A", token: "1"), row("NSE:EQ:B", token: "2", isin: "INE009A01021")], from: "alpha",
            at: noon(0))
        let merge = try master.take(
            [row("NSE:EQ:C", alias: "A", token: "3"), row("NSE:EQ:D", token: "2", isin: "INE002A01018")], from: "alpha",
            at: noon(1))
        #expect(merge.renames.isEmpty)
    }
}

@Suite("Dumps that are not in order")
struct BadDumpTests {
    private let market = (0..<300).map { row("US:EQ:S\($0)", alias: "S\($0)", token: "\($0)") }

    @Test("A dump that lost most of the market is taken for a broken one until a person accepts it")
    func shrunken() throws {
        let master = InstrumentMaster()
        try master.take(market, from: "alpha", at: noon(0))
        let version = master.table.snapshot.version
        let failure = #expect(throws: InstrumentMasterFailure.self) {
            try master.take(Array(market.prefix(120)), from: "alpha", at: noon(1))
        }
        #expect(failure?.description.contains("lacks 180 of 300 instruments") == true)
        #expect(master.table.snapshot.version == version)
        #expect(master.table.snapshot.refreshedAt("alpha") == noon(0))  // and so grows old
        #expect(master.statistics(at: noon(1)).sources.first?.isStaleForTrading == true)
        let merge = try master.take(Array(market.prefix(120)), from: "alpha", at: noon(1), accepts: true)
        #expect(merge.withdrawnCount == 180)
        // A smaller loss is a market's own doing.
        #expect(try master.take(Array(market.prefix(61)), from: "alpha", at: noon(2)).withdrawnCount == 59)
    }

    @Test("What has expired since is not missed")
    func expired() throws {
        let master = InstrumentMaster()
        let expiry = CivilDate(daysSinceEpoch: 20_500)
        let digits = expiry.description.filter { $0 != "-" }
        let chain = (1...200).map { row("NFO:OPT:NIFTY:\(digits):\($0):C") }
        try master.take(chain + market.prefix(50), from: "alpha", at: noon(0))
        #expect(try master.take(Array(market.prefix(50)), from: "alpha", at: noon(1)).withdrawnCount == 200)
    }

    @Test("An empty dump is no empty market")
    func empty() throws {
        let master = InstrumentMaster()
        try master.take([row("US:EQ:A")], from: "alpha", at: noon(0))
        #expect(throws: InstrumentMasterFailure.self) { try master.take([], from: "alpha", at: noon(1)) }
        #expect(throws: InstrumentMasterFailure.self) {
            try master.take([row("US:EQ:A", alias: "")], from: "alpha", at: noon(1))
        }
        #expect(master.table.snapshot.refusal(try master.index("US:EQ:A")) == nil)
    }

    @Test("One name for two instruments of a venue is refused for both, and what was known of them stands")
    func sharedNames() throws {
        let master = InstrumentMaster()
        try master.take(
            [row("NSE:EQ:A", alias: "A", token: "1"), row("NSE:EQ:B", alias: "B", token: "2")], from: "alpha",
            at: noon(0))
        let merge = try master.take(
            [
                row("NSE:EQ:A", alias: "X", token: "1"), row("NSE:EQ:B", alias: "X", token: "1"),
                row("NSE:EQ:C", alias: "C", token: "3"), row("BSE:EQ:C", alias: "C", token: "4"),
            ], from: "alpha", at: noon(1))
        #expect(
            merge.refusals.map(\.id) == ["NSE:EQ:A", "NSE:EQ:B"] && merge.refusals.allSatisfy { $0.field == "alias" })
        #expect(merge.withdrawnCount == 0 && merge.rowCount == 2)
        #expect(master.instrument(alias: "A", of: "alpha")?.id == id("NSE:EQ:A"))
        #expect(master.instrument(alias: "X", of: "alpha") == nil)
        // Two venues may use one name; by that name alone neither is found.
        #expect(master.instrument(alias: "C", of: "alpha") == nil)
        #expect(master.table.snapshot.handle(try master.index("BSE:EQ:C"), for: "alpha")?.brokerData == Array("4".utf8))
    }

    @Test("Text that repaints screens or turns writing is cleaned in names and refused in aliases")
    func hostileText() throws {
        let hostile = ["\u{1B}[2J", "a\nb", "a\u{202E}b", "\u{0}", "\u{9B}31m", "\u{2066}x", "\u{7F}"]
        let master = InstrumentMaster()
        for (number, text) in hostile.enumerated() {
            var named = row("US:EQ:N\(number)")
            named.name = text
            #expect(try master.take([named], from: "names-\(number)", at: noon(0)).cleanedCount == 1)
            let shown = master.table.snapshot.name(try master.index("US:EQ:N\(number)")) ?? ""
            #expect(
                shown.contains("\u{FFFD}") && !shown.unicodeScalars.contains { $0.value < 32 || $0.value == 0x202E })
            let merge = try master.take(
                [row("US:EQ:GOOD"), row("US:EQ:BAD\(number)", alias: text)], from: "aliases-\(number)", at: noon(0))
            #expect(merge.refusals.map(\.field) == ["alias"])
        }
    }

    @Test("Quotes, wildcards and words of SQL are text like any other")
    func sqlText() throws {
        try withDirectory { directory in
            let texts = [
                "'; DROP TABLE listing; --", "%", "_", "\"", "a|b", "\\", "NULL", "é\u{301}", "💥", "* OR NEAR(",
            ]
            var master = try InstrumentMaster(directory: directory)
            let rows = texts.enumerated().map { number, text in
                var made = row("US:EQ:T\(number)", alias: text, token: text)
                made.name = text
                return made
            }
            try master.take(rows, from: "alpha", at: noon(0))
            try master.close()
            master = try InstrumentMaster(directory: directory, at: noon(1))
            for (number, text) in texts.enumerated() {
                #expect(master.instrument(alias: text, of: "alpha")?.id == id("US:EQ:T\(number)"))
                #expect(try master.find(text, in: "alpha", at: noon(1)) == [id("US:EQ:T\(number)")])
                #expect(master.table.snapshot.name(try master.index("US:EQ:T\(number)")) == text)
                _ = master.search(text)
            }
            // No wildcard: what begins with it, by the adapter's name for it.
            #expect(master.search("%").found == [try master.index("US:EQ:T1")])
            #expect(master.search("drop").found.count == 1)
            try master.close()
        }
    }

    @Test(
        "A row with a wrong figure costs that instrument alone, and its field is named",
        arguments: ["tick", "lot_size", "price_low", "min", "expiry", "alias", "broker_data", "name"])
    func wrongRows(field: String) throws {
        var bad = row("NFO:FUT:X:20261231", alias: "x")
        switch field {
        case "tick": bad.tickSize = 0
        case "lot_size": bad.lotSize = -1
        case "price_low": (bad.priceLow, bad.priceHigh) = (2, 1)
        case "min": (bad.minimumQuantity, bad.maximumQuantity) = (2, 1)
        case "expiry": bad.expiry = CivilDate(compact: "20261230")
        case "alias": bad.alias = String(repeating: "x", count: 257)
        case "broker_data": bad.brokerData = [UInt8](repeating: 1, count: 257)
        default: bad.name = String(repeating: "x", count: 1_025)
        }
        let master = InstrumentMaster()
        try master.take([row("NFO:FUT:X:20261231", alias: "x"), row("US:EQ:A")], from: "alpha", at: noon(0))
        let merge = try master.take([bad, row("US:EQ:A")], from: "alpha", at: noon(1))
        #expect(merge.refusals.map(\.field) == [field] && merge.rowCount == 1 && merge.withdrawnCount == 0)
        #expect(master.instrument(alias: "x", of: "alpha")?.record?.lotSize == 1)
    }

    @Test("A dump beyond its bounds changes nothing")
    func bounds() throws {
        let master = InstrumentMaster()
        try master.take([row("US:EQ:A")], from: "alpha", at: noon(0))
        let version = master.table.snapshot.version
        let many = (0...InstrumentLoad.maximumRowsPerCall).map { row("US:EQ:S\($0)") }
        #expect(throws: InstrumentMasterFailure.self) {
            try master.take(many, from: "alpha", at: noon(1), chunk: many.count)
        }
        #expect(master.table.snapshot.version == version)
        #expect(master.statistics(at: noon(1)).sources.first?.last?.failure?.contains("at most 10000") == true)
    }
}

@Suite("Who is right, and for how long")
struct FreshnessTests {
    @Test("Of three adapters the odd one is quarantined, whichever it is", arguments: 0..<3)
    func oddOneOut(odd: Int) throws {
        let master = InstrumentMaster()
        for (number, source) in ["alpha", "beta", "gamma"].enumerated() {
            try master.take([row("US:EQ:A", lot: number == odd ? 7 : 1)], from: source, at: noon(0))
        }
        let snapshot = master.table.snapshot
        let found = snapshot.quarantines(try master.index("US:EQ:A"))
        #expect(found.map(\.source) == [["alpha", "beta", "gamma"][odd]])
        #expect(found.first?.stated == "7" && found.first?.inForce == "1")
    }

    @Test("Figures are of today's session from its beginning to the next", arguments: [0, 13_500, 86_399] as [Int64])
    func sessions(start: Int64) {
        var freshness = InstrumentFreshness()
        freshness.sessionStart = start
        let begin = Timestamp(nanoseconds: 20_500 * day + start * 1_000_000_000)
        #expect(freshness.session(at: begin) == begin)
        #expect(!freshness.isStaleForTrading(begin, at: begin.advanced(by: day - 1)))
        #expect(freshness.isStaleForTrading(begin, at: begin.advanced(by: day)))
        #expect(freshness.isStaleForTrading(begin.advanced(by: -1), at: begin))
        #expect(!freshness.isStaleForSearch(begin, at: begin.advanced(by: 7 * day)))
        #expect(freshness.isStaleForSearch(begin, at: begin.advanced(by: 7 * day + 1)))
    }

    @Test("A remembered answer is the answer, and is forgotten when instruments change", arguments: 0..<5)
    func searchCache(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let master = InstrumentMaster()
        for today in Int64(0)..<4 {
            let rows = (0..<80).map { row("US:EQ:R\(($0 * 7 + Int(today) * 31) % 97)") }
            try master.take(rows, from: "alpha", at: noon(today), accepts: true)
            for _ in 0..<40 {
                let query = "r\(Int.random(in: 0..<10, using: &random))"
                let (snapshot, found) = master.search(query)
                #expect(found == snapshot.search(query))
            }
        }
        let searches = master.statistics(at: noon(4)).searches
        #expect(searches.asked == 160 && searches.remembered >= 120 && searches.entries <= 10)
    }

    @Test("An ISIN has a check digit that fits")
    func isins() {
        for text in ["INE009A01021", "US0378331005", "INE002A01018"] { #expect(ISIN(text) != nil) }
        for text in ["INE009A01022", "US0378331006", "ine009a01021", "INE009A0102", "INE009A0102é", ""] {
            #expect(ISIN(text) == nil)
        }
    }
}
