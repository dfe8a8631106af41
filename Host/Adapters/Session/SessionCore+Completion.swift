import CSluice
import Domain

extension SessionCore {
    /// A `sluice_result` as read.
    private struct Result {
        var outcome: UInt32
        var state: ReportedState?
        var brokerOrderID: String?
        var clientOrderID: ClientOrderID?
        var detail: CompletionDetail?
        /// Claims of the error that the verdict needs; its words stand in `detail`.
        var error: ReadError?
        /// Of a vendor call.
        var document: String?
    }

    /// The adapter ends a command.
    ///
    /// A result that breaks the contract ends it too, as unknown: the adapter will not speak of the token again.
    @inline(__always)
    func complete(_ token: sluice_token, _ pointer: UnsafePointer<sluice_result>?) -> sluice_status {
        guard tokens.isOpen(token) else { return completeUnknown(token, pointer) }
        if let pointer, let outcome = plainOutcome(pointer), completePlainly(token, pointer, outcome) {
            return SLUICE_OK
        }
        return completeFully(token, pointer)
    }

    /// The outcome of a mutation's result that carries nothing but an outcome, a state and a broker's order id: nearly
    /// every one. `nil`: it is to be read in full.
    @inline(__always)
    private func plainOutcome(_ result: UnsafePointer<sluice_result>) -> MutationOutcome? {
        guard UInt(bitPattern: result) & 7 == 0, Int(result.pointee.struct_size) >= EntitySize.result,
            result.pointee.error == nil, result.pointee.children.count == 0, result.pointee.replaced_by.ptr == nil,
            result.pointee.parent_ref.ptr == nil, result.pointee.broker_time == .min, network == nil
        else { return nil }
        switch result.pointee.outcome {
        case SLUICE_OUTCOME_ACCEPTED: return .accepted
        case SLUICE_OUTCOME_REJECTED: return .rejected
        case SLUICE_OUTCOME_NOT_SENT: return .notSent
        case SLUICE_OUTCOME_UNKNOWN: return .unknown
        default: return nil
        }
    }

    /// `false`: nothing was done, the result is to be read in full.
    @inline(__always)
    private func completePlainly(
        _ token: sluice_token, _ result: UnsafePointer<sluice_result>, _ outcome: MutationOutcome
    ) -> Bool {
        var brokerOrderID: String?
        if let reference = result.pointee.order_ref {
            guard UInt(bitPattern: reference) & 7 == 0,
                Int(reference.pointee.struct_size) >= EntitySize.orderReference,
                reference.pointee.exchange_order_id.ptr == nil, reference.pointee.adapter_state.ptr == nil
            else { return false }
            let id = reference.pointee.broker_order_id
            if id.ptr != nil {
                guard let text = id.plainText else { return false }
                brokerOrderID = text
            }
        }
        guard let command = tokens.takeMutation(token) else { return false }
        note(command, isAnswered: outcome == .accepted || outcome == .rejected, error: nil)
        emit(
            command.kind,
            MutationCompletion(
                id: command.id, outcome: outcome, state: reportedState(result.pointee.order_state),
                brokerOrderID: brokerOrderID,
                times: CommandTimes(
                    queued: command.queued, dispatched: command.dispatched, acked: clock.monotonic())))
        return true
    }

    @inline(never)
    private func completeFully(_ token: sluice_token, _ pointer: UnsafePointer<sluice_result>?) -> sluice_status {
        do throws(ContractBreach) {
            var result = try read(pointer)
            if network?.waiting[token] != nil {
                result.document = try pointer?.pointee.document.text("result.document", limit: Bounds.documentBytes)
            }
            if let command = tokens.take(token) { finish(command, token, result) }
            return SLUICE_OK
        } catch {
            if let command = tokens.take(token) {
                end(command, token, cause: .malformed, outcome: .unknown, error: nil)
            }
            return breach("complete", error)
        }
    }

    @inline(__always)
    private func read(_ pointer: UnsafePointer<sluice_result>?) throws(ContractBreach) -> Result {
        guard let result = try checkedEntity(pointer, size: EntitySize.result, "result") else {
            throw ContractBreach("result", "is null")
        }
        var read = Result(outcome: result.pointee.outcome, state: reportedState(result.pointee.order_state))
        if let reference = try checkedEntity(
            result.pointee.order_ref, size: EntitySize.orderReference, "result.order_ref")
        {
            read.brokerOrderID = try reference.pointee.broker_order_id.text("order_ref.broker_order_id")
            read.clientOrderID = try reference.pointee.client_reference.clientOrderID("order_ref.client_reference")
            if reference.pointee.exchange_order_id.ptr != nil || reference.pointee.adapter_state.ptr != nil {
                try readDetail(result, reference, into: &read)
                return read
            }
        }
        if result.pointee.error != nil || result.pointee.children.count > 0 || result.pointee.replaced_by.ptr != nil
            || result.pointee.parent_ref.ptr != nil || result.pointee.broker_time != .min
        {
            try readDetail(result, nil, into: &read)
        }
        return read
    }

