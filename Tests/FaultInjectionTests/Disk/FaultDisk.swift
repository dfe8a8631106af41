import CFaultVFS
import Foundation
import NIOConcurrencyHelpers

/// One thing that SQLite asks of the file system.
enum DiskOperation: Int32, CaseIterable, Sendable {
    case open = 1
    case read, write, truncate, sync, lock, delete
}

/// What goes wrong: every operation of one kind from the n-th on, or the n-th alone.
struct DiskFault: Sendable, CustomStringConvertible {
    enum Extent: Sendable { case nothingDone, halfDone, allDone }

    var operation: DiskOperation
    /// Of SQLite.
    var code: Int32
    var extent = Extent.nothingDone
    var isLasting = false
    var name: String
    var description: String { name }

    fileprivate var verdict: Int32 {
        switch extent {
        case .nothingDone: code
        case .halfDone: code | 1 << 24
        case .allDone: code | 1 << 25
        }
    }
}

/// What was done to the files below one directory, in order.
enum DiskEvent: Sendable {
    case opened(String)
    case wrote(String, offset: Int64, [UInt8])
    case truncated(String, Int64)
    case synced(String)
    case deleted(String)
}

/// The files below one directory, watched by the fault-injecting VFS. Stores in it are closed before this value goes.
///
/// Locked inside: SQLite calls on whatever thread uses a connection.
final class FaultDisk: Sendable {
    private struct State {
        var fault: DiskFault?
        var nth = 0
        var seen = 0
        var hits = 0
        var events: [DiskEvent]?
    }

    let directory: String
    private let state = NIOLockedValueBox(State())
    /// `nonisolated(unsafe)`: set once by the initialiser, read once by the deinitialiser.
    private nonisolated(unsafe) var watch: OpaquePointer?

    /// - Parameter isRecording: Whether `events` are kept.
    init(_ directory: String, isRecording: Bool = false) {
        self.directory = directory
        if isRecording { state.withLockedValue { $0.events = [] } }
        let observer = fault_vfs_observer(
            context: Unmanaged.passUnretained(self).toOpaque(),
            before: { context, operation, path, offset, bytes, count in
                guard let context, let operation = DiskOperation(rawValue: operation) else { return 0 }
                return Unmanaged<FaultDisk>.fromOpaque(context).takeUnretainedValue().before(operation)
            },
            after: { context, operation, path, offset, bytes, count in
                guard let context, let path, let operation = DiskOperation(rawValue: operation) else { return }
                Unmanaged<FaultDisk>.fromOpaque(context).takeUnretainedValue()
                    .after(
                        operation, String(cString: path), offset,
                        UnsafeRawBufferPointer(start: bytes, count: Int(count)))
            })
        watch = fault_vfs_begin(directory, observer)
    }

    deinit { fault_vfs_end(watch) }

    /// The `nth` operation of the fault's kind from now on fails, counted from 1.
    func arm(_ fault: DiskFault, nth: Int) {
        state.withLockedValue { ($0.fault, $0.nth, $0.seen, $0.hits) = (fault, nth, 0, 0) }
    }

    /// - Returns: how often the fault struck.
    func disarm() -> Int {
        state.withLockedValue { state in
            state.fault = nil
            return state.hits
        }
    }

    /// What was done so far.
    var events: [DiskEvent] { state.withLockedValue { $0.events ?? [] } }
    var eventCount: Int { state.withLockedValue { $0.events?.count ?? 0 } }

    private func before(_ operation: DiskOperation) -> Int32 {
        state.withLockedValue { state in
            guard let fault = state.fault, fault.operation == operation else { return 0 }
            state.seen += 1
            guard state.seen == state.nth || (fault.isLasting && state.seen > state.nth) else { return 0 }
            state.hits += 1
            return fault.verdict
        }
    }

    private func after(_ operation: DiskOperation, _ path: String, _ offset: Int64, _ bytes: UnsafeRawBufferPointer) {
        state.withLockedValue { state in
            guard state.events != nil else { return }
            switch operation {
            case .open: state.events?.append(.opened(path))
            case .write: state.events?.append(.wrote(path, offset: offset, Array(bytes)))
            case .truncate: state.events?.append(.truncated(path, offset))
            case .sync: state.events?.append(.synced(path))
            case .delete: state.events?.append(.deleted(path))
            case .read, .lock: break
            }
        }
    }
}
