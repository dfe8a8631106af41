import Foundation

/// Recordings of a gateway's sessions, played again to the libraries that it ran.
enum Recordings {
    /// Every recording replays without a difference; one altered frame in one of them is one difference, with its number.
    static func check(_ scenario: Scenario, adapters: [String]) throws {
        for adapter in adapters {
            let directory = "\(scenario.site.data)/recordings/\(adapter)"
            let names = (try? FileManager.default.contentsOfDirectory(atPath: directory))?.sorted() ?? []
            scenario.expect(!names.isEmpty, "there is no recording of \(adapter)")
            for name in names {
                let replayed = try replay(scenario, "\(directory)/\(name)", adapter)
                scenario.expectEqual(replayed.ending, .status(0), "replay of \(name): \(replayed)")
                scenario.note("\(name): \(replayed.output)")
            }
        }
    }

    /// Alters the broker's id of an order in the first completion that has one, and replays that.
    static func alter(_ scenario: Scenario, adapter: String) throws {
        let directory = "\(scenario.site.data)/recordings/\(adapter)"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory))?.sorted() ?? [] {
            var lines = try String(contentsOfFile: "\(directory)/\(name)", encoding: .utf8)
                .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            guard
                let place = lines.firstIndex(where: {
                    $0.contains(#""host":"complete""#) && $0.contains(#""broker_order_id":""#)
                }), let number = lines[place].split(separator: ",").first?.dropFirst(5)
            else { continue }
            lines[place] = lines[place].replacing(/"broker_order_id":"[^"]*"/, with: #""broker_order_id":"ALTERED""#)
            let path = "\(scenario.site.directory)/altered.ndjson"
            try lines.joined(separator: "\n").write(toFile: path, atomically: true, encoding: .utf8)
            let replayed = try replay(scenario, path, adapter)
            let differences = replayed.output.split(separator: "\n").filter { $0.hasPrefix("difference: ") }
            scenario.expectEqual(replayed.ending, .status(1), "replay of an altered recording: \(replayed)")
            scenario.expectEqual(differences.count, 1, "differences of an altered recording: \(replayed)")
            scenario.expect(
                differences.first?.hasPrefix("difference: frame \(number), complete in ") ?? false
                    && differences.first?.contains("result.order_ref.broker_order_id") ?? false,
                "the difference does not name its frame: \(replayed.output)")
            return
        }
        scenario.violate("no recording of \(adapter) has a completion with an order's id")
    }

    private static func replay(
        _ scenario: Scenario, _ path: String, _ adapter: String
    ) throws -> (ending: Children.Ending?, output: String, errors: String) {
        try scenario.run(["adapters", "replay", path, "\(Program.directory)/libsluice-\(adapter).so"])
    }
}
