extension Event {
    /// The case without its facts, as the journal stores it. Never renumbered; a case that goes leaves its number.
    package enum Kind: UInt8, CaseIterable, Hashable, Sendable {
        case accountDefined = 1
        case accountRemoved = 2
        case groupDefined = 3
        case groupRemoved = 4
        case instrumentDefined = 5
        case riskConfigured = 6
        case stateChanged = 7
        case runAdmitted = 8
        case ordersQueued = 9
        case orderAnswered = 10
        case orderReported = 11
        case executed = 12
        case cancelRequested = 13
        case cancelAnswered = 14
        case replaceRequested = 15
        case replaceAnswered = 16
        case ordersCanceledLocally = 17
        case ordersReleased = 18
        case orderLookedUp = 19
        case gapClosed = 20
        case dayOpened = 21
        case overrideGranted = 22
        case overrideRevoked = 23
        case squareOffStarted = 24
        case squareOffEnded = 25
        case heartbeatSet = 26
        case limitWarned = 27
        case adminActed = 28
        case termsFound = 40
        case anomalyFound = 41
        case orderAdopted = 42
        case positionAdopted = 43
        case orderResolved = 44
        case differenceFound = 45
    }

    package var kind: Kind {
        switch self {
        case .accountDefined: .accountDefined
        case .accountRemoved: .accountRemoved
        case .groupDefined: .groupDefined
        case .groupRemoved: .groupRemoved
        case .instrumentDefined: .instrumentDefined
        case .riskConfigured: .riskConfigured
        case .stateChanged: .stateChanged
        case .runAdmitted: .runAdmitted
        case .ordersQueued: .ordersQueued
        case .orderAnswered: .orderAnswered
        case .orderReported: .orderReported
        case .executed: .executed
        case .cancelRequested: .cancelRequested
        case .cancelAnswered: .cancelAnswered
        case .replaceRequested: .replaceRequested
        case .replaceAnswered: .replaceAnswered
        case .ordersCanceledLocally: .ordersCanceledLocally
        case .ordersReleased: .ordersReleased
        case .orderLookedUp: .orderLookedUp
        case .gapClosed: .gapClosed
        case .dayOpened: .dayOpened
        case .overrideGranted: .overrideGranted
        case .overrideRevoked: .overrideRevoked
        case .squareOffStarted: .squareOffStarted
        case .squareOffEnded: .squareOffEnded
        case .heartbeatSet: .heartbeatSet
        case .limitWarned: .limitWarned
        case .adminActed: .adminActed
        case .termsFound: .termsFound
        case .anomalyFound: .anomalyFound
        case .orderAdopted: .orderAdopted
        case .positionAdopted: .positionAdopted
        case .orderResolved: .orderResolved
        case .differenceFound: .differenceFound
        }
    }
}
