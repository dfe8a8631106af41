import CHost
import Logging

/// Where this process's memory comes from.
package enum ProcessMemory {
    /// Lets every thread take memory from one heap; before the first thread is started.
    package static func shareHeap() { chost_share_heap() }

    /// Takes memory for the heap and keeps it (`memory.reserve`), with a warning where the kernel gives less.
    ///
    /// - Parameter bytes: counted in pieces of 16 MiB, rounded down; 0 = nothing is taken.
    static func reserve(_ bytes: Int64, _ logger: Logger) {
        guard bytes > 0 else { return }
        let piece = UInt64(CHOST_RESERVE_PIECE)
        let taken = chost_reserve_memory(UInt64(bytes))
        if taken < UInt64(bytes) / piece * piece {
            logger.warning(
                "The kernel gives less memory than memory.reserve asks for",
                metadata: ["reserve": "\(bytes)", "taken": "\(taken)"])
        } else {
            logger.info("Memory is reserved", metadata: ["bytes": "\(taken)"])
        }
    }
}
