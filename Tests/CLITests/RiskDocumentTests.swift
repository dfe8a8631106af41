import Exact
import Testing

@testable import CLI

@Suite("The risk document on the command line")
struct RiskDocumentTests {
    private static let terminal = Style(hasColour: false, width: 80)

    @Test("Limits are a table of control, key and value with where they come from and whose total they bound")
    func show() async {
        let harness = Harness(json: [RiskSample.effective])
        #expect(await harness.run("rms", "show", "account:P1") == 0)
        #expect(
            harness.out == """
                limits of account:P1, version 12

                CONTROL         KEY    FROM              BINDS       VALUE
                daily-loss      max    account:P1        account:P1     10000 INR
                daily-loss      then   account:P1        account:P1  reducing
                max-position    max    profile:cautious  account:P1           500
                gross-exposure  max    firm              firm        50000000 INR
                loss-streak     count  shipped default   account:P1  unlimited

                """)
    }

    @Test("A document goes to a file as it is and its facts beside it; a terminal is told what it must not act on")
    func document() async {
        let harness = Harness(json: [RiskSample.config])
        #expect(await harness.run("rms", "show", "--document") == 0)
        #expect(harness.out == "rms: 1\n# é \"x\"\n")
        #expect(harness.error == "version 12 applied 09:00:00.000 by ana: first\n")
        let shown = Harness(
            json: [#"{"version":12,"document":"rms: 1\n# \u001b[2J\n"}"#], style: Style(hasColour: true, width: 80))
        #expect(await shown.run("rms", "show", "--document") == 0)
        #expect(shown.out == "rms: 1\n# \u{FFFD}[2J\n")
    }

    @Test("A difference is 1 and reads place, key, before, after and effect; the same document is 0")
    func diff() async {
        let harness = Harness(
            json: [RiskSample.diff(RiskSample.tighter, RiskSample.looser, RiskSample.profile)],
            files: ["a.yaml": "rms: 1"])
        #expect(await harness.run("rms", "diff", "a.yaml") == 1)
        #expect(
            harness.out == """
                version 12 -> a.yaml: 3 changes
                account:P1  daily-loss.max      20000 INR -> 10000 INR  tighter
                firm        gross-exposure.max  5000000 INR -> not set  looser
                account:P2  profile             not set -> cautious     changed

                """)
        #expect(harness.error.isEmpty)
        let same = Harness(json: [RiskSample.diff()], files: ["a.yaml": "rms: 1"])
        #expect(await same.run("rms", "diff", "a.yaml") == 0)
        #expect(same.out == "a.yaml says what version 12 says\n")
    }

    @Test("A change too long for its line stands on three, within the width, and leaves the others' columns alone")
    func longChange() throws {
        let list = (1...20).map { "NSE\($0)" }.joined(separator: ", ")
        let long = try JSONValue.parse(
            #"{"place":"firm","control":"allow-list","key":"segments","before":"NSE","after":"\#(list)","effect":"looser"}"#
        )
        let short = try JSONValue.parse(RiskSample.tighter)
        let lines = RiskChanges.lines([long, short], Self.terminal)
        #expect(lines.allSatisfy { $0.count <= 80 })
        #expect(lines.first == "firm        allow-list.segments  looser")
        #expect(lines[1] == "  - NSE")
        #expect(lines[2].hasPrefix("  + NSE1, NSE2"))
        #expect(lines.last == "account:P1  daily-loss.max       20000 INR -> 10000 INR  tighter")
        let unbounded = RiskChanges.lines([long], .plain)
        #expect(unbounded.count > 3 && unbounded.allSatisfy { $0.count <= 100 })
    }

    @Test("On a terminal tighter and looser have colours of their own")
    func colours() throws {
        let style = Style(hasColour: true, width: 100)
        let lines = RiskChanges.lines(
            [try JSONValue.parse(RiskSample.tighter), try JSONValue.parse(RiskSample.looser)], style)
        #expect(lines[0].hasSuffix("\u{1B}[32mtighter\u{1B}[0m"))
        #expect(lines[1].hasSuffix("\u{1B}[33mlooser\u{1B}[0m"))
    }

    @Test("Applying shows what changed and the new version; a dry run says that nothing did")
    func apply() async {
        let files = ["a.yaml": "rms: 1"]
        let change = "account:P1  daily-loss.max  20000 INR -> 10000 INR  tighter\n"
        let harness = Harness(json: [RiskSample.config, RiskSample.applied()], files: files)
        #expect(await harness.run("rms", "apply", "a.yaml", "--reason", "x") == 0)
        #expect(harness.out == change + "version 13 is in force, after 12: 1 change\n")
        let dry = Harness(json: [RiskSample.applied(dry: true)], files: files)
        #expect(await dry.run("rms", "apply", "a.yaml", "--reason", "x", "--expected-version", "12", "--dry-run") == 0)
        #expect(dry.out == change + "dry run: this would be version 13 after 12; nothing was changed\n")
        let same = Harness(json: [RiskSample.config, RiskSample.applied(changed: false)], files: files)
        #expect(await same.run("rms", "apply", "a.yaml", "--reason", "x") == 0)
        #expect(same.out == "nothing to change: the document says what version 12 says\n")
    }

    @Test("A change made to another version is refused with the difference that came with it")
    func mismatch() async {
        let harness = Harness(json: [RiskSample.mismatch], files: ["a.yaml": "rms: 1"])
        #expect(await harness.run("rms", "apply", "a.yaml", "--reason", "x", "--expected-version", "12") == 1)
        #expect(harness.out.isEmpty)
        #expect(
            harness.error == """
                refused: The stored version is another (412 version_mismatch)
                  version 14 is stored
                  what was sent would make 2 changes to the stored version 14:
                    account:P1  daily-loss.max      20000 INR -> 10000 INR  tighter
                    firm        gross-exposure.max  5000000 INR -> not set  looser
                  request q9

                """)
    }

    @Test("Every error of a document is one line with its place and remedy, up to a bound that is told")
    func errors() async {
        func problem(_ count: Int) -> String {
            let entries = (1...count).map {
                #"{"path":"/document: line \#($0), column 5: firm.limits.x","value":"1","message":"is no control","remedy":"leave it out"}"#
            }
            return
                #"{"type":"urn:x","title":"The request is not valid","status":400,"detail":"\#(count) errors","code":"invalid_document","errors":[\#(entries.joined(separator: ","))],"request_id":"q1"}"#
        }
        let harness = Harness(json: [problem(2)], files: ["a.yaml": "x"])
        #expect(await harness.run("rms", "diff", "a.yaml") == 1)
        #expect(
            harness.error == """
                refused: The request is not valid (400 invalid_document)
                  2 errors
                  line 1, column 5: firm.limits.x: is no control (leave it out)
                  line 2, column 5: firm.limits.x: is no control (leave it out)
                  request q1

                """)
        let many = Harness(json: [problem(1_010)], files: ["a.yaml": "x"])
        #expect(await many.run("rms", "diff", "a.yaml") == 1)
        #expect(many.error.split(separator: "\n").count == Problem.shownEntries + 4)
        #expect(many.error.contains("  and 9 more\n"))
    }

    @Test("A file that is no text, or cannot be read, is an error that asks nothing")
    func unreadable() async {
        let harness = Harness(json: ["{}"])
        #expect(await harness.run("rms", "apply", "a.yaml", "--reason", "x") == 1)
        #expect(harness.requests.isEmpty && harness.error.contains("a.yaml"))
    }

    @Test("A lost answer of an apply is unknown, never failed")
    func unknown() async {
        let harness = Harness(
            failure: TransportFailure(isCertainlyNotSent: false, message: "the line broke"), files: ["a.yaml": "x"])
        #expect(await harness.run("rms", "apply", "a.yaml", "--reason", "x", "--expected-version", "1") == 1)
        #expect(harness.error.contains("it is not known whether the gateway did it"))
    }

    @Test("The history names each version's person, time, changes and reason, and where the next page is")
    func history() async {
        let harness = Harness(json: [
            #"{"items":[{"version":13,"applied_at":"2026-11-25T16:00:00.000000Z","applied_by":"ana","reason":"tighter","changes":3,"is_document_kept":true},{"version":9,"applied_at":"2026-10-01T09:00:00.000000Z","applied_by":"bo","reason":"old","changes":12,"is_document_kept":false}],"next_cursor":"c9"}"#
        ])
        #expect(await harness.run("rms", "history") == 0)
        #expect(
            harness.out == """
                VERSION  TIME                 BY   CHANGES  TEXT      REASON
                     13  16:00:00.000         ana        3            tighter
                      9  2026-10-01 09:00:00  bo        12  not kept  old
                more: --cursor c9

                """)
    }

    @Test("Going back shows what that changed; a version whose text is gone is refused")
    func rollback() async {
        let harness = Harness(json: [RiskSample.config, RiskSample.applied()])
        #expect(await harness.run("rms", "rollback", "10", "--reason", "x") == 0)
        #expect(harness.out.hasSuffix("version 13 is in force, after 12: 1 change\n"))
        let gone = Harness(json: [
            #"{"type":"urn:x","title":"Gone","status":410,"detail":"version 2 is known, its text is not kept","code":"version_not_kept","errors":[],"request_id":"q1"}"#
        ])
        #expect(await gone.run("rms", "rollback", "2", "--reason", "x", "--expected-version", "12") == 1)
        #expect(gone.error.contains("410 version_not_kept"))
    }

    @Test(
        "With --json every answer is printed as it came, and the exit status stays what it says",
        arguments: [
            (["show"], RiskSample.effective, 0), (["show", "--document"], RiskSample.config, 0),
            (["diff", "a.yaml"], RiskSample.diff(RiskSample.tighter), 1),
            (["apply", "a.yaml", "--reason", "x", "--expected-version", "12"], RiskSample.applied(), 0),
            (["apply", "a.yaml", "--reason", "x", "--expected-version", "12"], RiskSample.mismatch, 1),
            (["explain", "--account", "P1", "--symbol", "X"], RiskSample.explanation, 1),
            (["explain", "--run", "r42"], RiskSample.explanation, 0),
            (["simulate", "a.yaml"], RiskSample.simulation, 1),
            (["simulate", "--scenario", "a.yaml"], RiskSample.scenario(holds: false), 1),
            (["status"], RiskSample.status, 0), (["overrides"], #"{"items":[]}"#, 0),
            (
                ["square-off", "firm", "--reason", "x"],
                RiskSample.squareOff("BLOCKED", position: "BLOCKED", quantity: "1"), 1
            ),
        ] as [([String], String, Int32)])
    func json(arguments: [String], answer: String, exit: Int32) async {
        let harness = Harness(json: [answer], files: ["a.yaml": "rms: 1"])
        #expect(await harness.run(["rms"] + arguments + ["--json"]) == exit)
        #expect(harness.out == answer + "\n")
    }
}
