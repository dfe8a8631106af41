package import Domain

/// Where a leg stands, for people: derived from its orders (INTERFACES.md §6).
package enum LegStatus: UInt8, Hashable, Sendable {
    case reserved = 1
    case held, sent, working, pendingCancel, pendingReplace, partiallyFilled, filled, canceled, refused, rejected,
        notSent
    case unknown, canceledLocally, expired

    package var rawName: String {
        switch self {
        case .reserved: "RESERVED"
        case .held: "HELD"
        case .sent: "SENT"
        case .working: "WORKING"
        case .pendingCancel: "PENDING_CANCEL"
        case .pendingReplace: "PENDING_REPLACE"
        case .partiallyFilled: "PARTIALLY_FILLED"
        case .filled: "FILLED"
        case .canceled: "CANCELED"
        case .refused: "REFUSED"
        case .rejected: "REJECTED"
        case .notSent: "NOT_SENT"
        case .unknown: "UNKNOWN"
        case .canceledLocally: "CANCELED_LOCALLY"
        case .expired: "EXPIRED"
        }
    }

    package var isTerminal: Bool {
        switch self {
        case .filled, .canceled, .refused, .rejected, .notSent, .canceledLocally, .expired: true
        default: false
        }
    }

    init(_ status: OrderStatus) {
        self =
            switch status {
            case .reserved: .reserved
            case .held: .held
            case .sent: .sent
            case .working: .working
            case .pendingCancel: .pendingCancel
            case .pendingReplace: .pendingReplace
            case .partiallyFilled: .partiallyFilled
            case .filled: .filled
            case .canceled: .canceled
            case .rejected: .rejected
            case .notSent: .notSent
            case .unknown: .unknown
            case .canceledLocally: .canceledLocally
            case .expired: .expired
            }
    }
}

/// Where a run stands (INTERFACES.md §6).
package enum RunStatus: UInt8, Hashable, Sendable, CaseIterable {
    case admitted = 1
    case working, done, partial, refused, needsReconcile, canceled

    package var rawName: String {
        switch self {
        case .admitted: "ADMITTED"
        case .working: "WORKING"
        case .done: "DONE"
        case .partial: "PARTIAL"
        case .refused: "REFUSED"
        case .needsReconcile: "NEEDS_RECONCILE"
        case .canceled: "CANCELED"
        }
    }

    package var isTerminal: Bool {
        switch self {
        case .done, .partial, .refused, .canceled: true
        default: false
        }
    }
}

/// The instants a leg passes (INTERFACES.md §6), wall time in nanoseconds; 0 = not reached.
package struct StageTimes: Hashable, Sendable {
    package internal(set) var durable: Int64 = 0
    package internal(set) var queued: Int64 = 0
    package internal(set) var dispatched: Int64 = 0
    package internal(set) var written: Int64 = 0
    package internal(set) var firstByte: Int64 = 0
    package internal(set) var acknowledged: Int64 = 0
    package internal(set) var firstFill: Int64 = 0
    package internal(set) var done: Int64 = 0
}

/// What became of one account's share of a parent order; what it is stands at the same place of `Run.admission.legs`.
package struct Leg: Hashable, Sendable {
    /// Its orders within `Run.orders`.
    package let firstOrder: Int32
    package let orderCount: Int32
    package internal(set) var times = StageTimes()
    /// A fact contradicted what was known: a fill after the end, more filled than ordered.
    package internal(set) var hasAnomaly = false
    /// Why orders of it were withdrawn before sending.
    package internal(set) var localCancel: LocalCancelReason?

    package var orders: Range<Int> { Int(firstOrder)..<Int(firstOrder + orderCount) }
}

/// What a run was admitted with, made once and shared: of what is kept of a run it is the larger part, and never changes.
private final class SharedAdmission: Hashable, Sendable {
    let value: RunAdmission

    init(_ value: RunAdmission) { self.value = value }

    static func == (left: SharedAdmission, right: SharedAdmission) -> Bool {
        left === right || left.value == right.value
    }

