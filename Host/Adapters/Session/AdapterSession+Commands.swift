extension AdapterSession {
    package func submit(_ command: SubmitCommand) -> QueueVerdict { enqueue(.submit(PreparedOrder(command))) }

    /// Queues a prefix of the orders under one lock and says how many: the others were not sent and get no completion.
    package func submit(_ commands: [SubmitCommand]) -> Int {
        let prepared = commands.map(PreparedOrder.init)  // outside the lock
        let now = clock.monotonic()
        let (taken, mustWake): (Int, Bool) = inbox.withLock { inbox in
            guard !inbox.isClosing else { return (0, false) }
            let taken = min(max(0, commandBound - inbox.normal.count - inbox.parked.count), prepared.count)
            for order in prepared.prefix(taken) {
                inbox.normal.append(Inbox.Entry(command: .submit(order), queued: now))
            }
            inbox.queuedSubmits += taken
            let mustWake = taken > 0 && !inbox.isScheduled
            if mustWake { inbox.isScheduled = true }
            return (taken, mustWake)
        }
        if mustWake { scheduler.wake(self) }
        return taken
    }

    package func modify(_ command: ModifyCommand) -> QueueVerdict { enqueue(.modify(command)) }
    package func cancel(_ command: CancelCommand) -> QueueVerdict { enqueue(.cancel(command)) }
    package func cancelAll(_ command: CancelAllCommand) -> QueueVerdict { enqueue(.cancelAll(command)) }
    package func lookUp(_ command: LookupCommand) -> QueueVerdict { enqueue(.lookUp(command)) }

    /// Takes submits back that the adapter has not been given, from the queue as from the lane's hands, also while the
    /// adapter hangs in a call. The ids returned never will be and get no completion; the others end by their outcome.
    ///
    /// - Parameter ids: the commands' ids; `nil` = every submit.
    package func withdrawSubmits(_ ids: Set<UInt64>? = nil) -> [UInt64] {
        let (withdrawn, mustWake): ([UInt64], Bool) = inbox.withLock { inbox in
            let withdrawn = inbox.withdraw(ids, shared)
            // A cancel that stood behind a parked order may go now.
            let mustWake = !inbox.urgent.isEmpty && !inbox.isScheduled
            if mustWake { inbox.isScheduled = true }
            return (withdrawn, mustWake)
        }
        if mustWake { scheduler.wake(self) }
        return withdrawn
    }

    func enqueue(_ command: Inbox.Command) -> QueueVerdict {
        let entry = Inbox.Entry(command: command, queued: clock.monotonic())
        let (verdict, mustWake): (QueueVerdict, Bool) = inbox.withLock { inbox in
            guard !inbox.isClosing else { return (.refused(.closed), false) }
            switch command {
            case .close:
                inbox.urgent.append(entry)
                inbox.isClosing = true
            case .cancel, .cancelAll:
                guard inbox.urgent.count + inbox.parkedCancels < commandBound else {
                    return (.refused(.queueFull), false)
                }
                inbox.urgent.append(entry)
            default:
                guard inbox.normal.count + inbox.parked.count < commandBound else {
                    return (.refused(.queueFull), false)
                }
                inbox.normal.append(entry)
                if case .submit = command { inbox.queuedSubmits += 1 }
            }
            let mustWake = !inbox.isScheduled
            inbox.isScheduled = true
            return (.taken, mustWake)
        }
        if mustWake { scheduler.wake(self) }
        return verdict
    }
}
