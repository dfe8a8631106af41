import NIOConcurrencyHelpers
import Signing
import Transport

/// What is certain about something that was to be sent.
enum SendProof: Sendable {
    /// Not written yet, and it still may be.
    case waiting
    /// Bytes may have left, and no whole answer has come.
    case left
    /// Written, and answered whole (a frame: written).
    case answered
    /// No byte of it left and none will.
    case never
}

/// Something on its way out that commands depend on. Any thread.
protocol Outbound: AnyObject, Sendable {
    var isMutation: Bool { get }
    /// Whether no other command asked for it.
    var isOfOneCommand: Bool { get }
    var isTakenBack: Bool { get }
    /// What it costs of rate limits.
    var costs: [RequestPlan.Cost] { get }
    /// What is known of it at this instant.
    var record: SendRecord { get }
    /// Takes it back if it is still waiting, and says what is known of it then.
    func settle() -> SendRecord
    /// Takes it back if it is still waiting. `true`: it will never be sent.
    func takeBack() -> Bool
}

/// What is known of something that was to be sent.
struct SendRecord {
    var proof = SendProof.waiting
    /// When its last byte was handed to the network, monotonic.
    var written: Int64?
    var firstByte: Int64?
    /// Nanoseconds; see `HTTPOutcome.roundTrip`.
    var roundTrip: Int64?
    var isTakenBack = false

    /// `true`: it will never be sent.
    mutating func takeBack() -> Bool {
        if proof == .waiting { (proof, isTakenBack) = (.never, true) }
        return proof == .never
    }

    /// The last moment to take it back: what is made is written. `false`: it was taken back.
    mutating func leave(at now: Int64) -> Bool {
        if proof == .waiting { (proof, written) = (.left, now) }
        return !isTakenBack
    }
}

/// Signs what leaves: one evaluator a session, since signing keeps its memory from one value to the next.
final class Egress: Sendable {
    let vault: SecretVault
    let random: any LaneRandom
    private let evaluator: NIOLockedValueBox<Evaluator>

    /// `@unchecked Sendable`: reached through the lock of `evaluator` alone.
    private final class Evaluator: @unchecked Sendable {
        let evaluator = TemplateEvaluator()
    }

    init(_ vault: SecretVault, random: any LaneRandom) {
        (self.vault, self.random, evaluator) = (vault, random, NIOLockedValueBox(Evaluator()))
    }

