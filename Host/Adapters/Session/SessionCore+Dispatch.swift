import CSluice
import Domain

extension SessionCore {
    /// Gives the adapter what was taken from the inbox; neighbours of a kind that travels together go in one call.
    func dispatchTaken() {
        var index = 0
        while index < taken.count {
            let entry = taken[index]
            let run = runLength(from: index)
            if run > 1 {
                if case .submit = entry.command {
                    submitBatch(index..<(index + run))
                } else {
                    lookUp(index..<(index + run))
                }
            } else {
                dispatch(entry)
            }
            index += run
            deliverSnapshots()
        }
        taken.removeAll(keepingCapacity: true)
    }

    /// Withdrawn while it was in the lane's hands: the adapter has not been given it.
    @inline(__always)
    private func isWithdrawn(_ command: SubmitCommand) -> Bool {
        shared.load(.withdrawals) != takenGeneration && inbox.withLock { $0.isWithdrawn(command.id) }
    }

    /// How many entries from `index` on go in one call.
    private func runLength(from index: Int) -> Int {
        switch taken[index].command {
        case .submit where adapter.description.capabilities.contains(.submitBatch):
            let limit = min(taken.count, index + adapter.description.maximumBatch)
            var end = index
            while end < limit, case .submit = taken[end].command { end += 1 }
            return max(1, end - index)
        case .lookUp:
            var end = index
            while end < taken.count, case .lookUp = taken[end].command { end += 1 }
            return end - index
        default: return 1
        }
    }

    @inline(__always)
    private func dispatch(_ entry: Inbox.Entry) {
        switch entry.command {
        case .submit(let command): submit(command, entry)
        case .modify(let command): modify(command, entry)
        case .cancel(let command): cancel(command, entry)
        case .cancelAll(let command): cancelAll(command, entry)
        case .lookUp: lookUp(entry)
        case .query(let operation): ask(operation, cursor: nil, queued: entry.queued)
        case .open(let request): open(request, queued: entry.queued)
        case .close: beginClosing()
        }
    }

    /// Why a command is not given to the adapter; `nil`: it is.
    @inline(__always)
    private func obstacle(
        _ capability: AdapterCapabilities, account: Int32, deadline: Int64?, reducesRisk: Bool
    ) -> HostCause? {
        if let deadline, deadline <= instant { return .deadline }
        guard adapter.description.capabilities.contains(capability) else { return .unsupported }
        switch status.state {
        case .ready: break
        case .degraded where reducesRisk: break
        default: return hasEnded || closing != nil ? .closed : .notReady
        }
        if status.poisonReason != nil, !reducesRisk { return .poisoned }
        guard account >= 0, Int(account) < reader.accounts.count else { return .invalid }
        return nil
    }

    // MARK: - Orders

    @inline(__always)
    private func submit(_ command: SubmitCommand, _ entry: Inbox.Entry) {
        if let cause = obstacle(
            .submit, account: command.accountIndex, deadline: command.deadline,
            reducesRisk: command.flags.contains(.closing))
        {
            return refuse(entry, cause)
        }
        if isWithdrawn(command) { return refuse(entry, .withdrawn) }
        guard let token = issue(.submit, id: command.id, queued: entry.queued, deadline: command.deadline) else {
            return refuse(entry, .queueFull)
        }
        let mark = events.count
        let order = scratch.order(command)
        let status = withExtendedLifetime(command) { call(.submit) { calls.submit($0, token, order) } }
        if status < 0 {
            returned(status, token: token, mark: mark, LaneFunction.submit)
        } else {
            watchDeadline(token, command.deadline ?? .max)
        }
    }

    /// Several submits in one call. Those that may not go are ended before it.
    private func submitBatch(_ range: Range<Int>) {
        var items: [(token: UInt64, place: Int, deadline: Int64)] = []
        items.reserveCapacity(range.count)
        for place in range {
            guard case .submit(let command) = taken[place].command else { continue }
            let cause =
                obstacle(
                    .submit, account: command.accountIndex, deadline: command.deadline,
                    reducesRisk: command.flags.contains(.closing))
            if let cause {
                refuse(taken[place], cause)
            } else if isWithdrawn(command) {
                refuse(taken[place], .withdrawn)
            } else if status.state != .ready {  // batches travel in ready alone; what is closing goes by itself
                submit(command, taken[place])
            } else if let token = issue(
                .submit, id: command.id, queued: taken[place].queued, deadline: command.deadline)
            {
                items.append((token, place, command.deadline ?? .max))
            } else {
                refuse(taken[place], .queueFull)
            }
        }
        guard !items.isEmpty else { return }
        let mark = events.count
        let size = MemoryLayout<sluice_batch_item>.size
        let memory = scratch.zeroed(size * items.count)
        for (index, item) in items.enumerated() {
            guard case .submit(let command) = taken[item.place].command else { continue }
            let entity = (memory + index * size).assumingMemoryBound(to: sluice_batch_item.self)
            entity.pointee.struct_size = UInt32(size)
            entity.pointee.token = item.token
            entity.pointee.order = UnsafePointer(scratch.order(command))
        }
        let span = sluice_span(ptr: memory, count: UInt64(items.count), stride: UInt32(size), reserved: 0)
        let status = call(.submitBatch) { calls.submitBatch($0, span) }
        for item in items {
            if status < 0 {
                returned(status, token: item.token, mark: mark, LaneFunction.submitBatch)
            } else {
                watchDeadline(item.token, item.deadline)
            }
        }
    }

