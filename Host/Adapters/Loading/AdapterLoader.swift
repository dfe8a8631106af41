import CSluice
import Domain
import Glibc

/// How long the steps of a load took.
package struct LoadTimings: Hashable, Sendable {
    /// Copy, hash and inspection of the file.
    package var secureNanoseconds: Int64 = 0
    /// `dlopen`, constructors included.
    package var openNanoseconds: Int64 = 0
    /// The entry function; 5 ms is its budget.
    package var entryNanoseconds: Int64 = 0
}

/// Loads one adapter: search, safety, note, `dlopen`, negotiation, tables (ABI.md rules 1-4 and 33-37).
///
/// Never unloads. A library that was refused after `dlopen` stays mapped and is never called again.
struct AdapterLoader {
    struct Outcome {
        var adapter: LoadedAdapter?
        var refusal: AdapterRefusal?
        var warnings: [String] = []
        var libraryPath: String?
        var copyPath: String?
        var sha256: String?
        var note: ELFImage.Note?
        var needed: [String] = []
        var timings = LoadTimings()
    }

    let directories: [String]
    let copies: String
    let requiresPins: Bool
    let hostName: String
    let hostVersion: String
    let swiftRelease: String

    static let entryBudgetNanoseconds: Int64 = 5_000_000
    static let openBudgetNanoseconds: Int64 = 100_000_000

    func load(_ manifest: AdapterManifest) -> Outcome {
        var outcome = Outcome()
        do throws(AdapterRefusal) {
            try load(manifest, into: &outcome)
        } catch {
            outcome.refusal = error
        }
        return outcome
    }

    private func load(_ manifest: AdapterManifest, into outcome: inout Outcome) throws(AdapterRefusal) {
        let clock = SystemLaneClock.shared
        let start = clock.monotonic()
        let path = try LibraryFile.find(manifest.library, in: directories)
        outcome.libraryPath = path
        let file = try LibraryFile.secure(
            path, id: manifest.id.rawValue, copies: copies, pin: manifest.sha256, requiresPin: requiresPins)
        (outcome.copyPath, outcome.sha256) = (file.copyPath, file.sha256)
        (outcome.note, outcome.needed) = (file.image.note, file.image.needed)
        let note = try check(file, id: manifest.id)
        let secured = clock.monotonic()
        outcome.timings.secureNanoseconds = secured - start

        dlerror()
        guard let handle = dlopen(file.copyPath, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            let reason = dlerror().map { String(cString: $0) } ?? "no reason given"
            throw AdapterRefusal(.linkFailed, "\(path) cannot be linked: \(reason)")
        }
        let opened = clock.monotonic()
        outcome.timings.openNanoseconds = opened - secured
        if opened - secured > Self.openBudgetNanoseconds {
            outcome.warnings.append(
                "loading took \((opened - secured) / 1_000_000) ms; at most 100: constructors must have no side effects"
            )
        }
        guard let symbol = dlsym(handle, SLUICE_ENTRY_NAME) else {
            throw AdapterRefusal(.noEntry, "\(path) does not export \(SLUICE_ENTRY_NAME)")
        }
        typealias Entry =
            @convention(c) (UnsafePointer<sluice_hello>?, UnsafeMutablePointer<sluice_reply>?) -> sluice_status
        let called = clock.monotonic()
        let reply = try negotiate(unsafeBitCast(symbol, to: Entry.self), note: note, path: path)
        outcome.timings.entryNanoseconds = clock.monotonic() - called
        if outcome.timings.entryNanoseconds > Self.entryBudgetNanoseconds {
            outcome.warnings.append(
                "the entry took \(outcome.timings.entryNanoseconds / 1_000_000) ms; at most 5 are allowed")
        }
        let checked = try CheckedModule(reply.module, id: manifest.id, note: note)
        outcome.adapter = try LoadedAdapter(
            id: manifest.id, module: reply.module, checked: checked, abiMinor: reply.minor, sha256: file.sha256,
            manifest: manifest)
    }

    /// Negotiates with an entry function that is part of this program: no file, no note of one, the same checks else.
    static func link(
        _ entry: @convention(c) (UnsafeRawPointer?, UnsafeMutableRawPointer?) -> Int32, id: AdapterID, version: String,
        hostName: String, hostVersion: String
    ) throws(AdapterRefusal) -> LoadedAdapter {
        let loader = AdapterLoader(
            directories: [], copies: "", requiresPins: false, hostName: hostName, hostVersion: hostVersion,
            swiftRelease: "")
        let note = ELFImage.Note(
            major: SLUICE_ABI_MAJOR, minor: SLUICE_ABI_MINOR, id: id.rawValue, version: version, swiftRelease: "")
        let reply = try loader.negotiate({ entry($0, $1) }, note: note, path: "the program's own adapter \(id)")
        let checked = try CheckedModule(reply.module, id: id, note: note)
        return try LoadedAdapter(
            id: id, module: reply.module, checked: checked, abiMinor: reply.minor, sha256: "",
            manifest: AdapterManifest(builtIn: id))
    }

