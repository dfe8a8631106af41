import CSluice

/// What a host function answered. Anything but `ok` means that the call had no effect.
public struct HostStatus: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: Int32
    public init(rawValue: Int32) { self.rawValue = rawValue }

    public static let ok = HostStatus(rawValue: SLUICE_OK)
    /// The capability this call needs is not declared.
    public static let unsupported = HostStatus(rawValue: SLUICE_ERR_UNSUPPORTED)
    /// An argument breaks the contract.
    public static let invalid = HostStatus(rawValue: SLUICE_ERR_INVALID)
    /// Not allowed in the session's state; also once the session is destroyed.
    public static let state = HostStatus(rawValue: SLUICE_ERR_STATE)
    /// Called outside a lane call of the session, that is, not from within one of the adapter's own methods.
    public static let wrongLane = HostStatus(rawValue: SLUICE_ERR_WRONG_LANE)
    /// A stated bound is reached.
    public static let quota = HostStatus(rawValue: SLUICE_ERR_QUOTA)
    /// No such key, timer, instrument or open token.
    public static let notFound = HostStatus(rawValue: SLUICE_ERR_NOT_FOUND)
    /// The host failed.
    public static let hostFault = HostStatus(rawValue: SLUICE_ERR_INTERNAL)

    /// Whether the call had its effect.
    public var isOK: Bool { rawValue == SLUICE_OK }

    public var description: String {
        switch self {
        case .ok: "ok"
        case .unsupported: "unsupported"
        case .invalid: "invalid argument"
        case .state: "not allowed in this state"
        case .wrongLane: "called outside a lane call"
        case .quota: "bound reached"
        case .notFound: "not found"
        case .hostFault: "the host failed"
        default: "status \(rawValue)"
        }
    }
}

/// A host function that had something to give and could not.
public struct HostError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Never `.ok`.
    public let status: HostStatus
    public var description: String { status.description }
}
