import Glibc

/// Reads a whole document, strictly: YAML 1.2 without anchors, aliases, tags and merge keys; JSON is YAML.
///
/// Everything that is wrong is collected and thrown together, and nothing of a document with errors is returned.
/// Touches no state outside the call; any thread may use it.
package enum DocumentReader {
    /// A value that stands above the document's: from the environment or a flag.
    package struct Override: Hashable, Sendable {
        /// The keys that lead to the setting: `["http", "port"]`.
        package var path: [String]
        /// The value as a person typed it. For a list: its items.
        package var values: [String]
        package var isList: Bool
        /// Where it comes from, for errors: `environment variable SLUICE_HTTP_PORT`.
        package var origin: String

        package init(path: [String], value: String, origin: String) {
            (self.path, values, isList, self.origin) = (path, [value], false, origin)
        }
        package init(path: [String], list: [String], origin: String) {
            (self.path, values, isList, self.origin) = (path, list, true, origin)
        }
    }

    /// Reads a document of any shape.
    ///
    /// - Parameters:
    ///   - file: Its name in errors.
    ///   - overrides: Values that replace the document's, later ones over earlier ones. The document is then a mapping.
    ///   - emptyAsMapping: Whether an empty document is a mapping without members.
    package static func read<Value>(
        _ bytes: [UInt8], file: String, as type: FieldType<Value>, overrides: [Override] = [],
        emptyAsMapping: Bool = false, limits: DocumentLimits = .default
    ) throws(ConfigurationErrors) -> Value {
        let errors = ErrorCollector(file: file, limit: limits.maximumErrors)
        var root = DocumentParser.parse(bytes, limits: limits, errors: errors)
        if root == nil, !errors.isEmpty { try errors.failIfNeeded() }
        if root?.isNull ?? true, emptyAsMapping || !overrides.isEmpty {
            root = DocumentNode(content: .mapping([]), place: .start)
        }
        guard var root else {
            throw ConfigurationErrors(
                ConfigurationError(
                    file: errors.file, line: 1, column: 1, path: "", message: "the document is empty",
                    remedy: "expected \(type.expectation)"))
        }
        for override in overrides { root.apply(override) }
        let value = type.read(FieldValue(node: root, at: .none, of: "", errors: errors))
        try errors.failIfNeeded()
        guard let value else {
            throw ConfigurationErrors(
                ConfigurationError(
                    file: errors.file, line: 1, column: 1, path: "", message: "the document makes no whole",
                    remedy: "expected \(type.expectation)"))
        }
        return value
    }

    /// Reads a document that is a mapping. Keys that `body` does not ask for are errors.
    package static func read<Value>(
        _ bytes: [UInt8], file: String, overrides: [Override] = [], emptyAsMapping: Bool = false,
        limits: DocumentLimits = .default, _ body: @escaping (MappingReader) -> Value?
    ) throws(ConfigurationErrors) -> Value {
        try read(
            bytes, file: file, as: .mapping(body), overrides: overrides, emptyAsMapping: emptyAsMapping, limits: limits)
    }

    /// Reads a document that is a mapping from text.
    package static func read<Value>(
        text: String, file: String, limits: DocumentLimits = .default, _ body: @escaping (MappingReader) -> Value?
    ) throws(ConfigurationErrors) -> Value {
        try read(Array(text.utf8), file: file, limits: limits, body)
    }

    /// The bytes of a file, no more than `limits` allow plus one, so that a larger one is refused by the reader.
    package static func contents(
        ofFile path: String, limits: DocumentLimits = .default
    ) throws(ConfigurationErrors) -> [UInt8] {
        func failure(_ code: Int32) -> ConfigurationErrors {
            ConfigurationErrors(
                ConfigurationError(
                    file: path.printable, path: "",
                    message: "the file cannot be read: \(String(cString: strerror(code)))"))
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure(errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure(errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw ConfigurationErrors(
                ConfigurationError(file: path.printable, path: "", message: "this is not a regular file"))
        }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while bytes.count <= limits.maximumBytes {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure(errno)
            }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
        }
        return bytes
    }
}

extension DocumentNode {
    /// Puts an override into the tree, making the mappings on its way.
    fileprivate mutating func apply(_ override: DocumentReader.Override) {
        set(override.path[...], to: override.node, place: .override(override.origin))
    }

    private mutating func set(_ path: ArraySlice<String>, to node: DocumentNode, place: Place) {
        guard let key = path.first else {
            self = node
            return
        }
        var members: [Member] = []
        if case .mapping(let present) = content {
            members = present
        } else if !isNull {
            return  // not a mapping: the field that reads it says so, at its place in the document
        }
        let index = members.firstIndex { $0.key == key }
        var child = index.map { members[$0].value } ?? .null(at: place)
        child.set(path.dropFirst(), to: node, place: place)
        if let index {
            members[index].value = child
        } else {
            members.append(Member(key: key, keyPlace: place, value: child))
        }
        content = .mapping(members)
    }
}

extension DocumentReader.Override {
    fileprivate var node: DocumentNode {
        let place = Place.override(origin)
        let scalars = values.map { DocumentNode(content: .scalar(.init(text: $0, style: .argument)), place: place) }
        return isList ? DocumentNode(content: .sequence(scalars), place: place) : scalars.first ?? .null(at: place)
    }
}

extension MappingReader {
    /// Reads one row of a table as a mapping of texts, so that a table and a document are checked by the same rules.
    ///
    /// Cells are taken as a flag's value is: whatever the field wants. Errors name `file` and `line`.
    package static func read<Value>(
        _ cells: [(key: String, text: String)], file: String, line: Int, _ body: (MappingReader) -> Value?
    ) throws(ConfigurationErrors) -> Value {
        let errors = ErrorCollector(file: file, limit: 1_000)
        let place = Place(line: Int32(clamping: line), column: 1, origin: nil)
        let members = cells.map { cell in
            DocumentNode.Member(
                key: cell.key, keyPlace: place,
                value: DocumentNode(content: .scalar(.init(text: cell.text, style: .argument)), place: place))
        }
        let reader = MappingReader(members, place: place, path: "", errors: errors)
        let value = body(reader)
        reader.finish()
        try errors.failIfNeeded()
        guard let value else {
            throw ConfigurationErrors(
                ConfigurationError(file: file, line: line, column: 1, path: "", message: "the row makes no whole"))
        }
        return value
    }
}
