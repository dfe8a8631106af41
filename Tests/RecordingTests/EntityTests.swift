import CSluice
import Exact
import Testing

@testable import Recording

@Suite("Entities as frames") struct EntityTests {
    @Test("No byte of an entity is left out of a frame", arguments: Entity.all.map(\.name))
    func everyByte(name: String) throws {
        let entity = try #require(Entity.all.first { $0.name == name })
        var next = 4  // struct_size
        for field in entity.fields.sorted(by: { $0.offset < $1.offset }) {
            // A number of four bytes may be reserved, or fill up to the next one of eight.
            #expect(field.offset == next || field.offset == next + 4, "before \(field.name)")
            next = field.offset + field.shape.size
        }
        #expect(entity.size - next <= 4, "behind the last field")
        #expect(Set(entity.fields.map(\.name)).count == entity.fields.count)
    }

    @Test("An entity built from its frame makes the same frame", arguments: 0..<200)
    func roundTrip(seed: UInt64) throws {
        var random = Seeded(seed: seed)
        let entity = Entity.all[Int(seed) % Entity.all.count]
        let value = JSONValue.object(random.object(entity))
        let memory = EntityMemory()
        let built = try #require(memory.entity(value, entity))
        var frame = FrameWriter()
        frame.json.beginObject()
        frame.entity("it", built, entity)
        frame.json.endObject()
        let read = try JSONValue.parse(frame.json.bytes, limits: .large)
        #expect(Self.plain(read["it"] ?? .null) == Self.plain(value))
    }

    /// Embedded entities are written though nothing of them is set.
    private static func plain(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            var kept = JSONObject()
            for (key, value) in object {
                let inner = plain(value)
                if inner.object?.isEmpty != true { kept.append(key, inner) }
            }
            return .object(kept)
        case .array(let items): return .array(items.map(plain))
        default: return value
        }
    }

    @Test(
        "A decimal keeps its mantissa and its exponent",
        arguments: [
            "0", "0.00", "-0.05", "2500.05", "2500.050", "25e2", "-1e38", "170141183460469231731687303715884105727",
            "0.00000000000000000000000000000000000001",
        ])
    func decimals(text: String) throws {
        let value = try #require(DecimalText.value(text))
        #expect(DecimalText.text(value.mantissa, value.exponent) == text)
    }

    @Test("Bytes that are no text come back from base64", arguments: 0..<64)
    func base64(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: 255 - $0 * 7) }
        #expect(Base64.bytes(bytes.withUnsafeBytes { Base64.text($0) }) == bytes)
    }

    @Test("A length that cannot be is written as broken and not read")
    func broken() throws {
        var frame = FrameWriter()
        frame.json.beginObject()
        frame.text("text", sluice_str(ptr: nil, len: 7))
        frame.bytes("bytes", sluice_bytes(ptr: UnsafePointer(bitPattern: 16), len: .max))
        frame.list("list", sluice_span(ptr: nil, count: 3, stride: 8, reserved: 0), .fee)
        frame.json.endObject()
        let read = try JSONValue.parse(frame.json.bytes)
        for name in ["text", "bytes", "list"] { #expect(read[name]?["broken"] != nil, "\(name)") }
    }
}

@Suite("Reading a recording") struct ReaderTests {
    private static let header =
        #"{"sluice_recording":1,"adapter":"acme","version":"1","sha256":"","abi_minor":0,"started_at":"now"}"#

    private static func read(_ lines: [String]) throws -> (calls: [RecordedCall], ending: String?) {
        var reader = try RecordingReader(Array(lines.joined(separator: "\n").utf8) + [10])
        var calls: [RecordedCall] = []
        while let call = try reader.next() { calls.append(call) }
        return (calls, reader.ending)
    }

    @Test("A call comes with the host calls it made, and the end of the session ends the recording")
    func calls() throws {
        let (calls, ending) = try Self.read([
            Self.header, #"{"n":1,"lane":"open","now":5,"arguments":{"token":7}}"#,
            #"{"n":2,"host":"complete","arguments":{"token":7},"yields":{},"status":0}"#,
            #"{"n":3,"done":"open","status":0}"#, #"{"n":4,"lane":"destroy","arguments":{}}"#,
            #"{"n":5,"done":"destroy","status":0}"#,
        ])
        #expect(calls.map(\.name) == ["open", "destroy"])
        #expect(calls[0].hostCalls.map(\.name) == ["complete"])
        #expect(calls[0].now == 5)
        #expect(ending == nil)
    }

    @Test("A recording that broke off says so, and its last call is left out")
    func cut() throws {
        let (calls, ending) = try Self.read([Self.header, #"{"n":1,"lane":"open","now":5,"arguments":{}}"#])
        #expect(calls.isEmpty)
        #expect(ending == "the recording breaks off in frame 1, open, which was not replayed")
        let stopped = try Self.read([Self.header, #"{"end":"stopped","text":"its bound of 1 MiB is reached"}"#])
        #expect(stopped.ending == "the recording stopped: its bound of 1 MiB is reached")
    }

    @Test(
        "What is no recording is refused with its line",
        arguments: [
            ([], "it is no recording"), (["{}"], "it is no recording"), ([header, "{"], "line 2: "),
            ([header, #"{"n":1}"#], "line 2: it is no frame"),
            ([header, #"{"n":1,"done":"open"}"#], "line 2: a call ends that did not begin"),
        ])
    func refused(lines: [String], words: String) throws {
        let error = #expect(throws: RecordingError.self) { _ = try Self.read(lines) }
        #expect(error?.description.hasPrefix(words) == true, "\(error?.description ?? "")")
    }
}

/// Random frames whose sequence a seed fixes.
private struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }

    mutating func object(_ entity: Entity) -> JSONObject {
        var object = JSONObject()
        for field in entity.fields where Int.random(in: 0..<4, using: &self) > 0 {
            object[field.name] = value(field.shape)
        }
        return object
    }

    private mutating func value(_ shape: Entity.Shape) -> JSONValue {
        switch shape {
        case .uint32: .number("\(UInt32.random(in: 1 ... .max, using: &self))")
        case .uint64: .number("\(UInt64.random(in: 1 ... .max, using: &self))")
        case .int64, .time: .number("\(Int64.random(in: 1 ... .max, using: &self))")
        case .text: .string(["", "AB1", "a\"b\\c\u{1}é", "***"].randomElement(using: &self) ?? "")
        case .bytes: Bool.random(using: &self) ? .string("{\"a\":1}") : ["base64": "/wD+"]
        case .decimal: .string(["0", "-2500.050", "25e2", "0.05"].randomElement(using: &self) ?? "0")
        case .embedded(let entity), .pointer(let entity): .object(object(entity))
        case .list(let entity):
            .array((0..<Int.random(in: 1...3, using: &self)).map { _ in .object(object(entity)) })
        case .numbers(let width): .array([.number(width == 4 ? "4294967295" : "18446744073709551615"), 0])
        }
    }
}