    @inline(never)
    private func readDetail(
        _ result: UnsafePointer<sluice_result>, _ reference: UnsafePointer<sluice_order_ref>?, into read: inout Result
    ) throws(ContractBreach) {
        read.error = try readError(result.pointee.error, "result.error")
        let replacedBy = try result.pointee.replaced_by.text("result.replaced_by")
        let parent = try result.pointee.parent_ref.text("result.parent_ref")
        let span = try SpanReader(
            result.pointee.children, size: EntitySize.child, limit: Bounds.childrenPerResult, "result.children")
        var children: [ChildOrder] = []
        for index in 0..<span.count {
            let child = try span.element(index, size: EntitySize.child, "result.children")
                .assumingMemoryBound(to: sluice_child.self)
            let error = try readError(child.pointee.error, "children.error")
            children.append(
                ChildOrder(
                    role: UInt8(exactly: child.pointee.role).flatMap(ChildOrder.Role.init(rawValue:)) ?? .other,
                    brokerOrderID: try child.pointee.ref.broker_order_id.text("children.ref.broker_order_id"),
                    exchangeOrderID: try child.pointee.ref.exchange_order_id.text("children.ref.exchange_order_id"),
                    quantity: try reader.nonNegative(child.pointee.quantity, "children.quantity"),
                    outcome: Verdict.mutation(outcome: child.pointee.outcome, error: error).outcome,
                    error: error?.value))
        }
        // Zero is what a zeroed struct says: no broker stamps an answer with 1970.
        let time = result.pointee.broker_time == 0 ? nil : timestamp(result.pointee.broker_time)
        let exchangeID = try reference?.pointee.exchange_order_id.text("order_ref.exchange_order_id")
        let state = try reference?.pointee.adapter_state.bytes(
            "order_ref.adapter_state", limit: Bounds.adapterStateBytes)
        read.detail = CompletionDetail(
            exchangeOrderID: exchangeID, error: read.error?.value, adapterState: state, children: children,
            replacedBy: replacedBy, parentReference: parent, brokerTime: time)
    }

    @inline(__always)
    private func finish(_ command: OpenCommand, _ token: UInt64, _ result: Result) {
        if !breaker.isQuiet || result.error != nil {
            noteFully(command, Self.isAnswer(result.outcome), result.error?.value)
        }
        if command.kind.isMutation {
            var verdict = Verdict.mutation(outcome: result.outcome, error: result.error)
            var times = CommandTimes(
                queued: command.queued, dispatched: command.dispatched, acked: clock.monotonic())
            if let network {
                let sent = network.settle(token)
                (times.written, times.firstByte, times.roundTrip) = (sent.written, sent.firstByte, sent.roundTrip)
                verdict = Verdict.judged(verdict.outcome, sent.record) ?? verdict
            }
            if verdict.cause != nil, verdict.cause != .transport { counters.breaches &+= 1 }
            emit(
                command.kind,
                MutationCompletion(
                    id: command.id, outcome: verdict.outcome, cause: verdict.cause, state: result.state,
                    brokerOrderID: result.brokerOrderID, times: times, detail: result.detail))
        } else {
            finishOther(command, token, result)
        }
    }

    /// Whether an outcome is the broker's word: only then it says that the broker is there.
    private static func isAnswer(_ outcome: UInt32) -> Bool {
        switch outcome {
        case SLUICE_OUTCOME_NOT_SENT, SLUICE_OUTCOME_UNKNOWN, SLUICE_OUTCOME_INDETERMINATE: false
        default: true
        }
    }

    @inline(never)
    private func finishOther(_ command: OpenCommand, _ token: UInt64, _ result: Result) {
        _ = network?.settle(token)
        switch command.kind {
        case .service:
            completeService(
                token, isOK: result.outcome == SLUICE_OUTCOME_OK, document: result.document, error: result.error?.value)
        case .lookup:
            let verdict = Verdict.lookup(outcome: result.outcome)
            if verdict.cause != nil { counters.breaches &+= 1 }
            events.append(
                .lookedUp(
                    LookupCompletion(
                        id: command.id, outcome: verdict.outcome, cause: verdict.cause, state: result.state,
                        brokerOrderID: result.brokerOrderID, exchangeOrderID: result.detail?.exchangeOrderID,
                        clientOrderID: result.clientOrderID, error: result.error?.value,
                        adapterState: result.detail?.adapterState,
                        times: CommandTimes(
                            queued: command.queued, dispatched: command.dispatched, acked: clock.monotonic()))))
        case .query:
            guard let operation = command.query else { return }
            finishPage(
                operation, isOK: result.outcome == SLUICE_OUTCOME_OK, cursor: result.brokerOrderID,
                error: result.error?.value, queued: command.queued)
        case .open: finishOpen(token, isOK: result.outcome == SLUICE_OUTCOME_OK, error: result.error?.value)
        case .close: closing?.token = nil
        default: break
        }
    }

