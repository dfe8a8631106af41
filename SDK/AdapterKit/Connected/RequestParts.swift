import CSluice

/// A part of a request while it is written: literal bytes, and templates between them.
struct RequestPart {
    private struct Segment {
        var start: Int
        var count: Int
        var template: PreparedTemplate?
    }

    var bytes: [UInt8] = []
    private var segments: [Segment] = []
    private var open = 0

    var isEmpty: Bool { bytes.isEmpty && segments.isEmpty }

    mutating func reset() {
        if !bytes.isEmpty { bytes.removeAll(keepingCapacity: true) }
        if !segments.isEmpty { segments.removeAll(keepingCapacity: true) }
        open = 0
    }

    mutating func append(_ template: PreparedTemplate) {
        close()
        segments.append(Segment(start: 0, count: 0, template: template))
    }

    private mutating func close() {
        guard bytes.count > open else { return }
        segments.append(Segment(start: open, count: bytes.count - open, template: nil))
        open = bytes.count
    }

    /// The part as a template; absent where nothing was written.
    mutating func lay(_ scratch: inout Scratch) -> sluice_template {
        close()
        guard !segments.isEmpty else { return sluice_template() }
        if segments.count == 1, let template = segments[0].template { return template.entity }
        let written = scratch.take(max(bytes.count, 1))
        bytes.withUnsafeBytes { source in
            if let start = source.baseAddress { written.copyMemory(from: start, byteCount: source.count) }
        }
        var count = segments.count == 1 ? 0 : 1
        for segment in segments { count += segment.template?.nodeCount ?? 1 }
        let nodes = scratch.take(count * SLUICE_SIZE_node)
        let operands = scratch.take(segments.count * 4)
        var used = 0
        for (place, segment) in segments.enumerated() {
            let target = nodes + used * SLUICE_SIZE_node
            if let template = segment.template {
                template.copyNodes(to: target, after: used, &scratch)
                used += template.nodeCount
            } else {
                scratch.literalNode(at: target, written + segment.start, segment.count)
                used += 1
            }
            operands.storeBytes(of: UInt32(used - 1), toByteOffset: place * 4, as: UInt32.self)
        }
        if segments.count > 1 {
            var join = sluice_node()
            join.struct_size = UInt32(SLUICE_SIZE_node)
            join.kind = SLUICE_NODE_CONCAT
            join.operands = scratch.span(operands, count: segments.count, stride: 4)
            (nodes + used * SLUICE_SIZE_node).assumingMemoryBound(to: sluice_node.self).pointee = join
        }
        var entity = sluice_template()
        entity.struct_size = UInt32(SLUICE_SIZE_template)
        entity.nodes = scratch.span(nodes, count: count, stride: SLUICE_SIZE_node)
        return entity
    }
}

extension Scratch {
    @inline(__always)
    func literalNode(at target: UnsafeMutableRawPointer, _ start: UnsafeMutableRawPointer, _ count: Int) {
        var node = sluice_node()
        node.struct_size = UInt32(SLUICE_SIZE_node)
        node.kind = SLUICE_NODE_LITERAL
        node.bytes = sluice_bytes(ptr: UnsafePointer(start.assumingMemoryBound(to: UInt8.self)), len: UInt64(count))
        target.assumingMemoryBound(to: sluice_node.self).pointee = node
    }

    /// A template of one literal.
    mutating func literal(_ text: UnsafeRawBufferPointer) -> sluice_template {
        let written = take(max(text.count, 1))
        if let start = text.baseAddress { written.copyMemory(from: start, byteCount: text.count) }
        let node = take(SLUICE_SIZE_node)
        literalNode(at: node, written, text.count)
        var entity = sluice_template()
        entity.struct_size = UInt32(SLUICE_SIZE_template)
        entity.nodes = span(node, count: 1, stride: SLUICE_SIZE_node)
        return entity
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
        entries.removeAll(keepingCapacity: true)
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

    func lay(after prepared: PreparedHeaders? = nil, _ scratch: inout Scratch) -> sluice_span {
        let first = prepared?.count ?? 0
        guard first + entries.count > 0 else { return sluice_span() }
        let written = scratch.take(max(text.count, 1))
        text.withUnsafeBytes { source in
            if let start = source.baseAddress { written.copyMemory(from: start, byteCount: source.count) }
        }
        let start = scratch.take((first + entries.count) * SLUICE_SIZE_header)
        prepared?.copy(to: start)
        let nodes = scratch.take(entries.count * SLUICE_SIZE_node)
        var at = written
        for (index, entry) in entries.enumerated() {
            var header = sluice_header()
            header.struct_size = UInt32(SLUICE_SIZE_header)
            header.name = sluice_str(
                ptr: UnsafePointer(at.assumingMemoryBound(to: CChar.self)), len: UInt64(entry.nameCount))
            at += entry.nameCount
            if let template = entry.template {
                header.value = template.entity
            } else {
                let node = nodes + index * SLUICE_SIZE_node
                scratch.literalNode(at: node, at, entry.valueCount)
                header.value.struct_size = UInt32(SLUICE_SIZE_template)
                header.value.nodes = scratch.span(node, count: 1, stride: SLUICE_SIZE_node)
            }
            at += entry.valueCount
            (start + (first + index) * SLUICE_SIZE_header).assumingMemoryBound(to: sluice_header.self).pointee = header
        }
        return scratch.span(start, count: first + entries.count, stride: SLUICE_SIZE_header)
    }
}
