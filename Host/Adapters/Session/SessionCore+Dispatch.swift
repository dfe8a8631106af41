import CSluice
import Domain
import Faults

extension SessionCore {
    /// Gives the adapter what was taken from the inbox; neighbours of a kind that travels together go in one call. What is
    /// left when the turn's time is over goes back, so that the news of a slow adapter goes up and cancels overtake.
    func dispatchTaken(until end: Int64) {
        var index = 0
        while index < taken.count, index == 0 || instant < end {
            let entry = taken[index]
            let run = runLength(from: index)
            if run > 1 {
                switch entry.command {
                case .submit: submitBatch(index..<(index + run))
                case .modify: modifyBatch(index..<(index + run))
                case .cancel: cancelBatch(index..<(index + run))
                default: lookUp(index..<(index + run))
                }
            } else {
                dispatch(entry)
            }
            index += run
            deliverSnapshots()
        }
        if index < taken.count {
            inbox.withLock { [taken, shared] in $0.putBack(taken[index...], shared) }
        }
        taken.removeAll(keepingCapacity: true)
    }

    /// From here on a submit is the adapter's: it cannot be withdrawn any more. `false`: it was, and gets no completion.
    /// Asked for every submit of the lane's hands, in order. One that waited for its rate limit was claimed with its unit.
    @inline(__always)
    private func claim(_ order: PreparedOrder, _ entry: Inbox.Entry) -> Bool {
        entry.isPaid || inbox.claim(order.id, shared)
    }

    /// How many entries from `index` on go in one call.
    private func runLength(from index: Int) -> Int {
        switch taken[index].command {
        case .submit where adapter.description.capabilities.contains(.submitBatch):
            let limit = min(taken.count, index + adapter.description.maximumBatch)
            var end = index
            while end < limit, case .submit = taken[end].command { end += 1 }
            return max(1, end - index)
        case .modify where travelsInBatches(.modifyBatch):
            return runLength(from: index) { if case .modify = $0 { true } else { false } }
        case .cancel where travelsInBatches(.cancelBatch):
            return runLength(from: index) { if case .cancel = $0 { true } else { false } }
        case .lookUp:
            var end = index
            while end < taken.count, case .lookUp = taken[end].command { end += 1 }
            return end - index
        default: return 1
        }
    }

    private func travelsInBatches(_ capability: AdapterConnections.Capabilities) -> Bool {
        network?.calls.connections.capabilities.contains(capability) == true && adapter.description.maximumBatch > 1
            && status.state == .ready
    }

    private func runLength(from index: Int, _ isSame: (Inbox.Command) -> Bool) -> Int {
        let limit = min(taken.count, index + adapter.description.maximumBatch)
        var end = index
        while end < limit, isSame(taken[end].command) { end += 1 }
        return max(1, end - index)
    }

    @inline(__always)
    private func dispatch(_ entry: Inbox.Entry) {
        switch entry.command {
        case .submit(let order): if claim(order, entry) { submit(order, entry) }
        case .modify(let command): modify(command, entry)
        case .cancel(let command): cancel(command, entry)
        case .cancelAll(let command): cancelAll(command, entry)
        case .lookUp: lookUp(entry)
        case .query(let operation): ask(operation, entry)
        case .open(let request): open(request, queued: entry.queued)
        case .service(let call): dispatchService(call)
        case .close: beginClosing()
        }
    }

