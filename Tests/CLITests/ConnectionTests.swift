import Testing

@testable import CLI

@Suite("Finding the gateway")
struct ConnectionTests {
    private func resolve(
        _ arguments: [String], files: [String: String] = [:], environment: [String: String] = [:]
    ) throws -> Connection {
        let options = try ConnectionOptions.parse(arguments)
        let console = Console(style: .plain, errorStyle: .plain, out: { _ in }, error: { _ in })
        return try options.resolved(
            in: Surroundings(
                environment: environment, console: console, transport: { HTTPTransport($0) },
                readFile: { path, _ in
                    guard let text = files[path] else { throw CommandFailure.message("no \(path)", remedy: nil) }
                    return Array(text.utf8)
                }, now: { "" }, pause: { _ in }))
    }

    @Test("Flags stand above variables, variables above defaults")
    func order() throws {
        let files = ["./sluice-data/admin.key": "a\n", "/v/admin.key": "b", "/f/admin.key": " c \n"]
        #expect(try resolve([], files: files) == Connection(url: "http://127.0.0.1:8080", key: "a"))
        let variables = ["SLUICE_URL": "http://localhost:1/", "SLUICE_DATA": "/v"]
        #expect(
            try resolve([], files: files, environment: variables) == Connection(url: "http://localhost:1", key: "b"))
        #expect(
            try resolve(["--url", "https://[::1]:2", "--data", "/f"], files: files, environment: variables)
                == Connection(url: "https://[::1]:2", key: "c"))
        #expect(try resolve([], files: files, environment: ["SLUICE_API_KEY": "d"]).key == "d")
        #expect(try resolve([], files: files, environment: ["SLUICE_API_KEY": ""]).key == "a")
    }

    @Test(
        "The key on the disk is never sent to another machine",
        arguments: ["http://example.com:8080", "http://10.0.0.1", "http://127.0.0.1.example.com"])
    func keyStaysHere(url: String) throws {
        let files = ["./sluice-data/admin.key": "a"]
        #expect(throws: CommandFailure.self) { try resolve(["--url", url], files: files) }
        #expect(try resolve(["--url", url], files: files, environment: ["SLUICE_API_KEY": "k"]).url == url)
    }

    @Test("A key that would break a header is refused", arguments: ["", " ", "a b", "a\nX: y", "é"])
    func badKeys(key: String) {
        #expect(throws: CommandFailure.self) { try resolve([], files: ["./sluice-data/admin.key": key]) }
    }

    @Test(
        "An address that is none is refused",
        arguments: ["localhost:8080", "ftp://a", "http://", "http://a/b", "http://u@a", "http://a b"])
    func badAddresses(url: String) {
        #expect(throws: CommandFailure.self) { try resolve(["--url", url], environment: ["SLUICE_API_KEY": "k"]) }
    }
}
