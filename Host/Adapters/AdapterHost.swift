import CSluice
package import Domain
import Glibc
package import Logging
import NIOConcurrencyHelpers
import Settings

/// Where adapters are looked for and what the host says of itself.
package struct AdapterHostConfiguration: Sendable {
    /// Directories with manifests (`adapters.directories`).
    package var directories: [String]
    /// Further directories with libraries (`adapters.library_path`).
    package var libraryPath: [String]
    /// The directory of the executable; `nil` = not searched.
    package var executableDirectory: String?
    /// The data directory; copies of libraries go to `adapters` in it.
    package var dataDirectory: String
    /// Every manifest must pin its library.
    package var requirePins: Bool
    package var hostName: String
    package var hostVersion: String
    /// The Swift release this host is built with, `6.3.1`.
    package var swiftRelease: String

    package init(
        directories: [String], libraryPath: [String] = [], executableDirectory: String? = nil, dataDirectory: String,
        requirePins: Bool = false, hostName: String = "sluice", hostVersion: String, swiftRelease: String
    ) {
        (self.directories, self.libraryPath, self.executableDirectory) = (directories, libraryPath, executableDirectory)
        (self.dataDirectory, self.requirePins) = (dataDirectory, requirePins)
        (self.hostName, self.hostVersion, self.swiftRelease) = (hostName, hostVersion, swiftRelease)
    }
}

/// An adapter that must be there is not: the host does not start.
package struct RequiredAdapterMissing: Error, Hashable, CustomStringConvertible {
    package let refusals: [AdapterRefusal]
    package var description: String {
        refusals.map { "a required adapter is not usable: \($0.text) [\($0.code.rawValue)]" }.joined(separator: "\n")
    }
}

/// Accounts for which there is no session, and why.
package struct SessionRefusal: Error, Hashable, Sendable, CustomStringConvertible {
    package let accounts: [AccountID]
    /// An `AdapterRefusal.Code`, or `adapter.unknown`, `session.*`, `account.config`.
    package let code: String
    package let reason: String
    package var description: String {
        "\(accounts.map(\.rawValue).joined(separator: ", ")): \(reason) [\(code)]"
    }
}

