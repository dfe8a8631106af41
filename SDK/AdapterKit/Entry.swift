import CSluice

/// The entry of an adapter library, for its one exported function.
///
/// An adapter calls it from a function with a name of its own, and one C file turns that name into the entry:
///
/// ```swift
/// @c(sluice_acme_entry)
/// public func entry(_ hello: UnsafeRawPointer?, _ reply: UnsafeMutableRawPointer?) -> Int32 {
///     adapterEntry(Acme.self, hello, reply)
/// }
/// ```
/// ```c
/// #include <sluice/adapter.h>
/// SLUICE_NOTE("acme", "1.0.0", "6.3.1");
/// SLUICE_ENTRY(sluice_acme_entry);
/// ```
///
/// It agrees on the highest minor that both sides know, or refuses with a reason. Any thread, any time, any number of
/// times: an adapter type has one module, whose pointers never change.
public func adapterEntry<Adapter: BrokerAdapter>(
    _ type: Adapter.Type, _ hello: UnsafeRawPointer?, _ reply: UnsafeMutableRawPointer?
) -> Int32 {
    guard let hello = Cell(hello), hello.has(SLUICE_AT_hello_vocabulary_max, 4), let reply,
        let answer = Cell(reply), answer.has(SLUICE_AT_reply_module, 8)
    else { return SLUICE_ERR_INVALID }

    func refuse(_ reason: UInt32, _ text: StaticString) -> Int32 {
        reply.storeBytes(of: reason, toByteOffset: SLUICE_AT_reply_refusal, as: UInt32.self)
        reply.storeBytes(of: 0, toByteOffset: SLUICE_AT_reply_module, as: UInt64.self)
        if answer.has(SLUICE_AT_reply_refusal_text, 16) {
            (reply + SLUICE_AT_reply_refusal_text).assumingMemoryBound(to: sluice_str.self).pointee = staticText(text)
        }
        return SLUICE_ERR_VERSION
    }

    guard hello.uint64(SLUICE_AT_hello_magic) == SLUICE_MAGIC else {
        return refuse(SLUICE_REFUSAL_MAGIC, "the hello does not come from a Sluice host: wrong magic")
    }
    guard let minor = agree(hello, SLUICE_AT_hello_abi_minor_min, SLUICE_AT_hello_abi_minor_max, oldest: 0, newest: 0)
    else { return refuse(SLUICE_REFUSAL_MINOR, "this adapter speaks ABI 1.0, and the host does not offer it") }
    guard
        let vocabulary = agree(
            hello, SLUICE_AT_hello_vocabulary_min, SLUICE_AT_hello_vocabulary_max, oldest: 1, newest: SLUICE_VOCABULARY)
    else {
        return refuse(SLUICE_REFUSAL_VOCABULARY, "this adapter speaks vocabulary 1, and the host does not offer it")
    }
    let descriptor = Adapter.descriptor
    if let fault = descriptor.fault { return refuse(SLUICE_REFUSAL_OTHER, fault) }

    let module = Modules.shared.module(for: type, descriptor)
    reply.storeBytes(of: minor, toByteOffset: SLUICE_AT_reply_abi_minor, as: UInt32.self)
    reply.storeBytes(of: vocabulary, toByteOffset: SLUICE_AT_reply_vocabulary, as: UInt32.self)
    reply.storeBytes(of: 0, toByteOffset: SLUICE_AT_reply_refusal, as: UInt32.self)
    reply.storeBytes(of: UInt64(UInt(bitPattern: module)), toByteOffset: SLUICE_AT_reply_module, as: UInt64.self)
    return SLUICE_OK
}

/// The highest number that lies in the host's range and in ours, or `nil`.
private func agree(_ hello: Cell, _ minimum: Int, _ maximum: Int, oldest: UInt32, newest: UInt32) -> UInt32? {
    let best = min(hello.uint32(maximum), newest)
    return best >= max(hello.uint32(minimum), oldest) ? best : nil
}
