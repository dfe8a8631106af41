import CSluice
package import Domain

/// Why an instrument cannot be handed to an adapter.
package struct UnusableInstrument: Error, Hashable, CustomStringConvertible {
    package let field: String
    package let reason: String
    package var description: String { "\(field): \(reason)" }
}

/// An instrument in the form that the ABI wants, made once per instrument and adapter and shared by every order on it.
///
/// `@unchecked Sendable`: the memory behind `entity` is written in `init` alone and only read until `deinit`.
package final class AdapterInstrument: @unchecked Sendable {
    package let index: InstrumentIndex
    package let symbol: InstrumentID
    /// The entity and, behind it in the same allocation, its texts.
    let entity: UnsafePointer<sluice_instrument>
    private let memory: UnsafeMutableRawPointer

    /// The number adapters see: never 0, which means "absent" to them.
    static func uid(_ index: InstrumentIndex) -> UInt64 { UInt64(UInt32(bitPattern: index.rawValue)) + 1 }
    /// The instrument behind a uid; `nil` for 0 and for what no instrument has.
    static func index(_ uid: UInt64) -> InstrumentIndex? {
        guard uid > 0, uid <= UInt64(UInt32.max) else { return nil }
        return InstrumentIndex(Int32(bitPattern: UInt32(uid - 1)))
    }

    /// - Parameters:
    ///   - alias: the adapter's own name for it, where it gave one.
    ///   - brokerData: the bytes the adapter gave with that name, at most 256.
    package init(
        index: InstrumentIndex, record: InstrumentRecord, alias: String?, brokerData: [UInt8]?
    ) throws(UnusableInstrument) {
        if let brokerData, brokerData.count > 256 {
            throw UnusableInstrument(
                field: "broker_data", reason: "\(brokerData.count) bytes; an adapter may give at most 256")
        }
        if let alias, alias.utf8.count > Bounds.identifierBytes {
            throw UnusableInstrument(
                field: "alias", reason: "\(alias.utf8.count) bytes; at most \(Bounds.identifierBytes)")
        }
        (self.index, symbol) = (index, record.id)
        let texts: [[UInt8]?] = [
            Array(record.id.text.utf8), alias.map { Array($0.utf8) }, brokerData, Array("\(record.currency)".utf8),
        ]
        let size = MemoryLayout<sluice_instrument>.size
        let total = texts.reduce(size) { $0 + ($1?.count ?? 0) } + 1
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: total, alignment: MemoryLayout<sluice_instrument>.alignment)
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: total)
        var offset = size
        func place(_ text: [UInt8]?) -> (UnsafeRawPointer?, UInt64) {
            guard let text else { return (nil, 0) }
            let start = memory + offset
            text.withUnsafeBytes { bytes in
                if let base = bytes.baseAddress { start.copyMemory(from: base, byteCount: bytes.count) }
            }
            offset += text.count
            return (UnsafeRawPointer(start), UInt64(text.count))
        }
        func string(_ text: [UInt8]?) -> sluice_str {
            let (start, count) = place(text)
            return sluice_str(ptr: start?.assumingMemoryBound(to: CChar.self), len: count)
        }
        let value = memory.bindMemory(to: sluice_instrument.self, capacity: 1)
        value.pointee.struct_size = UInt32(size)
        value.pointee.uid = Self.uid(index)
        value.pointee.id = string(texts[0])
        value.pointee.alias = string(texts[1])
        let (data, count) = place(texts[2])
        value.pointee.broker_data = sluice_bytes(ptr: data?.assumingMemoryBound(to: UInt8.self), len: count)
        value.pointee.currency = string(texts[3])
        value.pointee.lot_size = sluice_decimal(record.lotSize)
        value.pointee.multiplier = sluice_decimal(record.multiplier)
        value.pointee.contract_size = sluice_decimal(optional: record.contractSize)
        value.pointee.tick = sluice_decimal(record.tickSize)
        (self.memory, entity) = (memory, UnsafePointer(value))
    }

    deinit { memory.deallocate() }
}
