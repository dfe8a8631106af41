import CBench
import Glibc

/// What the system says of this machine and of processes on it.
enum Machine {
    static func text(_ path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            guard count > 0 else { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    static var cores: Int { sysconf(Int32(_SC_NPROCESSORS_ONLN)) }

    static var load: String { text("/proc/loadavg").split(separator: " ").first.map(String.init) ?? "?" }

    static var description: String {
        let model =
            text("/proc/cpuinfo").split(separator: "\n").first { $0.hasPrefix("model name") }
            .flatMap { $0.split(separator: ":").last }?.drop { $0 == " " } ?? "?"
        return "\(model), \(cores) cores"
    }

    /// Resident memory of a process in KiB; `peak` = the most it ever had.
    static func residentKiB(_ process: pid_t, peak: Bool = false) -> Int64? {
        let name = peak ? "VmHWM:" : "VmRSS:"
        return text("/proc/\(process)/status").split(separator: "\n").first { $0.hasPrefix(name) }
            .flatMap { $0.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int64($0) } }
    }

    struct Thread {
        var id: Int
        var name: String
        /// Processor time in milliseconds.
        var milliseconds: Int64
        var slices: Int64
    }

    /// Threads of a process now.
    static func threads(of process: pid_t = getpid()) -> [Thread] {
        guard let directory = opendir("/proc/\(process)/task") else { return [] }
        defer { closedir(directory) }
        var threads: [Thread] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let id = Int(name) else { continue }
            let task = "/proc/\(process)/task/\(id)"
            let statistics = text("\(task)/schedstat").split(separator: " ").compactMap {
                Int64($0.drop { $0 == "\n" })
            }
            let slices = text("\(task)/schedstat").split(whereSeparator: { $0 == " " || $0 == "\n" }).last.flatMap {
                Int64($0)
            }
            threads.append(
                Thread(
                    id: id, name: text("\(task)/comm").filter { $0 != "\n" },
                    milliseconds: (statistics.first ?? 0) / 1_000_000, slices: slices ?? 0))
        }
        return threads
    }

    /// Processor time by thread name since `before`, in per cent of one core over `nanoseconds`, busiest first.
    static func shares(since before: [Thread], over nanoseconds: Int64, of process: pid_t = getpid()) -> String {
        var busy: [String: Int64] = [:]
        let known = Dictionary(before.map { ($0.id, $0.milliseconds) }, uniquingKeysWith: { first, _ in first })
        for thread in threads(of: process) {
            busy[thread.name, default: 0] += thread.milliseconds - (known[thread.id] ?? 0)
        }
        return busy.filter { $0.value > 0 }.sorted { $0.value > $1.value }
            .map { "\($0.key) \($0.value * 100_000_000 / max(1, nanoseconds))%" }.joined(separator: ", ")
    }

    /// Processor time of all threads since `before`.
    static func milliseconds(since before: [Thread], of process: pid_t = getpid()) -> Int64 {
        let known = Dictionary(before.map { ($0.id, $0.milliseconds) }, uniquingKeysWith: { first, _ in first })
        return threads(of: process).reduce(0) { $0 + $1.milliseconds - (known[$1.id] ?? 0) }
    }
}
