import Domain

/// The legs of one run in one piece of bytes: what the file holds, and what an export reads row by row.
///
/// A row of the file for each leg would cost a page and an index entry each; one piece a run is written in one go and read
/// without making a value of every cell. Numbers are of variable length, texts have their length in front, exact numbers
/// are text. A piece that is damaged, or that another build wrote in another format, reads as no piece at all.
package enum PackedLegs {
    /// Another layout gets another number; those before it are read as well.
    static let format: UInt8 = 2

    /// - Parameter legs: Of one run, in order; what they have in common is taken from the first.
    package static func pack(_ legs: [LegTiming]) -> [UInt8] {
        var pack = PackWriter(reserving: 64 + legs.count * 256)
        pack.byte(format)
        pack.number(UInt64(legs.count))
        guard let first = legs.first else { return pack.bytes }
        pack.number(first.leg.run.number)
        pack.text(first.group?.rawValue)
        pack.text(first.strategy)
        pack.text(first.tag)
        pack.text(first.symbol)
        pack.text(first.currency.description)
        pack.decimal(first.arrivalPrice)
        pack.signed(first.times[.received])
        pack.signed(first.times[.admitted])
        for leg in legs { pack.leg(leg) }
        return pack.bytes
    }

    /// Hands over each leg in order; it, and the texts in it, are valid inside `body` only.
    ///
    /// - Returns: whether the whole piece could be read. Legs in front of a damage were handed over.
    @discardableResult
    package static func forEach<Failure: Error>(
        _ bytes: UnsafeRawBufferPointer, _ body: (borrowing PackedLeg) throws(Failure) -> Void
    ) throws(Failure) -> Bool {
        var pack = PackReader(bytes)
        let format = pack.byte()
        guard (1...Self.format).contains(format) else { return false }
        let count = pack.number()
        // Each leg has at least as many bytes as fields.
        guard count <= UInt64(bytes.count), !pack.isDamaged else { return false }
        guard count > 0 else { return true }
        var leg = PackedLeg(run: pack.number())
        (leg.group, leg.strategy, leg.tag) = (pack.text(), pack.text(), pack.text())
        (leg.symbol, leg.currency, leg.arrivalPrice) = (pack.text(), pack.text(), pack.text())
        (leg.received, leg.admitted) = (pack.signed(), pack.signed())
        for _ in 0..<count {
            pack.leg(&leg, format: format)
            guard !pack.isDamaged else { return false }
            try body(leg)
        }
        return true
    }

    /// The legs as values; `nil` where the piece cannot be read whole.
    package static func legs(_ bytes: UnsafeRawBufferPointer) -> [LegTiming]? {
        var legs: [LegTiming] = []
        var isWhole = true
        let isRead = forEach(bytes) { leg in
            if let timing = LegTiming(leg) { legs.append(timing) } else { isWhole = false }
        }
        return isRead && isWhole ? legs : nil
    }
}

/// One leg as it lies in its run's bytes: texts are where they are, `nil` = absent. See `LegTiming` for what each means.
package struct PackedLeg {
    package typealias Text = UnsafeRawBufferPointer

    package let run: UInt64
    package internal(set) var group: Text?
    package internal(set) var strategy: Text?
    package internal(set) var tag: Text?
    package internal(set) var symbol: Text?
    package internal(set) var currency: Text?
    package internal(set) var arrivalPrice: Text?
    /// Nanoseconds since 1970.
    package internal(set) var received: Int64 = 0
    package internal(set) var admitted: Int64 = 0

    package internal(set) var index: Int64 = 0
    package internal(set) var account: Text?
    package internal(set) var adapter: Text?
    package internal(set) var side: UInt8 = 0
    package internal(set) var orderType: Text?
    package internal(set) var status: Text?
    package internal(set) var rejectCode: Text?
    package internal(set) var rejectControl: Text?
    package internal(set) var rejectMessage: Text?
    package internal(set) var brokerCode: Text?
    package internal(set) var brokerText: Text?
    package internal(set) var limitPrice: Text?
    package internal(set) var stopPrice: Text?
    package internal(set) var clientOrderID: Text?
    package internal(set) var brokerOrderID: Text?
    package internal(set) var slices: Int64 = 0
    package internal(set) var allocatedQuantity: Text?
    package internal(set) var orderedQuantity: Text?
    package internal(set) var cumulativeQuantity: Text?
    package internal(set) var canceledQuantity: Text?
    package internal(set) var overfilledQuantity: Text?
    package internal(set) var averagePrice: Text?
    package internal(set) var slippage: Text?
    package internal(set) var slippageCost: Text?
    package internal(set) var hasAnomaly = false
    var times: InlineArray<10, Int64> = .init(repeating: 0)
    package internal(set) var adapterTime: Int64?
    package internal(set) var wireTime: Int64?
    package internal(set) var networkTime: Int64?
    package internal(set) var brokerTime: Int64?
    package internal(set) var heldTime: Int64?
    package internal(set) var rateTime: Int64?
    package internal(set) var sessionTime: Int64?
    /// `nil` = capture did not see them.
    package internal(set) var retries: Int64?
    /// What `retries` sums; `nil` = not seen, or not told apart by the build that kept it.
    package internal(set) var cancels: Int64?
    package internal(set) var modifies: Int64?
    package internal(set) var lookUps: Int64?
    package internal(set) var sendRank: Int64?
    package internal(set) var weight: Int64 = 0
    /// The waits in their order, packed.
    var waits: Text?

    init(run: UInt64) { self.run = run }

    /// Nanoseconds since 1970; 0 = not reached.
    package func instant(_ stage: Stage) -> Int64 {
        switch stage {
        case .received: received
        case .admitted: admitted
        default: times[Int(stage.rawValue)]
        }
    }

    /// Whether a text is these bytes; an absent one is none.
    package static func holds(_ text: Text?, _ wanted: String) -> Bool {
        guard let text else { return false }
        var wanted = wanted
        return wanted.withUTF8 { utf8 in
            utf8.count == text.count && UnsafeRawBufferPointer(utf8).elementsEqual(text)
        }
    }

    /// Whether a filter's names let it pass; time, group and strategy are the run's.
    func passes(_ filter: TelemetryFilter) -> Bool {
        (filter.account.map { Self.holds(account, $0.rawValue) } ?? true)
            && (filter.adapter.map { Self.holds(adapter, $0.rawValue) } ?? true)
            && (filter.status.map { Self.holds(status, $0) } ?? true)
    }
}

