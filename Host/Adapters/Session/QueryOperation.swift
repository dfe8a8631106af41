import CSluice
import Domain
import NIOConcurrencyHelpers

/// One read under way: its rows so far, and where they go. Ends exactly once, by the lane or by a sweep of a hung one.
final class QueryOperation: Sendable {
    private struct Progress {
        var rows = 0
        var pages = 0
        var cursors: Set<String> = []
        var asked: Timestamp?
        /// The first row that broke the contract; the answer is lost, whatever follows.
        var breach: ContractBreach?
        var isFinished = false
    }

    let subject: Subject
    let name: String
    let capability: AdapterCapabilities
    let accountIndex: Int32
    let symbol: InstrumentID?
    /// Monotonic; `Int64.max` = none.
    let deadline: Int64
    private let rowSize: Int
    private let take: @Sendable (UnsafeRawPointer, RowContext) throws -> Void
    private let finish: @Sendable (QueryFailure?) -> Void
    /// Called when all rows of one call of the adapter were taken.
    private let endOfCall: @Sendable () -> Void
    private let progress = NIOLockedValueBox(Progress())

    /// The query's subject in the form that the adapter reads.
    enum Subject: Sendable {
        case kind(UInt32)
        case order(OrderReference)
        case preview([PreparedOrder])
    }

    /// Collects the rows, and hands them over at the end.
    convenience init<Row: Sendable>(
        _ query: AdapterQuery<Row>, accountIndex: Int32, deadline: Int64?,
        completion: @escaping @Sendable (Result<[Row], QueryFailure>) -> Void
    ) {
        let rows = NIOLockedValueBox<[Row]>([])
        self.init(
            query, accountIndex: accountIndex, deadline: deadline,
            receive: { more in rows.withLockedValue { $0 += more } },
            completion: { failure in
                completion(failure.map { .failure($0) } ?? .success(rows.withLockedValue { $0 }))
            })
    }

    /// Hands the rows of every call over as they come, on the lane, so that a long answer is never held whole.
    init<Row: Sendable>(
        _ query: AdapterQuery<Row>, accountIndex: Int32, deadline: Int64?,
        receive: @escaping @Sendable ([Row]) -> Void, completion: @escaping @Sendable (QueryFailure?) -> Void
    ) {
        subject =
            switch query.subject {
            case .kind(let kind): .kind(kind)
            case .order(let reference): .order(reference)
            case .preview(let orders): .preview(orders.map(PreparedOrder.init))
            }
        (name, capability, symbol, rowSize) = (query.name, query.capability, query.symbol, query.rowSize)
        (self.accountIndex, self.deadline) = (accountIndex, deadline ?? .max)
        let rows = NIOLockedValueBox<[Row]>([])
        let read = query.read
        take = { pointer, context in
            let row = try read(pointer, context)
            rows.withLockedValue { $0.append(row) }
        }
        endOfCall = {
            let taken = rows.withLockedValue { rows in
                defer { rows.removeAll(keepingCapacity: true) }
                return rows
            }
            if !taken.isEmpty { receive(taken) }
        }
        finish = completion
    }

    /// Ends the query; only the first call counts.
    func end(_ failure: QueryFailure?) {
        let isFirst = progress.withLockedValue { progress in
            defer { progress.isFinished = true }
            return !progress.isFinished
        }
        if isFirst { finish(failure) }
    }

    var isFinished: Bool { progress.withLockedValue { $0.isFinished } }

    /// Notes that a page is being asked for, and since when the first one was.
    func beginPage(now: Timestamp) {
        progress.withLockedValue { progress in
            progress.pages += 1
            if progress.asked == nil { progress.asked = now }
        }
    }

    /// Takes one call's rows. A broken row refuses the call and, with it, the whole answer.
    func accept(_ span: sluice_span, reader: ReportReader) throws(ContractBreach) {
        let asked = progress.withLockedValue { $0.asked } ?? Timestamp(nanoseconds: 0)
        do throws(ContractBreach) {
            let rows = try SpanReader(span, size: rowSize, limit: Bounds.rowsPerCall, "rows")
            let total = progress.withLockedValue { progress in
                progress.rows += rows.count
                return progress.rows
            }
            guard total <= Bounds.rowsPerQuery else {
                throw ContractBreach("rows", "more than \(Bounds.rowsPerQuery) in one query")
            }
            let context = RowContext(reader: reader, asked: asked)
            for index in 0..<rows.count {
                let pointer = try rows.element(index, size: rowSize, "rows")
                do {
                    try take(pointer, context)
                } catch let breach as ContractBreach {
                    throw ContractBreach("rows[\(index)].\(breach.field)", breach.reason)
                } catch {
                    throw ContractBreach("rows[\(index)]", "\(error)")
                }
            }
            endOfCall()
        } catch {
            progress.withLockedValue { if $0.breach == nil { $0.breach = error } }
            throw error
        }
    }

    /// What a page's completion means: the next cursor to ask for, or the end.
    func pageEnded(cursor: String?) -> (next: String?, failure: QueryFailure?) {
        progress.withLockedValue { progress in
            if let breach = progress.breach {
                return (nil, QueryFailure(.malformed, "the adapter's answer to \(name) is broken: \(breach)"))
            }
            guard let cursor else { return (nil, nil) }
            guard progress.cursors.insert(cursor).inserted else {
                return (nil, QueryFailure(.endless, "the cursor \(cursor.debugDescription) of \(name) came twice"))
            }
            guard progress.pages < Bounds.pagesPerQuery else {
                return (nil, QueryFailure(.endless, "\(name) has more than \(Bounds.pagesPerQuery) pages"))
            }
            return (cursor, nil)
        }
    }
}