    @inline(__always)
    private func emit(_ kind: CommandKind, _ completion: MutationCompletion) {
        switch kind {
        case .submit: events.append(.submitted(completion))
        case .modify: events.append(.modified(completion))
        case .cancel: events.append(.canceled(completion))
        default: events.append(.allCanceled(completion))
        }
    }

    // MARK: - Ended by the host

    /// Ends a command without the adapter's word. `outcome` is for mutations; a look-up becomes indeterminate, a read
    /// and a lifecycle call fail.
    ///
    /// - Parameter token: `nil`: the command never had one.
    func end(
        _ command: OpenCommand, _ token: UInt64?, cause: HostCause, outcome: MutationOutcome, error: AdapterError?
    ) {
        var times = CommandTimes(queued: command.queued, dispatched: command.dispatched, acked: clock.monotonic())
        var outcome = outcome
        if let network, let token {
            let sent = network.settle(token)
            (times.written, times.firstByte, times.roundTrip) = (sent.written, sent.firstByte, sent.roundTrip)
            outcome = Verdict.judged(outcome, sent.record)?.outcome ?? outcome
        }
        switch command.kind {
        case .submit, .modify, .cancel, .cancelAll:
            emit(
                command.kind,
                MutationCompletion(
                    id: command.id, outcome: outcome, cause: cause, times: times,
                    detail: error.map { CompletionDetail(error: $0) }))
        case .lookup:
            events.append(
                .lookedUp(
                    LookupCompletion(
                        id: command.id, outcome: .indeterminate, cause: cause, error: error, times: times)))
        case .query:
            if let operation = command.query {
                endedQueries.append((operation, failure(of: cause, operation.name, error: error)))
            }
        case .open:
            if let request = openRequests.removeValue(forKey: command.id) {
                endedRequests.append((request, failure(of: cause, "open", error: error)))
            }
        case .close: closing?.token = nil
        case .service:
            if let token, let call = network?.waiting.removeValue(forKey: token) {
                end(call, .failure(failure(of: cause, "the call", error: error)))
            }
        }
    }

    /// Ends an open token on its deadline or with the session, and tells the adapter so. A mutation is then unknown:
    /// the end of a wait takes no order back.
    @inline(never)
    func endByHost(_ token: UInt64, cause: HostCause) {
        guard let command = tokens.take(token) else { return }
        if cause == .deadline {
            counters.deadlines &+= 1
            noteDeadline(command)
        }
        ended.insert(token, EndedCommands.Entry(kind: command.kind, id: command.id))
        end(command, token, cause: cause, outcome: .unknown, error: nil)
        // A login that says nothing has failed: left in opening, no other could begin.
        if command.kind == .open, cause == .deadline, status.state == .opening {
            setState(.failed, error: AdapterError(code: .timeout, text: "the adapter did not log in in time"))
        }
        guard handle != nil else { return }
        call(.onCancelled) { calls.onCancelled($0, token) }
    }

    /// A completion for a token that is not open: a late answer, or a mistake.
    @inline(never)
    private func completeUnknown(_ token: UInt64, _ pointer: UnsafePointer<sluice_result>?) -> sluice_status {
        guard let entry = ended.take(token) else {
            counters.unknownTokens &+= 1
            if counters.unknownTokens >= Bounds.breachesUntilPoisoned {
                poison("it completed \(counters.unknownTokens) tokens that were not open")
            }
            return SLUICE_ERR_NOT_FOUND
        }
        counters.lateCompletions &+= 1
        do throws(ContractBreach) {
            let result = try read(pointer)
            events.append(
                .late(
                    LateCompletion(
                        kind: entry.kind.lateKind, id: entry.id,
                        outcome: entry.kind.isMutation
                            ? Verdict.mutation(outcome: result.outcome, error: result.error).outcome : nil,
                        brokerOrderID: result.brokerOrderID, exchangeOrderID: result.detail?.exchangeOrderID,
                        state: result.state, error: result.error?.value, adapterState: result.detail?.adapterState)))
        } catch {
            return breach("complete", error)
        }
        return SLUICE_ERR_NOT_FOUND
    }

    /// The adapter completed a token inside a call that it then refused: what it said is lowered to unknown.
    func contradict(token: UInt64, from mark: Int) {
        guard mark < events.count else { return }
        for index in mark..<events.count {
            func lowered(_ completion: MutationCompletion) -> MutationCompletion {
                var lowered = completion
                (lowered.outcome, lowered.cause) = (.unknown, .contradiction)
                return lowered
            }
            switch events[index] {
            case .submitted(let completion): events[index] = .submitted(lowered(completion))
            case .modified(let completion): events[index] = .modified(lowered(completion))
            case .canceled(let completion): events[index] = .canceled(lowered(completion))
            case .allCanceled(let completion): events[index] = .allCanceled(lowered(completion))
            default: break
            }
        }
    }
}
