import Domain
import Foundation
import GRDB
import GRDBSQLite
import Testing

@testable import Store

/// F32: the n-th operation of each kind fails, for n = 1, 2, ... until a run is not touched any more.
@Suite("A disk that fails at any operation")
struct DiskFaultTests {
    /// What goes on while the disk fails. Each begins with a store that holds `held` records, but for the first.
    enum Scene: String, CaseIterable, Sendable {
        case opening = "a new directory is opened"
        case admission = "an admission is committed"
        case outcome = "an outcome is committed"
        case carrying = "a commit carries the log over"
        case checkpoint = "the log is carried over"
        case closing = "the store is closed"
        case migration = "an older schema is migrated"
        case reopening = "an existing store is opened"
        case backup = "a backup is made"
    }

    static let faults: [DiskFault] = [
        DiskFault(operation: .write, code: SQLITE_FULL, isLasting: true, name: "ENOSPC from a write on"),
        DiskFault(operation: .write, code: SQLITE_FULL, extent: .halfDone, name: "half a write, then ENOSPC"),
        DiskFault(operation: .write, code: 778, name: "EIO at write"),
        DiskFault(operation: .write, code: 778, extent: .allDone, name: "a write is done and reported as EIO"),
        DiskFault(operation: .write, code: SQLITE_READONLY, isLasting: true, name: "read-only from a write on"),
        DiskFault(operation: .sync, code: 1_034, name: "EIO at sync"),
        DiskFault(operation: .sync, code: 1_034, extent: .allDone, name: "a sync is done and reported as EIO"),
        DiskFault(operation: .open, code: SQLITE_CANTOPEN, name: "a file cannot be opened"),
        DiskFault(operation: .read, code: 266, name: "EIO at read"),
        DiskFault(operation: .read, code: 266, isLasting: true, name: "EIO from a read on"),
        DiskFault(operation: .truncate, code: 1_546, name: "EIO at truncate"),
        DiskFault(operation: .lock, code: SQLITE_BUSY, name: "a lock is held by a stranger"),
        DiskFault(operation: .delete, code: 2_570, name: "EIO at delete"),
    ]

    /// Whether every operation fails once, as `make faults` wants it.
    private static let isThorough = ProcessInfo.processInfo.environment["SLUICE_FAULTS"] == "all"
    /// Records of the store that a scene begins with.
    private static let held: UInt64 = 3

    @Test(
        "Nothing acknowledged is lost, the failure is named, and what is left is whole", arguments: Scene.allCases,
        faults)
    func enumerate(scene: Scene, fault: DiskFault) throws {
        let workplace = try Workplace()
        var (n, struck) = (1, true)
        while struck {
            guard n < 2_000 else {
                Issue.record("2,000 runs, and \(fault) still strikes")
                return
            }
            struck = try run(scene, fault, nth: n, workplace.directory("\(n)"))
            try? FileManager.default.removeItem(atPath: workplace.directory("\(n)"))
            if struck { DiskFaultCount.add(1) }
            // The first ones, then ever fewer: the late ones of a scene are much alike.
            n += Self.isThorough ? 1 : max(1, n / 2)
        }
    }

