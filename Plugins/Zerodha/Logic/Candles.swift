import AdapterKit
import Exact

/// `GET /instruments/historical/{token}/{interval}` (FACTS.md §11).
enum Candles {
    /// A length of bar that the broker keeps.
    enum Interval: String, CaseIterable {
        case minute
        case threeMinutes = "3minute"
        case fiveMinutes = "5minute"
        case tenMinutes = "10minute"
        case quarter = "15minute"
        case half = "30minute"
        case hour = "60minute"
        case day

        var seconds: Int64 {
            switch self {
            case .minute: 60
            case .threeMinutes: 180
            case .fiveMinutes: 300
            case .tenMinutes: 600
            case .quarter: 900
            case .half: 1_800
            case .hour: 3_600
            case .day: 86_400
            }
        }

        /// Days that one call may span.
        var longestSpan: Int64 {
            switch self {
            case .minute: 60
            case .threeMinutes, .fiveMinutes, .tenMinutes: 100
            case .quarter, .half: 200
            case .hour: 400
            case .day: 2_000
            }
        }

        /// As callers write it: `1m`, `60m`, `1h`, `1d`, or the broker's own word.
        init?(_ text: String) {
            if let own = Interval(rawValue: text) {
                self = own
                return
            }
            guard let unit = text.last, let count = Int64(text.dropLast()), count > 0, count < 10_000 else {
                return nil
            }
            let seconds: Int64
            switch unit {
            case "m": seconds = count * 60
            case "h": seconds = count * 3_600
            case "d": seconds = count * 86_400
            default: return nil
            }
            self.init(seconds: seconds)
        }

        init?(seconds: Int64) {
            guard let interval = Self.allCases.first(where: { $0.seconds == seconds }) else { return nil }
            self = interval
        }
    }

    /// The call. `from` and `to` are Indian wall time, `yyyy-mm-dd hh:mm:ss`.
    static func call(
        token: String, interval: Interval, from: String, to: String, continuous: Bool, openInterest: Bool
    ) -> Call {
        .get(
            "/instruments/historical/\(token.percentEncoded)/\(interval.rawValue)",
            query: [
                Call.Parameter("from", from), Call.Parameter("to", to),
                Call.Parameter("continuous", continuous ? "1" : "0"), Call.Parameter("oi", openInterest ? "1" : "0"),
            ], bucket: .candles)
    }

    /// One bar: when it began, and its prices.
    struct Bar: Equatable {
        let start: Timestamp
        let open: ExactDecimal
        let high: ExactDecimal
        let low: ExactDecimal
        let close: ExactDecimal
        let volume: ExactDecimal
        let openInterest: ExactDecimal?
    }

    /// Bars of an answer's data; `nil` where it is none that can be read.
    static func bars(_ data: JSONValue) -> [Bar]? {
        guard let rows = data["candles"]?.array else { return nil }
        var bars: [Bar] = []
        bars.reserveCapacity(rows.count)
        for row in rows {
            guard let cells = row.array, cells.count >= 6, let start = cells[0].string.flatMap(IndianTime.instant),
                let open = cells[1].decimalOrText, let high = cells[2].decimalOrText, let low = cells[3].decimalOrText,
                let close = cells[4].decimalOrText, let volume = cells[5].decimalOrText
            else { return nil }
            bars.append(
                Bar(
                    start: start, open: open, high: high, low: low, close: close, volume: volume,
                    openInterest: cells.count > 6 ? cells[6].decimalOrText : nil))
        }
        return bars
    }
}
