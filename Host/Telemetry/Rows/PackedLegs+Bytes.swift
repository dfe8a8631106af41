import Domain

/// Writes the bytes of `PackedLegs`.
struct PackWriter {
    private(set) var bytes: [UInt8] = []
    /// Reused for what must know its length first.
    private var scratch: [UInt8] = []

    init(reserving capacity: Int) { bytes.reserveCapacity(capacity) }

    mutating func byte(_ value: UInt8) { bytes.append(value) }

    /// Seven bits a byte, the lowest first; the highest bit says that more follow.
    mutating func number(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    /// The sign in the lowest bit, so that small numbers are short.
    mutating func signed(_ value: Int64) { number(Self.zigzag(value)) }

    /// 0 = absent.
    mutating func optional(_ value: Int64?) {
        number(value.map { Self.zigzag(max($0, .min + 1)) + 1 } ?? 0)
    }

    private static func zigzag(_ value: Int64) -> UInt64 { UInt64(bitPattern: value << 1 ^ value >> 63) }

    mutating func text(_ value: String?) {
        guard var value else { return byte(0) }
        value.withUTF8 { utf8 in
            number(UInt64(utf8.count) + 1)
            bytes.append(contentsOf: utf8)
        }
    }

    mutating func decimal(_ value: ExactDecimal?) {
        guard let value else { return byte(0) }
        scratch.removeAll(keepingCapacity: true)
        value.write(to: &scratch)
        number(UInt64(scratch.count) + 1)
        bytes.append(contentsOf: scratch)
    }

    mutating func leg(_ leg: LegTiming) {
        number(UInt64(leg.leg.index))
        text(leg.account.rawValue)
        text(leg.adapter.rawValue)
        byte(leg.side.rawValue)
        text(leg.order.orderType?.rawName)
        text(leg.status)
        text(leg.reject?.code)
        text(leg.reject?.control)
        text(leg.reject?.message)
        text(leg.reject?.brokerCode)
        text(leg.reject?.brokerText)
        decimal(leg.order.limitPrice)
        decimal(leg.order.stopPrice)
        text(leg.order.clientOrderID)
        text(leg.order.brokerOrderID)
        signed(leg.order.slices)
        decimal(leg.allocatedQuantity)
        decimal(leg.orderedQuantity)
        decimal(leg.cumulativeQuantity)
        decimal(leg.order.canceledQuantity)
        decimal(leg.order.overfilledQuantity)
        decimal(leg.averagePrice)
        decimal(leg.slippage)
        decimal(leg.slippageCost)
        byte(leg.order.hasAnomaly ? 1 : 0)
        let received = leg.times[.received]
        for stage in Stage.allCases.dropFirst(2) {
            let instant = leg.times[stage]
            optional(instant == 0 ? nil : instant &- received)
        }
        optional(leg.adapterTime)
        optional(leg.wireTime)
        optional(leg.networkTime)
        optional(leg.brokerTime)
        retries(leg.retries)
        optional(leg.sendRank)
        signed(leg.weight)
        waits(leg.waits)
    }

    /// 0 = not seen, else one more than their sum; where there are any, each kind behind it.
    private mutating func retries(_ retries: LegTiming.Retries?) {
        optional(retries?.total)
        guard let retries, retries.total != 0 else { return }
        for count in [retries.cancels, retries.modifies, retries.lookUps] { signed(count) }
    }

    private mutating func waits(_ waits: [LegTiming.Wait]) {
        guard !waits.isEmpty else { return byte(0) }
        var inner = PackWriter(reserving: 64)
        inner.number(UInt64(waits.count))
        for wait in waits {
            inner.byte(wait.reason.rawValue)
            inner.signed(wait.duration)
        }
        number(UInt64(inner.bytes.count) + 1)
        bytes.append(contentsOf: inner.bytes)
    }
}

/// Reads them. What lies outside the bytes is 0 or absent, and `isDamaged` says so.
struct PackReader {
    private let bytes: UnsafeRawBufferPointer
    private var place = 0
    private(set) var isDamaged = false

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    @inline(__always)
    mutating func byte() -> UInt8 {
        guard place < bytes.count else {
            isDamaged = true
            return 0
        }
        defer { place += 1 }
        return bytes[place]
    }

