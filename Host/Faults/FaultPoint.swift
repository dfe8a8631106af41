/// A place where a crash harness may end the process: every boundary between what is decided, what is durable and what has
/// left the machine, and every step of a leg's life in between (RELIABILITY.md §6).
///
/// `FaultPoint.hit(.batchDurable)` counts the passing and does what `SLUICE_FAULT` says of it (`FaultPlan`). A release build
/// has no such code: the call is empty and inlined away.
///
/// This list is the only one. `sluice check --fault-points` prints it and the driver reads it from there, so that a point
/// which no run ever passes fails the harness. Raw values are what `SLUICE_FAULT` names; the order is that of the counters
/// in the shared file.
@usableFromInline
package enum FaultPoint: String, CaseIterable, Sendable {
    // Opening the store.
    case storeLocked = "store-locked"
    case storeChecked = "store-checked"
    case storeMigrated = "store-migrated"
    case storeOpened = "store-opened"
    case metaWritten = "meta-written"

    // One transaction: a record and what is made of it.
    case commitBegun = "commit-begun"
    case commitRecordWritten = "commit-record-written"
    case commitProjected = "commit-projected"
    case commitIdempotencyWritten = "commit-idempotency-written"
    case commitKeyValuesWritten = "commit-key-values-written"
    case commitHeadNoted = "commit-head-noted"
    case commitReturned = "commit-returned"

    // Closing it.
    case logEmptying = "log-emptying"
    case logEmptied = "log-emptied"

    // Snapshots of the state.
    case snapshotWritten = "snapshot-written"
    case snapshotFlushed = "snapshot-flushed"
    case snapshotNamed = "snapshot-named"
    case snapshotsThinned = "snapshots-thinned"

    // The start.
    case startSnapshotTaken = "start-snapshot-taken"
    case startReplayed = "start-replayed"
    case startAdaptersLoaded = "start-adapters-loaded"
    case startLimitsLoaded = "start-limits-loaded"
    case startThreadsRunning = "start-threads-running"
    case recoveryBegun = "recovery-begun"
    case recoveryCancelAgain = "recovery-cancel-again"
    case recoveryReplaceOpen = "recovery-replace-open"
    case recoveryOrderUnknown = "recovery-order-unknown"
    case recoveryOrderLookedUp = "recovery-order-looked-up"
    case recoveryDone = "recovery-done"
    case startServing = "start-serving"
    case startAccountsSeeded = "start-accounts-seeded"
    case startGroupsSeeded = "start-groups-seeded"
    case startLimitsApplied = "start-limits-applied"

    // Set-up that people change.
    case accountEmitted = "account-emitted"
    case accountDurable = "account-durable"
    case groupEmitted = "group-emitted"
    case groupDurable = "group-durable"
    case documentEmitted = "document-emitted"
    case documentDurable = "document-durable"
    case keyActEmitted = "key-act-emitted"
    case keyActDurable = "key-act-durable"

    // Admission and idempotency.
    case idempotencyTaken = "idempotency-taken"
    case idempotencyReplayed = "idempotency-replayed"
    case admissionDecided = "admission-decided"
    case admissionKept = "admission-kept"
    case admissionDurable = "admission-durable"
    case admissionAnswered = "admission-answered"

    // The journal's thread.
    case batchTaken = "batch-taken"
    case batchEncoded = "batch-encoded"
    case batchDurable = "batch-durable"
    case batchEnqueued = "batch-enqueued"
    case batchDispatched = "batch-dispatched"
    case batchWaitersTold = "batch-waiters-told"
    case batchPublished = "batch-published"

    // Handing over to lanes.
    case dispatchChosen = "dispatch-chosen"
    case dispatchCancels = "dispatch-cancels"
    case dispatchModifies = "dispatch-modifies"
    case dispatchLookUps = "dispatch-look-ups"
    case dispatchSubmits = "dispatch-submits"
    case dispatchDone = "dispatch-done"

    // A lane and its adapter.
    case laneOpenBefore = "lane-open-before"
    case laneOpenAfter = "lane-open-after"
    case laneSubmitBefore = "lane-submit-before"
    case laneSubmitAfter = "lane-submit-after"
    case laneModifyBefore = "lane-modify-before"
    case laneModifyAfter = "lane-modify-after"
    case laneCancelBefore = "lane-cancel-before"
    case laneCancelAfter = "lane-cancel-after"
    case laneLookUpBefore = "lane-look-up-before"
    case laneLookUpAfter = "lane-look-up-after"
    case laneQueryBefore = "lane-query-before"
    case laneQueryAfter = "lane-query-after"
    case laneKeyValuePut = "lane-key-value-put"
    case laneDeliverBefore = "lane-deliver-before"
    case laneDeliverAfter = "lane-deliver-after"
    case laneCloseBefore = "lane-close-before"
    case laneDestroyed = "lane-destroyed"

    // News of lanes.
    case newsTaken = "news-taken"
    case newsEmitted = "news-emitted"
    case submitAccepted = "submit-accepted"
    case submitRejected = "submit-rejected"
    case submitUnknown = "submit-unknown"
    case cancelAnswered = "cancel-answered"
    case modifyAnswered = "modify-answered"
    case orderReported = "order-reported"
    case executionBooked = "execution-booked"
    case keyValueTaken = "key-value-taken"
    case sessionChanged = "session-changed"
    case lookUpFound = "look-up-found"
    case lookUpAbsentOnce = "look-up-absent-once"
    case lookUpProvenAbsent = "look-up-proven-absent"
    case lookUpIndeterminate = "look-up-indeterminate"
    case legFailed = "leg-failed"
    case unwindAdmitted = "unwind-admitted"
    case executionsMissing = "executions-missing"
    case tradesAsked = "trades-asked"

    // Changes of live orders.
    case cancelEmitted = "cancel-emitted"
    case cancelRepeated = "cancel-repeated"
    case modifyEmitted = "modify-emitted"
    case modifyShown = "modify-shown"
    case mutationDurable = "mutation-durable"
    case resolveEmitted = "resolve-emitted"

    // Halts and square-offs.
    case haltEmitted = "halt-emitted"
    case haltWithdrawn = "halt-withdrawn"
    case haltDurable = "halt-durable"
    case squareOffEmitted = "square-off-emitted"
    case squareOffDurable = "square-off-durable"
    case squareOffCloseAdmitted = "square-off-close-admitted"
    case squareOffEnded = "square-off-ended"

    // Comparing books with brokers.
    case reconcileAsked = "reconcile-asked"
    case reconcileAnswered = "reconcile-answered"
    case reconcileFinished = "reconcile-finished"

    // The stop.
    case stopBegun = "stop-begun"
    case stopDrained = "stop-drained"
    case stopSessionsClosed = "stop-sessions-closed"
    case stopThreadsEnded = "stop-threads-ended"
    case stopStateNoted = "stop-state-noted"

    /// Passes the point. Any thread, also while holding a lock: it takes no other and calls nothing back.
    @inlinable
    package static func hit(_ point: FaultPoint) {
        #if DEBUG
            FaultPlan.current?.pass(point)
        #endif
    }
}
