import CSluice
import Glibc

extension Template {
    /// Copies a template out of the other side's memory, checking everything on the way.
    ///
    /// - Parameters:
    ///   - view: a `sluice_template`; null is absent.
    ///   - room: bytes that the entity has at most, where it stands by value inside another.
    public init(reading view: UnsafeRawPointer?, room: Int = Int.max) throws(TemplateError) {
        self.init()
        guard let view else { return }
        guard room >= 4 else { return }
        let size = min(Int(view.loadUnaligned(as: UInt32.self)), room)
        let spanAt = SLUICE_AT_template_nodes
        guard size >= spanAt + 24 else { return }  // an absent tail reads as zero: no nodes
        let span = try View.Span(view + spanAt, most: Template.mostNodes, node: -1)
        guard span.count > 0 else { return }
        reserve(nodes: span.count)
        for index in 0..<span.count { try read(span[index], index) }
    }

    /// Whether the other side's memory holds just this template, which was checked when it was read: so it need not be
    /// read again. `false` of whatever is broken, too.
    public func equals(reading view: UnsafeRawPointer, room: Int) -> Bool {
        let spanAt = SLUICE_AT_template_nodes
        guard room >= 4, min(Int(view.loadUnaligned(as: UInt32.self)), room) >= spanAt + 24,
            let span = try? View.Span(view + spanAt, most: Template.mostNodes, node: -1),
            span.count == count, let start = span.start
        else { return false }
        return pool.withUnsafeBytes { pool in
            guard !isLiteral else {
                return Template.equals(
                    Node(
                        kind: SLUICE_NODE_LITERAL, format: 0, secret: 0, number: 0, textStart: 0,
                        textCount: Int32(pool.count), operandStart: 0, operandCount: 0), start, pool, [])
            }
            return nodes.withUnsafeBufferPointer { nodes in
                for index in 0..<nodes.count
                where !Template.equals(nodes[index], start + index * span.stride, pool, operands) { return false }
                return true
            }
        }
    }

    /// Whether a `sluice_node`, whose size was checked against its stride, is a node with these texts and operands.
    private static func equals(
        _ node: Node, _ cell: UnsafeRawPointer, _ pool: UnsafeRawBufferPointer, _ operands: [UInt8]
    ) -> Bool {
        func uint32(_ offset: Int) -> UInt32 { cell.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
        func uint64(_ offset: Int) -> UInt64 { cell.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
        // One of an older layout is read anew instead.
        guard Int(uint32(0)) >= MemoryLayout<sluice_node>.size else { return false }
        let spanAt = SLUICE_AT_node_operands
        let textCount = uint64(SLUICE_AT_node_bytes + 8)
        let operandCount = uint64(spanAt + SLUICE_AT_span_count)
        guard uint32(SLUICE_AT_node_kind) == node.kind, uint32(SLUICE_AT_node_format) == node.format,
            uint64(SLUICE_AT_node_secret) == node.secret,
            Int64(bitPattern: uint64(SLUICE_AT_node_number)) == node.number,
            textCount == UInt64(node.textCount), operandCount == UInt64(node.operandCount)
        else { return false }
        if textCount > 0 {
            guard let text = UnsafeRawPointer(bitPattern: UInt(uint64(SLUICE_AT_node_bytes))),
                let known = pool.baseAddress, memcmp(known + Int(node.textStart), text, Int(textCount)) == 0
            else { return false }
        }
        guard operandCount > 0 else { return true }
        guard let span = try? View.Span(cell + spanAt, most: Template.mostNodes, node: -1, element: 4) else {
            return false
        }
        for place in 0..<span.count
        where span.element(place).loadUnaligned(as: UInt32.self) != UInt32(operands[Int(node.operandStart) + place]) {
            return false
        }
        return true
    }

    private mutating func read(_ cell: View, _ index: Int) throws(TemplateError) {
        let text = try cell.bytes(SLUICE_AT_node_bytes, node: index)
        let spanAt = SLUICE_AT_node_operands
        let operands =
            cell.size >= spanAt + 24
            ? try View.Span(cell.start + spanAt, most: Template.mostNodes, node: index, element: 4) : View.Span()
        _ = try append(
            cell.uint32(SLUICE_AT_node_kind), cell.uint32(SLUICE_AT_node_format), text,
            cell.uint64(SLUICE_AT_node_secret), Int64(bitPattern: cell.uint64(SLUICE_AT_node_number)),
            operandCount: operands.count
        ) { Int(operands.element($0).loadUnaligned(as: UInt32.self)) }
    }
}

/// A bounded look at one entity of the other side: never past its own size. By offset, since the runtime merges the
/// metadata of imported C structs across images.
struct View {
    let start: UnsafeRawPointer
    let size: Int

    func uint32(_ offset: Int) -> UInt32 {
        offset + 4 <= size ? start.loadUnaligned(fromByteOffset: offset, as: UInt32.self) : 0
    }

    func uint64(_ offset: Int) -> UInt64 {
        offset + 8 <= size ? start.loadUnaligned(fromByteOffset: offset, as: UInt64.self) : 0
    }

    /// The bytes of a `sluice_bytes`; absent ones are empty.
    func bytes(_ offset: Int, node: Int) throws(TemplateError) -> UnsafeRawBufferPointer {
        guard offset + 16 <= size else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let count = uint64(offset + 8)
        guard let memory = UnsafeRawPointer(bitPattern: UInt(uint64(offset))) else {
            guard count == 0 else { throw TemplateError(node: node, .brokenMemory) }
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        guard count <= UInt64(Template.mostBytes) else { throw TemplateError(node: node, .tooLarge) }
        return UnsafeRawBufferPointer(start: memory, count: Int(count))
    }

    struct Span {
        let start: UnsafeRawPointer?
        let count: Int
        let stride: Int

        /// A span without elements.
        init() {
            start = nil
            count = 0
            stride = 0
        }

        private init(start: UnsafeRawPointer, count: Int, stride: Int) {
            self.start = start
            self.count = count
            self.stride = stride
        }

        /// Reads a `sluice_span`. `element` 0: entities that begin with their size; else leaf values of that many bytes.
        init(_ span: UnsafeRawPointer, most: Int, node: Int, element: Int = 0) throws(TemplateError) {
            let count = span.loadUnaligned(fromByteOffset: SLUICE_AT_span_count, as: UInt64.self)
            guard count > 0 else {
                self.init()
                return
            }
            guard count <= UInt64(most) else {
                throw TemplateError(node: node, element == 0 ? .tooManyNodes : .operandCount)
            }
            let stride = Int(span.loadUnaligned(fromByteOffset: SLUICE_AT_span_stride, as: UInt32.self))
            guard let memory = span.loadUnaligned(as: UnsafeRawPointer?.self), stride >= max(element, 4) else {
                throw TemplateError(node: node, .brokenMemory)
            }
            self.init(start: memory, count: Int(count), stride: stride)
            guard element == 0 else { return }
            for index in 0..<self.count where self[index].size > stride || self[index].size < 8 {
                throw TemplateError(node: index, .brokenMemory)
            }
        }

        subscript(index: Int) -> View {
            let element = self.element(index)
            return View(start: element, size: Int(element.loadUnaligned(as: UInt32.self)))
        }

        func element(_ index: Int) -> UnsafeRawPointer {
            precondition(index >= 0 && index < count, "no such element")
            guard let start else { preconditionFailure("a span without memory") }
            return start + index * stride
        }
    }
}
