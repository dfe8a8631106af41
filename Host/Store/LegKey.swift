import Domain

/// How identifiers become the integers of the tables.
extension LegID {
    static let keyShift: Int64 = 20
    /// 8.7 × 10^12: at 100,000 runs a second, enough for two and a half years without a pause.
    static let maximumRunNumber: UInt64 = 1 << 43 - 1

    init(key: Int64) {
        self.init(
            run: RunID(number: UInt64(clamping: key >> Self.keyShift)), index: Int(key & (1 << Self.keyShift - 1)))
    }

    var key: Int64 {
        get throws(StoreFailure) {
            guard (0..<1_000_000).contains(index) else {
                throw .invalidValue(field: "leg_index", value: "\(index)", expected: "0 to 999999")
            }
            return try run.rowNumber << Self.keyShift | Int64(index)
        }
    }
}

extension RunID {
    var rowNumber: Int64 {
        get throws(StoreFailure) {
            guard (1...LegID.maximumRunNumber).contains(number) else {
                throw .invalidValue(
                    field: "run_number", value: "\(number)", expected: "1 to \(LegID.maximumRunNumber)")
            }
            return Int64(number)
        }
    }
}
