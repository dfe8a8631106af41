import CBrokerBook
import Testing

/// The faults of the catalogue (RELIABILITY.md §3) that an adapter in process can have.
enum AdapterFault: UInt32, CaseIterable, Sendable {
    case hang = 1
    case hangThenAnswer, errorBeforeSend, sendThenError, crash, slow, garbage, duplicateAck, duplicateFill
    case fillBeyondLeaves, fillBeforeAck, fillsOutOfOrder, fillAfterCancel, cancelFillRace, rejectAfterPartial
    case callbackInCall, callbackFromThreads, callbackAfterEnd, unknownOrder, lostCallback, visibilityDelay
    case tornPages, sessionExpiry, throttled, serverError, reconnectStorm, clockJump, leak, refusesToStop
}

/// Where in the walk it strikes, in the order of the walk.
enum Phase: UInt32, CaseIterable, Sendable {
    case submit = 1
    case ack, fill, query, disconnect, connect, cancel
}

/// How an account's two orders and its session stand when everything that can settle by itself has settled.
///
/// Written `FILLED 10, CANCELED 0; ready`: the order at the market, the order that rests and is canceled, the session; then
/// what was noticed.
struct FaultCell: Sendable, CustomTestStringConvertible {
    let fault: AdapterFault
    let phase: Phase
    let end: String

    var testDescription: String { "F\(fault.rawValue) \(fault) at \(phase): \(end)" }
}
