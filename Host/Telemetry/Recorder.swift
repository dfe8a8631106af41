package import Domain
import NIOConcurrencyHelpers

/// What the recorder asks of the gateway; both answers are in the order of the question, `nil` for a run that has left
/// memory. Neither blocks on the disk.
package protocol TelemetrySource: AnyObject, Sendable {
    func telemetryContexts(of runs: [RunID]) -> [RunContext?]
    func telemetryRows(of runs: [RunID]) -> [(run: RunSummary, legs: [LegTiming])?]
    /// Results of the trading days that have ended since the last question.
    func takeClosedDays() -> [DayResult]
    /// Results of the trading days under way.
    func openDays() -> [DayResult]
    /// The newest runs in memory, oldest first.
    func telemetryRuns(limit: Int) -> [RunID]
}

/// Whose a run is: what its events do not say themselves.
package struct RunContext: Hashable, Sendable {
    package struct Party: Hashable, Sendable {
        package var account: AccountID
        package var adapter: AdapterID
        /// Why risk refused the leg at admission; `nil` = it did not.
        package var refusal: String?
        package init(account: AccountID, adapter: AdapterID, refusal: String?) {
            (self.account, self.adapter, self.refusal) = (account, adapter, refusal)
        }
    }
    package var group: GroupID?
    package var strategy: String?
    package var receivedAt: Timestamp
    package var admittedAt: Timestamp
    /// By place of the leg.
    package var legs: [Party]
    package init(
        group: GroupID?, strategy: String?, receivedAt: Timestamp, admittedAt: Timestamp, legs: [Party]
    ) {
        (self.group, self.strategy, self.legs) = (group, strategy, legs)
        (self.receivedAt, self.admittedAt) = (receivedAt, admittedAt)
    }
}

