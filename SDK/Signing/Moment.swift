import CSluice

/// An instant written the way a broker wants it (`SLUICE_NOW_*`).
enum Moment {
    /// Bytes that any format takes at most.
    static let room = 40

    /// Writes an instant, nanoseconds since 1970; returns how many bytes were written. Before 1970 is written as 1970.
    static func write(_ nanoseconds: Int64, _ format: UInt32, to memory: UnsafeMutableRawPointer) -> Int {
        var text = Text(out: memory.assumingMemoryBound(to: UInt8.self))
        let time = max(nanoseconds, 0)
        switch format {
        case SLUICE_NOW_SECONDS: text.add(time / 1_000_000_000)
        case SLUICE_NOW_MILLISECONDS: text.add(time / 1_000_000)
        case SLUICE_NOW_MICROSECONDS: text.add(time / 1_000)
        case SLUICE_NOW_NANOSECONDS: text.add(time)
        case SLUICE_NOW_SECONDS_MS:
            text.add(time / 1_000_000_000)
            text.add(".")
            text.add(time / 1_000_000 % 1_000, digits: 3)
        default: text.addCalendar(time, format)
        }
        return text.count
    }

    /// Nanoseconds of a unit that a nonce counts in.
    static func unit(_ format: UInt32) -> Int64 {
        switch format {
        case SLUICE_NOW_SECONDS: 1_000_000_000
        case SLUICE_NOW_MILLISECONDS: 1_000_000
        case SLUICE_NOW_MICROSECONDS: 1_000
        default: 1
        }
    }

    struct Text {
        let out: UnsafeMutablePointer<UInt8>
        var count = 0

        mutating func add(_ text: StaticString) {
            text.withUTF8Buffer { bytes in
                for byte in bytes {
                    out[count] = byte
                    count += 1
                }
            }
        }

        /// A number without a sign, filled up with zeros.
        mutating func add(_ number: Int64, digits: Int = 1) {
            var width = digits
            var limit: Int64 = 1
            for _ in 0..<digits { limit *= 10 }
            while number >= limit, width < 19 {
                width += 1
                let next = limit.multipliedReportingOverflow(by: 10)
                if next.overflow { break }
                limit = next.partialValue
            }
            var rest = number
            for place in stride(from: count + width - 1, through: count, by: -1) {
                out[place] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            }
            count += width
        }

        mutating func addCalendar(_ time: Int64, _ format: UInt32) {
            let seconds = time / 1_000_000_000
            let day = Day(seconds / 86_400)
            let isBasic = format == SLUICE_NOW_ISO_BASIC
            add(day.year, digits: 4)
            if !isBasic { add("-") }
            add(day.month, digits: 2)
            if !isBasic { add("-") }
            add(day.day, digits: 2)
            add("T")
            add(seconds % 86_400 / 3_600, digits: 2)
            if !isBasic { add(":") }
            add(seconds % 3_600 / 60, digits: 2)
            if !isBasic { add(":") }
            add(seconds % 60, digits: 2)
            if format == SLUICE_NOW_RFC3339_MS {
                add(".")
                add(time / 1_000_000 % 1_000, digits: 3)
            }
            add("Z")
        }
    }

    /// A day of the proleptic Gregorian calendar out of days since 1970, by eras of 400 years.
    struct Day {
        let year: Int64
        let month: Int64
        let day: Int64

        init(_ days: Int64) {
            let shifted = days + 719_468  // days since 0000-03-01
            let era = shifted / 146_097
            let dayOfEra = shifted % 146_097
            let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
            let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
            let monthFromMarch = (5 * dayOfYear + 2) / 153
            day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
            month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
            year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        }
    }
}
