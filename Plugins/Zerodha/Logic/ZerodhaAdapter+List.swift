import AdapterKit
import Exact

extension ZerodhaAdapter {
    /// The list of one exchange as the broker writes it: the host's own reading takes all of them, and says of a line that
    /// it skipped no more than a reason.
    static let listCall = Connections.VendorCall(
        "instruments", .read,
        "the broker's list of instruments, of one exchange or of all: its size and its first lines",
        argumentsSchema: Schema.object([
            "exchange": "{\"enum\":[\(Exchange.allCases.map { "\"\($0.rawValue)\"" }.joined(separator: ","))]}"
        ]))

    func showList(_ text: String, _ command: Command) {
        let call: Call
        do throws(AdapterError) {
            var arguments = try Arguments(text: text)
            var exchange: Exchange?
            if let word = try arguments.optionalText("exchange") {
                guard let known = Exchange(rawValue: word) else {
                    throw .invalid("exchange \(word) is none of the broker's", field: "arguments.exchange")
                }
                exchange = known
            }
            try arguments.end()
            call = .instruments(exchange)
        } catch {
            command.notSent(error)
            return
        }
        let excerpt = ListExcerpt()
        var request = request(call, for: command)
        request.maxBody = DumpReading.maxBody
        request.totalTimeoutNanoseconds = DumpReading.timeoutNanoseconds
        let status = host.send(
            request, parts: { excerpt.add($0) },
            then: { answer in
                guard answer.isSuccess else {
                    let body = try? JSONValue.parse(excerpt.beginning)
                    command.fail(answer.transport.error ?? Failure.read(status: answer.status, body: body))
                    return
                }
                command.ok(document: excerpt.document)
            })
        if !status.isOK { command.notSent(.refused(status)) }
    }
}

/// The size of a list, and its first lines.
private final class ListExcerpt {
    /// The first bytes of the answer.
    private(set) var beginning: [UInt8] = []
    private var bytes = 0
    private var lines = 0

    private static let most = 16_384

    func add(_ part: Bytes) {
        part.withUnsafeBytes { part in
            bytes += part.count
            for byte in part where byte == UInt8(ascii: "\n") { lines += 1 }
            if beginning.count < Self.most { beginning.append(contentsOf: part.prefix(Self.most - beginning.count)) }
        }
    }

    var document: String {
        var first = beginning.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
        // The last one may be half a line.
        if bytes > beginning.count { _ = first.popLast() }
        var json = JSONWriter(reserving: Self.most * 2)
        json.beginObject()
        json.key("bytes")
        json.int(Int64(bytes))
        json.key("lines")
        json.int(Int64(lines))
        json.key("first")
        json.beginArray()
        for line in first { json.string(line) }
        json.endArray()
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
