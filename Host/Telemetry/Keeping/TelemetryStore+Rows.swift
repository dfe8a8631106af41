import Domain
import GRDB

// Rows of the tables and values of the code, column by column.

extension LegTiming {
    var arguments: [(any DatabaseValueConvertible)?] {
        var values: [(any DatabaseValueConvertible)?] = [Int64(clamping: leg.run.number), Int64(leg.index)]
        for stage in Stage.allCases { values.append(times[stage]) }
        values += [
            group?.rawValue, account.rawValue, adapter.rawValue, strategy, symbol, side.rawName, status, rejectCode,
            adapterTime, wireTime, networkTime, brokerTime, waitsText, retries, sendRank, weight,
        ]
        values += [
            allocatedQuantity.description, orderedQuantity.description, cumulativeQuantity.description,
            averagePrice?.description, slippage?.description, slippageCost?.description,
        ]
        return values
    }

    /// `nil` for a row that this build cannot have written.
    init?(_ row: Row) {
        var times = StageInstants()
        for stage in Stage.allCases { times[stage] = row[2 + Int(stage.rawValue)] }
        guard let adapter = AdapterID(row[14]), let side = Side(rawName: row[17]),
            let allocated = ExactDecimal(row[28]), let ordered = ExactDecimal(row[29]),
            let cumulative = ExactDecimal(row[30])
        else { return nil }
        func decimal(_ index: Int) -> ExactDecimal? { (row[index] as String?).flatMap { ExactDecimal($0) } }
        self.init(
            leg: LegID(run: RunID(number: UInt64(bitPattern: row[0])), index: row[1]),
            group: (row[12] as String?).map { GroupID(unchecked: $0) }, account: AccountID(unchecked: row[13]),
            adapter: adapter, strategy: row[15], symbol: row[16], side: side, status: row[18], rejectCode: row[19],
            times: times, weight: row[27], allocatedQuantity: allocated, orderedQuantity: ordered,
            cumulativeQuantity: cumulative, averagePrice: decimal(31), slippage: decimal(32),
            slippageCost: decimal(33))
        (adapterTime, wireTime, networkTime, brokerTime) = (row[20], row[21], row[22], row[23])
        (retries, sendRank) = (row[25], row[26])
        if let text = row[24] as String? { waits = Self.waits(text) }
    }

    /// `rate:1200 session:300`.
    private var waitsText: String? {
        waits.isEmpty
            ? nil : waits.map { "\($0.reason.rawName):\($0.duration)" }.joined(separator: " ")
    }

    private static func waits(_ text: String) -> [Wait] {
        text.split(separator: " ").compactMap { part in
            let pieces = part.split(separator: ":")
            guard pieces.count == 2, let duration = Int64(pieces[1]),
                let reason = WaitReason.allCases.first(where: { $0.rawName == pieces[0] })
            else { return nil }
            return Wait(reason: reason, duration: duration)
        }
    }
}

extension RunSummary {
    var arguments: [(any DatabaseValueConvertible)?] {
        let numbers: [(any DatabaseValueConvertible)?] = [
            Int64(clamping: run.number), receivedAt.nanoseconds, admittedAt.nanoseconds, durableAt?.nanoseconds ?? 0,
            firstSentAt?.nanoseconds ?? 0, lastSentAt?.nanoseconds ?? 0, doneAt?.nanoseconds ?? 0,
        ]
        let names: [(any DatabaseValueConvertible)?] = [
            group?.rawValue, groupVersion, riskVersion, strategy, symbol, side?.rawName, mode, status,
        ]
        let amounts: [(any DatabaseValueConvertible)?] = [
            requestedQuantity.description, unallocatedQuantity.description, rotation, legCount, refusedCount,
            leftOutCount, arrivalPrice?.description, filledQuantity.description, slippageCost?.description,
            lowestPrice?.description, highestPrice?.description, currency.description,
        ]
        return numbers + names + amounts
    }

    /// `nil` for a row that this build cannot have written.
    init?(_ row: Row) {
        func time(_ index: Int) -> Timestamp? {
            let value: Int64 = row[index]
            return value == 0 ? nil : Timestamp(nanoseconds: value)
        }
        func decimal(_ index: Int) -> ExactDecimal? { (row[index] as String?).flatMap { ExactDecimal($0) } }
        guard let requested = decimal(15), let unallocated = decimal(16), let filled = decimal(22),
            let currency = Currency(row[26] as String)
        else { return nil }
        self.init(
            run: RunID(number: UInt64(bitPattern: row[0])),
            group: (row[7] as String?).map { GroupID(unchecked: $0) }, groupVersion: row[8], riskVersion: row[9],
            strategy: row[10], symbol: row[11], currency: currency,
            side: (row[12] as String?).flatMap { Side(rawName: $0) },
            mode: row[13], status: row[14], receivedAt: Timestamp(nanoseconds: row[1]),
            admittedAt: Timestamp(nanoseconds: row[2]), durableAt: time(3), firstSentAt: time(4), lastSentAt: time(5),
            doneAt: time(6), requestedQuantity: requested, unallocatedQuantity: unallocated, rotation: row[17],
            legCount: row[18], refusedCount: row[19], leftOutCount: row[20], arrivalPrice: decimal(21),
            filledQuantity: filled, slippageCost: decimal(23), lowestPrice: decimal(24), highestPrice: decimal(25))
    }
}

extension ProcessSession {
    init(_ row: Row) {
        self.init(
            id: row[0], startedAt: Timestamp(nanoseconds: row[1]),
            endedAt: (row[2] as Int64?).map { Timestamp(nanoseconds: $0) }, reason: row[3], version: row[4],
            configurationHash: row[5])
    }
}
