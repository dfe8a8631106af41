import CSluice

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// What the boundary's module functions need to know of one adapter type. One a type, never given back.
final class ModuleRecord {
    let descriptor: Descriptor
    let staticDescriptor: UnsafePointer<sluice_descriptor>
    /// Of an adapter that talks to a broker.
    let connections: Connections?
    let staticConnections: UnsafePointer<sluice_connections>?
    let make: (Host, SessionOptions) throws(AdapterFailure) -> any BrokerAdapter
    let explain: (String) -> StaticString?

    init<Adapter: BrokerAdapter>(_ type: Adapter.Type, _ descriptor: Descriptor) {
        self.descriptor = descriptor
        staticDescriptor = descriptor.makeStatic()
        connections = (type as? any ConnectedAdapter.Type)?.connections
        staticConnections = connections?.makeStatic()
        make = { (host, options) throws(AdapterFailure) in try Adapter(host: host, options: options) }
        explain = { Adapter.explain(brokerCode: $0) }
    }

    /// The record behind a module that `Modules` made.
    static func of(_ module: UnsafePointer<sluice_module>?) -> ModuleRecord? {
        guard let data = module?.pointee.module_data else { return nil }
        return Unmanaged<ModuleRecord>.fromOpaque(data).takeUnretainedValue()
    }
}

/// The modules of this image, one an adapter type, each made once.
///
/// `@unchecked Sendable`: both tables are touched only while `lock` is held.
final class Modules: @unchecked Sendable {
    static let shared = Modules()

    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private var modules: [ObjectIdentifier: UnsafeRawPointer] = [:]
    private var sentences: [String: UnsafeRawPointer] = [:]

    private init() {
        lock = .allocate(capacity: 1)
        lock.initialize(to: pthread_mutex_t())
        pthread_mutex_init(lock, nil)
    }

    private func locked<Value>(_ body: () -> Value) -> Value {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return body()
    }

    /// The module of an adapter type: the same pointer for every call, from every thread.
    func module<Adapter: BrokerAdapter>(for type: Adapter.Type, _ descriptor: Descriptor) -> UnsafeRawPointer {
        locked {
            if let known = modules[ObjectIdentifier(type)] { return known }
            let made = Modules.make(ModuleRecord(type, descriptor))
            modules[ObjectIdentifier(type)] = made
            return made
        }
    }

    /// Static memory for a sentence. Of more than 256 different ones the later ones become one general sentence.
    func keep(_ sentence: String) -> sluice_str {
        let memory: UnsafeRawPointer? = locked {
            if let known = sentences[sentence] { return known }
            guard sentences.count < 256 else { return nil }
            var text = sentence
            let kept = text.withUTF8 { bytes in
                let memory = UnsafeMutableRawPointer.allocate(byteCount: max(bytes.count, 1), alignment: 1)
                if let start = bytes.baseAddress { memory.copyMemory(from: start, byteCount: bytes.count) }
                return UnsafeRawPointer(memory)
            }
            sentences[sentence] = kept
            return kept
        }
        guard let memory else { return staticText("the session could not be made; the adapter gave too many reasons") }
        return sluice_str(ptr: memory.assumingMemoryBound(to: CChar.self), len: UInt64(sentence.utf8.count))
    }

    private static func make(_ record: ModuleRecord) -> UnsafeRawPointer {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: SLUICE_SIZE_module, alignment: 16)
        memory.assumingMemoryBound(to: sluice_module.self).pointee = sluice_module(
            struct_size: UInt32(SLUICE_SIZE_module), reserved: 0,
            module_data: Unmanaged.passRetained(record).toOpaque(),
            session: sessionFunctions,
            describe: { module in ModuleRecord.of(module)?.staticDescriptor },
            session_create: { module, host, options, session, error in
                createSession(module, host, options, session, error)
            },
            get_extension: { module, id in
                guard ModuleRecord.of(module)?.connections != nil, let start = id.ptr,
                    UnsafeRawBufferPointer(start: start, count: Int(truncatingIfNeeded: min(id.len, 256)))
                        .elementsEqual(SLUICE_CONNECTED.utf8)
                else { return nil }
                return UnsafeRawPointer(connectedFunctions)
            },
            explain: { module, code in
                guard let record = ModuleRecord.of(module), let start = code.ptr, code.len <= Cell.longestText,
                    isUTF8(start, Int(code.len))
                else { return sluice_str() }
                let text = String(decoding: UnsafeRawBufferPointer(start: start, count: Int(code.len)), as: UTF8.self)
                return record.explain(text).map(staticText) ?? sluice_str()
            })
        return UnsafeRawPointer(memory)
    }
}

/// Text of the program itself as a view.
func staticText(_ text: StaticString) -> sluice_str {
    guard text.hasPointerRepresentation else { return sluice_str() }
    let start = UnsafeRawPointer(text.utf8Start).assumingMemoryBound(to: CChar.self)
    return sluice_str(ptr: start, len: UInt64(text.utf8CodeUnitCount))
}

/// Makes a session. Nothing was made on a negative status.
private func createSession(
    _ module: UnsafePointer<sluice_module>?, _ host: UnsafePointer<sluice_host>?,
    _ options: UnsafePointer<sluice_session_options>?, _ session: UnsafeMutablePointer<OpaquePointer?>?,
    _ error: UnsafeMutablePointer<sluice_str>?
) -> Int32 {
    func refuse(_ text: String) -> Int32 {
        error?.pointee = Modules.shared.keep(text)
        return SLUICE_ERR_INVALID
    }
    guard let record = ModuleRecord.of(module), let session else { return refuse("module or session is null") }
    guard let host, let table = Cell(host), isComplete(table) else {
        return refuse("host is null, too short or has an empty slot")
    }
    guard let options, let cell = Cell(options), cell.has(SLUICE_AT_session_options_accounts, SLUICE_SIZE_span) else {
        return refuse("session options: null or too short")
    }
    let face = Host(host)
    do throws(AdapterFailure) {
        let read = try SessionOptions.read(cell, accounts: options.pointee.accounts).get()
        let adapter = try record.make(face, read)
        let made = Session(
            adapter: adapter, host: face, accounts: read.accounts.count, descriptor: record.descriptor,
            connections: record.connections)
        session.pointee = OpaquePointer(Unmanaged.passRetained(made).toOpaque())
        return SLUICE_OK
    } catch {
        face.detach()
        return refuse(error.text)
    }
}

/// Whether a host table has every function of minor 0. A later minor's functions are asked for where they are used.
private func isComplete(_ table: Cell) -> Bool {
    guard table.size >= SLUICE_AT_host_get_extension + 8 else { return false }
    var offset = SLUICE_AT_host_log
    while offset <= SLUICE_AT_host_get_extension {
        if table.pointer(offset) == nil { return false }
        offset += 8
    }
    return true
}
