/// The broker's binary price frames, big-endian (FACTS.md §13).
///
/// A frame is a count and that many packets, each with its own length; the length says which mode it is. A frame of one
/// byte is a keep-alive. Reading is in place: no allocation a packet.
struct TickFrame: Sequence, IteratorProtocol {
    private let bytes: UnsafeRawBufferPointer
    private var position = 2
    private var left: Int

    /// A frame's packets; none of a keep-alive.
    init(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        left = bytes.count >= 2 ? Int(UInt16(bytes[0]) << 8 | UInt16(bytes[1])) : 0
    }

    /// Whether the frame ended before all the packets that it announced: what came is good, the rest is lost.
    private(set) var isCut = false
    /// Packets of a length that no mode has: skipped, since their length is known.
    private(set) var unknown = 0

    mutating func next() -> TickPacket? {
        while left > 0 {
            guard position + 2 <= bytes.count else {
                isCut = true
                left = 0
                return nil
            }
            let length = Int(UInt16(bytes[position]) << 8 | UInt16(bytes[position + 1]))
            let start = position + 2
            guard start + length <= bytes.count else {
                isCut = true
                left = 0
                return nil
            }
            position = start + length
            left -= 1
            if let packet = TickPacket(UnsafeRawBufferPointer(rebasing: bytes[start..<start + length])) {
                return packet
            }
            unknown += 1
        }
        return nil
    }
}

/// One instrument's prices within a frame. A view of the frame's bytes.
struct TickPacket {
    /// Which fields there are, by the packet's length.
    enum Mode: Int {
        case last = 8
        case quote = 44
        case full = 184
        case indexQuote = 28
        case indexFull = 32
    }

    let mode: Mode
    private let bytes: UnsafeRawBufferPointer

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard let mode = Mode(rawValue: bytes.count) else { return nil }
        self.mode = mode
        self.bytes = bytes
    }

    /// The broker's number of the instrument; its lowest byte is the segment.
    var token: UInt32 { word(0) }
    /// Powers of ten between a price field and rupees: 7 for CDS, 4 for BCD and NCO, 2 for the rest.
    var priceExponent: Int {
        switch token & 0xff {
        case 3: -7
        case 6, 12: -4
        default: -2
        }
    }
    /// An index has a value and cannot be traded.
    var isIndex: Bool { token & 0xff == 9 }

    var last: Int32 { price(4) }
    var lastQuantity: UInt32? { isTraded ? word(8) : nil }
    var average: Int32? { isTraded ? price(12) : nil }
    var volume: UInt32? { isTraded ? word(16) : nil }
    var totalBidQuantity: UInt32? { isTraded ? word(20) : nil }
    var totalAskQuantity: UInt32? { isTraded ? word(24) : nil }

    var open: Int32? { day(traded: 28, index: 16) }
    var high: Int32? { day(traded: 32, index: 8) }
    var low: Int32? { day(traded: 36, index: 12) }
    var close: Int32? { day(traded: 40, index: 20) }

    /// Seconds since 1970; a zero time is none.
    var lastTradeTime: UInt32? { mode == .full ? some(word(44)) : nil }
    var openInterest: UInt32? { mode == .full ? word(48) : nil }
    var openInterestHigh: UInt32? { mode == .full ? word(52) : nil }
    var openInterestLow: UInt32? { mode == .full ? word(56) : nil }
    /// Seconds since 1970; a zero time is none.
    var exchangeTime: UInt32? {
        switch mode {
        case .full: some(word(60))
        case .indexFull: some(word(28))
        default: nil
        }
    }

    /// One of the five levels of a side, best first; `nil` where the packet has no book.
    func level(_ index: Int, isBid: Bool) -> (quantity: UInt32, price: Int32, orders: UInt16)? {
        guard mode == .full, (0..<5).contains(index) else { return nil }
        let start = (isBid ? 64 : 124) + index * 12
        return (word(start), price(start + 4), UInt16(bytes[start + 8]) << 8 | UInt16(bytes[start + 9]))
    }

    private var isTraded: Bool { mode == .quote || mode == .full }

    private func day(traded: Int, index: Int) -> Int32? {
        switch mode {
        case .last: nil
        case .quote, .full: price(traded)
        case .indexQuote, .indexFull: price(index)
        }
    }

    private func some(_ seconds: UInt32) -> UInt32? { seconds == 0 ? nil : seconds }

    private func word(_ offset: Int) -> UInt32 {
        UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// A price is signed: spreads trade below zero.
    private func price(_ offset: Int) -> Int32 { Int32(bitPattern: word(offset)) }
}
