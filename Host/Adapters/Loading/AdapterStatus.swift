/// One row of `sluice adapters list`: what became of a manifest.
package struct AdapterStatus: Hashable, Sendable {
    package enum State: String, Hashable, Sendable {
        case loaded, refused, disabled
    }
    /// The manifest's id; the file's name where the manifest could not be read.
    package var id: String
    package var state: State
    /// Why it is not loaded.
    package var refusal: AdapterRefusal?
    /// What an operator should see though it works.
    package var warnings: [String] = []
    package var manifestPath: String
    /// Where the library was found, links resolved.
    package var libraryPath: String?
    /// The host's copy, which is what runs.
    package var loadedPath: String?
    package var sha256: String?
    package var version: String?
    package var abiMinor: UInt32?
    package var language: String?
    /// Release of the Swift runtime it shares with the host; `nil` = none.
    package var swiftRelease: String?
    package var needed: [String] = []
    package var isolation: AdapterIsolation
    package var isRequired: Bool
    package var description: AdapterDescription?
    package var timings: LoadTimings?
    package var counters: AdapterCounters

    package var capabilities: AdapterCapabilities { description?.capabilities ?? [] }
}

/// What an adapter did so far, over all its sessions. Only grows.
package struct AdapterCounters: Hashable, Sendable {
    package var calls: UInt64 = 0
    /// Lane calls longer than 2 ms.
    package var slowCalls: UInt64 = 0
    /// Lane calls longer than the manifest's `call_ms`.
    package var overrunCalls: UInt64 = 0
    package var longestCallNanoseconds: Int64 = 0
    /// Arguments that broke the contract, and completions that said two things.
    package var breaches: UInt64 = 0
    /// Host functions called outside a lane call of their session.
    package var wrongLaneCalls: UInt64 = 0
    /// Completions and rows for tokens that are not open.
    package var unknownTokens: UInt64 = 0
    /// Answers after the host had ended the command.
    package var lateCompletions: UInt64 = 0
    /// Commands that the host ended on their deadline.
    package var deadlines: UInt64 = 0
    package var droppedLogLines: UInt64 = 0
    package var droppedCandles: UInt64 = 0
    /// Requests beyond a stated bound (timers, keys, metrics, watched instruments).
    package var quotaRefusals: UInt64 = 0
    /// Commands that a rate limit made wait or refused.
    package var throttled: UInt64 = 0
    package var circuitOpenings: UInt64 = 0
    /// Requests and frames handed to the transport, tries counted.
    package var requests: UInt64 = 0

    static func + (left: AdapterCounters, right: AdapterCounters) -> AdapterCounters {
        AdapterCounters(
            calls: left.calls &+ right.calls, slowCalls: left.slowCalls &+ right.slowCalls,
            overrunCalls: left.overrunCalls &+ right.overrunCalls,
            longestCallNanoseconds: max(left.longestCallNanoseconds, right.longestCallNanoseconds),
            breaches: left.breaches &+ right.breaches, wrongLaneCalls: left.wrongLaneCalls &+ right.wrongLaneCalls,
            unknownTokens: left.unknownTokens &+ right.unknownTokens,
            lateCompletions: left.lateCompletions &+ right.lateCompletions,
            deadlines: left.deadlines &+ right.deadlines,
            droppedLogLines: left.droppedLogLines &+ right.droppedLogLines,
            droppedCandles: left.droppedCandles &+ right.droppedCandles,
            quotaRefusals: left.quotaRefusals &+ right.quotaRefusals,
            throttled: left.throttled &+ right.throttled,
            circuitOpenings: left.circuitOpenings &+ right.circuitOpenings, requests: left.requests &+ right.requests)
    }
}
