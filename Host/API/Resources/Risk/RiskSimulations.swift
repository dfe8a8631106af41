import Domain
import Engine
import Exact
import Gateway
import Hummingbird
import RiskConfiguration

/// `/api/rms/simulate`: other limits tried on orders that were, and stories told to a copy of the present.
extension Backend {
    func simulateRisk(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        var reader = ObjectReader(try await call.object(upTo: 3 * Gateway.longestDocument))
        let text = reader.lines("document", maximum: Gateway.longestDocument)
        let version = reader.integer("version", 1 ... .max)
        let story = reader.lines("scenario", maximum: Gateway.longestDocument)
        let from = reader.time("from")
        let to = reader.time("to")
        let group = reader.identifier("group_id", GroupID.self)
        let maximum = reader.integer("maximum_legs", 1...10_000)
        reader.finish(Schema.riskSimulateRequest)
        if text != nil, version != nil {
            reader.refuse("version", nil, "is given beside document", remedy: "send one of document and version")
        }
        if story != nil {
            for (name, isGiven) in [
                ("version", version != nil), ("from", from != nil), ("to", to != nil), ("group_id", group != nil),
                ("maximum_legs", maximum != nil),
            ] where isGiven {
                reader.refuse(name, nil, "is not for a scenario", remedy: "leave it out")
            }
        } else if text == nil, version == nil, reader.entries.isEmpty {
            reader.refuse(
                "document", nil, "is missing", remedy: "send one of document and version, or a scenario")
        }
        if let from, let to, to < from {
            reader.refuse("to", .string(to.rfc3339), "is before from", remedy: "give a time after from")
        }
        guard reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        let document = try risky { () throws(Gateway.RiskDocumentError) -> RiskDocument? in
            if let text { return try Gateway.read(text, "document") }
            return try version.map { version throws(Gateway.RiskDocumentError) in try gateway.riskDocument(version) }
        }
        if let story { return try playScenario(story, document, principal) }
        guard let document else { throw Problem.invalid(reader.entries) }
        if let group { _ = try self.group(group, for: principal) }
        let window = Simulation.Window(
            from: from ?? Timestamp(nanoseconds: .min), to: to ?? Timestamp(nanoseconds: .max), group: group)
        let (result, legs) = try await gateway.simulate(document, window: window, maximumLegs: Int(maximum ?? 1_000))
        let live = gateway.riskConfiguration.version
        return .json(reserving: 8_192) { $0.simulation(result, legs, from: live) }
    }

    private func playScenario(_ text: String, _ document: RiskDocument?, _ principal: Principal) throws -> Answer {
        let story = try ScenarioDecoding.read(text, gateway.market.instruments.snapshot)
        let scenario = Scenario(
            story.steps.map(\.step), origin: Origin(caller: principal.keyID, idempotencyKey: ""),
            authority: principal.authority)
        let outcomes = try gateway.play(scenario, symbols: story.symbols, document: document)
        let told = zip(story.steps, outcomes).map { step, outcome in (step, outcome, step.isMet(by: outcome)) }
        return .json(reserving: 8_192) {
            $0.object {
                $0.list("steps", told) { json, entry in json.scenarioStep(entry.0, entry.1, entry.2) }
                $0.member("is_expected", told.allSatisfy { $0.2 ?? true })
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func simulation(
        _ result: SimulationResult, _ legs: [Gateway.SimulatedLeg], from version: Int64
    ) {
        object {
            $0.member("from_version", version)
            $0.member("runs", Int64(result.runs))
            $0.member("legs", Int64(result.legs))
            $0.member("refused", Int64(result.refused))
            $0.member("clipped", Int64(result.clipped))
            $0.member("enlarged", Int64(result.enlarged))
            $0.member("newly_admitted", Int64(result.newlyAdmitted))
            $0.member("unchanged", Int64(result.unchanged))
            $0.member("undecided", Int64(result.undecided))
            let counts = result.byControl.sorted { $0.key.rawValue < $1.key.rawValue }
            $0.list("by_control", counts) { json, entry in
                json.object {
                    $0.member("control", entry.key.name)
                    $0.member("refused", Int64(entry.value.refused))
                    $0.member("clipped", Int64(entry.value.clipped))
                    $0.member("newly_admitted", Int64(entry.value.newlyAdmitted))
                }
            }
            $0.list("differences", legs) { $0.simulatedLeg($1) }
            $0.member("is_truncated", result.isTruncated)
            $0.list("notes", result.notes)
        }
    }

    private mutating func simulatedLeg(_ leg: Gateway.SimulatedLeg) {
        let difference = leg.difference
        let instrument = leg.instrument.instrument
        func word(_ rejection: Rejection?) -> String { rejection.map { "REFUSED \($0.code)" } ?? "ADMITTED" }
        let figures = difference.reason.map { ControlRow.figures(Measure($0), instrument) }
        object {
            $0.member("leg_id", difference.leg.description)
            $0.member("run_id", difference.leg.run.description)
            $0.member("account_id", leg.account.rawValue)
            $0.member("symbol", leg.instrument.id.text)
            $0.member("side", difference.side.rawName)
            $0.member("admitted_at", difference.admittedAt)
            $0.member("before", word(difference.before))
            $0.member("after", word(difference.after))
            $0.member("before_quantity", text: instrument.quantity(difference.beforeQuantity))
            $0.member("after_quantity", text: instrument.quantity(difference.afterQuantity))
            $0.member("control", difference.reason?.control.name)
            if case .value(let limit)? = figures?.limit {
                $0.member("limit", text: limit)
            } else {
                $0.member("limit", nil as String?)
            }
            $0.member("observed", text: figures?.observed)
            $0.member("projected", text: figures?.projected)
            $0.member("unit", figures.map { $0.unit.name })
        }
    }

    fileprivate mutating func scenarioStep(
        _ step: ScenarioStory.Step, _ outcome: Scenario.Outcome, _ isMet: Bool?
    ) {
        object {
            $0.member("step", Int64(outcome.step))
            $0.member("action", step.action)
            $0.member("expect", step.expectation?.text)
            $0.key("is_expected")
            if let isMet { $0.bool(isMet) } else { $0.null() }
            $0.key("run")
            if let run = outcome.run { $0.raw(JSONText.run(run)) } else { $0.null() }
            let changes = outcome.changes.map { "\($0.scope) goes to \($0.status.rawName): \($0.reason)" }
            let lines = [outcome.refusal.map { "\($0.code): \($0.message)" }].compactMap(\.self) + changes
            $0.member("message", lines.isEmpty ? nil : lines.joined(separator: "; "))
        }
    }
}
