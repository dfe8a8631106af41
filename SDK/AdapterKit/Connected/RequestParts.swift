import CSluice

/// A part of a request while it is written: literal bytes, and templates between them.
struct RequestPart {
    /// Where a template stands: behind so many of the bytes.
    private struct Insert {
        var position: Int
        var template: PreparedTemplate
    }

    var bytes: [UInt8] = []
    private var inserts: [Insert] = []

    var isEmpty: Bool { bytes.isEmpty && inserts.isEmpty }

    mutating func reset() {
        if !bytes.isEmpty { bytes.removeAll(keepingCapacity: true) }
        inserts.clear()
    }

    mutating func append(_ template: PreparedTemplate) {
        inserts.append(Insert(position: bytes.count, template: template))
    }

    /// The part as a template; absent where nothing was written. It changes nothing, and is read where it is.
    mutating func lay(_ scratch: inout Scratch) -> sluice_template {
        if inserts.isEmpty {
            return bytes.isEmpty ? sluice_template() : bytes.withUnsafeBytes { scratch.literal($0) }
        }
        if inserts.count == 1, bytes.isEmpty { return inserts[0].template.entity }
        return join(&scratch)
    }

    /// Bytes and templates in their order, joined by the last node. There are two of them at least.
    private func join(_ scratch: inout Scratch) -> sluice_template {
        let written = bytes.withUnsafeBytes { scratch.copy($0) }
        let nodes = scratch.take((inserts.reduce(inserts.count + 2) { $0 + $1.template.nodeCount }) * SLUICE_SIZE_node)
        let operands = scratch.take((2 * inserts.count + 1) * 4)
        var (used, parts, start) = (0, 0, 0)
        func close(_ nodeCount: Int) {
            used += nodeCount
            operands.storeBytes(of: UInt32(used - 1), toByteOffset: parts * 4, as: UInt32.self)
            parts += 1
        }
        func literal(upTo end: Int) {
            guard end > start else { return }
            scratch.literalNode(at: nodes + used * SLUICE_SIZE_node, written + start, end - start)
            close(1)
            start = end
        }
        for insert in inserts {
            literal(upTo: insert.position)
            insert.template.copyNodes(to: nodes + used * SLUICE_SIZE_node, after: used, &scratch)
            close(insert.template.nodeCount)
        }
        literal(upTo: bytes.count)
        var join = sluice_node()
        join.struct_size = UInt32(SLUICE_SIZE_node)
        join.kind = SLUICE_NODE_CONCAT
        join.operands = scratch.span(operands, count: parts, stride: 4)
        (nodes + used * SLUICE_SIZE_node).assumingMemoryBound(to: sluice_node.self).pointee = join
        return scratch.template(nodes, count: used + 1)
    }
}

extension Array {
    /// Removes the few elements there are, one by one: less than to ask for all of them at once.
    @inline(__always)
    mutating func clear() { while popLast() != nil {} }
}

extension Scratch {
    @inline(__always)
    func literalNode(at target: UnsafeMutableRawPointer, _ start: UnsafeRawPointer, _ count: Int) {
        var node = sluice_node()
        node.struct_size = UInt32(SLUICE_SIZE_node)
        node.kind = SLUICE_NODE_LITERAL
        node.bytes = sluice_bytes(ptr: start.assumingMemoryBound(to: UInt8.self), len: UInt64(count))
        target.assumingMemoryBound(to: sluice_node.self).pointee = node
    }

    /// Bytes that the call's arguments point to.
    @inline(__always)
    mutating func copy(_ bytes: UnsafeRawBufferPointer) -> UnsafeMutableRawPointer {
        let written = take(max(bytes.count, 1))
        if let start = bytes.baseAddress { written.copyMemory(from: start, byteCount: bytes.count) }
        return written
    }

    /// A template of nodes that are laid out.
    @inline(__always)
    func template(_ nodes: UnsafeMutableRawPointer, count: Int) -> sluice_template {
        var entity = sluice_template()
        entity.struct_size = UInt32(SLUICE_SIZE_template)
        entity.nodes = span(nodes, count: count, stride: SLUICE_SIZE_node)
        return entity
    }

    /// A template of one literal.
    mutating func literal(_ text: UnsafeRawBufferPointer) -> sluice_template { literal(at: copy(text), text.count) }

    /// A template of one literal that lies there already.
    @inline(__always)
    mutating func literal(at start: UnsafeRawPointer, _ count: Int) -> sluice_template {
        let node = take(SLUICE_SIZE_node)
        literalNode(at: node, start, count)
        return template(node, count: 1)
    }

    /// A template that somebody keeps until the call is over.
    func template(_ template: PreparedTemplate?) -> sluice_template { template?.entity ?? sluice_template() }
}

/// Headers while they are written.
struct HeaderList {
    private struct Entry {
        var nameCount: Int
        var valueCount: Int
        var template: PreparedTemplate?
    }

    private var text: [UInt8] = []
    private var entries: [Entry] = []

    mutating func reset() {
        guard !entries.isEmpty else { return }
        text.removeAll(keepingCapacity: true)
        entries.clear()
    }

    mutating func append(_ name: String, _ value: String) {
        text.append(contentsOf: name.utf8)
        text.append(contentsOf: value.utf8)
        entries.append(Entry(nameCount: name.utf8.count, valueCount: value.utf8.count, template: nil))
    }

    mutating func append(_ name: String, _ template: PreparedTemplate) {
        text.append(contentsOf: name.utf8)
        entries.append(Entry(nameCount: name.utf8.count, valueCount: 0, template: template))
    }

    /// - Parameters:
    ///   - prepared: Headers that go before.
    ///   - contentType: The last header, of the program's own text.
    mutating func lay(
        after prepared: PreparedHeaders? = nil, contentType: StaticString? = nil, _ scratch: inout Scratch
    ) -> sluice_span {
        let first = prepared?.count ?? 0
        let count = first + entries.count + (contentType == nil ? 0 : 1)
        guard count > 0 else { return sluice_span() }
        let start = scratch.take(count * SLUICE_SIZE_header)
        prepared?.copy(to: start)
        var next = start + first * SLUICE_SIZE_header
        func put(_ name: sluice_str, _ value: sluice_template) {
            var header = sluice_header()
            header.struct_size = UInt32(SLUICE_SIZE_header)
            header.name = name
            header.value = value
            next.assumingMemoryBound(to: sluice_header.self).pointee = header
            next += SLUICE_SIZE_header
        }
        if !entries.isEmpty {
            var at = UnsafeRawPointer(text.withUnsafeBytes { scratch.copy($0) })
            for entry in entries {
                let name = sluice_str(ptr: at.assumingMemoryBound(to: CChar.self), len: UInt64(entry.nameCount))
                at += entry.nameCount
                put(name, entry.template?.entity ?? scratch.literal(at: at, entry.valueCount))
                at += entry.valueCount
            }
        }
        if let contentType {
            put(
                scratch.text("Content-Type"),
                scratch.literal(at: UnsafeRawPointer(contentType.utf8Start), contentType.utf8CodeUnitCount))
        }
        return scratch.span(start, count: count, stride: SLUICE_SIZE_header)
    }
}
