package import Engine

extension Gateway {
    /// Looks at the engine between two steps, for an auditor: the state that the next decision will be made on.
    ///
    /// - Parameter body: Runs under the lock that guards decisions: short, and it must not call the gateway. `isSettled` says
    ///   that every event of the state is durable; else it is ahead of the journal.
    package func inspect<Result>(_ body: (_ engine: borrowing Engine, _ isSettled: Bool) throws -> Result) rethrows
        -> Result
    {
        try state.withLockedValue { state in
            try body(state.engine, state.pending.events.isEmpty && state.durableSequence + 1 == state.pendingSequence)
        }
    }
}
