/// Something that runs in turns and never concurrently with itself: a session.
package protocol Lane: AnyObject, Sendable {
    /// Does a bounded piece of work. The scheduler calls it again after `.more`, at `nextWake`, or when the lane was woken.
    func turn() -> LaneTurn
}

/// What a lane wants after a turn.
package enum LaneTurn: Hashable, Sendable {
    case more
    /// Nothing to do before this monotonic instant, `nil` = before it is woken.
    case idle(nextWake: Int64?)
    /// Never again.
    case ended
}

/// Decides when and on which thread lanes have their turns.
///
/// A scheduler never runs two turns of one lane at once, and everything that one turn did happens before the next. The
/// order of turns is the order of wakes.
package protocol LaneScheduler: AnyObject, Sendable {
    /// From any thread: the lane has work. Returns at once.
    func wake(_ lane: any Lane)
    /// Ends the scheduler after the lanes' current turns; no turn begins afterwards. Does not wait.
    func stop()
}
