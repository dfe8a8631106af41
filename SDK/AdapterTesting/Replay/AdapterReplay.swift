import AdapterKit
import CSluice
import Exact
import Recording

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Why a recording cannot be replayed.
public struct ReplayError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
}

/// Plays a recording to a build of the adapter and says what it did otherwise.
///
/// The adapter is called as it was, with the same entities, time and chance; its own calls of the host are answered as
/// they were. Nothing is sent anywhere.
public enum AdapterReplay {
    /// - Parameter ignored: host functions whose calls are answered and not compared, `log` for one.
    public static func run(
        _ entry: AdapterEntry, recording path: String, ignoring ignored: Set<String> = []
    ) throws(ReplayError) -> ReplayReport {
        guard let bytes = contents(path) else {
            throw ReplayError(description: "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        return try run(entry, recording: bytes, named: path, ignoring: ignored)
    }

    /// The same for a recording in memory.
    public static func run(
        _ entry: AdapterEntry, recording bytes: [UInt8], named name: String = "the recording",
        ignoring ignored: Set<String> = []
    ) throws(ReplayError) -> ReplayReport {
        do {
            var reader = try RecordingReader(bytes)
            let module = try ScriptedHost.negotiate(entry)
            let id = Cell(UnsafeRawPointer(module.pointee.describe(module)))?.text(SLUICE_AT_descriptor_id) ?? ""
            guard id == reader.header.adapter else {
                throw ReplayError(
                    description: "\(name) is of adapter \(reader.header.adapter), and the library is adapter \(id)")
            }
            let replayer = Replayer(module, reader.header, ignoring: ignored)
            while let call = try reader.next() { replayer.play(call) }
            return replayer.finish(reader.ending)
        } catch let error as ReplayError {
            throw error
        } catch let error as ScriptedHostError {
            throw ReplayError(description: "the library refused the host: \(error.text)")
        } catch {
            throw ReplayError(description: "\(name): \(error)")
        }
    }

    private static func contents(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = fread(&part, 1, part.count, file)
            if count == 0 { return ferror(file) == 0 ? bytes : nil }
            bytes += part[..<count]
        }
    }
}
