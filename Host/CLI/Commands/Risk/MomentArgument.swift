import ArgumentParser
import Domain

/// A length of time as people write it: `500ms`, `30s`, `5m`, `2h`, `1d`.
struct DurationArgument: ExpressibleByArgument, Hashable, Sendable {
    /// Above 0.
    let milliseconds: Int64

    static let rule = "a whole number with ms, s, m, h or d, as 30s or 5m"

    init?(argument: String) { self.init(argument) }

    /// `nil` for anything else, for nothing and for what does not fit.
    init?(_ text: some StringProtocol) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let unit: Int64
        switch text.dropFirst(digits.count) {
        case "ms": unit = 1
        case "s": unit = 1_000
        case "m": unit = 60_000
        case "h": unit = 3_600_000
        case "d": unit = 86_400_000
        default: return nil
        }
        guard let count = Int64(digits), count > 0 else { return nil }
        let (product, overflow) = count.multipliedReportingOverflow(by: unit)
        guard !overflow else { return nil }
        milliseconds = product
    }
}

/// A moment: a time of RFC 3339, or how far from now.
enum MomentArgument: Hashable, Sendable {
    case at(Timestamp)
    case away(DurationArgument)

    static let rule = "RFC 3339 as 2026-11-25T16:30:00Z, or a duration as 30m, 2h, 1d"

    init?(_ text: String) {
        if let duration = DurationArgument(text) {
            self = .away(duration)
        } else if let time = Timestamp(rfc3339: text) {
            self = .at(time)
        } else {
            return nil
        }
    }

    enum Direction { case ahead, back }

    /// RFC 3339 in UTC.
    ///
    /// - Parameters:
    ///   - now: the current time, RFC 3339.
    ///   - direction: which way a duration counts.
    /// - Returns: `nil` when a duration leads beyond the times that can be written.
    func time(from now: String, _ direction: Direction) -> String? {
        switch self {
        case .at(let time): return time.rfc3339
        case .away(let duration):
            guard let now = Timestamp(rfc3339: now) else { return nil }
            let (distance, overflow) = duration.milliseconds.multipliedReportingOverflow(by: 1_000_000)
            let (sum, overflows) =
                direction == .ahead
                ? now.nanoseconds.addingReportingOverflow(distance)
                : now.nanoseconds.subtractingReportingOverflow(distance)
            return overflow || overflows ? nil : Timestamp(nanoseconds: sum).rfc3339
        }
    }
}

extension Session {
    /// The time that an option names, RFC 3339 UTC.
    ///
    /// - Throws: `CommandFailure.usage` when it cannot be written as one.
    func time(_ text: String, of option: String, _ direction: MomentArgument.Direction) throws -> String {
        guard let time = MomentArgument(text)?.time(from: surroundings.now(), direction) else {
            throw CommandFailure.usage("\(option) '\(text)' leads to no time", remedy: "write \(MomentArgument.rule)")
        }
        return time
    }
}
