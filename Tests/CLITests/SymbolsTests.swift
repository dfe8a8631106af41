import Testing

@testable import CLI

@Suite("sluice symbols")
struct SymbolsTests {
    private static func refresh(_ status: String, reason: String = "null") -> String {
        """
        {"items":[{"adapter_id":"alpha","status":"\(status)","reason":\(reason),"took_ms":812,"rows":3,"added":1,
        "changed":1,"withdrawn":0,"renamed":0,"repeated":0,"cleaned":0,"disagreeing":0,"refused":1,
        "refusals":[{"symbol":"US:EQ:A","field":"tick","reason":"is 0; it is positive"}]}],"next_cursor":null}
        """
    }

    @Test("A sync that took everything is 0, one that failed or goes on is 1, and refused rows are named")
    func sync() async {
        let done = Harness(200, Self.refresh("refreshed"))
        #expect(await done.run("symbols", "sync", "alpha", "--accept-shrinking") == 0, "\(done.error)")
        #expect(done.out.contains("refused US:EQ:A: tick: is 0"), "\(done.out)")
        #expect(done.request?.path == "/api/symbols/sync")
        let failed = Harness(200, Self.refresh("failed", reason: #""the dump lacks 180 of 300""#))
        #expect(await failed.run("symbols", "sync") == 1)
        #expect(failed.out.contains("lacks 180 of 300"), "\(failed.out)")
        #expect(await Harness(200, Self.refresh("under_way")).run("symbols", "sync") == 1)
    }

    @Test("Words of a search go as one text, and what is refused is said")
    func search() async {
        let harness = Harness(
            200,
            #"{"items":[{"symbol":"US:EQ:A","name":"A share","currency":"USD","tick_size":"0.01","lot_size":"1","refusal":"no source lists it any more"}],"next_cursor":null}"#
        )
        #expect(await harness.run("symbols", "search", "a", "share", "--kind", "EQ") == 0)
        #expect(harness.request?.path == "/api/symbols/search?query=a%20share&kind=EQ")
        #expect(harness.out.contains("no source lists it any more"), "\(harness.out)")
    }

    @Test("Ages, searches and quarantines are shown")
    func stats() async {
        let harness = Harness(
            200,
            """
            {"instruments":2,"version":4,"adapters":[{"adapter_id":"alpha","listed":2,"refreshed_at":null,
            "stale_for_trading":true,"stale_for_search":false,"refused":0,"last_failure":"no answer"}],"quarantined":1,
            "quarantines":[{"symbol":"US:EQ:A","adapter_id":"beta","field":"lot_size","stated":"5","in_force":"1"}],
            "searches":{"asked":9,"remembered":4,"entries":5,"mean_us":80,"longest_us":400}}
            """)
        #expect(await harness.run("symbols", "stats") == 0)
        for word in ["stale", "fresh", "no answer", "longest 400 us", "US:EQ:A", "lot_size"] {
            #expect(harness.out.contains(word), "\(word) in \(harness.out)")
        }
    }

    @Test(
        "Wrong use is 2 and asks the gateway nothing",
        arguments: [
            ["symbols", "search"], ["symbols", "show"], ["symbols", "sync", "--timeout-ms", "300001"],
            ["symbols", "acknowledge", "US:EQ:A", "--adapter", "alpha"],
        ])
    func wrongUse(arguments: [String]) async {
        let harness = Harness(200, "{}")
        #expect(await harness.run(arguments) == 2)
        #expect(harness.requests.isEmpty)
    }
}