    private func modify(_ command: ModifyCommand, _ entry: Inbox.Entry) {
        if let cause = obstacle(
            .modify, account: command.reference.accountIndex, deadline: command.deadline, reducesRisk: false)
        {
            return refuse(entry, cause)
        }
        guard let token = issue(.modify, id: command.id, queued: entry.queued, deadline: command.deadline) else {
            return refuse(entry, .queueFull)
        }
        let mark = events.count
        let reference = scratch.orderReference(command.reference)
        let changes = scratch.changes(command.changes)
        let status = withExtendedLifetime(command) { call(.modify) { calls.modify($0, token, reference, changes) } }
        if status < 0 {
            returned(status, token: token, mark: mark, LaneFunction.modify)
        } else {
            watchDeadline(token, command.deadline ?? .max)
        }
    }

    private func cancel(_ command: CancelCommand, _ entry: Inbox.Entry) {
        if let cause = obstacle(
            .cancel, account: command.reference.accountIndex, deadline: command.deadline, reducesRisk: true)
        {
            return refuse(entry, cause)
        }
        guard let token = issue(.cancel, id: command.id, queued: entry.queued, deadline: command.deadline) else {
            return refuse(entry, .queueFull)
        }
        let mark = events.count
        let reference = scratch.orderReference(command.reference)
        let status = withExtendedLifetime(command) { call(.cancel) { calls.cancel($0, token, reference) } }
        if status < 0 {
            returned(status, token: token, mark: mark, LaneFunction.cancel)
        } else {
            watchDeadline(token, command.deadline ?? .max)
        }
    }

    private func cancelAll(_ command: CancelAllCommand, _ entry: Inbox.Entry) {
        if let cause = obstacle(
            .cancelAll, account: command.accountIndex, deadline: command.deadline, reducesRisk: true)
        {
            return refuse(entry, cause)
        }
        guard let token = issue(.cancelAll, id: command.id, queued: entry.queued, deadline: command.deadline) else {
            return refuse(entry, .queueFull)
        }
        let mark = events.count
        let filter = self.filter(account: command.accountIndex, symbol: command.symbol, cursor: nil)
        let status = call(.cancelAll) { calls.cancelAll($0, token, filter) }
        if status < 0 {
            returned(status, token: token, mark: mark, LaneFunction.cancelAll)
        } else {
            watchDeadline(token, command.deadline ?? .max)
        }
    }

    // MARK: - Look-ups

    private func lookUp(_ entry: Inbox.Entry) { lookUp([entry]) }

    private func lookUp(_ range: Range<Int>) { lookUp(Array(taken[range])) }

    private func lookUp(_ entries: [Inbox.Entry]) {
        var items: [(token: UInt64, command: LookupCommand)] = []
        for entry in entries {
            guard case .lookUp(let command) = entry.command else { continue }
            if let cause = obstacle(
                .reconcile, account: command.reference.accountIndex, deadline: command.deadline, reducesRisk: true)
            {
                refuse(entry, cause)
            } else if let token = issue(.lookup, id: command.id, queued: entry.queued, deadline: command.deadline) {
                items.append((token, command))
            } else {
                refuse(entry, .queueFull)
            }
        }
        guard !items.isEmpty else { return }
        let mark = events.count
        let size = MemoryLayout<sluice_reconcile_item>.size
        let memory = scratch.zeroed(size * items.count)
        for (index, item) in items.enumerated() {
            let entity = (memory + index * size).assumingMemoryBound(to: sluice_reconcile_item.self)
            entity.pointee.struct_size = UInt32(size)
            entity.pointee.token = item.token
            // The reference stands inside the item; its place in C is the one that Swift's key path names.
            let offset = MemoryLayout<sluice_reconcile_item>.offset(of: \.ref) ?? 0
            let reference = (memory + index * size + offset).assumingMemoryBound(to: sluice_order_ref.self)
            scratch.write(item.command.reference, to: reference)
            entity.pointee.written_time = sluiceTime(item.command.writtenTime)
        }
        let span = sluice_span(ptr: memory, count: UInt64(items.count), stride: UInt32(size), reserved: 0)
        let status = withExtendedLifetime(items) { call(.reconcile) { calls.reconcile($0, span) } }
        for item in items {
            if status < 0 {
                returned(status, token: item.token, mark: mark, LaneFunction.reconcile)
            } else {
                watchDeadline(item.token, item.command.deadline ?? .max)
            }
        }
    }

