package import Domain
package import Instruments
import NIOConcurrencyHelpers
package import Settings

/// Plays recorded prices into a hub as if they came from a market.
///
/// A step publishes the next bar of every instrument (or, at the recorded pace, of those that are due), ordered by the
/// time the bar was known and then by id. A candle comes at its end, and its close is the last trade; what is stamped as
/// arrival is the hub's clock, and the recorded time stays as the source's own. The same files play the same, always.
///
/// The player has no thread and no clock: someone calls `step()` and waits in between, or lets `run(pacing:)` do both.
/// Calls may come from any thread; rows are handed out once, in order.
package final class ReplayPlayer: Sendable {
    /// How long to wait between steps.
    package enum Pace: Hashable, Sendable {
        /// Every instrument moves on by one bar, whatever its time.
        case every(nanoseconds: Int64)
        /// As recorded: bars known at the same time come together.
        case recorded
    }

    package enum Step: Hashable, Sendable {
        /// What was published, and how long to wait for the next step.
        case published(quotes: Int, candles: Int, pauseNanoseconds: Int64)
        /// Nothing is left. Prices stay as they are and age.
        case finished
    }

    /// The most files of one player: each holds a descriptor.
    package static let maximumFiles = 512

    private let hub: QuoteHub
    private let state: NIOLockedValueBox<State>

    /// The rows still to be played and a batch that the hub has not taken yet.
    private struct State: Sendable {
        var tape: ReplayTape
        var refused: (batch: PriceBatch, pauseNanoseconds: Int64)?
    }

    /// Opens and checks every file from end to end, so that a bad row is an error now and not in the middle of a day.
    ///
    /// - Parameters:
    ///   - files: Market data files, or directories whose `.csv` files are taken in byte order.
    ///   - instruments: Every file's instrument must be in there.
    ///   - speed: Divides the pause; positive.
    package init(
        files: [String], pace: Pace, loops: Bool = false, speed: ExactDecimal = 1, instruments: InstrumentSnapshot,
        hub: QuoteHub
    ) throws(ConfigurationErrors) {
        precondition(speed > .zero, "a speed is positive")
        let tape = try ReplayTape(files: files, pace: pace, loops: loops, speed: speed, instruments: instruments)
        self.hub = hub
        state = NIOLockedValueBox(State(tape: tape))
    }

    /// As configured.
    package convenience init(
        _ replay: SluiceConfiguration.Replay, instruments: InstrumentSnapshot, hub: QuoteHub
    ) throws(ConfigurationErrors) {
        let pace = replay.everyNanoseconds.map { Pace.every(nanoseconds: $0) } ?? .recorded
        try self.init(
            files: replay.files, pace: pace, loops: replay.loops, speed: replay.speed, instruments: instruments,
            hub: hub)
    }

    /// The instruments it plays, in order of their ids.
    package var instruments: [InstrumentID] { state.withLockedValue { $0.tape.instruments } }

    /// Publishes the next bars. A batch that the hub refuses comes again with the next step.
    package func step() throws -> Step {
        let next = try state.withLockedValue { state -> (batch: PriceBatch, pauseNanoseconds: Int64)? in
            if let refused = state.refused {
                state.refused = nil
                return refused
            }
            return try state.tape.next()
        }
        guard let (batch, pause) = next else { return .finished }
        do throws(QuoteHub.Overflow) {
            try hub.publish(batch)
        } catch {
            state.withLockedValue { $0.refused = (batch, pause) }
            throw error
        }
        return .published(quotes: batch.quotes.count, candles: batch.candles.count, pauseNanoseconds: pause)
    }

    /// Steps until nothing is left or `pacing` says to stop. Blocks; give it a thread of its own. A hub that is full is
    /// tried again after the pause.
    package func run(pacing: any Pacing) throws {
        var pause: Int64 = 0
        repeat {
            do {
                guard case .published(_, _, let next) = try step() else { return }
                pause = next
            } catch is QuoteHub.Overflow {
                pause = max(pause, 1_000_000)
            }
        } while pacing.wait(nanoseconds: pause)
    }
}