extension PackedLeg.Text {
    var string: String { String(decoding: self, as: UTF8.self) }
}

extension LegTiming {
    /// `nil` for what this build cannot have packed.
    init?(_ leg: borrowing PackedLeg) {
        func decimal(_ text: PackedLeg.Text?) -> ExactDecimal? { text.flatMap { ExactDecimal($0.string) } }
        guard let adapter = leg.adapter.flatMap({ AdapterID($0.string) }), let side = Side(rawValue: leg.side),
            let currency = leg.currency.flatMap({ Currency($0.string) }),
            let allocated = decimal(leg.allocatedQuantity), let ordered = decimal(leg.orderedQuantity),
            let cumulative = decimal(leg.cumulativeQuantity), let canceled = decimal(leg.canceledQuantity),
            let overfilled = decimal(leg.overfilledQuantity), let account = leg.account, let symbol = leg.symbol,
            let status = leg.status
        else { return nil }
        var times = StageInstants()
        for stage in Stage.allCases { times[stage] = leg.instant(stage) }
        let order = Order(
            orderType: leg.orderType.flatMap { OrderType(rawName: $0.string) }, limitPrice: decimal(leg.limitPrice),
            stopPrice: decimal(leg.stopPrice),
            clientOrderID: leg.clientOrderID?.string, brokerOrderID: leg.brokerOrderID?.string, slices: leg.slices,
            canceledQuantity: canceled, overfilledQuantity: overfilled, hasAnomaly: leg.hasAnomaly)
        self.init(
            leg: LegID(run: RunID(number: leg.run), index: Int(leg.index)),
            group: leg.group.map { GroupID(unchecked: $0.string) }, account: AccountID(unchecked: account.string),
            adapter: adapter, strategy: leg.strategy?.string, symbol: symbol.string, currency: currency, side: side,
            status: status.string, order: order, times: times, weight: leg.weight, allocatedQuantity: allocated,
            orderedQuantity: ordered, cumulativeQuantity: cumulative, averagePrice: decimal(leg.averagePrice),
            slippage: decimal(leg.slippage), slippageCost: decimal(leg.slippageCost))
        (tag, arrivalPrice) = (leg.tag?.string, decimal(leg.arrivalPrice))
        if let code = leg.rejectCode {
            reject = Reject(
                code: code.string, control: leg.rejectControl?.string, message: leg.rejectMessage?.string ?? "",
                brokerCode: leg.brokerCode?.string, brokerText: leg.brokerText?.string)
        }
        (adapterTime, wireTime, networkTime, brokerTime) = (
            leg.adapterTime, leg.wireTime, leg.networkTime, leg.brokerTime
        )
        sendRank = leg.sendRank
        if let total = leg.retries {
            let (cancels, modifies, lookUps) = (leg.cancels ?? 0, leg.modifies ?? 0, leg.lookUps ?? 0)
            retries = Retries(
                cancels: cancels, modifies: modifies, lookUps: lookUps,
                unnamed: max(0, total &- (cancels &+ modifies &+ lookUps)))
        }
        if let packed = leg.waits {
            var pack = PackReader(packed)
            for _ in 0..<min(pack.number(), UInt64(packed.count)) {
                guard let reason = WaitReason(rawValue: pack.byte()), !pack.isDamaged else { return nil }
                waits.append(Wait(reason: reason, duration: pack.signed()))
            }
        }
    }
}
