import COpenSSL

/// The values of one template's nodes, one after another, never more than `Template.mostBytes`.
///
/// The memory is taken whole and never moves while a template is made, so a part can be read while the next is written.
struct Arena: ~Copyable {
    private let base: UnsafeMutableRawPointer
    private var used = 0

    init() { base = .allocate(byteCount: Template.mostBytes, alignment: 16) }  // touched only as far as it is used

    deinit { base.deallocate() }

    /// Wipes what was made.
    mutating func wipe() {
        OPENSSL_cleanse(base, used)
        used = 0
    }

    func bytes(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    func copy(_ range: Range<Int>) -> [UInt8] { Array(bytes(range)) }

    /// Where `count` more bytes can be written, or `nil` over the bound.
    func room(_ count: Int) -> UnsafeMutableRawPointer? {
        count <= Template.mostBytes - used ? base + used : nil
    }

    mutating func took(_ count: Int) -> Range<Int> {
        let start = used
        used += count
        return start..<used
    }
}
