import Domain

/// Listens to a decision while it is made.
///
/// Controls say through it what they compare, also when they pass; so a formula stands in one place, whoever asks for its
/// numbers. Admission runs with `NoTrace`, whose every answer is a constant: specialised, it leaves nothing behind.
protocol DecisionTrace {
    /// A comparison that a control is about to make; `nil` = there is nothing to compare with. Evaluated only by those who
    /// keep it.
    mutating func record(_ measure: @autoclosure () -> Measure?)
    /// Legs are evaluated from the first on; of an earlier evaluation only those at `keeping` still count, behind the new.
    mutating func begin(keeping: [Int])
    mutating func begin(_ share: Engine.Share)
    /// Whether controls behind a refusal are looked at, too.
    var goesBeyond: Bool { get }
    /// Looks at a control on a leg that was refused before it; `false` = it was not, the control is to be run.
    mutating func looksBeyond<Control: RiskControl>(
        _ control: Control.Type, _ limits: LegLimits, _ engine: borrowing Engine
    ) -> Bool
    /// Whether nothing that it is told is kept.
    var isSilent: Bool { get }
    /// Whether verdicts are not taken as they are: see `judge`.
    var isJudge: Bool { get }
    /// What a control's verdict counts for: of inputs that are not known it may be another.
    mutating func judge(_ verdict: Verdict, of control: ControlID, _ candidate: Candidate, _ engine: borrowing Engine)
        -> Verdict
    mutating func pass(_ control: ControlID, _ candidate: Candidate)
    /// A control fired. `goesOn` = the leg goes on: clipped, where `candidate` has less than `quantity`, or with an alert.
    mutating func fire(
        _ rejection: Rejection, from quantity: Int64, _ candidate: Candidate, goesOn: Bool, isAlert: Bool)
    mutating func finish(_ evaluation: inout Engine.Evaluation, _ index: Int)
    /// A batch control looks at these legs; what is recorded until the next call concerns them.
    mutating func begin(_ control: ControlID, _ legs: @autoclosure () -> [Int])
    /// What a batch control's refusal counts for; `nil` = for nothing, since it rests on an input that is not known.
    mutating func judge(_ rejection: Rejection) -> Rejection?
    /// The batch control fired on a leg.
    mutating func fire(_ rejection: Rejection, leg: Int, isAlert: Bool)
}

/// Nobody listens.
struct NoTrace: DecisionTrace {
    @inline(__always)
    mutating func record(_ measure: @autoclosure () -> Measure?) {}
    @inline(__always)
    mutating func begin(keeping: [Int]) {}
    @inline(__always)
    mutating func begin(_ share: Engine.Share) {}
    @inline(__always)
    var goesBeyond: Bool { false }
    @inline(__always)
    mutating func looksBeyond<Control: RiskControl>(
        _ control: Control.Type, _ limits: LegLimits, _ engine: borrowing Engine
    ) -> Bool { false }
    @inline(__always)
    var isSilent: Bool { true }
    @inline(__always)
    var isJudge: Bool { false }
    @inline(__always)
    mutating func judge(
        _ verdict: Verdict, of control: ControlID, _ candidate: Candidate, _ engine: borrowing Engine
    ) -> Verdict { verdict }
    @inline(__always)
    mutating func pass(_ control: ControlID, _ candidate: Candidate) {}
    @inline(__always)
    mutating func fire(
        _ rejection: Rejection, from quantity: Int64, _ candidate: Candidate, goesOn: Bool, isAlert: Bool
    ) {}
    @inline(__always)
    mutating func finish(_ evaluation: inout Engine.Evaluation, _ index: Int) {}
    @inline(__always)
    mutating func begin(_ control: ControlID, _ legs: @autoclosure () -> [Int]) {}
    @inline(__always)
    mutating func judge(_ rejection: Rejection) -> Rejection? { rejection }
    @inline(__always)
    mutating func fire(_ rejection: Rejection, leg: Int, isAlert: Bool) {}
}

extension RiskControl {
    /// What the control says where nobody asks for its numbers.
    @inline(__always)
    static func evaluate(_ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine) -> Verdict {
        var none = NoTrace()
        return evaluate(&candidate, limits, engine, &none)
    }
}
