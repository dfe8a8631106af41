import Exact

/// A run as one page of HTML that needs nothing else: no script, no font, no picture from elsewhere.
///
/// Every text of somebody else's is escaped; the page's own policy forbids what an escape could have missed.
enum RunPage {
    /// - Parameters:
    ///   - run: `GET /api/runs/{run}`.
    ///   - story: `GET /api/runs/{run}/explain`.
    ///   - timing: `GET /api/analytics/runs/{run}`; null = not known.
    ///   - now: RFC 3339, when the page was made.
    static func html(_ run: JSONValue, story: JSONValue, timing: JSONValue, now: String) -> String {
        let title = "Run \(run.text("run_id")) · \(run.text("status"))"
        return """
            <!doctype html>
            <html lang="en"><head><meta charset="utf-8">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(escaped(title))</title>
            <style>\(style)</style></head><body>
            <h1>\(escaped(title))</h1>
            \(facts(run, story, RunTiming(timing)))
            <h2>Timeline</h2>
            \(RunDrawing(RunTimeline(run)).svg())
            <h2>Legs</h2>
            \(legs(run))
            \(times(RunTiming(timing)))
            \(refusals(run))
            <h2>Story</h2>
            \(steps(story))
            <p class="foot">Made \(escaped(now)) by sluice. Times are UTC; latencies are since the request was received.</p>
            </body></html>

            """
    }

    /// Text within an element or a quoted attribute.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.displayable.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    // MARK: Parts

    private static func facts(_ run: JSONValue, _ story: JSONValue, _ timing: RunTiming) -> String {
        let order = [run.text("side"), run.text("requested_quantity"), run.text("symbol"), story.text("order_type")]
        let price = story.text("price")
        let group = run.text("group_id")
        let entries =
            [
                ("Order", order.filter { !$0.isEmpty }.joined(separator: " ") + (price.isEmpty ? "" : " at \(price)")),
                ("Group", group.isEmpty ? "" : "\(group), version \(run.text("group_version"))"),
                ("Asked by", story.text("asked_by")), ("Received", story.text("received_at")),
                ("Limits", "version \(run.text("rms_version"))"), ("Mode", story.text("mode")),
                ("Strategy", run.text("strategy")), ("Tag", run.text("tag")),
                ("Allocated", "\(run.text("allocated_quantity")) of \(run.text("requested_quantity"))"),
                ("Filled", RunReport.filled(run)), ("Arrival price", run.text("reference_price")),
            ] + timing.facts.map { ($0.name, $0.value) }
        let rows = entries.filter { !$0.1.isEmpty }.map {
            "<tr><th>\(escaped($0.0))</th><td>\(escaped($0.1))</td></tr>"
        }
        return "<table class=\"facts\">\(rows.joined())</table>"
    }

    private static func legs(_ run: JSONValue) -> String {
        let heads = ["Account", "Adapter", "Status", "Ordered", "Filled", "Average price"]
        let head = (heads + RunTimeline.stages.map(\.key)).map { "<th>\(escaped($0))</th>" }.joined()
        let rows = (run["legs"]?.array ?? []).map { leg -> String in
            let texts = [
                leg.text("account_id"), leg.text("adapter_id"), leg.text("status"), RunReport.quantity(of: leg),
                leg.text("cumulative_quantity"), leg.text("average_price"),
            ]
            let times = RunTimeline.stages.map { stage in
                leg["latency_us"]?[stage.key].map { $0.isNull ? "" : Units.latency($0) } ?? ""
            }
            let cells = texts.enumerated().map { index, text in
                "<td\(index > 2 ? " class=\"n\"" : "")>\(escaped(text))</td>"
            }
            return "<tr>\(cells.joined())\(times.map { "<td class=\"n\">\(escaped($0))</td>" }.joined())</tr>"
        }
        return "<div class=\"wide\"><table><tr>\(head)</tr>\n\(rows.joined(separator: "\n"))</table></div>"
    }

    private static func times(_ timing: RunTiming) -> String {
        let rows = timing.rows.map { row in
            let cells = row.enumerated().map {
                "<td\($0.offset == 0 ? "" : " class=\"n\"")>\(escaped($0.element))</td>"
            }
            return "<tr>\(cells.joined())</tr>"
        }
        guard !rows.isEmpty else { return "" }
        let head = RunTiming.heads.map { "<th>\(escaped(String($0.prefix(1)) + $0.dropFirst().lowercased()))</th>" }
            .joined()
        return """
            <h2>Where the time went</h2>
            <div class="wide"><table><tr>\(head)</tr>
            \(rows.joined(separator: "\n"))</table></div>
            """
    }

    private static func refusals(_ run: JSONValue) -> String {
        let lines = RunReport.refusals(run, .plain)
        return lines.isEmpty ? "" : "<h2>Refusals</h2>\n<pre>\(escaped(lines: lines))</pre>"
    }

    private static func escaped(lines: [String]) -> String { lines.map(escaped).joined(separator: "\n") }

    private static func steps(_ story: JSONValue) -> String {
        let rows = (story["steps"]?.array ?? []).map { step -> String in
            let since = step["since_received_us"].map { Units.latency($0) } ?? ""
            let texts = [step.text("type"), step.text("account_id"), step.text("by"), step.text("text")]
            return "<tr><td class=\"n\">\(escaped(since))</td>"
                + texts.map { "<td>\(escaped($0))</td>" }.joined() + "</tr>"
        }
        guard !rows.isEmpty else { return "<p>Nothing is told of it.</p>" }
        return """
            <div class="wide"><table><tr><th>Since</th><th>Step</th><th>Account</th><th>By</th><th>What</th></tr>
            \(rows.joined(separator: "\n"))</table></div>
            """
    }

    private static let style = """
        body{font:14px/1.4 system-ui,sans-serif;margin:2em auto;max-width:1200px;padding:0 1em;color:#1a1a1a;background:#fff}
        h1{font-size:1.4em}h2{font-size:1.1em;margin-top:1.6em}table{border-collapse:collapse}
        th,td{padding:.2em .7em .2em 0;text-align:left;vertical-align:top}th{font-weight:600;color:#555}
        .n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.wide{overflow-x:auto}
        .wide tr+tr td{border-top:1px solid #ddd}pre{white-space:pre-wrap}.foot{color:#777;margin-top:2em}
        svg text{font:12px system-ui,sans-serif;fill:#333}svg .axis{stroke:#ccc}svg .mark{fill:#777}
        @media(prefers-color-scheme:dark){body{color:#ddd;background:#161616}th{color:#aaa}svg text{fill:#ccc}
        .wide tr+tr td{border-color:#333}svg .axis{stroke:#444}}
        """
}
