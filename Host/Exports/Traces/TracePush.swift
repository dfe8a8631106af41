import AsyncHTTPClient
import Domain
import Engine
package import Gateway
package import Logging
import NIOConcurrencyHelpers
import NIOCore

/// Sends each run that has ended to a collector, as OTLP/JSON over HTTP.
///
/// Beside the trading path: it listens to the hub like any client, and what it cannot send in time is dropped and counted.
/// A run whose client said by `traceparent` that it does not record its trace is not sent. A collector that is not there or
/// busy is tried again, later and later, `attempts` times in all.
package final class TracePush: Sendable {
    /// Runs that wait at most; later ones are dropped and counted.
    package static let maximumWaiting = 1_000
    package static let attempts = 5
    /// Statuses that OTLP says to try again on.
    private static let passing: Set<UInt> = [429, 502, 503, 504]

    /// What became of runs so far.
    package struct Counts: Hashable, Sendable {
        package var sent: Int
        /// The collector refused, or did not answer `attempts` times.
        package var failed: Int
        /// They came faster than they could be sent; where events themselves were lost, 1 each time.
        package var dropped: Int

        package init(sent: Int = 0, failed: Int = 0, dropped: Int = 0) {
            (self.sent, self.failed, self.dropped) = (sent, failed, dropped)
        }
    }

    private struct State {
        var counts = Counts()
        /// Runs with news since they were last looked at.
        var touched: Set<RunID> = []
    }

    private let collector: Collector
    private let gateway: Gateway
    private let logger: Logger
    private let tell: @Sendable (Counts) -> Void
    private let pause: @Sendable (Int64) async throws -> Void
    private let state = NIOLockedValueBox(State())

    /// - Parameters:
    ///   - tell: hears of each change of the counts.
    ///   - pause: waits so many milliseconds.
    package init(
        _ collector: Collector, gateway: Gateway, logger: Logger, tell: @escaping @Sendable (Counts) -> Void = { _ in },
        pause: @escaping @Sendable (Int64) async throws -> Void = { try await Task.sleep(for: .milliseconds($0)) }
    ) {
        (self.collector, self.gateway, self.logger, self.tell, self.pause) = (collector, gateway, logger, tell, pause)
    }

    package var counts: Counts { state.withLockedValue { $0.counts } }

    private func count(_ change: (inout Counts) -> Void) {
        tell(
            state.withLockedValue { state in
                change(&state.counts)
                return state.counts
            })
    }

    /// Listens and sends until the task is cancelled.
    package func run() async {
        count { _ in }
        // Sends where it was told to and nowhere else: what lets us in is not for whom a redirect names.
        let client = HTTPClient(
            eventLoopGroupProvider: .singleton,
            configuration: HTTPClient.Configuration(redirectConfiguration: .disallow))
        await withTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await self.listen() }
            tasks.addTask { await self.send(client) }
        }
        try? await client.shutdown()
    }

    private func listen() async {
        while !Task.isCancelled {
            if let queue = gateway.hub.subscribe() {
                await withTaskCancellationHandler {
                    await read(queue)
                } onCancel: {
                    queue.finish()
                }
                gateway.hub.unsubscribe(queue)
            }
            // Too many subscribers, or the gateway stops.
            do { try await pause(1_000) } catch { return }
        }
    }

    private func read(_ queue: EventQueue) async {
        while true {
            switch await queue.next() {
            case .batches(let batches):
                let runs = batches.lazy.flatMap(\.items).compactMap { item -> RunID? in
                    if case .event(let event) = item { event.view.run } else { nil }
                }
                let dropped = state.withLockedValue { state in
                    var dropped = 0
                    for run in runs {
                        if state.touched.count < Self.maximumWaiting || state.touched.contains(run) {
                            state.touched.insert(run)
                        } else {
                            dropped += 1
                        }
                    }
                    return dropped
                }
                if dropped > 0 { count { $0.dropped += dropped } }
            case .fellBehind:
                // How many runs had their last news among what was lost, nobody knows: at least one is counted.
                count { $0.dropped += 1 }
                logger.warning("Traces for the collector were lost: events came faster than they were read")
            case .idle: break
            case .ended: return
            }
        }
    }

    private func send(_ client: HTTPClient) async {
        var recent = RecentRuns()
        while !Task.isCancelled {
            let touched = state.withLockedValue { exchange(&$0.touched, with: []) }
            for id in touched.sorted() where !recent.contains(id) {
                guard let run = try? await gateway.settledRun(id), run.doneAt != nil else { continue }
                recent.insert(id)
                if run.origin.trace?.isSampled == false { continue }
                let isSent = await send(run, client)
                count { if isSent { $0.sent += 1 } else { $0.failed += 1 } }
                if Task.isCancelled { return }
            }
            do { try await pause(200) } catch { return }
        }
    }

    private func send(_ run: RunSnapshot, _ client: HTTPClient) async -> Bool {
        let body = ByteBuffer(bytes: TraceStream.whole(run, format: .otlp))
        var wait: Int64 = 500
        for attempt in 1...Self.attempts {
            var request = HTTPClientRequest(url: collector.endpoint)
            request.method = .POST
            request.headers.add(name: "Content-Type", value: "application/json")
            collector.add(to: &request.headers)
            request.body = .bytes(body)
            var seconds: Int64?
            do {
                let answer = try await client.execute(request, deadline: .now() + .seconds(10))
                _ = try? await answer.body.collect(upTo: 65_536)
                if (200..<300).contains(answer.status.code) { return true }
                guard Self.passing.contains(answer.status.code) else {
                    logger.warning(
                        "Collector refuses a trace",
                        metadata: ["run.id": "\(run.id?.description ?? "")", "http.status": "\(answer.status.code)"])
                    return false
                }
                seconds = answer.headers.first(name: "retry-after").flatMap { Int64($0) }
            } catch is CancellationError {
                return false
            } catch {
                logger.debug("Collector cannot be reached", metadata: ["failure": "\(error)"])
            }
            guard attempt < Self.attempts else { break }
            do { try await pause(min(30_000, max(wait, (seconds ?? 0) * 1_000))) } catch { return false }
            wait *= 2
        }
        logger.warning("Collector took no trace", metadata: ["run.id": "\(run.id?.description ?? "")"])
        return false
    }
}

/// The last runs that were dealt with, so that a late word of one does not send it again. Bounded.
private struct RecentRuns {
    private static let limit = 10_000
    private var known: Set<RunID> = []
    private var order: [RunID] = []
    private var next = 0

    func contains(_ id: RunID) -> Bool { known.contains(id) }

    mutating func insert(_ id: RunID) {
        known.insert(id)
        if order.count < Self.limit {
            order.append(id)
        } else {
            known.remove(order[next])
            order[next] = id
            next = (next + 1) % Self.limit
        }
    }
}
