import ArgumentParser
import Domain
import Exact

/// What a group is made of, as flags or as a file.
struct GroupOptions: ParsableArguments {
    @Option(help: "A JSON group as the API takes it, or '-' for standard input; flags stand above it.")
    var file: String?

    @Option(help: "How quantity is divided.")
    var policy: WordArgument<AllocationPolicy>?

    @Option(
        name: .customLong("account"),
        help: """
            A member: ID, then its parameters: P1,capital=50000,max_lots=40. Names: capital, weight, lots, risk_budget, \
            min_lots, max_lots, enabled. Once for each account, in their order.
            """)
    var accounts: [String] = []

    @Option(help: "Whether remainders are carried to the next order.")
    var carry: WordArgument<CarryMode>?

    @Option(help: "What becomes of an order when legs are refused, unless it says so itself.")
    var mode: WordArgument<ExecutionMode>?

    @Option(help: "What becomes of the other legs when a broker rejects one.")
    var onLegFailure: WordArgument<LegFailurePolicy>?

    @Option(help: "Whether fills may be closed again (on_leg_failure unwind): true or false.")
    var allowUnwind: Bool?

    @Option(help: "Whether accounts below their minimum are left out: true or false.")
    var dropBelowMin: Bool?

    @Option(help: "Whether refused legs' quantity goes to the others: true or false.")
    var redistribute: Bool?

    var isEmpty: Bool {
        file == nil && policy == nil && accounts.isEmpty && carry == nil && mode == nil && onLegFailure == nil
            && allowUnwind == nil && dropBelowMin == nil && redistribute == nil
    }

    /// The members of the body: the file's, with the flags above them, above what `base` has.
    func members(over base: JSONObject, in session: Session) throws -> JSONObject {
        var members = base
        if let file {
            guard let object = try session.readBody(file).object else {
                throw CommandFailure.message("\(file) is no JSON object", remedy: "a group is an object, { … }")
            }
            for (key, value) in object { members[key] = value }
        }
        for (name, word) in [
            ("policy", policy?.word.rawName), ("carry", carry?.word.rawName), ("mode", mode?.word.rawName),
            ("on_leg_failure", onLegFailure?.word.rawName),
        ] {
            if let word { members[name] = .string(word) }
        }
        for (name, flag) in [
            ("allow_unwind", allowUnwind), ("drop_below_min", dropBelowMin), ("redistribute", redistribute),
        ] {
            if let flag { members[name] = .bool(flag) }
        }
        if !accounts.isEmpty { members["accounts"] = .array(try accounts.map(Self.member)) }
        return members
    }

    /// `P1,capital=50000` as the API writes a member.
    static func member(_ text: String) throws -> JSONValue {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        var member: JSONObject = ["account_id": .string(String(parts[0]))]
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "="), equals != part.startIndex else {
                throw CommandFailure.usage(
                    "'\(String(part).displayable)' in --account \(text.displayable) has no '='",
                    remedy: "write parameters as name=value: P1,capital=50000")
            }
            let (name, value) = (String(part[..<equals]), String(part[part.index(after: equals)...]))
            member[name] =
                name == "enabled" && (value == "true" || value == "false") ? .bool(value == "true") : .string(value)
        }
        return .object(member)
    }
}
