import Exact

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Why a folder of recorded cases cannot be run.
public struct CaseError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
}

/// One entry of a recorded file, read strictly: a member of the wrong kind is an error that names file, entry and member.
struct CaseEntry {
    /// The file's name below the folder.
    var file: String
    /// What a person finds the entry by: its name, else its place.
    var label: String
    var object: JSONObject

    init(file: String, index: Int, object: JSONObject) {
        self.file = file
        self.object = object
        let name = ["id", "case", "file"].lazy.compactMap { object[$0]?.string }.first
        label = name.map { "entry \(index) (\($0))" } ?? "entry \(index)"
    }

    /// The name in reports: `id`, `case` or `file`, else the entry's place.
    var name: String {
        ["id", "case", "file"].lazy.compactMap { object[$0]?.string }.first ?? label
    }

    func wrong(_ member: String, _ rule: String, _ found: JSONValue?) -> CaseError {
        let text = found.map { Comparison.short(Comparison.text($0)) } ?? "absent"
        return CaseError(description: "\(file): \(label): \(member) must be \(rule); it is \(text)")
    }

    /// A text, an empty one too; `nil`: absent or null.
    func text(_ member: String) throws(CaseError) -> String? {
        guard let value = object[member], !value.isNull else { return nil }
        guard let text = value.string else { throw wrong(member, "text", value) }
        return text
    }

    /// The first of several members that is there.
    func text(any members: String...) throws(CaseError) -> String? {
        for member in members { if let found = try text(member) { return found } }
        return nil
    }

    func requiredText(_ member: String) throws(CaseError) -> String {
        guard let text = try text(member), !text.isEmpty else { throw wrong(member, "text", object[member]) }
        return text
    }

    func object(_ member: String) throws(CaseError) -> JSONObject? {
        guard let value = object[member], !value.isNull else { return nil }
        guard let found = value.object else { throw wrong(member, "an object", value) }
        return found
    }

    func list(_ member: String) throws(CaseError) -> [JSONValue]? {
        guard let value = object[member], !value.isNull else { return nil }
        guard let found = value.array else { throw wrong(member, "a list", value) }
        return found
    }

    func objects(_ member: String) throws(CaseError) -> [JSONObject]? {
        guard let items = try list(member) else { return nil }
        var objects: [JSONObject] = []
        for (index, item) in items.enumerated() {
            guard let object = item.object else { throw wrong("\(member)[\(index)]", "an object", item) }
            objects.append(object)
        }
        return objects
    }

    /// An HTTP status.
    func status(_ member: String, _ value: JSONValue?) throws(CaseError) -> Int {
        guard case .number? = value, let status = value?.int64, (100...599).contains(status) else {
            throw wrong(member, "an HTTP status, a number from 100 to 599", value)
        }
        return Int(status)
    }

    func bytes(any members: String...) throws(CaseError) -> [UInt8]? {
        for member in members { if let found = try bytes(member) { return found } }
        return nil
    }

    /// Bytes as hexadecimal text.
    func bytes(_ member: String) throws(CaseError) -> [UInt8]? {
        guard let text = try text(member) else { return nil }
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue.map { UInt8($0) } }
        guard digits.count == text.utf8.count, digits.count % 2 == 0, !digits.isEmpty else {
            throw wrong(member, "pairs of hexadecimal digits", object[member])
        }
        return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}

/// A folder on disk. What is read is remembered, so that what nobody read can be told.
struct CaseDisk {
    let path: String
    private(set) var read: Set<String> = []

    init(path: String) throws(CaseError) {
        self.path = path
        switch CaseDisk.kind(path) {
        case .folder: break
        case .file:
            throw CaseError(
                description: "\(path) is a file; give the folder that holds requests.json, responses.json ...")
        case .none: throw CaseError(description: "\(path): there is no such folder")
        }
    }

    private enum Kind { case none, file, folder }

    private static func kind(_ path: String) -> Kind {
        var status = stat()
        guard stat(path, &status) == 0 else { return .none }
        return status.st_mode & S_IFMT == S_IFDIR ? .folder : .file
    }

    /// The names of the files below a folder, and in its folders, sorted; hidden ones are left out.
    func files(in folder: String = "", depth: Int = 3) -> [String] {
        guard depth > 0, let directory = opendir(folder.isEmpty ? path : "\(path)/\(folder)") else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(folder.isEmpty ? name : "\(folder)/\(name)") }
        }
        return names.sorted().flatMap { name -> [String] in
            switch CaseDisk.kind("\(path)/\(name)") {
            case .folder: return files(in: name, depth: depth - 1)
            case .file: return [name]
            case .none: return []
            }
        }
    }

    /// A file's bytes; `nil` where there is none. At most 64 MiB, more is an error.
    mutating func bytes(_ name: String) throws(CaseError) -> [UInt8]? {
        guard !name.split(separator: "/").contains(".."), CaseDisk.kind("\(path)/\(name)") == .file,
            let file = fopen("\(path)/\(name)", "rb")
        else { return nil }
        defer { fclose(file) }
        read.insert(name)
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes += chunk[..<count]
            if bytes.count > 64 << 20 { throw CaseError(description: "\(path)/\(name) is larger than 64 MiB") }
        }
        if ferror(file) != 0 { throw CaseError(description: "\(path)/\(name) cannot be read") }
        return bytes
    }

    /// What was read turned out to hold no cases.
    mutating func forget(_ name: String) { read.remove(name) }

    /// The same of a file that an entry names.
    mutating func bytes(_ name: String, for entry: CaseEntry, _ member: String) throws(CaseError) -> [UInt8] {
        guard let bytes = try bytes(name) else {
            throw entry.wrong(member, "a file of the folder (\(name))", entry.object[member])
        }
        return bytes
    }

    /// A JSON document; `nil` where there is no such file.
    mutating func document(_ name: String) throws(CaseError) -> JSONValue? {
        guard let bytes = try bytes(name) else { return nil }
        do { return try JSONValue.parse(bytes, limits: .large) } catch {
            throw CaseError(description: "\(path)/\(name): \(error)")
        }
    }

    /// The entries of a file: a list, or the list in one of its members.
    mutating func entries(_ name: String, members: [String] = ["cases"]) throws(CaseError) -> [CaseEntry] {
        guard let document = try document(name) else { return [] }
        return try entries(of: document, name, members: members)
    }

    func entries(of document: JSONValue, _ name: String, members: [String]) throws(CaseError) -> [CaseEntry] {
        guard let items = document.array ?? members.lazy.compactMap({ document[$0]?.array }).first else {
            let names = members.map { "`\($0)`" }.joined(separator: " or ")
            throw CaseError(description: "\(path)/\(name) must be a list of cases, or an object with \(names)")
        }
        var entries: [CaseEntry] = []
        for (index, item) in items.enumerated() {
            guard let object = item.object else {
                throw CaseError(description: "\(path)/\(name): entry \(index) is no object")
            }
            entries.append(CaseEntry(file: name, index: index, object: object))
        }
        return entries
    }
}
