package import Engine
import Gateway
import NIOConcurrencyHelpers
import NIOPosix

/// Where exports are made: on a thread of their own, so that neither event loops nor the trading path share a core's turn
/// with them, and only so many at once.
package final class ExportDesk: Sendable {
    /// Exports under way at once. One more is told to come back: each holds a portion of some 1,000 rows in memory.
    package static let maximumOpen = 8

    private let sources: ExportSources
    private let open = NIOLockedValueBox(0)

    package init(_ sources: ExportSources) { self.sources = sources }

    /// Exports under way.
    package var openCount: Int { open.withLockedValue { $0 } }

    /// Begins an export; `nil` while as many as may be are under way.
    ///
    /// - Parameter authority: whose groups the reader may see; rows of others are left out.
    package func begin(_ request: ExportRequest, authority: TradingAuthority) -> OpenExport? {
        let isAdmitted = open.withLockedValue { open in
            guard open < Self.maximumOpen else { return false }
            open += 1
            return true
        }
        guard isAdmitted else { return nil }
        let place = Place { [open] in open.withLockedValue { $0 -= 1 } }
        return OpenExport(stream: sources.open(request, authority: authority), place: place)
    }

    /// Gives its place back when nobody holds it any more: however an export ends, also where its answer was never begun.
    fileprivate final class Place: Sendable {
        private let leave: @Sendable () -> Void
        init(leave: @escaping @Sendable () -> Void) { self.leave = leave }
        deinit { leave() }
    }
}

/// An export that has its place at the desk; the place is free again when the last copy of this is gone.
package struct OpenExport: Sendable {
    /// Bytes of a piece at most: little enough that a client which takes anything at all takes one within the limit that
    /// a connection may stand still.
    package static let pieceBytes = 32_768

    private var stream: ExportStream
    private let place: ExportDesk.Place
    private var waiting: ArraySlice<UInt8> = []

    fileprivate init(stream: ExportStream, place: ExportDesk.Place) { (self.stream, self.place) = (stream, place) }

    package var request: ExportRequest { stream.request }

    /// Rows written so far.
    package var rows: Int64 { stream.rows }

    /// The next piece, never empty; `nil` at the end. Nothing is read ahead of it but the rest of its portion.
    ///
    /// - Throws: `GatewayError` where the store cannot be read: what came before is then not the whole.
    package mutating func next() async throws -> ArraySlice<UInt8>? {
        if waiting.isEmpty {
            let portion = try await withTaskExecutorPreference(ExportThread.shared) { try await stream.next() }
            guard let portion else { return nil }
            waiting = portion[...]
        }
        defer { waiting = waiting.dropFirst(Self.pieceBytes) }
        return waiting.prefix(Self.pieceBytes)
    }
}

/// Runs what exports compute, one piece of work after another.
final class ExportThread: TaskExecutor {
    static let shared = ExportThread()
    private let pool = NIOThreadPool(numberOfThreads: 1)

    private init() { pool.start() }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        pool.submit { _ in job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
