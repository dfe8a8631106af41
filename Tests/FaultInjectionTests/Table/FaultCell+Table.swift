extension FaultCell {
    /// Both orders come to their end, and the session takes orders.
    private static let clean = "FILLED 10, CANCELED 0; ready"

    private static func row(
        _ fault: AdapterFault, submit: String = clean, ack: String = clean, fill: String = clean,
        query: String = clean, disconnect: String = clean, connect: String = clean, cancel: String = clean
    ) -> [FaultCell] {
        [
            FaultCell(fault: fault, phase: .submit, end: submit), FaultCell(fault: fault, phase: .ack, end: ack),
            FaultCell(fault: fault, phase: .fill, end: fill), FaultCell(fault: fault, phase: .query, end: query),
            FaultCell(fault: fault, phase: .disconnect, end: disconnect),
            FaultCell(fault: fault, phase: .connect, end: connect),
            FaultCell(fault: fault, phase: .cancel, end: cancel),
        ]
    }

    /// Every fault in every phase; what is not written ends as if nothing had happened.
    static let all: [FaultCell] = [tellings, lies, courses, breaks].flatMap { $0.flatMap(\.self) }

    /// Calls that hang, fail, lie, crash, or break the boundary.
    private static let lies: [[FaultCell]] = [
        // F1. A call that never returns: what was in it stays unknown until a restart asks the broker; what lay behind it
        // is taken back when the session is closed.
        row(
            .hang, submit: "UNKNOWN 0, NOT_SENT 0; hangs", ack: "UNKNOWN 0, NOT_SENT 0; hangs",
            fill: "WORKING 0, NOT_SENT 0; hangs", query: "FILLED 10, PENDING_CANCEL 0; hangs",
            disconnect: "FILLED 10, PENDING_CANCEL 0; hangs", connect: "FILLED 10, PENDING_CANCEL 0; hangs",
            cancel: "FILLED 10, PENDING_CANCEL 0; hangs"),
        // F2. The call returns after the command's deadline, and did its work.
        row(
            .hangThenAnswer, submit: "FILLED 10, CANCELED 0; ready; late deadline overrun",
            ack: "FILLED 10, CANCELED 0; ready; overrun", fill: "FILLED 10, CANCELED 0; ready; overrun",
            query: "FILLED 10, CANCELED 0; ready; overrun", disconnect: "FILLED 10, CANCELED 0; ready; overrun",
            connect: "FILLED 10, CANCELED 0; ready; overrun", cancel: "FILLED 10, CANCELED 0; ready; overrun"),
        // F3. An error instead of the call's work: proof that nothing left, or the read is made again.
        row(
            .errorBeforeSend, submit: "NOT_SENT 0, CANCELED 0; ready", ack: "NOT_SENT 0, CANCELED 0; ready",
            fill: "FILLED 10, REFUSED not_ready; ready"),
        // F4. The work is done, and the call says that it was not: what the broker shows later is told as an anomaly.
        row(
            .sendThenError, submit: "FILLED 10!, CANCELED 0; ready", ack: "FILLED 10!, CANCELED 0; ready",
            fill: "FILLED 10, REFUSED not_ready; ready"),
        // F5. The host is gone with it: how the two orders stand after the restart.
        row(.crash, submit: "FILLED 10, none; ready", ack: "FILLED 10, none; ready", fill: "FILLED 10, none; ready"),
        // F6. 60 ms in one call.
        row(
            .slow, submit: "FILLED 10, CANCELED 0; ready; overrun", ack: "FILLED 10, CANCELED 0; ready; overrun",
            fill: "FILLED 10, CANCELED 0; ready; overrun", query: "FILLED 10, CANCELED 0; ready; overrun",
            disconnect: "FILLED 10, CANCELED 0; ready; overrun", connect: "FILLED 10, CANCELED 0; ready; overrun",
            cancel: "FILLED 10, CANCELED 0; ready; overrun"),
        // F7. Structures that break every rule of the boundary, then honest work.
        row(
            .garbage, submit: "FILLED 10, CANCELED 0; ready; breach", ack: "FILLED 10, CANCELED 0; ready; breach stray",
            fill: "FILLED 10, CANCELED 0; ready; breach", query: "FILLED 10, CANCELED 0; ready; breach stray",
            disconnect: "FILLED 10, CANCELED 0; ready; breach", connect: "FILLED 10, CANCELED 0; ready; breach",
            cancel: "FILLED 10, CANCELED 0; ready; breach stray"),
        // F8. Every token is completed twice, some again and again.
        row(
            .duplicateAck, submit: "FILLED 10, CANCELED 0; ready; stray", ack: "FILLED 10, CANCELED 0; ready; stray",
            fill: "FILLED 10, CANCELED 0; ready; stray", query: "FILLED 10, CANCELED 0; ready; stray",
            disconnect: "FILLED 10, CANCELED 0; ready; stray", connect: "FILLED 10, CANCELED 0; ready; breach stray",
            cancel: "FILLED 10, CANCELED 0; ready; stray"),
    ]

    /// Executions and ends in every order.
    private static let courses: [[FaultCell]] = [
        // F9. Each execution is told ten times.
        row(.duplicateFill),
        // F10. An execution beyond what was ordered is the broker's truth: booked, and told to a person.
        row(
            .fillBeyondLeaves, submit: "FILLED 10+3!, CANCELED 0; ready", ack: "FILLED 10+3!, CANCELED 0; ready",
            fill: "FILLED 10+3!, CANCELED 0; ready", query: "FILLED 10+3!, CANCELED 0; ready",
            disconnect: "FILLED 10+3!, CANCELED 0; ready", connect: "FILLED 10+3!, CANCELED 0; ready",
            cancel: "FILLED 10+3!, CANCELED 0; ready"),
        // F11. Executions come before the answer to the order.
        row(
            .fillBeforeAck, query: "FILLED 10, CANCELED 3; ready", disconnect: "FILLED 10, CANCELED 3; ready",
            connect: "FILLED 10, CANCELED 3; ready", cancel: "FILLED 10, CANCELED 3; ready"),
        // F12. Executions and states come in the reverse order.
        row(
            .fillsOutOfOrder, query: "FILLED 10, CANCELED 3; ready", disconnect: "FILLED 10, CANCELED 3; ready",
            connect: "FILLED 10, CANCELED 3; ready", cancel: "FILLED 10, CANCELED 3; ready"),
        // F13. The order was canceled, then an execution from before comes.
        row(
            .fillAfterCancel, submit: "CANCELED 4!, CANCELED 0; ready", ack: "CANCELED 4!, CANCELED 0; ready",
            fill: "CANCELED 4!, CANCELED 0; ready", query: "FILLED 10, CANCELED 3!; ready",
            disconnect: "FILLED 10, CANCELED 3!; ready", connect: "FILLED 10, CANCELED 3!; ready",
            cancel: "FILLED 10, CANCELED 3!; ready"),
        // F14. The broker fills what is being canceled.
        row(
            .cancelFillRace, query: "FILLED 10, FILLED 10; ready", disconnect: "FILLED 10, FILLED 10; ready",
            connect: "FILLED 10, FILLED 10; ready", cancel: "FILLED 10, FILLED 10; ready"),
        // F15. The broker rejects what it has executed a part of.
        row(
            .rejectAfterPartial, submit: "REJECTED 4, CANCELED 0; ready", ack: "REJECTED 4, CANCELED 0; ready",
            fill: "REJECTED 4, CANCELED 0; ready", query: "FILLED 10, REJECTED 3; ready",
            disconnect: "FILLED 10, REJECTED 3; ready", connect: "FILLED 10, REJECTED 3; ready",
            cancel: "FILLED 10, REJECTED 3; ready"),
    ]

    /// Who tells, when, and of what.
    private static let tellings: [[FaultCell]] = [
        // F16. Everything is told before the call returns.
        row(.callbackInCall),
        // F17. Four threads call the host: refused, and new orders are not given to that session any more.
        row(
            .callbackFromThreads, submit: "FILLED 10, NOT_SENT 0; ready; wrong lane",
            ack: "FILLED 10, NOT_SENT 0; ready; wrong lane", fill: "FILLED 10, NOT_SENT 0; ready; wrong lane",
            query: "FILLED 10, CANCELED 0; ready; wrong lane", disconnect: "FILLED 10, CANCELED 0; ready; wrong lane",
            connect: "FILLED 10, CANCELED 0; ready poisoned; wrong lane",
            cancel: "FILLED 10, CANCELED 0; ready poisoned; wrong lane"),
        // F18. Calls after the session's end, from its last call and from a thread.
        row(.callbackAfterEnd),
        // F19. An execution of an order that is not ours moves the position.
        row(.unknownOrder),
        // F20. What the broker did is not told: it is asked for.
        row(
            .lostCallback, connect: "FILLED 10, CANCELED 0; ready; deadline",
            cancel: "FILLED 10, CANCELED 0; ready; deadline"),
        // F21. Look-ups and lists do not show what is there, for less than the declared delay.
        row(.visibilityDelay, cancel: "FILLED 10, CANCELED 0; ready; deadline"),
        // F22. The answer is lost, and pages of lists contradict each other.
        row(.tornPages, cancel: "FILLED 10, CANCELED 0; ready; deadline"),
    ]

    /// The broker, the machine and the adapter let go.
    private static let breaks: [[FaultCell]] = [
        // F23. The login ends: what the broker refused is rejected, and until the next login new orders are refused.
        row(
            .sessionExpiry, submit: "REJECTED 0, REFUSED not_ready; ready", ack: "FILLED 10, REFUSED not_ready; ready",
            fill: "FILLED 10, REFUSED not_ready; ready"),
        // F24. 429: a refused submit is not sent again, a cancel and a read are.
        row(.throttled, submit: "REJECTED 0, CANCELED 0; ready", ack: "REJECTED 0, CANCELED 0; ready"),
        // F25. 5xx: the order may be live, so another one waits for evidence (C31).
        row(
            .serverError, submit: "FILLED 10, REFUSED unknown_outstanding; ready",
            ack: "FILLED 10, REFUSED unknown_outstanding; ready"),
        // F26. Sixty changes of state in one call.
        row(.reconnectStorm, disconnect: "FILLED 10, CANCELED 0; ready; breach"),
        // F27. The wall clock jumps an hour, forward in even phases and back in odd ones: a price is then too old.
        row(.clockJump, ack: "FILLED 10, REFUSED price_collar_stale; ready"),
        // F28. Eight megabytes and sixteen descriptors in one call.
        row(.leak),
        // F29. The command is never completed, nor is close.
        row(.refusesToStop, submit: "NOT_SENT 0, CANCELED 0; ready", cancel: "FILLED 10, CANCELED 0; ready; deadline"),
    ]
}
