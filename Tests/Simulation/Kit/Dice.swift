/// Chance from a seed (SplitMix64): the same numbers in the same order in every run.
struct Dice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64, stream: UInt64 = 0) {
        state = seed &* 0xd134_2543_de82_ef95 &+ stream &* 0x9e37_79b9_7f4a_7c15 &+ 0x2545_f491_4f6c_dd1d
        _ = next()
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// `true` this often of a thousand times. Always takes one number, so that a changed rate moves nothing else.
    mutating func chance(_ perMille: Int) -> Bool { Int(next() % 1000) < perMille }

    mutating func number(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    /// A time, nanoseconds: short as often as long, since it is the short ones that meet something else half done.
    mutating func time(upTo longest: Int64) -> Int64 {
        let isShort = chance(500)
        return number(1_000_000...max(1_000_000, isShort ? longest / 50 : longest))
    }

    mutating func index(below count: Int) -> Int { Int(next() % UInt64(max(1, count))) }

    mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[index(below: elements.count)]
    }

    /// One of the weighted choices.
    mutating func weighted<Choice>(_ choices: [(Choice, Int)]) -> Choice {
        var left = Int(next() % UInt64(choices.reduce(0) { $0 + $1.1 }))
        for (choice, weight) in choices {
            if left < weight { return choice }
            left -= weight
        }
        return choices[choices.count - 1].0
    }
}

/// What happened, for people: kept only when asked for.
final class Trace {
    private(set) var lines: [String] = []
    let isOn: Bool
    /// Lines are also printed as they come.
    let isPrinted: Bool

    init(isOn: Bool, isPrinted: Bool = false) { (self.isOn, self.isPrinted) = (isOn, isPrinted) }

    func note(_ line: @autoclosure () -> String) {
        guard isOn else { return }
        let line = line()
        lines.append(line)
        if isPrinted { print(line) }
    }
}
