import Exact
import Testing

@testable import CLI

@Suite("Explanations and simulations")
struct RiskExplainTests {
    private static let candidate = ["rms", "explain", "--group", "g", "--symbol", "X"]

    @Test("An explanation has every control in order with its numbers, and ends each leg with one plain sentence")
    func explain() async {
        let harness = Harness(json: [RiskSample.explanation])
        #expect(await harness.run(Self.candidate) == 1)
        #expect(
            harness.out == """
                candidate  limits version 12  as of 16:09:58.123
                note: the group aggregate is judged on the legs that pass

                P1  BUY 50  REFUSED
                CONTROL         VERDICT          LIMIT  OBSERVED  PROJECTED  UNIT        AGE
                allow-list      PASS
                price-collar    PASS            342.75    329.57     329.57  USD       55 ms
                max-position    REFUSED            150       110        160  quantity  1.2 s
                gross-exposure  NOT_REACHED  500000.00                       USD
                P1: the purchase of 50 is refused by max-position (account): the position would exceed the limit; \
                limit 150, observed 110, projected 160 quantity; position 1.2 s old.

                P2  SELL 10  PASS
                CONTROL       VERDICT     LIMIT  OBSERVED  PROJECTED  UNIT      SCOPE
                max-position  OVERRIDDEN      5         0         10  quantity
                self-trade    ALERT                                             group
                max-position: override o1 lets it pass
                self-trade: only observed
                P2: the sale of 10 passes, by an override of max-position.

                """)
    }

    @Test("On a terminal an explanation keeps within its width, with colours", arguments: [100, 120])
    func terminal(width: Int) async {
        let harness = Harness(json: [RiskSample.explanation], style: Style(hasColour: true, width: width))
        #expect(await harness.run(Self.candidate) == 1)
        #expect(harness.out.contains("\u{1B}[31mREFUSED\u{1B}[0m") && harness.out.contains("\u{1B}[2mNOT_REACHED"))
        let bare = harness.out.replacing(#/\u{1B}\[[0-9]+m/#, with: "")
        #expect(bare.split(separator: "\n").allSatisfy { $0.count <= width })
    }

    @Test(
        "On a terminal every table of risk keeps within 100 columns and colour adds none",
        arguments: [
            ["show", "account:P1"], ["history"], ["diff", "a.yaml"], ["explain", "--run", "r1"],
            ["simulate", "a.yaml"],
            ["status"], ["overrides"], ["square-offs"],
        ] as [[String]])
    func widths(arguments: [String]) async {
        let long = String(repeating: "a reason of many words ", count: 12)
        let answers = [
            "show": RiskSample.effective, "diff": RiskSample.diff(RiskSample.tighter, RiskSample.looser),
            "history":
                #"{"items":[{"version":1,"applied_at":"2026-10-01T09:00:00Z","applied_by":"ana","reason":"\#(long)","changes":3}]}"#,
            "explain": RiskSample.explanation, "simulate": RiskSample.simulation, "status": RiskSample.status,
            "overrides": #"{"items":[\#(RiskSample.override.replacing("hedge", with: long))]}"#,
            "square-offs":
                #"{"items":[\#(RiskSample.squareOff("WORKING", position: "WORKING", quantity: "1").replacing("end of day", with: long))]}"#,
        ]
        var texts: [String] = []
        for style in [Style(hasColour: true, width: 100), Style(hasColour: false, width: 100)] {
            let harness = Harness(json: [answers[arguments[0]] ?? ""], files: ["a.yaml": "x"], style: style)
            _ = await harness.run(["rms"] + arguments)
            texts.append(harness.out)
        }
        #expect(texts[0].contains("\u{1B}[") && texts[0].replacing(#/\u{1B}\[[0-9]+m/#, with: "") == texts[1])
        #expect(texts[1].split(separator: "\n").count > 1)
        for line in texts[1].split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
    }

    @Test("An explanation of what was is 0 whatever it was, and names what was recorded then")
    func past() async {
        let recorded = RiskSample.explanation.replacing(
            #""recorded":null},"#,
            with:
                #""recorded":{"code":"max_position","scope":"account:P1","limit":"140","observed":"110","projected":"160","unit":"quantity"}},"#
        ).replacing(#""run_id":null"#, with: #""run_id":"r42""#)
        let harness = Harness(json: [recorded])
        #expect(await harness.run("rms", "explain", "--run", "r42", "--leg", "1") == 0)
        #expect(harness.out.hasPrefix("run r42  limits version 12"))
        #expect(
            harness.out.contains(
                "recorded then: max_position (account:P1): limit 140, observed 110, projected 160 quantity\n"))
    }

    @Test(
        "The sentence says what came of the leg",
        arguments: [
            (
                #"{"verdict":"CLIP","ordered_quantity":"25","controls":[{"control":"max-position","verdict":"CLIP","limit":"150","unit":"quantity"}]}"#,
                "P1: the purchase of 50 is cut to 25 by max-position: limit 150 quantity."
            ),
            (
                #"{"verdict":"HOLD","controls":[{"control":"message-rate","verdict":"HOLD","message":"8 of 8 in 1 s"}]}"#,
                "P1: the purchase of 50 waits for message-rate: 8 of 8 in 1 s."
            ), (#"{"verdict":"PASS","controls":[]}"#, "P1: the purchase of 50 passes every control."),
            (
                #"{"verdict":"REFUSED","controls":[]}"#,
                "P1: the purchase of 50 is refused, though none of its own controls refuses it."
            ),
            (
                #"{"verdict":"REFUSED","controls":[{"control":"trading-state","verdict":"REFUSED","scope":"firm","message":"firm is halted"}]}"#,
                "P1: the purchase of 50 is refused by trading-state (firm): firm is halted."
            ),
        ])
    func sentences(leg: String, sentence: String) throws {
        var leg = try #require(try JSONValue.parse(leg).object)
        (leg["account_id"], leg["side"], leg["quantity"]) = ("P1", "BUY", "50")
        #expect(ExplanationReport.sentence(.object(leg)) == sentence)
    }

    @Test("A simulation has its totals, then the controls, then each leg that would have ended otherwise, and is 1")
    func simulation() async {
        let harness = Harness(json: [RiskSample.simulation], files: ["tighter.yaml": "rms: 1"])
        #expect(await harness.run("rms", "simulate", "tighter.yaml") == 1)
        #expect(
            harness.out == """
                tighter.yaml on 480 legs of 120 runs, instead of version 12
                  2 would be refused · 1 would be clipped · 0 would newly pass · 477 unchanged
                  note: prices are those of then

                CONTROL       REFUSED  CLIPPED
                max-position        2        1

                LEG    ACCOUNT  SYMBOL      WOULD BE              QUANTITY  LIMIT  PROJECTED  UNIT
                r42-2  P1       US:EQ:MSFT  REFUSED max_position   50 -> 0    100        110  quantity
                r43-1  P2       US:EQ:MSFT  ADMITTED              50 -> 40    100        110  quantity
                not all of them are shown: narrow it with --from, --to or --group

                """)
    }

    @Test("A simulation without a difference is 0")
    func same() async {
        let harness = Harness(
            json: [
                #"{"from_version":12,"runs":1,"legs":4,"refused":0,"clipped":0,"newly_admitted":0,"unchanged":4,"by_control":[],"differences":[],"is_truncated":false,"notes":[]}"#
            ], files: ["a.yaml": "rms: 1"])
        #expect(await harness.run("rms", "simulate", "a.yaml") == 0)
        #expect(harness.out.contains("0 would be refused"))
    }

    @Test("A story is 0 when it came as it expects, else 1 with the numbers of what came")
    func story() async {
        let files = ["s.yaml": "x"]
        let good = Harness(json: [RiskSample.scenario(holds: true)], files: files)
        #expect(await good.run("rms", "simulate", "--scenario", "s.yaml") == 0)
        #expect(
            good.out == """
                STEP  ACTION  CAME                  EXPECTED                  MESSAGE
                   1  price                                                   US:EQ:X at 100
                   2  order   REFUSED max_position  REFUSED max_position  ok

                all 1 expectations hold

                """)
        let bad = Harness(json: [RiskSample.scenario(holds: false)], files: files)
        #expect(await bad.run("rms", "simulate", "--scenario", "s.yaml") == 1)
        #expect(bad.out.contains("REFUSED daily_loss  REFUSED max_position  NOT SO"))
        #expect(
            bad.out.contains(
                "step 2\n  P1 refused: daily_loss (account:P1): limit 100, observed 60, projected 110 quantity\n"))
        #expect(bad.out.hasSuffix("1 of 1 expectations do not hold\n"))
    }
}
