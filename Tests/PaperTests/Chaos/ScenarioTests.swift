import AdapterKit
import AdapterTesting
import Exact
import Testing

@testable import Paper

@Suite("The scenario as it is written")
struct ScenarioTests {
    private func read(_ scenario: String) throws -> Scenario? {
        try Settings(config: try JSONValue.parse("{\"scenario\":\(scenario)}"), currency: "INR").scenario
    }

    private func rule(_ when: String, _ then: String) -> String { "{\"rules\":[{\"when\":\(when),\"then\":\(then)}]}" }

    private func words(_ value: JSONValue?) -> [String] { (value?["enum"]?.array ?? []).compactMap(\.string).sorted() }

    @Test("The schema knows every word that is read, and no other")
    func schemaAgrees() throws {
        let schema = try JSONValue.parse(Settings.schema)["properties"]?["scenario"]
        let rule = schema?["properties"]?["rules"]?["items"]?["properties"]
        let when = rule?["when"]?["properties"]
        let then = rule?["then"]?["properties"]
        #expect(words(when?["command"]) == (FaultEvent.commands.map(\.rawValue) + ["query"]).sorted())
        #expect(words(when?["report"]) == (FaultEvent.reports.map(\.rawValue) + ["any"]).sorted())
        #expect(words(then?["fault"]) == Fault.Name.allCases.map(\.rawValue).sorted())
        #expect(words(then?["phase"]) == Fault.Phase.allCases.map(\.rawValue).sorted())
        #expect(words(then?["remains"]) == Fault.Remains.allCases.map(\.rawValue).sorted())
        #expect(words(then?["how"]) == Fault.Disagreement.allCases.map(\.rawValue).sorted())
        #expect(schema?["properties"]?["rules"]?["maxItems"]?.int64 == Int64(Scenario.mostRules))
        // Whatever the schema's triggers and parameters are called, some rule takes them.
        let triggers = #"{"command":"submit","account":"P0","symbol":"S","side":"BUY","from_ms":1,"to_ms":2,"limit":3}"#
        var taken = Set(try JSONValue.parse(triggers).object?.keys ?? [])
        _ = try read(self.rule(triggers, #"{"fault":"throttle"}"#))
        for frequency in [#""nth":1"#, #""every":2"#, #""chance":"0.5""#] {
            let text = "{\"command\":\"submit\",\(frequency)}"
            _ = try read(self.rule(text, #"{"fault":"throttle"}"#))
            taken.formUnion(try JSONValue.parse(text).object?.keys ?? [])
        }
        #expect(taken.union(["report"]) == Set(when?.object?.keys ?? []))
        var parameters: Set<String> = []
        for (event, text) in Self.faults {
            _ = try read("{\"allow_crash\":true," + self.rule(event, text).dropFirst())
            parameters.formUnion(try JSONValue.parse(text).object?.keys ?? [])
        }
        #expect(parameters == Set(then?.object?.keys ?? []))
        #expect(
            Set(Self.faults.compactMap { try? JSONValue.parse($0.1)["fault"]?.string }).count
                == Fault.Name.allCases.count)
    }

    /// Every fault with every parameter it has.
    static let faults: [(String, String)] = [
        (
            #"{"command":"submit"}"#,
            #"{"fault":"reply_lost","phase":"before","timeout_ms":1,"remains":"truncated","lose_reports":true}"#
        ),
        (#"{"command":"submit"}"#, #"{"fault":"late_reject","delay_ms":1}"#),
        (#"{"command":"submit"}"#, #"{"fault":"partial_then_reject","part_bps":1,"delay_ms":1}"#),
        (#"{"command":"submit"}"#, #"{"fault":"fill_before_ack","delay_ms":1}"#),
        (#"{"command":"cancel"}"#, #"{"fault":"fill_after_cancel","part_bps":1,"delay_ms":1}"#),
        (#"{"report":"any"}"#, #"{"fault":"report_lost"}"#),
        (#"{"report":"any"}"#, #"{"fault":"duplicate_reports","times":3}"#),
        (#"{"report":"state"}"#, #"{"fault":"shuffle_reports","within_ms":5}"#),
        (#"{"command":"look_up"}"#, #"{"fault":"visibility_delay","delay_ms":1,"declared":false}"#),
        (#"{"command":"query.orders"}"#, #"{"fault":"pages_disagree","how":"omit"}"#),
        (#"{"command":"query"}"#, #"{"fault":"session_expiry","login_ms":1}"#),
        (#"{"command":"cancel_all"}"#, #"{"fault":"throttle","retry_after_ms":1}"#),
        (#"{"report":"execution"}"#, #"{"fault":"clock_skew","offset_ms":-1}"#),
        (#"{"command":"modify"}"#, #"{"fault":"hang","hang_ms":1}"#),
        (#"{"report":"any"}"#, #"{"fault":"slow","delay_ms":1,"jitter_ms":1}"#),
        (#"{"command":"submit"}"#, #"{"fault":"crash","phase":"after","delay_ms":1}"#),
    ]

    @Test("A scenario without rules is none")
    func empty() throws {
        #expect(try read("{}") == nil)
        #expect(try read(#"{"seed":7,"rules":[]}"#) == nil)
        #expect(try read(#"{"dedupes_client_reference":false}"#) != nil)
    }

    @Test(
        "What is wrong is refused by field, value and what would be right",
        arguments: [
            (#"{"seed":-1}"#, "config.scenario.seed is -1; it must be a whole number from 0 to 9223372036854775807"),
            (#"{"rule":[]}"#, "config.scenario.rule is not a setting of the paper adapter"),
            (
                #"{"rules":[{"then":{"fault":"hang"}}]}"#,
                "rules[0].when is missing; it must be an object with a command"
            ),
            (
                #"{"rules":[{"when":{"command":"submit"}}]}"#,
                "rules[0].then is missing; it must be an object with a fault"
            ),
            (#"{"rules":[{"when":{},"then":{"fault":"throttle"}}]}"#, "rules[0].when.command is missing"),
            (
                #"{"rules":[{"when":{"command":"buy"},"then":{"fault":"throttle"}}]}"#,
                "rules[0].when.command is \"buy\"; it must be query, or one of submit, modify"
            ),
            (
                #"{"rules":[{"when":{"command":"submit","report":"any"},"then":{"fault":"throttle"}}]}"#,
                "rules[0].when.report is there beside a command; it must be in a rule of its own"
            ),
            (
                #"{"rules":[{"when":{"command":"submit","nth":1,"chance":"0.5"},"then":{"fault":"throttle"}}]}"#,
                "rules[0].when.chance is there beside nth"
            ),
            (
                #"{"rules":[{"when":{"command":"submit","chance":"1.1"},"then":{"fault":"throttle"}}]}"#,
                "rules[0].when.chance is 1.1; it must be 0 to 1"
            ),
            (
                #"{"rules":[{"when":{"command":"submit","from_ms":5,"to_ms":5},"then":{"fault":"throttle"}}]}"#,
                "rules[0].when.to_ms is 5; it must be after from_ms"
            ),
            (
                #"{"rules":[{"when":{"command":"submit","side":"LONG"},"then":{"fault":"throttle"}}]}"#,
                "rules[0].when.side is \"LONG\"; it must be BUY or SELL"
            ),
            (
                #"{"rules":[{"when":{"command":"submit"},"then":{"fault":"explode"}}]}"#,
                "rules[0].then.fault is \"explode\"; it must be one of reply_lost"
            ),
            (
                #"{"rules":[{"when":{"command":"cancel"},"then":{"fault":"late_reject"}}]}"#,
                "rules[0].then.fault is \"late_reject\" for cancel; it must be one that cancel can meet"
            ),
            (
                #"{"rules":[{"when":{"command":"submit"},"then":{"fault":"throttle","delay_ms":5}}]}"#,
                "rules[0].then.delay_ms is not a setting of the paper adapter"
            ),
            (
                #"{"rules":[{"when":{"command":"submit"},"then":{"fault":"hang"}}]}"#,
                "rules[0].then.hang_ms is missing"
            ),
            (
                #"{"rules":[{"when":{"command":"submit"},"then":{"fault":"hang","hang_ms":10001}}]}"#,
                "rules[0].then.hang_ms is 10001; it must be a whole number from 1 to 10000"
            ),
            (
                #"{"rules":[{"when":{"command":"submit"},"then":{"fault":"crash"}}]}"#,
                "rules[0].then.fault is \"crash\"; it must be another, or scenario.allow_crash must be true"
            ),
        ])
    func refusals(_ scenario: String, _ expected: String) {
        do {
            _ = try read(scenario)
            Issue.record("accepted")
        } catch {
            let text = (error as? AdapterFailure)?.text ?? "\(error)"
            #expect(text.hasPrefix("config.scenario") && text.contains(expected), "\(text)")
        }
    }

    @Test("No live account may crash the process")
    func noCrashInLive() throws {
        let rule = #"{"when":{"command":"submit"},"then":{"fault":"crash"}}"#
        let allowed = #""allow_crash":true,"#
        do {
            _ = try ChaosHost(rule, more: allowed, environment: .live)
            Issue.record("accepted")
        } catch {
            #expect((error as? ScriptedHostError)?.text.contains("environment is live; it must be sandbox") ?? false)
        }
        _ = try ChaosHost(rule, more: allowed, environment: .sandbox)
        _ = try ChaosHost(#"{"when":{"command":"submit"},"then":{"fault":"throttle"}}"#, environment: .live)
    }
}
