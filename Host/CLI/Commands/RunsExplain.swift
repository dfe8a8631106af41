import ArgumentParser
import Exact

extension RunsCommand {
    struct Explain: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "A run's whole story: who asked, what decided each leg with its numbers, and every step since.",
            discussion: """
                Example: sluice runs explain r7m2…

                Times are since the request was received. 'sluice rms explain --run' shows every control on every leg.
                """)
        @Argument(help: "The run's id.") var id: String
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            try await session.show(.get, APIPath.make("api", "runs", id, "explain")) {
                StoryReport.lines($0, $1, now: now)
            }
        }
    }
}

/// A run's story as people read it.
enum StoryReport {
    static func lines(_ story: JSONValue, _ style: Style, now: String) -> [String] {
        guard story["steps"] != nil else { return Outline.lines(story, style) }
        return asked(story, style, now: now) + [""] + allocation(story, style) + [""] + steps(story, style)
    }

    private static func asked(_ story: JSONValue, _ style: Style, now: String) -> [String] {
        let status = story.text("status")
        let order = [
            story.text("side"), story.text("requested_quantity"), story.text("symbol"), story.text("order_type"),
            prefixed("at ", story.text("price")),
        ]
        let place = story.text("group_id")
        let facts = [
            place.isEmpty ? "" : "group \(place) version \(story.text("group_version"))",
            prefixed("limits version ", story.text("rms_version")), "mode \(story.text("mode"))",
            prefixed("strategy ", story.text("strategy")), prefixed("tag ", story.text("tag")),
        ]
        let who = story.text("asked_by") + prefixed(" with key ", story.text("key_id"))
        return [
            "\(style(.bold, "run \(story.text("run_id"))"))  \(style(Style.tone(ofStatus: status), status))",
            "  \(joined(order, " ")) · \(joined(facts, " · "))",
            "  asked by \(who), \(Units.time(story.text("received_at"), now: now)), idempotency key "
                + story.text("idempotency_key"),
        ]
    }

    private static func allocation(_ story: JSONValue, _ style: Style) -> [String] {
        var facts = [
            "\(story.text("allocated_quantity")) of \(story.text("requested_quantity")) allocated"
                + prefixed(" by ", story.text("policy"))
        ]
        let legs = story["legs"]?.array ?? []
        let hasSymbols = RunReport.hasSymbols(story, legs)
        let price = story.text("reference_price")
        facts.append(
            hasSymbols
                ? "each leg has an instrument and a reference price of its own"
                : price.isEmpty
                    ? "no reference price was known"
                    : "reference price \(price), \(story.text("reference_age_ms")) ms old")
        var lines = [joined(facts, "; ")]
        for left in story["left_out"]?.array ?? [] {
            lines.append(style(.dim, "left out: \(left.text("account_id")) (\(left.text("reason")))"))
        }
        var table = Table([
            .text("ACCOUNT"), .text("SYMBOL").optional, .number("REFERENCE").optional, .text("VERDICT"),
            .number("WEIGHT"), .number("SHARE"), .number("ORDERED"),
            .number("PRICE").optional, .number("AVAILABLE").optional, .number("EQUITY").optional,
            .number("RESERVED").optional, .text("SLICES").optional, .text("OVERRIDES").optional,
        ])
        for leg in legs {
            let funds = leg["funds"] ?? .null
            table.append([
                Table.Cell(leg.text("account_id"), .bold), Table.Cell(hasSymbols ? leg.text("symbol") : ""),
                Table.Cell(hasSymbols ? leg.text("reference_price") : ""), .status(leg.text("verdict")),
                Table.Cell(leg.text("weight")), Table.Cell(leg.text("allocated_quantity")),
                Table.Cell(leg.text("ordered_quantity")), Table.Cell(leg.text("price")),
                Table.Cell(funds.text("available")), Table.Cell(funds.text("equity")),
                Table.Cell(funds.text("reserved")), Table.Cell(leg.words("slices")),
                Table.Cell(leg.words("overrides")),
            ])
        }
        if !legs.isEmpty { lines += table.lines(style) }
        for leg in legs {
            if let reject = leg["reject"], !reject.isNull {
                lines.append(
                    "  \(leg.text("account_id")): \(reject.text("message")) (\(RunReport.numbers(reject, style)))")
            }
            for alert in leg["alerts"]?.array ?? [] {
                lines.append(
                    style(.warning, "  \(leg.text("account_id")): only observed: \(alert.text("message"))"))
            }
        }
        return lines
    }

    private static func steps(_ story: JSONValue, _ style: Style) -> [String] {
        var table = Table([
            .number("SINCE"), .text("STEP"), .text("ACCOUNT").optional, .text("BY").optional, .sentence("WHAT"),
            .number("RECORD"),
        ])
        for step in story["steps"]?.array ?? [] {
            table.append([
                Table.Cell(step["since_received_us"].map { Units.latency($0) } ?? ""),
                Table.Cell(step.text("type"), .bold), Table.Cell(step.text("account_id")), Table.Cell(step.text("by")),
                Table.Cell(step.text("text")), Table.Cell(step.text("record")),
            ])
        }
        return table.lines(style)
    }

    private static func joined(_ parts: [String], _ separator: String) -> String {
        parts.filter { !$0.isEmpty }.joined(separator: separator)
    }

    private static func prefixed(_ prefix: String, _ text: String) -> String { text.isEmpty ? "" : prefix + text }
}
