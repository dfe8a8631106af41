import Exact

extension CaseFolder {
    /// A message of a stream that is not of prices.
    static func update(_ entry: CaseEntry) throws(CaseError) -> FrameCase {
        let (bytes, isText) = try content(entry)
        let connection = try entry.text(any: "connection", "channel")
        let source = try entry.text("source") ?? ""
        return FrameCase(
            file: entry.file, name: entry.name, record: entry.object, bytes: bytes, isText: isText,
            expect: try entry.object("expect"), connection: connection,
            isPostback: source.contains("postback body") || source.contains("body of a postback")
                || entry.name.hasPrefix("postback"))
    }

    /// The bytes: hexadecimal, text, or JSON; a JSON string is a text.
    private static func content(_ entry: CaseEntry) throws(CaseError) -> (bytes: [UInt8], isText: Bool) {
        if let bytes = try entry.bytes(any: "frame_hex", "packet_hex") { return (bytes, false) }
        if let text = try entry.text("frame_text") { return (Array(text.utf8), true) }
        guard let frame = entry.object["frame"], !frame.isNull else {
            throw entry.wrong("frame, frame_text or frame_hex", "there", nil)
        }
        return (frame.string.map { Array($0.utf8) } ?? frame.serialized(), true)
    }

    // MARK: Prices

    mutating func readTicks(_ disk: inout CaseDisk) throws(CaseError) {
        let files = disk.files(in: "ticks")
        for file in files where file.hasSuffix(".packet") { try readPacket(file, files, &disk) }
        for file in files where file.hasSuffix(".json") && !disk.read.contains(file) {
            guard let document = try disk.document(file) else { continue }
            let isPacketBeside = files.contains {
                $0.hasSuffix(".packet") && CaseFolder.folder($0) == CaseFolder.folder(file)
            }
            if isPacketBeside, document.array == nil, document["frames"] == nil, document["cases"] == nil {
                disk.forget(file)  // the values of a packet that nobody has: no case
                continue
            }
            try readFrames(try disk.entries(of: document, file, members: ["frames", "cases"]), file, &disk)
            if let second = document["tbt"] {
                try readFrames(try disk.entries(of: second, "\(file) tbt", members: ["frames"]), file, &disk)
            }
        }
        unexplained += files.filter { $0.hasSuffix(".bin") && !disk.read.contains($0) }
    }

    private static func folder(_ file: String) -> Substring { file[..<(file.lastIndex(of: "/") ?? file.startIndex)] }

    /// `X.packet` (base64 of one packet) beside `X.json` (its values).
    private mutating func readPacket(_ file: String, _ files: [String], _ disk: inout CaseDisk) throws(CaseError) {
        let values = String(file.dropLast("packet".count)) + "json"
        guard files.contains(values) else {
            unexplained.append(file)
            return
        }
        guard let text = try disk.bytes(file), let document = try disk.document(values) else { return }
        guard let object = document.object else {
            throw CaseError(description: "\(disk.path)/\(values) must be an object with the packet's values")
        }
        let letters = text.filter { $0 > UInt8(ascii: " ") }
        guard let bytes = CaseFolder.bytes(base64: letters), !bytes.isEmpty else {
            throw CaseError(description: "\(disk.path)/\(file) must be base64 of one packet")
        }
        var frame = FrameCase(
            file: file, name: String(file.split(separator: "/").last?.prefix { $0 != "." } ?? ""), record: object,
            bytes: bytes, isText: false, meaning: .packets([object]))
        frame.isPacket = true
        ticks.append(TickFile(frames: [frame], isOneConnection: false))
    }

    private static func bytes(base64 letters: [UInt8]) -> [UInt8]? {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let digits = letters.prefix { $0 != UInt8(ascii: "=") }
        guard letters.count % 4 == 0, letters.count - digits.count <= 2 else { return nil }
        var bytes: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for digit in digits {
            guard let value = alphabet.firstIndex(of: digit) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            if count >= 8 {
                count -= 8
                bytes.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        return bytes
    }

    private mutating func readFrames(
        _ entries: [CaseEntry], _ file: String, _ disk: inout CaseDisk
    ) throws(CaseError) {
        var frames: [FrameCase] = []
        var remembers = false
        for var entry in entries {
            let label = entry.file
            entry.file = file
            let isOfPrices =
                entry.object["packets"] != nil || entry.object["decoded"] != nil
                || entry.object["frame_hex"] != nil || entry.object["packet_hex"] != nil
                || entry.object["file"] != nil
            guard isOfPrices else {
                updates.append(try CaseFolder.update(entry))
                continue
            }
            var frame = try CaseFolder.frame(entry, &disk)
            frame.file = label
            if case .records = frame.meaning { remembers = true }
            frames.append(frame)
        }
        if !frames.isEmpty { ticks.append(TickFile(frames: frames, isOneConnection: remembers)) }
    }

    private static func frame(_ entry: CaseEntry, _ disk: inout CaseDisk) throws(CaseError) -> FrameCase {
        var bytes = try entry.bytes(any: "frame_hex", "packet_hex")
        if let name = try entry.text("file") {
            let place = folder(entry.file)
            let file = place.isEmpty ? name : "\(place)/\(name)"
            if let stored = try disk.bytes(file) {
                if let bytes, bytes != stored {
                    throw entry.wrong("file", "the bytes of frame_hex (\(file) holds others)", entry.object["file"])
                }
                bytes = stored
            } else if bytes == nil {
                throw entry.wrong("file", "a file of the folder", entry.object["file"])
            }
        }
        guard let bytes else { throw entry.wrong("frame_hex, packet_hex or file", "there", nil) }
        for member in ["frame_bytes", "bytes"] {
            if let size = entry.object[member], size.int64 != Int64(bytes.count) {
                throw entry.wrong(member, "\(bytes.count), as the frame has bytes", size)
            }
        }
        var frame = FrameCase(
            file: entry.file, name: entry.name, record: entry.object, bytes: bytes, isText: false,
            connection: try entry.text("connection"))
        if let packets = try entry.objects("packets") {
            frame.meaning = .packets(packets)
        } else if let decoded = try entry.object("decoded") {
            // A frame that answers the client, changes a state or holds records is of a connection that remembers.
            let isOfMany = ["type", "records", "snapshot"].contains { decoded[$0] != nil }
            frame.meaning = isOfMany ? .records(decoded) : .packets([decoded])
            try checkRecords(decoded, entry)
        } else {
            throw entry.wrong("packets", "a list of what the frame says (or `decoded`, an object)", nil)
        }
        if let answer = try entry.object("client_must_answer") {
            let part = CaseEntry(file: entry.file, index: 0, object: answer)
            guard let bytes = try part.bytes("frame_hex") else {
                throw entry.wrong("client_must_answer.frame_hex", "there", nil)
            }
            frame.answer = bytes
        }
        frame.isBroken = try entry.text("error") != nil
        return frame
    }

    private static func checkRecords(_ decoded: JSONObject, _ entry: CaseEntry) throws(CaseError) {
        let part = CaseEntry(file: entry.file, index: 0, object: decoded)
        guard let records = try part.objects("records") else { return }
        for (index, record) in records.enumerated() {
            guard record["topic"]?.string != nil, record["present_fields"]?.object != nil else {
                throw entry.wrong(
                    "decoded.records[\(index)]", "an object with topic and present_fields", .object(record))
            }
        }
        for (topic, state) in try part.object("state_after") ?? JSONObject() where state.object == nil {
            throw entry.wrong("decoded.state_after.\(topic)", "an object", state)
        }
    }
}
