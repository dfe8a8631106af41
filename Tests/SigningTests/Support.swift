import CSluice
import Exact
import Signing

/// A moment, secrets by number, a counter for nonces and chance.
struct TestEnvironment: TemplateEnvironment {
    var secrets: [UInt64: Secret] = [:]
    var nowNanoseconds: Int64 = 1_700_000_000_123_456_789
    var lastNonce: Int64 = 0
    var chance: UInt8 = 0

    func secret(_ handle: UInt64) -> Secret? { secrets[handle] }

    mutating func nextNonce(unitNanoseconds: Int64) -> Int64 {
        lastNonce = max(lastNonce + 1, nowNanoseconds / unitNanoseconds)
        return lastNonce
    }

    mutating func fillRandom(_ bytes: UnsafeMutableRawBufferPointer) {
        for index in bytes.indices {
            chance &+= 7
            bytes[index] = chance
        }
    }
}

/// One node of a template under test.
struct TestNode {
    var kind: UInt32
    var format: UInt32 = 0
    var bytes: [UInt8] = []
    var secret: UInt64 = 0
    var number: Int64 = 0
    var operands: [Int] = []
}

/// Makes a template of nodes and its value as text.
func make(
    _ nodes: [TestNode], in environment: inout TestEnvironment, slots: TemplateSlots = TemplateSlots()
) throws -> [UInt8] {
    var template = Template()
    for node in nodes {
        try template.add(
            node.kind, format: node.format, bytes: node.bytes, secret: node.secret, number: node.number,
            operands: node.operands)
    }
    return try TemplateEvaluator().value(template, in: &environment, slots: slots)
}

func make(_ nodes: [TestNode], secrets: [UInt64: Secret] = [:]) throws -> [UInt8] {
    var environment = TestEnvironment(secrets: secrets)
    return try make(nodes, in: &environment)
}

func literal(_ text: String) -> TestNode { TestNode(kind: SLUICE_NODE_LITERAL, bytes: Array(text.utf8)) }
func literal(_ bytes: [UInt8]) -> TestNode { TestNode(kind: SLUICE_NODE_LITERAL, bytes: bytes) }
func hex(of operand: Int) -> TestNode {
    TestNode(kind: SLUICE_NODE_ENCODE, format: SLUICE_ENCODE_HEX, operands: [operand])
}

func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

/// Bytes of hexadecimal digits.
func bytes(_ hex: String) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = hex[...]
    while let pair = Optional(rest.prefix(2)), pair.count == 2 {
        bytes.append(UInt8(pair, radix: 16) ?? 0)
        rest = rest.dropFirst(2)
    }
    return bytes
}
