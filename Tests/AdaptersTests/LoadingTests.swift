import Domain
import Foundation
import Testing

@testable import Adapters

@Suite("Loading refuses with a stable code and never stops the host")
struct LoadingTests {
    @Test("A sound library beside its manifest is loaded, its note, digest and capabilities shown")
    func sound() throws {
        let workshop = try Workshop()
        try workshop.install()
        try workshop.manifest()
        let status = try workshop.status()
        #expect(status.state == .loaded, "\(String(describing: status.refusal))")
        #expect(status.version == "1.0.0")
        #expect(status.language == "C")
        #expect(status.sha256?.count == 64)
        #expect(status.needed == ["libc.so.6"])
        #expect(status.capabilities.contains(.submit))
        #expect(status.loadedPath?.hasPrefix("\(workshop.data)/adapters/scripted-") == true)
        #expect(status.description?.rateBuckets.first?.id == "orders")
        #expect(status.timings?.openNanoseconds ?? 0 > 0)
    }

    @Test(
        "A wrong library is refused before or at its load",
        arguments: [
            ("-DNO_ENTRY=1", AdapterRefusal.Code.noEntry), ("-DNO_NOTE=1", .noteMissing),
            ("-DNOTE_ID=\"other\"", .noteID), ("-DNOTE_MAJOR=2", .noteMajor),
            ("-DNOTE_SWIFT=\"5.9\"", .noteSwiftRelease),
            ("-DREFUSE=1", .entryRefused), ("-DREPLY_MINOR=9", .entryMinor), ("-DUNDEFINED_SYMBOL=1", .linkFailed),
            ("-DDESCRIPTOR_ID=\"other\"", .descriptorID), ("-DNOTE_VERSION=\"2.0.0\"", .descriptorVersion),
            ("-DNULL_SLOT=1", .tableInvalid), ("-Wl,-rpath,/opt/somewhere", .runPath),
        ])
    func wrong(flag: String, code: AdapterRefusal.Code) throws {
        let workshop = try Workshop()
        try workshop.install("scripted", "scripted", [flag])
        try workshop.manifest()
        try workshop.install("sound")
        try workshop.manifest("sound")
        let host = workshop.host()
        try host.load()  // a refused adapter stops nobody
        let status = try #require(host.statuses.first { $0.id == "scripted" })
        #expect(status.state == .refused)
        #expect(status.refusal?.code == code, "\(String(describing: status.refusal))")
        #expect(status.refusal?.text.contains("scripted") == true)
        #expect(host.statuses.first { $0.id == "sound" }?.state == .loaded)
    }

    @Test("A library that needs a library of its own is refused: the copy would not find it")
    func foreignNeed() throws {
        let workshop = try Workshop()
        let helper = "\(workshop.root)/libhelper.so"
        try FileManager.default.copyItem(atPath: Workshop.library("fast"), toPath: helper)
        try workshop.install("scripted", "scripted", ["-Wl,--no-as-needed", helper])
        try workshop.manifest()
        #expect(try workshop.status().refusal?.code == .needsLibrary)
        #expect(AdapterLoader.isAllowedNeed("libc.so.6"))
        #expect(AdapterLoader.isAllowedNeed("libswiftCore.so"))
        #expect(!AdapterLoader.isAllowedNeed("libcurl.so.4"))
        #expect(!AdapterLoader.isAllowedNeed("/tmp/libswiftCore.so"))
    }

    @Test("A missing file, a text file, a foreign machine and a program are told apart")
    func files() throws {
        let workshop = try Workshop()
        try workshop.manifest()
        #expect(try workshop.status().refusal?.code == .libraryMissing)

        let path = "\(workshop.adapters)/libsluice-scripted.so"
        try workshop.write("#!/bin/sh\necho no library\n", to: path)
        chmod(path, 0o755)
        #expect(try workshop.status().refusal?.code == .notELF)

        try workshop.write("", to: path)
        #expect(try workshop.status().refusal?.code == .notELF)

        try workshop.install()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let machine = bytes[18]
        bytes[18] = 0xF3  // RISC-V
        try bytes.write(to: URL(fileURLWithPath: path))
        chmod(path, 0o755)
        #expect(try workshop.status().refusal?.code == .wrongArchitecture)

        bytes[18] = machine
        bytes[16] = 2  // a program
        try bytes.write(to: URL(fileURLWithPath: path))
        chmod(path, 0o755)
        #expect(try workshop.status().refusal?.code == .notShared)

        bytes[16] = 3
        bytes[4] = 1  // 32 bits
        try bytes.write(to: URL(fileURLWithPath: path))
        chmod(path, 0o755)
        #expect(try workshop.status().refusal?.code == .wrongArchitecture)
    }

