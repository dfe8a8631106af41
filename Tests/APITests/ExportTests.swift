import Domain
import Engine
import Exact
import Exports
import Foundation
import Hummingbird
import HummingbirdTesting
import Telemetry
import Testing

@testable import API

@Suite("Data sets are exported whole, as the interface tells them")
struct ExportTests {
    /// Places runs whose legs are all refused, or filled where accounts are connected.
    static func place(_ count: Int, _ client: APIClient, group: String = "family") async throws {
        for index in 0..<count {
            let answer = try await client.send(
                .post, "/api/execution-groups/\(group)/orders?wait=done&timeout_ms=5000",
                APIFixture.order(["order_type": "MARKET", "price": .null, "tag": "=cmd|' /C calc'!A0,\"x\""]),
                idempotency: "\(group)-\(index)")
            try #require(answer.body["run_id"]?.string != nil, "\(answer.text)")
        }
    }

    static func bytes(_ client: APIClient, _ path: String, key: String? = nil) async throws -> [UInt8] {
        try await client.client.execute(
            uri: path, method: .get, headers: [.authorization: "Bearer \(key ?? client.key)"], body: nil
        ) { response in
            #expect(response.status == .ok, "\(path): \(String(buffer: response.body))")
            return Array(response.body.readableBytesView)
        }
    }

    private static let limits = JSONLimits(maximumBytes: 64 << 20, maximumDepth: 64, maximumElements: 2_000_000)

    static func items(_ client: APIClient, _ path: String, key: String? = nil) async throws -> [JSONValue] {
        let mark = path.contains("?") ? "&" : "?"
        let document = try JSONValue.parse(
            try await bytes(client, path + mark + "format=json", key: key), limits: limits)
        let items = document["items"]?.array ?? []
        #expect(document["rows"]?.int64 == Int64(items.count))
        return items
    }

