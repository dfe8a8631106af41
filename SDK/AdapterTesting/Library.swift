import AdapterKit
import CSluice
import Exact

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// A built adapter library, loaded into this process for its tests. It stays loaded, as in a host.
public struct AdapterLibrary {
    /// Its one exported function.
    public let entry: AdapterEntry

    /// Loads a library by its path.
    public init(path: String) throws(ScriptedHostError) {
        let full = path.hasPrefix("/") ? path : "./\(path)"  // never by a bare name
        guard let handle = dlopen(full, RTLD_NOW | RTLD_LOCAL) else {
            let reason = dlerror().map { String(cString: $0) } ?? "no reason given"
            throw ScriptedHostError(status: .notFound, text: "\(path) cannot be loaded: \(reason)")
        }
        guard let symbol = dlsym(handle, SLUICE_ENTRY_NAME) else {
            throw ScriptedHostError(status: .invalid, text: "\(path) has no \(SLUICE_ENTRY_NAME): it is no adapter")
        }
        typealias Entry = @convention(c) (UnsafeRawPointer?, UnsafeMutableRawPointer?) -> Int32
        let function = unsafeBitCast(symbol, to: Entry.self)
        entry = { function($0, $1) }
    }
}

extension ScriptedHost {
    /// What an adapter says of itself before a session is made.
    struct Description {
        var capabilityDocument: String?
        var orderOptionsSchema: String?
        var secrets: [(name: String, isRequired: Bool)] = []
        var configNames: Set<String> = []
    }

    static func describe(_ entry: AdapterEntry) throws(ScriptedHostError) -> Description {
        let module = try negotiate(entry)
        var description = Description()
        if let cell = Cell(UnsafeRawPointer(module.pointee.describe(module))) {
            description.capabilityDocument = cell.text(SLUICE_AT_descriptor_capability_document)
            description.orderOptionsSchema = cell.text(SLUICE_AT_descriptor_order_options_schema)
            description.configNames = names(ofSchema: cell.text(SLUICE_AT_descriptor_config_schema))
        }
        if let connected = connected(module), let cell = Cell(UnsafeRawPointer(connected.pointee.describe(module))) {
            description.secrets = cell.elements(SLUICE_AT_connections_secrets).map {
                ($0.text(SLUICE_AT_secret_need_name) ?? "", $0.uint32(SLUICE_AT_secret_need_is_required) != 0)
            }
        }
        return description
    }
}

/// The names of the properties of a JSON Schema.
private func names(ofSchema schema: String?) -> Set<String> {
    guard let schema, let document = try? JSONValue.parse(schema), let names = document["properties"]?.object else {
        return []
    }
    return Set(names.keys)
}