    /// - Returns: whether the fault struck.
    private func run(_ scene: Scene, _ fault: DiskFault, nth: Int, _ directory: String) throws -> Bool {
        let disk = FaultDisk(directory + "/")
        let comment: Comment = "\(scene.rawValue): \(fault) number \(nth)"
        var acknowledged = try prepare(scene, directory)
        var store: Store?
        if scene != .opening, scene != .migration, scene != .reopening { store = try Store(directory: directory) }
        if scene == .carrying { try store?.tamper("PRAGMA wal_autocheckpoint = 1") }
        disk.arm(fault, nth: nth)
        var failure: StoreFailure?
        do throws(StoreFailure) {
            switch scene {
            case .opening, .migration, .reopening: store = try Store(directory: directory)
            case .admission, .outcome, .carrying:
                try store?.commit(Batches.batch(acknowledged + 1))
                acknowledged += 1
            case .checkpoint: try store?.checkpoint()
            case .closing: try store?.close()
            case .backup: _ = try store?.backup(to: directory + "/backup.db")
            }
        } catch { failure = error }
        let hits = disk.disarm()
        if let failure {
            #expect(hits > 0, "\(comment)")
            // A log that could not be begun is told by what the settings read back.
            #expect(
                failure.isStorageFault || failure.code == "damaged" || (scene == .opening && failure.code == "setting"),
                "\(comment): \(failure)")
            if let store { try expectStopped(store, scene, failure, next: acknowledged + 1, comment) }
        }
        try? store?.close()
        store = nil
        try expectWhole(directory, acknowledged, failure, comment)
        if scene == .backup { try expectBackup(directory, failure, acknowledged, comment) }
        return hits > 0
    }

    /// - Returns: how many records are durable before the scene.
    private func prepare(_ scene: Scene, _ directory: String) throws -> UInt64 {
        guard scene != .opening else { return 0 }
        if scene == .migration {
            try makeFirstVersion(directory)
            return Self.held
        }
        let store = try Store(directory: directory)
        let records = scene == .admission ? Self.held - 1 : Self.held
        for sequence in 1...records { try store.commit(Batches.batch(sequence)) }
        try store.close()
        return records
    }

    /// A failed commit stops the store, and so does any other write that the medium fails.
    private func expectStopped(
        _ store: Store, _ scene: Scene, _ failure: StoreFailure, next: UInt64, _ comment: Comment
    ) throws {
        switch scene {
        case .admission, .outcome, .carrying, .checkpoint:
            #expect(store.stopCause == failure, "\(comment)")
            #expect(throws: StoreFailure.stopped(cause: failure), "\(comment)") {
                try store.commit(Batches.batch(next))
            }
        case .backup:  // reads alone: orders go on
            #expect(store.stopCause == nil, "\(comment)")
            #expect(throws: Never.self, "\(comment)") { try store.requireOpen() }
        default: break
        }
    }

    /// The disk is well again: the store opens, ends at a commit's boundary, holds what was acknowledged and goes on.
    private func expectWhole(
        _ directory: String, _ acknowledged: UInt64, _ failure: StoreFailure?, _ comment: Comment
    ) throws {
        let store = try Store(directory: directory)
        let mayBeMore: UInt64 = failure?.isOutcomeUnknown == true ? 1 : 0
        #expect(
            (acknowledged...acknowledged + mayBeMore).contains(store.lastSequence), "\(comment): \(store.lastSequence)")
        let flaws = try Batches.flaws(store)
        #expect(flaws.isEmpty, "\(comment)")
        try store.commit(Batches.batch(store.lastSequence + 1))
        try store.close()
    }

    /// A backup is there and whole, or it is not there.
    private func expectBackup(
        _ directory: String, _ failure: StoreFailure?, _ acknowledged: UInt64, _ comment: Comment
    ) throws {
        let path = directory + "/backup.db"
        #expect(!FileManager.default.fileExists(atPath: path + ".partial"), "\(comment)")
        guard FileManager.default.fileExists(atPath: path) else {
            #expect(failure != nil, "\(comment)")
            return
        }
        #expect(failure == nil, "\(comment)")
        let copy = directory + "/restored"
        try FileManager.default.createDirectory(
            atPath: copy, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        try FileManager.default.moveItem(atPath: path, toPath: copy + "/sluice.db")
        let restored = try Store(directory: copy)
        #expect(restored.lastSequence == acknowledged, "\(comment)")
        #expect(try Batches.flaws(restored).isEmpty, "\(comment)")
        try restored.close()
    }

    /// The store as its first schema had it: without hashes.
    private func makeFirstVersion(_ directory: String) throws {
        let store = try Store(directory: directory)
        for sequence in 1...Self.held { try store.commit(Batches.batch(sequence)) }
        try store.tamper(
            """
            ALTER TABLE journal DROP COLUMN chain;
            DELETE FROM meta WHERE name = 'journal_head';
            DELETE FROM grdb_migrations WHERE identifier NOT LIKE '1:%';
            """)
        try store.close()
    }
}
