import ArgumentParser
import Exact

extension AccountsCommand {
    struct Login: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Log an account in at its broker.",
            discussion: """
                Example: sluice accounts login AB1234
                         sluice accounts login AB1234 --answer -

                Without --answer: begins a login where none is under way and shows what it asks for. With --answer: reads \
                what was asked for from a file, or from standard input for -, so that it stands neither in the shell's \
                history nor in the list of processes. It is a line name=value for each field, the bare value where one \
                field is asked for, or the whole address that the broker sent the browser to.
                """)
        @Argument(help: "The account's id.") var id: String
        @Option(help: "A file with the answer; - for standard input.") var answer: String?
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let path = APIPath.make("api", "accounts", id, "login")
            guard let answer else {
                try await session.show(.post, path, body: .object([:]), timeoutMilliseconds: 35_000) {
                    Self.lines($0, id, $1)
                }
                return
            }
            let standing = try await session.fetch(path)
            let names = standing["challenge"]?["fields"]?.array?.map { $0.text("name") } ?? []
            guard !names.isEmpty else {
                throw CommandFailure.message(
                    "the login of \(id) asks for nothing: its state is \(standing.text("state"))",
                    remedy: "begin one with 'sluice accounts login \(id)'")
            }
            let text = String(decoding: try session.surroundings.readFile(answer, 65_536), as: UTF8.self)
            let values = Self.values(in: text, of: names)
            var fields = JSONObject()
            for name in names {
                guard let value = values[name] else {
                    throw CommandFailure.message(
                        "the answer has no \(name)", remedy: "write a line \(name)=VALUE, or the whole address")
                }
                fields[name] = .string(value)
            }
            let body: JSONObject = ["challenge": .string(standing.text("challenge.id")), "fields": .object(fields)]
            try await session.show(.post, path, body: .object(body), timeoutMilliseconds: 35_000) {
                Self.lines($0, id, $1)
            }
        }

        private static func lines(_ login: JSONValue, _ id: String, _ style: Style) -> [String] {
            var lines = ["\(id): \(login.text("state"))"]
            let expiry = login.text("expires_at")
            if !expiry.isEmpty { lines.append("the login ends at \(expiry)") }
            let reason = login.text("reason")
            if !reason.isEmpty { lines.append("reason: \(reason.displayable)") }
            guard let challenge = login["challenge"], !challenge.isNull else { return lines }
            lines.append(challenge.text("prompt").displayable)
            let url = challenge.text("url")
            if !url.isEmpty { lines.append("open \(url.displayable)") }
            for field in challenge["fields"]?.array ?? [] {
                lines.append("it asks for \(field.text("name").displayable): \(field.text("label").displayable)")
            }
            let deadline = challenge.text("deadline")
            if !deadline.isEmpty { lines.append("it waits until \(deadline)") }
            lines.append("then: sluice accounts login \(id) --answer -")
            return lines
        }

        /// Values of fields out of an address's query, of lines `name=value`, or of a bare value.
        static func values(in text: String, of names: [String]) -> [String: String] {
            func isBlank(_ character: Character) -> Bool { character == " " || character == "\t" }
            let trimmed = text.split(whereSeparator: \.isNewline).map { line in
                var line = line.drop(while: isBlank)
                while line.last.map(isBlank) ?? false { line.removeLast() }
                return line
            }
            guard let first = trimmed.first else { return [:] }
            var pairs: [Substring] = trimmed
            var isAddress = false
            // An address of any scheme, or of none, is one by the name of a field in its query.
            let isLine = names.contains { first.hasPrefix("\($0)=") }
            if !isLine, let mark = first.firstIndex(of: "?"),
                first.hasPrefix("http://") || first.hasPrefix("https://")
                    || first[mark...].dropFirst().split(separator: "&").contains(where: { pair in
                        names.contains { pair.hasPrefix("\($0)=") }
                    })
            {
                pairs = first[first.index(after: mark)...].prefix { $0 != "#" }.split(separator: "&")
                isAddress = true
            } else if names.count == 1, !first.hasPrefix("\(names[0])=") {
                return [names[0]: String(first)]
            }
            var values: [String: String] = [:]
            for pair in pairs {
                guard let mark = pair.firstIndex(of: "=") else { continue }
                let value = String(pair[pair.index(after: mark)...])
                values[String(pair[..<mark])] = isAddress ? decoded(value) : value
            }
            return values
        }

        /// A value of an address's query: `%` and two digits are a byte, `+` is a space.
        private static func decoded(_ text: String) -> String {
            var bytes: [UInt8] = []
            var rest = text.utf8[...]
            while let byte = rest.popFirst() {
                if byte == UInt8(ascii: "%"), rest.count >= 2,
                    let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
                {
                    bytes.append(value)
                    rest = rest.dropFirst(2)
                } else {
                    bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
                }
            }
            return String(decoding: bytes, as: UTF8.self)
        }
    }
}