    @Test("The three formats hold the same rows, of every data set", arguments: ExportDataset.allCases)
    func formats(dataset: ExportDataset) async throws {
        let fixture = try await APIFixture(isConnected: APIFixture.librariesDirectory != nil)
        try await APIFixture.router(fixture) { client in
            try await Self.place(3, client)
            let path = "/api/exports/\(dataset.rawValue)"
            let items = try await Self.items(client, path)
            if APIFixture.librariesDirectory != nil { #expect(!items.isEmpty) }
            // What is told of now changes between two questions.
            let moving: Set<String> = ["at", "last_price", "unrealised_pnl", "day_pnl"]
            func still(_ row: JSONValue) -> [String: JSONValue] {
                Dictionary(
                    (row.object ?? [:]).filter { dataset != .positions || !moving.contains($0.key) }.map {
                        ($0.key, $0.value)
                    },
                    uniquingKeysWith: { first, _ in first })
            }
            let lines = try await Self.bytes(client, path + "?format=ndjson").split(separator: UInt8(ascii: "\n"))
            let read = try lines.map { still(try JSONValue.parse(Array($0))) }
            // Asked a moment later: a word of a session may have come behind.
            #expect(Array(read.prefix(items.count)) == items.map(still))
            let csv = try await Self.bytes(client, path)
            let header = dataset.columns.map(\.name).joined(separator: ",") + "\r\n"
            #expect(csv.starts(with: header.utf8) && csv.suffix(2) == [0x0D, 0x0A])
            #expect(items.allSatisfy { $0.object?.keys.count == dataset.columns.count })
            let names = items.map { $0[dataset.columns[0].name]?.string ?? "" }
            #expect(Set(names).count == names.count && !names.contains(""))
        }
    }

    @Test("Python's csv adds a file of legs up to what the interface says of the runs")
    func totals() async throws {
        let fixture = try await APIFixture(accounts: 4, isConnected: APIFixture.librariesDirectory != nil)
        try await APIFixture.router(fixture) { client in
            try await Self.place(5, client)
            let runs = try await client.send(.get, "/api/runs?limit=100")
            let legs = (runs.body["items"]?.array ?? []).flatMap { $0["legs"]?.array ?? [] }
            func sum(_ name: String) throws -> ExactDecimal {
                var sum = ExactDecimal.zero
                for leg in legs {
                    let amount = try #require(ExactDecimal(leg[name]?.string ?? ""))
                    sum = try #require(sum.adding(amount))
                }
                return sum
            }
            let csv = try await Self.bytes(client, "/api/exports/legs")
            guard let read = try PythonReader.read(csv, with: "totals.py") else { return }
            #expect(read["rows"]?.int64 == Int64(legs.count) && legs.count == 20)
            let (allocated, filled) = (try sum("allocated_quantity"), try sum("cumulative_quantity"))
            #expect(ExactDecimal(read["allocated"]?.string ?? "") == allocated)
            #expect(ExactDecimal(read["filled"]?.string ?? "") == filled)
            let statuses = Dictionary(legs.map { ($0["status"]?.string ?? "", Int64(1)) }, uniquingKeysWith: +)
            #expect(read["statuses"]?.object?.keys.sorted() == statuses.keys.sorted())
            for (status, count) in statuses { #expect(read["statuses"]?[status]?.int64 == count) }
        }
    }

    @Test("A leg that telemetry keeps is exported as the journal has it; one that has changed since, from the journal")
    func keptLegs() async throws {
        let fixture = try await APIFixture(isConnected: APIFixture.librariesDirectory != nil)
        try await APIFixture.router(fixture) { client in
            try await Self.place(3, client)
            let telemetry = fixture.runtime.telemetry
            let store = try #require(telemetry.store)
            telemetry.flush()
            let fromTelemetry = try await Self.items(client, "/api/exports/legs")
            let id = try #require(fromTelemetry.first?["run_id"]?.string.flatMap { RunID($0) })
            var kept = try #require(try store.run(id))
            try #require(kept.run.doneAt != nil)
            kept.legs[0].status = "CHANGED"
            // As long as the row claims to be of the run's last change, it is what is told.
            try store.keep([kept])
            let told = try await Self.items(client, "/api/exports/legs")
            #expect(told.first?["status"]?.string == "CHANGED" && told.dropFirst() == fromTelemetry.dropFirst())
            kept.run.updatedAt = kept.run.updatedAt.advanced(by: -1)
            kept.legs[0].retries = LegTiming.Retries(cancels: 7)
            try store.keep([kept])
            let journal = try await Self.items(client, "/api/exports/legs")
            #expect(journal.first?["retries"]?.int64 == 7, "what only capture saw is told all the same")
            func facts(_ rows: [JSONValue]) -> [[String: JSONValue]] {
                rows.map { row in
                    Dictionary(
                        (row.object ?? [:]).filter { !["retries", "cancels"].contains($0.key) }.map {
                            ($0.key, $0.value)
                        },
                        uniquingKeysWith: { first, _ in first })
                }
            }
            #expect(facts(journal) == facts(fromTelemetry))
        }
    }

    @Test("An export that goes on behind any of its rows brings exactly the rest")
    func cursors() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            try await Self.place(4, client)
            for dataset in [ExportDataset.runs, .legs, .events, .audit] {
                let path = "/api/exports/\(dataset.rawValue)"
                let all = try await Self.items(client, path)
                try #require(all.count > 3)
                for index in stride(from: 0, to: all.count, by: max(1, all.count / 7)) {
                    let cursor = try #require(all[index][dataset.columns[0].name]?.string)
                    let rest = try await Self.items(client, path + "?cursor=\(cursor)")
                    #expect(rest == Array(all[(index + 1)...]), "\(dataset) behind \(cursor)")
                }
            }
        }
    }

