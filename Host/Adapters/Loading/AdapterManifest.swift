package import Domain
import Settings
package import Transport

/// How far an adapter is trusted (ABI.md rule 38).
package enum AdapterIsolation: String, CaseIterable, Hashable, Sendable {
    case inProcess = "in_process"
    case process
    case sandbox
}

/// Budgets of an adapter; `nil` = the default that its comment says.
package struct ManifestLimits: Hashable, Sendable {
    /// Hard budget of one lane call in milliseconds; 50 is the most and the default.
    package var callMilliseconds: Int = 50
    /// Resident memory; watched from outside, as an in-process adapter shares the host's.
    package var memoryMegabytes: Int?
    /// Commands without completion a session may hold; 10,000 or the descriptor's where smaller.
    package var inFlight: Int?
    /// Log lines a second and session, kept up as a bucket of twice as many.
    package var logLinesPerSecond: Int = 100
    /// Durable keys and values of one account.
    package var keyValueMegabytes: Int = 16

    package init() {}
}

/// `adapters.d/<id>.yaml` (INTERFACES.md §3).
package struct AdapterManifest: Hashable, Sendable {
    package var id: AdapterID
    /// A file name without a directory.
    package var library: String
    /// 64 lower-case hexadecimal digits.
    package var sha256: String?
    package var isEnabled: Bool
    /// The host refuses to start without this adapter.
    package var isRequired: Bool
    package var isolation: AdapterIsolation
    /// Overrides of the descriptor's endpoints, by endpoint id, in the order written.
    package var endpoints: [Endpoint]
    /// SHA-256 of certificates that endpoints must show, 32 bytes, by endpoint id.
    package var pins: [String: [UInt8]] = [:]
    /// Whom a certificate chain must lead to, in the place of the system's authorities, by endpoint id.
    package var authorities: [String: CertificateAuthorities] = [:]
    /// `grants: [secret_reveal]`: the adapter may see secrets in clear; every use is logged.
    package var grantsReveal = false
    /// Tighter rate limits, by bucket id.
    package var rate: [RateOverride]
    package var limits: ManifestLimits
    /// A JSON object.
    package var config: String
    /// `questions:` what is answered to a broker's question, by the broker's word for it; others wait for a person.
    package var questions: [String: BrokerQuestion.Meaning] = [:]
    /// `record:`; `nil`: sessions are not recorded.
    package var recording: RecordingPolicy?

    package struct Endpoint: Hashable, Sendable {
        package var id: String
        package var url: String
    }
    package struct RateOverride: Hashable, Sendable {
        package var bucket: String
        package var windows: [RateWindow]
        /// `nil` = as the bucket has it.
        package var mode: RateRule.Mode?
        /// `file:line:column: path` of each window: whether it tightens shows when the descriptor is known.
        var places: [String]
    }

    /// Of an adapter that is part of the program: nothing is overridden.
    init(builtIn id: AdapterID) {
        (self.id, library, sha256, isEnabled, isRequired) = (id, "", nil, true, true)
        (isolation, endpoints, rate, limits, config) = (.inProcess, [], [], ManifestLimits(), "{}")
    }
}

extension AdapterManifest {
    /// Reads a manifest strictly.
    ///
    /// - Parameter fileName: the file's name without its directory; `<id>.yaml`.
    /// - Throws: `manifest.invalid` with every error as `file:line:column`, or `manifest.unavailable` for a kind or
    ///   isolation that this build does not have.
    static func read(_ bytes: [UInt8], path: String, fileName: String) throws(AdapterRefusal) -> AdapterManifest {
        var isBound = false
        let manifest: AdapterManifest
        do throws(ConfigurationErrors) {
            manifest = try DocumentReader.read(bytes, file: path) { document in
                // A bound library's other keys are of another build: its kind is refused before they are judged.
                if document.optional("kind", .choice(["library", "bound"])) == "bound" {
                    isBound = true
                    _ = document.entries()
                    return nil
                }
                return AdapterManifest(document, path: path, fileName: fileName)
            }
        } catch {
            if isBound {
                throw AdapterRefusal(
                    .unavailable,
                    "\(path): kind: bound (a foreign C library called through a declared interface) is not available in this build; use an adapter library"
                )
            }
            throw AdapterRefusal(.manifestInvalid, error.description)
        }
        guard manifest.isolation == .inProcess else {
            throw AdapterRefusal(
                .unavailable,
                "\(path): isolation: \(manifest.isolation.rawValue) is not available in this build; expected in_process"
            )
        }
        return manifest
    }

