import CBrokerBook
import Domain
import Engine
import Foundation
import Gateway
import Store
import Testing

/// F1 to F29 in every phase, on libraries that are loaded through the real boundary.
@Suite("Faults of an adapter")
struct FaultTableTests {
    @Test("An adapter's fault ends as the table says, alone", arguments: FaultCell.all)
    func cell(_ cell: FaultCell) async throws {
        let fixture = try #require(FaultFixture.shared)
        let walk = try FaultWalk(fixture, cell)
        try await walk.run()
    }

    @Test("The table has a cell for every fault and phase")
    func isComplete() {
        let cells = Set(FaultCell.all.map { "\($0.fault) \($0.phase)" })
        #expect(cells.count == AdapterFault.allCases.count * Phase.allCases.count)
        #expect(cells.count == FaultCell.all.count)
        #expect(cells.count >= 200)
        print(
            "Fault table: \(cells.count) cells, \(AdapterFault.allCases.count) faults in \(Phase.allCases.count) phases"
        )
    }
}
