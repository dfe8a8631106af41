package import Domain

/// What must hold of every state (RELIABILITY.md §2), as far as the engine alone can be judged by it.
extension Engine {
    /// V2 of one run: of every order, filled, live and canceled quantities are never negative and make up what was
    /// ordered. `nil` where it holds or the run is not in memory.
    package func quantityFlaw(of id: RunID) -> String? {
        runs.look(id) { run in
            for (index, order) in run.orders.enumerated() {
                let (filled, live, canceled) = (order.cumulativeQuantity, order.leavesQuantity, order.canceledQuantity)
                guard filled >= 0, live >= 0, canceled >= 0, order.overfilledQuantity >= 0,
                    filled + live + canceled == order.quantity
                else {
                    return
                        "V2: order \(index) of run \(id): \(filled) filled, \(live) live and \(canceled) canceled of "
                        + "\(order.quantity)"
                }
            }
            return nil
        } ?? nil
    }

    /// V4: what the books reserve is the sum of what live orders leave, by account, instrument and side, and so is the
    /// number of live orders. One sentence a position that does not fit.
    package func reservationFlaws() -> [String] {
        struct Sum: Equatable {
            var (buy, sell, orders) = (Int64(0), Int64(0), Int32(0))
        }
        var expected: [Int64: Sum] = [:]
        func key(_ account: Int32, _ instrument: Int32) -> Int64 { Int64(account) << 32 | Int64(instrument) }
        runs.forEachLive { run in
            for order in run.orders where !order.status.isTerminal {
                let leg = run.admission(of: order)
                let place = key(leg.account, run.instrument(of: order))
                switch leg.side {
                case .buy: expected[place, default: Sum()].buy += order.reservedQuantity
                case .sell: expected[place, default: Sum()].sell += order.reservedQuantity
                }
                expected[place, default: Sum()].orders += 1
            }
        }
        var flaws: [String] = []
        for position in book.positions {
            let place = key(position.account, position.instrument)
            let held = Sum(buy: position.openBuy, sell: position.openSell, orders: position.openOrders)
            let wanted = expected.removeValue(forKey: place) ?? Sum()
            guard held != wanted else { continue }
            flaws.append(
                "V4: account \(accounts[Int(position.account)].account.id) in \(instruments[Int(position.instrument)].id) "
                    + "reserves \(held.buy) to buy and \(held.sell) to sell for \(held.orders) orders; its live orders "
                    + "are \(wanted.orders), for \(wanted.buy) and \(wanted.sell)")
        }
        for place in expected.keys.sorted() {
            flaws.append(
                "V4: account \(accounts[Int(place >> 32)].account.id) reserves nothing for its live orders")
        }
        return flaws
    }
}

extension RunAdmission {
    /// V1 and V3: legs make up what was allocated, slices what a leg orders. `nil` where it holds.
    package var shareFlaw: String? {
        let allocated = legs.indices.reduce(Int128(0)) {
            $0 + Int128(legs[$1].allocatedQuantity) * Int128(unitsPerStep(ofLeg: $1))
        }
        if allocated != (Int128(requestedQuantity) - Int128(unallocatedQuantity)) * Int128(unitsPerStep) {
            return
                "V1: run \(run) allocates \(allocated) of \(requestedQuantity), \(unallocatedQuantity) of them left over"
        }
        for (index, leg) in legs.enumerated() {
            let sliced = leg.slices.reduce(Int128(0)) { $0 + Int128($1) }
            if sliced != Int128(leg.orderedQuantity) {
                return "V3: leg \(index) of run \(run) orders \(leg.orderedQuantity), its slices \(sliced)"
            }
        }
        return nil
    }
}
