import Foundation
import StormKit

// make storms: order histories told cleanly and in storms, on every core; a seed that fails is printed.
let arguments = CommandLine.arguments.dropFirst().compactMap { UInt64($0) }
guard arguments.count >= 1, arguments[0] > 0, arguments.count == CommandLine.arguments.count - 1 else {
    print("sluice-storms HISTORIES [FIRST]: storms of the seeds from FIRST (1) on, until so many histories are told")
    exit(64)
}
exit(await storms(histories: Int(clamping: arguments[0]), first: arguments.count > 1 ? arguments[1] : 1) == 0 ? 0 : 1)
