import Testing

@testable import CLI

@Suite("Tables")
struct TableTests {
    private func sample() -> Table {
        var table = Table([.text("ACCOUNT"), .number("QUANTITY"), .text("NOTE").optional, .sentence("REASON")])
        table.append(["P1", "10", "", "short"])
        table.append(["P2", "1000", "", "a reason of many words that does not fit"])
        return table
    }

    @Test("Text stands at the left, numbers at the right, and no line ends in spaces")
    func alignment() {
        #expect(
            sample().lines(.plain) == [
                "ACCOUNT  QUANTITY  REASON",
                "P1             10  short",
                "P2           1000  a reason of many words that does not fit",
            ])
        var last = Table([.text("A"), .text("B")])
        last.append(["long enough"])
        #expect(last.lines(.plain) == ["A            B", "long enough"])
    }

    @Test("A column that may be left out is, when no row has anything in it")
    func optionalColumns() {
        #expect(sample().lines(.plain).allSatisfy { !$0.contains("NOTE") })
        var table = Table([.text("A"), .text("NOTE").optional])
        table.append(["1", "x"])
        #expect(table.lines(.plain) == ["A  NOTE", "1  x"])
    }

    @Test(
        "On a terminal a table keeps within the width as long as its wrapping column can give way", arguments: 35...80)
    func wrapping(width: Int) {
        let lines = sample().lines(Style(hasColour: false, width: width))
        #expect(lines.allSatisfy { $0.count <= width })
        let words = lines.joined(separator: " ").split(separator: " ")
        for word in ["many", "words", "fit"] { #expect(words.contains { $0 == word }) }
    }

    @Test("Colour adds codes, never columns")
    func colour() {
        var table = Table([.text("STATUS"), .text("NEXT")])
        table.append([.status("FILLED"), "x"])
        let coloured = table.lines(Style(hasColour: true, width: nil))
        #expect(coloured[1] == "\u{1B}[32mFILLED\u{1B}[0m  x")
        let bare = coloured.map { $0.replacing(#/\u{1B}\[[0-9]+m/#, with: "") }
        #expect(bare == table.lines(.plain))
    }

    @Test(
        "What others wrote cannot act on the terminal",
        arguments: ["a\u{1B}[2Jb", "a\nb", "a\u{9B}b", "a\u{202E}b", "a\u{7F}b"])
    func controls(text: String) {
        let cell = Table.Cell(text)
        #expect(
            cell.text.unicodeScalars.allSatisfy {
                $0.value >= 0x20 && $0.value != 0x9B && $0.value != 0x202E && $0.value != 0x7F
            })
        #expect(cell.text.hasPrefix("a\u{FFFD}") && cell.text.hasSuffix("b"))
    }

    @Test("Wrapping loses no character of a word", arguments: 1...12)
    func words(width: Int) {
        let text = "one twelve incomprehensible x"
        let lines = text.wrapped(to: width)
        #expect(lines.allSatisfy { $0.count <= width })
        #expect(lines.joined().filter { $0 != " " } == text.filter { $0 != " " })
    }
}
