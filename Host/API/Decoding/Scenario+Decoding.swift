import Domain
import Engine
import Exact
import Instruments
import Prices
import Settings

/// A scenario file as read: what happens, and what is expected of it.
struct ScenarioStory {
    struct Step {
        var step: Scenario.Step
        var action: String
        var expectation: Expectation?

        /// Whether an outcome is what was expected; `nil` = nothing was.
        func isMet(by outcome: Scenario.Outcome) -> Bool? {
            guard let expectation else { return outcome.refusal == nil || action == "order" ? nil : false }
            if let refusal = outcome.refusal {
                return expectation.verdict == .refused && expectation.code.map { $0 == refusal.code } ?? true
            }
            guard let legs = outcome.run?.legs, !legs.isEmpty else { return false }
            let refused = legs.filter { $0.reject != nil }
            let hasCode = expectation.code.map { code in refused.allSatisfy { $0.reject?.code == code } } ?? true
            return switch expectation.verdict {
            case .admitted: refused.isEmpty
            case .refused: refused.count == legs.count && hasCode
            case .partial: !refused.isEmpty && refused.count < legs.count && hasCode
            }
        }
    }

    /// `ADMITTED`, `REFUSED max_position`, `PARTIAL`.
    struct Expectation {
        enum Verdict: String, CaseIterable {
            case admitted = "ADMITTED"
            case refused = "REFUSED"
            case partial = "PARTIAL"
        }
        var verdict: Verdict
        /// The code of every refusal; `nil` = any.
        var code: String?

        init?(_ text: String) {
            let parts = text.split(separator: " ", omittingEmptySubsequences: false)
            guard let word = parts.first, let verdict = Verdict(rawValue: String(word)), parts.count <= 2,
                parts.count == 1 || verdict != .admitted
            else { return nil }
            (self.verdict, code) = (verdict, parts.count == 2 ? String(parts[1]) : nil)
        }

        var text: String { ([verdict.rawValue] + [code].compactMap(\.self)).joined(separator: " ") }
    }

    var steps: [Step]
    /// Instruments that the steps name.
    var symbols: [InstrumentID]
}

/// Reads a scenario: `scenario: 1` and `steps`, each one action and, for an order, what is expected of it.
enum ScenarioDecoding {
    private static let actions = [
        "price", "funds", "position", "order", "fill", "cancel", "halt", "reduce", "resume", "wait", "day",
    ]

    static func read(_ text: String, _ instruments: InstrumentSnapshot) throws(Problem) -> ScenarioStory {
        do throws(ConfigurationErrors) {
            return try DocumentReader.read(text: text, file: "scenario") { root in
                _ = root.required("scenario", .integer(1...1))
                let steps = root.sections("steps").map { section -> ScenarioStory.Step? in
                    let step = read(section, instruments)
                    section.finish()
                    return step
                }
                guard steps.allSatisfy({ $0 != nil }) else { return nil }
                let known = steps.compactMap(\.self)
                return ScenarioStory(steps: known, symbols: known.compactMap { symbol(of: $0.step) })
            }
        } catch {
            throw Problem(.invalid(error)).inScenario
        }
    }

    private static func symbol(of step: Scenario.Step) -> InstrumentID? {
        switch step {
        case .price(let symbol, _), .position(_, let symbol, _, _): symbol
        case .order(let order): order.symbol
        default: nil
        }
    }

    private static func read(_ section: MappingReader, _ instruments: InstrumentSnapshot) -> ScenarioStory.Step? {
        let named = actions.filter { section.contains($0) }
        guard named.count == 1, let action = named.first else {
            section.report(
                named.isEmpty ? "the step names no action" : "the step names \(named.joined(separator: " and "))",
                remedy: "give one of \(actions.joined(separator: ", "))")
            return nil
        }
        guard let step = step(action, section, instruments) else { return nil }
        let expectation = section.optional(
            "expect",
            FieldType<String>.text.map("ADMITTED, REFUSED or PARTIAL, and after these a code") {
                ScenarioStory.Expectation($0)
            })
        if expectation != nil, action != "order" {
            section.report("an expectation is for an order", remedy: "leave it out", at: "expect")
        }
        return ScenarioStory.Step(step: step, action: action, expectation: expectation)
    }

    private static func step(
        _ action: String, _ section: MappingReader, _ instruments: InstrumentSnapshot
    ) -> Scenario.Step? {
        switch action {
        case "wait": return section.required("wait", .duration()).map { .wait($0) }
        case "day": return section.required("day", .boolean).map { _ in .day }
        case "order": return order(section, instruments)
        default: break
        }
        let facts = section.section(action)
        defer { facts.finish() }
        switch action {
        case "price":
            guard let symbol = facts.required("symbol", .symbol), let price = facts.required("price", .decimal) else {
                return nil
            }
            return .price(symbol, price)
        case "funds":
            guard let account = facts.required("account_id", .identifier) as AccountID?,
                let available = facts.required("available", .decimal), let equity = facts.required("equity", .decimal)
            else { return nil }
            return .funds(account, available: available, equity: equity)
        case "position":
            guard let account = facts.required("account_id", .identifier) as AccountID?,
                let symbol = facts.required("symbol", .symbol), let quantity = facts.required("quantity", .decimal),
                let price = facts.required("price", .decimal)
            else { return nil }
            return .position(account, symbol, quantity: quantity, price: price)
        case "fill":
            guard let order = facts.required("order", .integer(1...1_000)) else { return nil }
            return .fill(
                order: Int(order), account: facts.optional("account_id", .identifier),
                quantity: facts.optional("quantity", .decimal), price: facts.optional("price", .decimal))
        case "cancel": return facts.required("order", .integer(1...1_000)).map { .cancel(order: Int($0)) }
        default:
            let status: TradingStatus = action == "halt" ? .halted : action == "reduce" ? .reducing : .active
            let scope = facts.required(
                "scope", FieldType<String>.text.map("firm, or kind:id like account:AB1234") { Scope($0) })
            return scope.map { .state($0, status) }
        }
    }

    /// The order's own fields are those of the interface, judged by its decoder.
    private static func order(_ section: MappingReader, _ instruments: InstrumentSnapshot) -> Scenario.Step? {
        guard let text = section.required("order", .jsonObject), let value = try? JSONValue.parse(text),
            case .object(var object) = value
        else { return nil }
        do throws(Problem) {
            guard case .string(let name)? = object["group_id"] else {
                return .order(try OrderDecoding.accountOrder(object, instruments))
            }
            guard let group = GroupID(name) else {
                section.report("'\(name)' is no group id", remedy: "name a group", at: "order")
                return nil
            }
            object["group_id"] = nil
            return .order(try OrderDecoding.groupOrder(object, group: group, instruments))
        } catch {
            for entry in error.entries {
                section.report("\(entry.path): \(entry.message)", remedy: entry.remedy, at: "order")
            }
            return nil
        }
    }
}

extension FieldType where Value == InstrumentID {
    fileprivate static var symbol: FieldType<InstrumentID> {
        FieldType<String>.text.map("an instrument id like NSE:EQ:RELIANCE") { try? InstrumentID($0) }
    }
}

extension Problem {
    /// The same errors, of a scenario instead of a document of limits.
    fileprivate var inScenario: Problem {
        var problem = self
        problem.code = "invalid_scenario"
        problem.detail = detail.replacing("document", with: "scenario")
        for index in problem.entries.indices {
            problem.entries[index].path = entries[index].path.replacing("/document", with: "/scenario")
        }
        return problem
    }
}