    @inline(__always)
    mutating func number() -> UInt64 {
        let first = byte()
        return first < 0x80 ? UInt64(first) : longNumber(first)
    }

    private mutating func longNumber(_ first: UInt8) -> UInt64 {
        var (value, shift) = (UInt64(first & 0x7F), UInt64(7))
        while shift < 70 {
            let next = byte()
            value |= UInt64(next & 0x7F) << shift
            if next < 0x80 { return value }
            shift += 7
        }
        isDamaged = true
        return 0
    }

    @inline(__always)
    mutating func signed() -> Int64 { Self.unzigzag(number()) }

    @inline(__always)
    mutating func optional() -> Int64? {
        let value = number()
        return value == 0 ? nil : Self.unzigzag(value - 1)
    }

    @inline(__always)
    private static func unzigzag(_ value: UInt64) -> Int64 { Int64(bitPattern: value >> 1) ^ -Int64(value & 1) }

    @inline(__always)
    mutating func text() -> PackedLeg.Text? {
        let count = number()
        guard count > 0 else { return nil }
        guard count - 1 <= UInt64(bytes.count - place) else {
            isDamaged = true
            return nil
        }
        defer { place += Int(count - 1) }
        return UnsafeRawBufferPointer(rebasing: bytes[place..<place + Int(count - 1)])
    }

    /// - Parameter format: of the piece: 1 knew the sum of retries alone.
    mutating func leg(_ leg: inout PackedLeg, format: UInt8) {
        leg.index = Int64(clamping: number())
        if leg.index >= 1 << 20 { isDamaged = true }
        (leg.account, leg.adapter, leg.side) = (text(), text(), byte())
        (leg.orderType, leg.status) = (text(), text())
        (leg.rejectCode, leg.rejectControl, leg.rejectMessage) = (text(), text(), text())
        (leg.brokerCode, leg.brokerText) = (text(), text())
        (leg.limitPrice, leg.stopPrice) = (text(), text())
        (leg.clientOrderID, leg.brokerOrderID, leg.slices) = (text(), text(), signed())
        (leg.allocatedQuantity, leg.orderedQuantity, leg.cumulativeQuantity) = (text(), text(), text())
        (leg.canceledQuantity, leg.overfilledQuantity) = (text(), text())
        (leg.averagePrice, leg.slippage, leg.slippageCost) = (text(), text(), text())
        leg.hasAnomaly = byte() != 0
        for stage in 2..<10 {
            let distance = number()
            leg.times[stage] = distance == 0 ? 0 : leg.received &+ Self.unzigzag(distance - 1)
        }
        (leg.adapterTime, leg.wireTime) = (optional(), optional())
        (leg.networkTime, leg.brokerTime) = (optional(), optional())
        (leg.cancels, leg.modifies, leg.lookUps) = (nil, nil, nil)
        leg.retries = format == 1 ? signed() : optional()
        if format > 1, let retries = leg.retries {
            (leg.cancels, leg.modifies, leg.lookUps) = retries == 0 ? (0, 0, 0) : (signed(), signed(), signed())
        }
        (leg.sendRank, leg.weight) = (optional(), signed())
        leg.waits = text()
        (leg.heldTime, leg.rateTime, leg.sessionTime) = (nil, nil, nil)
        if let waits = leg.waits { Self.add(waits, to: &leg) }
    }

    private static func add(_ waits: PackedLeg.Text, to leg: inout PackedLeg) {
        var pack = PackReader(waits)
        for _ in 0..<min(pack.number(), UInt64(waits.count)) where !pack.isDamaged {
            let reason = WaitReason(rawValue: pack.byte())
            let duration = pack.signed()
            func sum(_ known: Int64?) -> Int64 {
                let (sum, overflow) = (known ?? 0).addingReportingOverflow(duration)
                return overflow ? .max : sum
            }
            switch reason {
            case .held: leg.heldTime = sum(leg.heldTime)
            case .rate: leg.rateTime = sum(leg.rateTime)
            case .session: leg.sessionTime = sum(leg.sessionTime)
            case nil: break
            }
        }
    }
}
