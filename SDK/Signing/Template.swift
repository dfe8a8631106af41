import CSluice

/// A value that is made when a request leaves (`sluice_template`): nodes in order, the last of which is the value.
///
/// A template that exists is whole: its kinds, formats, operands and bounds were checked when it was made, so that making
/// its value fails only for what is known at that moment (a secret that is gone, a key of the wrong kind, a size).
/// All texts and operands lie in two pools, so a template costs three allocations however many nodes it has, and one of a
/// single literal, as most parts of a request are, its bytes alone.
public struct Template: Hashable, Sendable {
    /// Nodes a template may have.
    public static let mostNodes = 256
    /// Bytes that a template may make, intermediate values included.
    public static let mostBytes = 1 << 20

    /// One step. Which fields count depends on `kind` (`SLUICE_NODE_*` of services.h).
    struct Node: Hashable, Sendable {
        var kind: UInt32
        var format: UInt32
        var secret: UInt64
        var number: Int64
        var textStart: Int32
        var textCount: Int32
        var operandStart: Int32
        var operandCount: Int32
    }

    /// Empty while the template is one literal.
    private(set) var nodes: [Node] = []
    private(set) var pool: [UInt8] = []
    private(set) var operands: [UInt8] = []
    private(set) var isLiteral = false

    /// A template without nodes, which is the contract's "absent".
    public init() {}

    /// A template of one literal.
    public init(literal: [UInt8]) throws(TemplateError) {
        try add(SLUICE_NODE_LITERAL, bytes: literal)
    }

    /// Whether the contract counts the template as absent.
    public var isAbsent: Bool { nodes.isEmpty && !isLiteral }

    /// The bytes of a template that is one literal, and `nil` for every other.
    public var literal: [UInt8]? {
        isLiteral ? pool : nil
    }

    /// How many nodes there are.
    var count: Int { isLiteral ? 1 : nodes.count }

    /// Writes a single literal down as a node, since it is no longer the only one.
    private mutating func unfold() {
        isLiteral = false
        nodes.append(
            Node(
                kind: SLUICE_NODE_LITERAL, format: 0, secret: 0, number: 0, textStart: 0, textCount: Int32(pool.count),
                operandStart: 0, operandCount: 0))
    }

    /// Adds one node and returns its index.
    ///
    /// - Parameters:
    ///   - kind: `SLUICE_NODE_*`.
    ///   - format: as the kind asks.
    ///   - bytes: LITERAL's bytes, CONCAT's separator.
    ///   - secret: a handle, 0 = none.
    ///   - number: as the kind asks.
    ///   - operands: indices of nodes added before.
    @discardableResult
    public mutating func add(
        _ kind: UInt32, format: UInt32 = 0, bytes: [UInt8] = [], secret: UInt64 = 0, number: Int64 = 0,
        operands: [Int] = []
    ) throws(TemplateError) -> Int {
        let index = count
        guard operands.allSatisfy({ (0..<index).contains($0) }) else { throw TemplateError(node: index, .operandOrder) }
        return try bytes.withUnsafeBytes { bytes in
            Result { () throws(TemplateError) in
                try append(kind, format, bytes, secret, number, operandCount: operands.count) { operands[$0] }
            }
        }.get()
    }

    /// The same with operands by place, so that reading a view makes no array.
    mutating func append(
        _ kind: UInt32, _ format: UInt32, _ bytes: UnsafeRawBufferPointer, _ secret: UInt64, _ number: Int64,
        operandCount: Int, operand: (Int) -> Int
    ) throws(TemplateError) -> Int {
        let index = count
        guard index < Template.mostNodes else { throw TemplateError(node: -1, .tooManyNodes) }
        guard pool.count + bytes.count <= Template.mostBytes else { throw TemplateError(node: index, .tooLarge) }
        guard operandCount <= Template.mostNodes else { throw TemplateError(node: index, .operandCount) }
        if index == 0, kind == SLUICE_NODE_LITERAL, operandCount == 0, format == 0, secret == 0, number == 0 {
            pool = [UInt8](bytes)
            isLiteral = true
            return index
        }
        if isLiteral { unfold() }
        let node = Node(
            kind: kind, format: format, secret: secret, number: number, textStart: Int32(pool.count),
            textCount: Int32(bytes.count), operandStart: Int32(operands.count), operandCount: Int32(operandCount))
        pool.append(contentsOf: bytes)
        for place in 0..<operandCount {
            let earlier = operand(place)
            guard earlier >= 0, earlier < index else { throw TemplateError(node: index, .operandOrder) }
            operands.append(UInt8(earlier))  // below 256, as every index of a node is
        }
        if let reason = node.fault { throw TemplateError(node: index, reason) }
        nodes.append(node)
        return index
    }

