import CHost
import Dispatch
import Domain
import Glibc
import Logging
import NIOConcurrencyHelpers
import Recording

/// One session's recording on disk, `<data>/recordings/<adapter>/…ndjson`, 0600 in a directory 0700.
///
/// Frames wait in memory for a queue of their own that writes them, so a lane never waits for the disk. Two bounds: the
/// file's, and 8 MiB of frames that the disk has not taken. At either the recording ends with a frame that says so, the
/// log has it, and the session goes on.
final class RecordingFile: FrameSink {
    private struct State {
        var waiting: [UInt8] = []
        var isWriting = false
        var isOpen = true
        var isClosed = false
        var status: RecordingStatus
    }
    private static let waitingBytes = 8 << 20
    /// Room for the frame that says why there is no other.
    private static let lastFrameBytes = 512

    private let bound: Int
    private let file: Int32
    private let logger: Logger
    private let queue: DispatchQueue
    private let state: NIOLockedValueBox<State>

    /// - Throws: words for the operator.
    init(
        _ policy: RecordingPolicy, session: SessionID, dataDirectory: String, startedAt: Timestamp, logger: Logger
    ) throws(SessionFailure) {
        let directory = "\(dataDirectory)/recordings/\(session.adapter)"
        for path in ["\(dataDirectory)/recordings", directory] where mkdir(path, 0o700) != 0 && errno != EEXIST {
            throw SessionFailure(code: "session.recording", reason: "\(path): \(String(cString: strerror(errno)))")
        }
        Self.forget(in: directory, keeping: policy.keep - 1)
        let login = String(
            session.login.utf8.prefix(64).map { byte in
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
                    ? Character(UnicodeScalar(byte)) : "_"
            })
        let start = "\(startedAt)".filter { $0.isASCII && ($0.isNumber || $0.isLetter) }
        let path = "\(directory)/\(start)-\(login)-\(session.role).ndjson"
        file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else {
            throw SessionFailure(code: "session.recording", reason: "\(path): \(String(cString: strerror(errno)))")
        }
        (bound, self.logger) = (policy.sessionMegabytes << 20, logger)
        queue = DispatchQueue(label: "recording-\(session.adapter)")
        state = NIOLockedValueBox(State(status: RecordingStatus(path: path, bytes: 0, frames: 0)))
        logger.notice("Recording the session", metadata: ["path": "\(path)", "bound.mb": "\(policy.sessionMegabytes)"])
    }

    var status: RecordingStatus { state.withLockedValue { $0.status } }
    var isOpen: Bool { state.withLockedValue { $0.isOpen } }

    func append(_ frame: [UInt8]) {
        let (mustWrite, stopped) = state.withLockedValue { state -> (Bool, String?) in
            guard state.isOpen else { return (false, nil) }
            let reason: String? =
                if state.status.bytes + frame.count + 1 > bound - Self.lastFrameBytes {
                    "its bound of \(bound >> 20) MiB is reached"
                } else if !state.waiting.isEmpty, state.waiting.count + frame.count > Self.waitingBytes {
                    "the disk is slower than the session"
                } else { nil }
            if let reason {
                Self.stop(&state, reason)
            } else {
                state.waiting += frame
                state.waiting.append(UInt8(ascii: "\n"))
                state.status.bytes += frame.count + 1
                state.status.frames += 1
            }
            defer { state.isWriting = true }
            return (!state.isWriting, reason)
        }
        if let stopped { told(stopped) }
        if mustWrite { queue.async { self.write() } }
    }

    func end() {
        let mustWrite = state.withLockedValue { state in
            (state.isOpen, state.isClosed) = (false, true)
            defer { state.isWriting = true }
            return !state.isWriting
        }
        if mustWrite { queue.async { self.write() } }
    }

    private static func stop(_ state: inout State, _ reason: String) {
        state.isOpen = false
        state.status.stopped = reason
        let last = Array(#"{"end":"stopped","text":"\#(reason)"}"#.utf8) + [UInt8(ascii: "\n")]
        state.waiting += last
        state.status.bytes += last.count
    }

    private func told(_ reason: String) {
        logger.warning(
            "Recording stopped, the session goes on", metadata: ["path": "\(status.path)", "reason": "\(reason)"])
    }

    /// Writes what waits until nothing does. On `queue` alone.
    private func write() {
        while true {
            let (bytes, isClosed) = state.withLockedValue { state -> ([UInt8], Bool) in
                let bytes = state.waiting
                state.waiting = []
                if bytes.isEmpty { state.isWriting = false }
                return (bytes, state.isClosed)
            }
            if bytes.isEmpty {
                if isClosed { close(file) }
                return
            }
            guard !writeAll(bytes) else { continue }
            let reason = "it cannot be written: \(String(cString: strerror(errno)))"
            state.withLockedValue { state in
                (state.isOpen, state.status.stopped) = (false, reason)
                state.waiting = []
            }
            told(reason)
        }
    }

    private func writeAll(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { memory in
            var done = 0
            while done < memory.count {
                let count = Glibc.write(file, memory.baseAddress.map { $0 + done }, memory.count - done)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return false }
                done += count
            }
            return true
        }
    }

    /// Deletes the oldest recordings; their names begin with when they did.
    private static func forget(in directory: String, keeping count: Int) {
        guard let stream = opendir(directory) else { return }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            // Where it lies: an entry is shorter than its type, and a copy would read beyond the directory's buffer.
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".ndjson") { names.append(name) }
        }
        for name in names.sorted().dropLast(count) { unlink("\(directory)/\(name)") }
    }
}
