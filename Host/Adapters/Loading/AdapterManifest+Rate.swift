import Domain
import Settings

extension AdapterManifest {
    /// The descriptor's buckets with the manifest's windows added: every window holds, so an addition can only tighten.
    ///
    /// - Throws: `manifest.invalid` where a window is looser than what the adapter declares, as it would never bind, and
    ///   where there is no such bucket. `orders` and `reads` may be limited though the adapter declares no limit of them.
    func tightened(_ rules: [RateRule]) throws(AdapterRefusal) -> [RateRule] {
        var result = rules
        for override in rate {
            let declared = rules.first { $0.id == override.bucket }
            let place = override.places.first ?? override.bucket
            guard declared != nil || [RateRule.orders, RateRule.reads].contains(override.bucket) else {
                let known = Set(rules.map(\.id)).union([RateRule.orders, RateRule.reads]).sorted()
                throw AdapterRefusal(
                    .manifestInvalid,
                    "\(place): there is no bucket '\(override.bucket)'; expected one of \(known.joined(separator: ", "))"
                )
            }
            for (window, place) in zip(override.windows, override.places) {
                guard let most = declared?.most(in: window.windowNanoseconds), Int64(window.units) > most else {
                    continue
                }
                throw AdapterRefusal(
                    .manifestInvalid,
                    "\(place): \(window.units) units are looser than the adapter's own limit, which lets \(most) through in that time; expected at most \(most), as a manifest may only tighten"
                )
            }
            if let index = result.firstIndex(where: { $0.id == override.bucket }) {
                result[index].windows += override.windows
                result[index].mode = override.mode ?? result[index].mode
            } else {
                result.append(
                    RateRule(
                        id: override.bucket, scopeKey: "login", windows: override.windows,
                        mode: override.mode ?? .queue))
            }
        }
        return result
    }
}

extension FieldType where Value == AdapterManifest.RateOverride {
    /// The bucket's name is the key it stands under.
    static var rateOverride: FieldType<AdapterManifest.RateOverride> {
        .mapping { bucket in
            let mode = bucket.optional("mode", .choice(["queue": RateRule.Mode.queue, "refuse": .refuse]))
            guard let windows = bucket.required("windows", .list(of: .rateWindow, count: 1...8)) else { return nil }
            return AdapterManifest.RateOverride(
                bucket: "", windows: windows.map(\.window), mode: mode, places: windows.map(\.place))
        }
    }
}

/// A window as written, and where.
private struct PlacedWindow {
    var window: RateWindow
    var place: String
}

extension FieldType where Value == PlacedWindow {
    fileprivate static var rateWindow: FieldType<PlacedWindow> {
        let window = FieldType<RateWindow>.mapping { window in
            let units = window.required("units", .integer(1...1_000_000))
            let per = window.required("per", .duration(1_000_000...RateWindow.day))
            let reset = window.optional("resets_at", .rateReset)
            guard let units, let per else { return nil }
            return RateWindow(units: UInt32(units), windowNanoseconds: per, reset: reset)
        }
        return FieldType<PlacedWindow>(window.expectation) { value in
            guard let read = window.read(value) else { return nil }
            guard read.reset == nil || read.windowNanoseconds == RateWindow.day else {
                value.report("a window with resets_at counts a day", remedy: "expected per: 1d beside resets_at")
                return nil
            }
            return PlacedWindow(
                window: read, place: "\(value.position.line):\(value.position.column): \(value.path)")
        }
    }
}

extension FieldType where Value == RateReset {
    /// `06:00+05:30`, `00:00Z`: a time of day and its distance from UTC.
    fileprivate static var rateReset: FieldType<RateReset> {
        FieldType<String>.text.map("a time of day with its distance from UTC like 06:00+05:30 or 00:00Z") { text in
            let bytes = Array(text.utf8)
            func minutes(_ start: Int, hours: Int) -> Int64? {
                guard bytes.count >= start + 5, bytes[start + 2] == UInt8(ascii: ":") else { return nil }
                let digits = [start, start + 1, start + 3, start + 4].map { Int64(bytes[$0]) - 48 }
                guard digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
                let (hour, minute) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
                return hour <= hours && minute <= 59 ? hour * 60 + minute : nil
            }
            guard let local = minutes(0, hours: 23), bytes.count >= 6 else { return nil }
            let distance: Int64
            switch bytes[5] {
            case UInt8(ascii: "Z") where bytes.count == 6: distance = 0
            case UInt8(ascii: "+") where bytes.count == 11:
                guard let ahead = minutes(6, hours: 14) else { return nil }
                distance = ahead
            case UInt8(ascii: "-") where bytes.count == 11:
                guard let behind = minutes(6, hours: 12) else { return nil }
                distance = -behind
            default: return nil
            }
            let minute = (local - distance + 2_880) % 1_440
            return RateReset(nanosecondsAfterMidnight: minute * 60_000_000_000)
        }
    }
}
