// The C library inside Yams is used for its events. Yams' own tree resolves aliases before anyone can refuse them, gives
// up at the first duplicate key and recurses as deeply as a document likes; composing the events here does neither.
import CYaml

/// What a document may cost before it is refused.
package struct DocumentLimits: Hashable, Sendable {
    /// The longest document. Its nodes are bounded with it.
    package var maximumBytes: Int
    /// How many mappings and sequences may be open at once.
    package var maximumDepth: Int
    /// How many errors are kept; further ones are counted.
    package var maximumErrors: Int

    package init(maximumBytes: Int = 1 << 20, maximumDepth: Int = 32, maximumErrors: Int = 1_000) {
        (self.maximumBytes, self.maximumDepth, self.maximumErrors) = (maximumBytes, maximumDepth, maximumErrors)
    }

    /// 1 MiB, depth 32, 1,000 errors.
    package static let `default` = DocumentLimits()
}

/// Makes nodes of one YAML or JSON document.
///
/// Anchors, aliases, merge keys and tags are refused, which leaves a tree no larger than its text.
struct DocumentParser {
    private let errors: ErrorCollector
    private let limits: DocumentLimits
    private var open: [Open] = []
    private var root: DocumentNode?

    /// A mapping or sequence whose end has not come yet.
    private struct Open {
        var place: Place
        var path: String
        var isMapping: Bool
        var isFlow: Bool
        var start: Int
        var items: [DocumentNode] = []
        var members: [DocumentNode.Member] = []
        var keys: [String: Place] = [:]
        /// The key whose value comes next.
        var key: (text: String, place: Place, extent: Range<Int>)?
    }

    private enum Stop: Error { case afterReport }

    private init(errors: ErrorCollector, limits: DocumentLimits) { (self.errors, self.limits) = (errors, limits) }

    /// The root, or `nil` for an empty document. Everything wrong is in `errors`; after a syntax error nothing is returned.
    static func parse(_ bytes: [UInt8], limits: DocumentLimits, errors: ErrorCollector) -> DocumentNode? {
        guard bytes.count <= limits.maximumBytes else {
            errors.report(
                .start, path: "", message: "the document has \(bytes.count) bytes",
                remedy: "at most \(limits.maximumBytes) are read")
            return nil
        }
        if let invalid = firstInvalidByte(bytes) {
            errors.report(
                place(ofByte: invalid, in: bytes), path: "", message: "the text is not UTF-8",
                remedy: "save the file as UTF-8")
            return nil
        }
        var parser = DocumentParser(errors: errors, limits: limits)
        do {
            try parser.run(bytes)
            return parser.root
        } catch {
            return nil
        }
    }

    // MARK: Events

    private mutating func run(_ bytes: [UInt8]) throws {
        var parser = yaml_parser_t()
        guard yaml_parser_initialize(&parser) == 1 else {
            errors.report(.start, path: "", message: "there is no memory to read the document")
            throw Stop.afterReport
        }
        defer { yaml_parser_delete(&parser) }
        yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
        // libYAML counts a byte order mark as a column, which would indent the first line.
        let content = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        try content.withUnsafeBufferPointer { buffer in
            yaml_parser_set_input_string(&parser, buffer.baseAddress, buffer.count)
            var documents = 0
            while true {
                var event = yaml_event_t()
                guard yaml_parser_parse(&parser, &event) == 1 else {
                    reportSyntaxError(of: parser, in: content)
                    throw Stop.afterReport
                }
                defer { yaml_event_delete(&event) }
                if event.type == YAML_STREAM_END_EVENT { return }
                if event.type == YAML_DOCUMENT_START_EVENT {
                    documents += 1
                    guard documents == 1 else {
                        errors.report(
                            Place(event.start_mark), path: "", message: "a second document begins here",
                            remedy: "write one document a file")
                        throw Stop.afterReport
                    }
                }
                try take(event)
            }
        }
    }

