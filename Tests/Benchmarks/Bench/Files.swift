import Glibc
import Logging

/// Files of the benches.
enum Files {
    static func write(_ text: String, to path: String) throws {
        guard let file = fopen(path, "w") else { throw BenchFailure("cannot write \(path)") }
        defer { fclose(file) }
        let bytes = Array(text.utf8)
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw BenchFailure("cannot write \(path)") }
    }

    /// Where `swift build` puts the adapters' libraries: beside this program.
    static let executable: String = {
        var buffer = [CChar](repeating: 0, count: 4_096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        return String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }()
    static let executableDirectory = executable.lastIndex(of: "/").map { String(executable[..<$0]) } ?? "."
}

extension Logger {
    static var quiet: Logger {
        var logger = Logger(label: "sluice-bench")
        logger.logLevel = .error
        return logger
    }
}