/// Every adapter of the process: loaded, refused or disabled, and their sessions. Any thread.
///
/// A broken adapter never stops the host: it is listed with its reason (ABI.md rule 37).
package final class AdapterHost: Sendable {
    struct Manifested: Sendable {
        var status: AdapterStatus
        var adapter: LoadedAdapter?
        /// The bytes it was read from: a reload acts on what differs.
        var contents: [UInt8]
    }
    struct State: Sendable {
        /// By manifest path, in byte order of files within the order of directories.
        var manifests: [Manifested] = []
        var schedulers: [AdapterID: any LaneScheduler] = [:]
        var sessions: [AdapterSession] = []
        /// What sessions of an adapter count together, whichever release of it they run.
        var sharedLimits: [AdapterID: SharedLimits] = [:]
        /// What sessions that have ended had counted.
        var endedCounters: [AdapterID: AdapterCounters] = [:]
        var isShutDown = false
    }

    let configuration: AdapterHostConfiguration
    let environment: LaneEnvironment
    let logger: Logger
    let state = NIOLockedValueBox(State())
    let watch = NIOLockedValueBox(Watch())
    /// One reading of the manifests at a time.
    private let reading = NIOLock()

    package init(
        _ configuration: AdapterHostConfiguration, environment: LaneEnvironment = .threads(), logger: Logger
    ) {
        (self.configuration, self.environment, self.logger) = (configuration, environment, logger)
    }

    // MARK: - Loading

    /// Reads every manifest and loads what is enabled. Call once, before anything else.
    package func load() throws(RequiredAdapterMissing) {
        _ = reload()
        let missing = state.withLockedValue { state in
            state.manifests.filter { $0.status.isRequired && $0.adapter == nil }.compactMap(\.status.refusal)
        }
        guard missing.isEmpty else { throw RequiredAdapterMissing(refusals: missing) }
    }

    /// Adds an adapter that is part of this program, for simulations and tests: its entry function is called as a
    /// library's would be, with the same negotiation and checks. Not touched by `reload`.
    ///
    /// - Parameter version: the descriptor's, as a library's note would say it.
    package func link(
        _ entry: @convention(c) (UnsafeRawPointer?, UnsafeMutableRawPointer?) -> Int32, id: AdapterID, version: String
    ) throws(AdapterRefusal) {
        let adapter = try AdapterLoader.link(
            entry, id: id, version: version, hostName: configuration.hostName, hostVersion: configuration.hostVersion)
        var status = AdapterStatus(
            id: id.rawValue, state: .loaded, manifestPath: "", isolation: .inProcess, isRequired: true,
            counters: AdapterCounters())
        status.version = version
        status.abiMinor = adapter.abiMinor
        status.description = adapter.description
        state.withLockedValue { [status] state in
            state.manifests.append(Manifested(status: status, adapter: adapter, contents: []))
        }
    }

    /// Acts on manifests that appeared, changed or went. Sessions under way keep the code they began with; nothing is
    /// unloaded. Returns the ids that differ now.
    package func reload() -> [String] { reading.withLock { readManifests() } }

    private func readManifests() -> [String] {
        let stamps = stamps()
        watch.withLockedValue { $0 = Watch(read: stamps) }
        let before = state.withLockedValue { $0.manifests }
        var after = before.filter(\.status.manifestPath.isEmpty)
        var changed: [String] = []
        for directory in configuration.directories {
            for name in Self.manifestNames(in: directory) {
                let path = "\(directory)/\(name)"
                var entry = read(path, name: name, before: before)
                // Two manifests may have one id in two directories: the first stands.
                if let id = entry.adapter?.id ?? AdapterID(entry.status.id),
                    let first = after.first(where: { $0.status.id == id.rawValue })
                {
                    let refusal = AdapterRefusal(
                        .duplicateID, "\(path): adapter \(id) is already described by \(first.status.manifestPath)")
                    entry.adapter = nil
                    (entry.status.state, entry.status.refusal) = (.refused, refusal)
                }
                if !before.contains(where: { $0.status == entry.status && $0.contents == entry.contents }) {
                    changed.append(entry.status.id)
                    report(entry.status)
                }
                after.append(entry)
            }
        }
        for entry in before where !after.contains(where: { $0.status.manifestPath == entry.status.manifestPath }) {
            changed.append(entry.status.id)
            logger.notice(
                "Adapter's manifest is gone",
                metadata: ["adapter.id": "\(entry.status.id)", "manifest": "\(entry.status.manifestPath)"])
        }
        state.withLockedValue { [after] state in state.manifests = after }
        for id in changed { AdapterID(id).map(manifestChanged) }
        return changed
    }

    private func read(_ path: String, name: String, before: [Manifested]) -> Manifested {
        let base = name.hasSuffix(".yaml") ? String(name.dropLast(5)) : name
        var status = AdapterStatus(
            id: base, state: .refused, manifestPath: path, isolation: .inProcess, isRequired: false,
            counters: AdapterCounters())
        var contents: [UInt8] = []
        do throws(AdapterRefusal) {
            contents = try Self.contents(path)
            let earlier = before.first { $0.status.manifestPath == path }
            if let earlier, earlier.contents == contents, earlier.adapter != nil { return earlier }
            let manifest = try AdapterManifest.read(contents, path: path, fileName: name)
            status.id = manifest.id.rawValue
            (status.isolation, status.isRequired) = (manifest.isolation, manifest.isRequired)
            guard manifest.isEnabled else {
                status.state = .disabled
                status.refusal = AdapterRefusal(.disabled, "\(path) says enabled: false")
                return Manifested(status: status, adapter: nil, contents: contents)
            }
            let outcome = loader(manifestDirectory: Self.directory(of: path)).load(manifest)
            status.fill(outcome)
            return Manifested(status: status, adapter: outcome.adapter, contents: contents)
        } catch {
            status.refusal = error
            // A required adapter stays required though its manifest cannot be read whole.
            status.isRequired = contents.split(separator: UInt8(ascii: "\n")).contains {
                String(decoding: $0, as: UTF8.self).hasPrefix("required: true")
            }
            return Manifested(status: status, adapter: nil, contents: contents)
        }
    }

    private func loader(manifestDirectory: String) -> AdapterLoader {
        let directories = [manifestDirectory] + (configuration.executableDirectory.map { [$0] } ?? [])
        return AdapterLoader(
            directories: directories + configuration.libraryPath, copies: "\(configuration.dataDirectory)/adapters",
            requiresPins: configuration.requirePins, hostName: configuration.hostName,
            hostVersion: configuration.hostVersion, swiftRelease: configuration.swiftRelease)
    }

    private func report(_ status: AdapterStatus) {
        var metadata: Logger.Metadata = ["adapter.id": "\(status.id)", "manifest": "\(status.manifestPath)"]
        switch status.state {
        case .loaded:
            metadata["version"] = "\(status.version ?? "")"
            metadata["sha256"] = "\(status.sha256 ?? "")"
            logger.notice("Adapter loaded", metadata: metadata)
            for warning in status.warnings {
                logger.warning(
                    "Adapter loaded with a warning", metadata: ["adapter.id": "\(status.id)", "warning": "\(warning)"])
            }
        case .disabled: logger.notice("Adapter disabled", metadata: metadata)
        case .refused:
            metadata["code"] = "\(status.refusal?.code.rawValue ?? "")"
            metadata["reason"] = "\(status.refusal?.text ?? "")"
            logger.error("Adapter refused", metadata: metadata)
        }
    }

    // MARK: - What there is

    /// In byte order of manifest files, with counters of this instant.
    package var statuses: [AdapterStatus] {
        state.withLockedValue { state in
            state.manifests.map { entry in
                var status = entry.status
                if let id = AdapterID(status.id), entry.adapter != nil {
                    status.counters = state.sessions.filter { $0.adapter.id == id }
                        .reduce(state.endedCounters[id] ?? AdapterCounters()) { $0 + $1.health.counters }
                }
                return status
            }
        }
    }

    package func status(_ id: AdapterID) -> AdapterStatus? { statuses.first { $0.id == id.rawValue } }

    package func adapter(_ id: AdapterID) -> LoadedAdapter? {
        state.withLockedValue { $0.manifests.first { $0.adapter?.id == id }?.adapter }
    }

    package var sessions: [AdapterSession] { state.withLockedValue { $0.sessions } }

    package func session(for account: AccountID, role: SessionRole = .trading) -> AdapterSession? {
        state.withLockedValue { $0.sessions.first { $0.role == role && $0.accountIndex(account) != nil } }
    }

    // MARK: - Files

    /// Names that end in `.yaml`, in byte order; a directory that cannot be read has none, and says so in the log.
    static func manifestNames(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            // Where it lies: an entry is shorter than its type, and a copy would read beyond the directory's buffer.
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".yaml"), !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    }

    private static func contents(_ path: String) throws(AdapterRefusal) -> [UInt8] {
        do throws(ConfigurationErrors) {
            return try DocumentReader.contents(ofFile: path)
        } catch {
            throw AdapterRefusal(.manifestUnreadable, error.description)
        }
    }

    private static func directory(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}

extension AdapterStatus {
    fileprivate mutating func fill(_ outcome: AdapterLoader.Outcome) {
        state = outcome.adapter == nil ? .refused : .loaded
        refusal = outcome.refusal
        warnings = outcome.warnings
        (libraryPath, loadedPath, sha256) = (outcome.libraryPath, outcome.copyPath, outcome.sha256)
        version = outcome.adapter?.description.version ?? outcome.note?.version
        abiMinor = outcome.adapter?.abiMinor ?? outcome.note?.minor
        language = outcome.adapter?.description.language
        swiftRelease = outcome.note.flatMap { $0.swiftRelease.isEmpty ? nil : $0.swiftRelease }
        needed = outcome.needed
        description = outcome.adapter?.description
        timings = outcome.timings
    }
}