    private mutating func take(_ event: yaml_event_t) throws {
        let place = Place(event.start_mark)
        switch event.type {
        case YAML_SCALAR_EVENT:
            let scalar = event.data.scalar
            refuseExtras(anchor: scalar.anchor, tag: scalar.tag, at: place)
            let text = scalar.value.map {
                String(decoding: UnsafeBufferPointer(start: $0, count: scalar.length), as: UTF8.self)
            }
            let style: DocumentNode.Scalar.Style = scalar.style == YAML_PLAIN_SCALAR_STYLE ? .plain : .quoted
            let node = DocumentNode(
                content: .scalar(.init(text: text ?? "", style: style)), place: place, extent: event.extent)
            if awaitsKey { takeKey(node) } else { add(node) }
        case YAML_ALIAS_EVENT:
            errors.report(
                place, path: currentPath, message: "aliases are not accepted", remedy: "write the value out")
            if awaitsKey {
                let name = DocumentNode.Scalar(text: "*" + text(event.data.alias.anchor), style: .quoted)
                takeKey(DocumentNode(content: .scalar(name), place: place))
            } else {
                add(.null(at: place))
            }
        case YAML_SEQUENCE_START_EVENT:
            refuseExtras(anchor: event.data.sequence_start.anchor, tag: event.data.sequence_start.tag, at: place)
            try begin(
                isMapping: false, isFlow: event.data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE, at: place,
                start: event.extent.lowerBound)
        case YAML_MAPPING_START_EVENT:
            refuseExtras(anchor: event.data.mapping_start.anchor, tag: event.data.mapping_start.tag, at: place)
            try begin(
                isMapping: true, isFlow: event.data.mapping_start.style == YAML_FLOW_MAPPING_STYLE, at: place,
                start: event.extent.lowerBound)
        case YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT:
            guard let ended = open.popLast() else { return }
            // A block has no end mark of its own: the parser's is that of the token after it.
            let last = ended.isMapping ? ended.members.last?.value.extent : ended.items.last?.extent
            let end = ended.isFlow ? event.extent.upperBound : max(ended.start, last?.upperBound ?? ended.start)
            add(
                DocumentNode(
                    content: ended.isMapping ? .mapping(ended.members) : .sequence(ended.items), place: ended.place,
                    extent: ended.start..<max(ended.start, end), isFlow: ended.isFlow))
        default: break
        }
    }

    // MARK: Building

    private var awaitsKey: Bool { open.last.map { $0.isMapping && $0.key == nil } ?? false }

    private var currentPath: String {
        guard let last = open.last else { return "" }
        if last.isMapping { return last.key.map { last.path.appending(key: $0.text) } ?? last.path }
        return last.path.appending(index: last.items.count)
    }

    private mutating func begin(isMapping: Bool, isFlow: Bool, at place: Place, start: Int) throws {
        guard open.count < limits.maximumDepth else {
            reportDepth(at: place, path: currentPath)
            throw Stop.afterReport
        }
        if awaitsKey {
            errors.report(
                place, path: currentPath, message: "a mapping or list is used as a key", remedy: "a key is text")
            throw Stop.afterReport
        }
        open.append(Open(place: place, path: currentPath, isMapping: isMapping, isFlow: isFlow, start: start))
    }

    private func reportDepth(at place: Place, path: String) {
        errors.report(
            place, path: path, message: "mappings and lists are nested too deeply",
            remedy: "at most \(limits.maximumDepth) levels are read")
    }

    private mutating func takeKey(_ node: DocumentNode) {
        guard case .scalar(let scalar) = node.content, var last = open.popLast() else { return }
        let (key, path) = (scalar.text, last.path.appending(key: scalar.text))
        if key == "<<" && scalar.style == .plain {
            errors.report(
                node.place, path: path, value: key, message: "merge keys are not accepted",
                remedy: "write the members out")
        } else if scalar.kind == .null {
            errors.report(node.place, path: last.path, message: "a key is missing here", remedy: "a key is text")
        } else if let first = last.keys[key] {
            errors.report(
                node.place, path: path, value: key.excerpt,
                message: "the key '\(key.excerpt)' was given already at line \(first.line), column \(first.column)",
                remedy: "a key comes once")
        } else {
            last.keys[key] = node.place
        }
        last.key = (key, node.place, node.extent)
        open.append(last)
    }

