import Domain
import Testing

@Suite("A traceparent is read as the W3C says")
struct TraceContextTests {
    static let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test("A valid one is read whole and written back the same; a later version is read by what is known of it")
    func valid() throws {
        let context = try #require(TraceContext(traceparent: Self.good))
        #expect(context.description == Self.good && context.isSampled)
        #expect(context.traceID == "0af7651916cd43dd8448eb211c80319c" && context.parent == 0xb7ad_6b71_6920_3331)
        #expect(TraceContext(traceparent: "cc" + Self.good.dropFirst(2)) == context)
        #expect(TraceContext(traceparent: "cc" + Self.good.dropFirst(2) + "-later") == context)
        #expect(TraceContext(traceparent: String(Self.good.dropLast()) + "0")?.isSampled == false)
    }

    @Test(
        "What the standard calls invalid is as if it were absent",
        arguments: [
            "", "00", TraceContextTests.good + "-extra", "ff" + TraceContextTests.good.dropFirst(2),
            "cc" + TraceContextTests.good.dropFirst(2) + "x", TraceContextTests.good.uppercased(),
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01", " " + TraceContextTests.good,
        ])
    func invalid(text: String) {
        #expect(TraceContext(traceparent: text) == nil, "\(text)")
    }
}