    @Test("A damaged ELF file is refused, never followed", arguments: 0..<200 as Range<UInt64>)
    func damaged(seed: UInt64) throws {
        let random = SeededLaneRandom(seed: seed)
        let sound = try [UInt8](Data(contentsOf: URL(fileURLWithPath: Workshop.library())))
        var bytes = sound
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { buffer in
            random.fill(buffer)
            for index in 0..<8 {
                // Mostly in the headers, where lies matter.
                let span = index < 6 ? 0x300 : bytes.count
                bytes[(Int(buffer[index * 2]) * 256 + Int(buffer[index * 2 + 1])) % span] = buffer[index + 32]
            }
            if seed % 4 == 0 { bytes.removeLast(Int(buffer[63]) * bytes.count / 256) }
        }
        let path = "/tmp/sluice-elf-\(getpid())-\(seed).so"
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        defer { unlink(path) }
        do throws(AdapterRefusal) {
            let image = try ELFImage.read(path, shownAs: "damaged")
            #expect(image.needed.allSatisfy { $0.utf8.count <= 4096 })
        } catch {
            #expect(!error.text.isEmpty)
        }
    }

    @Test("What others can write is refused, and the sentence holds the chmod that mends it")
    func modes() throws {
        let workshop = try Workshop()
        let path = try workshop.install()
        try workshop.manifest()
        chmod(path, 0o757)
        var status = try workshop.status()
        #expect(status.refusal?.code == .libraryMode)
        #expect(status.refusal?.text.contains("chmod o-w '\(path)'") == true)
        chmod(path, 0o755)
        chmod(workshop.adapters, 0o777)
        status = try workshop.status()
        #expect(status.refusal?.code == .libraryMode)
        #expect(status.refusal?.text.contains("chmod o-w '\(workshop.adapters)'") == true)
        chmod(workshop.adapters, 0o1777)  // sticky: nobody replaces what belongs to another
        #expect(try workshop.status().state == .loaded)
        chmod(workshop.adapters, 0o755)
        if geteuid() == 0 {
            chown(path, 12_345, 12_345)
            status = try workshop.status()
            #expect(status.refusal?.code == .libraryOwner)
            #expect(status.refusal?.text.contains("chown") == true)
            chown(path, 0, 12_345)
            chmod(path, 0o775)
            status = try workshop.status()
            #expect(status.refusal?.text.contains("chmod g-w") == true)
        }
    }

    @Test("A link may stay inside the allowed directories, never lead out of them")
    func links() throws {
        let workshop = try Workshop()
        let outside = "\(workshop.root)/outside.so"
        try FileManager.default.copyItem(atPath: Workshop.library(), toPath: outside)
        try workshop.manifest()
        let link = "\(workshop.adapters)/libsluice-scripted.so"
        symlink(outside, link)
        #expect(try workshop.status().refusal?.code == .libraryEscapes)
        #expect(try workshop.status(libraryPath: [workshop.root]).state == .loaded)
        unlink(link)
        symlink("\(workshop.root)/nowhere", link)
        #expect(try workshop.status().refusal?.code == .libraryMissing)
        unlink(link)
        mkdir(link, 0o755)
        #expect(try workshop.status().refusal?.code == .libraryNotRegular)
    }

    @Test("A pin that differs refuses, a pin that is missing refuses where pins are required")
    func pins() throws {
        let workshop = try Workshop()
        try workshop.install()
        try workshop.manifest("scripted", "sha256: \"\(String(repeating: "a", count: 64))\"\n")
        let status = try workshop.status()
        #expect(status.refusal?.code == .pinMismatch)
        try workshop.manifest()
        #expect(try workshop.status(requirePins: true).refusal?.code == .pinMissing)
        let digest = try #require(try workshop.status().sha256)
        let check = Process()
        check.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        check.arguments = ["\(workshop.adapters)/libsluice-scripted.so"]
        let output = Pipe()
        check.standardOutput = output
        try check.run()
        check.waitUntilExit()
        #expect(String(decoding: output.fileHandleForReading.availableData, as: UTF8.self).hasPrefix(digest))
        try workshop.manifest("scripted", "sha256: \"\(digest)\"\n")
        #expect(try workshop.status(requirePins: true).state == .loaded)
    }

    @Test(
        "A manifest whose file of authorities cannot be used is refused with the endpoint, the file and what is wanted")
    func authorities() throws {
        let workshop = try Workshop()
        try workshop.install()
        try workshop.manifest("scripted", "authorities: { rest: nowhere.pem }\n")
        let missing = try #require(try workshop.status().refusal)
        #expect(missing.code == .manifestInvalid)
        #expect(missing.description.contains("nowhere.pem of rest cannot be read"))
        #expect(missing.description.contains("certificates in PEM"))
        try "no certificate\n".write(
            toFile: "\(workshop.adapters)/ca.pem", atomically: true, encoding: .utf8)
        let pin = String(repeating: "a", count: 64)
        try workshop.manifest("scripted", "authorities: { rest: ca.pem }\npins: { rest: \(pin) }\n")
        let wrong = try #require(try workshop.status().refusal).description
        #expect(wrong.contains("ca.pem of rest: it holds no certificate"))
        #expect(wrong.contains("rest is pinned too"))
    }

