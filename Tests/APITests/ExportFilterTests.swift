import Domain
import Exports
import Foundation
import Testing

@testable import API

/// Every data set with every filter it has, and every cursor: what is exported is the matching part of the whole, told by
/// the rows' own columns.
@Suite(
    "Filters and cursors of every data set", .enabled(if: APIFixture.librariesDirectory != nil), .serialized)
struct ExportFilterTests {
    private static func place(_ fixture: APIFixture, _ client: APIClient) async throws {
        for (group, count, price) in [("family", 2, JSONValue.null), ("others", 1, .null), ("family", 1, "1.00")] {
            for index in 0..<count {
                let kind = price.isNull ? "MARKET" : "LIMIT"
                let answer = try await client.send(
                    .post, "/api/execution-groups/\(group)/orders?wait=\(price.isNull ? "done" : "acked")",
                    APIFixture.order(["order_type": .string(kind), "price": price]),
                    idempotency: "\(group)-\(kind)-\(index)")
                try #require(answer.body["run_id"]?.string != nil, "\(answer.text)")
            }
        }
        let alone = try await client.send(
            .post, "/api/orders?wait=done",
            APIFixture.order(["order_type": "MARKET", "price": .null, "account_id": "P1", "quantity": "3"]),
            idempotency: "alone")
        try #require(alone.status == 200, "\(alone.text)")
        fixture.runtime.telemetry.flush()
    }

    /// What is told of now changes between two questions.
    private static func still(_ rows: [JSONValue], _ dataset: ExportDataset) -> [JSONValue] {
        let moving: Set<String> = dataset == .positions ? ["at", "last_price", "unrealised_pnl", "day_pnl"] : []
        return rows.map { row in
            var object = JSONObject()
            for (name, value) in row.object ?? [:] where !moving.contains(name) { object[name] = value }
            return .object(object)
        }
    }

    private static func items(
        _ client: APIClient, _ dataset: ExportDataset, _ query: String = ""
    ) async throws -> [JSONValue] {
        let path = "/api/exports/\(dataset.rawValue)" + (query.isEmpty ? "" : "?\(query)")
        return still(try await ExportTests.items(client, path), dataset)
    }

    /// The column that `from` and `to` choose by.
    private static func time(_ dataset: ExportDataset) -> String? {
        switch dataset {
        case .runs, .legs: "created_at"
        case .events, .audit: "at"
        case .latency, .pnl, .positions: nil
        }
    }

    @Test("A filter takes the matching rows of the whole, and nothing else", arguments: ExportDataset.allCases)
    func filters(dataset: ExportDataset) async throws {
        let fixture = try await APIFixture(isConnected: true)
        try await APIFixture.router(fixture) { client in
            try await Self.place(fixture, client)
            let all = try await Self.items(client, dataset)
            try #require(all.count > 2)
            let legs = try await Self.items(client, .legs)
            /// Whether a row is of an account: a run by its legs.
            func isOf(_ row: JSONValue, account: String) -> Bool {
                guard dataset == .runs else { return row["account_id"]?.string == account }
                return legs.contains { $0["run_id"] == row["run_id"] && $0["account_id"]?.string == account }
            }
            for filter in dataset.filters {
                switch filter {
                case .account:
                    for account in ["P1", "P3"] {
                        let some = try await Self.items(client, dataset, "account=\(account)")
                        #expect(some == all.filter { isOf($0, account: account) } && !some.isEmpty, "\(account)")
                        #expect(some.count < all.count)
                    }
                case .group:
                    // What knows no group is told by the group's members.
                    let byMember = [ExportDataset.pnl, .positions].contains(dataset)
                    let some = try await Self.items(client, dataset, "group=others")
                    let expected = all.filter {
                        byMember ? $0["account_id"]?.string == "P3" : $0["group_id"]?.string == "others"
                    }
                    #expect(some == expected && !some.isEmpty && some.count < all.count, "\(some.count)")
                case .adapter:
                    let paper = try await Self.items(client, dataset, "adapter=paper")
                    let expected = all.filter { dataset != .events || $0["account_id"]?.string != nil }
                    #expect(paper == expected && !paper.isEmpty)
                    #expect(try await Self.items(client, dataset, "adapter=absent").isEmpty)
                case .status:
                    for status in Set(all.compactMap { $0["status"]?.string }) {
                        let some = try await Self.items(client, dataset, "status=\(status)")
                        #expect(some == all.filter { $0["status"]?.string == status } && !some.isEmpty)
                    }
                    #expect(Set(all.compactMap { $0["status"]?.string }).count > 1, "one status alone tests nothing")
                case .from, .to:
                    try await Self.checkTime(filter, dataset, all, client)
                }
            }
        }
    }

