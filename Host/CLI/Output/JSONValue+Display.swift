import Exact

extension JSONValue {
    /// What a person reads of the member at a path of names, `reject.code`: text and numbers as written, `yes` and `no`;
    /// empty for what is absent, null or a structure.
    func text(_ path: String) -> String {
        var value: JSONValue? = self
        for name in path.split(separator: ".") { value = value?[String(name)] }
        switch value {
        case .string(let text)?: return text.displayable
        case .number(let token)?: return token
        case .bool(let flag)?: return flag ? "yes" : "no"
        default: return ""
        }
    }

    /// A list's items, whether it comes as a page or bare.
    var items: [JSONValue] { self["items"]?.array ?? array ?? [] }

    /// The words of a list of texts, in order: `read, trade`.
    func words(_ name: String) -> String {
        (self[name]?.array ?? []).compactMap { $0.string?.displayable }.joined(separator: ", ")
    }
}
