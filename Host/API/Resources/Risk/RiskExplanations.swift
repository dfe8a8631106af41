import Domain
import Engine
import Exact
import Gateway
import Hummingbird

/// `/api/rms/explain`: every control, in its order, for a candidate order or a run of the past.
extension Backend {
    func explainRisk(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        let object = try await call.object()
        let explained =
            object["run_id"].map { $0 != .null } ?? false
            ? try await explainPast(object, principal) : try explainCandidate(object, principal, call.receivedAt)
        return .json(reserving: 8_192) { $0.explanation(explained) }
    }

    private func explainPast(_ object: JSONObject, _ principal: Principal) async throws -> Gateway.ExplainedOrder {
        var reader = ObjectReader(object)
        let text = reader.text("run_id")
        let id = text.flatMap { RunID($0) }
        if let text, id == nil {
            reader.refuse("run_id", .string(text), "is no run id", remedy: "name a run, like r42")
        }
        let leg = reader.integer("leg", 1...1_000_000)
        reader.finish(Schema.riskExplainPastRequest)
        guard let id, reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        let run = try await run(id, for: principal)
        let index = leg.map { Int($0) - 1 }
        if let index, !run.legs.indices.contains(index) {
            throw Problem(
                .notFound, "unknown_leg", path: "/leg", value: "\(index + 1)", "the run has \(run.legs.count) legs",
                remedy: "name a leg from 1 to \(run.legs.count), or leave leg out")
        }
        guard let explained = try await gateway.explain(run: id, leg: index) else {
            throw Problem.unknownRun(id.description)
        }
        return explained
    }

    private func explainCandidate(
        _ object: JSONObject, _ principal: Principal, _ receivedAt: Timestamp
    ) throws -> Gateway.ExplainedOrder {
        var object = object
        let order: ParentOrder
        if let value = object["group_id"], value != .null {
            guard case .string(let text) = value, let id = GroupID(text) else {
                throw Problem.invalid([
                    Problem.Entry(
                        path: "/group_id", value: ObjectReader.shown(value), message: "is no group id",
                        remedy: "name a group")
                ])
            }
            object["group_id"] = nil
            _ = try group(id, for: principal)
            order = try OrderDecoding.groupOrder(object, group: id, gateway.market.instruments.snapshot)
        } else {
            order = try OrderDecoding.accountOrder(object, gateway.market.instruments.snapshot)
            if case .account(let id) = order.target, coveredAccounts(principal)?.contains(id) == false {
                throw Problem.unknownAccount(id.rawValue)
            }
        }
        return try gateway.explain(order, by: principal.caller, receivedAt: receivedAt)
    }
}

extension JSONWriter {
    fileprivate mutating func explanation(_ explained: Gateway.ExplainedOrder) {
        let explanation = explained.explanation
        object {
            $0.member("config_version", explanation.riskVersion)
            $0.member("as_of", explanation.asOf)
            $0.member("run_id", explanation.run?.description)
            $0.key("legs")
            $0.beginArray()
            for (index, leg) in explanation.legs.enumerated() where explained.leg.map({ $0 == index }) ?? true {
                $0.leg(leg, index, explained)
            }
            $0.endArray()
            $0.list("notes", explanation.notes)
        }
    }

    private mutating func leg(_ leg: Explanation.Leg, _ index: Int, _ explained: Gateway.ExplainedOrder) {
        let instrument = explained.instruments[index]
        object {
            $0.member(
                "leg_id", explained.explanation.run.map { LegID(run: $0, index: index).description })
            $0.member("account_id", explained.accounts[index].id.rawValue)
            $0.member("symbol", explained.symbols[index].text)
            $0.member("side", leg.admission.side.rawName)
            $0.member("quantity", text: instrument.quantity(leg.admission.allocatedQuantity))
            $0.member("verdict", leg.verdict.rawName)
            $0.member("ordered_quantity", text: instrument.quantity(leg.admission.orderedQuantity))
            $0.list("controls", leg.controls) { $0.control($1, instrument) }
            $0.key("recorded")
            if explained.explanation.isPast, let reject = explained.recorded[index] {
                var text = JSONText(reserving: 512)
                text.reject(reject)
                $0.raw(text.bytes)
            } else {
                $0.null()
            }
        }
    }

    private mutating func control(_ row: ControlRow, _ instrument: Instrument) {
        let figures = row.figures(instrument)
        object {
            $0.member("control", row.control.name)
            $0.member("verdict", row.verdict.rawName)
            $0.member("code", row.rejection == nil ? nil : row.code)
            $0.member("scope", figures?.scope.name ?? row.rejection?.scope.name)
            switch figures?.limit {
            case .value(let limit): $0.member("limit", text: limit)
            case .unlimited: $0.member("limit", "unlimited")
            case .some(.none), nil: $0.member("limit", nil as String?)
            }
            $0.member("observed", text: figures?.observed)
            $0.member("projected", text: figures?.projected)
            $0.member("unit", figures.map { $0.unit.name })
            $0.key("input_ages_ms")
            if let age = figures?.inputAge {
                $0.object { $0.member(row.control.inputName, age) }
            } else {
                $0.null()
            }
            $0.member("message", row.message)
        }
    }
}

extension ControlID {
    /// The input whose age a control tells.
    fileprivate var inputName: String {
        switch self {
        case .marginBuffer, .concentration, .leverage, .drawdown: "funds"
        case .shortRules: "holdings"
        default: "reference"
        }
    }
}