    func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

/// One fan-out with everything that became of it. A copy costs a few words: each report of an order looks at its run.
package struct Run: Hashable, Sendable {
    private let shared: SharedAdmission
    /// Lent, not copied, to whoever looks at a part of it.
    package var admission: RunAdmission { _read { yield shared.value } }
    package internal(set) var legs: [Leg]
    package internal(set) var orders: [Order]
    /// Legs that are not at their end.
    package internal(set) var liveLegs: Int32
    package internal(set) var isCancelRequested = false
    /// Sequence of the newest event about it, for `updated_at` and eviction.
    package internal(set) var updatedAt: Timestamp
    package internal(set) var doneAt: Timestamp?

    package var id: RunID { admission.run }

    init(_ admission: RunAdmission) {
        shared = SharedAdmission(admission)
        updatedAt = admission.admittedAt
        legs = []
        orders = []
        legs.reserveCapacity(admission.legs.count)
        var sequence = admission.firstClientSequence
        orders.reserveCapacity(admission.legs.count)
        liveLegs = 0
        let (timeInForce, disclosed) = (admission.order.timeInForce, Boxed(admission.order.disclosedQuantity))
        for index in admission.legs.indices {
            let count = admission.legs[index].slices.count
            legs.append(
                Leg(firstOrder: Int32(orders.count), orderCount: Int32(count)))
            for slice in 0..<count {
                orders.append(
                    Order(
                        legIndex: Int32(index), clientSequence: sequence,
                        quantity: admission.legs[index].slices[slice], limitPrice: admission.legs[index].limitPrice,
                        stopPrice: admission.legs[index].stopPrice, orderType: admission.legs[index].orderType,
                        timeInForce: timeInForce, disclosed: disclosed,
                        isHeld: admission.legs[index].heldUntil != nil))
                sequence += 1
            }
            // Nothing of an order has ended before it is sent.
            if count > 0 { liveLegs += 1 }
        }
        if liveLegs == 0 { doneAt = admission.admittedAt }
    }

    /// What the leg of an order is.
    @inline(__always)
    package func admission(of order: Order) -> LegAdmission { admission.legs[Int(order.legIndex)] }

    /// Number of the instrument of an order.
    @inline(__always)
    package func instrument(of order: Order) -> Int32 { admission.instrument(ofLeg: Int(order.legIndex)) }

    /// What a leg may need of margin: as it was admitted, and as modifies asked for more since.
    func margin(ofLeg index: Int) -> Int64 {
        orders[legs[index].orders].reduce(admission.legs[index].margin) { saturatingSum($0, $1.addedMargin) }
    }

    package func legStatus(_ index: Int) -> LegStatus {
        let count = legs[index].orderCount
        guard count > 0 else { return .refused }
        if count == 1 { return LegStatus(orders[Int(legs[index].firstOrder)].status) }
        return combined(orders[legs[index].orders])
    }

    /// One word for several slices: what needs attention first, then what is live, then how it ended.
    private func combined(_ slices: ArraySlice<Order>) -> LegStatus {
        func any(_ status: OrderStatus) -> Bool { slices.contains { $0.status == status } }
        if any(.unknown) { return .unknown }
        if slices.contains(where: { !$0.status.isTerminal }) {
            if slices.contains(where: { $0.cumulativeQuantity > 0 }) { return .partiallyFilled }
            for status in [OrderStatus.pendingCancel, .pendingReplace, .working, .sent, .reserved, .held]
            where any(status) {
                return LegStatus(status)
            }
        }
        if slices.allSatisfy({ $0.status == .filled }) { return .filled }
        for status in [OrderStatus.canceled, .expired, .rejected, .canceledLocally, .notSent] where any(status) {
            return LegStatus(status)
        }
        return .filled
    }

    package func cumulativeQuantity(_ leg: Int) -> Int64 {
        legs[leg].orders.reduce(0) { $0 + orders[$1].cumulativeQuantity }
    }
    package func canceledQuantity(_ leg: Int) -> Int64 {
        legs[leg].orders.reduce(0) { $0 + orders[$1].canceledQuantity }
    }
    package func overfilledQuantity(_ leg: Int) -> Int64 {
        legs[leg].orders.reduce(0) { $0 + orders[$1].overfilledQuantity }
    }
    package func executedValue(_ leg: Int) -> Int128 { legs[leg].orders.reduce(0) { $0 + orders[$1].executedValue } }

    package var status: RunStatus {
        if orders.isEmpty { return .refused }
        if orders.contains(where: { $0.status == .unknown }) { return .needsReconcile }
        if liveLegs > 0 {
            return orders.allSatisfy({ $0.status == .reserved || $0.status == .held }) ? .admitted : .working
        }
        let filled = orders.reduce(Int128(0)) {
            $0 + Int128($1.cumulativeQuantity) * Int128(admission.unitsPerStep(ofLeg: Int($1.legIndex)))
        }
        let allocated = admission.requestedQuantity - admission.unallocatedQuantity
        if filled >= Int128(allocated) * Int128(admission.unitsPerStep) { return .done }
        return isCancelRequested && filled == 0 ? .canceled : .partial
    }
}

// MARK: - As bytes

extension Run {
    func write(to writer: inout EventWriter) {
        writer.write(admission)
        writer.write(byte: isCancelRequested ? 1 : 0)
        writer.write(liveLegs)
        writer.write(updatedAt)
        writer.write(optional: doneAt?.nanoseconds)
        for leg in legs {
            let times = leg.times
            for instant in [
                times.durable, times.queued, times.dispatched, times.written, times.firstByte, times.acknowledged,
                times.firstFill, times.done,
            ] { writer.write(instant) }
            writer.write(byte: leg.hasAnomaly ? 1 : 0)
            writer.write(byte: leg.localCancel?.rawValue ?? 0)
        }
        for order in orders { order.write(to: &writer) }
    }

    init(_ reader: inout EventReader) throws(EventCodingError) {
        self.init(try reader.readRunAdmission())
        isCancelRequested = try reader.readBool()
        liveLegs = try reader.readInt32()
        updatedAt = try reader.readTime()
        doneAt = try reader.readOptionalNumber().map(Timestamp.init(nanoseconds:))
        for index in legs.indices {
            legs[index].times.durable = try reader.readSigned()
            legs[index].times.queued = try reader.readSigned()
            legs[index].times.dispatched = try reader.readSigned()
            legs[index].times.written = try reader.readSigned()
            legs[index].times.firstByte = try reader.readSigned()
            legs[index].times.acknowledged = try reader.readSigned()
            legs[index].times.firstFill = try reader.readSigned()
            legs[index].times.done = try reader.readSigned()
            legs[index].hasAnomaly = try reader.readBool()
            legs[index].localCancel = try reader.read { code -> LocalCancelReason?? in
                code == 0 ? .some(nil) : LocalCancelReason(rawValue: code).map { .some($0) }
            }
        }
        for index in orders.indices { orders[index] = try Order(&reader, legIndex: orders[index].legIndex) }
    }
}