    private mutating func add(_ node: DocumentNode) {
        guard let last = open.indices.last else {
            root = node
            return
        }
        if open[last].isMapping {
            guard let key = open[last].key else { return }
            open[last].members.append(
                .init(key: key.text, keyPlace: key.place, value: node, keyExtent: key.extent))
            open[last].key = nil
        } else {
            open[last].items.append(node)
        }
    }

    /// The names are not repeated: an unquoted password may begin with `&`, `*` or `!`.
    private func refuseExtras(anchor: UnsafeMutablePointer<UInt8>?, tag: UnsafeMutablePointer<UInt8>?, at place: Place)
    {
        if anchor != nil {
            errors.report(
                place, path: currentPath, message: "anchors are not accepted",
                remedy: "write the value where it is used, or in quotes if the & belongs to it")
        }
        if tag != nil {
            errors.report(
                place, path: currentPath, message: "tags are not accepted",
                remedy: "write text in quotes and numbers without")
        }
    }

    private func text(_ pointer: UnsafeMutablePointer<UInt8>?) -> String {
        pointer.map { String(cString: $0) } ?? ""
    }
}

// MARK: - Places and syntax errors

extension yaml_event_t {
    fileprivate var extent: Range<Int> {
        let start = Int(clamping: start_mark.index)
        return start..<max(start, Int(clamping: end_mark.index))
    }
}

extension Place {
    fileprivate init(_ mark: yaml_mark_t) {
        self.init(line: Int32(clamping: mark.line + 1), column: Int32(clamping: mark.column + 1), origin: nil)
    }
}

extension DocumentParser {
    private func reportSyntaxError(of parser: yaml_parser_t, in bytes: ArraySlice<UInt8>) {
        let problem = parser.problem.map { String(cString: $0) } ?? "the document cannot be read"
        if problem.hasPrefix("Maximum nesting level") {  // its scanner runs ahead of the events we count
            return reportDepth(at: Place(parser.problem_mark), path: "")
        }
        let context = parser.context.map { " " + String(cString: $0) } ?? ""
        let isReader = parser.error == YAML_READER_ERROR
        let place = isReader ? Self.place(ofByte: parser.problem_offset, in: bytes) : Place(parser.problem_mark)
        let begun = parser.context == nil || isReader ? "" : " begun at line \(parser.context_mark.line + 1)"
        errors.report(place, path: "", message: "not YAML: \(problem)\(context)\(begun)")
    }

    private static func place(ofByte offset: Int, in bytes: some Collection<UInt8>) -> Place {
        var (line, column) = (Int32(1), Int32(1))
        for byte in bytes.prefix(offset) {
            if byte == UInt8(ascii: "\n") {
                (line, column) = (line + 1, 1)
            } else if byte & 0xC0 != 0x80 {
                column += 1
            }
        }
        return Place(line: line, column: column, origin: nil)
    }

    /// Where the text stops being UTF-8; checked up front so that nothing is repaired in silence.
    private static func firstInvalidByte(_ bytes: [UInt8]) -> Int? {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        var offset = 0
        while true {
            switch decoder.decode(&iterator) {
            case .scalarValue(let scalar): offset += UTF8.width(scalar)
            case .emptyInput: return nil
            case .error: return offset
            }
        }
    }
}

extension String {
    /// The path of a member: `http.port`, or `instruments["NSE:EQ:INFY"]` where the key is no plain word.
    func appending(key: String) -> String {
        let isPlain = !key.isEmpty && key.utf8.allSatisfy { Self.isPlainKeyByte($0) } && key.utf8.count <= 64
        if !isPlain { return "\(self)[\"\(key.excerpt)\"]" }
        return isEmpty ? key : "\(self).\(key)"
    }

    /// The path of an item: `accounts[2]`.
    func appending(index: Int) -> String { "\(self)[\(index)]" }

    private static func isPlainKeyByte(_ byte: UInt8) -> Bool {
        byte &- 48 <= 9 || (byte | 0x20) &- 97 <= 25 || byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
    }
}
