import CSluice
import Domain

/// Memory for the entities and texts of one call, used again by the next. Lane only.
///
/// One fixed block serves nearly every call; what does not fit gets blocks of its own, freed by `reset`.
final class CallScratch {
    private static let blockBytes = 65_536
    private let block: UnsafeMutableRawPointer
    @exclusivity(unchecked) private var used = 0
    @exclusivity(unchecked) private var overflow: [UnsafeMutableRawPointer] = []

    init() {
        block = .allocate(byteCount: Self.blockBytes, alignment: 16)
    }

    deinit {
        reset()
        block.deallocate()
    }

    @inline(__always)
    func reset() {
        used = 0
        if !overflow.isEmpty {
            for extra in overflow { extra.deallocate() }
            overflow.removeAll()
        }
    }

    /// Aligned to 16; the content is whatever was there.
    @inline(__always)
    func bytes(_ count: Int) -> UnsafeMutableRawPointer {
        let rounded = (count + 15) & ~15
        if used + rounded <= Self.blockBytes {
            defer { used += rounded }
            return block + used
        }
        let extra = UnsafeMutableRawPointer.allocate(byteCount: max(16, rounded), alignment: 16)
        overflow.append(extra)
        return extra
    }

    /// Zeroed memory, since absent fields are zero.
    @inline(__always)
    func zeroed(_ count: Int) -> UnsafeMutableRawPointer {
        let start = bytes(count)
        start.initializeMemory(as: UInt8.self, repeating: 0, count: count)
        return start
    }

    /// Entities one after another; `fill` writes each but for its size, with which every entity of the boundary begins.
    func list<Item, Entity>(
        _ items: [Item], of entity: Entity.Type, _ fill: (Item, inout Entity) -> Void
    ) -> sluice_span {
        let size = MemoryLayout<Entity>.size
        let memory = zeroed(size * max(1, items.count))
        items.withUnsafeBufferPointer { items in  // read where they lie: a copy of one counts its references
            for index in items.indices {
                let place = memory + index * size
                place.storeBytes(of: UInt32(size), as: UInt32.self)
                fill(items[index], &place.assumingMemoryBound(to: Entity.self).pointee)
            }
        }
        return sluice_span(ptr: memory, count: UInt64(items.count), stride: UInt32(size), reserved: 0)
    }

    /// Headers of an answer or a webhook.
    func fields(_ fields: [(name: String, value: String)]) -> sluice_span {
        list(fields, of: sluice_field.self) { field, entity in
            entity.key = text(field.name)
            entity.value = text(field.value)
        }
    }

    func text(_ text: String) -> sluice_str {
        if let written = text.utf8.withContiguousStorageIfAvailable({ write($0) }) { return written }
        var text = text
        return text.withUTF8 { write($0) }
    }

    @inline(__always)
    private func write(_ utf8: UnsafeBufferPointer<UInt8>) -> sluice_str {
        let start = bytes(max(1, utf8.count))
        if let base = utf8.baseAddress { start.copyMemory(from: base, byteCount: utf8.count) }
        return sluice_str(ptr: UnsafePointer(start.assumingMemoryBound(to: CChar.self)), len: UInt64(utf8.count))
    }

    func text(optional text: String?) -> sluice_str { text.map { self.text($0) } ?? sluice_str() }

    func data(optional data: [UInt8]?) -> sluice_bytes {
        guard let data else { return sluice_bytes() }
        let start = bytes(max(1, data.count))
        data.withUnsafeBytes { if let base = $0.baseAddress { start.copyMemory(from: base, byteCount: data.count) } }
        return sluice_bytes(ptr: UnsafePointer(start.assumingMemoryBound(to: UInt8.self)), len: UInt64(data.count))
    }

    @inline(__always)
    func reference(_ reference: ClientReferenceText) -> sluice_str {
        let start = bytes(ClientReferenceText.count)
        reference.write(to: start)
        return sluice_str(
            ptr: UnsafePointer(start.assumingMemoryBound(to: CChar.self)), len: UInt64(ClientReferenceText.count))
    }
}

extension CallScratch {
    /// An order reference, written where the caller says (alone or inside another entity).
    func write(_ reference: OrderReference, to pointer: UnsafeMutablePointer<sluice_order_ref>) {
        pointer.pointee.struct_size = UInt32(EntitySize.orderReference)
        pointer.pointee.account = UInt32(bitPattern: reference.accountIndex)
        pointer.pointee.broker_order_id = text(optional: reference.brokerOrderID)
        pointer.pointee.exchange_order_id = text(optional: reference.exchangeOrderID)
        if let id = reference.clientOrderID {
            pointer.pointee.client_reference = self.reference(ClientReferenceText(id))
        }
        if let order = reference.order { pointer.pointee.order = order.prepared.entity }
        pointer.pointee.adapter_state = data(optional: reference.adapterState)
    }

    func orderReference(_ reference: OrderReference) -> UnsafeMutablePointer<sluice_order_ref> {
        let pointer = zeroed(EntitySize.orderReference).assumingMemoryBound(to: sluice_order_ref.self)
        write(reference, to: pointer)
        return pointer
    }

    func changes(of command: ModifyCommand) -> UnsafeMutablePointer<sluice_changes> {
        let changes = command.changes
        let pointer = zeroed(MemoryLayout<sluice_changes>.size).assumingMemoryBound(to: sluice_changes.self)
        pointer.pointee.struct_size = UInt32(MemoryLayout<sluice_changes>.size)
        var fields: UInt32 = 0
        if changes.quantity != nil { fields |= SLUICE_CHANGE_QUANTITY }
        if changes.limitPrice != nil { fields |= SLUICE_CHANGE_PRICE }
        if changes.stopPrice != nil { fields |= SLUICE_CHANGE_TRIGGER_PRICE }
        if changes.disclosedQuantity != nil { fields |= SLUICE_CHANGE_DISCLOSED_QUANTITY }
        if changes.timeInForce != nil { fields |= SLUICE_CHANGE_TIME_IN_FORCE }
        if changes.orderType != nil { fields |= SLUICE_CHANGE_ORDER_TYPE }
        pointer.pointee.fields = fields
        pointer.pointee.quantity = sluice_decimal(optional: changes.quantity)
        pointer.pointee.price = sluice_decimal(optional: changes.limitPrice)
        pointer.pointee.trigger_price = sluice_decimal(optional: changes.stopPrice)
        pointer.pointee.disclosed_quantity = sluice_decimal(optional: changes.disclosedQuantity)
        pointer.pointee.time_in_force = UInt32(changes.timeInForce?.rawValue ?? 0)
        pointer.pointee.order_type = UInt32(changes.orderType?.rawValue ?? 0)
        pointer.pointee.client_reference = reference(ClientReferenceText(command.clientOrderID))
        pointer.pointee.options = text(optional: changes.options)
        return pointer
    }
}
