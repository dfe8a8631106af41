extension Engine {
    /// Parts of the state that events rebuild in which two engines differ, by name; empty = the same state (V16).
    ///
    /// What is set from outside (limits, calendar, prices, funds, readiness) and what follows from it is not compared: it
    /// is not in the journal.
    package func differences(from other: borrowing Engine) -> [String] {
        var names: [String] = []
        func compare(_ name: String, _ isSame: Bool) { if !isSame { names.append(name) } }
        compare("accounts", accounts == other.accounts)
        compare("groups", groups == other.groups)
        compare("instruments", instruments == other.instruments)
        compare("adapters", adapters == other.adapters)
        compare("book", book.holdsSame(as: other.book))
        compare("runs", runs == other.runs)
        compare("tradingStates", tradingStates == other.tradingStates)
        compare("riskHistory", riskHistory == other.riskHistory)
        compare("nextClientSequence", nextClientSequence == other.nextClientSequence)
        compare("anomalies", anomalies == other.anomalies)
        compare("attribution", attribution.holdsSame(as: other.attribution))
        compare("duplicates", duplicates == other.duplicates)
        compare("overrides", overrides == other.overrides)
        compare(
            "squareOffs",
            squareOffs.active == other.squareOffs.active && squareOffs.nextID == other.squareOffs.nextID
                && squareOffs.ended.elementsEqual(other.squareOffs.ended) { $0 == $1 })
        compare("heartbeats", heartbeats == other.heartbeats)
        compare("selfTradeCancels", selfTradeCancels == other.selfTradeCancels)
        return names
    }
}
