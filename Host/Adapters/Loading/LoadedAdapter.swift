import CSluice
package import Domain
import Recording
import Transport

/// The adapter's functions for sessions, each proved present.
struct SessionCalls {
    typealias Session = OpaquePointer?
    typealias Reference = UnsafePointer<sluice_order_ref>?
    let open: @convention(c) (Session, sluice_token) -> sluice_status
    let close: @convention(c) (Session, sluice_token) -> sluice_status
    let destroy: @convention(c) (Session) -> Void
    let submit: @convention(c) (Session, sluice_token, UnsafePointer<sluice_order>?) -> sluice_status
    let submitBatch: @convention(c) (Session, sluice_span) -> sluice_status
    let modify: @convention(c) (Session, sluice_token, Reference, UnsafePointer<sluice_changes>?) -> sluice_status
    let cancel: @convention(c) (Session, sluice_token, Reference) -> sluice_status
    let cancelAll: @convention(c) (Session, sluice_token, UnsafePointer<sluice_filter>?) -> sluice_status
    let preview: @convention(c) (Session, sluice_token, sluice_span) -> sluice_status
    let query: @convention(c) (Session, UInt32, sluice_token, UnsafePointer<sluice_filter>?) -> sluice_status
    let reconcile: @convention(c) (Session, sluice_span) -> sluice_status
    let onTimer: @convention(c) (Session, UInt64, UInt64) -> Void
    let onQuote: @convention(c) (Session, sluice_span) -> Void
    let onCandle: @convention(c) (Session, sluice_span) -> Void
    let onCancelled: @convention(c) (Session, sluice_token) -> Void

    /// `nil` where a slot is null: the table is then broken, and no part of it is used.
    init?(_ table: sluice_session_functions) {
        guard let open = table.open, let close = table.close, let destroy = table.destroy, let submit = table.submit,
            let submitBatch = table.submit_batch, let modify = table.modify, let cancel = table.cancel,
            let cancelAll = table.cancel_all, let preview = table.preview, let query = table.query,
            let reconcile = table.reconcile, let onTimer = table.on_timer, let onQuote = table.on_quote,
            let onCandle = table.on_candle, let onCancelled = table.on_cancelled
        else { return nil }
        (self.open, self.close, self.destroy, self.submit) = (open, close, destroy, submit)
        (self.submitBatch, self.modify, self.cancel) = (submitBatch, modify, cancel)
        (self.cancelAll, self.preview, self.query, self.reconcile) = (cancelAll, preview, query, reconcile)
        (self.onTimer, self.onQuote, self.onCandle) = (onTimer, onQuote, onCandle)
        self.onCancelled = onCancelled
    }
}

extension SessionCalls {
    /// The same through a recorder, whose sessions stand for the adapter's.
    var recorded: SessionCalls { SessionCalls(SessionRecorder.functions) ?? self }
}

