import CSluice
import Domain

extension SessionCore {
    @inline(__always)
    func issue(
        _ kind: CommandKind, id: UInt64, queued: Int64, deadline: Int64?, account: Int32 = -1,
        query: QueryOperation? = nil
    ) -> UInt64? {
        tokens.issue(
            OpenCommand(
                kind: kind, account: account, id: id, queued: queued, dispatched: instant, deadline: deadline ?? .max,
                query: query))
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
            end(command, token, cause: .refusedByAdapter, outcome: .notSent, error: error)
            return
        }
        counters.breaches &+= 1
        contradict(token: token, from: mark)
    }

    /// Ends a command that was never given to the adapter.
    func refuse(_ entry: Inbox.Entry, _ cause: HostCause, error: AdapterError? = nil) {
        let command: OpenCommand
        switch entry.command {
        case .submit(let submit): command = open(.submit, submit.id, entry)
        case .modify(let modify): command = open(.modify, modify.id, entry)
        case .cancel(let cancel): command = open(.cancel, cancel.id, entry)
        case .cancelAll(let cancel): command = open(.cancelAll, cancel.id, entry)
        case .lookUp(let lookup): command = open(.lookup, lookup.id, entry)
        case .query(let operation):
            return endedQueries.append((operation, failure(of: cause, operation.name, error: error)))
        case .open(let request): return endedRequests.append((request, failure(of: cause, "open")))
        case .service(let call): return end(call, .failure(failure(of: cause, "the call")))
        case .close: return
        }
        if cause == .deadline { counters.deadlines &+= 1 }
        end(command, nil, cause: cause, outcome: .notSent, error: error)
    }

    private func open(_ kind: CommandKind, _ id: UInt64, _ entry: Inbox.Entry) -> OpenCommand {
        OpenCommand(kind: kind, account: -1, id: id, queued: entry.queued, dispatched: 0, deadline: .max, query: nil)
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
        case .rateLimited: QueryFailure(.rateLimited, error?.text ?? "a rate limit is reached", error: error)
        case .circuitOpen: QueryFailure(.circuitOpen, error?.text ?? "the broker does not answer", error: error)
        default: QueryFailure(.notReady, "the session is \(state); \(name) needs ready or degraded")
        }
    }
}
