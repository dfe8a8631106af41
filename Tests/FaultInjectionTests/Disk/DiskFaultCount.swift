import Foundation
import NIOConcurrencyHelpers

/// How many disk faults struck in all runs of this process, printed when it ends.
enum DiskFaultCount {
    private static let total = NIOLockedValueBox(0)
    private static let isRegistered: Void = {
        atexit { print("Disk faults: \(DiskFaultCount.total.withLockedValue { $0 }) struck") }
    }()

    static func add(_ number: Int) {
        _ = isRegistered
        total.withLockedValue { $0 += number }
    }
}
