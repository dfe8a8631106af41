import CSluice

/// A template laid out for the boundary. Made once and used for any number of requests.
public final class PreparedTemplate {
    /// `sluice_node`s, then the operands, then the bytes. Nothing in it changes after `init`.
    private let memory: UnsafeMutableRawPointer
    let nodeCount: Int
    private let operandCount: Int

    /// Lays a template out.
    public init(_ template: Template) {
        var list = NodeList()
        list.add(template)
        nodeCount = list.nodes.count
        operandCount = list.operands.count
        let operandsAt = nodeCount * SLUICE_SIZE_node
        let bytesAt = operandsAt + operandCount * 4
        memory = .allocate(byteCount: max(bytesAt + list.bytes.count, 16), alignment: 16)
        for (index, operand) in list.operands.enumerated() {
            memory.storeBytes(of: operand, toByteOffset: operandsAt + index * 4, as: UInt32.self)
        }
        list.bytes.withUnsafeBytes { source in
            if let start = source.baseAddress {
                (memory + bytesAt).copyMemory(from: start, byteCount: source.count)
            }
        }
        for (index, node) in list.nodes.enumerated() {
            var entity = sluice_node()
            entity.struct_size = UInt32(SLUICE_SIZE_node)
            entity.kind = node.kind
            entity.format = node.format
            entity.secret = node.secret
            entity.number = node.number
            if node.hasBytes {
                let start = (memory + bytesAt + node.bytesStart).assumingMemoryBound(to: UInt8.self)
                entity.bytes = sluice_bytes(ptr: UnsafePointer(start), len: UInt64(node.bytesCount))
            }
            if node.operandCount > 0 {
                entity.operands = sluice_span(
                    ptr: UnsafeRawPointer(memory + operandsAt + node.operandStart * 4),
                    count: UInt64(node.operandCount), stride: 4, reserved: 0)
            }
            (memory + index * SLUICE_SIZE_node).assumingMemoryBound(to: sluice_node.self).pointee = entity
        }
    }

    deinit { memory.deallocate() }

    /// The template where it lies.
    @inline(__always)
    var entity: sluice_template {
        var entity = sluice_template()
        entity.struct_size = UInt32(SLUICE_SIZE_template)
        entity.nodes = sluice_span(
            ptr: UnsafeRawPointer(memory), count: UInt64(nodeCount), stride: UInt32(SLUICE_SIZE_node), reserved: 0)
        return entity
    }

    /// Copies the nodes behind others: their operands move by as many places.
    func copyNodes(to target: UnsafeMutableRawPointer, after earlier: Int, _ scratch: inout Scratch) {
        target.copyMemory(from: memory, byteCount: nodeCount * SLUICE_SIZE_node)
        guard earlier > 0 else { return }
        for index in 0..<nodeCount {
            let node = (target + index * SLUICE_SIZE_node).assumingMemoryBound(to: sluice_node.self)
            let count = Int(node.pointee.operands.count)
            guard count > 0, let old = node.pointee.operands.ptr else { continue }
            let moved = scratch.take(count * 4)
            for place in 0..<count {
                let operand = old.loadUnaligned(fromByteOffset: place * 4, as: UInt32.self)
                moved.storeBytes(of: operand + UInt32(earlier), toByteOffset: place * 4, as: UInt32.self)
            }
            node.pointee.operands.ptr = UnsafeRawPointer(moved)
        }
    }
}

/// The nodes of a template in the order in which they are made.
private struct NodeList {
    struct Node {
        var kind: UInt32
        var format: UInt32 = 0
        var secret: UInt64 = 0
        var number: Int64 = 0
        var hasBytes = false
        var bytesStart = 0
        var bytesCount = 0
        var operandStart = 0
        var operandCount = 0
    }

    var nodes: [Node] = []
    var operands: [UInt32] = []
    var bytes: [UInt8] = []

    @discardableResult
    mutating func add(_ template: Template) -> UInt32 {
        switch template {
        case .literal(let bytes): append(Node(kind: SLUICE_NODE_LITERAL), bytes: bytes)
        case .secret(let handle): append(Node(kind: SLUICE_NODE_SECRET, secret: handle.rawValue))
        case .now(let format, let offset):
            append(Node(kind: SLUICE_NODE_NOW, format: format.rawValue, number: offset))
        case .nonce(let unit): append(Node(kind: SLUICE_NODE_NONCE, format: unit.rawValue))
        case .random(let format, let count):
            append(Node(kind: SLUICE_NODE_RANDOM, format: format.rawValue, number: Int64(count)))
        case .digest(let hash, let text):
            append(Node(kind: SLUICE_NODE_DIGEST, format: hash.rawValue), [add(text)])
        case .hmac(let hash, .secret(let key), let text):
            append(Node(kind: SLUICE_NODE_HMAC, format: hash.rawValue, secret: key.rawValue), [add(text)])
        case .hmac(let hash, .made(let key), let text):
            append(Node(kind: SLUICE_NODE_HMAC, format: hash.rawValue), [add(text), add(key)])
        case .sign(let signature, let key, let text):
            append(Node(kind: SLUICE_NODE_SIGN, format: signature.rawValue, secret: key.rawValue), [add(text)])
        case .encode(let encoding, let inner):
            append(Node(kind: SLUICE_NODE_ENCODE, format: encoding.rawValue), [add(inner)])
        case .decode(let encoding, let inner):
            append(Node(kind: SLUICE_NODE_DECODE, format: encoding.rawValue), [add(inner)])
        case .length(let inner): append(Node(kind: SLUICE_NODE_LENGTH), [add(inner)])
        case .joined(let parts, let separator):
            append(Node(kind: SLUICE_NODE_CONCAT), parts.map { add($0) }, bytes: Array(separator.utf8))
        case .slot(.value(let number)):
            append(Node(kind: SLUICE_NODE_SLOT, format: SLUICE_SLOT_VALUE, number: Int64(number)))
        case .slot(let slot): append(Node(kind: SLUICE_NODE_SLOT, format: slot.format))
        case .totp(let secret, let digits, let isBase32):
            append(
                Node(
                    kind: SLUICE_NODE_TOTP, format: isBase32 ? SLUICE_ENCODE_BASE32 : 0, secret: secret.rawValue,
                    number: Int64(digits)))
        case .jwt(let header, let claims, let signature, let key):
            append(
                Node(kind: SLUICE_NODE_JWT, format: signature.format, secret: key.rawValue),
                [add(header), add(claims)])
        case .modularPower(let base, let exponent, let modulus):
            append(Node(kind: SLUICE_NODE_MOD_POWER), [add(base), add(exponent), add(modulus)])
        case .decrypt(let key, let inner):
            append(Node(kind: SLUICE_NODE_DECRYPT, secret: key.rawValue), [add(inner)])
        }
    }

    private mutating func append(_ node: Node, _ earlier: [UInt32] = [], bytes: [UInt8]? = nil) -> UInt32 {
        var node = node
        node.operandStart = operands.count
        node.operandCount = earlier.count
        operands += earlier
        if let bytes {
            node.hasBytes = true
            node.bytesStart = self.bytes.count
            node.bytesCount = bytes.count
            self.bytes += bytes
        }
        nodes.append(node)
        return UInt32(nodes.count - 1)
    }
}
