import Exact

/// Figures as people read them.
enum Units {
    /// A latency from whole microseconds: `410 µs`, `21.1 ms`, `2.40 s`; `-` when it was not reached.
    static func latency(_ value: JSONValue?) -> String {
        guard let microseconds = value?.int64 ?? value?.decimalOrText.flatMap(whole), microseconds >= 0 else {
            return "-"
        }
        return latency(microseconds: microseconds)
    }

    static func latency(microseconds: Int64) -> String {
        switch microseconds {
        case ..<1_000: return "\(microseconds) µs"
        case ..<999_950: return "\(fixed(microseconds, unit: 1_000, decimals: 1)) ms"
        default: return "\(fixed(microseconds, unit: 1_000_000, decimals: 2)) s"
        }
    }

    private static func whole(_ decimal: ExactDecimal) -> Int64? {
        decimal.scaled(to: 0, rounding: .halfEven).flatMap(Int64.init(exactly:))
    }

    /// `value / unit` with so many decimals, rounded half up.
    private static func fixed(_ value: Int64, unit: Int64, decimals: Int) -> String {
        let scale: Int64 = decimals == 1 ? 10 : 100
        let step = unit / scale
        let rounded = value / step + (value % step * 2 >= step ? 1 : 0)
        let fraction = String(rounded % scale)
        return "\(rounded / scale).\(String(repeating: "0", count: decimals - fraction.count))\(fraction)"
    }

    /// How old something is, in the unit a person would choose and never older than it is: `55 ms`, `1.2 s`, `7 min`, `30 h`.
    static func age(milliseconds: Int64) -> String {
        switch milliseconds {
        case ..<1_000: return "\(milliseconds) ms"
        case ..<60_000: return "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s"
        case ..<3_600_000: return "\(milliseconds / 60_000) min"
        case ..<172_800_000: return "\(milliseconds / 3_600_000) h"
        default: return "\(milliseconds / 86_400_000) d"
        }
    }

    /// A length of time exactly: `30 s`, `1500 ms`.
    static func period(milliseconds: Int64) -> String {
        milliseconds % 1_000 == 0 ? "\(milliseconds / 1_000) s" : "\(milliseconds) ms"
    }

    /// A time of RFC 3339 as short as it stays clear: `16:10:00.123` today, else `2026-11-25 16:10:00`. UTC, as it came.
    static func time(_ text: String, now: String) -> String {
        let bytes = Array(text)
        guard bytes.count >= 19, bytes[10] == "T" else { return text.displayable }
        let clock = String(bytes[11..<19])
        guard text.prefix(10) == now.prefix(10) else { return "\(text.prefix(10)) \(clock)" }
        let fraction = bytes.count > 23 && bytes[19] == "." ? String(bytes[19..<23]) : ""
        return clock + fraction
    }
}
