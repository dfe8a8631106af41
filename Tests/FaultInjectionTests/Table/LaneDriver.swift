import Adapters
import CBrokerBook
import Foundation
import NIOConcurrencyHelpers

/// Steps one adapter's lane; where the adapter hangs in a call, the call goes on on a thread of its own, and everything else
/// goes on beside it.
///
/// `@unchecked Sendable`: the test's thread calls it; the helper reads and writes `hasWork` while it has a step in its hands
/// alone, and `turn` says who has it.
final class LaneDriver: @unchecked Sendable {
    private enum Turn { case idle, asked, done }

    private let lanes: SteppedLanes
    private let book: UnsafeMutablePointer<broker_book>
    private let turn = ConditionLock(value: Turn.idle)
    private var isBusy = false
    private var hasWork = false
    private let hasThread: Bool
    private let isOver = NIOLockedValueBox(false)

    /// - Parameter mayHang: whether a thread is kept for it.
    init(_ lanes: SteppedLanes, _ book: UnsafeMutablePointer<broker_book>, mayHang: Bool) {
        (self.lanes, self.book, hasThread) = (lanes, book, mayHang)
        guard mayHang else { return }
        Thread.detachNewThread { [self] in
            while true {
                while !turn.lock(whenValue: .asked, timeoutSeconds: 0.2) {
                    if isOver.withLockedValue({ $0 }) { return }
                }
                turn.unlock()
                hasWork = lanes.step()
                turn.lock()
                turn.unlock(withValue: .done)
            }
        }
    }

    /// Ends the helper once it has nothing in its hands.
    func end() { isOver.withLockedValue { $0 = true } }

    /// In a call that does not return.
    var hangs: Bool { isBusy }

    private var isHeld: Bool {
        book_load(&book.pointee.is_hanging) != 0 && book_load(&book.pointee.is_released) == 0
    }

    /// One turn. `false`: nothing to do at this instant, or the lane hangs.
    func step() -> Bool {
        guard hasThread else { return lanes.step() }
        if !isBusy {
            turn.lock(whenValue: .idle)
            turn.unlock(withValue: .asked)
            isBusy = true
        }
        while !turn.lock(whenValue: .done, timeoutSeconds: 0.000_2) {
            if isHeld { return false }
        }
        turn.unlock(withValue: .idle)
        isBusy = false
        return hasWork
    }
}
