import AdapterKit
import AdapterTesting
import Testing

@testable import Zerodha

@Suite("The recorded cases, through the boundary")
struct RecordedCaseTests {
    @Test("Every recorded case comes out as recorded, and none is skipped", .needsReferenceData)
    func all() throws {
        let folder = try #require(Recorded.shared)
        let report = try CaseRunner.run({ adapterEntry(ZerodhaAdapter.self, $0, $1) }, path: folder.path)
        #expect(report.passed >= 122)
        #expect(report.failed == 0, "\(report.text)")
        #expect(report.skipped.isEmpty && report.isClean, "\(report.text)")
    }
}