    private init?(_ document: MappingReader, path: String, fileName: String) {
        let version = document.required("manifest", .integer(1...1))
        let id = document.required("id", .adapterID)
        if let id, fileName != "\(id).yaml" {
            document.report("the id is not the file's name \(fileName)", remedy: "name the file \(id).yaml", at: "id")
        }
        let library = document.required("library", .libraryName)
        let sha256 = document.optional("sha256", .digest)
        let isEnabled = document.value("enabled", .boolean, default: true)
        let isRequired = document.value("required", .boolean, default: false)
        let isolation = document.value(
            "isolation", .choice(["in_process": .inProcess, "process": .process, "sandbox": .sandbox]),
            default: AdapterIsolation.inProcess)
        let endpoints = document.value("endpoints", .entries(of: .endpoint), default: [])
        let rate = document.value("rate", .entries(of: .rateOverride), default: [])
        let pins = document.value("pins", .entries(of: .digest), default: [])
        let authorities = Self.authorities(document, besides: pins.map(\.key), path: path)
        let grants = document.value(
            "grants", .list(of: .choice(["secret_reveal": true])), default: [])
        let limits = document.value("limits", .manifestLimits, default: ManifestLimits())
        let config = document.value("config", .jsonObject, default: "{}")
        recording = document.optional("record", .recordingPolicy)
        let answers = document.value(
            "questions", .entries(of: .choice(["confirm": BrokerQuestion.Meaning.confirm, "refuse": .refuse])),
            default: [])
        guard version != nil, let id, let library else { return nil }
        (self.id, self.library, self.sha256) = (id, library, sha256)
        (self.isEnabled, self.isRequired, self.isolation) = (isEnabled, isRequired, isolation)
        self.endpoints = endpoints.map { Endpoint(id: $0.key, url: $0.value) }
        self.rate = rate.map { entry in
            var override = entry.value
            override.bucket = entry.key
            override.places = override.places.map { "\(path):\($0)" }
            return override
        }
        (self.limits, self.config, grantsReveal) = (limits, config, !grants.isEmpty)
        questions = Dictionary(answers.map { ($0.key, $0.value) }, uniquingKeysWith: { $1 })
        self.pins = Dictionary(pins.map { ($0.key, Self.bytes($0.value)) }, uniquingKeysWith: { $1 })
        self.authorities = authorities
    }

    private static func bytes(_ digest: String) -> [UInt8] {
        let digits = digest.utf8.map { $0 < 58 ? $0 - 48 : $0 - 87 }
        return stride(from: 0, to: digits.count - 1, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

extension FieldType where Value == String {
    /// A file name: where a library may lie is the host's to say, never the manifest's.
    fileprivate static var libraryName: FieldType<String> {
        FieldType<String>.text.filter("a file name like libsluice-NAME.so, without a directory") { name in
            (1...255).contains(name.utf8.count) && !name.utf8.contains(0x2F) && !name.utf8.contains(0)
                && name != "." && name != ".."
        }
    }

    fileprivate static var digest: FieldType<String> {
        FieldType<String>.textOrNumber.filter("a SHA-256 of 64 lower-case hexadecimal digits") { text in
            text.utf8.count == 64 && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        }
    }
}

extension FieldType where Value == ManifestLimits {
    fileprivate static var manifestLimits: FieldType<ManifestLimits> {
        .mapping { document in
            var limits = ManifestLimits()
            limits.callMilliseconds = document.value("call_ms", .count(1...50), default: limits.callMilliseconds)
            limits.memoryMegabytes = document.optional("memory_mb", .count(1...1_048_576))
            limits.inFlight = document.optional("in_flight", .count(1...1_000_000))
            limits.logLinesPerSecond = document.value(
                "log_lines_per_s", .count(0...100_000), default: limits.logLinesPerSecond)
            limits.keyValueMegabytes = document.value("kv_mb", .count(1...1024), default: limits.keyValueMegabytes)
            return limits
        }
    }
}