    func make<Value, Failure: Error>(
        account: Int, now: Int64, _ body: (TemplateEvaluator, inout EgressEnvironment) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        let result: Result<Value, Failure> = evaluator.withLockedValue { holder in
            var environment = EgressEnvironment(vault, account: account, now: now, random: random)
            do throws(Failure) {
                return .success(try body(holder.evaluator, &environment))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}

/// One try of a request on its way, as the transport sees it.
final class OutboundRequest: Outbound, HTTPObserver {
    let plan: RequestPlan
    let tries: Int
    /// When `http_send` was called.
    let queued: Moment
    let egress: Egress
    /// Held until the transport has told the end: the session forgets the request before.
    private let session: AdapterSession
    /// An earlier try may have reached the broker: that this one did not proves nothing.
    private let hasLeftBefore: Bool
    private let state = NIOLockedValueBox(SendRecord())

    init(
        _ plan: RequestPlan, tries: Int, queued: Moment, hasLeftBefore: Bool = false, egress: Egress,
        session: AdapterSession
    ) {
        (self.plan, self.tries, self.queued, self.egress, self.session) = (plan, tries, queued, egress, session)
        self.hasLeftBefore = hasLeftBefore
    }

    var isMutation: Bool { plan.effect.isMutation }
    var isOfOneCommand: Bool { plan.tokens.count == 1 }
    var costs: [RequestPlan.Cost] { plan.costs }
    var record: SendRecord { withEarlierTries(state.withLockedValue { $0 }) }

    func settle() -> SendRecord {
        withEarlierTries(
            state.withLockedValue { state in
                _ = state.takeBack()
                return state
            })
    }

    private func withEarlierTries(_ record: SendRecord) -> SendRecord {
        var record = record
        if record.proof == .never, hasLeftBefore { record.proof = .left }
        return record
    }

    func takeBack() -> Bool { state.withLockedValue { $0.takeBack() } }

    var isTakenBack: Bool { state.withLockedValue { $0.isTakenBack } }

    func makeMessage(_ now: Moment) throws(NotSent) -> HTTPMessage {
        if let notAfter = plan.notAfter, now.wall > notAfter {
            throw NotSent("it was not to be sent later than it could be")
        }
        let message = try egress.make(account: plan.account, now: now.wall) { evaluator, environment throws(NotSent) in
            try plan.message(evaluator, &environment)
        }
        guard state.withLockedValue({ $0.leave(at: now.monotonic) }) else {
            throw NotSent("it was taken back before it was sent")
        }
        return message
    }

    func receive(_ part: [UInt8]) { session.arrive(.chunk(self, part)) }

    func end(_ outcome: HTTPOutcome) {
        state.withLockedValue { state in
            if let written = outcome.written { state.written = written.monotonic }
            (state.firstByte, state.roundTrip) = (outcome.firstByte?.monotonic, outcome.roundTrip)
            switch outcome.result {
            case .done: state.proof = .answered
            case .neverSent: state.proof = .never
            case .sentNoReply, .replyTruncated: state.proof = .left
            }
        }
        session.arrive(.answer(self, outcome))
    }
}

/// One frame on its way over a WebSocket or a stream.
final class OutboundFrame: Outbound, FrameObserver {
    let tag: UInt64
    let kind: FrameKind
    let payload: Template
    let account: Int
    let effect: RequestEffect
    let notAfter: Int64?
    let costs: [RequestPlan.Cost]
    let queued: Moment
    private let egress: Egress
    /// Held until the transport has told the end: the session forgets the request before.
    private let session: AdapterSession
    private let state = NIOLockedValueBox(SendRecord())

    init(
        tag: UInt64, kind: FrameKind, payload: Template, account: Int, effect: RequestEffect, notAfter: Int64?,
        costs: [RequestPlan.Cost], queued: Moment, egress: Egress, session: AdapterSession
    ) {
        (self.tag, self.kind, self.payload, self.account) = (tag, kind, payload, account)
        (self.effect, self.notAfter, self.costs, self.queued) = (effect, notAfter, costs, queued)
        (self.egress, self.session) = (egress, session)
    }

    var isMutation: Bool { effect.isMutation }
    /// A frame that changes nothing is a subscription or a sign of life, which outlasts the command that began it.
    var isOfOneCommand: Bool { false }
    /// What answers a frame is another frame, which only the adapter can tell.
    var record: SendRecord { state.withLockedValue { $0 } }

    func settle() -> SendRecord {
        state.withLockedValue { state in
            _ = state.takeBack()
            return state
        }
    }

    func takeBack() -> Bool { state.withLockedValue { $0.takeBack() } }

    var isTakenBack: Bool { state.withLockedValue { $0.isTakenBack } }

    func makeFrame(_ now: Moment) throws(NotSent) -> (kind: FrameKind, payload: [UInt8]) {
        if let notAfter, now.wall > notAfter { throw NotSent("it was not to be sent later than it could be") }
        let bytes = try egress.make(account: account, now: now.wall) { evaluator, environment throws(NotSent) in
            do throws(TemplateError) {
                return try evaluator.value(payload, in: &environment)
            } catch {
                throw NotSent("the frame could not be made: \(error)")
            }
        }
        guard state.withLockedValue({ $0.leave(at: now.monotonic) }) else {
            throw NotSent("it was taken back before it was sent")
        }
        return (kind, bytes)
    }

    func end(_ result: SendResult, written: Moment?, done: Moment, text: String?) {
        state.withLockedValue { state in
            if let written { state.written = written.monotonic }
            switch result {
            case .done: state.proof = .answered
            case .neverSent: state.proof = .never
            case .sentNoReply, .replyTruncated: state.proof = .left
            }
        }
        session.arrive(.sent(self, result, written: written, done: done, text: text))
    }
}

/// What comes to a session from the network, in order of arrival.
enum NetworkEvent: Sendable {
    case chunk(OutboundRequest, [UInt8])
    case answer(OutboundRequest, HTTPOutcome)
    /// A rate limit had no unit for it: it was not handed to the transport.
    case blocked(OutboundRequest, String)
    case blockedFrame(OutboundFrame, String)
    case sent(OutboundFrame, SendResult, written: Moment?, done: Moment, text: String?)
    case frame(stream: UInt64, FrameKind, [UInt8])
    case link(stream: UInt64, LinkState, status: Int, reason: String)
}
