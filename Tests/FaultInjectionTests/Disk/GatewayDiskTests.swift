import CBrokerBook
import Domain
import Engine
import Foundation
import GRDBSQLite
import Gateway
import Store
import Testing

/// F32 under a running gateway: what the disk does not take is neither sent nor said, and a restart knows what was sent.
@Suite("A gateway whose disk fails")
struct GatewayDiskTests {
    /// What is under way when the disk fails.
    enum Moment: String, CaseIterable, Sendable { case admission, cancel, report, halt }

    static let faults: [DiskFault] = [
        DiskFault(operation: .write, code: SQLITE_FULL, isLasting: true, name: "ENOSPC from a write on"),
        DiskFault(operation: .write, code: SQLITE_FULL, extent: .halfDone, name: "half a write, then ENOSPC"),
        DiskFault(operation: .write, code: 778, extent: .allDone, name: "a write is done and reported as EIO"),
        DiskFault(operation: .sync, code: 1_034, isLasting: true, name: "EIO from a sync on"),
        DiskFault(operation: .sync, code: 1_034, extent: .allDone, name: "a sync is done and reported as EIO"),
    ]

    @Test(
        "Nothing leaves that is not durable, every request is refused by name, and a restart comes to the broker's truth",
        arguments: Moment.allCases, faults)
    func fails(moment: Moment, fault: DiskFault) throws {
        let fixture = try #require(FaultFixture.shared)
        for nth in 1...3 {
            guard try run(moment, fault, nth, fixture) else { return }
            DiskFaultCount.add(1)
        }
    }

    /// - Returns: whether the fault struck.
    private func run(_ moment: Moment, _ fault: DiskFault, _ nth: Int, _ fixture: FaultFixture) throws -> Bool {
        let workplace = try Workplace()
        let directory = workplace.directory("data")
        let disk = FaultDisk(directory + "/")
        let store = try Store(directory: directory)
        try FaultWorld.prepare(store, workplace.path)
        let world = try FaultWorld(workplace.path, store, fixture, cell: nil)
        world.pass(5, milliseconds: 1)
        let earlier = moment == .admission ? nil : world.place(moment == .report ? "100" : "90", key: "earlier")
        if moment != .report { world.pass(8, milliseconds: 1) }
        #expect(world.takeFailures().isEmpty)
        let sent = world.book.pointee.order_count
        disk.arm(fault, nth: nth)
        let failure = act(moment, world, earlier)
        world.pass(8, milliseconds: 1)
        let hits = disk.disarm()
        let comment: Comment = "\(moment), \(fault) number \(nth)"
        if hits > 0 {
            // A late number strikes what follows the request, which is durable by then.
            if nth == 1, moment != .report { #expect(failure == "store", "\(comment): \(failure)") }
            try expectClosed(world, earlier, sent: failure == "store" ? sent : nil, moment, comment)
        }
        world.stop()
        _ = world.takeFailures()
        try? store.close()
        try restart(workplace, fixture, at: world.clock.wall(), moment, earlier, comment)
        return hits > 0
    }

    /// - Returns: how the request was refused: `store`, `none` or another word.
    private func act(_ moment: Moment, _ world: FaultWorld, _ earlier: RunID?) -> String {
        let answer: Result<Void, any Error>? =
            switch moment {
            case .admission: world.ask { _ = try await FaultWorld.request("100", "during", $0) }
            case .cancel:
                world.ask { gateway in
                    guard let earlier else { return }
                    _ = try await gateway.cancel(
                        earlier, by: FaultWorld.caller, idempotency: Idempotency(key: "during", fingerprint: [1]))
                }
            case .halt:
                world.ask { gateway in
                    _ = try await gateway.setTradingState(
                        .firm, .halted, reason: "test", by: "ann", cancelWorking: true)
                }
            case .report: .success(world.pass(8, milliseconds: 1))
            }
        guard case .failure(let error) = answer else { return answer == nil ? "no answer" : "none" }
        if case GatewayError.store = error { return "store" }
        return "\(error)"
    }

    /// The gateway admits nothing more and says why; what it was asked for has not reached the broker.
    private func expectClosed(
        _ world: FaultWorld, _ earlier: RunID?, sent: UInt32?, _ moment: Moment, _ comment: Comment
    ) throws {
        #expect(!world.gateway.isServing, "\(comment)")
        if let sent {
            #expect(world.book.pointee.order_count == sent, "V7: \(comment)")
            if sent > 0 { #expect(world.book.pointee.orders.0.state == 3, "a cancel was sent: \(comment)") }
        }
        let later = world.ask { try await FaultWorld.request("100", "later", $0) }
        guard case .failure(GatewayError.store) = later else {
            Issue.record("a later order is not refused for the store: \(String(describing: later)), \(comment)")
            return
        }
        let orders = world.book.pointee.order_count
        world.pass(3, milliseconds: 1_000)
        #expect(world.book.pointee.order_count == orders, "\(comment): something was sent after the failure")
    }

    /// The disk is well again, and an operator starts the gateway: nothing was doubled, books agree, risk can be reduced.
    private func restart(
        _ workplace: Workplace, _ fixture: FaultFixture, at time: Timestamp, _ moment: Moment, _ earlier: RunID?,
        _ comment: Comment
    ) throws {
        let directory = workplace.directory("data")
        let store = try Store(directory: directory)
        let world = try FaultWorld(
            workplace.path, store, fixture, cell: nil, at: time.advanced(by: 1_000_000_000))
        world.pass(10, milliseconds: 1)
        world.pass(8, milliseconds: 1_000)
        if let earlier, moment != .report {
            world.cancel(earlier, key: "after")
            world.pass(6, milliseconds: 500)
        }
        let book = world.book.pointee
        let truth = withUnsafeBytes(of: book.trades) { bytes in
            bytes.bindMemory(to: book_trade.self).prefix(Int(book.trade_count)).reduce(Int64(0)) { $0 + $1.quantity }
        }
        world.gateway.inspect { engine, _ in
            for run in engine.runs.live { Issue.record("V10: \(run.id): \(run.orders.map(\.status)), \(comment)") }
            let position = engine.accountNumber(FaultWorld.faulty).flatMap { account in
                engine.instrumentNumber(FaultWorld.symbol).flatMap { engine.book.position(account, $0) }
            }
            #expect(position?.quantity ?? 0 == truth, "V5: \(comment)")
        }
        world.stop()
        #expect(world.takeFailures().isEmpty, "\(comment)")
        try store.close()
        let report = try DirectoryCheck.run(directory)
        #expect(report.isSound, "\(report.items.filter { $0.verdict == .failed }), \(comment)")
    }
}
