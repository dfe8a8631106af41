import Exact
import Foundation
import Testing

@testable import CLI

@Suite("A run is drawn as a timeline that needs no colour to be read")
struct RunTimelineTests {
    private func run(_ changes: JSONObject = [:]) throws -> JSONValue {
        var run = try #require(try JSONValue.parse(Sample.run).object)
        for (name, value) in changes { run[name] = value }
        return .object(run)
    }

    @Test("Each leg has one bar of letters in the order of its stages, with its status and why it was refused")
    func plain() throws {
        let lines = RunTimeline(try run()).lines(.plain)
        #expect(lines.allSatisfy { $0.unicodeScalars.allSatisfy { $0.isASCII || $0 == "µ" } }, "\(lines)")
        let bar = try #require(lines.first { $0.hasPrefix("  P1") })
        #expect(bar.hasSuffix("FILLED"))
        let letters = bar.dropFirst(4).filter { "adqswbkfe".contains($0) }
        let order = letters.reduce(into: [Character]()) { if $0.last != $1 { $0.append($1) } }
        #expect(order == ["d", "s", "k", "e"], "\(bar)")
        #expect(lines.contains { $0.hasPrefix("  P5") && $0.hasSuffix("REFUSED notional_limits") })
        #expect(lines.contains { $0.contains("|1.0 ms") } && lines[1].hasSuffix("|2.40 s"), "\(lines[1])")
    }

    @Test("A leg that is on its way is open to the right; one without any time has an empty bar")
    func open() throws {
        let text = Sample.run.replacingOccurrences(of: "FILLED", with: "WORKING")
            .replacingOccurrences(of: ",\"done\":2400000", with: "")
        let timeline = RunTimeline(try JSONValue.parse(text))
        #expect(timeline.end == 21_110)
        let bar = try #require(timeline.lines(.plain).first { $0.hasPrefix("  P1") })
        #expect(bar.hasSuffix("WORKING"))
        #expect(RunTimeline(.object(["legs": []])).lines(.plain).isEmpty)
    }

    @Test("A fill that was told before the acknowledgement does not make a bar run backwards")
    func backwards() throws {
        let text = Sample.run.replacingOccurrences(of: "\"first_fill\":21110", with: "\"first_fill\":400")
        let bar = try #require(RunTimeline(try JSONValue.parse(text)).bars.first)
        for (segment, next) in zip(bar.segments, bar.segments.dropFirst()) { #expect(segment.end == next.start) }
        #expect(bar.segments.allSatisfy { $0.start <= $0.end })
    }

    @Test("With --stages each stage has a line of its own, with what it took")
    func stages() async throws {
        let harness = Harness(json: [Sample.run])
        #expect(await harness.run("runs", "show", "r7", "--stages") == 0)
        #expect(harness.out.contains("durable") && harness.out.contains("+260 µs"), "\(harness.out)")
        #expect(harness.out.contains("timeline"))
        let short = Harness(json: [Sample.run])
        #expect(await short.run("runs", "show", "r7") == 0)
        #expect(!short.out.contains("+260 µs") && short.out.contains("dddd"), "\(short.out)")
    }

    @Test("Nothing is drawn beyond a terminal's width", arguments: [60, 80, 120, 200])
    func width(columns: Int) throws {
        let style = Style(hasColour: false, width: columns)
        for line in RunTimeline(try run()).lines(style, withStages: true) where !line.contains("REFUSED") {
            #expect(line.count <= max(columns, 60) + 14, "\(line)")
        }
    }
}

@Suite("A run's page stands alone and lets nobody's text act")
struct RunPageTests {
    static let story = """
        {"run_id":"r7","asked_by":"<script>alert(1)</script>","order_type":"LIMIT","price":"329.57","mode":"best_effort",\
        "received_at":"2026-11-25T16:09:58.123456Z","steps":[{"since_received_us":41,"type":"admitted","account_id":"P1",\
        "text":"a \\"quoted\\" & <b>bold</b> text","by":"x' onload='y","record":3}]}
        """

    @Test("Texts are escaped, nothing is fetched, and the page has the timeline, the legs and the story")
    func page() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "sluice-page-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appending(path: "r7.html").path
        let harness = Harness(json: [Sample.run, Self.story])
        #expect(await harness.run("runs", "report", "r7", "--html", file) == 0, "\(harness.error)")
        #expect(
            harness.requests.map(\.path) == ["/api/runs/r7", "/api/runs/r7/explain", "/api/analytics/runs/r7"])
        let page = try String(contentsOfFile: file, encoding: .utf8)
        #expect(page.hasPrefix("<!doctype html>") && page.contains("default-src 'none'"))
        for part in [
            "<svg", "notional_limits", "329.57", "P5", "2.40 s", "&lt;b&gt;bold&lt;/b&gt;", "x&#39; onload=&#39;y",
        ] {
            #expect(page.contains(part), "\(part)")
        }
        for part in ["<script", "<b>", "http:", "https:", "src=", "href=", "url("] {
            #expect(!page.contains(part), "\(part)")
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["r7.html"])
    }

    @Test("A file that cannot be written is an error that names it")
    func unwritable() async {
        let harness = Harness(json: [Sample.run, Self.story])
        #expect(await harness.run("runs", "report", "r7", "--html", "/nowhere/r7.html") == 1)
        #expect(harness.error.contains("/nowhere/r7.html"))
    }
}

@Suite("Exports by the command line")
struct ExportCommandTests {
    @Test("Filters go into the query as they are named; the answer comes out byte for byte")
    func request() async {
        let harness = Harness(200, "leg_id\r\nr1-1\r\n")
        let status = await harness.run(
            "export", "legs", "--from", "2026-11-25", "--group", "family", "--status", "FILLED", "--columns", "leg_id")
        #expect(status == 0, "\(harness.error)")
        #expect(
            harness.request?.path == "/api/exports/legs?columns=leg_id&from=2026-11-25&group=family&status=FILLED")
        #expect(harness.out == "leg_id\r\nr1-1\r\n")
        let json = Harness(200, "{}")
        #expect(await json.run("export", "runs", "--json") == 0)
        #expect(json.request?.path == "/api/exports/runs?format=json")
    }

    @Test(
        "What is wrong with a command line is said without asking anybody, with status 2",
        arguments: [
            (["trades"], "runs, legs, events"), (["legs", "--format", "xml"], "csv, json, ndjson"),
            (["legs", "--columns", "gold"], "leg_id"), (["audit", "--group", "g"], "no such filter"),
            (["legs", "--from", "2026-01-02", "--to", "2026-01-01"], "later instant"),
        ])
    func usage(arguments: [String], said: String) async {
        let harness = Harness(200, "{}")
        #expect(await harness.run(["export"] + arguments) == 2)
        #expect(harness.error.contains(said) && harness.requests.isEmpty, "\(harness.error)")
    }

    @Test("A refusal leaves no file behind and is told; a success leaves the whole one")
    func file() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "sluice-export-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let file = directory.appending(path: "legs.csv").path
        let refused = Harness(json: [Sample.problem])
        #expect(await refused.run("export", "legs", "--output", file) == 1)
        #expect(refused.error.contains("must be above 0"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path).isEmpty)
        let done = Harness(200, "leg_id\r\n")
        #expect(await done.run("export", "legs", "-o", file) == 0)
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "leg_id\r\n")
        let trace = Harness(200, "{}")
        #expect(await trace.run("runs", "trace", "r7", "--format", "otlp", "-o", file) == 0)
        #expect(trace.request?.path == "/api/runs/r7/trace?format=otlp")
    }
}
