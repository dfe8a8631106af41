/// Why a template cannot be made. Names the node by its index and never shows a byte of a secret.
public struct TemplateError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong, as a stable word; `text` says it to people.
    public enum Reason: String, Error, Hashable, Sendable {
        case tooManyNodes, tooLarge, brokenMemory, unknownKind, unknownFormat, operandCount, operandOrder
        case noSuchSecret, missingKey, unusableKey, unusableInput, slotNotMadeYet, noSuchSlot, revealsSecret
        case outOfRange, signingFailed

        /// The sentence behind the word.
        public var text: String {
            switch self {
            case .tooManyNodes: "a template has at most 256 nodes"
            case .tooLarge: "a template makes at most 1 MiB"
            case .brokenMemory: "a pointer, a length or a stride breaks the contract"
            case .unknownKind: "the kind is none of SLUICE_NODE_*"
            case .unknownFormat: "the format does not fit the kind"
            case .operandCount: "the number of operands does not fit the kind"
            case .operandOrder: "an operand must be an earlier node"
            case .noSuchSecret: "no secret with this handle has a value"
            case .missingKey: "the node needs a secret as its key"
            case .unusableKey: "the secret is no key of the kind that the format asks for"
            case .unusableInput: "the operand's bytes are not what the format asks for"
            case .slotNotMadeYet: "the slot is made later than this part of the request"
            case .noSuchSlot: "there is no such slot here"
            case .revealsSecret: "a secret's bytes would come back to the adapter"
            case .outOfRange: "the number is out of range"
            case .signingFailed: "the signature could not be made"
            }
        }
    }

    /// The node's place in the template; -1: the template as a whole.
    public var node: Int
    public var reason: Reason

    /// An error at a node.
    public init(node: Int, _ reason: Reason) {
        self.node = node
        self.reason = reason
    }

    public var description: String { node < 0 ? "template: \(reason.text)" : "template node \(node): \(reason.text)" }
}