    @Test("A constructor or an entry that takes long is loaded with a warning that says how long")
    func slow() throws {
        let workshop = try Workshop()
        try workshop.install("scripted", "scripted", ["-DSLOW_CONSTRUCTOR=1"])
        try workshop.manifest()
        let status = try workshop.status()
        #expect(status.state == .loaded)
        #expect(status.warnings.contains { $0.contains("constructors") })
        #expect(status.timings?.openNanoseconds ?? 0 >= 150_000_000)
        let other = try Workshop()
        try other.install("scripted", "scripted", ["-DSLOW_ENTRY=1"])
        try other.manifest()
        #expect(try other.status().warnings.contains { $0.contains("at most 5") })
    }

    @Test("One id described twice: the first manifest stands")
    func duplicates() throws {
        let workshop = try Workshop()
        try workshop.install()
        try workshop.manifest()
        let second = "\(workshop.root)/more.d"
        try FileManager.default.copyItem(atPath: workshop.adapters, toPath: second)
        let host = AdapterHost(
            AdapterHostConfiguration(
                directories: [workshop.adapters, second], dataDirectory: workshop.data, hostVersion: "1",
                swiftRelease: "6.3.1"), logger: workshop.host().logger)
        try host.load()
        #expect(host.statuses.map(\.state) == [.loaded, .refused])
        #expect(host.statuses.last?.refusal?.code == .duplicateID)
        #expect(host.adapter(try #require(AdapterID("scripted"))) != nil)
    }

    @Test("A file replaced under the same path runs as new code beside the old")
    func replaced() throws {
        let workshop = try Workshop()
        try workshop.install("scripted", "scripted", ["-DVERSION=\"1.0.0\""])
        try workshop.manifest()
        let host = workshop.host()
        try host.load()
        let id = try #require(AdapterID("scripted"))
        let old = try #require(host.adapter(id))
        try workshop.install("scripted", "scripted", ["-DVERSION=\"2.0.0\""])
        #expect(host.reload().isEmpty)  // the manifest is the same: a new file needs a word of the operator
        try workshop.manifest("scripted", "# version 2\n")
        #expect(host.reload() == ["scripted"])
        let new = try #require(host.adapter(id))
        #expect(old.description.version == "1.0.0")
        #expect(new.description.version == "2.0.0")
        #expect(old.module != new.module)
        #expect(new.explain("RMS") == "the broker's risk desk")
        #expect(new.explain("???") == nil)
    }

    @Test("Manifests that appear, change, break and go are picked up once they have settled, and only then")
    func watched() throws {
        let workshop = try Workshop()
        try workshop.install()
        let host = workshop.host()
        try host.load()
        #expect(host.pickUpChanges().isEmpty && host.pickUpChanges().isEmpty)
        let id = try #require(AdapterID("scripted"))

        try workshop.manifest()
        #expect(host.pickUpChanges().isEmpty, "it may still be being written")
        #expect(host.pickUpChanges() == ["scripted"])
        #expect(host.adapter(id) != nil)
        #expect(host.pickUpChanges().isEmpty)

        try workshop.manifest("scripted", "limits: { call_ms")
        #expect(host.pickUpChanges().isEmpty)
        try workshop.manifest("scripted", "limits: { call_ms: 40 }\n")
        #expect(host.pickUpChanges().isEmpty, "it is another one than a moment ago")
        #expect(host.pickUpChanges() == ["scripted"])
        #expect(host.adapter(id)?.limits.callMilliseconds == 40)

        try workshop.manifest("scripted", "colour: red\n")
        #expect(host.pickUpChanges().isEmpty)
        #expect(host.pickUpChanges() == ["scripted"])
        #expect(host.adapter(id) == nil)
        #expect(host.status(id)?.refusal?.text.contains("colour") == true)

        try FileManager.default.removeItem(atPath: "\(workshop.adapters)/scripted.yaml")
        #expect(host.pickUpChanges().isEmpty)
        #expect(host.pickUpChanges() == ["scripted"])
        #expect(host.status(id) == nil)
    }

    @Test("A required adapter that cannot be used stops the start with its reason")
    func required() throws {
        let workshop = try Workshop()
        try workshop.manifest("scripted", "required: true\n")
        #expect(throws: RequiredAdapterMissing.self) { try workshop.host().load() }
        try workshop.install()
        try workshop.host().load()
    }

    @Test("The private copies are closed to others, and a damaged copy is replaced")
    func copies() throws {
        let workshop = try Workshop()
        try workshop.install()
        try workshop.manifest()
        let path = try #require(try workshop.status().loadedPath)
        var status = stat()
        #expect(stat("\(workshop.data)/adapters", &status) == 0)
        #expect(status.st_mode & 0o777 == 0o700)
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        unlink(path)
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
        #expect(try workshop.status().state == .loaded)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(workshop.data)/adapters")
        #expect(left.allSatisfy { !$0.hasSuffix(".part") })
    }
}