    /// Why a command is not given to the adapter; `nil`: it is.
    @inline(__always)
    func obstacle(
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
    private func submit(_ order: PreparedOrder, _ entry: Inbox.Entry) {
        if let cause = obstacle(
            .submit, account: order.accountIndex, deadline: order.sendBefore, reducesRisk: order.isClosing)
        {
            return refuse(entry, cause)
        }
        if isStopped(
            entry, .submit, account: order.accountIndex, isClosing: order.isClosing, deadline: order.sendBefore)
        {
            return
        }
        guard
            let token = issue(
                .submit, id: order.id, queued: entry.queued, deadline: order.deadline, account: order.accountIndex)
        else { return refuse(entry, .queueFull) }
        let mark = events.count
        FaultPoint.hit(.laneSubmitBefore)
        let status = withExtendedLifetime(order) { call(.submit) { calls.submit($0, token, order.entity) } }
        FaultPoint.hit(.laneSubmitAfter)
        if status < 0 {
            returned(status, token: token, mark: mark, LaneFunction.submit)
        } else {
            watchDeadline(token, order.deadline)
        }
    }

    /// Several submits in one call. Those that may not go are ended before it.
    private func submitBatch(_ range: Range<Int>) {
        var items: [(token: UInt64, place: Int, deadline: Int64)] = []
        items.reserveCapacity(range.count)
        for place in range {
            guard case .submit(let order) = taken[place].command, claim(order, taken[place]) else { continue }
            let cause = obstacle(
                .submit, account: order.accountIndex, deadline: order.sendBefore, reducesRisk: order.isClosing)
            if let cause {
                refuse(taken[place], cause)
            } else if status.state != .ready {  // batches travel in ready alone; what is closing goes by itself
                submit(order, taken[place])
            } else if isStopped(
                taken[place], .submit, account: order.accountIndex, isClosing: order.isClosing,
                deadline: order.sendBefore)
            {
                continue
            } else if let token = issue(
                .submit, id: order.id, queued: taken[place].queued, deadline: order.deadline,
                account: order.accountIndex)
            {
                items.append((token, place, order.deadline))
            } else {
                refuse(taken[place], .queueFull)
            }
        }
        guard !items.isEmpty else { return }
        let mark = events.count
        let size = MemoryLayout<sluice_batch_item>.size
        let memory = scratch.zeroed(size * items.count)
        for (index, item) in items.enumerated() {
            guard case .submit(let order) = taken[item.place].command else { continue }
            let entity = (memory + index * size).assumingMemoryBound(to: sluice_batch_item.self)
            entity.pointee.struct_size = UInt32(size)
            entity.pointee.token = item.token
            entity.pointee.order = order.entity  // `taken` holds it over the call
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
        let account = command.reference.accountIndex
        if isStopped(entry, .modify, account: account, deadline: command.deadline ?? .max) { return }
        guard
            let token = issue(
                .modify, id: command.id, queued: entry.queued, deadline: command.deadline, account: account)
        else { return refuse(entry, .queueFull) }
        let mark = events.count
        let reference = scratch.orderReference(command.reference)
        let changes = scratch.changes(of: command)
        FaultPoint.hit(.laneModifyBefore)
        let status = withExtendedLifetime(command) { call(.modify) { calls.modify($0, token, reference, changes) } }
        FaultPoint.hit(.laneModifyAfter)
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
        let account = command.reference.accountIndex
        if isStopped(entry, .cancel, account: account, deadline: command.deadline ?? .max) { return }
        guard
            let token = issue(
                .cancel, id: command.id, queued: entry.queued, deadline: command.deadline, account: account)
        else { return refuse(entry, .queueFull) }
        let mark = events.count
        let reference = scratch.orderReference(command.reference)
        FaultPoint.hit(.laneCancelBefore)
        let status = withExtendedLifetime(command) { call(.cancel) { calls.cancel($0, token, reference) } }
        FaultPoint.hit(.laneCancelAfter)
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
        if isStopped(entry, .cancelAll, account: command.accountIndex, deadline: command.deadline ?? .max) { return }
        guard
            let token = issue(
                .cancelAll, id: command.id, queued: entry.queued, deadline: command.deadline,
                account: command.accountIndex)
        else { return refuse(entry, .queueFull) }
        let mark = events.count
        let filter = self.filter(account: command.accountIndex, symbol: command.symbol, cursor: nil)
        let status = call(.cancelAll) { calls.cancelAll($0, token, filter) }
        if status < 0 {
            returned(status, token: token, mark: mark, LaneFunction.cancelAll)
        } else {
            watchDeadline(token, command.deadline ?? .max)
        }
    }
}
