import Domain
import GRDB

// Rows of the tables and values of the code, column by column.

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
            lowestPrice?.description, highestPrice?.description, currency.description, updatedAt.nanoseconds,
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
            doneAt: time(6), updatedAt: Timestamp(nanoseconds: row[27]), requestedQuantity: requested,
            unallocatedQuantity: unallocated, rotation: row[17],
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