    @Test("Filters take the matching rows and columns of the whole")
    func filters() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            try await Self.place(2, client)
            try await Self.place(1, client, group: "others")
            let all = try await Self.items(client, "/api/exports/legs")
            #expect(all.count == 7)
            for (query, name, value) in [
                ("group=others", "group_id", "others"), ("account=P2", "account_id", "P2"),
                ("status=REFUSED", "status", "REFUSED"), ("adapter=absent", "adapter_id", "absent"),
            ] {
                let some = try await Self.items(client, "/api/exports/legs?\(query)")
                #expect(some == all.filter { $0[name]?.string == value } && !some.isEmpty, "\(query)")
            }
            #expect(try await Self.items(client, "/api/exports/legs?status=FILLED").isEmpty)
            let middle = try #require(all[3]["created_at"]?.string)
            let (from, to) = ("/api/exports/legs?from=\(middle)", "/api/exports/legs?to=\(middle)")
            #expect(try await Self.items(client, from) == all.filter { $0["created_at"]?.string ?? "" >= middle })
            #expect(try await Self.items(client, to) == all.filter { $0["created_at"]?.string ?? "" < middle })
            let csv = try await Self.bytes(client, "/api/exports/legs?columns=status,leg_id&account=P3&group=others")
            #expect(String(decoding: csv, as: UTF8.self) == "status,leg_id\r\nREFUSED,r3-1\r\n")
        }
    }

    @Test("A key sees its groups' rows only, and nothing without the scope export")
    func authority() async throws {
        let fixture = try await APIFixture()
        let bound = try fixture.key(.export, groups: ["others"])
        let reader = try fixture.key(.read)
        try await APIFixture.router(fixture) { client in
            try await Self.place(1, client)
            try await Self.place(1, client, group: "others")
            let legs = try await Self.items(client, "/api/exports/legs", key: bound)
            #expect(legs.map { $0["account_id"]?.string } == ["P3"])
            #expect(try await client.send(.get, "/api/exports/legs?group=family", key: bound).status == 404)
            #expect(try await client.send(.get, "/api/exports/legs?account=P1", key: bound).status == 404)
            #expect(try await client.send(.get, "/api/exports/audit", key: bound).problem == "key_bound_to_groups")
            for dataset in ExportDataset.allCases {
                let answer = try await client.send(.get, "/api/exports/\(dataset.rawValue)", key: reader)
                #expect(answer.status == 403 && answer.problem == "scope_missing")
            }
        }
    }

    @Test(
        "Bad input is refused by name, value and remedy before anything is read",
        arguments: [
            ("legs?format=xml", "?format", "csv, json, ndjson"),
            ("legs?columns=leg_id,price_in_gold", "?columns", "run_id"),
            ("legs?columns=leg_id,leg_id", "?columns", "once"), ("legs?colour=red", "?colour", "from"),
            ("positions?from=2026-01-01", "?from", "account"), ("latency?status=DONE", "?status", "adapter"),
            ("legs?from=2026-01-02&to=2026-01-01", "?to", "later"),
            ("legs?from=2026-01-02&to=2026-01-02", "?to", "later"),
            ("legs?from=yesterday", "?from", "RFC 3339"), ("legs?status=GREAT", "?status", "FILLED"),
            ("legs?cursor=r0", "?cursor", "leg_id"), ("runs?cursor=none", "?cursor", "run_id"),
            ("legs?account=a%20b", "?account", "expected"), ("events?cursor=1-2-3", "?cursor", "event_id"),
            ("legs?from=2026-01-01&from=2026-01-02", "?from", "once"),
        ])
    func badInput(query: String, path: String, remedy: String) async throws {
        try await APIFixture.router(try await APIFixture(accounts: 1)) { client in
            let answer = try await client.send(.get, "/api/exports/\(query)")
            #expect(answer.status == 400 && answer.paths == [path], "\(answer.text)")
            let said = answer.body["errors"]?.array?.first?["remedy"]?.string ?? ""
            #expect(said.contains(remedy), "\(said)")
        }
    }

    @Test("An unknown data set is answered with those that there are; the list of them has every column and unit")
    func datasets() async throws {
        try await APIFixture.router(try await APIFixture(accounts: 1)) { client in
            let answer = try await client.send(.get, "/api/exports/trades")
            #expect(answer.status == 404)
            #expect(answer.body["errors"]?.array?.first?["remedy"]?.string?.contains("runs, legs, events") == true)
            let list = try await client.send(.get, "/api/exports")
            #expect(
                list.body["items"]?.array?.compactMap { $0["name"]?.string } == ExportDataset.allCases.map(\.rawValue))
            let legs = list.body["items"]?.array?.first { $0["name"]?.string == "legs" }
            let done = legs?["columns"]?.array?.first { $0["name"]?.string == "done_us" }
            #expect(done?["unit"]?.string == "µs" && done?["type"]?.string == "integer")
        }
    }
}
