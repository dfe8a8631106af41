import CSluice
import Domain
import Transport

// What sends cost of rate limits, and what their answers tell of them.

extension SessionCore {
    /// Tells the limits how far the clocks are apart, once a turn, where a count begins anew at a time of day.
    @inline(__always)
    func noteWallClock() {
        guard let flow, flow.needsWallClock, clocksComparedIn != turnStart else { return }
        clocksComparedIn = turnStart
        flow.setWallOffset(wallNow &- instant)
    }

    /// Whether the lane has taken a unit of a bucket for a command of this kind.
    static func paysItself(_ kind: CommandKind?, _ bucket: SessionFlow.Bucket?) -> Bool {
        switch (kind, bucket) {
        case (.submit, .orders), (.modify, .orders), (.cancel, .orders), (.cancelAll, .orders), (.lookup, .reads),
            (.query, .reads):
            true
        default: false
        }
    }

    /// Units of a bucket that the lane has taken for these commands and no earlier send of theirs has used.
    func credit(
        _ served: [UInt64], _ bucket: SessionFlow.Bucket, _ place: Int, unlessUsedBefore outbound: any Outbound,
        _ network: SessionNetwork
    ) -> UInt32 {
        var units: UInt32 = 0
        for token in served where Self.paysItself(tokens.kind(token), bucket) {
            let isUsed = network.sends[token]?.contains { earlier in
                earlier !== outbound && earlier.costs.contains { $0.bucket == place }
            }
            if isUsed != true { units += 1 }
        }
        return units
    }

    /// A send that says so, or that serves a cancel, goes before others and may use the reserve.
    func priority(_ served: [UInt64], isPriority: Bool) -> RatePriority {
        let isCancel = served.contains { tokens.kind($0) == .cancel || tokens.kind($0) == .cancelAll }
        return isPriority || isCancel ? .cancel : .ordinary
    }

    // MARK: - Frames and connections

    /// Takes what a frame costs, and sends it now or when its turn comes.
    func pay(_ frame: OutboundFrame, _ served: [UInt64], isPriority: Bool, _ link: any SocketLink) {
        guard let network else { return }
        let now = frame.queued.monotonic
        var wait = ServiceBounds.frameWait
        if let notAfter = frame.notAfter { wait = min(wait, max(0, notAfter &- frame.queued.wall)) }
        noteWallClock()
        let verdict = network.rates.admit(
            .frame(frame, link), frame.costs, account: reader.accounts[frame.account].id.rawValue,
            priority: priority(served, isPriority: isPriority), deadline: now &+ wait, now: now,
            credit: { bucket, place in credit(served, bucket, place, unlessUsedBefore: frame, network) })
        switch verdict {
        case .go: send(frame, link)
        case .waits:
            flowHasWaiting = true
            counters.throttled &+= 1
        case .blocked(let text):
            counters.throttled &+= 1
            block(frame, text)
        }
    }

    func send(_ frame: OutboundFrame, _ link: any SocketLink) {
        counters.requests &+= 1
        link.send(frame)
    }

    func block(_ frame: OutboundFrame, _ text: String) {
        let isTakenBack = frame.isTakenBack
        _ = frame.takeBack()
        session.arrive(
            isTakenBack
                ? .sent(frame, .neverSent, written: nil, done: moment, text: text) : .blockedFrame(frame, text))
    }

    /// Takes what the opening of a connection costs. `false`: there is no unit for it now.
    func payOpening(_ costs: [RequestPlan.Cost], account: Int, _ network: SessionNetwork) -> Bool {
        guard !costs.isEmpty else { return true }
        let now = clock.monotonic()
        noteWallClock()
        let verdict = network.rates.admit(
            .connection, costs, account: reader.accounts[account].id.rawValue, priority: .ordinary, deadline: now,
            mayWait: false, now: now, credit: { _, _ in 0 })
        guard case .go = verdict else {
            counters.throttled &+= 1
            return false
        }
        return true
    }

    // MARK: - Learning

    /// A broker that throttles may say for how long: 429, 418 and 503 with a Retry-After. It holds for every bucket that the
    /// request named.
    @inline(never)
    func learn(from outcome: HTTPOutcome, of request: OutboundRequest, _ network: SessionNetwork) {
        guard outcome.status == 429 || outcome.status == 418 || outcome.status == 503 else { return }
        func header(_ name: String) -> String? { outcome.headers.first { $0.name == name }?.value }
        guard let text = header("retry-after"),
            let wait = RetryAfter.nanoseconds(text, brokerDate: header("date"), wall: clock.wall().nanoseconds),
            wait > 0
        else { return }
        let account = reader.accounts[request.plan.account].id.rawValue
        for cost in request.plan.costs {
            network.rates.learn(
                cost.bucket, RateFeedback(retryAfter: wait), account: account, scope: cost.scope,
                now: clock.monotonic())
        }
    }
}
