import CSluice
import Domain
import Faults

extension SessionCore {
    /// Asks for the first page of a read that was queued.
    func ask(_ operation: QueryOperation, _ entry: Inbox.Entry) {
        if operation.isFinished { return }
        if obstacleToQuery(operation) == nil,
            isStopped(entry, .query, account: operation.accountIndex, deadline: operation.deadline)
        {
            return
        }
        ask(operation, cursor: nil, queued: entry.queued)
    }

    /// Asks for one page.
    func ask(_ operation: QueryOperation, cursor: String?, queued: Int64) {
        if operation.isFinished { return }  // a sweep ended it while it waited
        if let cause = obstacleToQuery(operation) {
            endedQueries.append((operation, failure(of: cause, operation.name)))
            return
        }
        guard
            let token = issue(
                .query, id: 0, queued: queued, deadline: operation.deadline, account: operation.accountIndex,
                query: operation)
        else {
            endedQueries.append((operation, failure(of: .queueFull, operation.name)))
            return
        }
        operation.beginPage(now: clock.wall())
        let mark = events.count
        let status: sluice_status
        FaultPoint.hit(.laneQueryBefore)
        defer { FaultPoint.hit(.laneQueryAfter) }
        let function: LaneFunction
        switch operation.subject {
        case .kind(let kind):
            let filter = self.filter(account: operation.accountIndex, symbol: operation.symbol, cursor: cursor)
            function = .query
            status = call(.query) { calls.query($0, kind, token, filter) }
        case .order(let reference):
            let filter = self.filter(account: operation.accountIndex, symbol: operation.symbol, cursor: cursor)
            filter.pointee.order_ref = UnsafePointer(scratch.orderReference(reference))
            function = .query
            status = withExtendedLifetime(reference) {
                call(.query) { calls.query($0, SLUICE_QUERY_ORDER, token, filter) }
            }
        case .preview(let orders):
            let span = scratch.list(orders, of: sluice_batch_item.self) { order, item in item.order = order.entity }
            function = .preview
            status = withExtendedLifetime(orders) { call(.preview) { calls.preview($0, token, span) } }
        }
        if status < 0 {
            returned(status, token: token, mark: mark, function)
        } else {
            watchDeadline(token, operation.deadline)
        }
    }

    private func obstacleToQuery(_ operation: QueryOperation) -> HostCause? {
        if operation.deadline <= instant { return .deadline }
        guard adapter.description.capabilities.contains(operation.capability) else { return .unsupported }
        guard Int(operation.accountIndex) < reader.accounts.count, operation.accountIndex >= 0 else { return .invalid }
        switch (status.state, operation.subject) {
        case (.ready, _), (.degraded, .kind), (.degraded, .order): return nil
        default: return hasEnded || closing != nil ? .closed : .notReady
        }
    }

    func finishPage(_ operation: QueryOperation, isOK: Bool, cursor: String?, error: AdapterError?, queued: Int64) {
        guard isOK else {
            let words = error?.brokerText ?? error?.text ?? "no reason given"
            endedQueries.append((operation, QueryFailure(.failed, "\(operation.name): \(words)", error: error)))
            return
        }
        let page = operation.pageEnded(cursor: cursor?.isEmpty == true ? nil : cursor)
        if let next = page.next {
            nextPages.append((operation, next, queued))
        } else {
            endedQueries.append((operation, page.failure))
        }
    }

    func askNextPages() {
        guard !nextPages.isEmpty, pagesWait == .max || pagesWait <= instant else { return }
        let pages = nextPages
        nextPages.removeAll(keepingCapacity: true)
        pagesWait = .max
        for page in pages where mayAskPage(page) { ask(page.operation, cursor: page.cursor, queued: page.queued) }
    }

    /// Whether a further page may be asked for now; if not, it waits here for its unit, or the read has failed.
    private func mayAskPage(_ page: (operation: QueryOperation, cursor: String, queued: Int64)) -> Bool {
        if (flow == nil && breaker.openSince == nil) || page.operation.deadline <= instant { return true }
        switch admitPage(page.operation.accountIndex, deadline: page.operation.deadline) {
        case .granted, .waiting: return true
        case .refused(let refusal):
            if breaker.openSince != nil {
                let failure = failure(of: .circuitOpen, page.operation.name, error: circuitError)
                endedQueries.append((page.operation, failure))
            } else {
                nextPages.append(page)
                let pause = max(1_000_000, refusal.retryAfter ?? 1_000_000_000)
                pagesWait = min(pagesWait, instant.saturating(plus: pause), max(instant + 1, page.operation.deadline))
            }
            return false
        }
    }

    // MARK: - Host functions

    func rows(_ token: sluice_token, _ span: sluice_span) -> sluice_status {
        guard let operation = tokens.command(token)?.query else {
            counters.unknownTokens &+= 1
            return SLUICE_ERR_NOT_FOUND
        }
        do throws(ContractBreach) {
            try operation.accept(span, reader: reader)
            return SLUICE_OK
        } catch {
            return breach("rows", error)
        }
    }

    /// All of a call's updates count, or none.
    func orderUpdate(_ span: sluice_span) -> sluice_status {
        let mark = events.count
        guard mark <= Bounds.eventsPerTurn else { return quota("events of one turn", Bounds.eventsPerTurn) }
        do throws(ContractBreach) {
            let updates = try SpanReader(
                span, size: EntitySize.orderUpdate, limit: Bounds.rowsPerCall, "order_update")
            for index in 0..<updates.count {
                let update = try updates.element(index, size: EntitySize.orderUpdate, "order_update")
                events.append(.order(try reader.orderReport(update)))
            }
            return SLUICE_OK
        } catch {
            events.removeSubrange(mark...)
            return breach("order_update", error)
        }
    }

    func tradeUpdate(_ span: sluice_span) -> sluice_status {
        let mark = events.count
        guard mark <= Bounds.eventsPerTurn else { return quota("events of one turn", Bounds.eventsPerTurn) }
        do throws(ContractBreach) {
            let updates = try SpanReader(
                span, size: EntitySize.tradeUpdate, limit: Bounds.rowsPerCall, "trade_update")
            for index in 0..<updates.count {
                let update = try updates.element(index, size: EntitySize.tradeUpdate, "trade_update")
                events.append(.execution(try reader.executionReport(update)))
            }
            return SLUICE_OK
        } catch {
            events.removeSubrange(mark...)
            return breach("trade_update", error)
        }
    }
}
