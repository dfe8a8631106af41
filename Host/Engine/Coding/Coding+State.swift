import Domain

/// The state that events make, as bytes: equal states are equal bytes, whatever a dictionary's order is.
///
/// They are hashed, not read back: a gateway that stops notes the hash of what it has come to, and whoever replays the
/// journal must come to the same (V16).
extension Engine {
    /// Counts layouts of these bytes: hashes of another one say nothing.
    package static let stateLayout = 1

    package func stateBytes() -> [UInt8] {
        var writer = EventWriter(base: Timestamp(nanoseconds: 0), capacity: 1 << 16)
        writer.write(nextClientSequence)
        writer.write(anomalies)
        writer.write(runs.lastRun)
        writer.write(riskHistory.current)
        writer.write(riskHistory.document)
        writeSetUp(&writer)
        // A decision that was not kept may leave a place for a position: an empty one is none, and their order is nothing.
        let positions = book.positions.filter {
            $0 != Position(account: $0.account, instrument: $0.instrument)
        }.sorted { ($0.account, $0.instrument) < ($1.account, $1.instrument) }
        writer.write(count: positions.count)
        for position in positions { writer.write(position) }
        let all = runs.all
        writer.write(count: all.count)
        for run in all { writer.write(run) }
        writeControl(&writer)
        return writer.bytes
    }

    private func writeSetUp(_ writer: inout EventWriter) {
        writer.write(count: accounts.count)
        for entry in accounts {
            writer.write(entry.account)
            writer.write(byte: entry.isRemoved ? 1 : 0)
            writer.write(entry.day)
            for number in [entry.dayOrders, entry.dayModifications, entry.dayCancels] { writer.write(number) }
            for mark in [entry.equityHigh, entry.sessionEquityHigh] { writer.write(optional: mark) }
            writer.write(byte: entry.isWarned ? 1 : 0)
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
        writer.write(count: overrides.entries.count)
        for entry in overrides.entries {
            writer.write(entry.override)
            writer.write(entry.uses)
            writer.write(byte: entry.revoked == nil ? 0 : 1)
        }
        writer.write(squareOffs.nextID)
        writer.write(squareOffs.active.map(\.id))
        writer.write(squareOffs.ended.map(\.squareOff.id))
        let armed = heartbeats.keys.sorted()
        writer.write(count: armed.count)
        for key in armed { writer.write(key) }
    }
}

extension EventWriter {
    fileprivate mutating func write(optional number: Int64?) {
        write(byte: number == nil ? 0 : 1)
        write(number ?? 0)
    }

    fileprivate mutating func write(_ position: Position) {
        for number in [position.account, position.instrument, position.openOrders, position.unknownOrders] {
            write(number)
        }
        for number in [position.dayOrders, position.dayModifications, position.dayCancels] { write(number) }
        for number in [
            position.quantity, position.openBuy, position.openSell, position.fees, position.dayFees,
            position.dayOpenQuantity, position.dayTraded, position.openDeliverySell, position.deliverySold,
        ] { write(number) }
        for number in [position.entryValue, position.realisedValue, position.dayCash, position.tripValue] {
            write(number)
        }
        write(optional: position.dayOpenMark)
        write(position.tripFees)
        write(byte: position.productCode)
    }

    fileprivate mutating func write(_ run: Run) {
        write(run.admission)
        write(byte: run.isCancelRequested ? 1 : 0)
        write(run.liveLegs)
        write(run.updatedAt)
        write(optional: run.doneAt?.nanoseconds)
        for leg in run.legs {
            let times = leg.times
            for instant in [
                times.durable, times.queued, times.dispatched, times.written, times.firstByte, times.acknowledged,
                times.firstFill, times.done,
            ] { write(instant) }
            write(byte: leg.hasAnomaly ? 1 : 0)
            write(byte: leg.localCancel?.rawValue ?? 0)
        }
        for order in run.orders { write(order) }
    }

    fileprivate mutating func write(_ order: Order) {
        write(order.clientSequence)
        for number in [
            order.quantity, order.limitPrice, order.stopPrice, order.cumulativeQuantity, order.overfilledQuantity,
            order.reservedQuantity,
        ] { write(number) }
        write(byte: order.status.rawValue)
        write(order.executedValue)
        write(order.brokerOrderID ?? "")
        write(order.exchangeOrderID ?? "")
        write(order.adapterState)
        write(order.modifications)
        write(byte: order.ending?.status.rawValue ?? 0)
        write(order.ending?.cumulativeHint ?? 0)
        write(byte: order.isAtBroker ? 1 : 0)
    }
}
