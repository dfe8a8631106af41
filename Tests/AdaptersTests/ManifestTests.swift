import Domain
import Foundation
import Testing

@testable import Adapters

@Suite("Manifests are read strictly")
struct ManifestTests {
    private func read(_ text: String, name: String = "acme.yaml") throws -> AdapterManifest {
        try AdapterManifest.read(Array(text.utf8), path: "adapters.d/\(name)", fileName: name)
    }

    @Test("The documented manifest reads to what it says")
    func documented() throws {
        let manifest = try read(
            """
            manifest: 1
            id: acme
            library: libsluice-acme.so
            sha256: "\(String(repeating: "0a", count: 32))"
            enabled: true
            required: false
            isolation: in_process
            endpoints: { rest: https://api.acme.example, stream: wss://ws.acme.example }
            rate: { orders: { windows: [ { units: 10, per: 1s }, { units: 200, per: 1m } ] } }
            limits: { call_ms: 20, memory_mb: 256, in_flight: 64 }
            config: { region: "in", levels: [1, 2.50] }
            """)
        #expect(manifest.id.rawValue == "acme")
        #expect(manifest.endpoints.map(\.id) == ["rest", "stream"])
        #expect(manifest.rate.first?.windows.map(\.units) == [10, 200])
        #expect(manifest.rate.first?.windows.map(\.windowNanoseconds) == [1_000_000_000, 60_000_000_000])
        #expect(manifest.limits.callMilliseconds == 20)
        #expect(manifest.limits.inFlight == 64)
        #expect(manifest.config == #"{"region":"in","levels":[1,2.50]}"#)
    }

    @Test(
        "An error names the place and what would be right",
        arguments: [
            ("manifest: 1\nid: acme\nlibrary: a.so\ncolour: red\n", ":4:1: colour", "known"),
            ("manifest: 2\nid: acme\nlibrary: a.so\n", ":1:11: manifest", "from 1 to 1"),
            ("manifest: 1\nid: other\nlibrary: a.so\n", ":2:5: id", "name the file other.yaml"),
            ("manifest: 1\nid: acme\nlibrary: ../a.so\n", ":3:10: library", "without a directory"),
            ("manifest: 1\nid: acme\nlibrary: a.so\nsha256: abc\n", ":4:9: sha256", "64 lower-case"),
            ("manifest: 1\nid: acme\nlibrary: a.so\nenabled: yes\n", ":4:10: enabled", "true or false"),
            ("manifest: 1\nid: acme\nlibrary: a.so\nlimits: { call_ms: 80 }\n", ":4:20: limits.call_ms", "1 to 50"),
            ("manifest: 1\nid: acme\n", ":1:1: library", "a file name"),
            ("manifest: 1\nid: acme\nlibrary: a.so\nisolation: chroot\n", ":4:12: isolation", "one of in_process"),
        ])
    func errors(text: String, place: String, remedy: String) throws {
        let refusal = try #require(throws: AdapterRefusal.self) { try read(text) }
        #expect(refusal.code == .manifestInvalid)
        #expect(refusal.text.contains("adapters.d/acme.yaml\(place)"), "\(refusal.text)")
        #expect(refusal.text.contains(remedy), "\(refusal.text)")
    }

    @Test("Kinds and isolations of other builds are refused by name", arguments: ["process", "sandbox"])
    func unavailable(isolation: String) throws {
        let refusal = try #require(throws: AdapterRefusal.self) {
            try read("manifest: 1\nid: acme\nlibrary: a.so\nisolation: \(isolation)\n")
        }
        #expect(refusal.code == .unavailable)
        #expect(refusal.text.contains("isolation: \(isolation) is not available in this build"))
        let bound = try #require(throws: AdapterRefusal.self) {
            try read("manifest: 1\nid: acme\nkind: bound\nlibrary: a.so\nfunctions: { f: { symbol: f } }\n")
        }
        #expect(bound.code == .unavailable)
        #expect(bound.text.contains("not available in this build"))
    }

    private static let declared = [
        RateRule(
            id: "orders", scopeKey: "account",
            windows: [
                RateWindow(units: 10, windowNanoseconds: 1_000_000_000),
                RateWindow(units: 200, windowNanoseconds: 60_000_000_000),
            ])
    ]

    private func rates(_ text: String) throws -> [RateRule] {
        try read("manifest: 1\nid: acme\nlibrary: a.so\nrate: \(text)\n").tightened(Self.declared)
    }

    @Test("A manifest's rate can only tighten: its windows join the broker's")
    func tightening() throws {
        let rules = try rates(
            "{ orders: { mode: refuse, windows: [ { units: 5, per: 1s }, { units: 90, per: 1d, resets_at: 06:00+05:30 } ] } }"
        )
        #expect(rules.count == 1)
        #expect(rules.first?.windows.map(\.units) == [10, 200, 5, 90])
        #expect(rules.first?.mode == .refuse)
        #expect(rules.first?.windows.last?.reset?.nanosecondsAfterMidnight == 1_800_000_000_000)
        let added = try rates("{ reads: { windows: [ { units: 5, per: 1s } ] } }")
        #expect(added.map(\.id) == ["orders", "reads"] && added.last?.scopeKey == "login")
    }

    @Test(
        "A looser rate, or one of no bucket, is an error with line and column",
        arguments: [
            ("{ orders: { windows: [ { units: 11, per: 1s } ] } }", ":4:30: rate.orders.windows[0]", "at most 10"),
            (
                "{ orders: { windows: [ { units: 9, per: 1s }, { units: 201, per: 500ms } ] } }", "windows[1]",
                "at most 10"
            ),
            ("{ orders: { windows: [ { units: 600, per: 90s } ] } }", "windows[0]", "at most 400"),
            ("{ orders: { windows: [ { units: 11, per: 1s, } ] } }", ":4:", "looser"),
            ("{ order: { windows: [ { units: 1, per: 1s } ] } }", ":4:", "expected one of orders, reads"),
            ("{ orders: { windows: [ { units: 1, per: 1s, resets_at: 06:00Z } ] } }", ":4:", "per: 1d"),
            ("{ orders: { windows: [ { units: 1, per: 1d, resets_at: 6:00 } ] } }", ":4:", "like 06:00+05:30"),
            ("{ orders: { mode: wait, windows: [ { units: 1, per: 1s } ] } }", ":4:", "queue, refuse"),
        ])
    func looser(text: String, place: String, remedy: String) throws {
        let refusal = try #require(throws: AdapterRefusal.self) { try rates(text) }
        #expect(refusal.code == .manifestInvalid)
        #expect(refusal.text.contains(place) && refusal.text.contains("acme.yaml:4:"), "\(refusal.text)")
        #expect(refusal.text.contains(remedy), "\(refusal.text)")
    }

    @Test("Manifests come in byte order, a broken one is listed with its reason and disables itself alone")
    func order() throws {
        let workshop = try Workshop()
        for id in ["b", "a-2", "a", "z"] {
            try workshop.install(id)
            try workshop.manifest(id)
        }
        try workshop.write("manifest: [", to: "\(workshop.adapters)/b.yaml")
        try workshop.manifest("z", "enabled: false\n")
        try workshop.write("no manifest", to: "\(workshop.adapters)/notes.txt")
        let host = workshop.host()
        try host.load()
        #expect(host.statuses.map(\.id) == ["a-2", "a", "b", "z"])
        #expect(host.statuses.map(\.state) == [.loaded, .loaded, .refused, .disabled])
        #expect(host.statuses[2].refusal?.text.contains("b.yaml:") == true)
        #expect(host.statuses[3].refusal?.code == .disabled)
    }
}
