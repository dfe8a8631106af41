import AdapterKit
import AdapterTesting
import Exact
import Foundation
import Testing

/// The reference data's recordings, where they are.
private let venues: URL? = {
    let root = ProcessInfo.processInfo.environment["SLUICE_SHARED"] ?? "../shared"
    let folder = URL(filePath: root).appending(path: "venues")
    return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
}()

@Suite("The recordings of every venue are understood")
struct VenueRecordingTests {
    /// How many entries a file has, by its own lists.
    private func count(_ file: URL, _ members: [String]) throws -> Int {
        guard FileManager.default.fileExists(atPath: file.path) else { return 0 }
        let document = try JSONValue.parse([UInt8](Data(contentsOf: file)), limits: .large)
        if let list = document.array { return list.count }
        return members.reduce(0) { $0 + (document[$1]?.array?.count ?? document[$1]?["frames"]?.array?.count ?? 0) }
    }

    @Test(
        "Every entry of every file is a case, and no member of an entry is malformed",
        .enabled(if: venues != nil, "skipped: reference data absent"),
        arguments: ["zerodha", "dhan", "fyers", "angelone", "ibkr"])
    func read(venue: String) throws {
        let folder = try #require(venues).appending(path: venue)
        var expected = 0
        for (name, members) in [
            ("requests.json", ["cases"]), ("responses.json", ["cases"]), ("responses/index.json", []),
            ("errors.json", []),
            ("order_updates.json", []), ("ws.json", ["server"]), ("ticks/generated.json", ["frames", "tbt"]),
            ("ticks/text_frames.json", []),
        ] { expected += try count(folder.appending(path: name), members) }
        let official = try? FileManager.default.contentsOfDirectory(
            atPath: folder.appending(path: "ticks/official").path)
        expected += (official ?? []).count { $0.hasSuffix(".packet") }

        let recording = try CaseFolder(path: folder.path)
        #expect(recording.count == expected && expected > 50)

        // What is not a case is told: documents, and files of forms that the case format does not have.
        let report = try CaseRunner.run({ adapterEntry(Mirror.self, $0, $1) }, path: folder.path)
        #expect(report.passed + report.failed + report.skipped.count == expected)
        let forms = [
            "FACTS.md", "ws_messages.json", "scenarios.json", "oauth.json", "tws-frames.json", "ticker_ltp.json",
        ]
        for file in report.unread {
            #expect(forms.contains { file.hasSuffix($0) } || file.hasPrefix("instruments/"), "\(file)")
        }
        #expect(!report.differences.contains { $0.found.contains("not understood") && $0.file != "responses.json" })
        // Every word of the recordings is one that is known.
        #expect(!report.differences.contains { $0.found.hasPrefix("recorded as") && $0.place != "expect.outcome" })
        #expect(!report.differences.contains { $0.place == "expect.outcome" }, "\(report.text)")
    }

    @Test("A folder in another form says what it holds", .enabled(if: venues != nil, "skipped: reference data absent"))
    func other() throws {
        let folder = try #require(venues).appending(path: "crypto")
        let error = try #require(throws: CaseError.self) { try CaseFolder(path: folder.path) }
        #expect(error.description.contains("compare.py"))
    }
}
