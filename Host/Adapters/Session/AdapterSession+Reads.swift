extension AdapterSession {
    /// Asks, follows the pages to the end, and calls back exactly once: on the lane, after the batch with the reports that
    /// came with the answer, or from a sweep when the lane hangs.
    package func query<Row>(
        _ query: AdapterQuery<Row>, accountIndex: Int32, deadline: Int64? = nil,
        completion: @escaping @Sendable (Result<[Row], QueryFailure>) -> Void
    ) {
        start(QueryOperation(query, accountIndex: accountIndex, deadline: deadline, completion: completion))
    }

    /// The same with the rows of each of the adapter's calls as they come, on the lane: `receive` must be quick. Rows
    /// that came before a failure are part of no answer; the caller drops them.
    package func query<Row>(
        _ query: AdapterQuery<Row>, accountIndex: Int32, deadline: Int64? = nil,
        receive: @escaping @Sendable ([Row]) -> Void, completion: @escaping @Sendable (QueryFailure?) -> Void
    ) {
        start(
            QueryOperation(
                query, accountIndex: accountIndex, deadline: deadline, receive: receive, completion: completion))
    }

    private func start(_ operation: QueryOperation) {
        published.withLockedValue { $0.queries[ObjectIdentifier(operation)] = operation }
        if case .refused(let cause) = enqueue(.query(operation)) {
            let text = cause == .closed ? "the session has ended or is ending" : "the session's queue is full"
            end(operation, QueryFailure(cause == .closed ? .closed : .queueFull, text))
        }
    }

    package func query<Row>(
        _ query: AdapterQuery<Row>, accountIndex: Int32, deadline: Int64? = nil
    ) async -> Result<[Row], QueryFailure> {
        await withCheckedContinuation { continuation in
            self.query(query, accountIndex: accountIndex, deadline: deadline) { continuation.resume(returning: $0) }
        }
    }

    func end(_ operation: QueryOperation, _ failure: QueryFailure?) {
        published.withLockedValue { $0.queries[ObjectIdentifier(operation)] = nil }
        operation.end(failure)
    }

    /// Ends reads whose deadline is over though the lane did not end them: it hangs in a call of the adapter.
    package func sweep() {
        let now = clock.monotonic()
        let overdue = published.withLockedValue { published in
            published.queries.values.filter { $0.deadline <= now }
        }
        for operation in overdue {
            end(operation, QueryFailure(.deadline, "\(operation.name) was not answered before its deadline"))
        }
    }
}