/// An adapter whose library is loaded and whose descriptor is proved. Lives as long as the process: nothing is unloaded.
///
/// `@unchecked Sendable`: the module is static data of the library that never changes, its functions are pure and may be
/// called from any thread (header, "the module"), and everything else here is immutable.
package final class LoadedAdapter: @unchecked Sendable {
    package let id: AdapterID
    package let description: AdapterDescription
    package let abiMinor: UInt32
    /// SHA-256 of the library, 64 lower-case hexadecimal digits.
    package let sha256: String
    package let limits: ManifestLimits
    /// The manifest's `config`, a JSON object that accounts' own config goes over.
    package let manifestConfig: String
    /// What accounts' config and the arguments of its calls must look like.
    let configSchema: JSONSchema?
    let callSchemas: [String: JSONSchema]
    /// `nil`: orders through it take no options.
    private let orderOptionsSchema: JSONSchema?
    /// Addresses and certificates that the manifest states, by endpoint id.
    let manifestEndpoints: [String: String]
    let manifestPins: [String: [UInt8]]
    let manifestAuthorities: [String: CertificateAuthorities]
    /// What the manifest answers to a broker's question, by the broker's word for it.
    let questionPolicy: [String: BrokerQuestion.Meaning]
    /// `nil`: sessions are not recorded.
    let recording: RecordingPolicy?
    /// The manifest lets the adapter see secrets in clear.
    let grantsReveal: Bool
    /// `nil`: the adapter has no network.
    let connected: ConnectedModule?
    package var connections: AdapterConnections? { connected?.connections }
    let module: UnsafePointer<sluice_module>
    let createSession:
        @convention(c) (
            UnsafePointer<sluice_module>?, UnsafePointer<sluice_host>?, UnsafePointer<sluice_session_options>?,
            UnsafeMutablePointer<OpaquePointer?>?, UnsafeMutablePointer<sluice_str>?
        ) -> sluice_status
    private let explainCode: @convention(c) (UnsafePointer<sluice_module>?, sluice_str) -> sluice_str
    let calls: SessionCalls

    init(
        id: AdapterID, module: UnsafePointer<sluice_module>, checked: CheckedModule, abiMinor: UInt32, sha256: String,
        manifest: AdapterManifest
    ) throws(AdapterRefusal) {
        (self.id, self.module, self.abiMinor, self.sha256) = (id, module, abiMinor, sha256)
        var description = checked.description
        description.rateBuckets = try manifest.tightened(description.rateBuckets)
        self.description = description
        (limits, manifestConfig) = (manifest.limits, manifest.config)
        manifestEndpoints = Dictionary(manifest.endpoints.map { ($0.id, $0.url) }, uniquingKeysWith: { $1 })
        manifestAuthorities = manifest.authorities
        (manifestPins, grantsReveal, connected) = (manifest.pins, manifest.grantsReveal, checked.connected)
        configSchema = try Self.schema(description.configSchema, "config_schema")
        var schemas: [String: JSONSchema] = [:]
        for call in checked.connected?.connections.vendorCalls ?? [] {
            schemas[call.name] = try Self.schema(call.argumentsSchema, "arguments_schema of \(call.name)")
        }
        callSchemas = schemas
        orderOptionsSchema = try Self.schema(description.orderOptionsSchema, "order_options_schema")
        (recording, questionPolicy) = (manifest.recording, manifest.questions)
        (createSession, explainCode, calls) = (checked.createSession, checked.explain, checked.calls)
    }

    private static func schema(_ text: String?, _ name: String) throws(AdapterRefusal) -> JSONSchema? {
        guard let text, !text.isEmpty else { return nil }
        do throws(JSONSchema.Unusable) {
            return try JSONSchema(text)
        } catch {
            throw AdapterRefusal(.descriptorInvalid, "\(name): \(error)")
        }
    }

    /// What is wrong with an account's config, with the manifest's below it; empty: nothing.
    package func findings(ofConfig config: String) -> [SchemaFinding] {
        guard let merged = SessionConfig.merged(manifest: manifestConfig, account: config) else {
            return [SchemaFinding(path: "", value: nil, message: "is no JSON object", remedy: "expected an object")]
        }
        return configSchema?.findings(merged) ?? []
    }

    /// What is wrong with the options of an order, a JSON object; empty: nothing.
    package func findings(ofOrderOptions options: String) -> [SchemaFinding] {
        guard let value = try? JSONValue.parse(options), case .object(let members) = value else {
            return [SchemaFinding(path: "", value: nil, message: "is no JSON object", remedy: "expected an object")]
        }
        guard let orderOptionsSchema else {
            return members.isEmpty
                ? []
                : [
                    SchemaFinding(
                        path: "", value: value, message: "is not known: \(id) takes no options of orders",
                        remedy: "leave it out")
                ]
        }
        return orderOptionsSchema.findings(value)
    }

    /// What is wrong with the arguments of one of its calls; empty: nothing.
    package func findings(ofArguments arguments: String, call: String) -> [SchemaFinding] {
        guard let value = try? JSONValue.parse(arguments, limits: .large), case .object = value else {
            return [SchemaFinding(path: "", value: nil, message: "is no JSON object", remedy: "expected an object")]
        }
        return callSchemas[call]?.findings(value) ?? []
    }

    /// The adapter's sentence for a raw broker code; `nil` where it has none.
    package func explain(_ brokerCode: String) -> String? {
        var code = brokerCode
        return code.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                let text = explainCode(module, sluice_str(ptr: characters.baseAddress, len: UInt64(characters.count)))
                return try? text.text("explain", limit: Bounds.textBytes)
            }
        }
    }

    /// Commands without completion that a session may hold: the tightest of manifest, descriptor and the host's default.
    var maximumInFlight: Int {
        var limit = 10_000
        if description.maximumInFlight > 0 { limit = min(limit, description.maximumInFlight) }
        if let own = limits.inFlight { limit = min(limit, own) }
        return limit
    }
}