/// Drains the capture rings, counts, and keeps rows: a step that a thread of its own calls in production, and that a
/// simulation calls when it likes.
///
/// **Bounds.** `maximumTracked` runs and `maximumTrackedLegs` legs are remembered; for a further one the oldest run is
/// forgotten, and its row is counted as lost if it was not kept yet. Steps and flushes of several threads queue behind each other; none of them is on the trading path.
package final class TelemetryRecorder: Sendable {
    package static let maximumTracked = 20_000
    package static let maximumTrackedLegs = 200_000
    /// Legs written in one transaction at most, but for a single larger run.
    static let legsPerWrite = 2_000
    /// A run is written when nothing is older than this that is not kept, nanoseconds ...
    static let settleTime: Int64 = 300_000_000
    /// ... and not again sooner than this.
    static let rewriteTime: Int64 = 2_000_000_000
    static let daysInterval: Int64 = 60_000_000_000
    /// Waits told of a leg.
    static let maximumWaits = 8

    package let capture: Capture
    package let metrics = MetricsBook()
    /// `nil` = nothing is kept beyond counters.
    package let store: TelemetryStore?
    private let retention: TelemetryStore.Retention?
    private let source: any TelemetrySource
    private let state = NIOLockedValueBox(State())

    private struct LegExtra {
        /// `nil` = nobody looked from the leg's beginning on, and nothing was seen since.
        var retries: LegTiming.Retries?
        var waits: [(reason: WaitReason, since: Int64)] = []
        /// Those that an older row tells of, before them.
        var keptWaits: [LegTiming.Wait] = []
        /// Nanoseconds; of several orders' the shortest.
        var roundTrip: Int64?
    }

    private struct Tracked {
        var context: RunContext
        var extras: [Int32: LegExtra] = [:]
        /// Whether its first event was seen: then a leg without an extra had no retries.
        var isSeenFromStart: Bool
        /// By place of the leg, the stages that were counted, a bit each: what is told twice counts once.
        var counted: [UInt16]
        /// Since when something is not kept; `nil` = everything is.
        var dirtySince: Int64?
        var writtenAt: Int64 = .min
    }

    private struct State {
        var runs: [RunID: Tracked] = [:]
        /// In order of coming, for forgetting the oldest.
        var order: [RunID] = []
        var orderHead = 0
        /// Of all runs that are remembered.
        var legs = 0
        var dirty: Set<RunID> = []
        var windows: [LatencyWindowKey: StageHistograms] = [:]
        var windowsDue: Int64 = .min
        var daysDue: Int64 = .min
        var isTrimming = false
        /// Legs of an earlier build's file wait to be packed.
        var hasOldLegs = true
        var lastStep: Int64 = 0
        var trimDue: Int64 = .min
        /// Reused from step to step.
        var events: [CaptureEvent] = []
    }

    package init(
        capture: Capture, source: any TelemetrySource, store: TelemetryStore?, retention: TelemetryStore.Retention?
    ) {
        (self.capture, self.source, self.store, self.retention) = (capture, source, store, retention)
    }

    /// Drains, and keeps what is due. Blocks on the disk where there is a store.
    ///
    /// - Returns: whether there was anything to do.
    @discardableResult
    package func step(now: Timestamp) -> Bool {
        state.withLockedValue { state in
            state.lastStep = now.nanoseconds
            let taken = drain(&state, now)
            let kept = keepRows(&state, now, all: false)
            keepWindows(&state, now, all: false)
            keepDays(&state, now)
            trim(&state, now)
            packOldLegs(&state)
            return taken > 0 || kept
        }
    }

    /// Drains without keeping, for a scraper.
    package func collect() {
        state.withLockedValue { state in
            let now = Timestamp(nanoseconds: state.lastStep)
            _ = drain(&state, now)
        }
    }

    /// Drains and keeps everything, for a reader that wants to see what has just happened, and at the end.
    ///
    /// - Parameter withDays: results of the days under way as well, which asks every account.
    package func flush(now: Timestamp, withDays: Bool = false) {
        state.withLockedValue { state in
            _ = drain(&state, now)
            while keepRows(&state, now, all: true) {}
            keepWindows(&state, now, all: true)
            if withDays {
                state.daysDue = now.nanoseconds
                keepDays(&state, now)
            }
        }
    }

    /// Takes up what an earlier process may have left unkept: runs of the source's memory that are not kept as ended. What
    /// was kept of their waits and retries stays.
    package func catchUp(now: Timestamp) {
        guard let store else { return }
        state.withLockedValue { state in
            let runs = source.telemetryRuns(limit: Self.maximumTracked)
            var ended: Set<RunID> = []
            do { ended = try store.endedRuns() } catch { metrics.update { $0.failedWrites += 1 } }
            let open = runs.filter { !ended.contains($0) }
            for start in stride(from: 0, to: open.count, by: Self.legsPerWrite) {
                let part = Array(open[start..<min(start + Self.legsPerWrite, open.count)])
                learn(part.map { CaptureEvent(.touched, run: $0.number) }, &state, now)
                for run in part where state.runs[run] != nil {
                    state.runs[run]?.dirtySince = now.nanoseconds
                    state.dirty.insert(run)
                }
            }
        }
    }

    /// What an older row says of waits, retries and the network, of a run whose beginning was not seen: it was forgotten, or
    /// an earlier process has seen it.
    private func keptExtras(of run: RunID) -> [Int32: LegExtra] {
        var extras: [Int32: LegExtra] = [:]
        for leg in (try? store?.run(run))?.legs ?? [] {
            var extra = LegExtra()
            (extra.retries, extra.roundTrip, extra.keptWaits) = (leg.retries, leg.networkTime, leg.waits)
            extras[Int32(clamping: leg.leg.index)] = extra
        }
        return extras
    }

    // MARK: Draining

    private func drain(_ state: inout State, _ now: Timestamp) -> Int {
        state.events.removeAll(keepingCapacity: true)
        var events: [CaptureEvent] = []
        swap(&events, &state.events)
        defer { swap(&events, &state.events) }
        _ = capture.drain { events.append($0) }
        guard !events.isEmpty else { return 0 }
        learn(events, &state, now)
        metrics.update { figures in
            for event in events { take(event, &state, &figures, now) }
        }
        return events.count
    }

    /// Asks for the contexts of runs that are new, all at once.
    private func learn(_ events: [CaptureEvent], _ state: inout State, _ now: Timestamp) {
        var unknown: [RunID] = []
        var beginnings: Set<RunID> = []
        var asked: Set<RunID> = []
        for event in events {
            let run = RunID(number: event.run)
            if event.kind == .admitted { beginnings.insert(run) }
            if state.runs[run] == nil, asked.insert(run).inserted { unknown.append(run) }
        }
        guard !unknown.isEmpty else { return }
        for (run, context) in zip(unknown, source.telemetryContexts(of: unknown)) {
            guard let context else {
                metrics.update { $0.lostRows += 1 }
                continue
            }
            let isSeenFromStart = beginnings.contains(run)
            state.runs[run] = Tracked(
                context: context, extras: isSeenFromStart ? [:] : keptExtras(of: run),
                isSeenFromStart: isSeenFromStart, counted: [UInt16](repeating: 0, count: context.legs.count))
            state.order.append(run)
            state.legs += context.legs.count
        }
        while state.order.count - state.orderHead > Self.maximumTracked
            || (state.legs > Self.maximumTrackedLegs && state.order.count - state.orderHead > 1)
        {
            let oldest = state.order[state.orderHead]
            state.orderHead += 1
            state.legs -= state.runs.removeValue(forKey: oldest)?.context.legs.count ?? 0
            if state.dirty.remove(oldest) != nil { metrics.update { $0.lostRows += 1 } }
        }
        if state.orderHead > Self.maximumTracked {
            state.order.removeFirst(state.orderHead)
            state.orderHead = 0
        }
    }

    private func take(
        _ event: CaptureEvent, _ state: inout State, _ figures: inout MetricsBook.Figures, _ now: Timestamp
    ) {
        let run = RunID(number: event.run)
        guard let context = state.runs[run]?.context else { return }
        if state.runs[run]?.dirtySince == nil {
            state.runs[run]?.dirtySince = now.nanoseconds
            state.dirty.insert(run)
        }
        if event.kind == .admitted {
            figures.count(run: context.group, strategy: context.strategy)
            for party in context.legs {
                if let code = party.refusal { figures.count(refusal: code, adapter: party.adapter) }
            }
            return
        }
        guard context.legs.indices.contains(Int(event.leg)) else { return }
        let party = context.legs[Int(event.leg)]
        func count(_ stage: Stage, _ instant: Int64) {
            let bit = UInt16(1) << UInt16(stage.rawValue)
            guard instant != 0, let known = state.runs[run]?.counted[Int(event.leg)], known & bit == 0 else { return }
            state.runs[run]?.counted[Int(event.leg)] = known | bit
            let at = Timestamp(nanoseconds: instant)
            let distance = at.since(context.receivedAt)
            let key = LatencyWindowKey(
                minute: context.receivedAt.minute, adapter: party.adapter, account: party.account,
                group: context.group)
            state.windows[key, default: StageHistograms()].record(stage, nanoseconds: distance)
            figures.record(stage, nanoseconds: distance, adapter: party.adapter, run: run, at: at)
        }
        switch event.kind {
        case .admitted, .touched: break
        case .answered:
            figures.count(leg: CaptureEvent.outcomeName(event.detail), party.adapter)
            count(.admitted, context.admittedAt.nanoseconds)
            count(.durable, event.first)
            count(.queued, event.second)
            count(.dispatched, event.third)
            count(.written, event.fourth)
            count(.firstByte, event.fifth)
            count(.acknowledged, event.sixth)
        case .filled:
            figures.count(fillAt: party.adapter)
            count(.firstFill, event.second)
            count(.done, event.third)
        case .ended: count(.done, event.first)
        case .retried:
            figures.retries[CaptureEvent.retryName(event.detail), default: 0] += 1
            let known = state.runs[run]?.extras[event.leg]?.retries ?? LegTiming.Retries()
            state.runs[run]?.extras[event.leg, default: LegExtra()].retries = known.adding(event.detail)
        case .measured:
            let known = state.runs[run]?.extras[event.leg]?.roundTrip ?? .max
            state.runs[run]?.extras[event.leg, default: LegExtra()].roundTrip = min(known, event.first)
        case .waited:
            guard let reason = WaitReason(rawValue: event.detail) else { return }
            figures.waits[reason.rawName, default: 0] += 1
            var extra = state.runs[run]?.extras[event.leg] ?? LegExtra()
            if extra.waits.last?.reason != reason, extra.waits.count < Self.maximumWaits {
                extra.waits.append((reason, event.first))
            }
            state.runs[run]?.extras[event.leg] = extra
        }
    }

    // MARK: Keeping

    /// - Returns: whether rows were kept.
    private func keepRows(_ state: inout State, _ now: Timestamp, all: Bool) -> Bool {
        guard let store else {
            for run in state.dirty { state.runs[run]?.dirtySince = nil }
            state.dirty.removeAll()
            return false
        }
        var due: [RunID] = []
        var legs = 0
        for run in state.dirty {
            guard let tracked = state.runs[run], let since = tracked.dirtySince else { continue }
            let isDue =
                now.nanoseconds - since >= Self.settleTime
                && (tracked.writtenAt == .min || now.nanoseconds - tracked.writtenAt >= Self.rewriteTime)
            guard all || isDue else { continue }
            due.append(run)
            legs += tracked.context.legs.count
            if legs >= Self.legsPerWrite { break }
        }
        guard !due.isEmpty else { return false }
        due.sort()
        var rows: [(run: RunSummary, legs: [LegTiming])] = []
        var lost: UInt64 = 0
        for (run, found) in zip(due, source.telemetryRows(of: due)) {
            state.dirty.remove(run)
            state.runs[run]?.dirtySince = nil
            state.runs[run]?.writtenAt = now.nanoseconds
            guard var row = found else {
                lost += 1
                continue
            }
            if state.runs[run]?.isSeenFromStart == true {
                for index in row.legs.indices { row.legs[index].retries = LegTiming.Retries() }
            }
            for (place, extra) in state.runs[run]?.extras ?? [:] where row.legs.indices.contains(Int(place)) {
                add(extra, to: &row.legs[Int(place)], now)
            }
            rows.append(row)
        }
        var failed: UInt64 = 0
        do { try store.keep(rows) } catch { failed = UInt64(rows.count) }
        let kept = UInt64(rows.count) - failed
        metrics.update { figures in
            figures.lostRows += lost + failed
            figures.failedWrites += failed > 0 ? 1 : 0
            figures.keptRuns += kept
        }
        return true
    }

    private func add(_ extra: LegExtra, to leg: inout LegTiming, _ now: Timestamp) {
        leg.retries = extra.retries ?? leg.retries
        if let roundTrip = extra.roundTrip { leg.separateWire(roundTrip: roundTrip) }
        leg.waits = extra.keptWaits + leg.waits
        let end = leg.times.instant(.queued) ?? leg.times.instant(.done) ?? now
        for (index, wait) in extra.waits.enumerated() where leg.waits.count < Self.maximumWaits {
            let until =
                index + 1 < extra.waits.count ? Timestamp(nanoseconds: extra.waits[index + 1].since) : end
            leg.waits.append(
                LegTiming.Wait(
                    reason: wait.reason, duration: max(0, until.since(Timestamp(nanoseconds: wait.since)))))
        }
    }

    private func keepWindows(_ state: inout State, _ now: Timestamp, all: Bool) {
        guard all || now.nanoseconds >= state.windowsDue else { return }
        state.windowsDue = now.nanoseconds + 1_000_000_000
        var windows: [LatencyWindowKey: StageHistograms] = [:]
        swap(&windows, &state.windows)
        guard let store else { return }
        do { try store.keep(windows) } catch { metrics.update { $0.failedWrites += 1 } }
    }

    private func keepDays(_ state: inout State, _ now: Timestamp) {
        guard let store else { return }
        var days = source.takeClosedDays()
        if now.nanoseconds >= state.daysDue {
            state.daysDue = now.nanoseconds + Self.daysInterval
            days += source.openDays()
        }
        guard !days.isEmpty else { return }
        do { try store.keep(days) } catch { metrics.update { $0.failedWrites += 1 } }
    }

    private func packOldLegs(_ state: inout State) {
        guard let store, state.hasOldLegs else { return }
        do { state.hasOldLegs = try store.packOldLegs() } catch {
            state.hasOldLegs = false
            metrics.update { $0.failedWrites += 1 }
        }
    }

    private func trim(_ state: inout State, _ now: Timestamp) {
        guard let store, let retention, state.isTrimming || now.nanoseconds >= state.trimDue else { return }
        state.trimDue = now.nanoseconds + 60_000_000_000
        do { state.isTrimming = try store.trim(retention, now: now) } catch {
            state.isTrimming = false
            metrics.update { $0.failedWrites += 1 }
        }
    }
}

extension LegTiming.Retries {
    /// - Parameter kind: `retried`'s `detail`.
    fileprivate func adding(_ kind: UInt8) -> Self {
        var counts = self
        switch kind {
        case 0: counts.cancels += 1
        case 1: counts.modifies += 1
        case 2: counts.lookUps += 1
        default: counts.unnamed += 1
        }
        return counts
    }
}

extension CaptureEvent {
    /// The words of `answered`'s `detail`.
    package static let outcomes = ["accepted", "rejected", "not_sent", "unknown"]
    /// The words of `retried`'s `detail`.
    package static let retries = ["cancel", "modify", "look_up"]

    static func outcomeName(_ detail: UInt8) -> String {
        outcomes.indices.contains(Int(detail)) ? outcomes[Int(detail)] : "unknown"
    }

    static func retryName(_ detail: UInt8) -> String {
        retries.indices.contains(Int(detail)) ? retries[Int(detail)] : "other"
    }
}
