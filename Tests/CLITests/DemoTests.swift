import Domain
import Exact
import Settings
import Testing

@testable import CLI

@Suite("The demo")
struct DemoTests {
    @Test("One check that does not hold makes the whole story bad, and is named with what was found")
    func failedCheck() throws {
        var story = DemoStory(console: nil, clock: { 0 })
        story.begin("First", "why")
        story.check(true, "holds")
        #expect(story.isGood)
        story.begin("Second", "why")
        story.check(false, "must hold", found: "something else")
        story.check(true, "holds again")
        #expect(!story.isGood)
        let document = story.document(output: [])
        #expect(document["ok"] == false)
        #expect(document.value(at: "/steps/0/checks/0/ok") == true)
        #expect(
            document.value(at: "/steps/1/checks/0") == ["text": "must hold", "ok": false, "found": "something else"])
    }

    @Test("Its configuration is one that the gateway reads: five accounts, three shares, limits and overlay beside it")
    func configuration() throws {
        let text = DemoFiles.sluice(market: "/m \"x\"", libraries: ["/l"], pace: "24h", port: 0)
        let configuration = try SluiceConfiguration.read(
            Array(text.utf8), file: "/d/sluice.yaml", workingDirectory: "/d", now: Timestamp(nanoseconds: 0))
        #expect(configuration.accounts.map(\.account.id.rawValue) == DemoFiles.accounts.map(\.id))
        #expect(configuration.replays.first?.files == ["AAPL", "IBM", "MSFT"].map { "/m \"x\"/US_EQ_\($0).daily.csv" })
        #expect(configuration.rmsFile == "/d/rms.yaml")
        #expect(configuration.instrumentOverlay == "/d/overlay.yaml")
        #expect(configuration.adapters.libraryPath == ["/l"])
        #expect(configuration.warnings.isEmpty)
    }

    @Test("The recorded prices are where the demo looks, and move bar by bar")
    func market() throws {
        var market = try DemoMarket()
        #expect(throws: CommandFailure.self) { try market.last("US:EQ:AAPL") }
        market.advance(1)
        #expect(try market.last("US:EQ:AAPL") == .init(day: "2011-01-03", close: #require(ExactDecimal("329.57"))))
        market.advance(20)
        #expect(try market.last("US:EQ:AAPL").close == ExactDecimal("345.03"))
    }

    @Test("The tight account's share is above its limit by the arithmetic of the limits, the other accounts' are not")
    func arithmetic() throws {
        var market = try DemoMarket()
        market.advance(1)
        let close = try market.last("US:EQ:AAPL").close
        let factor = try #require(ExactDecimal(mantissa: Int128(10_000 + DemoFiles.bandBasisPoints), exponent: -4))
        let limit = try #require(ExactDecimal(DemoFiles.tightLimit))
        for (index, account) in DemoFiles.accounts.enumerated() {
            let value = try #require(
                close.multiplied(by: factor)?.multiplied(by: ExactDecimal(Int64(10 * (index + 1)))))
            #expect((value > limit) == (account.id == DemoFiles.tightAccount))
        }
    }
}