    mutating func reserve(nodes count: Int) { if count > 1 { nodes.reserveCapacity(count) } }

    @inline(__always)
    func operand(_ node: Node, _ place: Int) -> Int { Int(operands[Int(node.operandStart) + place]) }
}

extension Template.Node {
    /// What makes a node unusable whatever the moment, or `nil`.
    var fault: TemplateError.Reason? {
        switch kind {
        case SLUICE_NODE_LITERAL: return operandCount == 0 ? nil : .operandCount
        case SLUICE_NODE_SECRET: return operandCount != 0 ? .operandCount : secret == 0 ? .missingKey : nil
        case SLUICE_NODE_NOW:
            if operandCount != 0 { return .operandCount }
            return (SLUICE_NOW_SECONDS...SLUICE_NOW_SECONDS_MS).contains(format) ? nil : .unknownFormat
        case SLUICE_NODE_NONCE:
            if operandCount != 0 { return .operandCount }
            return (SLUICE_NOW_SECONDS...SLUICE_NOW_NANOSECONDS).contains(format) ? nil : .unknownFormat
        case SLUICE_NODE_RANDOM:
            if operandCount != 0 { return .operandCount }
            if format > SLUICE_RANDOM_UUID { return .unknownFormat }
            return format == SLUICE_RANDOM_UUID || (1...4096).contains(number) ? nil : .outOfRange
        case SLUICE_NODE_DIGEST:
            return operandCount != 1 ? .operandCount : Hash(rawValue: format) == nil ? .unknownFormat : nil
        case SLUICE_NODE_HMAC:
            if Hash(rawValue: format) == nil { return .unknownFormat }
            if operandCount == 1, secret == 0 { return .missingKey }
            return operandCount == (secret == 0 ? 2 : 1) ? nil : .operandCount
        case SLUICE_NODE_SIGN:
            if operandCount != 1 { return .operandCount }
            return Signature(rawValue: format) == nil ? .unknownFormat : secret == 0 ? .missingKey : nil
        case SLUICE_NODE_ENCODE:
            if operandCount != 1 { return .operandCount }
            return Encoding(rawValue: format) == nil ? .unknownFormat : nil
        case SLUICE_NODE_DECODE:
            if operandCount != 1 { return .operandCount }
            return Encoding(rawValue: format)?.canDecode == true ? nil : .unknownFormat
        case SLUICE_NODE_LENGTH: return operandCount == 1 ? nil : .operandCount
        case SLUICE_NODE_CONCAT: return nil
        case SLUICE_NODE_SLOT:
            if operandCount != 0 { return .operandCount }
            guard let slot = Slot(rawValue: format) else { return .unknownFormat }
            return slot == .value && !(0...255).contains(number) ? .outOfRange : nil
        case SLUICE_NODE_TOTP:
            if operandCount != 0 { return .operandCount }
            if secret == 0 { return .missingKey }
            if format != 0, format != SLUICE_ENCODE_BASE32 { return .unknownFormat }
            return number == 0 || (6...8).contains(number) ? nil : .outOfRange
        case SLUICE_NODE_JWT:
            if operandCount != 2 { return .operandCount }
            if secret == 0 { return .missingKey }
            guard Hash(rawValue: format)?.isForTokens == true || Signature(rawValue: format)?.isForTokens == true else {
                return .unknownFormat
            }
            return nil
        case SLUICE_NODE_MOD_POWER: return operandCount == 3 ? nil : .operandCount
        case SLUICE_NODE_DECRYPT: return operandCount != 1 ? .operandCount : secret == 0 ? .missingKey : nil
        default: return .unknownKind
        }
    }
}