    private static func checkTime(
        _ filter: ExportFilter, _ dataset: ExportDataset, _ all: [JSONValue], _ client: APIClient
    ) async throws {
        guard let column = time(dataset) else {
            // Days and minutes that the time touches are whole: now is in each row, the years before and after in none.
            let past = try await items(client, dataset, "\(filter.rawValue)=2001-01-01")
            let future = try await items(client, dataset, "\(filter.rawValue)=2200-01-01")
            let (kept, none) = filter == .from ? (past, future) : (future, past)
            #expect(kept == all && none.isEmpty)
            return
        }
        let middle = try #require(all[all.count / 2][column]?.string)
        let some = try await items(client, dataset, "\(filter.rawValue)=\(middle)")
        let expected = all.filter { row in
            let at = row[column]?.string ?? ""
            return filter == .from ? at >= middle : at < middle
        }
        // A moment later a word of a session may have come behind.
        #expect(Array(some.prefix(expected.count)) == expected && !expected.isEmpty, "\(filter) \(middle)")
        #expect(filter == .from || some.count == expected.count)
    }

    @Test("An export that goes on behind any of its rows brings exactly the rest", arguments: ExportDataset.allCases)
    func cursors(dataset: ExportDataset) async throws {
        let fixture = try await APIFixture(isConnected: true)
        try await APIFixture.router(fixture) { client in
            try await Self.place(fixture, client)
            let all = try await Self.items(client, dataset)
            try #require(all.count > 2)
            for index in stride(from: 0, to: all.count, by: max(1, all.count / 9)) {
                let cursor = try #require(all[index][dataset.columns[0].name]?.string)
                let rest = try await Self.items(client, dataset, "cursor=\(cursor)")
                #expect(Array(rest.prefix(all.count - index - 1)) == Array(all[(index + 1)...]), "behind \(cursor)")
            }
        }
    }

    @Test("A cursor of a series of latencies that is not kept any more goes on behind where it stood")
    func goneSeries() async throws {
        let fixture = try await APIFixture(isConnected: true)
        try await APIFixture.router(fixture) { client in
            try await Self.place(fixture, client)
            let all = try await Self.items(client, .latency)
            let rest = try await Self.items(client, .latency, "cursor=paper/P2/gone/admitted")
            let expected = all.filter { $0["series"]?.string?.hasPrefix("paper/P1") == false }
                .filter { $0["series"]?.string?.hasPrefix("paper/P2/family") == false }
            #expect(rest == expected && !rest.isEmpty && rest.count < all.count)
            let bad = try await client.send(.get, "/api/exports/latency?cursor=paper/P2/family/noon")
            #expect(bad.status == 400 && bad.paths == ["?cursor"])
        }
    }

    @Test("With telemetry off runs and legs are exported all the same, and what only capture sees is empty, not zero")
    func withoutTelemetry() async throws {
        let fixture = try await APIFixture(isConnected: true)
        try await APIFixture.router(fixture) { client in
            try await Self.place(fixture, client)
            let run = try #require(
                try await Self.items(client, .runs).first { $0["status"]?.string == "WORKING" }?["run_id"]?.string)
            let cancel = try await client.send(.post, "/api/runs/\(run)/cancel", idempotency: "cancel")
            #expect([200, 202].contains(cancel.status), "\(cancel.text)")
            var legs: [JSONValue] = []
            for _ in 0..<500 {
                fixture.runtime.telemetry.flush()
                legs = try await Self.items(client, .legs)
                if legs.allSatisfy({ $0["done_us"]?.int64 != nil }) { break }
                try await Task.sleep(for: .milliseconds(10))
            }
            let runs = try await Self.items(client, .runs)
            let canceled = legs.filter { $0["run_id"]?.string == run }
            #expect(canceled.allSatisfy { $0["retries"]?.int64 == 1 && $0["cancels"]?.int64 == 1 }, "\(canceled)")
            #expect(legs.allSatisfy { $0["retries"]?.int64 != nil && $0["modifies"]?.int64 == 0 })
            // The file is lost: what follows is made of memory and the journal alone.
            let store = try #require(fixture.runtime.telemetry.store)
            _ = try store.trim(
                .init(maximumAge: 0, maximumSize: 0), now: fixture.gateway.clock.wall().advanced(by: 1_000_000_000))
            #expect(try store.runs().rows.isEmpty)
            let rebuilt = try await Self.items(client, .legs)
            let seen: Set<String> = ["retries", "cancels", "modifies", "look_ups"]
            func facts(_ rows: [JSONValue]) -> [[String: JSONValue]] {
                rows.map { row in
                    Dictionary(
                        (row.object ?? [:]).filter { !seen.contains($0.key) }.map { ($0.key, $0.value) },
                        uniquingKeysWith: { first, _ in first })
                }
            }
            #expect(facts(rebuilt) == facts(legs))
            for name in seen { #expect(rebuilt.allSatisfy { $0[name]?.isNull == true }, "\(name)") }
            #expect(try await Self.items(client, .runs) == runs)
        }
    }
}
