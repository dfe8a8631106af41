import Domain

/// The state that events make, as bytes: equal states are equal bytes, whatever a dictionary's order is.
///
/// They serve twice. Hashed, they tell whether a replay of the journal comes to the state that a gateway had (V16). Read
/// back, they are a snapshot: a start from it and the records after it is a start from the whole journal.
///
/// What is set from outside (limits, calendar, prices, funds, readiness), and what follows from it alone (how full the
/// windows of message rates are among it, as limits say what windows there are), is not in the journal and not in here.
extension Engine {
    /// Counts layouts of these bytes: hashes and snapshots of another one say nothing.
    package static let stateLayout = 4

    package func stateBytes() -> [UInt8] {
        var writer = EventWriter(base: Timestamp(nanoseconds: 0), capacity: 1 << 16)
        writer.write(nextClientSequence)
        writer.write(anomalies)
        riskHistory.write(to: &writer)
        writeSetUp(&writer)
        // A decision that was not kept may leave a place for a position: an empty one is none, and their order is nothing.
        let positions = book.positions.filter {
            $0 != Position(account: $0.account, instrument: $0.instrument)
        }.sorted { ($0.account, $0.instrument) < ($1.account, $1.instrument) }
        writer.write(count: positions.count)
        for position in positions { position.write(to: &writer) }
        attribution.write(to: &writer)
        runs.write(to: &writer)
        duplicates.write(to: &writer)
        writeControl(&writer)
        return writer.bytes
    }

    private func writeSetUp(_ writer: inout EventWriter) {
        writer.write(count: adapters.count)
        for adapter in adapters { writer.write(adapter) }
        writer.write(count: accounts.count)
        for entry in accounts {
            writer.write(entry.account)
            writer.write(byte: entry.isRemoved ? 1 : 0)
            writer.write(entry.day)
            for number in [entry.dayOrders, entry.dayModifications, entry.dayCancels] { writer.write(number) }
            for mark in [entry.equityHigh, entry.sessionEquityHigh] { writer.write(optional: mark) }
            writer.write(byte: entry.isWarned ? 1 : 0)
            entry.trips.write(to: &writer)
        }
        writer.write(count: groups.count)
        for entry in groups {
            writer.write(entry.group)
            writer.write(byte: entry.isRemoved ? 1 : 0)
            writer.write(entry.members)
            writer.write(entry.rotation)
            let carry = entry.carry.sorted {
                ($0.key.underlying, $0.key.isClosing ? 1 : 0) < ($1.key.underlying, $1.key.isClosing ? 1 : 0)
            }
            writer.write(count: carry.count)
            for (key, remainders) in carry {
                writer.write(key.underlying)
                writer.write(byte: key.isClosing ? 1 : 0)
                writer.write(remainders)
            }
        }
        writer.write(count: instruments.count)
        for entry in instruments { writer.write(entry.record) }
    }

    private func writeControl(_ writer: inout EventWriter) {
        let states = tradingStates.values.sorted { $0.scope.description < $1.scope.description }
        writer.write(count: states.count)
        for state in states { writer.write(state) }
        overrides.write(to: &writer)
        squareOffs.write(to: &writer)
        let armed = heartbeats.values.sorted { $0.key < $1.key }
        writer.write(count: armed.count)
        for heartbeat in armed {
            writer.write(heartbeat.key)
            writer.write(heartbeat.person)
            writer.write(heartbeat.scope)
            writer.write(heartbeat.ttl)
            writer.write(heartbeat.at)
        }
        writer.write(count: selfTradeCancels.count)
        for place in selfTradeCancels { writer.write(place) }
    }
}
