import Glibc
import Settings
import Testing

@Suite("Secrets")
struct SecretTests {
    @Test("A secret prints as three asterisks whatever prints it")
    func printing() {
        struct Holder { var secret: Secret }
        let secret = Secret(Array("hunter2".utf8))
        var dumped = ""
        dump(Holder(secret: secret), to: &dumped)
        #expect("\(secret)" == "***" && String(reflecting: secret) == "***")
        #expect(!dumped.contains("hunter2") && !"\(Holder(secret: secret))".contains("hunter2"))
        #expect((secret as Any) is any Encodable == false)
        #expect(bytes(secret) == Array("hunter2".utf8))
    }

    @Test("A secret file is read only where nobody else has access to it")
    func fileModes() throws {
        try withFile("s3cret\n") { path in
            let reference = try #require(SecretReference("file:\(path)"))
            for mode: mode_t in [0o600, 0o400] {
                chmod(path, mode)
                #expect(try bytes(reference.load(environment: [:])) == Array("s3cret".utf8))
            }
            for mode: mode_t in [0o640, 0o604, 0o620, 0o602, 0o644, 0o660] {
                chmod(path, mode)
                let failure = #expect(throws: SecretReference.Failure.self) { try reference.load(environment: [:]) }
                #expect(
                    failure?.description == "file:\(path): its group or others have access to it; run chmod 600 on it")
            }
        }
    }

    @Test(
        "Only the last line end of a file is dropped",
        arguments: [("a\n", "a"), ("a\r\n", "a"), ("a\n\n", "a\n"), (" a ", " a ")])
    func lineEnds(content: String, secret: String) throws {
        try withFile(content) { path in
            let loaded = try SecretReference.file(path).load(environment: [:])
            #expect(bytes(loaded) == Array(secret.utf8))
        }
    }

    @Test("An empty or oversized secret, a directory and a missing file are refused")
    func refusedFiles() throws {
        for content in ["", "\n", String(repeating: "x", count: 65_537)] {
            try withFile(content) { path in
                #expect(throws: SecretReference.Failure.self) { try SecretReference.file(path).load(environment: [:]) }
            }
        }
        #expect(throws: SecretReference.Failure.self) { try SecretReference.file("/").load(environment: [:]) }
        #expect(throws: SecretReference.Failure.self) {
            try SecretReference.file("/nonexistent").load(environment: [:])
        }
    }

    @Test("A variable gives its value, and none or an empty one is an error")
    func variables() throws {
        let reference = try #require(SecretReference("env:KEY"))
        #expect(try bytes(reference.load(environment: ["KEY": "v"])) == Array("v".utf8))
        #expect(throws: SecretReference.Failure.self) { try reference.load(environment: [:]) }
        #expect(throws: SecretReference.Failure.self) { try reference.load(environment: ["KEY": ""]) }
    }
}

private func bytes(_ secret: Secret) -> [UInt8] { secret.withBytes { Array($0) } }

/// Runs `body` with a file of mode 0600 that is removed afterwards.
private func withFile(_ content: String, _ body: (String) throws -> Void) throws {
    var template = Array("/tmp/sluice-secret-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    try #require(descriptor >= 0)
    let path = template.withUnsafeBufferPointer { buffer in
        buffer.baseAddress.map { String(cString: $0) } ?? ""
    }
    defer { unlink(path) }
    let bytes = Array(content.utf8)
    #expect(write(descriptor, bytes, bytes.count) == bytes.count)
    close(descriptor)
    try body(path)
}
