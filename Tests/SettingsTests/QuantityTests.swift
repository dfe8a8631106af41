import Domain
import Settings
import Testing

@Suite("Quantities")
struct QuantityTests {
    @Test("A duration reads back as it was written", arguments: 0..<200)
    func durationRoundTrip(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let unit =
            [1, 1_000, 1_000_000, 1_000_000_000, 60_000_000_000, 3_600_000_000_000].randomElement(using: &random) ?? 1
        let nanoseconds = Int64.random(in: 0...2_000_000, using: &random) * Int64(unit)
        #expect(DurationText.nanoseconds(DurationText.text(nanoseconds: nanoseconds)) == nanoseconds)
    }

    @Test(
        "Durations are a decimal and a unit",
        arguments: [
            ("2s", 2_000_000_000), ("5m", 300_000_000_000), ("250ms", 250_000_000), ("1.5h", 5_400_000_000_000),
            ("10us", 10_000), ("7ns", 7), ("1d", 86_400_000_000_000), ("0s", 0), ("1e3ms", 1_000_000_000),
        ])
    func durations(text: String, nanoseconds: Int64) {
        #expect(DurationText.nanoseconds(text) == nanoseconds)
    }

    @Test(
        "Other texts are no durations",
        arguments: ["", "s", "5", "-1s", "0.5ns", "1 s", "5S", "1m30s", "1e400s", "999999d", ".5s", "1,5s"])
    func noDurations(text: String) {
        #expect(DurationText.nanoseconds(text) == nil)
    }

    @Test("A duration outside its bounds is refused with the bounds")
    func durationBounds() {
        let found = errors("d: 2h\n") { _ = $0.required("d", .duration(1_000_000_000...3_600_000_000_000)) }
        #expect(found.map(\.remedy) == ["expected a duration like 250ms, 2s or 5m, at least 1s, at most 1h"])
    }

    @Test("Every second of a day is written and read back")
    func timesOfDay() {
        for seconds in stride(from: 0, to: 86_400, by: 7) {
            #expect(TimeOfDay(seconds: seconds).flatMap { TimeOfDay($0.description) }?.seconds == seconds)
        }
        #expect(
            ["24:00", "9:15", "09:60", "09:15:60", "09-15", "", "09:15:", "٠٩:15"].allSatisfy { TimeOfDay($0) == nil })
    }

    @Test("An unquoted time of day is a time, not a number in base 60")
    func timeOfDayField() throws {
        let time = try DocumentReader.read(text: "t: 15:20\n", file: "test.yaml") { $0.required("t", .timeOfDay) }
        #expect(time.seconds == 55_200)
    }

    @Test("Money has its currency and no more digits than that, one amount a currency")
    func money() throws {
        let amounts = try DocumentReader.read(text: "m: [20000 INR, \"10.50 USD\"]\n", file: "test.yaml") {
            $0.required("m", .moneyPerCurrency)
        }
        #expect(amounts.map(\.description) == ["20000 INR", "10.5 USD"])
        for wrong in ["20000", "20000 inr", "1.005 INR", "INR 5", "5  INR", "[5 INR, 6 INR]", "[]", "1e400 INR"] {
            #expect(errors("m: \(wrong)\n") { _ = $0.required("m", .moneyPerCurrency) }.count == 1, "\(wrong)")
        }
    }

    @Test("Dates are days that exist")
    func dates() {
        #expect(errors("d: 2024-02-29\n") { _ = $0.required("d", .date) }.isEmpty)
        for wrong in ["2023-02-29", "20240229", "2024-2-29", "29.02.2024"] {
            #expect(errors("d: '\(wrong)'\n") { _ = $0.required("d", .date) }.count == 1)
        }
    }
}
