/// The instants a leg passes on its way (INTERFACES.md §6), in order.
package enum Stage: UInt8, CaseIterable, Hashable, Sendable {
    case received, admitted, durable, queued, dispatched, written, firstByte, acknowledged, firstFill, done

    package var rawName: String {
        switch self {
        case .received: "received"
        case .admitted: "admitted"
        case .durable: "durable"
        case .queued: "queued"
        case .dispatched: "dispatched"
        case .written: "written"
        case .firstByte: "first_byte"
        case .acknowledged: "acked"
        case .firstFill: "first_fill"
        case .done: "done"
        }
    }
}
