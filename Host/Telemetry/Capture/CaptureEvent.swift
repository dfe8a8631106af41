/// One thing that happened to a leg, in 64 bytes: copied into a ring and out of it, never allocated.
///
/// What the numbers mean depends on the kind; instants are wall time in nanoseconds, 0 = not reached.
package struct CaptureEvent: BitwiseCopyable, Hashable, Sendable {
    package enum Kind: UInt8, BitwiseCopyable, Sendable {
        /// A run was admitted. `first` received, `second` admitted; `leg` = number of legs.
        case admitted = 1
        /// A leg's order was answered. `first`…`sixth`: durable, queued, dispatched, written, first byte, acknowledged;
        /// `detail` = outcome as the journal codes it.
        case answered
        /// A leg was filled. `first` at, `second` its first fill, `third` its end, where this fill was it.
        case filled
        /// A leg ended otherwise. `first` at.
        case ended
        /// A cancel, look-up or modify went out for a leg after its first send. `detail` = which, `first` at.
        case retried
        /// A leg's order could not go when its turn came. `detail` = `WaitReason`, `first` since.
        case waited
        /// Something else happened to a run that is worth a row.
        case touched
        /// The network's round trip on the connection that answered a leg's order. `first` = nanoseconds.
        case measured
    }

    package var kind: Kind
    package var detail: UInt8 = 0
    package var leg: Int32 = 0
    package var run: UInt64
    package var first: Int64 = 0
    package var second: Int64 = 0
    package var third: Int64 = 0
    package var fourth: Int64 = 0
    package var fifth: Int64 = 0
    package var sixth: Int64 = 0

    @inlinable
    package init(_ kind: Kind, run: UInt64, leg: Int32 = 0, detail: UInt8 = 0) {
        (self.kind, self.run, self.leg, self.detail) = (kind, run, leg, detail)
    }
}
