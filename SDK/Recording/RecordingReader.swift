package import Exact

/// Why a recording cannot be read.
package struct RecordingError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}

/// One call of the adapter, with the host calls it made meanwhile.
package struct RecordedCall: Sendable {
    /// One frame that the adapter answers for.
    package struct HostCall: Sendable {
        package var number: Int64
        package var name: String
        /// `nil`: the host found them broken and did not read them.
        package var arguments: JSONValue?
        package var yields: JSONObject
        package var status: Int32
    }
    package var number: Int64
    package var name: String
    package var now: Int64
    package var arguments: JSONObject
    package var hostCalls: [HostCall] = []
    /// The number and status of its end.
    package var doneNumber: Int64 = 0
    package var status: Int32 = 0
}

/// Walks a recording call by call; one is held in memory at a time.
package struct RecordingReader {
    package let header: RecordingHeader
    private let bytes: [UInt8]
    private var position: Int
    /// The line under way, from 1.
    private var line = 1
    /// Frames read.
    package private(set) var frames = 0
    /// Why the recording ends before its session did; `nil`: it does not.
    package private(set) var ending: String? = "the recording ends before its session did"

    private static let limits = JSONLimits(maximumBytes: 1 << 30, maximumDepth: 64, maximumElements: 20_000_000)

    package init(_ bytes: [UInt8]) throws(RecordingError) {
        self.bytes = bytes
        position = 0
        guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")),
            let line = try? JSONValue.parse(Array(bytes[..<end])), let header = RecordingHeader(line)
        else {
            throw RecordingError(
                "it is no recording: the first line is not {\"sluice_recording\":\(RecordingHeader.format),\"adapter\":…}"
            )
        }
        (self.header, position) = (header, end + 1)
    }

    /// The next whole call; `nil`: there is none. A call that the recording broke off in is left out.
    package mutating func next() throws(RecordingError) -> RecordedCall? {
        var call: RecordedCall?
        while let frame = try nextFrame() {
            if let name = frame["lane"]?.string {
                guard call == nil else { throw wrong("a call begins within another") }
                call = RecordedCall(
                    number: EntityMemory.int64(frame["n"]), name: name, now: EntityMemory.int64(frame["now"]),
                    arguments: frame["arguments"]?.object ?? JSONObject())
            } else if let name = frame["host"]?.string {
                call?.hostCalls.append(
                    RecordedCall.HostCall(
                        number: EntityMemory.int64(frame["n"]), name: name, arguments: frame["arguments"],
                        yields: frame["yields"]?.object ?? JSONObject(),
                        status: Int32(clamping: EntityMemory.int64(frame["status"]))))
            } else if frame["done"]?.string != nil {
                guard var done = call else { throw wrong("a call ends that did not begin") }
                done.doneNumber = EntityMemory.int64(frame["n"])
                done.status = Int32(clamping: EntityMemory.int64(frame["status"]))
                if done.name == "destroy" { ending = nil }
                return done
            } else if frame["end"]?.string != nil {
                ending = "the recording stopped: \(frame["text"]?.string ?? "no reason given")"
                return nil
            } else {
                throw wrong("it is no frame: lane, host, done or end is expected")
            }
        }
        if let call {
            ending = "the recording breaks off in frame \(call.number), \(call.name), which was not replayed"
        }
        return nil
    }

    private mutating func nextFrame() throws(RecordingError) -> JSONValue? {
        guard position < bytes.count, let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else {
            return nil  // what stands after the last end of a line was not written whole
        }
        line += 1
        let text = bytes[position..<end]
        position = end + 1
        frames += 1
        do { return try text.withUnsafeBufferPointer { try JSONValue.parse($0, limits: Self.limits) } } catch {
            throw wrong("\(error)")
        }
    }

    private func wrong(_ what: String) -> RecordingError { RecordingError("line \(line): \(what)") }
}