    // MARK: - Tokens

    @inline(__always)
    func issue(
        _ kind: CommandKind, id: UInt64, queued: Int64, deadline: Int64?, query: QueryOperation? = nil
    ) -> UInt64? {
        tokens.issue(
            OpenCommand(
                kind: kind, id: id, queued: queued, dispatched: instant, deadline: deadline ?? .max, query: query))
    }

    func filter(account: Int32, symbol: InstrumentID?, cursor: String?) -> UnsafeMutablePointer<sluice_filter> {
        let filter = scratch.zeroed(MemoryLayout<sluice_filter>.size).assumingMemoryBound(to: sluice_filter.self)
        filter.pointee.struct_size = UInt32(MemoryLayout<sluice_filter>.size)
        filter.pointee.account = UInt32(bitPattern: account)
        filter.pointee.instrument_id = scratch.text(optional: symbol?.text)
        filter.pointee.cursor = scratch.text(optional: cursor)
        return filter
    }

    /// The adapter's function returned a negative status: it had no effect, so what is still open was not sent. A token
    /// that it completed all the same says two things, and is believed in neither.
    @inline(never)
    func returned(_ status: sluice_status, token: UInt64, mark: Int, _ function: LaneFunction) {
        if status == SLUICE_ERR_INTERNAL { poison("its function \(function) failed (status \(status))") }
        if let command = tokens.take(token) {
            let error = AdapterError(
                code: status == SLUICE_ERR_UNSUPPORTED
                    ? .unsupported : status == SLUICE_ERR_INVALID ? .invalid : .other,
                text: "the adapter's \(function) refused the call with status \(status)")
            end(command, cause: .refusedByAdapter, outcome: .notSent, error: error)
            return
        }
        counters.breaches &+= 1
        contradict(token: token, from: mark)
    }

    /// Ends a command that was never given to the adapter.
    func refuse(_ entry: Inbox.Entry, _ cause: HostCause) {
        let command: OpenCommand
        switch entry.command {
        case .submit(let submit): command = open(.submit, submit.id, entry)
        case .modify(let modify): command = open(.modify, modify.id, entry)
        case .cancel(let cancel): command = open(.cancel, cancel.id, entry)
        case .cancelAll(let cancel): command = open(.cancelAll, cancel.id, entry)
        case .lookUp(let lookup): command = open(.lookup, lookup.id, entry)
        case .query(let operation): return endedQueries.append((operation, failure(of: cause, operation.name)))
        case .open(let request): return endedRequests.append((request, failure(of: cause, "open")))
        case .close: return
        }
        if cause == .deadline { counters.deadlines &+= 1 }
        end(command, cause: cause, outcome: .notSent, error: nil)
    }

    private func open(_ kind: CommandKind, _ id: UInt64, _ entry: Inbox.Entry) -> OpenCommand {
        OpenCommand(kind: kind, id: id, queued: entry.queued, dispatched: 0, deadline: .max, query: nil)
    }

    func failure(of cause: HostCause, _ name: String, error: AdapterError? = nil) -> QueryFailure {
        let state = status.state.rawName
        return switch cause {
        case .deadline: QueryFailure(.deadline, "\(name) was not answered before its deadline")
        case .unsupported: QueryFailure(.unsupported, "adapter \(adapter.id) does not offer \(name)")
        case .closed: QueryFailure(.closed, "the session ended before \(name) was answered")
        case .refusedByAdapter:
            QueryFailure(.refusedByAdapter, "the adapter refused the call \(name)", error: error)
        case .malformed: QueryFailure(.malformed, "the adapter's completion of \(name) breaks the contract")
        case .queueFull: QueryFailure(.queueFull, "the session holds as many commands as it may")
        default: QueryFailure(.notReady, "the session is \(state); \(name) needs ready or degraded")
        }
    }
}
