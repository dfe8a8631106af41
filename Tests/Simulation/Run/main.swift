import Foundation
import SimulationKit

// make simulate: runs seeds one after another on every core, prints what failed and how to see it again.
let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
guard arguments.count >= 1, arguments.count == CommandLine.arguments.count - 1 else {
    print("sluice-simulate COUNT [FIRST]: runs COUNT seeds from FIRST (1) on; SLUICE_TRACE=1 prints every step")
    exit(64)
}
let first = arguments.count > 1 ? arguments[1] : 1
let isTraced = ProcessInfo.processInfo.environment["SLUICE_TRACE"] == "1"
exit(await simulate(first..<first + arguments[0], isTraced: isTraced) == 0 ? 0 : 1)
