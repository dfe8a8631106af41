import CSluice
import Domain

/// An order in the form that the adapter reads, made on the thread that submits it: the lane, which all orders of an
/// adapter share, then only passes a pointer on.
///
/// `@unchecked Sendable`: the memory behind `entity` is written in `init` alone and only read until `deinit`; the
/// instrument whose entity it points to is held.
final class PreparedOrder: @unchecked Sendable {
    let id: UInt64
    let clientOrderID: ClientOrderID
    /// Monotonic; `Int64.max` = none.
    let deadline: Int64
    /// Monotonic; past it the order is not given to the adapter any more.
    let sendBefore: Int64
    let accountIndex: Int32
    let isClosing: Bool
    /// The entity and, behind it in the same allocation, its texts.
    let entity: UnsafePointer<sluice_order>
    private let instrument: AdapterInstrument

    init(_ command: SubmitCommand) {
        (id, clientOrderID, deadline) = (command.id, command.clientOrderID, command.deadline ?? .max)
        sendBefore = min(deadline, command.sendBefore ?? .max)
        (accountIndex, isClosing) = (command.accountIndex, command.flags.contains(.closing))
        instrument = command.instrument
        let size = MemoryLayout<sluice_order>.size
        let runLength = command.runText.utf8.count
        let optionsLength = command.options?.utf8.count ?? 0
        let words = (size + ClientReferenceText.count + runLength + optionsLength) / 8 + 1
        let memory = UnsafeMutableRawPointer(UnsafeMutablePointer<UInt64>.allocate(capacity: words))
        var free = memory + size
        func place(_ text: String) -> sluice_str {
            var text = text
            return text.withUTF8 { utf8 in
                let start = free
                if let base = utf8.baseAddress { start.copyMemory(from: base, byteCount: utf8.count) }
                free += utf8.count
                return sluice_str(
                    ptr: UnsafePointer(start.assumingMemoryBound(to: CChar.self)), len: UInt64(utf8.count))
            }
        }
        ClientReferenceText(command.clientOrderID).write(to: free)
        let reference = sluice_str(
            ptr: UnsafePointer(free.assumingMemoryBound(to: CChar.self)), len: UInt64(ClientReferenceText.count))
        free += ClientReferenceText.count
        let order = memory.bindMemory(to: sluice_order.self, capacity: 1)
        order.initialize(
            to: sluice_order(
                struct_size: UInt32(size), account: UInt32(bitPattern: command.accountIndex),
                side: UInt32(command.side.rawValue), order_type: UInt32(command.orderType.rawValue),
                product: UInt32(command.product.rawValue), time_in_force: UInt32(command.timeInForce.rawValue),
                order_class: UInt32(command.orderClass.rawValue), flags: command.flags.rawValue,
                client_reference: reference, run_id: place(command.runText), instrument: command.instrument.entity,
                quantity: sluice_decimal(command.quantity),
                disclosed_quantity: sluice_decimal(optional: command.disclosedQuantity),
                price: sluice_decimal(optional: command.price),
                trigger_price: sluice_decimal(optional: command.triggerPrice),
                trail: sluice_decimal(optional: command.trail), valid_until: sluiceTime(command.validUntil),
                options: command.options.map(place) ?? sluice_str()))
        entity = UnsafePointer(order)
    }

    deinit { UnsafeMutableRawPointer(mutating: UnsafeRawPointer(entity)).deallocate() }
}