    /// What must be right before a line of the library runs.
    private func check(_ file: LibraryFile, id: AdapterID) throws(AdapterRefusal) -> ELFImage.Note {
        let path = file.sourcePath
        if let foreign = file.image.needed.first(where: { !Self.isAllowedNeed($0) }) {
            throw AdapterRefusal(
                .needsLibrary,
                "\(path) needs \(foreign.debugDescription); an adapter is self-contained beside libc, libstdc++ and the Swift runtime: link it statically"
            )
        }
        for path in file.image.runPaths.flatMap({ $0.split(separator: ":") }) where path != "$ORIGIN" {
            throw AdapterRefusal(
                .runPath,
                "\(file.sourcePath) looks for libraries in \(path.debugDescription); only $ORIGIN or no run path is allowed: -no-toolchain-stdlib-rpath, or no -rpath"
            )
        }
        guard let note = file.image.note else {
            throw AdapterRefusal(.noteMissing, "\(path) has no .note.sluice: write SLUICE_NOTE in one C file of it")
        }
        guard note.id == id.rawValue else {
            throw AdapterRefusal(.noteID, "\(path) says it is \(note.id.debugDescription), the manifest says \(id)")
        }
        guard note.major == SLUICE_ABI_MAJOR else {
            throw AdapterRefusal(
                .noteMajor, "\(path) speaks ABI \(note.major); this host speaks \(SLUICE_ABI_MAJOR)")
        }
        guard note.swiftRelease.isEmpty || note.swiftRelease == swiftRelease else {
            throw AdapterRefusal(
                .noteSwiftRelease,
                "\(path) needs the Swift \(note.swiftRelease) runtime; this host runs \(swiftRelease): build it with that release, or with its own runtime for isolation: process"
            )
        }
        return note
    }

    /// Names without a path that every system of the host has. A library of one's own would not be found beside the
    /// host's copy, and is not covered by the digest.
    static func isAllowedNeed(_ name: String) -> Bool {
        let exact: Set<String> = [
            "libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "librt.so.1", "libgcc_s.so.1", "libstdc++.so.6",
            "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libutil.so.1",
        ]
        if exact.contains(name) { return true }
        guard !name.contains("/"), name.hasSuffix(".so") else { return false }
        return name.hasPrefix("libswift") || name.hasPrefix("libFoundation") || name.hasPrefix("lib_Foundation")
            || name == "libBlocksRuntime.so" || name == "libdispatch.so"
    }

    private func negotiate(
        _ entry: (UnsafePointer<sluice_hello>?, UnsafeMutablePointer<sluice_reply>?) -> sluice_status,
        note: ELFImage.Note, path: String
    ) throws(AdapterRefusal) -> (module: UnsafePointer<sluice_module>, minor: UInt32) {
        let scratch = CallScratch()
        var hello = sluice_hello()
        hello.struct_size = UInt32(MemoryLayout<sluice_hello>.size)
        hello.mode = SLUICE_MODE_IN_PROCESS
        hello.magic = SLUICE_MAGIC
        (hello.abi_minor_min, hello.abi_minor_max) = (0, SLUICE_ABI_MINOR)
        (hello.vocabulary_min, hello.vocabulary_max) = (SLUICE_VOCABULARY, SLUICE_VOCABULARY)
        hello.host_name = scratch.text(hostName)
        hello.host_version = scratch.text(hostVersion)
        var reply = sluice_reply()
        reply.struct_size = UInt32(MemoryLayout<sluice_reply>.size)
        let status = entry(&hello, &reply)
        if status == SLUICE_ERR_VERSION || reply.refusal != 0 {
            let words = (try? reply.refusal_text.text("refusal_text", limit: Bounds.textBytes)) ?? "no reason given"
            throw AdapterRefusal(
                .entryRefused, "\(path) refuses ABI minors 0 to \(SLUICE_ABI_MINOR) of this host: \(words)")
        }
        guard status == SLUICE_OK else {
            throw AdapterRefusal(.entryFailed, "\(path): \(SLUICE_ENTRY_NAME) returned \(status)")
        }
        guard reply.abi_minor <= SLUICE_ABI_MINOR else {
            throw AdapterRefusal(
                .entryMinor, "\(path) picked ABI minor \(reply.abi_minor); offered were 0 to \(SLUICE_ABI_MINOR)")
        }
        guard reply.vocabulary == SLUICE_VOCABULARY else {
            throw AdapterRefusal(
                .entryVocabulary,
                "\(path) picked vocabulary \(reply.vocabulary); offered was \(SLUICE_VOCABULARY) alone")
        }
        guard let module = reply.module else {
            throw AdapterRefusal(.entryFailed, "\(path): \(SLUICE_ENTRY_NAME) returned no module")
        }
        return (module, reply.abi_minor)
    }
}
